//! What stands behind the imports of a plugin under test: the answers of a case, and a record of
//! what it does.
use super::{Case, Proposed, Ran, named, target};
use crate::{failure, node::not_checked};
use kubephase_wit::*;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Hosted<T> = Result<T, Error>;

#[derive(Clone)]
pub struct Imagined(Arc<Inner>);

struct Inner {
    case: Case,
    ran: Mutex<Ran>,
}

impl Imagined {
    pub fn new(case: Case) -> Self {
        let ran = Ran {
            outcome: Ok(Outcome::Settled),
            findings: vec![],
            messages: vec![],
            facts: Default::default(),
            proposals: vec![],
        };
        Imagined(Arc::new(Inner {
            case,
            ran: Mutex::new(ran),
        }))
    }

    /// What was done by now.
    pub fn ran(&self, outcome: Result<Outcome, Failure>) -> Ran {
        let ran = self.record();
        Ran {
            outcome,
            findings: ran.findings.clone(),
            messages: ran.messages.clone(),
            facts: ran.facts.clone(),
            proposals: ran.proposals.clone(),
        }
    }

    fn case(&self) -> &Case {
        &self.0.case
    }

    fn record(&self) -> MutexGuard<'_, Ran> {
        self.0.ran.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn propose(&self, kind: &str, target: impl Into<String>, content: Value) -> Hosted<Effect> {
        let mut ran = self.record();
        let id = u32::try_from(ran.proposals.len()).unwrap_or(u32::MAX);
        ran.proposals.push(Proposed {
            kind: kind.into(),
            target: target.into(),
            content,
        });
        Ok(Effect { id })
    }

    fn modify(&self, of: Effect, name: &str, value: Value) -> Hosted<()> {
        let mut ran = self.record();
        let unknown = || {
            failure(
                "no-such-effect",
                format!("there is no proposal {} in this call", of.id),
            )
        };
        let proposed = ran.proposals.get_mut(of.id as usize).ok_or_else(unknown)?;
        proposed.content[name] = value;
        Ok(())
    }
}

fn parsed(text: &str) -> Hosted<Value> {
    Ok(serde_json::from_str(text)
        .map_err(|error| failure("invalid", format!("the proposal cannot be read: {error}")))?)
}

fn in_directory(spec: &Value, suffix: &str) -> String {
    let text = |field: &str| spec[field].as_str().unwrap_or_default();
    format!("{}/{}.{suffix}", text("directory"), text("name"))
}

fn not_found(what: &str) -> Error {
    failure("not-found", format!("{what} is not there")).into()
}

impl types::Host for Imagined {
    fn convert_failure(&mut self, error: Error) -> Result<Failure, Stop> {
        match error {
            Error::Failure(failure) => Ok(failure),
            Error::Stop(stop) => Err(stop),
        }
    }
}

impl input::Host for Imagined {
    fn phase_id(&mut self) -> Result<String, Stop> {
        Ok(self.case().phase.clone().unwrap_or_default())
    }
    fn round(&mut self) -> Result<u32, Stop> {
        Ok(self.case().round)
    }
    fn config(&mut self, pointer: String) -> Result<Option<String>, Stop> {
        Ok(self.case().config.pointer(&pointer).map(Value::to_string))
    }
    fn settings(&mut self) -> Result<String, Stop> {
        Ok(self
            .case()
            .settings
            .as_ref()
            .map_or_else(|| "{}".into(), Value::to_string))
    }
    fn patched(&mut self, _target: String, document: String) -> Hosted<String> {
        Ok(document)
    }
    fn fact(&mut self, phase: String, name: String) -> Result<Option<String>, Stop> {
        Ok(self
            .case()
            .facts
            .get(&phase)
            .and_then(|facts| facts.get(&name))
            .map(Value::to_string))
    }
}

