//! Which decoder is used: the machine's hardware or its processor.
//!
//! The choice concerns H.264 and H.265. Other formats are decoded by software whatever is wanted, because cameras that
//! send them are old and small.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use thiserror::Error;

use crate::camera::Shared;

/// Who decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decoding {
    /// The hardware where there is some and it works, software otherwise. [`Camera::decoder`](crate::Camera::decoder)
    /// says which it became.
    Auto,
    /// The processor. The default: its pictures need no copy to be looked at.
    #[default]
    Software,
    /// VA-API: graphics of Intel and AMD.
    Vaapi,
    /// Video4Linux: the decoders of Arm boards.
    V4l2,
    /// NVDEC of Nvidia's cards.
    Nvidia,
}

/// All choices, in the order in which they are named to people.
const CHOICES: [Decoding; 5] = [Decoding::Auto, Decoding::Software, Decoding::Vaapi, Decoding::V4l2, Decoding::Nvidia];

/// A text that names no way to decode.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is no way to decode; accepted are auto, software, vaapi, v4l2 and nvidia")]
pub struct InvalidDecoding(String);

impl Decoding {
    /// The name in a configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Software => "software",
            Self::Vaapi => "vaapi",
            Self::V4l2 => "v4l2",
            Self::Nvidia => "nvidia",
        }
    }

    /// What has to be installed for it.
    pub(crate) const fn needs(self) -> &'static str {
        match self {
            Self::Auto | Self::Software => "the Debian package gstreamer1.0-libav",
            Self::Vaapi => {
                "the Debian packages gstreamer1.0-plugins-bad and intel-media-va-driver or mesa-va-drivers, for \
                 hardware at /dev/dri that this user may open"
            }
            Self::V4l2 => {
                "the Debian packages gstreamer1.0-plugins-good and gstreamer1.0-plugins-bad, for a decoder at \
                 /dev/video* that this user may open"
            }
            Self::Nvidia => {
                "the Debian packages gstreamer1.0-plugins-bad and libnvcuvid1, for a card with Nvidia's own driver"
            }
        }
    }

    /// Whose element that is, by GStreamer's names; `None` for hardware that is none of these.
    fn of_element(factory: &gst::ElementFactory) -> Option<Self> {
        let name = factory.name();
        if name.starts_with("va") {
            Some(Self::Vaapi)
        } else if name.starts_with("v4l2") {
            Some(Self::V4l2)
        } else if name.starts_with("nv") {
            Some(Self::Nvidia)
        } else {
            (!factory.has_type(gst::ElementFactoryType::HARDWARE)).then_some(Self::Software)
        }
    }

    const fn is_hardware(self) -> bool {
        match self {
            Self::Vaapi | Self::V4l2 | Self::Nvidia => true,
            Self::Auto | Self::Software => false,
        }
    }
}

impl fmt::Display for Decoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Decoding {
    type Err = InvalidDecoding;
    fn from_str(text: &str) -> Result<Self, InvalidDecoding> {
        CHOICES.into_iter().find(|choice| choice.as_str() == text).ok_or_else(|| InvalidDecoding(text.to_owned()))
    }
}

/// The decoder whose frames are delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecoderInUse {
    /// GStreamer's name of it, such as `avdec_h264`.
    pub element: String,
    /// What it is; never [`Decoding::Auto`].
    pub decoding: Decoding,
    /// Why the hardware that was tried before is not used; it stays so until the camera is started anew.
    pub fell_back: Option<String>,
}

/// What a camera knows of its decoders.
#[derive(Debug)]
pub(crate) struct Decoders {
    wanted: Decoding,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The decoder of this run that was added last: those before it did not start.
    added: Option<(String, Decoding)>,
    /// Whether it was given anything.
    fed: bool,
    in_use: Option<DecoderInUse>,
    /// Why hardware is no longer tried.
    gave_up: Option<String>,
}

