//! Starts the servers that the static Pods describe.
use super::{
    KubeletStandIn, KubeletState,
    static_pods::{find_pod, name_of},
};
use crate::{
    render::static_pod::flag,
    world::{
        WorldResult,
        rehearsal::api_server::{ApiServer, ServedObjects, StartOptions},
    },
};
use serde_json::Value;

const ETCD: &str = "etcd";
const API_SERVER: &str = "kube-apiserver";

impl KubeletStandIn {
    /// Reads the static Pods again, as a kubelet does on its own: stops those whose manifest
    /// changed or is gone, and starts new ones.
    ///
    /// # Errors
    /// A Pod cannot be run, or the Node cannot be registered.
    pub fn sync(&self) -> WorldResult<()> {
        let _syncing = self.syncing.lock();
        if !self.state().running || self.cluster().is_joined() {
            return Ok(());
        }
        let pods = self.read_static_pods()?;
        let mut state = self.state();
        let gone = self.stop_changed(&mut state, &pods);
        self.start_servers(&mut state, &pods)?;
        let new: Vec<Value> = pods
            .into_iter()
            .filter(|pod| find_pod(&state.pods, name_of(pod)).is_none())
            .collect();
        // The node registers with any API server of the cluster, not only with its own.
        let has_news = !(new.is_empty() && gone.is_empty());
        let must_register = self.cluster().answers_requests() && (!state.registered || has_news);
        drop(state);
        if must_register {
            match self.register(new, gone) {
                // The next call tries again.
                Err(failure) if failure.retryable => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Stops the static Pods whose manifest differs from these, or is gone. Returns the names of
    /// those that are gone.
    fn stop_changed(&self, state: &mut KubeletState, pods: &[Value]) -> Vec<String> {
        let (kept, stopped): (Vec<Value>, Vec<Value>) = std::mem::take(&mut state.pods)
            .into_iter()
            .partition(|pod| find_pod(pods, name_of(pod)) == Some(pod));
        state.pods = kept;
        for pod in &stopped {
            if name_of(pod) == ETCD {
                self.cluster().etcd.stop_pod(pod);
            }
            if name_of(pod) == API_SERVER
                && let Some(server) = state.server.take()
            {
                self.cluster().remove_server(&server);
            }
        }
        let names = stopped.iter().map(|pod| name_of(pod).to_owned());
        names
            .filter(|name| find_pod(pods, name).is_none())
            .collect()
    }

    /// Whether a container of a Pod ends as soon as it starts, as the description of the node says:
    /// for its image, or for a flag that it does not know.
    pub(super) fn is_broken(&self, pod: &Value) -> bool {
        let containers = pod["spec"]["containers"].as_array();
        let has_unknown_flag = containers.into_iter().flatten().any(|container| {
            let words = ["command", "args"].map(|field| container[field].as_array());
            let mut words = words.into_iter().flatten().flatten();
            words.any(|word| self.is_unknown(word.as_str().unwrap_or_default()))
        });
        has_unknown_flag || has_image_of(pod, &self.settings.facts.runtime.broken_images)
    }

    /// Whether a word of a command line is a flag that no component knows.
    pub(super) fn is_unknown(&self, word: &str) -> bool {
        let unknown = &self.settings.facts.runtime.unknown_flags;
        let flag = word.split_once('=').map_or(word, |(flag, _)| flag);
        unknown.iter().any(|name| name == flag)
    }

    /// Updates the member of etcd, and starts the API server if it does not run. Without its etcd
    /// an API server ends as soon as it starts.
    fn start_servers(&self, state: &mut KubeletState, pods: &[Value]) -> WorldResult<()> {
        let etcd = find_pod(pods, ETCD);
        if let Some(etcd) = etcd {
            self.load_replaced_data(state, etcd)?;
            if self.is_broken(etcd) || self.has_damaged_data(etcd)? {
                self.cluster().etcd.stop_pod(etcd);
            } else {
                self.cluster().etcd.observe_pod(etcd);
            }
        }
        let serves = etcd.is_none_or(|etcd| self.cluster().etcd.serves_pod(etcd));
        if !serves && let Some(server) = state.server.take() {
            self.cluster().remove_server(&server);
        }
        if let (Some(server), Some(pod)) = (&state.server, find_pod(pods, API_SERVER)) {
            server.reload_certificate(pod, self.files());
        }
        if serves
            && state.server.is_none()
            && let Some(pod) = find_pod(pods, API_SERVER)
            && !self.is_broken(pod)
        {
            let is_resumed = state.resumed;
            state.server = Some(self.start_api_server(pod, etcd, is_resumed, &mut state.notes)?);
        }
        Ok(())
    }

    /// Starts the API server. It serves the objects of the cluster if another server runs,
    /// otherwise those of the log. The certificates of a machine of an earlier rehearsal have to be
    /// valid.
    fn start_api_server(
        &self,
        pod: &Value,
        etcd: Option<&Value>,
        is_resumed: bool,
        notes: &mut Vec<String>,
    ) -> WorldResult<ApiServer> {
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
            StartOptions {
                port: self.settings.port,
                accepts_invalid: !is_resumed,
            },
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

/// Whether a container of a Pod has one of these images.
pub(super) fn has_image_of(pod: &Value, images: &[String]) -> bool {
    let containers = pod["spec"]["containers"].as_array();
    let mut own = containers
        .into_iter()
        .flatten()
        .filter_map(|container| container["image"].as_str());
    own.any(|image| images.iter().any(|name| name == image))
}

/// Whether an API server uses an etcd on other machines.
fn uses_external_etcd(pod: &Value) -> bool {
    let servers = flag(pod, "etcd-servers");
    !servers.is_empty() && !servers.contains("127.0.0.1") && !servers.contains("[::1]")
}
