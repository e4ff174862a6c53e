//! Where pictures come from: a file or an RTSP address. Passwords never leave this module in readable form except into
//! the pipeline.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use thiserror::Error;
use url::Url;

/// A video file or a network camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceLocation {
    /// A video file.
    File(PathBuf),
    /// A camera or recorder that speaks RTSP.
    Rtsp(RtspUrl),
}

/// An `rtsp://` or `rtsps://` address with a host, and perhaps a user name and password.
///
/// `Debug` and `Display` write `***` for the password, and for what looks like one in the path or query.
#[derive(Clone, PartialEq, Eq)]
pub struct RtspUrl {
    /// The address without user name and password.
    bare: Url,
    user: Option<String>,
    password: Option<String>,
}

/// Why a text is not a source. Never repeats a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidLocation {
    /// Nothing given.
    #[error("the source is empty; accepted are the path of a video file or an address such as rtsp://host:554/path")]
    Empty,
    /// Some other kind of address.
    #[error(
        "sources of the kind \"{scheme}://\" are not supported; accepted are the path of a video file, rtsp:// and rtsps://"
    )]
    SchemeUnknown {
        /// What stood before `://`.
        scheme: String,
    },
    /// Not an address.
    #[error(
        "the RTSP address {shown} is wrong: {reason}; accepted is rtsp://user:password@host:port/path, where a \
         password's own characters / ? # @ : % are written as %2F %3F %23 %40 %3A %25"
    )]
    Rtsp {
        /// The address without user name and password.
        shown: String,
        /// What is wrong.
        reason: String,
    },
}

impl FromStr for SourceLocation {
    type Err = InvalidLocation;
    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        if text.trim().is_empty() {
            return Err(InvalidLocation::Empty);
        }
        match text.split_once("://") {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("rtsp") || scheme.eq_ignore_ascii_case("rtsps") => {
                text.parse().map(Self::Rtsp)
            }
            Some((scheme, _)) if !scheme.contains('/') => {
                Err(InvalidLocation::SchemeUnknown { scheme: scheme.to_owned() })
            }
            Some(_) | None => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Rtsp(url) => url.fmt(f),
        }
    }
}

impl FromStr for RtspUrl {
    type Err = InvalidLocation;
    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        let wrong = |reason: &str| {
            let (scheme, rest) = text.split_once("://").unwrap_or(("rtsp", text));
            let (_, after) = rest.rsplit_once('@').unwrap_or(("", rest));
            let shown = format!("{}://{}", hide_secrets(scheme), hide_secrets(after));
            InvalidLocation::Rtsp { shown, reason: reason.to_owned() }
        };
        let mut bare = Url::parse(text.trim()).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(bare.scheme(), "rtsp" | "rtsps") {
            return Err(wrong("it begins with neither rtsp:// nor rtsps://"));
        }
        if bare.host_str().is_none_or(str::is_empty) {
            return Err(wrong("it names no host"));
        }
        if bare.port() == Some(0) {
            return Err(wrong("port 0 cannot be connected to"));
        }
        if bare.fragment().is_some() {
            return Err(wrong("it contains a # that is not written as %23"));
        }
        let decoded = |part: &str| {
            let plain =
                percent_decode_str(part).decode_utf8().map_err(|_| wrong("user name or password is not UTF-8"))?;
            if plain.contains('\0') { Err(wrong("user name or password contains %00")) } else { Ok(plain.into_owned()) }
        };
        let user = Some(bare.username()).filter(|user| !user.is_empty()).map(decoded).transpose()?;
        let password = bare.password().map(decoded).transpose()?;
        if user.is_none() && password.is_some() {
            return Err(wrong("it has a password but no user name"));
        }
        bare.set_username("").and_then(|()| bare.set_password(None)).map_err(|()| wrong("it names no host"))?;
        Ok(Self { bare, user, password })
    }
}

impl RtspUrl {
    /// The host and port that are connected to.
    pub fn address(&self) -> String {
        let port = self.bare.port().unwrap_or(if self.bare.scheme() == "rtsps" { 322 } else { 554 });
        format!("{}:{port}", self.bare.host_str().unwrap_or_default())
    }

    /// The address for the pipeline: no user name, no password.
    pub(crate) fn bare(&self) -> &str {
        self.bare.as_str()
    }

    pub(crate) fn credentials(&self) -> (Option<&str>, Option<&str>) {
        (self.user.as_deref(), self.password.as_deref())
    }

    /// `text` from the library with this address and password made safe to show.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut text = text.replace(self.bare(), &self.to_string());
        if let Some(password) = self.password.as_deref().filter(|password| !password.is_empty()) {
            text = text.replace(password, "***");
        }
        hide_secrets(&text)
    }
}

impl fmt::Display for RtspUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.bare().split_once("://").expect("checked when it was read");
        write!(f, "{scheme}://")?;
        match (&self.user, &self.password) {
            (Some(user), Some(_)) => write!(f, "{user}:***@")?,
            (Some(user), None) => write!(f, "{user}@")?,
            (None, Some(_) | None) => {}
        }
        f.write_str(&hide_secrets(rest))
    }
}