impl report::Host for Imagined {
    fn message(&mut self, severity: Severity, text: String) -> Result<(), Stop> {
        self.record().messages.push((severity, text));
        Ok(())
    }
    fn submit(&mut self, finding: Finding) -> Result<(), Stop> {
        self.record().findings.push(finding);
        Ok(())
    }
    fn set_fact(&mut self, name: String, json: String) -> Result<(), Stop> {
        let value = serde_json::from_str(&json).unwrap_or(Value::String(json));
        self.record().facts.insert(name, value);
        Ok(())
    }
    fn progress(&mut self, _done: u32, _total: u32, _text: String) -> Result<(), Stop> {
        Ok(())
    }
}

impl observe_node::Host for Imagined {
    fn node_fact(&mut self, name: String) -> Result<Option<String>, Stop> {
        Ok(self.case().node.fact(&name).as_ref().map(Value::to_string))
    }
    fn sysctl(&mut self, key: String) -> Result<Option<String>, Stop> {
        Ok(self.case().node.sysctls.get(&key).cloned())
    }
    fn kernel_option(&mut self, name: String) -> Hosted<Option<String>> {
        Ok(self.case().node.kernel_option(&name))
    }
    fn service(&mut self, name: String) -> Hosted<Option<String>> {
        let node = &self.case().node;
        Ok(node
            .init_system
            .as_ref()
            .map(|_| json!(node.services.get(&name).copied().unwrap_or_default()).to_string()))
    }
}

impl observe_files::Host for Imagined {
    fn stat(&mut self, path: String) -> Hosted<Option<FileMeta>> {
        let meta = |size: usize, mode, kind: &str| FileMeta {
            size: size as u64,
            mode,
            uid: 0,
            gid: 0,
            kind: kind.into(),
        };
        if let Some(text) = self.case().files.get(&path) {
            return Ok(Some(meta(text.len(), 0o644, "file")));
        }
        let below = format!("{}/", path.trim_end_matches('/'));
        Ok(self
            .case()
            .files
            .keys()
            .any(|file| file.starts_with(&below))
            .then(|| meta(0, 0o755, "directory")))
    }
    fn read_file(&mut self, path: String) -> Hosted<Vec<u8>> {
        self.case()
            .files
            .get(&path)
            .map(|text| text.as_bytes().to_vec())
            .ok_or_else(|| not_found(&path))
    }
    fn list_dir(&mut self, path: String) -> Hosted<Vec<String>> {
        let below = format!("{}/", path.trim_end_matches('/'));
        let names = self
            .case()
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&below)?.split('/').next());
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.dedup();
        if names.is_empty() {
            Err(not_found(&path))
        } else {
            Ok(names)
        }
    }
}

impl observe_net::Host for Imagined {
    fn port_free(&mut self, port: u16) -> Hosted<bool> {
        Ok(!self.case().node.ports_in_use.contains(&port))
    }
    fn resolve(&mut self, host: String) -> Hosted<Vec<String>> {
        Ok(self.case().node.resolve(&host)?)
    }
    fn proxy_for(&mut self, _url: String) -> Hosted<Option<String>> {
        Ok(None)
    }
    fn http_get(&mut self, url: String, _timeout_millis: u32) -> Hosted<HttpReply> {
        let reply = self
            .case()
            .http
            .get(&url)
            .ok_or_else(|| not_checked(&url))?;
        Ok(HttpReply {
            status: reply.status,
            body: reply.body.clone().into(),
        })
    }
    fn http_get_as(
        &mut self,
        url: String,
        _ca: String,
        _cert: String,
        _key: String,
        timeout_millis: u32,
    ) -> Hosted<HttpReply> {
        self.http_get(url, timeout_millis)
    }
}

impl observe_runtime::Host for Imagined {
    fn runtime_status(&mut self) -> Hosted<String> {
        let runtime = &self.case().node.runtime;
        Ok(json!({
            "name": runtime.name,
            "version": runtime.version,
            "sandboxImage": runtime.sandbox_image,
        })
        .to_string())
    }
    fn runtime_config(&mut self) -> Hosted<String> {
        Ok(json!({"linux": {"cgroupDriver": "SYSTEMD"}}).to_string())
    }
    fn image_present(&mut self, image: String) -> Hosted<bool> {
        Ok(self.case().node.image_present(&image))
    }
}

