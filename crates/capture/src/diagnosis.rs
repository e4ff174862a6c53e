//! What the pipeline's messages mean for the source.

use std::path::Path;

use gstreamer as gst;

use crate::{DownReason, RtspUrl, SourceError, plugin};

/// What a pipeline tells about its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// All streams are at their end.
    StreamEnded,
    /// All streams are known and none is video.
    NoVideo,
    /// Nothing installed reads this format.
    NoDecoder(Format),
    /// An element gave up.
    Broken(Breakage),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Format {
    /// For people, such as `H.264`.
    name: String,
    /// GStreamer's name, such as `video/x-h264`.
    media_type: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breakage {
    kind: Kind,
    /// For people, in one line.
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unauthorized,
    NotFound,
    Unconnected,
    NoStreamOffered,
    TypeUnknown,
    NoStreams,
    PluginMissing,
    Other,
}

/// The name under which [`no_video`] messages travel.
const NO_VIDEO: &str = "gatehouse-no-video";

/// The message that tells that no stream is video.
pub(crate) fn no_video(source: &gst::Element) -> gst::Message {
    gst::message::Application::builder(gst::Structure::new_empty(NO_VIDEO)).src(source).build()
}

impl Heard {
    /// What `message` means; `None` for the many messages that do not matter.
    pub(crate) fn from_message(message: &gst::MessageRef) -> Option<Self> {
        use gst::MessageView;
        // MessageView is not ours and grows with the library.
        #[expect(clippy::wildcard_enum_match_arm)]
        match message.view() {
            MessageView::Eos(_) => Some(Self::StreamEnded),
            MessageView::Application(told) => {
                told.structure().is_some_and(|s| s.name() == NO_VIDEO).then_some(Self::NoVideo)
            }
            MessageView::Element(told) => {
                let structure = told.structure().filter(|s| s.name() == "missing-plugin")?;
                Some(Self::NoDecoder(Format::from_missing_plugin(structure)))
            }
            MessageView::Error(told) => {
                Some(Self::Broken(Breakage::new(&told.error(), &told.debug().unwrap_or_default())))
            }
            _ => None,
        }
    }
}

impl Heard {
    /// Whether no connection came about; the library does not say why.
    pub(crate) fn says_unconnected(&self) -> bool {
        matches!(self, Self::Broken(Breakage { kind: Kind::Unconnected, .. }))
    }

    /// Whether the camera offered nothing that was chosen.
    pub(crate) fn says_no_stream(&self) -> bool {
        matches!(self, Self::Broken(Breakage { kind: Kind::NoStreamOffered, .. }))
    }
}

impl Format {
    fn from_missing_plugin(structure: &gst::StructureRef) -> Self {
        let caps = structure.get::<gst::Caps>("detail").ok();
        let media_type = caps.and_then(|caps| caps.structure(0).map(|s| s.name().to_string())).unwrap_or_default();
        let name = structure.get::<String>("name").unwrap_or_else(|_| media_type.clone());
        Self { name, media_type }
    }

    /// Whether it would have been a picture.
    pub(crate) fn is_visual(&self) -> bool {
        ["video/", "image/", "application/x-rtp"].iter().any(|kind| self.media_type.starts_with(kind))
    }

    fn package(&self) -> &'static str {
        let package = plugin::package_for_format(&self.media_type);
        // With that one there, it is the parser in front of the decoder that is missing.
        if package == "gstreamer1.0-libav" && gst::ElementFactory::find("avdec_h264").is_some() {
            return "gstreamer1.0-plugins-bad";
        }
        package
    }
}

