//! The verbs get, list and watch.
use super::{ApiReply, AuthorizedCall, WatchReply};
use crate::world::rehearsal::api_server::{
    selectors::Selectors,
    status::{ApiError, ApiResult},
    store::Store,
    table,
};
use serde_json::{Value, json};

impl AuthorizedCall<'_> {
    /// Returns the object at the path.
    pub(super) fn find_object(&self, store: &Store) -> ApiResult<Value> {
        let path = &self.path;
        store
            .get(path.resource, &path.namespace, &path.name)
            .cloned()
            .ok_or_else(|| ApiError::not_found(path.resource, &path.name))
    }

    /// Returns the objects at the path that match the selectors.
    pub(super) fn selected_objects<'s>(
        &self,
        store: &'s Store,
        selectors: &Selectors,
    ) -> impl Iterator<Item = &'s Value> {
        store
            .list(self.path.resource, &self.path.namespace)
            .filter(move |object| selectors.matches(object))
    }

    pub(super) fn get(&self, store: &Store) -> ApiResult<ApiReply> {
        let object = self.find_object(store)?;
        Ok(if self.wants_table() {
            self.table(&[object], store)
        } else {
            ApiReply::Json(200, object)
        })
    }

    pub(super) fn list(&self, store: &Store) -> ApiResult<ApiReply> {
        let selectors = Selectors::parse(&self.call.query)?;
        let items: Vec<Value> = self.selected_objects(store, &selectors).cloned().collect();
        if self.wants_table() {
            return Ok(self.table(&items, store));
        }
        let list = json!({
            "kind": format!("{}List", self.path.resource.kind),
            "apiVersion": self.path.resource.api_version(),
            "metadata": {"resourceVersion": store.version()},
            "items": items,
        });
        Ok(ApiReply::Json(200, list))
    }

    /// Whether the client asks for a table, as `kubectl get` does.
    fn wants_table(&self) -> bool {
        self.call.accept.contains("as=Table")
    }

    fn table(&self, objects: &[Value], store: &Store) -> ApiReply {
        let table = table::to_table(self.path.resource, objects, &store.version());
        ApiReply::Json(200, table)
    }

    pub(super) fn watch(&self, store: &Store) -> ApiResult<ApiReply> {
        let selectors = Selectors::parse(&self.call.query)?;
        // Objects that changed since the version that the client knows; all if it knows none.
        let since = self
            .call
            .query
            .get("resourceVersion")
            .and_then(|version| version.parse::<u64>().ok())
            .unwrap_or(0);
        // The changes that the client has missed. Deletions are left out, because the store does
        // not keep them.
        let initial = self
            .selected_objects(store, &selectors)
            .filter(|object| version_of(object).is_none_or(|version| version > since))
            .cloned()
            .collect();
        Ok(ApiReply::Watch(WatchReply {
            resource: self.path.resource,
            namespace: self.path.namespace.clone(),
            selectors,
            initial,
            changes: store.watch(),
        }))
    }
}

fn version_of(object: &Value) -> Option<u64> {
    object["metadata"]["resourceVersion"].as_str()?.parse().ok()
}
