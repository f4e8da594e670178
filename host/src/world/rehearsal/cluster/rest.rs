//! Requests to the API: taken apart, authorized, carried out on the store.
use super::{
    admit::admit,
    apply, controllers, discovery, protobuf,
    rbac::{self, Request, User},
    review,
    select::Selectors,
    shape,
    signer::Authority,
    status::{Answer, ApiError},
    store::{Store, place},
    table,
};
use crate::{
    render::patches::strategic_merge,
    world::api::resources::{Resource, by_plural},
};
use ipnet::IpNet;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
};

/// What the server is.
pub struct Api {
    pub store: Mutex<Store>,
    pub authority: Authority,
    pub services: Option<IpNet>,
}

/// A request as it came.
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub content_type: String,
    pub accept: String,
    pub body: Vec<u8>,
    pub user: User,
}

/// What is answered.
pub enum Reply {
    Json(u16, Value),
    Text(u16, String),
    Watch(Watch),
}

/// A watch that was granted: what is there now, and then what changes.
pub struct Watch {
    pub resource: &'static Resource,
    pub namespace: String,
    pub selectors: Selectors,
    pub initial: Vec<Value>,
    pub changes: tokio::sync::broadcast::Receiver<super::store::Change>,
}

/// A path of a resource.
struct Target {
    resource: &'static Resource,
    namespace: String,
    name: String,
    subresource: String,
}

impl Target {
    fn of(path: &str) -> Option<Target> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() && *rest != ["status"] => {
                (*namespace, rest)
            }
            rest => ("", rest),
        };
        let (plural, name, subresource) = match rest {
            [plural] => (*plural, "", ""),
            [plural, name] => (*plural, *name, ""),
            [plural, name, sub] => (*plural, *name, *sub),
            _ => return None,
        };
        let resource = by_plural(group, version, plural)?;
        Some(Target {
            resource,
            namespace: namespace.into(),
            name: percent_decode(name),
            subresource: subresource.into(),
        })
    }
}

