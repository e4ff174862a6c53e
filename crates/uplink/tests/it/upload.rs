//! Evidence on its way to a hub: a small HTTP server on a real socket.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use uplink::{MediaType, Spool, Uploader, UploaderConfig, UploaderHandle};
use wire::blob::UPLOAD_GRANT_HEADER;
use wire::{BlobHash, UploadGrant};

use crate::support::{clock, identity, key, until};

#[derive(Debug, Clone, PartialEq, Eq)]
struct Request {
    line: String,
    grant: String,
    media_type: String,
    body: Vec<u8>,
}

/// Answers requests with the given statuses, then with 201. Status 0 hangs up without a word.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    fn start(statuses: &[u16]) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), statuses)
    }

    fn listen(listener: TcpListener, statuses: &[u16]) -> Self {
        let address = listener.local_addr().unwrap().to_string();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (kept, mut statuses) = (Arc::clone(&requests), statuses.iter().copied().collect::<VecDeque<_>>());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = read(&stream) else { continue };
                let refused_grant = !is_granted(&request);
                kept.lock().unwrap().push(request);
                let status = if refused_grant { 401 } else { statuses.pop_front().unwrap_or(201) };
                if status != 0 {
                    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        });
        Self { address, requests }
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let header = |name: &str| {
        let found = lines.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        found.unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let (grant, media_type) = (header(UPLOAD_GRANT_HEADER), header("content-type"));
    Some(Request { line: lines.first()?.clone(), grant, media_type, body })
}

fn is_granted(request: &Request) -> bool {
    let grant = UploadGrant::from_header(&request.grant);
    grant.is_some_and(|grant| {
        grant.node == identity().node && grant.is_valid(&key().public(), &BlobHash::of(&request.body))
    })
}

fn upload(spool: &Spool, address: &str) -> UploaderHandle {
    let config = UploaderConfig {
        retry_after: Duration::from_millis(20),
        retry_after_max: Duration::from_millis(80),
        ..UploaderConfig::new(format!("http://{address}/"), identity().node, key(), None)
    };
    Uploader::start(spool.clone(), config, clock()).unwrap()
}

fn put_path(body: &[u8]) -> String {
    format!("PUT /api/v1/blobs/{} HTTP/1.1", BlobHash::of(body))
}

#[tokio::test]
async fn evidence_goes_up_with_a_grant_and_leaves_the_spool() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(&[201, 200, 204]));
    let spool = Spool::open(folder.path()).unwrap();
    spool.put(b"one", MediaType::Jpeg).unwrap();
    spool.put(b"two", MediaType::Mp4).unwrap();
    let uploader = upload(&spool, &server.address);
    until("two uploads", || spool.state().files == 0).await;
    spool.put(b"three", MediaType::Png).unwrap();
    until("the third upload", || spool.state().files == 0).await;
    let seen: Vec<_> = server.requests().into_iter().map(|r| (r.line, r.media_type, r.body)).collect();
    let sent = |body: &[u8], media: &str| (put_path(body), media.to_owned(), body.to_vec());
    assert_eq!(seen, [sent(b"one", "image/jpeg"), sent(b"two", "video/mp4"), sent(b"three", "image/png")]);
    until("the count", || uploader.watch().borrow().uploaded_files == 3).await;
    uploader.stop().await;
}

#[tokio::test]
async fn a_hub_that_fails_gets_the_same_file_again_until_it_takes_it() {
    let failing = [500, 503, 401, 403, 429, 302, 0, 0];
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(&failing));
    let spool = Spool::open(folder.path()).unwrap();
    spool.put(b"one", MediaType::Jpeg).unwrap();
    spool.put(b"two", MediaType::Jpeg).unwrap();
    let uploader = upload(&spool, &server.address);
    let mut watch = uploader.watch();
    let failed = watch.wait_for(|state| state.last_error.is_some()).await.unwrap().clone();
    assert!(failed.last_error.unwrap().contains(&server.address) && spool.state().files == 2);
    until("both uploads", || spool.state().files == 0).await;
    let mut expected = vec![put_path(b"one"); failing.len() + 1];
    expected.push(put_path(b"two"));
    assert_eq!(server.requests().into_iter().map(|r| r.line).collect::<Vec<_>>(), expected);
    until("the error to go", || uploader.watch().borrow().last_error.is_none()).await;
}

#[tokio::test]
async fn one_refused_file_lets_the_others_pass_and_is_tried_again() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(&[413, 201, 409, 201]));
    let spool = Spool::open(folder.path()).unwrap();
    spool.put(b"one", MediaType::Jpeg).unwrap();
    spool.put(b"two", MediaType::Jpeg).unwrap();
    let uploader = upload(&spool, &server.address);
    until("both uploads", || spool.state().files == 0).await;
    let lines: Vec<_> = server.requests().into_iter().map(|r| r.line).collect();
    assert_eq!(lines, [put_path(b"one"), put_path(b"two"), put_path(b"one"), put_path(b"one")]);
    uploader.stop().await;
}

#[tokio::test]
async fn a_hub_that_comes_late_gets_everything() {
    let folder = tempfile::tempdir().unwrap();
    let reserved = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = reserved.local_addr().unwrap();
    drop(reserved);
    let spool = Spool::open(folder.path()).unwrap();
    spool.put(b"one", MediaType::Jpeg).unwrap();
    let uploader = upload(&spool, &address.to_string());
    until("an error", || uploader.watch().borrow().last_error.is_some()).await;
    assert_eq!(spool.state().files, 1);
    let server = Server::listen(TcpListener::bind(address).unwrap(), &[]);
    until("the upload", || spool.state().files == 0).await;
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn damaged_evidence_is_not_sent() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(&[]));
    let spool = Spool::open(folder.path()).unwrap();
    spool.put(b"one", MediaType::Jpeg).unwrap();
    let name = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path());
    let picture = name.into_iter().find(|path| path.extension().is_some_and(|e| e == "jpg")).unwrap();
    std::fs::write(picture, b"0ne").unwrap();
    spool.put(b"two", MediaType::Jpeg).unwrap();
    let uploader = upload(&spool, &server.address);
    until("the upload", || spool.state().files == 0).await;
    assert_eq!(server.requests().into_iter().map(|r| r.body).collect::<Vec<_>>(), [b"two".to_vec()]);
    assert_eq!(uploader.watch().borrow().damaged_files, 1);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    for bad in ["", "hub", "hub:8080", "ftp://hub", "http://", "http://u:p@hub", "http://hub/path", "http://hub/?q"] {
        let config = UploaderConfig::new(bad, identity().node, key(), None);
        let error = Uploader::start(spool.clone(), config, clock()).expect_err(bad).to_string();
        assert!(error.contains("http://HOST"), "{error}");
    }
}
