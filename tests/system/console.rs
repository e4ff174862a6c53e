//! The console in a real browser, against a hub that the demo feeds.

use std::path::Path;
use std::process::{Command, Stdio};

use gatehouse_tests::found::{self, Home};

/// Where Debian's Chromium is.
const CHROMIUM: &str = "/usr/bin/chromium";

fn starts(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Every test of `crates/console/browser`: each page in both languages, on a desk and a phone, by keyboard alone, looked
/// through by axe, and with a hub that is killed meanwhile.
#[test]
fn the_console_does_in_a_browser_what_its_tests_say() {
    let chromium = std::env::var("GATEHOUSE_CHROMIUM").unwrap_or_else(|_| CHROMIUM.to_owned());
    if !starts(&chromium) {
        return found::skip(&format!("no {chromium}; apt-get install chromium"));
    }
    if found::sample_video().is_none() {
        return;
    }
    let Some(home) = Home::whole() else { return };
    std::os::unix::fs::symlink(found::repository().join(".samples"), home.path().join(".samples"))
        .expect("the sample video is found in this installation too");
    let console = found::repository().join("crates/console");
    let tests = Path::new("node_modules/@playwright/test/cli.js");
    assert!(console.join(tests).is_file(), "the hub's build fetches the packages: cargo build --package hub");

    let ran = Command::new("node")
        .arg(tests)
        .args(["test", "--config", "browser/playwright.config.ts"])
        .current_dir(&console)
        .env("GATEHOUSE_PROGRAM", found::program("gatehouse"))
        .env("GATEHOUSE_HOME", home.path())
        .env("GATEHOUSE_CHROMIUM", &chromium)
        .env_remove("GATEHOUSE_ADDRESS")
        .output()
        .expect("node starts: it has built the console");

    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}");
}
