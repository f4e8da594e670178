//! Replies of the API as HTTP responses.
use super::ResponseBody;
use crate::world::rehearsal::api_server::{
    requests::{ApiReply, WatchReply},
    store::StoredChange,
};
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::{
    Response, StatusCode,
    body::{Bytes, Frame},
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::{Value, json};
use std::convert::Infallible;

/// Returns the response of a reply.
pub(super) fn to_response(reply: ApiReply) -> Response<ResponseBody> {
    let (status, media_type, body) = match reply {
        ApiReply::Json(status, value) => (status, "application/json", full(value.to_string())),
        ApiReply::Text(status, text) => (status, "text/plain; charset=utf-8", full(text)),
        ApiReply::Watch(watch) => (200, "application/json", watch_body(watch)),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

fn full(text: String) -> ResponseBody {
    Full::new(Bytes::from(text)).boxed_unsync()
}

/// Returns a body with one event a line, for as long as the client stays.
fn watch_body(watch: WatchReply) -> ResponseBody {
    let initial: Vec<Result<Frame<Bytes>, Infallible>> = watch
        .initial
        .iter()
        .map(|object| Ok(event_line("ADDED", object)))
        .collect();
    let changes = stream::unfold(watch, async |mut watch| {
        loop {
            // The watch of a client that lags ends; the client lists again.
            let change = watch.changes.recv().await.ok()?;
            if watch.includes(&change) {
                return Some((Ok(event_line(change.kind, &change.object)), watch));
            }
        }
    });
    BodyExt::boxed_unsync(StreamBody::new(stream::iter(initial).chain(changes)))
}

impl WatchReply {
    /// Whether a change is of an object that is watched.
    fn includes(&self, change: &StoredChange) -> bool {
        let is_in_namespace = self.namespace.is_empty()
            || change.object["metadata"]["namespace"] == self.namespace.as_str();
        change.resource == self.resource
            && is_in_namespace
            && self.selectors.matches(&change.object)
    }
}

fn event_line(kind: &str, object: &Value) -> Frame<Bytes> {
    let event = json!({"type": kind, "object": object});
    Frame::data(Bytes::from(format!("{event}\n")))
}
