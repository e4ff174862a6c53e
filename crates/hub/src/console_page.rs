//! Serves the console: its files, and the page itself at every address that is a page of it.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use console::Asset;

use crate::api::{no_such_asset, no_such_path};
use crate::etag::{etag, is_held};

/// A file whose name carries its hash is kept for a year without asking.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Any other is asked for each time, and answered without bytes while it is the same.
const ASK_ALWAYS: &str = "no-cache";

/// Addresses that are never a page: a mistyped one of the API gets a problem, not the console.
const NEVER_PAGES: [&str; 6] = ["/api/", "/console/", "/assets/", "/healthz", "/readyz", "/metrics"];

static ETAGS: LazyLock<HashMap<&str, String>> =
    LazyLock::new(|| console::ASSETS.iter().map(|asset| (asset.path, etag(asset.plain))).collect());

/// The console.
pub(crate) async fn index(headers: HeaderMap) -> Response {
    Asset::find(console::INDEX).map_or_else(|| no_such_asset(console::INDEX), |asset| answer(asset, &headers))
}

/// One of its files whose names carry a hash.
pub(crate) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let path = format!("{}{name}", console::HASHED);
    Asset::find(&path).map_or_else(|| no_such_asset(&name), |asset| answer(asset, &headers))
}

/// Its icon.
pub(crate) async fn icon(headers: HeaderMap) -> Response {
    Asset::find("icon.svg").map_or_else(|| no_such_asset("icon.svg"), |asset| answer(asset, &headers))
}

/// Whatever has no route: the console for a browser that opens a page of it, else a problem.
pub(crate) async fn page_or_problem(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let is_page = (method == Method::GET || method == Method::HEAD)
        && accepts.contains("text/html")
        && !NEVER_PAGES.iter().any(|start| uri.path().starts_with(start));
    if is_page { index(headers).await } else { no_such_path(uri).await.into_response() }
}

fn answer(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let etag = &ETAGS[asset.path];
    let mut response = if is_held(headers, etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let (bytes, encoding) = best_form(asset, headers);
        let mut response = ([(header::CONTENT_TYPE, asset.media_type())], bytes).into_response();
        if let Some(encoding) = encoding {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::try_from(etag).expect("hexadecimal digits in quotes"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let keeping = if asset.is_hashed() { FOR_EVER } else { ASK_ALWAYS };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keeping));
    response
}

/// The smallest form that the reader takes.
fn best_form(asset: &'static Asset, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes = |name: &str| {
        accepted.split(',').any(|part| {
            let mut part = part.split(';').map(str::trim);
            part.next() == Some(name) && !part.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    };
    match (asset.brotli, asset.gzip) {
        (Some(bytes), _) if takes("br") => (bytes, Some("br")),
        (_, Some(bytes)) if takes("gzip") => (bytes, Some("gzip")),
        (_, _) => (asset.plain, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSET: Asset =
        Asset { path: "console/a-12345678.js", plain: b"plain", brotli: Some(b"b"), gzip: Some(b"gz") };

    fn form(accepted: &'static str) -> Option<&'static str> {
        static KEPT: Asset = ASSET;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
        best_form(&KEPT, &headers).1
    }

    #[test]
    fn the_smallest_form_that_the_reader_takes_is_sent() {
        assert_eq!(form("gzip, deflate, br"), Some("br"));
        assert_eq!(form("gzip"), Some("gzip"));
        assert_eq!(form("br;q=0, gzip;q=0.5"), Some("gzip"));
        assert_eq!(form("identity"), None);
        assert_eq!(form(""), None);
    }
}
