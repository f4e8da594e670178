//! What the machines of a rehearsed cluster share: where they are, the API servers there are, the
//! members of etcd, and where all of it is kept. Behind a machine that would join a cluster outside
//! of the rehearsal there is that one.
use super::{
    cluster::{Api, Server},
    etcd::Members,
    kept::{Entry, Log},
    outside::Outside,
};
use crate::world::{
    Cluster, Files, Tried,
    api::{ApiClient, Credentials, Dial, Endpoint, Patience},
};
use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::runtime::Handle;

pub struct Common {
    /// addresses of machines
    machines: Mutex<Vec<IpAddr>>,
    /// in the order in which they came up
    servers: Mutex<Vec<Serving>>,
    pub(super) etcd: Members,
    pub(super) log: Arc<Log>,
    outside: Option<Outside>,
}

struct Serving {
    /// the address that it has in the cluster
    advertised: String,
    endpoint: Endpoint,
    api: Arc<Api>,
}

impl Common {
    /// Of a cluster that is kept in the tree below a root.
    pub fn of(root: &Path) -> Common {
        let log = Arc::new(Log::below(root));
        Common {
            machines: Mutex::default(),
            servers: Mutex::default(),
            etcd: Members::new(log.clone()),
            log,
            outside: None,
        }
    }

    /// Of a machine that would join a cluster outside; `root` is its own.
    pub fn joining(root: &Path, outside: Outside) -> Common {
        Common {
            outside: Some(outside),
            ..Common::of(root)
        }
    }

    /// Whether a cluster is kept in the tree below a root.
    pub fn is_kept(root: &Path) -> bool {
        Log::is_below(root)
    }

    fn servers(&self) -> MutexGuard<'_, Vec<Serving>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A machine is there, whether it serves anything or not.
    pub(super) fn machine(&self, addresses: &[IpAddr]) {
        self.machines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(addresses);
    }

    /// What the API servers of the cluster serve, if there is any yet.
    pub(super) fn api(&self) -> Option<Arc<Api>> {
        self.servers().first().map(|serving| serving.api.clone())
    }

    /// Whether the cluster is one outside.
    pub(super) fn is_outside(&self) -> bool {
        self.outside.is_some()
    }

    /// Whether anybody serves the API yet.
    pub(super) fn is_up(&self) -> bool {
        self.is_outside() || self.api().is_some()
    }

    /// The API as whoever has these credentials sees it.
    pub(super) fn client(
        self: &Arc<Self>,
        handle: &Handle,
        files: Arc<dyn Files>,
        credentials: Credentials,
        patience: Patience,
    ) -> Box<dyn Cluster> {
        let client = ApiClient::new(
            handle.clone(),
            files,
            credentials.clone(),
            self.clone(),
            patience,
        );
        match &self.outside {
            None => Box::new(client),
            Some(outside) => Box::new(outside.seen(client, &credentials)),
        }
    }

    /// Takes over the members of etcd of a cluster outside, once they were well enough to tell of.
    ///
    /// # Errors
    /// Where they are not.
    pub(super) fn meet(&self) -> Tried<()> {
        self.outside
            .as_ref()
            .map_or(Ok(()), |outside| outside.meet(&self.etcd))
    }

    /// What was kept of the cluster, for its first API server; the members of etcd are taken over
    /// at once.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) fn resume(&self, files: &dyn Files) -> Tried<Vec<Entry>> {
        let entries = Log::read(files)?;
        let members = entries.iter().rev().find_map(|entry| {
            if let Entry::Members(members) = entry {
                Some(members)
            } else {
                None
            }
        });
        members
            .into_iter()
            .for_each(|members| self.etcd.restore(members));
        Ok(entries)
    }

    /// All of the cluster is kept from now on.
    ///
    /// # Errors
    /// Where it cannot be.
    pub(super) fn keep(&self, server: &Server) -> Tried<()> {
        let mut entries = server.entries();
        entries.push(self.etcd.entry());
        self.log.begin(&entries)
    }

    pub(super) fn up(&self, server: &Server) {
        let endpoint = Endpoint {
            address: server.address(),
            undated: server.undated().is_some(),
            embedded: true,
        };
        self.servers().push(Serving {
            advertised: server.advertised().to_owned(),
            endpoint,
            api: server.api(),
        });
    }

    pub(super) fn down(&self, server: &Server) {
        self.servers()
            .retain(|serving| serving.endpoint.address != server.address());
    }
}

impl Dial for Common {
    /// The address of a machine leads to the API server there, every other name that the cluster
    /// goes by to the first of them, as it would to the balancer before them; where there is none,
    /// to where nothing ever listens. What is outside is where it is.
    fn endpoint(&self, server: &url::Url) -> Option<Endpoint> {
        let host = server
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']']);
        let machine = host.parse().is_ok_and(|host: IpAddr| {
            self.machines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(&host)
        });
        let servers = self.servers();
        let serving = servers.iter().find(|serving| serving.advertised == host);
        if let Some(outside) = &self.outside {
            return serving
                .map(|serving| serving.endpoint)
                .or_else(|| outside.endpoint(server));
        }
        let serving = if machine {
            serving
        } else {
            serving.or(servers.first())
        };
        let nowhere = Endpoint {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            undated: false,
            embedded: false,
        };
        Some(serving.map_or(nowhere, |serving| serving.endpoint))
    }
}
