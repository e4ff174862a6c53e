//! Takes the README's pictures: runs the demo on the sample video until passages have been counted, then has Chromium
//! take pictures of the page. Needs Debian's `chromium` and `chromium-driver`.

#![expect(clippy::print_stdout, reason = "it tells what it took")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// How long the demo plays before the pictures are taken: a dozen passages of the sample video.
const PLAYING: Duration = Duration::from_secs(45);
/// How long a program may take to start.
const START_MAX: Duration = Duration::from_secs(60);
/// The type of what ChromeDriver is told.
const JSON: &str = "application/json";
/// Where ChromeDriver listens.
const DRIVER_PORT: u16 = 19515;

/// A picture: its file, language, width and height in pixels.
const PICTURES: [(&str, &str, u32, u32); 2] =
    [("page-vi.png", "vi", 1280, 1000), ("page-en-phone.png", "en", 420, 1400)];

struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // Already gone is as good as killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned();
    let folder = root.join("deploy/screenshots");
    std::fs::create_dir_all(&folder).expect("a folder for the pictures");
    let state = tempfile::tempdir().expect("a temporary folder");
    let program = std::env::current_exe().expect("this program").with_file_name("gatehouse");
    let mut demo = Demo(
        Command::new(&program)
            .args(["demo", "--port", "18080", "--mirror", "../shared/models", "--state"])
            .arg(state.path())
            .current_dir(&root)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("cannot start {}: {error}; cargo build --workspace --bins", program.display())
            }),
    );
    let started = Instant::now();
    let mut lines = BufReader::new(demo.0.stdout.take().expect("piped")).lines();
    let address = loop {
        let line = lines.next().expect("the demo ended before it told its address").expect("text");
        if let Some(address) = line.strip_prefix("Gatehouse: ") {
            break address.to_owned();
        }
        assert!(started.elapsed() < START_MAX, "the demo did not start in time");
    };
    // tidy: sleep is what this is about: the video plays at its own speed
    std::thread::sleep(PLAYING);
    let browser = Browser::start();
    for (name, language, width, height) in PICTURES {
        let path = folder.join(name);
        browser.take(&format!("{address}?lang={language}"), &path, width, height);
        println!("{}", path.display());
    }
}

/// Chromium under the hand of ChromeDriver, spoken to by the WebDriver protocol (W3C).
struct Browser {
    driver: Child,
    session: String,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Already gone is as good as killed.
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Browser {
    fn start() -> Self {
        let driver = Command::new("chromedriver")
            .arg(format!("--port={DRIVER_PORT}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ChromeDriver cannot be started: apt-get install chromium chromium-driver");
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}});
        let address = format!("http://127.0.0.1:{DRIVER_PORT}/session");
        let started = Instant::now();
        loop {
            match ureq::post(&address).content_type(JSON).send(wanted.to_string()) {
                Ok(mut answer) => {
                    let answer = answer.body_mut().read_to_vec().expect("an answer");
                    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
                    let id = answer["value"]["sessionId"].as_str().expect("a session").to_owned();
                    return Self { driver, session: format!("{address}/{id}") };
                }
                Err(error) => assert!(started.elapsed() < START_MAX, "ChromeDriver gives no session: {error}"),
            }
            // tidy: sleep is the wait for another program to listen
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn post(&self, path: &str, body: &Value) {
        let address = format!("{}/{path}", self.session);
        ureq::post(address).content_type(JSON).send(body.to_string()).expect("ChromeDriver obeys");
    }

    fn take(&self, address: &str, path: &Path, width: u32, height: u32) {
        self.post("window/rect", &json!({"width": width, "height": height}));
        self.post("url", &json!({"url": address}));
        // tidy: sleep is for the page to fetch its data and pictures
        std::thread::sleep(Duration::from_secs(4));
        let mut answer = ureq::get(format!("{}/screenshot", self.session)).call().expect("a picture");
        let answer = answer.body_mut().with_config().limit(20_000_000).read_to_vec().expect("an answer");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let png = STANDARD.decode(answer["value"].as_str().expect("base64")).expect("base64");
        std::fs::write(path, png).expect("the picture is written");
    }
}
