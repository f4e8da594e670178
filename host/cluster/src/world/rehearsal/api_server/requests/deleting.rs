//! The verbs delete and deletecollection.
use super::{ApiReply, AuthorizedCall};
use crate::world::rehearsal::api_server::{
    controllers,
    selectors::Selectors,
    status::ApiResult,
    store::{Store, namespace_and_name},
};
use serde_json::{Value, json};

/// Returns the status that answers a deletion.
fn success_status() -> Value {
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
    })
}

impl AuthorizedCall<'_> {
    pub(super) fn delete(&self, store: &mut Store) -> ApiResult<ApiReply> {
        let object = self.find_object(store)?;
        let path = &self.path;
        self.check_revision(&self.preconditions(), &object)?;
        if !self.call.is_dry_run() {
            store.delete(path.resource, &path.namespace, &path.name)?;
            controllers::reconcile(store, &self.api.authority);
        }
        let mut status = success_status();
        status["details"] = json!({
            "name": path.name,
            "group": path.resource.group,
            "kind": path.resource.plural,
            "uid": object["metadata"]["uid"],
        });
        Ok(ApiReply::Json(200, status))
    }

    /// Returns the preconditions of a deletion, from its body if it has one that can be read.
    fn preconditions(&self) -> Value {
        let options: Value = serde_json::from_slice(&self.call.body).unwrap_or_default();
        options["preconditions"].clone()
    }

    pub(super) fn delete_collection(&self, store: &mut Store) -> ApiResult<ApiReply> {
        let selectors = Selectors::parse(&self.call.query)?;
        let names: Vec<_> = self
            .selected_objects(store, &selectors)
            .map(namespace_and_name)
            .collect();
        for (namespace, name) in names {
            store.delete(self.path.resource, &namespace, &name)?;
        }
        Ok(ApiReply::Json(200, success_status()))
    }
}