fn percent_decode(text: &str) -> String {
    url::form_urlencoded::parse(format!("v={}", text.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// The reply to a request, also where making it panics: a client that gets no answer at all asks
/// again and again.
pub(super) fn reply_of(route: impl FnOnce() -> Answer<Reply>) -> Reply {
    let answer = catch_unwind(AssertUnwindSafe(route));
    match answer.unwrap_or_else(|_| Err(ApiError::internal())) {
        Ok(reply) => reply,
        Err(error) => Reply::Json(error.code, error.body()),
    }
}

impl Api {
    /// Answers a request.
    pub fn answer(&self, call: &Call) -> Reply {
        let mut store = self
            .store
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        reply_of(|| self.route(&mut store, call))
    }

    fn route(&self, store: &mut Store, call: &Call) -> Answer<Reply> {
        let Some(target) = Target::of(&call.path) else {
            return self.path(store, call);
        };
        let verb = match (call.method.as_str(), target.name.is_empty()) {
            ("GET", true)
                if call
                    .query
                    .get("watch")
                    .is_some_and(|watch| matches!(watch.as_str(), "true" | "1")) =>
            {
                "watch"
            }
            ("GET", true) => "list",
            ("GET", false) => "get",
            ("POST", _) => "create",
            ("PUT", false) => "update",
            ("PATCH", false) => "patch",
            ("DELETE", true) => "deletecollection",
            ("DELETE", false) => "delete",
            _ => return Err(ApiError::not_allowed()),
        };
        let sub = if target.subresource.is_empty() {
            String::new()
        } else {
            format!("/{}", target.subresource)
        };
        let request = Request {
            verb: verb.into(),
            group: target.resource.group.into(),
            resource: format!("{}{sub}", target.resource.plural),
            namespace: target.namespace.clone(),
            name: target.name.clone(),
            path: call.path.clone(),
        };
        rbac::authorize(store, &call.user, &request)?;
        match verb {
            "get" => {
                let found = store.get(target.resource, &target.namespace, &target.name);
                let found = found
                    .cloned()
                    .ok_or_else(|| ApiError::not_found(target.resource, &target.name))?;
                Ok(shown(call, &target, vec![found.clone()], || found, store))
            }
            "list" => {
                let selectors = Selectors::parse(&call.query)?;
                let items: Vec<Value> = store
                    .list(target.resource, &target.namespace)
                    .filter(|object| selectors.fit(object))
                    .cloned()
                    .collect();
                let version = store.version();
                let list = || {
                    json!({
                        "kind": format!("{}List", target.resource.kind),
                        "apiVersion": target.resource.api_version(),
                        "metadata": {"resourceVersion": version},
                        "items": items,
                    })
                };
                Ok(shown(call, &target, items.clone(), list, store))
            }
            "watch" => self.watch(store, call, &target),
            "create" => self.create(store, call, &target, &request),
            "update" => {
                let object = parse(call)?;
                self.write(store, call, &target, &request, object, "update")
                    .map(|object| Reply::Json(200, object))
            }
            "patch" => self.patch(store, call, &target, &request),
            "delete" => {
                let deleted = store
                    .get(target.resource, &target.namespace, &target.name)
                    .cloned()
                    .ok_or_else(|| ApiError::not_found(target.resource, &target.name))?;
                if !dry(call) {
                    store.delete(target.resource, &target.namespace, &target.name)?;
                    controllers::reconcile(store, &self.authority);
                }
                let details = json!({
                    "name": target.name,
                    "group": target.resource.group,
                    "kind": target.resource.plural,
                    "uid": deleted["metadata"]["uid"],
                });
                let mut status = success();
                status["details"] = details;
                Ok(Reply::Json(200, status))
            }
            _ => {
                let selectors = Selectors::parse(&call.query)?;
                let names: Vec<_> = store
                    .list(target.resource, &target.namespace)
                    .filter(|object| selectors.fit(object))
                    .map(place)
                    .collect();
                for (namespace, name) in names {
                    store.delete(target.resource, &namespace, &name)?;
                }
                Ok(Reply::Json(200, success()))
            }
        }
    }

    /// What is no resource: health, discovery, reviews of oneself.
    fn path(&self, store: &Store, call: &Call) -> Answer<Reply> {
        let verb = if call.method == "POST" { "post" } else { "get" };
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
            let request = Request {
                verb: "create".into(),
                group: (*group).into(),
                resource: (*review).into(),
                ..Request::default()
            };
            rbac::authorize(store, &call.user, &request)?;
            return review::answer(store, &call.user, review, &parse(call)?)
                .map(|answer| Reply::Json(201, answer));
        }
        rbac::authorize(
            store,
            &call.user,
            &Request {
                verb: verb.into(),
                path: call.path.clone(),
                ..Request::default()
            },
        )?;
        match parts.as_slice() {
            ["healthz" | "livez" | "readyz", ..] => Ok(Reply::Text(200, "ok".into())),
            _ => discovery::answer(&call.path)
                .map(|answer| Reply::Json(200, answer))
                .ok_or_else(ApiError::no_such_path),
        }
    }

    fn watch(&self, store: &Store, call: &Call, target: &Target) -> Answer<Reply> {
        let selectors = Selectors::parse(&call.query)?;
        let since = call
            .query
            .get("resourceVersion")
            .and_then(|version| version.parse::<u64>().ok())
            .unwrap_or(0);
        // What came since the version that the client has already; all of it, where it has none.
        let newer = |object: &&Value| {
            object["metadata"]["resourceVersion"]
                .as_str()
                .and_then(|version| version.parse::<u64>().ok())
                .is_none_or(|version| version > since)
        };
        let initial = store
            .list(target.resource, &target.namespace)
            .filter(newer)
            .filter(|object| selectors.fit(object))
            .cloned()
            .collect();
        Ok(Reply::Watch(Watch {
            resource: target.resource,
            namespace: target.namespace.clone(),
            selectors,
            initial,
            changes: store.watch(),
        }))
    }

    fn create(
        &self,
        store: &mut Store,
        call: &Call,
        target: &Target,
        request: &Request,
    ) -> Answer<Reply> {
        let mut object = parse(call)?;
        shape::check(target.resource, &object)?;
        if !matches!(
            object["metadata"]["resourceVersion"].as_str(),
            None | Some("" | "0")
        ) {
            return Err(ApiError::bad_request(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        if let (Some(prefix), true) = (
            object["metadata"]["generateName"]
                .as_str()
                .map(str::to_owned),
            object["metadata"]["name"].is_null(),
        ) {
            object["metadata"]["name"] = format!("{prefix}{}", &super::store::uid()[..5]).into();
        }
        admit(
            store,
            target.resource,
            &target.namespace,
            &mut object,
            self.services,
        )?;
        if target.resource.plural == "certificatesigningrequests" {
            // Whoever asks is who it is, whatever it says.
            object["spec"]["username"] = call.user.name.as_str().into();
            object["spec"]["groups"] = json!(call.user.groups);
        }
        self.escalation(store, call, target, request, &object)?;
        apply::own(None, &mut object, manager(call));
        if dry(call) {
            return Ok(Reply::Json(201, object));
        }
        let created = store.create(target.resource, object)?;
        controllers::reconcile(store, &self.authority);
        Ok(Reply::Json(201, created))
    }

    /// Stores a new state of an object that is there.
    fn write(
        &self,
        store: &mut Store,
        call: &Call,
        target: &Target,
        request: &Request,
        mut object: Value,
        verb: &str,
    ) -> Answer<Value> {
        shape::check(target.resource, &object)?;
        let current = store
            .get(target.resource, &target.namespace, &target.name)
            .cloned()
            .ok_or_else(|| ApiError::not_found(target.resource, &target.name))?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        if name != target.name {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                target.name
            )));
        }
        let seen = object["metadata"]["resourceVersion"]
            .as_str()
            .unwrap_or_default();
        if !matches!(seen, "" | "0") && seen != current["metadata"]["resourceVersion"] {
            return Err(ApiError::modified(target.resource, &target.name));
        }
        if target.subresource == "status" {
            let status = object["status"].take();
            object = current.clone();
            object["status"] = status;
        } else {
            if let Some(status) = current.get("status") {
                object["status"] = status.clone();
            }
            admit(
                store,
                target.resource,
                &target.namespace,
                &mut object,
                self.services,
            )?;
            if target.resource.plural.ends_with("rolebindings")
                && object["roleRef"] != current["roleRef"]
            {
                return Err(ApiError::invalid(
                    target.resource,
                    &target.name,
                    "roleRef: Invalid value: cannot change roleRef",
                ));
            }
            self.escalation(store, call, target, request, &object)?;
        }
        if verb != "apply" {
            apply::own(Some(&current), &mut object, manager(call));
        }
        if without_record(&object) == without_record(&current) {
            return Ok(current);
        }
        if dry(call) {
            return Ok(object);
        }
        let stored = store.update(target.resource, object)?;
        controllers::reconcile(store, &self.authority);
        Ok(stored)
    }

    fn patch(
        &self,
        store: &mut Store,
        call: &Call,
        target: &Target,
        request: &Request,
    ) -> Answer<Reply> {
        let current = store
            .get(target.resource, &target.namespace, &target.name)
            .cloned();
        let kind = call
            .content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        if kind == "application/apply-patch+yaml" {
            let text = std::str::from_utf8(&call.body)
                .map_err(|_| ApiError::bad_request("the patch is not UTF-8"))?;
            let wanted: Value = serde_yaml::from_str(text)
                .map_err(|error| ApiError::bad_request(format!("error decoding YAML: {error}")))?;
            let manager = call.query.get("fieldManager").ok_or_else(|| {
                ApiError::bad_request(
                    "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: \
                    Required value: is required for apply patch",
                )
            })?;
            shape::check(target.resource, &wanted)?;
            let force = call.query.get("force").is_some_and(|force| force == "true");
            let mut applied = apply::apply(current.as_ref(), &wanted, manager, force)?;
            if current.is_some() {
                return self
                    .write(store, call, target, request, applied, "apply")
                    .map(|object| Reply::Json(200, object));
            }
            rbac::authorize(
                store,
                &call.user,
                &Request {
                    verb: "create".into(),
                    ..request.clone()
                },
            )?;
            admit(
                store,
                target.resource,
                &target.namespace,
                &mut applied,
                self.services,
            )?;
            self.escalation(store, call, target, request, &applied)?;
            if dry(call) {
                return Ok(Reply::Json(201, applied));
            }
            let created = store.create(target.resource, applied)?;
            controllers::reconcile(store, &self.authority);
            return Ok(Reply::Json(201, created));
        }
        let current = current.ok_or_else(|| ApiError::not_found(target.resource, &target.name))?;
        let patch = parse(call)?;
        let mut patched = current.clone();
        match kind {
            "application/json-patch+json" => {
                let patch: json_patch::Patch = serde_json::from_value(patch)
                    .map_err(|error| ApiError::bad_request(error.to_string()))?;
                json_patch::patch(&mut patched, &patch).map_err(|error| {
                    ApiError::invalid(target.resource, &target.name, &error.to_string())
                })?;
            }
            "application/merge-patch+json" => json_patch::merge(&mut patched, &patch),
            "application/strategic-merge-patch+json" => {
                patched = strategic_merge(target.resource.kind, &current, &patch)
                    .map_err(ApiError::bad_request)?;
            }
            other => {
                return Err(ApiError::unsupported(format!(
                    "the body of the request was in an unknown format - accepted media types \
                     include: application/json-patch+json, application/merge-patch+json, \
                     application/strategic-merge-patch+json, application/apply-patch+yaml; got \
                     {other:?}"
                )));
            }
        }
        self.write(store, call, target, request, patched, "patch")
            .map(|object| Reply::Json(200, object))
    }

    /// Roles and bindings may only pass on what their writer has.
    fn escalation(
        &self,
        store: &Store,
        call: &Call,
        target: &Target,
        request: &Request,
        object: &Value,
    ) -> Answer<()> {
        if target.resource.group != "rbac.authorization.k8s.io" {
            return Ok(());
        }
        if target.resource.plural.ends_with("roles") {
            return rbac::may_grant(
                store,
                &call.user,
                request,
                object["rules"].as_array().into_iter().flatten(),
                "escalate",
            );
        }
        let role = &object["roleRef"];
        let of_role = Request {
            resource: if role["kind"] == "Role" {
                "roles"
            } else {
                "clusterroles"
            }
            .into(),
            name: role["name"].as_str().unwrap_or_default().into(),
            ..request.clone()
        };
        rbac::may_grant(
            store,
            &call.user,
            &of_role,
            rbac::role_rules(store, role, &target.namespace),
            "bind",
        )
    }
}

fn without_record(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        metadata.remove("resourceVersion");
    }
    object
}

fn parse(call: &Call) -> Answer<Value> {
    if call.content_type.starts_with(protobuf::MEDIA_TYPE) {
        let unread = || {
            ApiError::unsupported(
                "this server does not read this kind of object as protobuf; send JSON",
            )
        };
        return protobuf::decode(&call.body).ok_or_else(unread);
    }
    serde_json::from_slice(&call.body).map_err(|_| {
        ApiError::unsupported("the body of the request is not JSON; this server speaks JSON")
    })
}

fn dry(call: &Call) -> bool {
    call.query.get("dryRun").is_some_and(|dry| dry == "All")
}

fn manager(call: &Call) -> &str {
    call.query
        .get("fieldManager")
        .map_or("unknown", String::as_str)
}

/// As a table, where one was asked for.
fn shown(
    call: &Call,
    target: &Target,
    objects: Vec<Value>,
    plain: impl FnOnce() -> Value,
    store: &Store,
) -> Reply {
    let table = call.accept.contains("as=Table");
    Reply::Json(
        200,
        if table {
            table::table(target.resource, &objects, &store.version())
        } else {
            plain()
        },
    )
}

/// The answer to a deletion.
fn success() -> Value {
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
    })
}
