//! The plan of a site: a picture that somebody brings. What it is, its own bytes say, never its name.

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use imagesize::ImageType;

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::policies::site_seen;
use crate::api::problem::Problem;
use crate::clock;

/// Longest picture, in bytes.
const PLAN_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Widest and highest picture, in pixels: a browser unpacks it to four bytes each.
const PLAN_PX_MAX: usize = 6_000;

/// Smallest picture, in pixels.
const PLAN_PX_MIN: usize = 64;

/// What the picture's first bytes are, and its width and height; or what is wrong with it.
fn look(bytes: &[u8]) -> Result<(&'static str, (u64, u64)), String> {
    let unknown = || "it is no picture that is accepted: PNG, JPEG and WebP are".to_owned();
    let media_type = match imagesize::image_type(bytes) {
        Ok(ImageType::Png) => "image/png",
        Ok(ImageType::Jpeg) => "image/jpeg",
        Ok(ImageType::Webp) => "image/webp",
        Ok(_) | Err(_) => return Err(unknown()),
    };
    let size = imagesize::blob_size(bytes).map_err(|error| format!("its size cannot be read: {error}"))?;
    for (what, px) in [("wide", size.width), ("high", size.height)] {
        if !(PLAN_PX_MIN..=PLAN_PX_MAX).contains(&px) {
            return Err(format!("it is {px} pixels {what}: {PLAN_PX_MIN} to {PLAN_PX_MAX} are accepted"));
        }
    }
    Ok((media_type, (size.width as u64, size.height as u64)))
}

/// The plan of a site.
#[utoipa::path(get, path = "/api/v1/sites/{site}/plan", tag = "figures",
    params(("site" = String, Path, description = "The site")),
    responses((status = 200, description = "The picture", content_type = "image/png"), (status = 304, description = "The reader has it"),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn plan(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let site = site_seen(&caller, Permission::FiguresRead, &name)?;
    let missing = || Problem::new(StatusCode::NOT_FOUND, format!("site \"{site}\" has no plan"));
    let (plan, bytes) = app.store.site_plan(&site).await?.ok_or_else(missing)?;
    let etag = format!("\"{}\"", plan.sha256);
    let is_held = headers.get(header::IF_NONE_MATCH).is_some_and(|held| held.as_bytes() == etag.as_bytes());
    let mut response = if is_held { StatusCode::NOT_MODIFIED.into_response() } else { bytes.into_response() };
    let answer = response.headers_mut();
    // The type is one of three that were found in its bytes; the browser guesses no other.
    answer.insert(header::CONTENT_TYPE, HeaderValue::try_from(plan.media_type).map_err(|_| missing())?);
    answer.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    answer.insert(header::ETAG, HeaderValue::try_from(etag).map_err(|_| missing())?);
    Ok(response)
}

/// Puts a picture of a site in place of the one before: PNG, JPEG or WebP, as its own bytes say.
#[utoipa::path(put, path = "/api/v1/sites/{site}/plan", tag = "figures",
    params(("site" = String, Path, description = "The site")),
    request_body(content = Vec<u8>, description = "The picture", content_type = "application/octet-stream"),
    responses((status = 204), (status = 400, description = "No picture that is accepted", body = Problem),
        (status = 404, body = Problem), (status = 413, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn plan_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    body: Body,
) -> Result<StatusCode, Problem> {
    let site = site_seen(&caller, Permission::NodesWrite, &name)?;
    let too_long = |_| {
        let detail = format!("the picture is too long: {} MiB are accepted", PLAN_BYTES_MAX / 1024 / 1024);
        Problem::of("plan_refused", StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    let bytes = to_bytes(body, PLAN_BYTES_MAX).await.map_err(too_long)?;
    let (media_type, size_px) = look(&bytes)
        .map_err(|error| Problem::of("plan_refused", StatusCode::BAD_REQUEST, format!("the picture: {error}")))?;
    app.store.site_plan_set(&site, media_type, size_px, bytes.to_vec(), caller.name(), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets the plan of a site; its gates stand nowhere then.
#[utoipa::path(delete, path = "/api/v1/sites/{site}/plan", tag = "figures",
    params(("site" = String, Path, description = "The site")),
    responses((status = 204), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn plan_delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let site = site_seen(&caller, Permission::NodesWrite, &name)?;
    if app.store.site_plan_delete(&site).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(StatusCode::NOT_FOUND, format!("site \"{site}\" has no plan")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 2, 0, 0, 0]);
        bytes
    }

    #[test]
    fn a_picture_is_what_its_bytes_say_and_of_a_size_that_browsers_bear() {
        assert_eq!(look(&png(640, 480)), Ok(("image/png", (640, 480))));
        for (bytes, wanted) in [
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>".to_vec(), "PNG, JPEG and WebP"),
            (b"GIF89a\x80\x02\xe0\x01\0\0\0".to_vec(), "PNG, JPEG and WebP"),
            (Vec::new(), "PNG, JPEG and WebP"),
            (png(60_000, 480), "60000 pixels wide"),
            (png(640, 8), "8 pixels high"),
            (png(640, 480)[..20].to_vec(), "cannot be read"),
        ] {
            let error = look(&bytes).expect_err(wanted);
            assert!(error.contains(wanted), "{error}");
        }
    }
}
