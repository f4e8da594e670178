//! Requests to the API: parsed, authorized, and carried out on the store.
//!
//! `path` parses paths, `reading` and `writing` have the verbs, `patching` patches, `body` parses
//! bodies.
mod body;
mod deleting;
mod patching;
mod path;
mod reading;
mod writing;

use super::{
    discovery,
    rbac::{self, AccessRequest, User},
    review,
    selectors::Selectors,
    signer::SigningAuthority,
    status::{ApiError, ApiResult},
    store::{Store, StoredChange},
};
use crate::world::{
    api::resources::{Resource, find_by_kind},
    rehearsal::persistence::LogEntry,
};
use body::parse_body;
use kubephase_sdk::net::Network;
use parking_lot::Mutex;
use path::ResourcePath;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};
use tokio::sync::broadcast;

/// The objects and settings that the API servers of a cluster share.
pub struct ApiState {
    pub store: Mutex<Store>,
    pub authority: SigningAuthority,
    /// The range of the addresses of Services.
    pub service_range: Option<Network>,
}

impl ApiState {
    /// Returns all objects as entries of a log, and one more entry.
    pub fn entries(&self, last: LogEntry) -> Vec<LogEntry> {
        self.store.lock().entries().chain([last]).collect()
    }
}

/// A request to the API.
pub struct ApiCall {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub content_type: String,
    pub accept: String,
    pub body: Vec<u8>,
    pub user: User,
}

impl ApiCall {
    /// Whether the result is returned without changing anything.
    fn is_dry_run(&self) -> bool {
        self.query.get("dryRun").is_some_and(|dry| dry == "All")
    }

    fn field_manager(&self) -> &str {
        self.query
            .get("fieldManager")
            .map_or("unknown", String::as_str)
    }
}

/// An answer of the API.
pub enum ApiReply {
    /// A status code and a JSON body.
    Json(u16, Value),
    /// A status code and a text body.
    Text(u16, String),
    /// Events for as long as the client stays.
    Watch(WatchReply),
}

/// The answer to a watch: the objects at its beginning, and changes from then on.
pub struct WatchReply {
    pub resource: &'static Resource,
    /// The namespace; empty for all.
    pub namespace: String,
    pub selectors: Selectors,
    /// The objects that changed since the version that the client knows, without deletions.
    pub initial: Vec<Value>,
    pub changes: broadcast::Receiver<StoredChange>,
}

/// A request for objects of a resource that is authorized.
struct AuthorizedCall<'a> {
    api: &'a ApiState,
    call: &'a ApiCall,
    path: ResourcePath,
    access: AccessRequest,
}

/// Makes the reply to a request. A panic becomes an internal error, because a client that gets no
/// answer asks again and again.
pub(super) fn reply_of(answer: impl FnOnce() -> ApiResult<ApiReply>) -> ApiReply {
    catch_unwind(AssertUnwindSafe(answer))
        .unwrap_or_else(|_| Err(ApiError::internal()))
        .unwrap_or_else(|error| ApiReply::Json(error.code, error.body()))
}

impl ApiState {
    /// Records the version of a node's kubelet, if the node exists.
    pub fn set_kubelet_version(&self, node: &str, version: &str) {
        let mut store = self.store.lock();
        let Some(resource) = find_by_kind("v1", "Node") else {
            return;
        };
        if let Some(mut object) = store.get(resource, "", node).cloned() {
            object["status"]["nodeInfo"]["kubeletVersion"] = version.into();
            // The object was read from the store, so it can be updated.
            let _ = store.update(resource, object);
        }
    }

    /// Answers a request.
    pub fn answer(&self, call: &ApiCall) -> ApiReply {
        let mut store = self.store.lock();
        reply_of(|| self.answer_path(&mut store, call))
    }

    fn answer_path(&self, store: &mut Store, call: &ApiCall) -> ApiResult<ApiReply> {
        match ResourcePath::parse(&call.path) {
            Some(path) => self.answer_resource(store, call, path),
            None => answer_other_path(store, call),
        }
    }

    fn answer_resource(
        &self,
        store: &mut Store,
        call: &ApiCall,
        path: ResourcePath,
    ) -> ApiResult<ApiReply> {
        let verb = path.verb(call)?;
        let access = path.access_request(call, verb);
        rbac::authorize(store, &call.user, &access)?;
        let call = AuthorizedCall {
            api: self,
            call,
            path,
            access,
        };
        match verb {
            "get" => call.get(store),
            "list" => call.list(store),
            "watch" => call.watch(store),
            "create" => call.create(store),
            "update" => call.update(store),
            "patch" => call.patch(store),
            "delete" => call.delete(store),
            _ => call.delete_collection(store),
        }
    }
}

/// Answers a request for a path that is not a resource: health, discovery, and reviews of the user
/// that asks.
fn answer_other_path(store: &Store, call: &ApiCall) -> ApiResult<ApiReply> {
    let parts: Vec<&str> = call.path.trim_matches('/').split('/').collect();
    if let (
        "POST",
        [
            "apis",
            group @ ("authentication.k8s.io" | "authorization.k8s.io"),
            "v1",
            review,
        ],
    ) = (call.method.as_str(), parts.as_slice())
    {
        let access = AccessRequest {
            verb: "create".into(),
            group: (*group).into(),
            resource: (*review).into(),
            ..AccessRequest::default()
        };
        rbac::authorize(store, &call.user, &access)?;
        return review::answer_review(store, &call.user, review, &parse_body(call)?)
            .map(|answer| ApiReply::Json(201, answer));
    }
    let verb = if call.method == "POST" { "post" } else { "get" };
    let access = AccessRequest {
        verb: verb.into(),
        path: call.path.clone(),
        ..AccessRequest::default()
    };
    rbac::authorize(store, &call.user, &access)?;
    match parts.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => Ok(ApiReply::Text(200, "ok".into())),
        _ => discovery::answer_discovery(&call.path)
            .map(|answer| ApiReply::Json(200, answer))
            .ok_or_else(ApiError::no_such_path),
    }
}
