//! From a camera or a video file to stamped frames.
//!
//! Owns GStreamer: nothing else in the workspace touches it. A [`Camera`] runs one thread that builds the pipeline,
//! watches it, and builds it again when a live source went away. What it delivers are [`Happened`] values: frames with
//! media time and arrival time, and the moments when the source came up, went down, ended or failed for good.
//!
//! Never keeps a frame back that a newer one has replaced (files read with [`Pacing::Lossless`] excepted, which lose
//! none), never decides what a frame means, never reads a configuration file.
//!
//! A frame is decoded once and never copied at full size: it travels as a reference to the decoder's own buffer.
//! Scaling is done by GStreamer's converter when a frame is taken, so that frames which were dropped for newer ones
//! cost nothing beyond their decoding.
//!
//! Start reading at [`Camera`], then [`SourceConfig`].

mod camera;
pub mod clip;
mod config;
mod decoding;
mod diagnosis;
pub mod encode;
mod frame;
mod happened;
mod library;
mod location;
mod mailbox;
mod media_clock;
mod mp4_file;
pub mod pair;
mod pipeline;
mod plugin;
mod reach;
mod retry;
mod riff;
mod ring;
mod scaler;
mod sender_clock;
mod session;
mod tap;

pub use camera::{Camera, Reading, StartError};
pub use clip::{Clip, ClipEdge, ClipError, ClipHandle, ClipRequest, Codec, CutReason};
pub use config::{
    DECODER_THREADS_MAX, Decodes, Limits, Pacing, Repeat, SCALED_SIDE_MAX, SCALED_SIDE_MIN, ScaledSize, SourceConfig,
};
pub use decoding::{DecoderInUse, Decoding, InvalidDecoding};
pub use encode::{ClipEncoder, EncodeError, EncodedClip};
pub use frame::{Frame, FrameFormat, FullFrame};
pub use happened::{DownReason, Ending, Happened, SourceError};
pub use location::{InvalidLocation, RtspUrl, SourceLocation};
pub use mailbox::{FRAMES_AHEAD_MAX, FRAMES_BURST_MAX, NOTES_MAX};
pub use pair::{CameraPair, Near, PairHappened, PairedBy, ReadNews};
pub use ring::{KEPT_BYTES_MAX, KEPT_DURATION_MAX, Keep, Kept, STRETCHES_MAX};
