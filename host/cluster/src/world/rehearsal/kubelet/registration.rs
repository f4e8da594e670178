//! Creating the Node and mirror Pods.
use super::{KUBECONFIG, KubeletStandIn, bootstrap, objects};
use crate::{
    render::static_pod::{manifest_hash, mirror_reference},
    world::{Cluster, WorldResult, object_ref::reference, text_file::read_kubeconfig},
};
use serde_json::Value;
use std::time::Duration;

const READY_POINTER: &str = "/status/containerStatuses/0/ready";

impl KubeletStandIn {
    /// Creates the Node, and a mirror of each of these static Pods. Removes the mirrors of Pods
    /// that are gone.
    pub(super) fn register(&self, pods: Vec<Value>, gone: Vec<String>) -> WorldResult<()> {
        bootstrap::ensure_certificate(self)?;
        let api = self.client(KUBECONFIG, Duration::ZERO);
        let name = self.node_name()?;
        if name
            .bytes()
            .any(|byte| byte.is_ascii_uppercase() || byte == b'_')
        {
            self.state().notes.push(format!(
                "the node's name {name:?} is not a DNS name: a real API server refuses such a Node"
            ));
        }
        accept_existing(api.create(&objects::node(&name, &self.settings.facts)))?;
        for pod in gone {
            api.delete(&mirror_reference(&pod, &name), None)?;
        }
        for pod in &pods {
            let mirror = objects::mirror_pod(pod, &name, !self.is_broken(pod));
            publish(api.as_ref(), &mirror)?;
        }
        let mut state = self.state();
        state.registered = true;
        state.pods.extend(pods);
        Ok(())
    }

    /// Runs the kubelet of another version. The Node shows the version.
    ///
    /// # Errors
    /// The files of the node cannot be read, or a Pod cannot be run.
    pub fn replace_program(&self, version: &str) -> WorldResult<()> {
        self.sync()?;
        if let Some(api) = self.cluster().api() {
            api.set_kubelet_version(&self.node_name()?, version);
        }
        Ok(())
    }

    /// Returns the name of the node: that of the user of its kubeconfig, or the host name.
    fn node_name(&self) -> WorldResult<String> {
        let kubeconfig = read_kubeconfig(self.files(), KUBECONFIG)?;
        let user = kubeconfig
            .as_ref()
            .and_then(|kubeconfig| Some(kubeconfig.user()?.0))
            .unwrap_or_default();
        Ok(user
            .strip_prefix("system:node:")
            .unwrap_or(&self.settings.facts.hostname)
            .to_owned())
    }
}

/// Creates a mirror Pod, in place of that of an earlier manifest.
fn publish(api: &dyn Cluster, mirror: &Value) -> WorldResult<()> {
    let reference = reference(mirror)?;
    let ready = |pod: &Value| pod.pointer(READY_POINTER).cloned();
    match api.get(&reference)? {
        Some(current)
            if manifest_hash(&current) == manifest_hash(mirror)
                && ready(&current) == ready(mirror) =>
        {
            return Ok(());
        }
        Some(_) => api.delete(&reference, None)?,
        None => {}
    }
    accept_existing(api.create(mirror))
}

/// Accepts that an object that was to be created exists already.
fn accept_existing(created: WorldResult<Value>) -> WorldResult<()> {
    match created {
        Err(failure) if failure.code != kubephase_wit::FailureCode::AlreadyExists => Err(failure),
        _ => Ok(()),
    }
}
