//! Starting GStreamer once per process.

use std::sync::OnceLock;

use gstreamer as gst;
use gstreamer::glib;

use crate::{StartError, decoding, plugin};

/// Starts the library and checks that the elements needed by name are there.
pub(crate) fn start() -> Result<(), StartError> {
    static INIT: OnceLock<Result<(), glib::Error>> = OnceLock::new();
    let started = INIT.get_or_init(|| {
        // GStreamer's own log stays silent unless GST_DEBUG asks for it, but GLib prints warnings of any library to
        // stderr, where nobody who reads our log finds them.
        glib::log_set_default_handler(|domain, level, message| {
            tracing::debug!(domain, ?level, message, "glib");
        });
        gst::init().inspect(|()| decoding::allow_hardware())
    });
    started.clone().map_err(StartError::Library)?;
    let missing = plugin::elements().find(|(element, _)| gst::ElementFactory::find(element).is_none());
    missing.map_or(Ok(()), |(element, package)| Err(StartError::ElementMissing { element, package }))
}
