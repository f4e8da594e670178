//! The verbs delete and deletecollection.
use super::{ApiReply, AuthorizedCall};
use crate::world::rehearsal::api_server::{
    controllers,
    selectors::Selectors,
    status::ApiResult,
    store::{Store, namespace_and_name},
};
use serde_json::{Value, json};

/// Returns the answer to a deletion.
fn success() -> Value {
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
        if !self.call.is_dry_run() {
            store.delete(path.resource, &path.namespace, &path.name)?;
            controllers::reconcile(store, &self.api.authority);
        }
        let mut status = success();
        status["details"] = json!({
            "name": path.name,
            "group": path.resource.group,
            "kind": path.resource.plural,
            "uid": object["metadata"]["uid"],
        });
        Ok(ApiReply::Json(200, status))
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
        Ok(ApiReply::Json(200, success()))
    }
}
