//! A bad line to the hub: it carries so many bytes of each connection, and then it breaks.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A relay of connections at an address of this machine. It ends with the test.
#[derive(Debug)]
pub struct Line {
    /// Where to connect.
    pub address: SocketAddr,
    carried: Arc<AtomicU64>,
    breaks: Arc<AtomicU64>,
}

impl Line {
    /// A line to `to`. Each connection breaks when it has carried `bytes` towards it.
    ///
    /// # Panics
    /// Where no port is free.
    pub fn start(to: SocketAddr, bytes: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let (carried, breaks) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let (counted, broken) = (Arc::clone(&carried), Arc::clone(&breaks));
        std::thread::spawn(move || {
            for from in listener.incoming().flatten() {
                let (counted, broken) = (Arc::clone(&counted), Arc::clone(&broken));
                std::thread::spawn(move || {
                    let Ok(onwards) = TcpStream::connect(to) else { return };
                    let (Ok(back_from), Ok(back_to)) = (onwards.try_clone(), from.try_clone()) else { return };
                    std::thread::spawn(move || {
                        carry(&back_from, &back_to, u64::MAX, &AtomicU64::new(0));
                        // The other side may have hung up.
                        let _ = back_to.shutdown(Shutdown::Both);
                    });
                    if carry(&from, &onwards, bytes, &counted) {
                        broken.fetch_add(1, Ordering::SeqCst);
                    }
                    for side in [&from, &onwards] {
                        let _ = side.shutdown(Shutdown::Both);
                    }
                });
            }
        });
        Self { address, carried, breaks }
    }

    /// Bytes that it carried to the hub.
    pub fn carried(&self) -> u64 {
        self.carried.load(Ordering::SeqCst)
    }

    /// How often it broke.
    pub fn breaks(&self) -> u64 {
        self.breaks.load(Ordering::SeqCst)
    }
}

/// Carries until one side hangs up, or `most` bytes; whether it was the latter.
fn carry(mut from: &TcpStream, mut to: &TcpStream, most: u64, counted: &AtomicU64) -> bool {
    let (mut left, mut chunk) = (most, [0; 16 * 1024]);
    while left > 0 {
        let Ok(read) = from.read(&mut chunk) else { return false };
        let some = read.min(usize::try_from(left).unwrap_or(usize::MAX));
        if some == 0 || to.write_all(&chunk[..some]).is_err() {
            return false;
        }
        counted.fetch_add(some as u64, Ordering::SeqCst);
        left -= some as u64;
    }
    true
}
