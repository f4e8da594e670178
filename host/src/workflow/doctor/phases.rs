//! The phases of `doctor`. None waits for another: one broken part must not hide the others.
use crate::{
    config::Config,
    phase::{doctor, preflight},
    plan::spec::PhaseSpec,
};
use std::collections::BTreeMap;

/// Flags of a subcommand, in groups that several subcommands share.
type Flags<'a> = &'a [&'a [&'a str]];

const COMMON: &[&str] = &[
    "config",
    "expiring-within",
    "ignore-preflight-errors",
    "kubeconfig",
    "patches",
    "textfile",
];
const FLAGS: Flags = &[COMMON];

/// The group of the phases that ask the cluster.
const CLUSTER: &str = "cluster";

/// Returns the phases; a group precedes its members.
pub fn all() -> Vec<PhaseSpec> {
    [phases_of_machine(), phases_of_cluster()].concat()
}

fn phases_of_machine() -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::group(
            preflight::GROUP,
            "Run the preflight checks, including those of plugins",
            FLAGS,
        )
        .accept_plugins(),
        PhaseSpec::check(
            "preflight/runtime",
            "The container runtime answers and has what the kubelet needs",
            FLAGS,
            preflight::check_runtime,
        ),
        PhaseSpec::check(
            "kubelet",
            "The kubelet runs and is healthy",
            FLAGS,
            doctor::check_kubelet,
        ),
        PhaseSpec::check(
            "certificates",
            "Certificates are valid, belong to their keys, and are signed by the authority",
            FLAGS,
            doctor::check_certificates,
        ),
        PhaseSpec::check(
            "drift",
            "Files and kernel parameters are as the last run left them",
            FLAGS,
            doctor::check_drift,
        ),
        PhaseSpec::check(
            "control-plane",
            "The components of this machine's control plane run and are healthy",
            FLAGS,
            doctor::check_components,
        ),
    ]
}

fn phases_of_cluster() -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::check(
            "etcd-members",
            "The members of etcd are those of the control plane, and healthy",
            FLAGS,
            doctor::check_etcd,
        ),
        PhaseSpec::group(CLUSTER, "Look at the cluster", FLAGS),
        PhaseSpec::check(
            "cluster/api-server",
            "The API server answers this machine",
            FLAGS,
            doctor::check_api_server,
        ),
        PhaseSpec::check(
            "cluster/configuration",
            "The cluster keeps its configuration, and machines that join find it",
            FLAGS,
            doctor::check_configuration,
        ),
        PhaseSpec::check(
            "cluster/access",
            "Nodes and administrators have the roles and bindings that they need",
            FLAGS,
            doctor::check_access,
        ),
        PhaseSpec::check(
            "cluster/nodes",
            "This machine is a ready Node, and so are those of the control plane",
            FLAGS,
            doctor::check_nodes,
        ),
        PhaseSpec::check(
            "plugins",
            "Plugins are those that the lock allows",
            FLAGS,
            doctor::check_plugins,
        ),
    ]
}

/// Returns the phases that this run leaves out, each with the reason.
pub fn disabled_phases(config: &Config) -> BTreeMap<String, String> {
    let doctor = config.doctor.clone().unwrap_or_default();
    let mut disabled = BTreeMap::new();
    if !doctor.control_plane {
        // The credentials of a kubelet may not read these.
        for phase in ["control-plane", "etcd-members", "cluster/access"] {
            disabled.insert(phase.to_owned(), "this node being a worker".to_owned());
        }
        if !doctor.knows_cluster() {
            let reason = "the version of the cluster not being known".to_owned();
            disabled.insert("preflight/versions".to_owned(), reason);
        }
    }
    disabled
}
