//! A stand-in for the kubelet. It "runs" the static Pods that it finds: for the API server it
//! starts the embedded one. It registers its Node and mirror Pods through the API, with the
//! kubelet's own credentials.
//!
//! | module | content |
//! |---|---|
//! | `sync` | starting what the static Pods say |
//! | `etcd_data` | data that a run puts into etcd's directory, and data that etcd cannot read |
//! | `static_pods` | reading static Pods |
//! | `registration` | creating the Node and mirror Pods |
//! | `bootstrap` | getting the first certificate |
//! | `objects` | the Node and mirror Pods as manifests |
//! | `settings` | settings with which a kubelet does not start |
//! | `resume` | starting again what an earlier rehearsal left |
mod bootstrap;
mod etcd_data;
mod objects;
mod registration;
mod resume;
mod settings;
mod static_pods;
mod sync;

use super::{api_server::ApiServer, cluster_state::ClusterState};
use crate::{
    cancel::Cancel,
    render::static_pod::flag,
    world::{
        Cluster, Files, WorldResult,
        api::{Credentials, RetryLimit},
        node::facts::NodeFacts,
    },
};
use kubephase_wit::{Failure, FailureCode};
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use static_pods::find_pod;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::runtime::Handle;
use url::Url;

/// Path of the kubeconfig with the kubelet's certificate.
pub const KUBECONFIG: &str = "/etc/kubernetes/kubelet.conf";
/// Path of the kubelet's configuration.
const CONFIG: &str = "/var/lib/kubelet/config.yaml";

/// The parts that a kubelet stand-in is made of.
pub struct KubeletSettings {
    /// Runs the embedded API server and the client of the API.
    pub handle: Handle,
    /// The files of the node.
    pub files: Arc<dyn Files>,
    /// The description of the node.
    pub facts: NodeFacts,
    /// The cluster that the node makes or joins.
    pub cluster: Arc<ClusterState>,
    /// The port of the API server on loopback; 0 for any free port.
    pub port: u16,
    /// Ends requests in progress.
    pub cancel: Cancel,
}

/// A stand-in for the kubelet of a node.
pub struct KubeletStandIn {
    settings: KubeletSettings,
    state: Mutex<KubeletState>,
    /// Serialises `sync`; several threads may call it.
    syncing: Mutex<()>,
}

#[derive(Default)]
struct KubeletState {
    running: bool,
    /// Static Pods that the kubelet has started, also those that ended.
    pods: Vec<Value>,
    server: Option<ApiServer>,
    registered: bool,
    /// whether an earlier rehearsal made the machine
    resumed: bool,
    /// Differences from a real machine.
    notes: Vec<String>,
}

impl KubeletStandIn {
    /// Returns a kubelet that does not run yet.
    pub fn new(settings: KubeletSettings) -> Self {
        KubeletStandIn {
            settings,
            state: Mutex::default(),
            syncing: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, KubeletState> {
        self.state.lock()
    }

    fn files(&self) -> &dyn Files {
        self.settings.files.as_ref()
    }

    /// Returns the cluster that the node makes or joins.
    pub fn cluster(&self) -> &Arc<ClusterState> {
        &self.settings.cluster
    }

    /// Starts or stops the kubelet if a service of this name is to be in this state. Returns
    /// whether it was started.
    ///
    /// # Errors
    /// The errors of [`KubeletStandIn::start`].
    pub fn set_service(&self, name: &str, state: &str) -> WorldResult<bool> {
        match (name, state) {
            ("kubelet", "running" | "restarted") => self.start(),
            ("kubelet", "stopped") => {
                self.stop();
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    /// Starts or restarts the kubelet. Returns whether it did not run before.
    ///
    /// # Errors
    /// `unavailable` if it has no configuration; those of `sync`.
    pub fn start(&self) -> WorldResult<bool> {
        if self.files().stat(CONFIG)?.is_none() {
            return Err(Failure::new(
                FailureCode::Unavailable,
                format!("the kubelet cannot start: {CONFIG} does not exist"),
            ));
        }
        if let Some(problem) = settings::problem(self)? {
            // The init system has started it, and it ends at once.
            let mut state = self.state();
            state.running = false;
            state
                .notes
                .push(format!("the kubelet does not start: {problem}"));
            return Ok(false);
        }
        let was_running = std::mem::replace(&mut self.state().running, true);
        self.sync()?;
        Ok(!was_running)
    }

    /// Marks the kubelet as running, whatever its configuration is.
    pub fn presume_running(&self) {
        self.state().running = true;
    }

    /// Stops the kubelet and everything that it runs.
    pub fn stop(&self) {
        let KubeletState { pods, server, .. } = std::mem::take(&mut *self.state());
        if let Some(server) = &server {
            self.cluster().remove_server(server);
        }
        if let Some(etcd) = find_pod(&pods, "etcd") {
            self.cluster().etcd.stop_pod(etcd);
        }
    }

    /// Whether the kubelet runs.
    pub fn is_running(&self) -> bool {
        self.state().running
    }

    /// Returns the differences from a real machine.
    pub fn notes(&self) -> Vec<String> {
        let unsigned = self
            .cluster()
            .is_external()
            .then(|| "whether the cluster would sign the kubelet's certificate".to_owned());
        self.state()
            .notes
            .iter()
            .cloned()
            .chain(unsigned)
            .chain(self.cluster().log.failure())
            .collect()
    }

    /// Makes the binding of the admins' group if the API server runs, and notes that a real cluster
    /// would not. Returns whether it was made.
    pub fn bind_admins(&self) -> bool {
        let mut state = self.state();
        let Some(server) = &state.server else {
            return false;
        };
        server.bind_admins();
        state.notes.push(
            "the binding of kubeadm:cluster-admins is missing and there is no super-admin.conf to \
             make it: init would stop here"
                .into(),
        );
        true
    }

    /// Returns the address of the API server, if it runs.
    pub fn endpoint(&self) -> Option<SocketAddr> {
        self.state().server.as_ref().map(ApiServer::address)
    }

    /// Returns the API with the credentials of a kubeconfig of the node. Requests are tried for
    /// this long.
    fn client(&self, kubeconfig: &str, duration: Duration) -> Box<dyn Cluster> {
        self.cluster().client(
            &self.settings.handle,
            self.settings.files.clone(),
            Credentials::File(kubeconfig.to_owned()),
            RetryLimit {
                duration,
                cancel: self.settings.cancel.clone(),
            },
        )
    }

    /// Returns the status of a health endpoint of the servers that the node runs; `None` if no
    /// server answers.
    pub fn health_status(&self, url: &str) -> Option<u16> {
        let state = self.state();
        let url = Url::parse(url).ok()?;
        let serves = state.server.is_some();
        let is_up = match (url.port(), url.path()) {
            (Some(10257), _) => serves && self.runs_pod(&state, "kube-controller-manager"),
            (Some(10259), _) => serves && self.runs_pod(&state, "kube-scheduler"),
            (_, "/healthz") if url.scheme() == "http" => state.running,
            (port, _) => {
                let port = port.unwrap_or(443).to_string();
                serves
                    && state
                        .pods
                        .iter()
                        .any(|pod| flag(pod, "secure-port") == port)
            }
        };
        is_up.then_some(200)
    }

    /// Whether the containers of a static Pod run.
    fn runs_pod(&self, state: &KubeletState, name: &str) -> bool {
        find_pod(&state.pods, name).is_some_and(|pod| !self.is_broken(pod))
    }
}
