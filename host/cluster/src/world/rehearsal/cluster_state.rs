//! State that the machines of a rehearsed cluster share: their addresses, the API servers, the
//! members of etcd, and the log of changes, from which a later rehearsal restores the cluster. In a
//! dry run against a real cluster, `external` is that cluster.
use super::{
    api_server::{ApiServer, ApiState},
    etcd::EtcdMembers,
    external::ExternalCluster,
    no_cluster::NoCluster,
    persistence::{ClusterLog, LogEntry},
};
use crate::world::{
    Cluster, Files, WorldResult,
    api::{ApiClient, Credentials, Endpoint, Resolver, RetryLimit},
};
use kubephase_sdk::net::{Url, parse_address};
use parking_lot::{Mutex, MutexGuard};
use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
};
use tokio::runtime::Handle;

/// State that the machines of a rehearsed cluster share.
pub struct ClusterState {
    /// Addresses of machines.
    machines: Mutex<Vec<IpAddr>>,
    /// API servers in the order in which they started.
    servers: Mutex<Vec<RunningServer>>,
    pub(super) etcd: EtcdMembers,
    pub(super) log: Arc<ClusterLog>,
    external: Option<ExternalCluster>,
    /// Whether this machine is already a node of the external cluster. The rehearsal then does not
    /// start its kubelet and Pods.
    is_joined: bool,
    /// Whether there is no cluster, and the run creates none: the run only shows its objects.
    is_absent: bool,
    /// the kubeconfig that the operator named, if programs that authenticate its user are run
    operator_credentials: Mutex<Option<Credentials>>,
}

/// An API server of the cluster.
struct RunningServer {
    /// The addresses at which it is reached: those of its machine, and the one that it advertises.
    /// A flag may change the advertised address only.
    addresses: Vec<IpAddr>,
    endpoint: Endpoint,
    api: Arc<ApiState>,
}

impl ClusterState {
    /// Returns the state of a cluster whose log is in the tree below a root.
    pub fn new(root: &Path) -> ClusterState {
        let log = Arc::new(ClusterLog::new(root));
        ClusterState {
            machines: Mutex::default(),
            servers: Mutex::default(),
            etcd: EtcdMembers::new(log.clone()),
            log,
            external: None,
            is_joined: false,
            is_absent: false,
            operator_credentials: Mutex::default(),
        }
    }

    /// Returns the state for a machine without a cluster, whose phases only show their objects.
    pub fn without_cluster(root: &Path) -> ClusterState {
        ClusterState {
            is_absent: true,
            ..ClusterState::new(root)
        }
    }

    /// Returns the state for a machine that would join a real cluster. `root` is the tree of the
    /// machine.
    pub fn with_external(root: &Path, external: ExternalCluster) -> ClusterState {
        ClusterState {
            external: Some(external),
            ..ClusterState::new(root)
        }
    }

    /// Returns the state for a machine that is already a node of a real cluster.
    pub fn with_external_joined(root: &Path, external: ExternalCluster) -> ClusterState {
        ClusterState {
            is_joined: true,
            ..ClusterState::with_external(root, external)
        }
    }

    /// Whether a cluster is saved in the tree below a root.
    pub fn is_saved(root: &Path) -> bool {
        ClusterLog::exists(root)
    }

