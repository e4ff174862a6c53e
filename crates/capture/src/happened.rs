//! What a camera tells its reader.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::Frame;

/// Something that a source did, in the order in which it did it.
#[derive(Debug)]
pub enum Happened {
    /// It gave its first frame, or its first frame after it had been down. Always before that frame.
    Up,
    /// A frame.
    Frame(Frame),
    /// A live source went away or could not be reached; it is tried again until it is back. Told once per cause, not
    /// once per attempt.
    Down(DownReason),
    /// A file that is played once is over. Nothing follows.
    Ended(Ending),
    /// It cannot go on. Nothing follows.
    Failed(SourceError),
}

/// How a file came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// All of it was read.
    Whole,
    /// Frames are missing at its end: it is truncated or damaged.
    CutShort {
        /// What was noticed, for people.
        reason: String,
    },
}

/// Why a live source gives no frames.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DownReason {
    /// Nothing listens there.
    #[error("{address} refused the connection; is the camera switched on, and is the port right?")]
    Refused {
        /// Host and port.
        address: String,
    },
    /// No way there.
    #[error("cannot reach {address}: {detail}; check the host name and the network")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What the network said.
        detail: String,
    },
    /// Connected, or trying to, and nothing came of it.
    #[error("{address} gave no picture within {waited:?}")]
    Silent {
        /// Host and port.
        address: String,
        /// How long was waited.
        waited: Duration,
    },
    /// Wrong user name or password, or none given. Tried again only at the longest interval, because cameras lock out
    /// who asks too often.
    #[error("{address} refused the user name or password; check the authentication in the camera's address")]
    Unauthorized {
        /// Host and port.
        address: String,
    },
    /// No such stream on that camera.
    #[error("{address} knows no such stream; check the path in the camera's address")]
    StreamUnknown {
        /// Host and port.
        address: String,
    },
    /// It was up and gives no frames any more although the connection stands.
    #[error("no frame for {silent_for:?} although the connection stands; the camera is frozen")]
    Frozen {
        /// How long there was nothing.
        silent_for: Duration,
    },
    /// It said goodbye.
    #[error("the camera ended the stream")]
    StreamEnded,
    /// It sends sound or data only.
    #[error("{address} offers no video stream")]
    NoVideo {
        /// Host and port.
        address: String,
    },
    /// It sends something that nothing installed here can read.
    #[error("nothing installed can decode {what}; install the Debian package {package}")]
    NoDecoder {
        /// Name of the format.
        what: String,
        /// The package that most likely brings the decoder.
        package: &'static str,
    },
    /// Anything else that ended the connection.
    #[error("the connection to {address} broke: {detail}")]
    Broken {
        /// Host and port.
        address: String,
        /// What the library said.
        detail: String,
    },
}

/// Why a source cannot be read at all, or not any further.
#[derive(Debug, Error)]
pub enum SourceError {
    /// No file there.
    #[error("cannot read video \"{path}\": there is no such file; check the path")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A directory, a device, a pipe.
    #[error("cannot read video \"{path}\": it is {found}; accepted are video files and rtsp:// addresses")]
    NotAFile {
        /// The thing.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// Nothing in it.
    #[error("cannot read video \"{path}\": the file is empty; copy or record it again")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The system does not give it out.
    #[error("cannot read video \"{path}\"; check its permissions and the disk")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Text, a document, noise.
    #[error(
        "cannot read video \"{path}\": its content is not a known kind of video ({detail}); accepted are MP4, MKV, AVI, \
         MPEG-TS and what else GStreamer reads"
    )]
    NotVideo {
        /// The file.
        path: PathBuf,
        /// What the library said.
        detail: String,
    },
    /// A container without what says where its frames are; mostly a recording that was interrupted.
    #[error(
        "cannot read video \"{path}\": no frame in it can be found ({detail}); it was cut off or is damaged: copy or \
         record it again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the library said.
        detail: String,
    },
    /// Sound or subtitles only.
    #[error("cannot read video \"{path}\": it holds no video stream, only sound or data")]
    NoVideo {
        /// The file.
        path: PathBuf,
    },
    /// A format that nothing installed here can read.
    #[error("cannot read video \"{path}\": nothing installed can decode {what}; install the Debian package {package}")]
    NoDecoder {
        /// The file.
        path: PathBuf,
        /// Name of the format.
        what: String,
        /// The package that most likely brings the decoder.
        package: &'static str,
    },
    /// The pipeline gave nothing and said nothing.
    #[error("cannot read video \"{path}\": no frame came out of it within {waited:?}; check the disk and the file")]
    Stalled {
        /// The file.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// The library refused to build or start the pipeline.
    #[error("cannot build the pipeline for {location}: {detail}")]
    Pipeline {
        /// The source, password hidden.
        location: String,
        /// What the library said.
        detail: String,
    },
    /// A decoded frame could not be brought to the wanted size.
    #[error("cannot scale a frame of {width}x{height} pixels from {location}: {detail}")]
    Scaling {
        /// The source, password hidden.
        location: String,
        /// Width of the decoded frame.
        width: u32,
        /// Height of the decoded frame.
        height: u32,
        /// What the library said.
        detail: String,
    },
}
