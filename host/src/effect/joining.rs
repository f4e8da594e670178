//! Effects of `join`: the shared keys, the kubeconfig with which the kubelet requests its
//! certificate, and the server in the kubelet's own kubeconfig.
use super::{
    Applied, Context, EffectOutcome,
    kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
    shared_keys,
};
use crate::{
    pki::Kubeconfig,
    program,
    wasm::grant::Grant,
    world::{Files, WorldResult},
};
use data_encoding::BASE64;
use kubephase_sdk::spec::FetchKeysSpec;
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Fetches the shared keys and certificates from the cluster, decrypts and writes them. Files with
/// the content of the Secret stay as they are.
///
/// # Errors
/// The Secret does not exist or lacks a file, the certificate key does not fit, or a file cannot be
/// written.
pub fn fetch_keys(spec: &FetchKeysSpec, context: &Context) -> WorldResult<EffectOutcome> {
    let key = shared_keys::parse_key(&context.config.init.certificate_key)?;
    let secret = match context.config.join {
        Some(_) => bootstrap_api(context)?.get(&shared_secret()),
        // This node is a member of the control plane already.
        None => context.world.cluster().get(&shared_secret()),
    };
    let secret = secret?.ok_or_else(missing_secret)?;
    // Every file is decrypted before the first is written.
    let mut opened = Vec::new();
    for (name, path) in &spec.files {
        let sealed = read_sealed(&secret, name, path)?;
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
    Ok(EffectOutcome::from(changed))
}

fn shared_secret() -> ObjectRef {
    ObjectRef::secret("kube-system", "kubeadm-certs")
}

fn missing_secret() -> Failure {
    let message = "Secret \"kubeadm-certs\" was not found in the \"kube-system\" Namespace. This \
        Secret might have expired. Please, run `kubeadm init phase upload-certs --upload-certs` on \
        a control plane to generate a new one";
    with_upload_remedy(Failure::new(FailureCode::NotFound, message))
}

/// Returns the encrypted content of a file in the Secret; empty if the control plane does not have
/// the file.
fn read_sealed(secret: &Value, name: &str, path: &str) -> WorldResult<Vec<u8>> {
    let Some(sealed) = secret["data"][name].as_str() else {
        let message = format!(
            "the Secret does not include the required certificate or key - name: {name}, path: \
             {path}"
        );
        return Err(with_upload_remedy(Failure::new(
            FailureCode::Invalid,
            message,
        )));
    };
    BASE64.decode(sealed.as_bytes()).map_err(|_| {
        with_upload_remedy(Failure::new(
            FailureCode::Invalid,
            format!("{name} of the Secret is not base64"),
        ))
    })
}

/// Adds the command that uploads the Secret again.
fn with_upload_remedy(failure: Failure) -> Failure {
    Failure {
        remedy: Some(format!(
            "on a control plane: {}",
            program::command("init phase upload-certs --upload-certs")
        )),
        ..failure
    }
}

/// Opens the API with the credentials of a node that joins: its bootstrap kubeconfig.
///
/// # Errors
/// `invalid` if this run joins no cluster, or the kubeconfig cannot be used.
fn bootstrap_api(context: &Context) -> WorldResult<Box<dyn crate::world::Cluster>> {
    let kubeconfig = &joined_cluster(context)?.bootstrap_kubeconfig;
    context.world.cluster().as_holder_of(kubeconfig)
}

/// Returns the cluster that this node joins.
fn joined_cluster<'c>(context: &Context<'c>) -> WorldResult<&'c crate::config::JoinedCluster> {
    let join = context.config.join.as_ref();
    join.ok_or_else(|| Failure::new(FailureCode::Invalid, "this node joins no cluster"))
}

/// Returns the path of the kubeconfig that the kubelet makes from its bootstrap kubeconfig.
pub fn kubeconfig_of_kubelet(bootstrap: &str) -> String {
    bootstrap.replace("bootstrap-kubelet", "kubelet")
}

/// Writes the bootstrap kubeconfig, whose token only the host knows. Returns whether the file
/// changed.
///
/// # Errors
/// `invalid` if this run joins no cluster, or the file cannot be written.
pub fn write_bootstrap_kubeconfig(path: &str, context: &Context) -> WorldResult<bool> {
    let join = joined_cluster(context)?;
    let files = context.world.files();
    let content = join.bootstrap_kubeconfig.reveal().as_bytes();
    if files.stat(path)?.is_some() && files.read(path)? == content {
        return Ok(false);
    }
    files.write(path, content, 0o600, None).map(|()| true)
}

/// Sets the server of all clusters in a kubeconfig to a URL.
///
/// # Errors
/// `invalid` if the file is not a kubeconfig, or the file cannot be read or written.
pub fn set_server(path: &str, url: &str, files: &dyn Files) -> WorldResult<Applied> {
    let text = files.read(path)?;
    let mut kubeconfig = Kubeconfig::parse(&String::from_utf8_lossy(&text), path)
        .map_err(|_| not_a_kubeconfig(path))?;
    let is_changed = kubeconfig.set_server(url);
    if !is_changed.ok_or_else(|| not_a_kubeconfig(path))? {
        return Ok(Applied::Unchanged);
    }
    let text = kubeconfig.to_text();
    files
        .write(path, text.reveal().as_bytes(), 0o600, None)
        .map(|()| Applied::Changed)
}

fn not_a_kubeconfig(path: &str) -> Failure {
    Failure {
        remedy: Some(format!("remove {path} and run the join again")),
        ..Failure::new(FailureCode::Invalid, format!("{path} is not a kubeconfig"))
    }
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
            crypto_work: 0,
            undo: Undo::RemoveCreated,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        fetch_keys(self, context)
    }
}

/// The kubeconfig with which the kubelet requests its certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BootstrapKubeconfig {
    pub path: String,
}

impl EffectKind for BootstrapKubeconfig {
    fn properties(&self) -> Properties {
        Properties {
            kind: "bootstrap-kubeconfig",
            target: Target::Path(self.path.clone()),
            // The kubelet makes its own kubeconfig from this one.
            files: FileProperties::of_host(vec![
                self.path.clone(),
                kubeconfig_of_kubelet(&self.path),
            ]),
            waits: false,
            crypto_work: 0,
            undo: Undo::RemoveCreated,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        write_bootstrap_kubeconfig(&self.path, context).map(EffectOutcome::from)
    }
}

/// The server of a kubeconfig that exists.
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
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        set_server(&self.path, &self.server, context.world.files()).map(EffectOutcome::from)
    }
}

#[cfg(test)]
mod tests;
