use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// Longer than any message takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a silence may be in these tests.
const SILENCE_MAX: Duration = Duration::from_millis(40);

/// A service manager that listens.
struct Manager {
    socket: UnixDatagram,
    _folder: tempfile::TempDir,
    listener: Listener,
}

impl Manager {
    fn new(silence_max: Option<Duration>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
        Self { socket, _folder: folder, listener: Listener { socket: Some(path.into_os_string()), silence_max } }
    }

    fn hears(&self) -> io::Result<String> {
        let mut buffer = [0; 1024];
        let length = self.socket.recv(&mut buffer)?;
        Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    fn hears_until(&self, wanted: &str) {
        while self.hears().expect("a message in time") != wanted {}
    }

    fn waits_at_most(&self, limit: Duration) {
        self.socket.set_read_timeout(Some(limit)).expect("a limit");
    }
}

#[test]
fn a_node_that_lives_is_ready_and_says_so_again_and_again() {
    let manager = Manager::new(Some(SILENCE_MAX));
    let watchdog = Watchdog::start_for(&manager.listener, || true);
    assert_eq!(manager.hears().expect("a message"), "READY=1");
    for _ in 0..5 {
        assert_eq!(manager.hears().expect("a message"), "WATCHDOG=1");
    }
    watchdog.stopping();
    manager.hears_until("STOPPING=1");
    manager.waits_at_most(SILENCE_MAX * 4);
    assert!(manager.hears().is_err(), "nothing follows the end");
}

#[test]
fn a_node_that_is_stuck_is_silent_until_it_lives_again() {
    let manager = Manager::new(Some(SILENCE_MAX));
    let alive = Arc::new(AtomicBool::new(true));
    let lives = Arc::clone(&alive);
    let _watchdog = Watchdog::start_for(&manager.listener, move || lives.load(Ordering::Relaxed));
    manager.hears_until("WATCHDOG=1");
    alive.store(false, Ordering::Relaxed);
    manager.hears_until("STATUS=stuck: waits to be started again");
    manager.waits_at_most(SILENCE_MAX * 4);
    assert!(manager.hears().is_err(), "a stuck node says nothing");
    alive.store(true, Ordering::Relaxed);
    manager.waits_at_most(PATIENCE);
    assert_eq!(manager.hears().expect("a message"), "WATCHDOG=1");
}

#[test]
fn who_did_not_ask_for_signs_of_life_hears_of_start_and_end_alone() {
    let manager = Manager::new(None);
    let watchdog = Watchdog::start_for(&manager.listener, || panic!("nobody asked"));
    watchdog.status("2 cameras\nREADY=0");
    drop(watchdog);
    let heard: Vec<_> = (0..3).map(|_| manager.hears().expect("a message")).collect();
    assert_eq!(heard, ["READY=1", "STATUS=2 cameras READY=0", "STOPPING=1"]);
}

#[test]
fn a_socket_without_a_file_is_found_by_its_name() {
    let name = format!("gatehouse-watchdog-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let socket = UnixDatagram::bind_addr(&address).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
    let listener = Listener { socket: Some(format!("@{name}").into()), silence_max: None };
    let _watchdog = Watchdog::start_for(&listener, || true);
    let mut buffer = [0; 64];
    let length = socket.recv(&mut buffer).expect("a message");
    assert_eq!(&buffer[..length], b"READY=1");
}

#[test]
fn a_service_manager_that_is_gone_ends_nothing() {
    let manager = Manager::new(Some(SILENCE_MAX));
    let watchdog = Watchdog::start_for(&manager.listener, || true);
    manager.hears_until("WATCHDOG=1");
    drop(manager);
    watchdog.status("nobody hears this");
    watchdog.stopping();
}

#[test]
fn without_a_socket_or_with_a_strange_one_nothing_is_told() {
    for socket in [None, Some("vsock:2:1234".into())] {
        let watchdog = Watchdog::start_for(&Listener { socket, silence_max: Some(SILENCE_MAX) }, || true);
        assert!(watchdog.line.is_none() && watchdog.pulse.is_none());
    }
}

#[test]
fn the_environment_says_who_listens_and_how_long_a_silence_may_be() {
    let of = |variables: &[(&str, &str)]| {
        let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        Listener::of(value, 77)
    };
    assert_eq!(of(&[]), Listener::default());
    let socket = ("NOTIFY_SOCKET", "/run/systemd/notify");
    let silence = |text| of(&[socket, ("WATCHDOG_USEC", text)]).silence_max;
    assert_eq!(silence("30000000"), Some(Duration::from_secs(30)));
    assert_eq!((silence("0"), silence("soon"), silence("-1")), (None, None, None));
    let of_process = |process| of(&[socket, ("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", process)]).silence_max;
    assert_eq!(of_process("77"), Some(Duration::from_secs(30)));
    assert_eq!(of_process("78"), None, "the silence is another process's");
    assert_eq!(of(&[("NOTIFY_SOCKET", "")]).socket, None);
}

#[test]
fn a_status_is_one_line_and_not_too_long() {
    assert_eq!(status_message("a\tb\n"), "STATUS=a b ");
    assert_eq!(status_message(&"ă".repeat(300)).len(), "STATUS=".len() + STATUS_BYTES_MAX);
}
