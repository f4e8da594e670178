//! Creating the Node and mirror Pods.
use super::{KUBECONFIG, KubeletStandIn, bootstrap, objects};
use crate::world::{Tried, text_file::read_kubeconfig};
use serde_json::Value;
use std::time::Duration;

impl KubeletStandIn {
    /// Creates the Node, and a mirror of each of these static Pods.
    pub(super) fn register(&self, pods: Vec<Value>) -> Tried<()> {
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
        for pod in &pods {
            accept_existing(api.create(&objects::mirror_pod(pod, &name)))?;
        }
        let mut state = self.state();
        state.registered = true;
        state.pods.extend(pods);
        Ok(())
    }

    /// Returns the name of the node: that of the user of its kubeconfig, or the host name.
    fn node_name(&self) -> Tried<String> {
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

/// Accepts that an object that was to be created exists already.
fn accept_existing(created: Tried<Value>) -> Tried<()> {
    match created {
        Err(failure) if failure.code != kubephase_wit::FailureCode::AlreadyExists => Err(failure),
        _ => Ok(()),
    }
}
