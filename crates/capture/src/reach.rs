//! Why a camera cannot be connected to. GStreamer says only that it failed; asking once more says why.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::diagnosis::{self, Heard};
use crate::{DownReason, RtspUrl};

/// How long that one question may take.
const ASK_MAX: Duration = Duration::from_secs(2);

/// Connects once without a word, to learn what is in the way; `heard` is what the pipeline said.
pub(crate) fn why_unreachable(url: &RtspUrl, heard: Heard) -> DownReason {
    let address = url.address();
    match connect(&address) {
        Ok(()) => diagnosis::down_reason(url, heard, None),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => DownReason::Refused { address },
        Err(error) => DownReason::Unreachable { address, detail: error.to_string() },
    }
}

fn connect(address: &str) -> io::Result<()> {
    let mut result = Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    for socket in address.to_socket_addrs()? {
        result = TcpStream::connect_timeout(&socket, ASK_MAX).map(drop);
        if result.is_ok() {
            break;
        }
    }
    result
}
