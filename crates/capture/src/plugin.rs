//! Which Debian package brings what GStreamer lacks.

/// The package of each element that a pipeline here is built of by name.
const ELEMENTS: [(&str, &str); 5] = [
    ("filesrc", "libgstreamer1.0-0"),
    ("decodebin", "gstreamer1.0-plugins-base"),
    ("videoconvert", "gstreamer1.0-plugins-base"),
    ("appsink", "gstreamer1.0-plugins-base"),
    ("rtspsrc", "gstreamer1.0-plugins-good"),
];

/// The package of formats, by the beginning of their GStreamer media type; the first that fits counts.
const FORMATS: [(&str, &str); 22] = [
    ("video/x-av1", "gstreamer1.0-plugins-bad"),
    ("video/x-vp", "gstreamer1.0-plugins-good"),
    ("video/x-dv", "gstreamer1.0-plugins-good"),
    ("video/x-theora", "gstreamer1.0-plugins-base"),
    ("video/x-matroska", "gstreamer1.0-plugins-good"),
    ("video/webm", "gstreamer1.0-plugins-good"),
    ("video/quicktime", "gstreamer1.0-plugins-good"),
    ("video/x-msvideo", "gstreamer1.0-plugins-good"),
    ("video/x-flv", "gstreamer1.0-plugins-good"),
    ("video/mpegts", "gstreamer1.0-plugins-bad"),
    ("video/x-ms-asf", "gstreamer1.0-plugins-ugly"),
    ("video/", "gstreamer1.0-libav"),
    ("image/jpeg", "gstreamer1.0-plugins-good"),
    ("image/png", "gstreamer1.0-plugins-good"),
    ("image/", "gstreamer1.0-plugins-bad"),
    ("application/x-rtp", "gstreamer1.0-plugins-good"),
    ("application/x-rtcp", "gstreamer1.0-plugins-good"),
    ("application/x-rdt", "gstreamer1.0-plugins-ugly"),
    ("application/ogg", "gstreamer1.0-plugins-base"),
    ("application/mxf", "gstreamer1.0-plugins-bad"),
    ("application/x-srtp", "gstreamer1.0-plugins-bad"),
    ("", "gstreamer1.0-libav"),
];

/// The elements that are made by name, each with its Debian package.
pub(crate) fn elements() -> impl Iterator<Item = (&'static str, &'static str)> {
    ELEMENTS.into_iter()
}

/// The Debian package that most likely reads `media_type`, such as `video/x-h264`.
pub(crate) fn package_for_format(media_type: &str) -> &'static str {
    let fitting = FORMATS.iter().find(|(prefix, _)| media_type.starts_with(prefix));
    fitting.map(|(_, package)| *package).expect("the last entry fits everything")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_special_format_counts() {
        for (format, package) in [
            ("video/x-h264", "gstreamer1.0-libav"),
            ("video/x-h265", "gstreamer1.0-libav"),
            ("video/x-vp9", "gstreamer1.0-plugins-good"),
            ("video/quicktime", "gstreamer1.0-plugins-good"),
            ("application/x-rtp", "gstreamer1.0-plugins-good"),
            ("something/new", "gstreamer1.0-libav"),
        ] {
            assert_eq!(package_for_format(format), package, "{format}");
        }
    }
}
