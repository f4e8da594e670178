//! The kubelet's stand-in: "runs" the static Pods it finds, which for the API server means to start the embedded one,
//! and registers its Node and their mirror Pods through the API, with the kubelet's own credentials.
mod bootstrap;

use super::cluster::Server;
use crate::world::{
    Cluster, Files, Tried,
    api::{ApiClient, Credentials, Dial, Endpoint},
    node::facts::NodeFacts,
};
use kubephase_wit::Failure;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::runtime::Handle;

const CONFIG: &str = "/var/lib/kubelet/config.yaml";
const KUBECONFIG: &str = "/etc/kubernetes/kubelet.conf";
/// Where the state of the cluster outlives the process; it holds secrets, as etcd does.
pub const SNAPSHOT: &str = "/var/lib/kubephase/cluster.json";
const BUDGET: Duration = Duration::from_secs(10);

/// Where the node's API server really is.
#[derive(Default)]
pub struct Place(Mutex<Option<Endpoint>>);

impl Dial for Place {
    fn endpoint(&self, _server: &url::Url) -> Option<Endpoint> {
        // Every name the cluster goes by leads to its one API server; before it runs, to where nothing ever listens.
        let place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(place.unwrap_or(Endpoint { address: SocketAddr::from(([127, 0, 0, 1], 0)), undated: false }))
    }
}

pub struct Kubelet {
    handle: Handle,
    files: Arc<dyn Files>,
    facts: Arc<NodeFacts>,
    place: Arc<Place>,
    port: u16,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: bool,
    pods: Vec<Value>,
    server: Option<Server>,
    registered: bool,
    /// what would be otherwise on a real machine
    notes: Vec<String>,
}

