//! HTTP requests as calls of the API: the user that sends a request, and the content of the
//! request.
use super::{ResponseBody, replies::to_response};
use crate::world::rehearsal::api_server::{
    controllers::{is_expired, secret_text},
    rbac::User,
    requests::{ApiCall, ApiReply, ApiState},
    status::ApiError,
    store::core_resource,
};
use http_body_util::{BodyExt, Limited};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName},
    http::request::Parts,
};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::time::timeout;

/// Bytes of the largest body. etcd refuses larger objects.
const MAX_BODY: usize = 3 << 20;
/// Time limit for a client to send the body of a request.
const BODY_TIME: Duration = Duration::from_secs(60);

/// Answers a request. `user` is the user of the client's certificate, if it has one.
pub(super) async fn handle_request(
    api: Arc<ApiState>,
    user: Option<User>,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    let (head, body) = request.into_parts();
    let Some(user) = authenticate(&api, user, &head) else {
        let status = ApiError::unauthorized().body();
        return Ok(to_response(ApiReply::Json(401, status)));
    };
    let Some(body) = read_body(body).await else {
        let status = ApiError::request_entity_too_large(&format!("limit is {MAX_BODY}")).body();
        return Ok(to_response(ApiReply::Json(413, status)));
    };
    let call = ApiCall {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect(),
        content_type: header(&head, &CONTENT_TYPE).to_owned(),
        accept: header(&head, &ACCEPT).to_owned(),
        body: body.to_vec(),
        user,
    };
    Ok(to_response(api.answer(&call)))
}

/// Returns a header; empty if there is none.
fn header<'a>(head: &'a Parts, name: &HeaderName) -> &'a str {
    head.headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Returns the user of a request: that of the certificate, that of a bearer token, or the anonymous
/// user. `None` if the token is not valid.
fn authenticate(api: &ApiState, certificate: Option<User>, head: &Parts) -> Option<User> {
    match (
        certificate,
        header(head, &AUTHORIZATION).strip_prefix("Bearer "),
    ) {
        (Some(user), _) => Some(user),
        (None, Some(token)) => user_of_token(api, token),
        (None, None) => Some(User::anonymous()),
    }
}

/// Reads a body; `None` if it is too large or comes too slowly.
async fn read_body(body: Incoming) -> Option<Bytes> {
    let read = Limited::new(body, MAX_BODY).collect();
    let body = timeout(BODY_TIME, read).await.ok()?.ok()?;
    Some(body.to_bytes())
}

/// Returns the user of a bootstrap token; `None` if the token is not valid.
fn user_of_token(api: &ApiState, token: &str) -> Option<User> {
    let (id, secret) = token.split_once('.')?;
    let store = api.store.lock();
    let stored = store.get(
        core_resource("secrets"),
        "kube-system",
        &format!("bootstrap-token-{id}"),
    )?;
    let [token_secret, token_id, usage, extra_groups] = [
        "token-secret",
        "token-id",
        "usage-bootstrap-authentication",
        "auth-extra-groups",
    ]
    .map(|key| secret_text(stored, key).unwrap_or_default());
    let has_secret = aws_lc_rs::constant_time::verify_slices_are_equal(
        token_secret.as_bytes(),
        secret.as_bytes(),
    )
    .is_ok();
    if !has_secret || token_id != id || usage != "true" || is_expired(stored) {
        return None;
    }
    let groups = ["system:bootstrappers", "system:authenticated"]
        .into_iter()
        .chain(extra_groups.split(',').filter(|group| !group.is_empty()));
    Some(User {
        name: format!("system:bootstrap:{id}"),
        groups: groups.map(str::to_owned).collect(),
    })
}