    fn servers(&self) -> MutexGuard<'_, Vec<RunningServer>> {
        self.servers.lock()
    }

    fn machines(&self) -> MutexGuard<'_, Vec<IpAddr>> {
        self.machines.lock()
    }

    /// Adds the addresses of a machine, which need not serve anything.
    pub(super) fn add_machine(&self, addresses: &[IpAddr]) {
        self.machines().extend(addresses);
    }

    /// Returns what the API servers of the cluster serve, if one runs.
    pub(super) fn api(&self) -> Option<Arc<ApiState>> {
        self.servers().first().map(|server| server.api.clone())
    }

    /// Lets clients that are made from now on run the programs that authenticate the user of this
    /// kubeconfig.
    pub fn run_programs_of(&self, named: Credentials) {
        *self.operator_credentials.lock() = Some(named);
    }

    /// Whether the cluster is a real one.
    pub(super) fn is_external(&self) -> bool {
        self.external.is_some()
    }

    /// Whether this machine is already a node of the external cluster.
    pub(super) fn is_joined(&self) -> bool {
        self.is_joined
    }

    /// Whether requests to the API get an answer: from a server, from the external cluster, or from
    /// [`NoCluster`].
    pub(super) fn answers_requests(&self) -> bool {
        self.is_absent || self.is_external() || self.api().is_some()
    }

    /// Returns the API as the holder of these credentials sees it.
    pub(super) fn client(
        self: &Arc<Self>,
        handle: &Handle,
        files: Arc<dyn Files>,
        credentials: Credentials,
        retry_limit: RetryLimit,
    ) -> Box<dyn Cluster> {
        let client = ApiClient::new(
            handle.clone(),
            files,
            credentials.clone(),
            self.clone(),
            retry_limit,
        );
        let client = match self.operator_credentials.lock().clone() {
            Some(named) => client.with_programs_of(named),
            None => client,
        };
        match &self.external {
            None if self.is_absent => Box::new(NoCluster),
            None => Box::new(client),
            Some(external) => Box::new(external.dry_run_client(client, &credentials)),
        }
    }

    /// Imports the members of etcd of an external cluster, if that was not done yet. `has_etcd`
    /// says whether this machine already has a member.
    pub(super) fn import_members(&self, api: &dyn Cluster, has_etcd: bool) {
        let Some(external) = &self.external else {
            return;
        };
        // If this machine has no etcd yet, an etcd Pod at its addresses is of an earlier node.
        let stale_addresses = if has_etcd {
            Vec::new()
        } else {
            self.machines().clone()
        };
        external.import_members(&self.etcd, api, &stale_addresses);
    }

    /// Returns the parts of an external cluster that were not checked.
    pub(super) fn unchecked_parts(&self) -> Vec<String> {
        let external = self.external.as_ref();
        external
            .map(ExternalCluster::unchecked_parts)
            .unwrap_or_default()
    }

    /// Reads the saved state of the cluster for its first API server, and restores the members of
    /// etcd.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(super) fn load(&self, files: &dyn Files) -> WorldResult<Vec<LogEntry>> {
        let entries = ClusterLog::read(files)?;
        for entry in &entries {
            if let LogEntry::Members(members) = entry {
                self.etcd.restore(members);
            }
        }
        Ok(entries)
    }

    /// Returns the present state of the cluster as entries of its log.
    ///
    /// # Errors
    /// No API server runs, and the log cannot be read.
    pub(super) fn entries(&self, files: &dyn Files) -> WorldResult<Vec<LogEntry>> {
        match self.api() {
            Some(api) => Ok(api.entries(self.etcd.to_log_entry())),
            None => ClusterLog::read(files),
        }
    }

    /// Gives the cluster the state of these entries, which its first API server then reads.
    ///
    /// # Errors
    /// The log cannot be written.
    pub(super) fn replace_state(&self, entries: Vec<LogEntry>) -> WorldResult<()> {
        self.log.begin(entries.into_iter())
    }

    /// Begins the log with the present state of the cluster. From then on all changes are logged.
    ///
    /// # Errors
    /// The log cannot be written.
    pub(super) fn begin_log(&self, server: &ApiServer) -> WorldResult<()> {
        server.begin_log(&self.log, self.etcd.to_log_entry())
    }

    /// Adds a server that has started on a machine with these addresses.
    pub(super) fn add_server(&self, server: &ApiServer, machine: &[IpAddr]) {
        let endpoint = Endpoint {
            address: server.address(),
            skip_validity_check: server.validity_problem().is_some(),
            embedded: true,
        };
        self.servers().push(RunningServer {
            addresses: parse_address(server.advertised_address())
                .into_iter()
                .chain(machine.iter().copied())
                .collect(),
            endpoint,
            api: server.api(),
        });
    }

    /// Removes a server that stops.
    pub(super) fn remove_server(&self, server: &ApiServer) {
        self.servers()
            .retain(|running| running.endpoint.address != server.address());
    }
}

impl Resolver for ClusterState {
    /// Resolves the address of a machine to the API server there, and every other name of the
    /// cluster to the first server, as a load balancer would. If there is no server, resolves to an
    /// address at which nothing listens. An external cluster resolves its own servers.
    fn endpoint(&self, server: &Url) -> Option<Endpoint> {
        let host = parse_address(server.host());
        let servers = self.servers();
        let named = host.and_then(|host| {
            let mut servers = servers.iter();
            servers.find(|running| running.addresses.contains(&host))
        });
        let named = named.map(|running| running.endpoint);
        if let Some(external) = &self.external {
            return named.or_else(|| external.endpoint(server));
        }
        let is_machine = host.is_some_and(|host| self.machines().contains(&host));
        let resolved = if is_machine {
            named
        } else {
            named.or(servers.first().map(|running| running.endpoint))
        };
        Some(resolved.unwrap_or(Endpoint::new(SocketAddr::from(([127, 0, 0, 1], 0)))))
    }
}