impl Decoders {
    pub(crate) fn new(wanted: Decoding) -> Self {
        Self { wanted, state: Mutex::default() }
    }

    pub(crate) fn begin_run(&self) {
        let mut state = self.lock();
        state.added = None;
        state.fed = false;
    }

    /// Whether only software comes into question.
    pub(crate) fn only_software(&self) -> bool {
        self.wanted == Decoding::Software || self.lock().gave_up.is_some()
    }

    /// Whether `factory`, which decodes video, may be used for `caps`, and then what it is.
    fn wants(&self, factory: &gst::ElementFactory, caps: &gst::Caps) -> Option<Decoding> {
        Decoding::of_element(factory).filter(|decoding| self.wants_kind(*decoding, caps))
    }

    /// `factory` is the next to be tried for `caps`.
    fn tries(&self, factory: &gst::ElementFactory, caps: &gst::Caps) {
        let decoding = self.wants(factory, caps).unwrap_or(Decoding::Software);
        let mut state = self.lock();
        state.added = Some((factory.name().to_string(), decoding));
        state.fed = false;
    }

    fn wants_kind(&self, decoding: Decoding, caps: &gst::Caps) -> bool {
        if !concerns(caps) {
            return !decoding.is_hardware();
        }
        match self.wanted {
            Decoding::Software => decoding == Decoding::Software,
            Decoding::Auto if self.only_software() => decoding == Decoding::Software,
            Decoding::Auto => decoding.is_hardware() || installed(caps).all(|(_, other)| !other.is_hardware()),
            Decoding::Vaapi | Decoding::V4l2 | Decoding::Nvidia => decoding == self.wanted,
        }
    }

    pub(crate) fn fed(&self) {
        self.lock().fed = true;
    }

    /// The first frame of a run has come.
    pub(crate) fn proven(&self) {
        let mut state = self.lock();
        let fell_back = state.gave_up.clone();
        let proven = state.added.clone().map(|(element, decoding)| DecoderInUse { element, decoding, fell_back });
        if proven.is_some() && proven != state.in_use {
            tracing::info!(decoder = ?proven, "decoding");
            state.in_use = proven;
        }
    }

    pub(crate) fn in_use(&self) -> Option<DecoderInUse> {
        self.lock().in_use.clone()
    }