impl Breakage {
    fn new(error: &gst::glib::Error, debug: &str) -> Self {
        let text = format!("{} {debug}", error.message()).to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let kind = match (error.kind::<gst::ResourceError>(), error.kind::<gst::StreamError>()) {
            (Some(gst::ResourceError::NotAuthorized), _) => Kind::Unauthorized,
            (Some(gst::ResourceError::NotFound), _) => Kind::NotFound,
            (Some(_), _) if has(&["failed to connect", "could not connect"]) => Kind::Unconnected,
            _ if has(&["no supported stream"]) => Kind::NoStreamOffered,
            (_, Some(gst::StreamError::TypeNotFound | gst::StreamError::WrongType)) => Kind::TypeUnknown,
            (_, Some(gst::StreamError::CodecNotFound)) => Kind::PluginMissing,
            _ if error.matches(gst::CoreError::MissingPlugin) => Kind::PluginMissing,
            _ if has(&["no playable streams", "no known streams", "no valid streams", "invalid file"]) => {
                Kind::NoStreams
            }
            _ => Kind::Other,
        };
        Self { kind, detail: one_line(error.message(), debug) }
    }
}

/// The message, and what the debug text adds to it behind the place in the library's source.
fn one_line(message: &str, debug: &str) -> String {
    let message = message.trim().trim_end_matches('.');
    let added = debug.split_once('\n').map_or("", |(_, rest)| rest).trim();
    match added.lines().next().map(|line| line.trim().trim_end_matches('.')) {
        Some(line) if !line.is_empty() && !message.contains(line) => format!("{message}: {line}"),
        Some(_) | None => message.to_owned(),
    }
}

/// Why the camera at `url` is down; `undecodable` is a format that was found unreadable before.
pub(crate) fn down_reason(url: &RtspUrl, heard: Heard, undecodable: Option<&Format>) -> DownReason {
    let address = url.address();
    let no_decoder = undecodable
        .filter(|format| format.is_visual())
        .map(|format| DownReason::NoDecoder { what: format.name.clone(), package: format.package() });
    match heard {
        Heard::StreamEnded => DownReason::StreamEnded,
        Heard::NoVideo => no_decoder.unwrap_or(DownReason::NoVideo { address }),
        Heard::NoDecoder(format) => DownReason::NoDecoder { package: format.package(), what: format.name },
        Heard::Broken(Breakage { kind, detail }) => {
            let detail = url.redact(&detail);
            match kind {
                Kind::Unauthorized => DownReason::Unauthorized { address },
                Kind::NotFound => DownReason::StreamUnknown { address },
                Kind::Unconnected
                | Kind::NoStreamOffered
                | Kind::TypeUnknown
                | Kind::NoStreams
                | Kind::PluginMissing
                | Kind::Other => no_decoder.unwrap_or(DownReason::Broken { address, detail }),
            }
        }
    }
}

/// Why not one frame came out of the file at `path`.
pub(crate) fn source_error(path: &Path, heard: Heard, undecodable: Option<&Format>) -> SourceError {
    let path = path.to_path_buf();
    let undecodable = undecodable.filter(|format| format.is_visual());
    match (heard, undecodable) {
        (Heard::NoDecoder(format), _) => SourceError::NoDecoder { path, package: format.package(), what: format.name },
        (Heard::NoVideo | Heard::Broken(_), Some(format)) => {
            SourceError::NoDecoder { path, package: format.package(), what: format.name.clone() }
        }
        (Heard::NoVideo, None) => SourceError::NoVideo { path },
        (Heard::StreamEnded, _) => {
            SourceError::Damaged { path, detail: "it ends before the first whole frame".to_owned() }
        }
        (Heard::Broken(Breakage { kind, detail }), None) => match kind {
            Kind::TypeUnknown => SourceError::NotVideo { path, detail },
            Kind::Unauthorized
            | Kind::NotFound
            | Kind::Unconnected
            | Kind::NoStreamOffered
            | Kind::NoStreams
            | Kind::PluginMissing
            | Kind::Other => SourceError::Damaged { path, detail },
        },
    }
}

/// What ended a file that had given frames.
pub(crate) fn breakage_text(heard: Heard) -> String {
    match heard {
        Heard::StreamEnded => "the file ends early".to_owned(),
        Heard::NoVideo => "the video stream ends early".to_owned(),
        Heard::NoDecoder(format) => format!("it changes to {}, which nothing installed can decode", format.name),
        Heard::Broken(breakage) => breakage.detail,
    }
}