impl observe_pki::Host for Imagined {
    fn certificate(&mut self, _path: String) -> Hosted<Option<String>> {
        Ok(None)
    }
    fn private_key(&mut self, _path: String) -> Hosted<Option<String>> {
        Ok(None)
    }
    fn kubeconfig(&mut self, _path: String) -> Hosted<Option<String>> {
        Ok(None)
    }
}

impl observe_cluster::Host for Imagined {
    fn get_object(&mut self, of: ObjectRef) -> Hosted<Option<String>> {
        let same = |object: &&Value| {
            object["apiVersion"] == of.api_version.as_str()
                && named(object)
                    == target(
                        &of.kind,
                        of.namespace.as_deref().unwrap_or_default(),
                        &of.name,
                    )
        };
        Ok(self.case().objects.iter().find(same).map(Value::to_string))
    }
    fn list_objects(
        &mut self,
        api_version: String,
        kind: String,
        namespace: Option<String>,
        _: Option<String>,
    ) -> Hosted<Vec<String>> {
        let listed = |object: &&Value| {
            let here = namespace
                .as_ref()
                .is_none_or(|namespace| object["metadata"]["namespace"] == namespace.as_str());
            object["apiVersion"] == api_version.as_str() && object["kind"] == kind.as_str() && here
        };
        Ok(self
            .case()
            .objects
            .iter()
            .filter(listed)
            .map(Value::to_string)
            .collect())
    }
}

impl observe_command::Host for Imagined {
    fn run_command(&mut self, program: String, args: Vec<String>) -> Hosted<CommandOutput> {
        Ok(self.case().node.run(&program, &args)?)
    }
}

impl observe_core::Host for Imagined {
    fn etcd_members(&mut self) -> Hosted<Vec<String>> {
        Err(not_checked("etcd").into())
    }
}

impl effects::Host for Imagined {
    fn because(&mut self, of: Effect, reason: String) -> Hosted<()> {
        self.modify(of, "because", reason.into())
    }
    fn requires(&mut self, of: Effect, earlier: Effect) -> Hosted<()> {
        self.modify(of, "requires", earlier.id.into())
    }
    fn announce(&mut self, of: Effect, text: String) -> Hosted<()> {
        self.modify(of, "announce", text.into())
    }
}

impl effects_files::Host for Imagined {
    fn write_file(&mut self, path: String, content: Vec<u8>) -> Hosted<Effect> {
        self.propose(
            "file",
            path,
            json!({"content": String::from_utf8_lossy(&content)}),
        )
    }
    fn make_dir(&mut self, path: String) -> Hosted<Effect> {
        self.propose("directory", path, json!({}))
    }
    fn remove_file(&mut self, path: String) -> Hosted<Effect> {
        self.propose("remove-file", path, json!({}))
    }
    fn set_mode(&mut self, path: String, mode: u32) -> Hosted<Effect> {
        self.propose("mode", path, json!({"mode": mode}))
    }
    fn file_mode(&mut self, of: Effect, mode: u32) -> Hosted<()> {
        self.modify(of, "mode", mode.into())
    }
    fn file_owner(&mut self, of: Effect, uid: u32, gid: u32) -> Hosted<()> {
        self.modify(of, "owner", json!([uid, gid]))
    }
}

impl effects_pki::Host for Imagined {
    fn ensure_certificate(&mut self, spec: String) -> Hosted<Effect> {
        let spec = parsed(&spec)?;
        self.propose("certificate", in_directory(&spec, "crt"), spec)
    }
    fn ensure_key_pair(&mut self, spec: String) -> Hosted<Effect> {
        let spec = parsed(&spec)?;
        self.propose("key-pair", in_directory(&spec, "key"), spec)
    }
    fn ensure_kubeconfig(&mut self, spec: String) -> Hosted<Effect> {
        let spec = parsed(&spec)?;
        self.propose(
            "kubeconfig",
            spec["path"].as_str().unwrap_or_default().to_owned(),
            spec,
        )
    }
    fn ensure_rotated_kubeconfig(&mut self, spec: String) -> Hosted<Effect> {
        self.ensure_kubeconfig(spec)
    }
}

