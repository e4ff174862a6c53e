//! Bodies that nobody reads to the end. A client that writes before it reads learns nothing of an answer that comes while
//! it writes: the connection is closed under it. So what is left of a refused body is read and thrown away first.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_stream::{Stream, StreamExt};

/// So many bytes are read and thrown away; of a longer body the connection is closed.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Longest time that this may take.
const TIME_MAX: Duration = Duration::from_secs(20);

/// A body that comes back when its reader lets go of it before its end.
struct Lent {
    body: Option<BodyDataStream>,
    /// Whether anything of it was asked for.
    is_begun: bool,
    back: Option<oneshot::Sender<(BodyDataStream, bool)>>,
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.is_begun = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_next(context);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.body = None;
        }
        polled
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(body), Some(back)) = (self.body.take(), self.back.take()) {
            // Nobody waits for it where the client is gone.
            let _ = back.send((body, self.is_begun));
        }
    }
}

/// Reads what is left of a request's body before its answer is given.
pub(crate) async fn drain(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    // Such a client sends nothing unless it is asked to, which the first look at the body does.
    let waits = parts.headers.contains_key(header::EXPECT);
    let (back, mut left) = oneshot::channel();
    let lent = Lent { body: Some(body.into_data_stream()), is_begun: false, back: Some(back) };
    let response = next.run(Request::from_parts(parts, Body::from_stream(lent))).await;
    if let Ok((body, is_begun)) = left.try_recv()
        && (is_begun || !waits)
    {
        // What takes longer is closed after all.
        let _ = timeout(TIME_MAX, discard(body)).await;
    }
    response
}

async fn discard(mut body: BodyDataStream) {
    let mut left = BYTES_MAX;
    while let Some(Ok(chunk)) = body.next().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
