//! What a node takes over as it joins: the shared keys, and the kubeconfig with which its kubelet
//! asks for a certificate.
use super::{
    Applied, Context, Done,
    kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
    shared_keys,
};
use crate::{
    program,
    wasm::grant::Grant,
    world::{Files, Tried},
};
use data_encoding::BASE64;
use kubephase_sdk::{spec::FetchKeysSpec, yaml};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The shared keys and certificates, opened and written; files that are as the Secret has them are
/// left alone.
pub fn fetch_keys(spec: &FetchKeysSpec, context: &Context) -> Tried<Done> {
    let key = shared_keys::parse_key(&context.config.init.certificate_key)?;
    let secret = ObjectRef {
        api_version: "v1".into(),
        kind: "Secret".into(),
        namespace: Some("kube-system".into()),
        name: "kubeadm-certs".into(),
    };
    let missing = || {
        let message = "Secret \"kubeadm-certs\" was not found in the \"kube-system\" Namespace. \
            This Secret might have expired. Please, run `kubeadm init phase upload-certs \
            --upload-certs` on a control plane to generate a new one";
        upload(Failure::new(FailureCode::NotFound, message))
    };
    let secret = as_joining(context)?.get(&secret)?.ok_or_else(missing)?;
    // All of them are opened before any is written.
    let mut opened = Vec::new();
    for (name, path) in &spec.files {
        let Some(sealed) = secret["data"][name].as_str() else {
            let message = format!(
                "the Secret does not include the required certificate or key - name: {name}, path: \
                 {path}"
            );
            return Err(upload(Failure::new(FailureCode::Invalid, message)));
        };
        let damaged = |_| {
            upload(Failure::new(
                FailureCode::Invalid,
                format!("{name} of the Secret is not base64"),
            ))
        };
        let sealed = BASE64.decode(sealed.as_bytes()).map_err(damaged)?;
        if !sealed.is_empty() {
            opened.push((path, shared_keys::decrypt(&key, &sealed)?));
        }
    }
    let mut changed = false;
    let files = context.world.files();
    for (path, content) in opened {
        if files.stat(path)?.is_some() && files.read(path)? == *content.reveal() {
            continue;
        }
        let mode = if path.ends_with(".key") { 0o600 } else { 0o644 };
        files.write(path, content.reveal(), mode, None)?;
        changed = true;
    }
    Ok(Done::from(changed))
}

/// What to do where the Secret is not what it should be.
fn upload(failure: Failure) -> Failure {
    Failure {
        remedy: Some(format!(
            "on a control plane: {}",
            program::command("init phase upload-certs --upload-certs")
        )),
        ..failure
    }
}

/// The API as a node that joins sees it, before it is anybody there.
pub fn as_joining(context: &Context) -> Tried<Box<dyn crate::world::Cluster>> {
    let join = context
        .config
        .join
        .as_ref()
        .ok_or_else(|| Failure::new(FailureCode::Invalid, "this node joins no cluster"))?;
    context
        .world
        .cluster()
        .as_holder_of(&join.bootstrap_kubeconfig)
}

/// Path of the kubeconfig that the kubelet makes from its bootstrap kubeconfig.
pub fn kubeconfig_of_kubelet(bootstrap: &str) -> String {
    bootstrap.replace("bootstrap-kubelet", "kubelet")
}

/// The kubeconfig in which the host knows the token.
pub fn bootstrap_kubeconfig(path: &str, context: &Context) -> Tried<bool> {
    let join = context
        .config
        .join
        .as_ref()
        .ok_or_else(|| Failure::new(FailureCode::Invalid, "this node joins no cluster"))?;
    let files = context.world.files();
    let content = join.bootstrap_kubeconfig.reveal().as_bytes();
    if files.stat(path)?.is_some() && files.read(path)? == content {
        return Ok(false);
    }
    files.write(path, content, 0o600, None).map(|()| true)
}

/// The kubeconfig with all its clusters at this URL.
pub fn server(path: &str, url: &str, files: &dyn Files) -> Tried<Applied> {
    let invalid = || Failure::new(FailureCode::Invalid, format!("{path} is not a kubeconfig"));
    let text = files.read(path)?;
    let mut kubeconfig: Value =
        serde_yaml::from_str(&String::from_utf8_lossy(&text)).map_err(|_| invalid())?;
    let clusters = kubeconfig["clusters"].as_array_mut().ok_or_else(invalid)?;
    let mut changed = false;
    for cluster in clusters
        .iter_mut()
        .filter_map(|entry| entry.get_mut("cluster"))
    {
        changed |= cluster["server"] != url;
        cluster["server"] = url.into();
    }
    if !changed {
        return Ok(Applied::Unchanged);
    }
    files
        .write(path, yaml::to_string(&kubeconfig).as_bytes(), 0o600, None)
        .map(|()| Applied::Changed)
}

impl EffectKind for FetchKeysSpec {
    fn properties(&self) -> Properties {
        Properties {
            kind: "fetched-keys",
            target: Target::Other(shared_keys::TARGET.into()),
            files: FileProperties::of_host(
                self.files.iter().map(|(_, path)| path.clone()).collect(),
            ),
            waits: true,
            key_work: 0,
            undo: Undo::RemoveCreated,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> Tried<Done> {
        fetch_keys(self, context)
    }
}

/// The kubeconfig with which the kubelet asks for its certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BootstrapKubeconfig {
    pub path: String,
}

impl EffectKind for BootstrapKubeconfig {
    fn properties(&self) -> Properties {
        Properties {
            kind: "bootstrap-kubeconfig",
            target: Target::Path(self.path.clone()),
            // From it the kubelet makes its own.
            files: FileProperties::of_host(vec![
                self.path.clone(),
                kubeconfig_of_kubelet(&self.path),
            ]),
            waits: false,
            key_work: 0,
            undo: Undo::RemoveCreated,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> Tried<Done> {
        bootstrap_kubeconfig(&self.path, context).map(Done::from)
    }
}

/// A kubeconfig that is there, with another server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KubeconfigServer {
    pub path: String,
    pub server: String,
}

impl EffectKind for KubeconfigServer {
    fn properties(&self) -> Properties {
        Properties {
            kind: "kubeconfig-server",
            target: Target::Path(self.path.clone()),
            files: FileProperties::of_host(vec![self.path.clone()]),
            waits: false,
            key_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> Tried<Done> {
        server(&self.path, &self.server, context.world.files()).map(Done::from)
    }
}

#[cfg(test)]
mod tests;
