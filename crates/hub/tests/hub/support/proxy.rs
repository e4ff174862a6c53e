//! A way to the broker on which the hub's acknowledgements get lost.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const PUBACK: u8 = 4;

/// Passes everything on but PUBACKs from the client.
pub struct DeafProxy {
    pub port: u16,
    pub lost: Arc<AtomicU64>,
}

impl DeafProxy {
    pub fn start(broker_port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let lost = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&lost);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(broker) = TcpStream::connect(("127.0.0.1", broker_port)) else { continue };
                let (mut from, mut to) = (broker.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || {
                    let (mut client, mut broker) = (client, broker);
                    while let Some(packet) = packet(&mut client) {
                        if packet[0] >> 4 == PUBACK {
                            counter.fetch_add(1, Ordering::SeqCst);
                        } else if broker.write_all(&packet).is_err() {
                            break;
                        }
                    }
                    let _ = broker.shutdown(Shutdown::Both);
                });
            }
        });
        Self { port, lost }
    }
}

/// One MQTT packet: a fixed header with the length in seven bits a byte, and the rest (MQTT 5, 2.1).
fn packet(from: &mut impl Read) -> Option<Vec<u8>> {
    let mut packet = vec![0];
    from.read_exact(&mut packet).ok()?;
    let mut length = 0_usize;
    for shift in (0..28).step_by(7) {
        let mut byte = [0];
        from.read_exact(&mut byte).ok()?;
        packet.push(byte[0]);
        length |= usize::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let start = packet.len();
    packet.resize(start + length, 0);
    from.read_exact(&mut packet[start..]).ok()?;
    Some(packet)
}
