//! The API server as its clients see it. `objects` has the verbs, `access` authorization, `patches`
//! patches, `controllers` Services and bootstrap tokens, `persistence` the log.
use super::{
    controllers as server_controllers, policy,
    rbac::User,
    requests::{ApiCall, ApiReply, ApiState, reply_of},
    signer::SigningAuthority,
    store::{Store, core_resource},
};
use kubephase_sdk::net::Network;
use parking_lot::Mutex;
use serde_json::{Value, json};

mod access;
mod controllers;
mod objects;
mod patches;
mod persistence;

pub(super) const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

/// Returns the state of a cluster with these objects and those that every cluster has.
fn state_with(mut store: Store) -> ApiState {
    policy::create_defaults(&mut store);
    server_controllers::create_defaults(&mut store, Some("10.96.0.1"), 6443);
    let authority = SigningAuthority::without_key("PEM");
    server_controllers::reconcile(&mut store, &authority);
    ApiState {
        store: Mutex::new(store),
        authority,
        service_range: Network::parse("10.96.0.0/12"),
    }
}

pub(super) fn new_state() -> ApiState {
    state_with(Store::new())
}

/// A client with the credentials of a user.
pub(super) struct TestClient<'a> {
    api: &'a ApiState,
    user: User,
}

impl TestClient<'_> {
    fn new<'a>(api: &'a ApiState, name: &str, groups: &[&str]) -> TestClient<'a> {
        let groups = groups
            .iter()
            .chain(&["system:authenticated"])
            .map(ToString::to_string)
            .collect();
        let user = User {
            name: name.into(),
            groups,
        };
        TestClient { api, user }
    }

    /// Returns a client that may do everything.
    pub(super) fn admin(api: &ApiState) -> TestClient<'_> {
        TestClient::new(api, "root", &["system:masters"])
    }

    /// Sends a request. Returns the status code and the answer.
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &Value,
    ) -> (u16, Value) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let call = ApiCall {
            method: method.into(),
            path: path.into(),
            query: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            content_type: content_type.into(),
            accept: "application/json".into(),
            body: body.to_string().into_bytes(),
            user: self.user.clone(),
        };
        match self.api.answer(&call) {
            ApiReply::Json(status, value) => (status, value),
            ApiReply::Text(status, text) => (status, text.into()),
            ApiReply::Watch(watch) => (200, json!({"initial": watch.initial})),
        }
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, "application/json", &Value::Null)
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send("POST", path, "application/json", body)
    }

    fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send("PUT", path, "application/json", body)
    }

    /// Sends a patch. `kind` is its media type without `application/`.
    fn patch(&self, path: &str, kind: &str, body: &Value) -> (u16, Value) {
        self.send("PATCH", path, &format!("application/{kind}"), body)
    }

    fn delete(&self, path: &str) -> (u16, Value) {
        self.send("DELETE", path, "application/json", &Value::Null)
    }
}

pub(super) fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}
