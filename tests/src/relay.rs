//! A relay over HTTP that notes each order, and can be made to keep silent.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest wait for a request that was begun.
const READ_MAX: Duration = Duration::from_secs(10);

/// A relay at an address of this machine. It ends with the test.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    orders: Arc<Mutex<Vec<(Instant, String)>>>,
    is_silent: Arc<AtomicBool>,
}

impl Relay {
    /// A relay that does what it is told.
    ///
    /// # Panics
    /// Where no port is free.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let orders = Arc::<Mutex<Vec<(Instant, String)>>>::default();
        let is_silent = Arc::<AtomicBool>::default();
        let (noted, silent) = (Arc::clone(&orders), Arc::clone(&is_silent));
        std::thread::spawn(move || {
            // Connections that got no answer stay open, as those to a relay that hangs do.
            let mut unanswered = Vec::new();
            for stream in listener.incoming().flatten() {
                let Some(path) = request(&stream) else { continue };
                noted.lock().expect("nobody panicked").push((Instant::now(), path));
                if silent.load(Ordering::SeqCst) {
                    unanswered.push(stream);
                } else {
                    // Whoever asked may be gone.
                    let _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
                }
            }
        });
        Self { address, orders, is_silent }
    }

    /// The table of a lane's actuator that opens by this relay.
    pub fn actuator(&self) -> String {
        let url = |path: &str| format!("{{ url = \"http://{}{path}\" }}", self.address);
        format!(
            "[lane.actuator]\nkind = \"http\"\nexchange_max_ms = 10000\nopen = {}\nhold = {}\nclose = {}\n",
            url("/open?timer={s}"),
            url("/hold"),
            url("/close")
        )
    }

    /// When it was told to open.
    ///
    /// # Panics
    /// Where its thread did.
    pub fn opened(&self) -> Vec<Instant> {
        let orders = self.orders.lock().expect("nobody panicked");
        orders.iter().filter(|(_, path)| path.starts_with("/open")).map(|(at, _)| *at).collect()
    }

    /// Takes orders from now on and does not answer.
    pub fn fall_silent(&self) {
        self.is_silent.store(true, Ordering::SeqCst);
    }
}

/// The path of a request that was read whole.
fn request(stream: &TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(READ_MAX)).ok()?;
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    for line in lines {
        if line.ok()?.is_empty() {
            return first.split(' ').nth(1).map(str::to_owned);
        }
    }
    None
}
