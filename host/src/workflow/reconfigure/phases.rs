//! The phases of `apply`. The configuration that the cluster keeps is changed last, so that other
//! machines follow only a configuration that works.
use crate::{
    config::Config,
    phase::{
        reconfigure::{self, certificates, endpoint, kube_proxy, kubelet},
        upgrade::{control_plane, preflight},
        upload_config,
    },
    plan::spec::{MAKE_KEY, PhaseSpec, START_API_SERVER},
};

/// Flags of a subcommand, in groups that several subcommands share.
type Flags<'a> = &'a [&'a [&'a str]];

const COMMON: &[&str] = &["config", "kubeconfig", "dry-run", "yes"];
const CHECKS: &[&str] = &["ignore-preflight-errors"];
const PATCHES: &[&str] = &["patches"];

const FLAGS: Flags = &[COMMON];
const FLAGS_WITH_PATCHES: Flags = &[COMMON, PATCHES];

/// The group that stores the configuration in the cluster.
const UPLOAD: &str = "upload-config";
/// The group that restarts kube-proxy.
const PROXY: &str = "kube-proxy";

/// Returns the phases; a group precedes its members.
pub fn all() -> Vec<PhaseSpec> {
    [
        preflight::reconfigure_phases(&[COMMON, CHECKS]),
        vec![PhaseSpec::check(
            "preflight/endpoint",
            "An API server of the cluster answers at a new controlPlaneEndpoint",
            &[COMMON, CHECKS],
            endpoint::check_new_endpoint,
        )],
        certificate_phases(),
        vec![
            PhaseSpec::phase(
                "control-plane",
                "Replace the static Pods of this machine whose manifest differs",
                FLAGS_WITH_PATCHES,
                control_plane::upgrade_control_plane,
            )
            .needs(&["certs"])
            .expected_millis(START_API_SERVER),
            PhaseSpec::phase(
                "kubeconfig",
                "Write the address of the control plane into this machine's kubeconfigs",
                FLAGS,
                endpoint::change_kubeconfigs,
            )
            .needs(&["control-plane"]),
            PhaseSpec::phase(
                "kubelet-config",
                "Change the configuration of this machine's kubelet",
                FLAGS_WITH_PATCHES,
                kubelet::change_configuration,
            )
            // The addons wait for this phase, and so for the note about kube-proxy.
            .needs(&["kubeconfig", "kube-proxy/note-change"]),
            PhaseSpec::group("addon", "Change the addons", FLAGS)
                .accept_plugins()
                .member_flags("addon/coredns", FLAGS_WITH_PATCHES),
        ],
        kube_proxy_phases(),
        vec![
            PhaseSpec::phase(
                "cluster-info",
                "Write the address of the control plane into the ConfigMap cluster-info",
                FLAGS,
                endpoint::change_cluster_info,
            )
            .needs(&["kubeconfig"]),
        ],
        upload_phases(),
    ]
    .concat()
}

fn certificate_phases() -> Vec<PhaseSpec> {
    let group = PhaseSpec::group(
        "certs",
        "Renew serving certificates whose names have changed",
        FLAGS,
    );
    let members = certificates::SERVING.iter().map(|name| {
        let title = format!("Renew the certificate {name} if its names have changed");
        PhaseSpec::phase(&format!("certs/{name}"), &title, FLAGS, || {
            certificates::renew_for_names(name)
        })
        .needs(&["preflight"])
        .expected_millis(MAKE_KEY)
    });
    std::iter::once(group).chain(members).collect()
}

fn kube_proxy_phases() -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::group(
            PROXY,
            "Restart the Pods of kube-proxy if their configuration changes",
            FLAGS,
        ),
        PhaseSpec::phase(
            "kube-proxy/note-change",
            "Record on the DaemonSet whether the configuration changes",
            FLAGS,
            kube_proxy::note_change,
        )
        .needs(&["control-plane"]),
        PhaseSpec::phase(
            "kube-proxy/restart",
            "Restart the Pods if the configuration changed",
            FLAGS,
            kube_proxy::restart,
        )
        .needs(&["addon", "kube-proxy/note-change"]),
    ]
}

fn upload_phases() -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::group(UPLOAD, "Store the configuration in the cluster", FLAGS),
        PhaseSpec::phase(
            "upload-config/kubelet",
            "Store the kubelets' configuration in the cluster",
            FLAGS,
            reconfigure::upload_kubelet_configuration,
        )
        .needs(&["kubelet-config"]),
        PhaseSpec::phase(
            "upload-config/kubeadm",
            "Store the ClusterConfiguration in the cluster",
            FLAGS,
            upload_config::upload_cluster_configuration,
        )
        .needs(&["upload-config/kubelet", "kube-proxy", "cluster-info"]),
        PhaseSpec::phase(
            upload_config::PHASES,
            "Store the PhaseConfiguration in the cluster",
            FLAGS,
            upload_config::upload_phase_configuration,
        )
        .needs(&["upload-config/kubeadm"]),
    ]
}

/// Returns the phases that this run leaves out, each with the reason.
pub fn disabled_phases(config: &Config) -> Vec<(String, String)> {
    let upgrade = config.upgrade.clone().unwrap_or_default();
    let reconfiguration = config.reconfiguration.clone().unwrap_or_default();
    let mut disabled = Vec::new();
    if !reconfiguration.has_phases {
        let reason = "no PhaseConfiguration in the file";
        disabled.push((upload_config::PHASES.to_owned(), reason.to_owned()));
    }
    if !upgrade.control_plane {
        let reason = "this node being a worker";
        let of_members = [
            "preflight/cluster-health",
            "certs",
            "control-plane",
            PROXY,
            "cluster-info",
            UPLOAD,
        ];
        disabled.extend(of_members.map(|phase| (phase.to_owned(), reason.to_owned())));
    } else if config.cluster.proxy.disabled {
        disabled.push((PROXY.to_owned(), "proxy.disabled".to_owned()));
    }
    disabled
}
