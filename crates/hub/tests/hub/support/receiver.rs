//! A receiver of webhooks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

/// What was posted.
#[derive(Debug, Clone)]
pub struct Posted {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub answered: u16,
}

impl Posted {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub struct Receiver {
    pub port: u16,
    /// What it answers.
    pub status: Arc<AtomicU16>,
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (status, posted) = (Arc::new(AtomicU16::new(200)), Arc::new(Mutex::new(Vec::new())));
        let (answers, keeps) = (Arc::clone(&status), Arc::clone(&posted));
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (answers, keeps) = (Arc::clone(&answers), Arc::clone(&keeps));
                std::thread::spawn(move || while serve(&connection, &answers, &keeps).is_some() {});
            }
        });
        Self { port, status, posted }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }

    pub fn taken(&self) -> Vec<Posted> {
        self.posted().into_iter().filter(|posted| posted.answered == 200).collect()
    }
}

fn serve(connection: &TcpStream, status: &AtomicU16, posted: &Mutex<Vec<Posted>>) -> Option<()> {
    let mut reader = BufReader::new(connection);
    let mut headers = Vec::new();
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answered = status.load(Ordering::SeqCst);
    posted.lock().unwrap().push(Posted { headers, body, answered });
    let mut connection = connection;
    write!(connection, "HTTP/1.1 {answered} Said\r\nContent-Length: 0\r\n\r\n").ok()
}