impl fmt::Debug for RtspUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RtspUrl({self})")
    }
}

/// Names of fields in the path or query under which cameras take a password; compared in lower case.
const SECRET_FIELDS: [&str; 7] = ["password", "passwd", "pass", "pwd", "token", "secret", "key"];

/// Writes `***` for the value of each `name=value` whose name ends like a password field's. Fields are separated as in a
/// query, or by `_` as some recorders write them into the path.
fn hide_secrets(text: &str) -> String {
    const SEPARATORS: [char; 5] = ['&', '/', '?', ';', ' '];
    let mut shown = String::with_capacity(text.len());
    for part in text.split_inclusive(SEPARATORS) {
        let (fields, separator) = part.split_at(part.rfind(SEPARATORS).unwrap_or(part.len()));
        let mut hiding = false;
        for (i, piece) in fields.split('_').enumerate() {
            let named = piece.split_once('=').filter(|(_, value)| !value.is_empty() && !value.starts_with('='));
            let secret = named.filter(|(name, _)| {
                let name = name.to_ascii_lowercase();
                SECRET_FIELDS.iter().any(|known| name.ends_with(known))
            });
            hiding = secret.is_some() || (hiding && named.is_none());
            if secret.is_some() || !hiding {
                shown.push_str(if i > 0 { "_" } else { "" });
            }
            match secret {
                Some((name, _)) => shown.extend([name, "=***"]),
                None if hiding => {}
                None => shown.push_str(piece),
            }
        }
        shown.push_str(separator);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> RtspUrl {
        text.parse().expect(text)
    }

    #[test]
    fn the_password_is_never_shown() {
        let plain = url("rtsp://admin:hunter2@10.0.0.7:8554/stream?channel=1");
        assert_eq!(plain.to_string(), "rtsp://admin:***@10.0.0.7:8554/stream?channel=1");
        assert_eq!(format!("{plain:?}"), "RtspUrl(rtsp://admin:***@10.0.0.7:8554/stream?channel=1)");
        assert_eq!(plain.credentials(), (Some("admin"), Some("hunter2")));
        assert!(!plain.bare().contains("hunter2"));
        assert_eq!(plain.redact("401 for hunter2"), "401 for ***");
    }

    #[test]
    fn a_password_in_the_path_or_query_is_hidden_too() {
        let query = url("rtsp://c/live?user=a&password=hunter2&channel=1");
        assert_eq!(query.to_string(), "rtsp://c/live?user=a&password=***&channel=1");
        let underscores = url("rtsp://c/live_main?token=hun_ter_2==&sub_stream=1");
        assert_eq!(underscores.to_string(), "rtsp://c/live_main?token=***&sub_stream=1");
        let path = url("rtsp://c/user=admin_password=hunter2_channel=1_stream=0.sdp");
        assert_eq!(path.to_string(), "rtsp://c/user=admin_password=***_channel=1_stream=0.sdp");
        assert!(path.bare().contains("hunter2"), "the camera still gets it");
    }

    #[test]
    fn percent_signs_in_the_password_are_decoded() {
        let plain = url("rtsp://admin:p%40ss%23%2F%3A@cam.local/");
        assert_eq!(plain.credentials(), (Some("admin"), Some("p@ss#/:")));
        assert_eq!(plain.address(), "cam.local:554");
        assert_eq!(url("rtsps://[::1]/x").address(), "[::1]:322");
    }

    #[test]
    fn wrong_addresses_say_why_and_keep_the_password() {
        for (text, expected) in [
            ("rtsp://", "host"),
            ("rtsp:///path", "host"),
            ("rtsp://cam:0/x", "port 0"),
            ("rtsp://cam:99999/x", "port"),
            ("rtsp://admin:hun#ter2@cam/x", "port"),
            ("rtsp://admin@cam/x#hunter2", "%23"),
            ("rtsp://:hunter2@cam/x", "no user name"),
            ("rtsp://admin:hunter2%00@cam/x", "%00"),
        ] {
            let error = text.parse::<SourceLocation>().expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("admin:hun"), "{text}: {error}");
        }
    }

    #[test]
    fn only_files_and_rtsp_are_sources() {
        assert_eq!("a/b.mp4".parse(), Ok(SourceLocation::File("a/b.mp4".into())));
        assert_eq!("a/x://b.mp4".parse(), Ok(SourceLocation::File("a/x://b.mp4".into())));
        assert_eq!(" ".parse::<SourceLocation>(), Err(InvalidLocation::Empty));
        for scheme in ["http", "file", "v4l2"] {
            let error = format!("{scheme}://x").parse::<SourceLocation>().expect_err(scheme);
            assert_eq!(error, InvalidLocation::SchemeUnknown { scheme: scheme.to_owned() });
        }
    }
}
