//! A reader of the API.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;
use ureq::Agent;

use super::PATIENCE;

#[derive(Debug, Clone, Copy)]
pub struct Http(pub SocketAddr);

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }
}

impl From<ureq::http::Response<ureq::Body>> for Answer {
    fn from(mut response: ureq::http::Response<ureq::Body>) -> Self {
        let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().iter().map(|(n, v)| (n.to_string(), text(v))).collect(),
            body: response.body_mut().with_config().limit(64 * 1024 * 1024).read_to_vec().unwrap(),
        }
    }
}

fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into()
}

impl Http {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.0)
    }

    pub fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = agent().get(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.call().unwrap().into()
    }

    pub fn put(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = agent().put(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send(body).unwrap().into()
    }

    pub fn get(&self, path: &str) -> Value {
        let answer = self.ask(path, &[]);
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    /// Persons that went in today at the only gate; 0 while there is none.
    pub fn persons_in(&self) -> u64 {
        self.get("/api/v1/gates")["gates"][0]["today"]["person"]["in"].as_u64().unwrap_or(0)
    }

    pub fn stream(&self, path: &str, last: Option<u64>) -> Stream {
        let mut connection = TcpStream::connect(self.0).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let last = last.map_or_else(String::new, |last| format!("Last-Event-ID: {last}\r\n"));
        write!(connection, "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{last}\r\n")
            .unwrap();
        let mut lines = BufReader::new(connection);
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert!(line.contains("200"), "{line}");
        Stream { lines }
    }
}

/// An event of the stream.
#[derive(Debug)]
pub struct Sent {
    pub name: String,
    pub id: Option<u64>,
    pub data: Value,
}

/// A watcher of the stream. Reads over the chunk sizes of HTTP: no line of an event looks like one.
pub struct Stream {
    lines: BufReader<TcpStream>,
}

impl Stream {
    /// The next event; nothing when the hub ended the stream.
    pub fn next(&mut self) -> Option<Sent> {
        let mut sent = Sent { name: String::new(), id: None, data: Value::Null };
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let line = line.trim_end();
            if let Some(name) = line.strip_prefix("event: ") {
                sent.name = name.to_owned();
            } else if let Some(id) = line.strip_prefix("id: ") {
                sent.id = Some(id.parse().unwrap());
            } else if let Some(data) = line.strip_prefix("data: ") {
                sent.data = serde_json::from_str(data).unwrap();
            } else if line.is_empty() && !sent.name.is_empty() {
                return Some(sent);
            }
        }
    }

    /// The next event that is wanted.
    pub fn until(&mut self, wanted: impl Fn(&Sent) -> bool) -> Sent {
        loop {
            let sent = self.next().expect("the stream goes on");
            if wanted(&sent) {
                return sent;
            }
        }
    }
}
