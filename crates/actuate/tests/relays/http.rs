//! An HTTP relay against a real server on loopback, and against servers that misbehave.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actuate::actuator::{Actuator, Undisturbed};
use actuate::{ActuateError, ActuatorConfig, Cause, Position, Signal, StartError, with_sources};
use tiny_http::{Header, Response, Server};

/// What one request asked: method, path with query, authorization, body.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    method: String,
    path: String,
    authorization: Option<String>,
    body: String,
}

/// What is answered: the status, a header and the body.
type Answer = (u16, Option<Header>, String);

struct Board {
    server: Option<Arc<Server>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Board {
    fn start(answer: impl Fn(&Asked) -> Answer + Send + 'static) -> Self {
        let server = Server::http("127.0.0.1:0").expect("a free port");
        Self::serve(server, answer)
    }

    fn start_at(address: SocketAddr, answer: impl Fn(&Asked) -> Answer + Send + 'static) -> Self {
        Self::serve(Server::http(address).expect("the port is free again"), answer)
    }

    fn serve(server: Server, answer: impl Fn(&Asked) -> Answer + Send + 'static) -> Self {
        let (server, asked) = (Arc::new(server), Arc::new(Mutex::new(Vec::new())));
        let (served, seen) = (Arc::clone(&server), Arc::clone(&asked));
        let thread = std::thread::spawn(move || {
            for mut request in served.incoming_requests() {
                let mut body = String::new();
                request.as_reader().read_to_string(&mut body).expect("the body is text");
                let authorization = request.headers().iter().find(|header| header.field.equiv("Authorization"));
                let asked = Asked {
                    method: request.method().to_string(),
                    path: request.url().to_owned(),
                    authorization: authorization.map(|header| header.value.to_string()),
                    body,
                };
                let (status, header, text) = answer(&asked);
                seen.lock().expect("no test panics with it").push(asked);
                let mut response = Response::from_string(text).with_status_code(status);
                if let Some(header) = header {
                    response.add_header(header);
                }
                // Whoever asked may have given up.
                let _ = request.respond(response);
            }
        });
        Self { server: Some(server), asked, thread: Some(thread) }
    }

    fn address(&self) -> SocketAddr {
        self.server.as_ref().expect("it runs").server_addr().to_ip().expect("it listens on TCP")
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panics with it").clone()
    }

    fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.path).collect()
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let address = self.address();
        let server = self.server.take().expect("it is dropped once");
        server.unblock();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the board does not panic");
        }
        drop(server);
        // The library closes its port on a thread of its own; until then the system still takes connections.
        let patience = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(address).is_ok() {
            assert!(Instant::now() < patience, "the port is not closed");
            std::thread::yield_now();
        }
    }
}

