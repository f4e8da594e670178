//! The machines of a rehearsed cluster, started in this process, so that their kubeconfigs can be
//! used.
use crate::Cluster;
use harness::trust::kubeconfigs;
use kubephase::{
    cancel::Cancel,
    world::{
        World,
        api::{Credentials, RetryLimit},
        node::facts::NodeFacts,
        rehearsal::{ClusterState, Rehearsal, Setting, files},
    },
};
use kubephase_wit::{FailureCode, ObjectRef};
use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::runtime::Runtime;

/// The machines, each with its tree.
pub struct Machines {
    started: Vec<(PathBuf, Rehearsal)>,
    _runtime: Runtime,
}

impl Machines {
    pub fn start(cluster: &Cluster) -> Machines {
        let runtime = Runtime::new().unwrap();
        let state = Arc::new(ClusterState::new(&cluster.first()));
        let addresses = ["192.0.2.2", "198.19.0.2", "198.19.0.3"];
        let started = cluster
            .trees()
            .into_iter()
            .zip(addresses)
            .map(|(tree, address)| {
                let address: IpAddr = address.parse().unwrap();
                let setting = Setting {
                    files: files(&tree, None).unwrap(),
                    has_all_files: false,
                    facts: NodeFacts {
                        addresses: vec![address],
                        ..NodeFacts::default()
                    },
                    credentials: Credentials::File("/etc/kubernetes/kubelet.conf".into()),
                    cluster: state.clone(),
                    retry_limit: RetryLimit {
                        duration: Duration::from_secs(10),
                        cancel: Cancel::default(),
                    },
                    port: 0,
                };
                (tree, Rehearsal::open(runtime.handle(), setting).unwrap())
            });
        Machines {
            started: started.collect(),
            _runtime: runtime,
        }
    }

    /// Checks that its API server serves the holder of every kubeconfig of every machine.
    pub fn expect_all_served(&self) {
        for (tree, machine) in &self.started {
            for name in kubeconfigs(tree).keys() {
                let served = ask(machine, &format!("/etc/kubernetes/{name}"));
                assert_eq!(served, Ok(()), "{name} of {}", tree.display());
            }
        }
    }

    /// Whether the API server serves the holder of a kubeconfig of the first machine.
    pub fn serves(&self, kubeconfig: &str) -> bool {
        let (_, first) = &self.started[0];
        ask(first, kubeconfig).is_ok()
    }
}

/// Asks the server of a kubeconfig for an object. The answer `forbidden` counts as success too: the
/// server has accepted the certificate.
fn ask(machine: &Rehearsal, kubeconfig: &str) -> Result<(), String> {
    let object = ObjectRef::cluster_info();
    let cluster = machine.cluster().with_kubeconfig(kubeconfig);
    match cluster.and_then(|cluster| cluster.get(&object)) {
        Err(failure) if failure.code != FailureCode::Forbidden => Err(failure.to_text()),
        _ => Ok(()),
    }
}
