//! A reader of the API.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;
use ureq::Agent;

use super::PATIENCE;

/// Asks with a key that reads everything, unless a request brings its own `authorization` or `cookie`.
#[derive(Debug, Clone, Copy)]
pub struct Http(pub SocketAddr, pub &'static str);

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
        self.send("GET", path, headers, b"")
    }

    pub fn put(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send("PUT", path, headers, body)
    }

    /// A request of any method.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(self.url(path));
        if !headers.iter().any(|(name, _)| ["authorization", "cookie"].contains(name)) {
            request = request.header("authorization", format!("Bearer {}", self.1));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match method {
            "GET" | "HEAD" => agent().run(request.body(()).unwrap()).unwrap().into(),
            // A body goes with every method here, also where HTTP expects none.
            _ => {
                let request = request.body(body.to_vec()).unwrap();
                let agent: Agent = Agent::config_builder()
                    .http_status_as_error(false)
                    .timeout_global(Some(PATIENCE))
                    .allow_non_standard_methods(true)
                    .build()
                    .into();
                let request = agent.configure_request(request).build();
                agent.run(request).unwrap().into()
            }
        }
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], b"")
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
        self.stream_with(path, last, &format!("Authorization: Bearer {}", self.1))
    }

    /// A stream with a header of its own.
    pub fn stream_with(&self, path: &str, last: Option<u64>, header: &str) -> Stream {
        let mut connection = TcpStream::connect(self.0).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let last = last.map_or_else(String::new, |last| format!("Last-Event-ID: {last}\r\n"));
        write!(
            connection,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\nAccept: text/event-stream\r\n{last}\r\n"
        )
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
            // The last chunk; the connection may stay for another request.
            if line == "0" {
                return None;
            }
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

impl Http {
    /// The status with which a stream begins, or is refused.
    pub fn stream_status(&self, path: &str, header: &str) -> u16 {
        let mut connection = TcpStream::connect(self.0).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(connection, "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{header}\r\n\r\n")
            .unwrap();
        let mut line = String::new();
        BufReader::new(connection).read_line(&mut line).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Http {
    /// A request as a browser makes it when it goes to a page: without a key, and following no redirect.
    pub fn send_bare(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        let request = agent.get(self.url(path));
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).call().unwrap().into()
    }
}