fn fine(_asked: &Asked) -> Answer {
    (200, None, "ok".to_owned())
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

const PULSE: Duration = Duration::from_millis(800);

fn config(address: SocketAddr, more: &str) -> ActuatorConfig {
    let text = format!(
        "[actuator]\nkind = \"http\"\nhold = {{ url = \"http://{address}/on\" }}\n\
         close = {{ url = \"http://{address}/off\" }}\n{}",
        more.replace("HOST", &address.to_string())
    );
    ActuatorConfig::parse(&text).expect("it is right")
}

fn actuator(address: SocketAddr, more: &str) -> Actuator {
    let config = config(address, more);
    Actuator::new(config.relay.open().expect("it opens"), config.exchange_max, config.close_pulse)
}

const TIMER: &str = "open = { url = \"http://HOST/on?timer={s}&ms={ms}\" }\n";

#[test]
fn a_relay_with_a_timer_is_told_the_length() {
    let board = Board::start(fine);
    let mut actuator = actuator(board.address(), TIMER);
    actuator.pulse(PULSE, soon(), &mut Undisturbed).expect("it works");
    assert_eq!(board.paths(), ["/on?timer=1&ms=800"]);
}

#[test]
fn a_relay_without_a_timer_is_switched_on_and_off() {
    let board = Board::start(fine);
    let mut actuator = actuator(board.address(), "");
    actuator.pulse(Duration::from_millis(50), soon(), &mut Undisturbed).expect("it works");
    actuator.hold_open(soon()).expect("it works");
    actuator.release(soon(), &mut Undisturbed).expect("it works");
    assert_eq!(board.paths(), ["/on", "/off", "/on", "/off"]);
}

#[test]
fn method_body_and_secret_are_sent_as_configured() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    let board = Board::start(fine);
    let post = "open = { url = \"http://HOST/rpc\", method = \"POST\", body = '{\"on\":true,\"toggle_after\":{s}}' }\n";
    for (scheme, content, header) in [
        ("basic", "gác cổng:mật khẩu\n", "Basic Z8OhYyBj4buVbmc6beG6rXQga2jhuql1"),
        ("bearer", "abc.def\n", "Bearer abc.def"),
    ] {
        std::fs::write(&secret, content).expect("it can be written");
        let auth = format!("{post}auth = {{ scheme = \"{scheme}\", file = \"{}\" }}\n", secret.display());
        actuator(board.address(), &auth).pulse(PULSE, soon(), &mut Undisturbed).expect("it works");
        let asked = board.asked().pop().expect("it was asked");
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/rpc"));
        assert_eq!(asked.body, "{\"on\":true,\"toggle_after\":1}");
        assert_eq!(asked.authorization.as_deref(), Some(header));
    }
}

#[test]
fn a_secret_that_is_missing_or_mistaken_is_named_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config =
        config("127.0.0.1:9".parse().expect("an address"), "auth = { scheme = \"basic\", file = \"pw\" }\n");
    config.resolve_against(folder.path());
    let start = |config: &ActuatorConfig| actuate::ActuatorThread::start("in", config, |_| {}).expect_err("no secret");
    let error = start(&config);
    let file = folder.path().join("pw");
    let says = |error: &StartError, what: &str, file: &Path| {
        let text = with_sources(error);
        assert!(text.contains(what) && text.contains(&*file.to_string_lossy()), "{text}");
    };
    says(&error, "cannot read the secret", &file);
    std::fs::write(&file, "no colon, hunter2").expect("it can be written");
    let error = start(&config);
    says(&error, "user:password", &file);
    assert!(!with_sources(&error).contains("hunter2"));
}

#[test]
fn a_late_order_never_reaches_the_board() {
    let board = Board::start(fine);
    let mut actuator = actuator(board.address(), TIMER);
    let late = Instant::now();
    let error = actuator.pulse(PULSE, late, &mut Undisturbed).expect_err("late");
    assert!(matches!(error, ActuateError::TooLate { .. }), "{error:?}");
    assert!(matches!(actuator.hold_open(late), Err(ActuateError::TooLate { .. })));
    assert!(matches!(actuator.release(late, &mut Undisturbed), Err(ActuateError::TooLate { .. })));
    // A later order is the first that it hears of.
    actuator.pulse(PULSE, soon(), &mut Undisturbed).expect("it works");
    assert_eq!(board.asked().len(), 1);
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Board::start(fine);
    let to = format!("http://{}/on", elsewhere.address());
    let board = Board::start(move |_| {
        let header = Header::from_bytes("Location", to.as_str()).expect("a header");
        (302, Some(header), String::new())
    });
    let mut first = actuator(board.address(), TIMER);
    let error = first.pulse(PULSE, soon(), &mut Undisturbed).expect_err("a redirect");
    assert!(matches!(error, ActuateError::Unknown(Cause::Status { status: 302, .. })), "{error:?}");
    assert!(with_sources(&error).contains("not followed"), "{error:?}");
    // A board that always answers so may be believed.
    actuator(board.address(), &format!("{TIMER}success = [302]\n"))
        .pulse(PULSE, soon(), &mut Undisturbed)
        .expect("the installer knows it");
    assert_eq!((board.asked().len(), elsewhere.asked().len()), (2, 0));
}

