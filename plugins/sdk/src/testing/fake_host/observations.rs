//! Answers to observations, from the case.
use super::{FakeHost, HostResult};
use crate::{
    failure,
    node::{not_checked_failure, without_user_info},
    testing::{name_of, target},
};
use kubephase_wit::{
    CommandOutput, Error, FileMeta, HttpReply, ObjectRef, Stop, observe_cluster, observe_command,
    observe_core, observe_files, observe_net, observe_node, observe_pki, observe_runtime,
};
use serde_json::{Value, json};

fn not_found(path: &str) -> Error {
    failure(crate::FailureCode::NotFound, format!("{path} is not there")).into()
}

fn root_owned(size: usize, mode: u32, kind: &str) -> FileMeta {
    FileMeta {
        size: size as u64,
        mode,
        uid: 0,
        gid: 0,
        kind: kind.into(),
    }
}

/// Returns the name of an object in cases, from a reference.
pub(super) fn reference_name(object: &ObjectRef) -> String {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    target(&object.kind, namespace, &object.name)
}

impl observe_node::Host for FakeHost {
    fn node_fact(&mut self, name: String) -> Result<Option<String>, Stop> {
        Ok(self.case().node.fact(&name).as_ref().map(Value::to_string))
    }
    fn sysctl(&mut self, key: String) -> Result<Option<String>, Stop> {
        Ok(self.case().node.sysctls.get(&key).cloned())
    }
    fn kernel_option(&mut self, name: String) -> HostResult<Option<String>> {
        Ok(self.case().node.kernel_option(&name))
    }
    fn service(&mut self, name: String) -> HostResult<Option<String>> {
        let node = &self.case().node;
        Ok(node
            .init_system
            .as_ref()
            .map(|_| json!(node.services.get(&name).copied().unwrap_or_default()).to_string()))
    }
}

impl observe_files::Host for FakeHost {
    fn stat(&mut self, path: String) -> HostResult<Option<FileMeta>> {
        if let Some(text) = self.case().files.get(&path) {
            return Ok(Some(root_owned(text.len(), 0o644, "file")));
        }
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let is_directory = self
            .case()
            .files
            .keys()
            .any(|file| file.starts_with(&prefix));
        Ok(is_directory.then(|| root_owned(0, 0o755, "directory")))
    }
    fn read_file(&mut self, path: String) -> HostResult<Vec<u8>> {
        self.case()
            .files
            .get(&path)
            .map(|text| text.as_bytes().to_vec())
            .ok_or_else(|| not_found(&path))
    }
    fn list_dir(&mut self, path: String) -> HostResult<Vec<String>> {
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let names = self
            .case()
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&prefix)?.split('/').next());
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.dedup();
        if names.is_empty() {
            Err(not_found(&path))
        } else {
            Ok(names)
        }
    }
}

impl observe_net::Host for FakeHost {
    fn port_free(&mut self, port: u16) -> HostResult<bool> {
        Ok(!self.case().node.ports_in_use.contains(&port))
    }
    fn resolve(&mut self, host: String) -> HostResult<Vec<String>> {
        Ok(self.case().node.resolve(&host)?)
    }
    /// Every URL uses the proxy of its scheme: only the real host knows the rules of `NO_PROXY`.
    fn proxy_for(&mut self, url: String) -> HostResult<Option<String>> {
        let environment = &self.case().node.environment;
        let name = if url.starts_with("https:") {
            "HTTPS_PROXY"
        } else {
            "HTTP_PROXY"
        };
        let Some(proxy) = environment.get(name).filter(|proxy| !proxy.is_empty()) else {
            return Ok(None);
        };
        if environment.contains_key("NO_PROXY") {
            return Err(not_checked_failure(&format!("whether NO_PROXY has {url}")).into());
        }
        Ok(Some(without_user_info(proxy)))
    }
    fn http_get(&mut self, url: String, _timeout_millis: u32) -> HostResult<HttpReply> {
        let reply = self
            .case()
            .http
            .get(&url)
            .ok_or_else(|| not_checked_failure(&url))?;
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
    ) -> HostResult<HttpReply> {
        self.http_get(url, timeout_millis)
    }
}

impl observe_runtime::Host for FakeHost {
    fn runtime_status(&mut self) -> HostResult<String> {
        let runtime = &self.case().node.runtime;
        Ok(json!({
            "name": runtime.name,
            "version": runtime.version,
            "sandboxImage": runtime.sandbox_image,
        })
        .to_string())
    }
    fn runtime_config(&mut self) -> HostResult<String> {
        Ok(json!({"linux": {"cgroupDriver": "SYSTEMD"}}).to_string())
    }
    fn image_present(&mut self, image: String) -> HostResult<bool> {
        Ok(self.case().node.image_present(&image))
    }
}

impl observe_pki::Host for FakeHost {
    fn certificate(&mut self, _path: String) -> HostResult<Option<String>> {
        Ok(None)
    }
    fn private_key(&mut self, _path: String) -> HostResult<Option<String>> {
        Ok(None)
    }
    fn kubeconfig(&mut self, _path: String) -> HostResult<Option<String>> {
        Ok(None)
    }
}

impl observe_cluster::Host for FakeHost {
    fn get_object(&mut self, of: ObjectRef) -> HostResult<Option<String>> {
        let name = reference_name(&of);
        let object = self.case().objects.iter().find(|object| {
            object["apiVersion"] == of.api_version.as_str() && name_of(object) == name
        });
        Ok(object.map(Value::to_string))
    }
    fn list_objects(
        &mut self,
        api_version: String,
        kind: String,
        namespace: Option<String>,
        _: Option<String>,
    ) -> HostResult<Vec<String>> {
        let mut objects = self.case().objects.clone();
        objects.retain(|object| {
            let is_in_namespace = namespace
                .as_ref()
                .is_none_or(|namespace| object["metadata"]["namespace"] == namespace.as_str());
            object["apiVersion"] == api_version.as_str()
                && object["kind"] == kind.as_str()
                && is_in_namespace
        });
        Ok(objects.iter().map(Value::to_string).collect())
    }
}

impl observe_command::Host for FakeHost {
    fn run_command(&mut self, program: String, args: Vec<String>) -> HostResult<CommandOutput> {
        Ok(self.case().node.run(&program, &args)?)
    }
}

impl observe_core::Host for FakeHost {
    fn etcd_members(&mut self) -> HostResult<Vec<String>> {
        Err(not_checked_failure("etcd").into())
    }
    fn etcd_health(&mut self) -> HostResult<String> {
        Err(not_checked_failure("etcd").into())
    }
    fn component_health(&mut self, url: String) -> HostResult<u16> {
        Err(not_checked_failure(&url).into())
    }
    fn api_server_health(&mut self, url: String) -> HostResult<u16> {
        Err(not_checked_failure(&url).into())
    }
    fn components(&mut self) -> HostResult<Vec<String>> {
        Err(not_checked_failure("the containers of the control plane").into())
    }
}
