//! The verb patch, with all four kinds of patches.
use super::{ApiReply, AuthorizedCall, parse_body};
use crate::{
    render::patches::strategic_merge,
    text::yaml,
    world::rehearsal::api_server::{
        rbac::{self, AccessRequest},
        server_side_apply::apply,
        shape,
        status::{ApiError, ApiResult},
        store::Store,
    },
};
use serde_json::Value;

/// The largest number of operations of a JSON patch (the limit of the real API server).
const MAX_OPERATIONS: usize = 10_000;

impl AuthorizedCall<'_> {
    pub(super) fn patch(&self, store: &mut Store) -> ApiResult<ApiReply> {
        let media_type = self
            .call
            .content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        if media_type == "application/apply-patch+yaml" {
            return self.apply(store);
        }
        let current = self.find_object(store)?;
        let patched = self.apply_patch(media_type, current, parse_body(self.call)?)?;
        self.replace(store, patched, true)
    }

    /// Applies a manifest server-side. Makes the object if it does not exist.
    fn apply(&self, store: &mut Store) -> ApiResult<ApiReply> {
        let path = &self.path;
        let current = store
            .get(path.resource, &path.namespace, &path.name)
            .cloned();
        let text = std::str::from_utf8(&self.call.body)
            .map_err(|_| ApiError::bad_request("the patch is not UTF-8"))?;
        let manifest = yaml::value(text)
            .map_err(|error| ApiError::bad_request(format!("error decoding YAML: {error}")))?;
        let query = &self.call.query;
        let manager = query.get("fieldManager").ok_or_else(|| {
            ApiError::bad_request(
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is \
                 required for apply patch",
            )
        })?;
        shape::check(path.resource, &manifest)?;
        let force = query.get("force").is_some_and(|force| force == "true");
        let mut applied = apply(current.as_ref(), &manifest, manager, force)?;
        if current.is_some() {
            return self.replace(store, applied, false);
        }
        self.check_revision(&manifest["metadata"], &Value::Null)?;
        let access = AccessRequest {
            verb: "create".into(),
            ..self.access.clone()
        };
        rbac::authorize(store, &self.call.user, &access)?;
        self.admit(store, &mut applied)?;
        self.check_escalation(store, &applied)?;
        self.store_new(store, applied)
    }

    /// Returns an object after a patch.
    fn apply_patch(&self, media_type: &str, current: Value, patch: Value) -> ApiResult<Value> {
        let mut patched = current;
        match media_type {
            "application/json-patch+json" => {
                let patch: json_patch::Patch = serde_json::from_value(patch)
                    .map_err(|error| ApiError::bad_request(error.to_string()))?;
                if patch.len() > MAX_OPERATIONS {
                    return Err(ApiError::request_entity_too_large(&format!(
                        "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got \
                         {}",
                        patch.len()
                    )));
                }
                json_patch::patch(&mut patched, &patch).map_err(|error| {
                    ApiError::invalid(self.path.resource, &self.path.name, &error.to_string())
                })?;
            }
            "application/merge-patch+json" => json_patch::merge(&mut patched, &patch),
            "application/strategic-merge-patch+json" => {
                patched = strategic_merge(self.path.resource.kind, patched, patch)
                    .map_err(ApiError::bad_request)?;
            }
            other => {
                return Err(ApiError::unsupported_media_type(format!(
                    "the body of the request was in an unknown format - accepted media types \
                     include: application/json-patch+json, application/merge-patch+json, \
                     application/strategic-merge-patch+json, application/apply-patch+yaml; got \
                     {other:?}"
                )));
            }
        }
        Ok(patched)
    }
}