impl Kubelet {
    /// `port` is the API server's on loopback; 0 for any that is free. `place` is where that of the cluster is, if there is one.
    pub fn new(handle: Handle, files: Arc<dyn Files>, facts: Arc<NodeFacts>, port: u16, place: Arc<Place>) -> Self {
        Kubelet { handle, files, facts, place, port, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the cluster's API server is, for whoever joins.
    pub fn place(&self) -> Arc<Place> {
        self.place.clone()
    }

    pub fn dial(&self) -> Arc<dyn Dial> {
        self.place.clone()
    }

    /// Starts it, or starts it again; whether it was not running yet.
    ///
    /// # Errors
    /// Where its files cannot be used.
    pub fn start(&self) -> Tried<bool> {
        if self.files.stat(CONFIG)?.is_none() {
            return Err(Failure::new("unavailable", format!("the kubelet cannot start: {CONFIG} does not exist")));
        }
        let before = std::mem::replace(&mut self.state().running, true);
        bootstrap::certificate(self)?;
        self.sync()?;
        Ok(!before)
    }

    pub fn stop(&self) {
        if std::mem::take(&mut *self.state()).server.is_some() {
            *self.place.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// A node that was shut down while its cluster ran comes up as it was.
    ///
    /// # Errors
    /// Where its files cannot be used.
    pub fn resume(&self) -> Tried<bool> {
        let was = self.files.stat(SNAPSHOT)?.is_some() && self.files.stat(CONFIG)?.is_some();
        if was { self.start() } else { Ok(false) }
    }

    /// Looks at the static Pods again, as a kubelet does by itself.
    ///
    /// # Errors
    /// Where a Pod cannot be run or the Node cannot be registered.
    pub fn sync(&self) -> Tried<()> {
        if !self.state().running {
            return Ok(());
        }
        let pods = self.pods()?;
        let mut state = self.state();
        let has = |name: &str| pods.iter().find(|pod| pod["metadata"]["name"] == name);
        if state.server.is_none()
            && let Some(pod) = has("kube-apiserver")
        {
            if has("etcd").is_none() && !uses_external_etcd(pod) {
                state
                    .notes
                    .push("kube-apiserver is to use an etcd on this node, and there is no static Pod of one: it would not come up".into());
            }
            let snapshot = self.snapshot()?;
            let server = Server::start(&self.handle, pod, self.files.as_ref(), snapshot.as_ref(), self.port)?;
            *self.place.0.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(Endpoint { address: server.address(), undated: server.undated().is_some() });
            if let Some(why) = server.undated() {
                state.notes.push(format!("nothing on a real machine would trust the API server: {why}"));
            }
            state.server = Some(server);
        }
        let new: Vec<Value> = pods
            .iter()
            .filter(|pod| !state.pods.iter().any(|known| known["metadata"]["name"] == pod["metadata"]["name"]))
            .cloned()
            .collect();
        // A node without an API server of its own talks to the one there is.
        let up = state.server.is_some() || self.place.0.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let registered = state.registered;
        drop(state);
        if up && (!registered || !new.is_empty()) {
            self.register(&new)?;
            let mut state = self.state();
            state.registered = true;
            state.pods.extend(new);
        }
        Ok(())
    }

    fn snapshot(&self) -> Tried<Option<Value>> {
        match self.files.stat(SNAPSHOT)? {
            None => Ok(None),
            Some(_) => {
                let text = self.files.read(SNAPSHOT)?;
                let damaged =
                    |error| Failure::new("invalid", format!("{SNAPSHOT} is damaged: {error}; remove it to begin with an empty cluster"));
                serde_json::from_slice(&text).map(Some).map_err(damaged)
            }
        }
    }

    /// Keeps the state of the cluster in the scratch tree. A node that was reset has no cluster to come back to.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self) -> Tried<()> {
        if self.files.stat(CONFIG)?.is_none() {
            return self.files.remove(SNAPSHOT);
        }
        let Some(snapshot) = self.state().server.as_ref().map(Server::snapshot) else { return Ok(()) };
        self.files.make_dir(crate::run::state::DIRECTORY, 0o700)?;
        self.files.write(SNAPSHOT, snapshot.to_string().as_bytes(), 0o600, None)
    }

    /// What would be otherwise on a real machine.
    pub fn notes(&self) -> Vec<String> {
        self.state().notes.clone()
    }

    /// Binds the admins' group where nobody on the node may, and notes that a real cluster would not.
    pub fn bind_admins(&self) -> bool {
        let mut state = self.state();
        let Some(server) = &state.server else { return false };
        server.bind_admins();
        state.notes.push(
            "the binding of kubeadm:cluster-admins is missing and there is no super-admin.conf to make it: init would stop here".into(),
        );
        true
    }

    /// Where the API server listens.
    pub fn endpoint(&self) -> Option<SocketAddr> {
        self.state().server.as_ref().map(Server::address)
    }

    fn pods(&self) -> Tried<Vec<Value>> {
        let text = self.files.read(CONFIG)?;
        let config: Value = serde_yaml::from_str(&String::from_utf8_lossy(&text)).unwrap_or_default();
        let configured = config["staticPodPath"].as_str().unwrap_or(crate::render::MANIFESTS);
        let directory = crate::render::MANIFESTS;
        if configured != directory {
            // A kubelet that looks elsewhere finds nothing; the rehearsal goes on and says so.
            let note = format!("the kubelet looks for static Pods in {configured}, while they are in {directory}: it would not start them");
            let mut state = self.state();
            if !state.notes.contains(&note) {
                state.notes.push(note);
            }
        }
        if self.files.stat(directory)?.is_none() {
            return Ok(Vec::new());
        }
        let mut pods = Vec::new();
        for name in self.files.list(directory)?.into_iter().filter(|name| !name.starts_with('.')) {
            let text = self.files.read(&format!("{directory}/{name}"))?;
            // What is no Pod is passed over, as the kubelet does.
            if let Ok(pod) = serde_yaml::from_str::<Value>(&String::from_utf8_lossy(&text))
                && pod["kind"] == "Pod"
            {
                pods.push(pod);
            }
        }
        Ok(pods)
    }

    /// The API as the holder of a kubeconfig of the node sees it.
    fn api(&self, kubeconfig: &str) -> ApiClient {
        let credentials = Credentials::File(kubeconfig.to_owned());
        ApiClient::new(self.handle.clone(), self.files.clone(), credentials, self.place.clone(), BUDGET)
    }

    /// The Node, and a mirror of each static Pod.
    fn register(&self, pods: &[Value]) -> Tried<()> {
        let api = self.api(KUBECONFIG);
        let kubeconfig = crate::effect::pki::Kubeconfig::read(self.files.as_ref(), KUBECONFIG)?;
        let user = kubeconfig.as_ref().and_then(|kubeconfig| Some(kubeconfig.user()?.0.to_owned())).unwrap_or_default();
        let name = user.strip_prefix("system:node:").unwrap_or(&self.facts.hostname).to_owned();
        if name.bytes().any(|byte| byte.is_ascii_uppercase() || byte == b'_') {
            self.state().notes.push(format!("the node's name {name:?} is no DNS name: a real API server refuses such a Node"));
        }
        let there = |outcome: Tried<Value>| match outcome {
            Err(failure) if failure.code != "already-exists" => Err(failure),
            _ => Ok(()),
        };
        there(api.create(&self.node(&name)))?;
        pods.iter().try_for_each(|pod| there(api.create(&mirror(pod, &name))))
    }

    fn node(&self, name: &str) -> Value {
        let facts = &self.facts;
        let addresses: Vec<Value> = facts
            .addresses
            .iter()
            .map(|address| json!({"type": "InternalIP", "address": address}))
            .chain([json!({"type": "Hostname", "address": name})])
            .collect();
        let condition = |kind: &str, status: &str, reason: &str, message: &str| json!({"type": kind, "status": status, "reason": reason, "message": message});
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {
                "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": name,
            }},
            "spec": {},
            "status": {
                "addresses": addresses,
                "capacity": {"cpu": facts.cpus.to_string(), "memory": format!("{}Mi", facts.memory_mib), "pods": "110"},
                "conditions": [
                    condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                    condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                    condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                    condition("Ready", "False", "KubeletNotReady", "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"),
                ],
                "nodeInfo": {
                    "kernelVersion": facts.kernel_release, "osImage": "rehearsal", "operatingSystem": "linux", "architecture": "amd64",
                    "containerRuntimeVersion": format!("{}://{}", facts.runtime.name, facts.runtime.version),
                    "kubeletVersion": facts.kubelet_version.as_deref().unwrap_or_default(),
                },
            },
        })
    }

