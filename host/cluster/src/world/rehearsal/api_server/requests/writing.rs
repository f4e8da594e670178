//! The verbs create and update, and what all changes have in common.
use super::{ApiReply, AuthorizedCall, parse_body};
use crate::world::rehearsal::api_server::{
    admission::admit,
    controllers,
    rbac::{self, AccessRequest},
    server_side_apply::record_update,
    shape,
    status::{ApiError, ApiResult},
    store::{Store, random_uid},
};
use serde_json::{Value, json};

impl AuthorizedCall<'_> {
    pub(super) fn create(&self, store: &mut Store) -> ApiResult<ApiReply> {
        let mut object = parse_body(self.call)?;
        shape::check(self.path.resource, &object)?;
        if !matches!(
            object["metadata"]["resourceVersion"].as_str(),
            None | Some("" | "0")
        ) {
            return Err(ApiError::bad_request(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        generate_name(&mut object);
        self.admit(store, &mut object)?;
        if self.path.resource.plural == "certificatesigningrequests" {
            // The user comes from authentication, not from the object.
            object["spec"]["username"] = self.call.user.name.as_str().into();
            object["spec"]["groups"] = json!(self.call.user.groups);
        }
        self.check_escalation(store, &object)?;
        record_update(None, &mut object, self.call.field_manager());
        self.store_new(store, object)
    }

    pub(super) fn update(&self, store: &mut Store) -> ApiResult<ApiReply> {
        let object = parse_body(self.call)?;
        self.replace(store, object, true)
    }

    /// Checks and completes an object that is to be stored.
    pub(super) fn admit(&self, store: &Store, object: &mut Value) -> ApiResult<()> {
        admit(
            store,
            self.path.resource,
            &self.path.namespace,
            object,
            self.api.service_range,
        )
    }

    /// Stores a new object.
    pub(super) fn store_new(&self, store: &mut Store, object: Value) -> ApiResult<ApiReply> {
        if self.call.is_dry_run() {
            return Ok(ApiReply::Json(201, object));
        }
        let created = store.create(self.path.resource, object)?;
        controllers::reconcile(store, &self.api.authority);
        Ok(ApiReply::Json(201, created))
    }

    /// Stores a new state of an existing object. With `records_manager`, records the field manager
    /// of the change; otherwise the object already has the record.
    pub(super) fn replace(
        &self,
        store: &mut Store,
        mut object: Value,
        records_manager: bool,
    ) -> ApiResult<ApiReply> {
        shape::check(self.path.resource, &object)?;
        let current = self.find_object(store)?;
        self.check_identity(&object, &current)?;
        if self.path.subresource == "status" {
            let status = object["status"].take();
            object = current.clone();
            object["status"] = status;
        } else {
            if let Some(status) = current.get("status") {
                object["status"] = status.clone();
            }
            self.admit(store, &mut object)?;
            self.check_role_reference(&object, &current)?;
            self.check_escalation(store, &object)?;
        }
        if records_manager {
            record_update(Some(&current), &mut object, self.call.field_manager());
        }
        if is_unchanged(&object, &current) {
            return Ok(ApiReply::Json(200, current));
        }
        drop(current);
        if self.call.is_dry_run() {
            return Ok(ApiReply::Json(200, object));
        }
        let stored = store.update(self.path.resource, object)?;
        controllers::reconcile(store, &self.api.authority);
        Ok(ApiReply::Json(200, stored))
    }

    /// Checks that an object has the name in the path. If the object has a revision, checks that it
    /// is the current one.
    fn check_identity(&self, object: &Value, current: &Value) -> ApiResult<()> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        if name != self.path.name {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                self.path.name
            )));
        }
        self.check_revision(&object["metadata"], current)
    }

    /// Checks the uid and the resource version that a client expects of an object. Each is checked
    /// only if `expected` has it.
    pub(super) fn check_revision(&self, expected: &Value, current: &Value) -> ApiResult<()> {
        for field in ["uid", "resourceVersion"] {
            let value = expected[field].as_str().unwrap_or_default();
            if !matches!(value, "" | "0") && value != current["metadata"][field] {
                return Err(ApiError::conflict_of_revisions(
                    self.path.resource,
                    &self.path.name,
                ));
            }
        }
        Ok(())
    }

    /// Checks that a new state of a binding names the same role.
    fn check_role_reference(&self, object: &Value, current: &Value) -> ApiResult<()> {
        if self.path.resource.plural.ends_with("rolebindings")
            && object["roleRef"] != current["roleRef"]
        {
            return Err(ApiError::invalid(
                self.path.resource,
                &self.path.name,
                "roleRef: Invalid value: cannot change roleRef",
            ));
        }
        Ok(())
    }

    /// Checks that a role or binding grants only what its writer has.
    pub(super) fn check_escalation(&self, store: &Store, object: &Value) -> ApiResult<()> {
        if self.path.resource.group != "rbac.authorization.k8s.io" {
            return Ok(());
        }
        let user = &self.call.user;
        // The path of a creation has no name.
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let request = AccessRequest {
            name: name.into(),
            ..self.access.clone()
        };
        if self.path.resource.plural.ends_with("roles") {
            let rules = object["rules"].as_array().into_iter().flatten();
            let bypass = AccessRequest {
                verb: "escalate".into(),
                ..self.access.clone()
            };
            return rbac::check_grant(store, user, &request, rules, &bypass);
        }
        let role = &object["roleRef"];
        let resource = if role["kind"] == "Role" {
            "roles"
        } else {
            "clusterroles"
        };
        let bypass = AccessRequest {
            verb: "bind".into(),
            resource: resource.into(),
            name: role["name"].as_str().unwrap_or_default().into(),
            ..self.access.clone()
        };
        let rules = rbac::role_rules(store, role, &self.path.namespace);
        rbac::check_grant(store, user, &request, rules, &bypass)
    }
}

/// Gives an object a name that begins with its `generateName`, if it has no name.
fn generate_name(object: &mut Value) {
    let metadata = &mut object["metadata"];
    if metadata["name"].is_null()
        && let Some(prefix) = metadata["generateName"].as_str()
    {
        metadata["name"] = format!("{prefix}{}", &random_uid()[..5]).into();
    }
}

/// Whether two states of an object are the same, without the metadata that the server changes with
/// every change.
fn is_unchanged(object: &Value, current: &Value) -> bool {
    let bookkeeping = ["managedFields", "resourceVersion"];
    has_same_fields(object, current, &["metadata"])
        && has_same_fields(&object["metadata"], &current["metadata"], &bookkeeping)
}

/// Whether two objects have the same fields, without those in `left_out`.
fn has_same_fields(a: &Value, b: &Value, left_out: &[&str]) -> bool {
    fields_without(a, left_out).eq(fields_without(b, left_out))
}

/// Returns the fields of an object, without those in `left_out`, ordered by name.
fn fields_without<'a>(
    object: &'a Value,
    left_out: &[&str],
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let fields = object.as_object().into_iter().flatten();
    fields.filter(|(name, _)| !left_out.contains(&name.as_str()))
}