#[test]
fn a_status_says_whether_it_was_done() {
    for (status, is_known) in [(401, true), (404, true), (408, false), (500, false), (503, false)] {
        let board = Board::start(move |_| (status, None, String::new()));
        let error = actuator(board.address(), TIMER).pulse(PULSE, soon(), &mut Undisturbed).expect_err("no success");
        match (&error, is_known) {
            (ActuateError::Refused(_), true) | (ActuateError::Unknown(_), false) => {}
            _ => panic!("{status}: {error:?}"),
        }
        assert_eq!(board.asked().len(), 1, "{status}");
    }
}

#[test]
fn a_board_that_restarts_is_found_again() {
    let board = Board::start(fine);
    let address = board.address();
    let mut actuator = actuator(address, TIMER);
    actuator.pulse(PULSE, soon(), &mut Undisturbed).expect("it works");
    drop(board);
    let error = actuator.pulse(PULSE, soon(), &mut Undisturbed).expect_err("nobody listens");
    assert!(matches!(error, ActuateError::NotSent(_)), "{error:?}");
    let board = Board::start_at(address, fine);
    actuator.pulse(PULSE, soon(), &mut Undisturbed).expect("it works again");
    assert_eq!(board.asked().len(), 1);
}

/// A server that takes one request after the other, tells of each and does with the connection what `then` says.
fn misbehaving(then: impl Fn(TcpStream) + Send + 'static) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (told, received) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                request.push(byte[0]);
            }
            if told.send(String::from_utf8_lossy(&request).into_owned()).is_err() {
                return;
            }
            then(stream);
        }
    });
    (address, received)
}

#[test]
fn a_board_that_dies_mid_exchange_leaves_the_outcome_unknown_and_gets_no_second_pulse() {
    let (address, orders) = misbehaving(drop);
    let error = actuator(address, TIMER).pulse(PULSE, soon(), &mut Undisturbed).expect_err("it died");
    assert!(matches!(error, ActuateError::Unknown(_)), "{error:?}");
    assert_eq!(orders.try_iter().count(), 1);
}

#[test]
fn an_answer_that_breaks_off_is_of_unknown_outcome() {
    let (address, orders) = misbehaving(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 20");
    });
    let error = actuator(address, TIMER).pulse(PULSE, soon(), &mut Undisturbed).expect_err("half an answer");
    assert!(matches!(error, ActuateError::Unknown(_)), "{error:?}");
    assert_eq!(orders.try_iter().count(), 1);
}

