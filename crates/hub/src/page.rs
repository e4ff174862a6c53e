//! The plain page that the hub serves at `/plain`: files built into the program.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::api::no_such_asset;
use crate::etag::{etag, is_held};

/// One file of the page.
struct File {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! files {
    ($($name:literal $media_type:literal)*) => {
        &[$(File { name: $name, media_type: $media_type, bytes: include_bytes!(concat!("../page/", $name)) }),*]
    };
}

/// Every file of the page. `index.html` is served at `/plain`, each at `/assets/NAME`.
const FILES: &[File] = files! {
    "accuracy.js" "text/javascript; charset=utf-8"
    "api.js" "text/javascript; charset=utf-8"
    "app.js" "text/javascript; charset=utf-8"
    "chart.js" "text/javascript; charset=utf-8"
    "day.js" "text/javascript; charset=utf-8"
    "decision.js" "text/javascript; charset=utf-8"
    "decisions.css" "text/css; charset=utf-8"
    "decisions.js" "text/javascript; charset=utf-8"
    "dom.js" "text/javascript; charset=utf-8"
    "follow.js" "text/javascript; charset=utf-8"
    "entry.css" "text/css; charset=utf-8"
    "entry.js" "text/javascript; charset=utf-8"
    "format.js" "text/javascript; charset=utf-8"
    "gates.js" "text/javascript; charset=utf-8"
    "icon.svg" "image/svg+xml"
    "incident.js" "text/javascript; charset=utf-8"
    "incidents.js" "text/javascript; charset=utf-8"
    "index.html" "text/html; charset=utf-8"
    "link.js" "text/javascript; charset=utf-8"
    "notices.js" "text/javascript; charset=utf-8"
    "opened.js" "text/javascript; charset=utf-8"
    "page.css" "text/css; charset=utf-8"
    "parts.css" "text/css; charset=utf-8"
    "passages.js" "text/javascript; charset=utf-8"
    "pictures.js" "text/javascript; charset=utf-8"
    "plate.js" "text/javascript; charset=utf-8"
    "plates.css" "text/css; charset=utf-8"
    "plates.js" "text/javascript; charset=utf-8"
    "session.js" "text/javascript; charset=utf-8"
    "shapes.js" "text/javascript; charset=utf-8"
    "state.js" "text/javascript; charset=utf-8"
    "trouble.js" "text/javascript; charset=utf-8"
    "words.js" "text/javascript; charset=utf-8"
};

static ETAGS: LazyLock<HashMap<&str, String>> =
    LazyLock::new(|| FILES.iter().map(|file| (file.name, etag(file.bytes))).collect());

/// The page.
pub(crate) async fn index(headers: HeaderMap) -> Response {
    asset(Path("index.html".to_owned()), headers).await
}

/// One of its files.
pub(crate) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = FILES.iter().find(|file| file.name == name) else { return no_such_asset(&name) };
    let etag = &ETAGS[file.name];
    let mut response = if is_held(&headers, etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, file.media_type)], file.bytes).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::try_from(etag).expect("hexadecimal digits in quotes"));
    // Asked for each time, answered without bytes while it is the same: a new hub shows its new page at once.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
