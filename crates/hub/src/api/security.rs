//! What every request must have and every answer gets.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::App;
use crate::api::problem::Problem;

/// Scripts, styles and pictures from here only; nobody frames the page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// Names under which a hub that listens on `listen` may be addressed. A page of somebody else must not reach the hub by
/// making its own name stand for 127.0.0.1, so a loopback hub answers to names of this machine only.
pub(crate) fn hosts(listen: SocketAddr, configured: &[String]) -> Option<Arc<[String]>> {
    if !listen.ip().is_loopback() && configured.is_empty() {
        return None;
    }
    let mut hosts = vec!["localhost".to_owned()];
    hosts.extend(configured.iter().map(|host| host.to_ascii_lowercase()));
    if !listen.ip().is_loopback() && !listen.ip().is_unspecified() {
        hosts.push(listen.ip().to_string());
    }
    Some(hosts.into())
}

fn is_allowed(host: &str, hosts: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()) || hosts.contains(&name)
}

pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    let refused = app.hosts.as_deref().filter(|hosts| !host.is_some_and(|host| is_allowed(host, hosts)));
    let mut response = match refused {
        Some(_) => {
            let detail = format!(
                "the hub does not answer to the name \"{}\": add it to `hosts` in its configuration",
                host.unwrap_or_default()
            );
            Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response()
        }
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_hub_answers_to_names_of_this_machine_and_configured_ones() {
        let listen = SocketAddr::from(([127, 0, 0, 1], 8080));
        let hosts = hosts(listen, &["IOC.example.vn".to_owned()]).expect("a loopback hub is careful");
        for good in
            ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "ioc.example.vn", "IOC.example.vn:443"]
        {
            assert!(is_allowed(good, &hosts), "{good}");
        }
        for bad in ["", "evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example:1"] {
            assert!(!is_allowed(bad, &hosts), "{bad}");
        }
        assert_eq!(super::hosts(SocketAddr::from(([0, 0, 0, 0], 8080)), &[]), None);
    }
}