    /// A run gave not one frame because of `reason`. Where hardware may be to blame and need not be used, it is not used
    /// any more; says whether that is so.
    pub(crate) fn gives_up_hardware(&self, reason: &str, broke: Broke) -> bool {
        let mut state = self.lock();
        let blamed = state.added.take_if(|(_, decoding)| decoding.is_hardware());
        let Some((element, _)) = blamed.filter(|_| state.fed || broke == Broke::Start) else { return false };
        if self.wanted != Decoding::Auto {
            return false;
        }
        tracing::warn!(element, reason, "the hardware decoder does not work; software decodes instead");
        state.gave_up = Some(format!("{element}: {reason}"));
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What ended a run without a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broke {
    /// No decoder was found that starts.
    Start,
    /// Anything else; it may be the camera or the network, unless the decoder was given something.
    Later,
}

/// Whether something can decode H.264 or H.265 in the way that is wanted.
pub(crate) fn is_installed(wanted: Decoding) -> bool {
    let decodes = |caps: gst::Caps| installed(&caps).any(|(_, decoding)| decoding == wanted);
    !wanted.is_hardware()
        || ["video/x-h264", "video/x-h265"].into_iter().any(|name| decodes(gst::Caps::new_empty_simple(name)))
}

/// Hardware decoders that GStreamer never tries by itself are made to be tried last: which are used is decided here.
pub(crate) fn allow_hardware() {
    for name in ["video/x-h264", "video/x-h265"] {
        let caps = gst::Caps::new_empty_simple(name);
        for factory in decoders(gst::Rank::NONE).filter(|factory| factory.can_sink_any_caps(&caps)) {
            let ours = Decoding::of_element(&factory).is_some_and(Decoding::is_hardware);
            if ours && factory.rank() < gst::Rank::MARGINAL {
                factory.set_rank(gst::Rank::MARGINAL);
            }
        }
    }
}

/// Makes `decodebin` use only the decoders that `decoders` of the camera accepts.
pub(crate) fn restrict(decodebin: &gst::Element, shared: &Arc<Shared>) -> Result<(), glib::BoolError> {
    // The list from which decoders are tried. What is not in it has no say in the form in which the parser before it
    // gives the stream either, and some hardware takes only one form.
    decodebin.connect("autoplug-sort", false, {
        let shared = Arc::clone(shared);
        move |values| {
            let caps = values.get(2)?.get::<gst::Caps>().ok()?;
            let all = values.get(3)?.get::<glib::ValueArray>().ok()?;
            let wanted = |value: &&glib::Value| {
                let factory = value.get::<gst::ElementFactory>();
                factory.map_or(true, |factory| {
                    !decodes_video(&factory) || shared.decoders.wants(&factory, &caps).is_some()
                })
            };
            Some(glib::ValueArray::from_values(all.iter().filter(wanted).cloned()).to_value())
        }
    });
    // Which of them is tried.
    let answers = glib::Type::from_name("GstAutoplugSelectResult").and_then(glib::EnumClass::with_type);
    let answers = answers.filter(|answers| answers.value_by_nick("try").is_some());
    let answers = answers.ok_or_else(|| glib::bool_error!("decodebin has no choice of decoders"))?;
    let shared = Arc::clone(shared);
    decodebin.connect("autoplug-select", false, move |values| {
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let factory = values.get(3).and_then(|value| value.get::<gst::ElementFactory>().ok());
        if let Some((factory, caps)) = factory.zip(caps).filter(|(factory, _)| decodes_video(factory)) {
            shared.decoders.tries(&factory, &caps);
        }
        answers.to_value_by_nick("try")
    });
    Ok(())
}

/// Whether `factory` decodes moving pictures; those of Motion JPEG count as images to the library.
pub(crate) fn decodes_video(factory: &gst::ElementFactory) -> bool {
    let media = gst::ElementFactoryType::MEDIA_VIDEO | gst::ElementFactoryType::MEDIA_IMAGE;
    factory.has_type(gst::ElementFactoryType::DECODER | media)
}

/// Whether the choice of a decoder is for such streams.
fn concerns(caps: &gst::Caps) -> bool {
    caps.structure(0).is_some_and(|structure| ["video/x-h264", "video/x-h265"].contains(&structure.name().as_str()))
}

/// The decoders for `caps` that are there, and what they are.
fn installed(caps: &gst::Caps) -> impl Iterator<Item = (gst::ElementFactory, Decoding)> {
    decoders(gst::Rank::MARGINAL).filter(|factory| factory.can_sink_any_caps(caps)).filter_map(|factory| {
        let decoding = Decoding::of_element(&factory)?;
        Some((factory, decoding))
    })
}

fn decoders(rank: gst::Rank) -> impl Iterator<Item = gst::ElementFactory> {
    let kind = gst::ElementFactoryType::DECODER | gst::ElementFactoryType::MEDIA_VIDEO;
    gst::ElementFactory::factories_with_type(kind, rank).into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_reads_back_and_nothing_else_is_accepted() {
        for choice in CHOICES {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        for text in ["", "VAAPI", "cuda", "hardware"] {
            let error = text.parse::<Decoding>().expect_err(text);
            assert!(error.to_string().contains("auto, software, vaapi, v4l2 and nvidia"), "{error}");
        }
    }

    #[test]
    fn software_decoders_are_told_from_hardware() {
        gst::init().expect("GStreamer is installed");
        for name in ["avdec_h264", "avdec_h265", "openh264dec", "vp8dec"] {
            let factory = gst::ElementFactory::find(name).expect(name);
            assert_eq!(Decoding::of_element(&factory), Some(Decoding::Software), "{name}");
        }
    }
}
