//! Starts the servers that the static Pods describe.
use super::{KubeletStandIn, KubeletState, find_pod};
use crate::{
    render::static_pod::flag,
    world::{
        Tried,
        rehearsal::api_server::{ApiServer, ServedObjects},
    },
};
use serde_json::Value;

impl KubeletStandIn {
    /// Reads the static Pods again, as a kubelet does on its own, and starts new ones.
    ///
    /// # Errors
    /// A Pod cannot be run, or the Node cannot be registered.
    pub fn sync(&self) -> Tried<()> {
        let _syncing = self.syncing.lock();
        if !self.state().running {
            return Ok(());
        }
        let pods = self.read_static_pods()?;
        let mut state = self.state();
        self.start_servers(&mut state, &pods)?;
        let new: Vec<Value> = pods
            .into_iter()
            .filter(|pod| !state.runs_pod(pod["metadata"]["name"].as_str().unwrap_or_default()))
            .collect();
        // The node registers with any API server of the cluster, not only with its own.
        let must_register = self.cluster().is_up() && (!state.registered || !new.is_empty());
        drop(state);
        if must_register {
            match self.register(new) {
                // The next call tries again.
                Err(failure) if failure.retryable => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Updates the member of etcd, and starts the API server if it does not run. Without its etcd
    /// an API server ends as soon as it starts.
    fn start_servers(&self, state: &mut KubeletState, pods: &[Value]) -> Tried<()> {
        let etcd = find_pod(pods, "etcd");
        if let Some(etcd) = etcd {
            self.cluster().etcd.observe_pod(etcd);
        }
        if state.server.is_none()
            && let Some(pod) = find_pod(pods, "kube-apiserver")
            && etcd.is_none_or(|etcd| self.cluster().etcd.serves_pod(etcd))
        {
            state.server = Some(self.start_api_server(pod, etcd, &mut state.notes)?);
        }
        Ok(())
    }

    /// Starts the API server. It serves the objects of the cluster if another server runs,
    /// otherwise those of the log.
    fn start_api_server(
        &self,
        pod: &Value,
        etcd: Option<&Value>,
        notes: &mut Vec<String>,
    ) -> Tried<ApiServer> {
        if etcd.is_none() && !uses_external_etcd(pod) {
            notes.push(
                "kube-apiserver is to use an etcd on this node, but no static Pod runs an etcd: \
                 kube-apiserver would not start"
                    .into(),
            );
        }
        let cluster = self.cluster();
        let objects = match cluster.api() {
            Some(api) => ServedObjects::Shared(api),
            None => ServedObjects::Own(cluster.load(self.files())?, cluster.log.clone()),
        };
        let is_first = matches!(objects, ServedObjects::Own(..));
        let server = ApiServer::start(
            &self.settings.handle,
            pod,
            self.files(),
            objects,
            self.settings.port,
        )?;
        if is_first {
            cluster.begin_log(&server)?;
        }
        cluster.add_server(&server, &self.settings.facts.addresses);
        if let Some(problem) = server.validity_problem() {
            notes.push(format!(
                "nothing on a real machine would trust the API server: {problem}"
            ));
        }
        Ok(server)
    }
}

/// Whether an API server uses an etcd on other machines.
fn uses_external_etcd(pod: &Value) -> bool {
    let servers = flag(pod, "etcd-servers");
    !servers.is_empty() && !servers.contains("127.0.0.1") && !servers.contains("[::1]")
}