    /// Health of what the node runs: the status at a URL, none where nothing answers there.
    pub fn probe(&self, url: &str) -> Option<u16> {
        let state = self.state();
        let url = url::Url::parse(url).ok()?;
        let pod = |name: &str| state.pods.iter().any(|pod| pod["metadata"]["name"] == name);
        let up = match (url.port(), url.path()) {
            (Some(10257), _) => state.server.is_some() && pod("kube-controller-manager"),
            (Some(10259), _) => state.server.is_some() && pod("kube-scheduler"),
            (_, "/healthz") if url.scheme() == "http" => state.running,
            _ => state.server.is_some() && state.pods.iter().any(|pod| probes(pod, &url)),
        };
        up.then_some(200)
    }
}

/// Whether a static Pod answers at a port that its flags name.
fn probes(pod: &Value, url: &url::Url) -> bool {
    let wanted = format!("--secure-port={}", url.port().unwrap_or(443));
    pod.pointer("/spec/containers/0/command").and_then(Value::as_array).into_iter().flatten().any(|argument| *argument == wanted.as_str())
}

fn uses_external_etcd(pod: &Value) -> bool {
    let command = pod.pointer("/spec/containers/0/command").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let servers = command.filter_map(|argument| argument.strip_prefix("--etcd-servers=")).next_back();
    servers.is_some_and(|servers| !servers.contains("127.0.0.1") && !servers.contains("[::1]"))
}

/// The Pod as the API shows it.
fn mirror(pod: &Value, node: &str) -> Value {
    let mut mirror = pod.clone();
    let name = format!("{}-{node}", pod["metadata"]["name"].as_str().unwrap_or_default());
    let statuses: Vec<Value> = pod["spec"]["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|container| json!({"name": container["name"], "image": container["image"], "ready": true, "restartCount": 0, "state": {"running": {}}}))
        .collect();
    mirror["metadata"]["name"] = name.into();
    let hash = &crate::wasm::engine::digest_of(pod.to_string().as_bytes())[..32];
    // By these clients know it for a mirror, which `kubectl drain` passes over.
    for (name, value) in [("source", "file"), ("hash", hash), ("mirror", hash)] {
        mirror["metadata"]["annotations"][format!("kubernetes.io/config.{name}")] = value.into();
    }
    mirror["spec"]["nodeName"] = node.into();
    mirror["status"] = json!({"phase": "Running", "containerStatuses": statuses});
    mirror
}