impl effects_cluster::Host for Imagined {
    fn apply_object(&mut self, manifest: String) -> Hosted<Effect> {
        let manifest = parsed(&manifest)?;
        self.propose("object", named(&manifest), json!({"manifest": manifest}))
    }
    fn patch_object(&mut self, of: ObjectRef, patch: String) -> Hosted<Effect> {
        let patch = parsed(&patch)?;
        self.propose(
            "patch",
            target(
                &of.kind,
                of.namespace.as_deref().unwrap_or_default(),
                &of.name,
            ),
            json!({"patch": patch}),
        )
    }
    fn delete_object(&mut self, of: ObjectRef) -> Hosted<Effect> {
        self.propose(
            "delete",
            target(
                &of.kind,
                of.namespace.as_deref().unwrap_or_default(),
                &of.name,
            ),
            json!({}),
        )
    }
    fn if_exists(&mut self, of: Effect, strategy: String) -> Hosted<()> {
        self.modify(of, "ifExists", strategy.into())
    }
}

impl effects_node::Host for Imagined {
    fn ensure_service(&mut self, name: String, state: String) -> Hosted<Effect> {
        self.propose("service", format!("{name} {state}"), json!({}))
    }
    fn set_sysctl(&mut self, key: String, value: String) -> Hosted<Effect> {
        self.propose("sysctl", format!("{key}={value}"), json!({}))
    }
    fn load_module(&mut self, name: String) -> Hosted<Effect> {
        self.propose("module", name, json!({}))
    }
}

impl effects_images::Host for Imagined {
    fn pull_image(&mut self, image: String) -> Hosted<Effect> {
        self.propose("image", image, json!({}))
    }
}

impl effects_command::Host for Imagined {
    fn execute(&mut self, program: String, args: Vec<String>) -> Hosted<Effect> {
        self.propose(
            "command",
            [vec![program], args].concat().join(" "),
            json!({}),
        )
    }
}

/// Only the distribution's own phases get these.
impl effects_core::Host for Imagined {
    fn static_pod(&mut self, name: String, manifest: Vec<u8>) -> Hosted<Effect> {
        self.propose(
            "static-pod",
            name,
            json!({"manifest": String::from_utf8_lossy(&manifest)}),
        )
    }
    fn ensure_bootstrap_token(&mut self, spec: String) -> Hosted<Effect> {
        let spec = parsed(&spec)?;
        self.propose("bootstrap-token", "", spec)
    }
    fn share_keys(&mut self, spec: String) -> Hosted<Effect> {
        let spec = parsed(&spec)?;
        self.propose("shared-keys", "", spec)
    }
    fn fetch_keys(&mut self, spec: String) -> Hosted<Effect> {
        let spec = parsed(&spec)?;
        self.propose("fetched-keys", "", spec)
    }
    fn bootstrap_kubeconfig(&mut self, path: String) -> Hosted<Effect> {
        self.propose("bootstrap-kubeconfig", path, Value::Null)
    }
    fn kubeconfig_server(&mut self, path: String, server: String) -> Hosted<Effect> {
        self.propose("kubeconfig-server", path, json!({"server": server}))
    }
    fn etcd_member(&mut self, spec: String) -> Hosted<Effect> {
        let spec = parsed(&spec)?;
        self.propose("etcd-member", "", spec)
    }
    fn control_plane_users(&mut self, spec: String) -> Hosted<Effect> {
        let spec = parsed(&spec)?;
        self.propose("users", "", spec)
    }
    fn give_tree(&mut self, path: String, uid: u32, gid: u32) -> Hosted<Effect> {
        self.propose("owner", path, json!({"uid": uid, "gid": gid}))
    }
    fn clear(&mut self, spec: String) -> Hosted<Effect> {
        let spec = parsed(&spec)?;
        self.propose("clear", "", spec)
    }
    fn attempt(&mut self, of: Effect, warning: String) -> Hosted<()> {
        self.modify(of, "attempt", warning.into())
    }
    fn regardless(&mut self, of: Effect) -> Hosted<()> {
        self.modify(of, "regardless", true.into())
    }
    fn wait_until(&mut self, spec: String) -> Hosted<Effect> {
        let spec = parsed(&spec)?;
        self.propose("wait", "", spec)
    }
}