#[test]
fn a_late_answer_is_not_waited_for_and_holding_is_tried_again_within_the_deadline() {
    let (kept, _keeps) = channel();
    let kept = Mutex::new(kept);
    let (address, orders) = misbehaving(move |stream| {
        let _ = kept.lock().expect("no test panics with it").send(stream);
    });
    let mut actuator = actuator(address, &format!("{TIMER}exchange_max_ms = 100\n"));
    let begun = Instant::now();
    let error = actuator.pulse(PULSE, soon(), &mut Undisturbed).expect_err("no answer");
    assert!(matches!(error, ActuateError::Unknown(Cause::TimedOut { .. })), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(orders.try_iter().count(), 1, "pulsed twice is opened twice");
    let error = actuator.hold_open(soon()).expect_err("no answer");
    assert!(matches!(error, ActuateError::Unknown(_)), "{error:?}");
    assert_eq!(orders.try_iter().count(), 3, "held twice is held");
    let error = actuator.hold_open(Instant::now() + Duration::from_millis(90)).expect_err("no answer");
    assert!(matches!(error, ActuateError::Unknown(_)), "{error:?}");
    assert_eq!(orders.try_iter().count(), 1, "no try after the deadline");
}

#[test]
fn the_state_is_read_in_the_boards_own_words() {
    let board = Board::start(|asked| {
        let text = match asked.path.as_str() {
            "/json" => r#"{"gate":{"pos":"up"},"in":[true,"off",7]}"#,
            "/gone" => "{}",
            "/text" => " DOWN\n",
            _ => "<html>",
        };
        (200, None, text.to_owned())
    });
    let words = "open = [\"up\"], closed = [\"DOWN\"], moving = [\"between\"]";
    let state = |path: &str, more: &str| format!("state = {{ url = \"http://HOST/{path}\", {words}{more} }}\n");
    let inputs = ", pointer = \"/gate/pos\", fire = \"/in/0\", button = \"/in/1\", vehicle = \"/in/2\", \
                  active = [\"true\", \"7\"]";
    let reading = actuator(board.address(), &state("json", inputs)).read(soon()).expect("it is understood");
    assert_eq!((reading.position, reading.fire), (Position::Open, Signal::Active));
    assert_eq!((reading.button, reading.vehicle), (Signal::Idle, Signal::Active));
    let reading = actuator(board.address(), &state("text", "")).read(soon()).expect("it is understood");
    assert_eq!((reading.position, reading.fire), (Position::Closed, Signal::Absent));
    for (path, says) in [("gone", "nothing at \"/gate/pos\""), ("html", "not JSON")] {
        let error = actuator(board.address(), &state(path, inputs)).read(soon()).expect_err("not understood");
        assert!(with_sources(&error).contains(says), "{}", with_sources(&error));
    }
}

#[test]
fn an_authority_that_is_not_trusted_gets_no_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = folder.path().join("ca.pem");
    let key = rcgen::generate_simple_self_signed(vec!["other.test".to_owned()]).expect("a certificate");
    std::fs::write(&authority, key.cert.pem()).expect("it can be written");
    let board = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    let chain = vec![board.cert.der().clone()];
    let secret = rustls::pki_types::PrivatePkcs8KeyDer::from(board.signing_key.serialize_der());
    let config_of_board =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the versions are built in")
            .with_no_client_auth()
            .with_single_cert(chain, secret.into())
            .expect("key and certificate belong together");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let trusted = folder.path().join("board.pem");
    std::fs::write(&trusted, board.cert.pem()).expect("it can be written");
    let (told, orders) = channel();
    std::thread::spawn(move || {
        let config = Arc::new(config_of_board);
        for mut stream in listener.incoming().flatten() {
            let mut session = rustls::ServerConnection::new(Arc::clone(&config)).expect("a session");
            let mut tls = rustls::Stream::new(&mut session, &mut stream);
            let mut buffer = [0; 1024];
            if let Ok(count) = tls.read(&mut buffer)
                && count > 0
            {
                let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                let _ = told.send(());
            }
        }
    });
    let text = |ca: &Path| {
        format!(
            "[actuator]\nkind = \"http\"\nca_file = \"{}\"\nhold = {{ url = \"https://{address}/on\" }}\n\
             close = {{ url = \"https://{address}/off\" }}\nopen = {{ url = \"https://{address}/pulse\" }}\n",
            ca.display()
        )
    };
    let pulse = |ca: &Path| {
        let config = ActuatorConfig::parse(&text(ca)).expect("it is right");
        let relay = config.relay.open().expect("it opens");
        Actuator::new(relay, config.exchange_max, config.close_pulse).pulse(PULSE, soon(), &mut Undisturbed)
    };
    let error = pulse(&authority).expect_err("a stranger");
    assert!(matches!(error, ActuateError::NotSent(_)), "{}", with_sources(&error));
    assert_eq!(orders.try_iter().count(), 0);
    pulse(&trusted).expect("the board that the installer named");
    assert_eq!(orders.try_iter().count(), 1);
}
