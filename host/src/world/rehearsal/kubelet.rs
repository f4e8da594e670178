//! The kubelet's stand-in: "runs" the static Pods it finds, which for the API server means to start
//! the embedded one, and registers its Node and their mirror Pods through the API, with the
//! kubelet's own credentials.
mod bootstrap;
mod objects;

use super::{
    cluster::{Keeps, Server},
    common::Common,
    kept::Log,
};
use crate::{
    cancel::Cancel,
    render::{MANIFESTS, static_pod::flag},
    world::{
        Cluster, Files, Tried,
        api::{Credentials, Patience},
        node::facts::NodeFacts,
    },
};
use kubephase_wit::Failure;
use serde_json::Value;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::runtime::Handle;

const CONFIG: &str = "/var/lib/kubelet/config.yaml";
/// With the certificate that it got.
pub const KUBECONFIG: &str = "/etc/kubernetes/kubelet.conf";

pub struct Kubelet {
    handle: Handle,
    files: Arc<dyn Files>,
    facts: Arc<NodeFacts>,
    common: Arc<Common>,
    port: u16,
    /// Ends its requests with the run.
    cancel: Cancel,
    state: Mutex<State>,
    /// held while it looks: it is one, whoever has it look
    looking: Mutex<()>,
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

/// How a node came up after an earlier rehearsal in the same tree.
#[derive(Debug, Default)]
pub struct Resumed {
    /// the kubelet runs
    pub runs: bool,
    /// why the static Pods do not
    pub failure: Option<String>,
}

impl Kubelet {
    /// `port` is the API server's on loopback; 0 for any that is free.
    pub fn new(
        handle: Handle,
        files: Arc<dyn Files>,
        facts: Arc<NodeFacts>,
        port: u16,
        common: Arc<Common>,
        cancel: Cancel,
    ) -> Self {
        Kubelet {
            handle,
            files,
            facts,
            common,
            port,
            cancel,
            state: Mutex::default(),
            looking: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it shares with the other nodes of the cluster.
    pub fn common(&self) -> &Arc<Common> {
        &self.common
    }

    /// Starts it, or starts it again; whether it was not running yet.
    ///
    /// # Errors
    /// Where its files cannot be used.
    pub fn start(&self) -> Tried<bool> {
        if self.files.stat(CONFIG)?.is_none() {
            return Err(Failure::new(
                "unavailable",
                format!("the kubelet cannot start: {CONFIG} does not exist"),
            ));
        }
        let before = std::mem::replace(&mut self.state().running, true);
        self.sync()?;
        Ok(!before)
    }

    pub fn stop(&self) {
        let State { pods, server, .. } = std::mem::take(&mut *self.state());
        server.iter().for_each(|server| self.common.down(server));
        named(&pods, "etcd")
            .into_iter()
            .for_each(|etcd| self.common.etcd.down(etcd));
    }

    /// A node that was shut down while its cluster ran, or went on without it, comes up as it was.
    /// Where its API server does not, because a certificate of it is gone for example, the kubelet
    /// runs all the same, as a real one does: the phases that mend or reset the node are what comes
    /// next.
    ///
    /// # Errors
    /// Where its files cannot be used.
    pub fn resume(&self) -> Tried<Resumed> {
        self.forget()?;
        let has = |path: &str| self.files.stat(path).map(|found| found.is_some());
        let of_cluster = self.common.is_up() || has(&Log::path())?;
        let whole = has(CONFIG)? && (has(KUBECONFIG)? || has(bootstrap::KUBECONFIG)?);
        if !(of_cluster && whole) {
            return Ok(Resumed::default());
        }
        let failure = self.start().err().map(|failure| {
            let note = format!(
                "what ran on this node before did not come up again: {}",
                failure.told()
            );
            self.state().notes.push(note.clone());
            note
        });
        Ok(Resumed {
            runs: true,
            failure,
        })
    }

    /// What was kept of the cluster goes with the node that it was kept on: one that was reset,
    /// even by a run that was killed, has nothing to come back to.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn forget(&self) -> Tried<()> {
        if self.files.stat(CONFIG)?.is_some() {
            Ok(())
        } else {
            self.files.remove(&Log::path())
        }
    }

    /// Looks at the static Pods again, as a kubelet does by itself.
    ///
    /// # Errors
    /// Where a Pod cannot be run or the Node cannot be registered.
    pub fn sync(&self) -> Tried<()> {
        let _looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.state().running {
            return Ok(());
        }
        let pods = self.pods()?;
        let mut state = self.state();
        let etcd = named(&pods, "etcd");
        etcd.into_iter()
            .for_each(|etcd| self.common.etcd.look(etcd));
        // Without its etcd an API server ends as soon as it starts.
        if state.server.is_none()
            && let Some(pod) = named(&pods, "kube-apiserver")
            && etcd.is_none_or(|etcd| self.common.etcd.serves(etcd))
        {
            state.server = Some(self.serve(pod, etcd, &mut state.notes)?);
        }
        let new: Vec<Value> = pods
            .iter()
            .filter(|pod| {
                named(
                    &state.pods,
                    pod["metadata"]["name"].as_str().unwrap_or_default(),
                )
                .is_none()
            })
            .cloned()
            .collect();
        // A node without an API server of its own talks to the one there is.
        let up = self.common.is_up();
        let registered = state.registered;
        drop(state);
        if up && (!registered || !new.is_empty()) {
            match self.register(new) {
                // It looks again soon.
                Err(failure) if failure.retryable => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Starts the API server: over what the cluster has, where there is one.
    fn serve(&self, pod: &Value, etcd: Option<&Value>, notes: &mut Vec<String>) -> Tried<Server> {
        let servers = flag(pod, "etcd-servers");
        let external =
            !servers.is_empty() && !servers.contains("127.0.0.1") && !servers.contains("[::1]");
        if etcd.is_none() && !external {
            notes.push(
                "kube-apiserver is to use an etcd on this node, and there is no static Pod \
                of one: it would not come up"
                    .into(),
            );
        }
        let store = match self.common.api() {
            Some(api) => Keeps::Shared(api),
            None => Keeps::Own(
                self.common.resume(self.files.as_ref())?,
                self.common.log.clone(),
            ),
        };
        let own = matches!(store, Keeps::Own(..));
        let server = Server::start(&self.handle, pod, self.files.as_ref(), store, self.port)?;
        if own {
            self.common.keep(&server)?;
        }
        self.common.up(&server);
        if let Some(why) = server.undated() {
            notes.push(format!(
                "nothing on a real machine would trust the API server: {why}"
            ));
        }
        Ok(server)
    }

    /// What would be otherwise on a real machine.
    pub fn notes(&self) -> Vec<String> {
        let unsigned = self
            .common
            .is_outside()
            .then(|| "whether the cluster would sign the kubelet's certificate".to_owned());
        self.state()
            .notes
            .iter()
            .cloned()
            .chain(unsigned)
            .chain(self.common.log.failure())
            .collect()
    }

    /// Binds the admins' group where nobody on the node may, and notes that a real cluster would
    /// not.
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

    /// Where the API server listens.
    pub fn endpoint(&self) -> Option<SocketAddr> {
        self.state().server.as_ref().map(Server::address)
    }

    fn pods(&self) -> Tried<Vec<Value>> {
        let text = self.files.read(CONFIG)?;
        let config: Value =
            serde_yaml::from_str(&String::from_utf8_lossy(&text)).unwrap_or_default();
        let configured = config["staticPodPath"].as_str().unwrap_or(MANIFESTS);
        if configured != MANIFESTS {
            // A kubelet that looks elsewhere finds nothing; the rehearsal goes on and says so.
            let note = format!(
                "the kubelet looks for static Pods in {configured}, while they are in {MANIFESTS}: \
                 it would not start them"
            );
            let mut state = self.state();
            if !state.notes.contains(&note) {
                state.notes.push(note);
            }
        }
        if self.files.stat(MANIFESTS)?.is_none() {
            return Ok(Vec::new());
        }
        let mut pods = Vec::new();
        for name in self
            .files
            .list(MANIFESTS)?
            .into_iter()
            .filter(|name| !name.starts_with('.'))
        {
            let text = self.files.read(&format!("{MANIFESTS}/{name}"))?;
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
    fn api(&self, kubeconfig: &str, time: Duration) -> Box<dyn Cluster> {
        self.common.client(
            &self.handle,
            self.files.clone(),
            Credentials::File(kubeconfig.to_owned()),
            Patience {
                time,
                cancel: self.cancel.clone(),
            },
        )
    }

    /// The Node, and a mirror of each of these static Pods.
    fn register(&self, pods: Vec<Value>) -> Tried<()> {
        bootstrap::certificate(self)?;
        let api = self.api(KUBECONFIG, Duration::ZERO);
        let kubeconfig = crate::world::text_file::read_kubeconfig(self.files.as_ref(), KUBECONFIG)?;
        let user = kubeconfig
            .as_ref()
            .and_then(|kubeconfig| Some(kubeconfig.user()?.0.to_owned()))
            .unwrap_or_default();
        let name = user
            .strip_prefix("system:node:")
            .unwrap_or(&self.facts.hostname)
            .to_owned();
        if name
            .bytes()
            .any(|byte| byte.is_ascii_uppercase() || byte == b'_')
        {
            self.state().notes.push(format!(
                "the node's name {name:?} is no DNS name: a real API server refuses such a Node"
            ));
        }
        let there = |outcome: Tried<Value>| match outcome {
            Err(failure) if failure.code != "already-exists" => Err(failure),
            _ => Ok(()),
        };
        there(api.create(&objects::node(&name, &self.facts)))?;
        pods.iter()
            .try_for_each(|pod| there(api.create(&objects::mirror(pod, &name))))?;
        let mut state = self.state();
        state.registered = true;
        state.pods.extend(pods);
        Ok(())
    }

    /// Health of what the node runs: the status at a URL, none where nothing answers there.
    pub fn probe(&self, url: &str) -> Option<u16> {
        let state = self.state();
        let url = url::Url::parse(url).ok()?;
        let pod = |name: &str| named(&state.pods, name).is_some();
        let up = match (url.port(), url.path()) {
            (Some(10257), _) => state.server.is_some() && pod("kube-controller-manager"),
            (Some(10259), _) => state.server.is_some() && pod("kube-scheduler"),
            (_, "/healthz") if url.scheme() == "http" => state.running,
            (port, _) => {
                let port = port.unwrap_or(443).to_string();
                state.server.is_some()
                    && state
                        .pods
                        .iter()
                        .any(|pod| flag(pod, "secure-port") == port)
            }
        };
        up.then_some(200)
    }
}

/// The static Pod of a component.
fn named<'a>(pods: &'a [Value], name: &str) -> Option<&'a Value> {
    pods.iter().find(|pod| pod["metadata"]["name"] == name)
}
