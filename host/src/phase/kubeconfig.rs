//! `kubeconfig/*`: the kubeconfigs of the admin, the kubelet and the control plane.
use crate::{
    plan::spec::{MAKE_KEY, PhaseSpec},
    render::kubeconfig::{control_plane_url, local_url},
};
use kubephase_sdk::{
    Failure, Outcome, config, effects_pki, failure, json, kubeadm::Config, observe_files,
    release::gate, say, spec::KubeconfigSpec, warn,
};

/// One kubeconfig of the control plane.
struct KubeconfigRow {
    /// name of the phase and of the file
    name: &'static str,
    title: &'static str,
    user: &'static str,
    organization: Option<&'static str>,
    /// whether it uses the control plane endpoint and not this node's own API server
    uses_endpoint: bool,
    /// whether a node that joins the control plane has this kubeconfig, too
    for_joining: bool,
}

const ROWS: &[KubeconfigRow] = &[
    KubeconfigRow {
        name: "admin",
        title: "Generate a kubeconfig file for the admin to use and for kubeadm itself",
        user: "kubernetes-admin",
        organization: Some("kubeadm:cluster-admins"),
        uses_endpoint: true,
        for_joining: true,
    },
    KubeconfigRow {
        name: "super-admin",
        title: "Generate a kubeconfig file for the super-admin",
        user: "kubernetes-super-admin",
        organization: Some("system:masters"),
        uses_endpoint: true,
        for_joining: false,
    },
    // The kubelet of the first node talks to its own API server, unless a feature gate says
    // otherwise.
    KubeconfigRow {
        name: KUBELET,
        title: "Generate a kubeconfig file for the kubelet to use *only* for cluster bootstrapping \
                purposes",
        user: "system:node:",
        organization: Some("system:nodes"),
        uses_endpoint: false,
        for_joining: false,
    },
    KubeconfigRow {
        name: "controller-manager",
        title: "Generate a kubeconfig file for the controller manager to use",
        user: "system:kube-controller-manager",
        organization: None,
        uses_endpoint: false,
        for_joining: true,
    },
    KubeconfigRow {
        name: "scheduler",
        title: "Generate a kubeconfig file for the scheduler to use",
        user: "system:kube-scheduler",
        organization: None,
        uses_endpoint: false,
        for_joining: true,
    },
];

/// The kubeconfig whose user is the node.
const KUBELET: &str = "kubelet";

/// Returns the phases `kubeconfig/*` of `init`. `kubelet_flags` are the flags of
/// `kubeconfig/kubelet`, `flags` are the flags of the other phases.
pub fn init_phases(flags: &[&[&str]], kubelet_flags: &[&[&str]]) -> Vec<PhaseSpec> {
    let group = PhaseSpec::group(
        "kubeconfig",
        "Generate all kubeconfig files necessary to establish the control plane and the admin \
         kubeconfig file",
        flags,
    )
    .header(|config| vec![folder_line(config)]);
    let members = ROWS.iter().map(|row| {
        let flags = if row.name == KUBELET {
            kubelet_flags
        } else {
            flags
        };
        let id = format!("kubeconfig/{}", row.name);
        PhaseSpec::phase(&id, row.title, flags, || write_on_first_node(row))
            .needs(&["certs/ca"])
            .expected_millis(MAKE_KEY)
    });
    std::iter::once(group).chain(members).collect()
}

/// Returns the phases `control-plane-prepare/kubeconfig/*` of `join`. The kubelet of a node that
/// joins gets its kubeconfig from the cluster.
pub fn join_phases(flags: &[&[&str]]) -> Vec<PhaseSpec> {
    let group = PhaseSpec::group(
        "control-plane-prepare/kubeconfig",
        "Generate the kubeconfig for the new control plane components",
        flags,
    )
    .header(|config| vec!["Generating kubeconfig files".into(), folder_line(config)]);
    let members = ROWS.iter().filter(|row| row.for_joining).map(|row| {
        let id = format!("control-plane-prepare/kubeconfig/{}", row.name);
        PhaseSpec::phase(&id, row.title, flags, || write_on_joining_node(row))
            .needs(&["control-plane-prepare/download-certs"])
            .expected_millis(MAKE_KEY)
    });
    std::iter::once(group).chain(members).collect()
}

fn folder_line<S>(config: &Config<S>) -> String {
    format!("Using kubeconfig folder {:?}", config.run.kubeconfig_dir)
}

fn write_on_first_node(row: &KubeconfigRow) -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    write_unless_external(row, config.run.external_ca, &config)
}

fn write_on_joining_node(row: &KubeconfigRow) -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let directory = &config.cluster.certificates_dir;
    super::certs::require_file(&format!("{directory}/ca.crt"))?;
    let is_external = observe_files::stat(&format!("{directory}/ca.key"))?.is_none();
    write_unless_external(row, is_external, &config)
}

/// Writes a kubeconfig. If the key of the cluster's authority is not on this node, the operator
/// provides the kubeconfigs as well.
fn write_unless_external(
    row: &KubeconfigRow,
    is_external: bool,
    config: &Config,
) -> Result<Outcome, Failure> {
    if is_external {
        say(format!(
            "External CA mode: Using user provided {}.conf",
            row.name
        ));
        return Ok(Outcome::Skipped(
            "the cluster's authority is kept elsewhere".into(),
        ));
    }
    propose_kubeconfig(row, config)?;
    Ok(Outcome::Settled)
}

fn propose_kubeconfig(row: &KubeconfigRow, config: &Config) -> Result<(), Failure> {
    let invalid = |message| failure(kubephase_sdk::FailureCode::Invalid, message);
    let uses_endpoint = if row.name == KUBELET {
        !config.cluster.is_enabled(gate::LOCAL_KUBELET)
    } else {
        row.uses_endpoint
    };
    let server = if uses_endpoint {
        let (url, warning) = control_plane_url(config).map_err(invalid)?;
        warning.iter().for_each(warn);
        url
    } else {
        local_url(config).map_err(invalid)?
    };
    effects_pki::ensure_kubeconfig(&json(&kubeconfig_spec(row, server, config))).map(drop)
}

/// Returns every kubeconfig of the first node, for the requests of their certificates, and a
/// warning if the configured endpoint has another port. The kubelet's kubeconfig has the control
/// plane endpoint (kubeadm behaviour of requests).
///
/// # Errors
/// An endpoint or address of the configuration cannot be used.
pub fn request_specs(config: &Config) -> Result<(Vec<KubeconfigSpec>, Option<String>), String> {
    let (endpoint, warning) = control_plane_url(config)?;
    let local = local_url(config)?;
    let specs = ROWS.iter().map(|row| {
        let server = if row.uses_endpoint || row.name == KUBELET {
            &endpoint
        } else {
            &local
        };
        kubeconfig_spec(row, server.clone(), config)
    });
    Ok((specs.collect(), warning))
}

fn kubeconfig_spec(row: &KubeconfigRow, server: String, config: &Config) -> KubeconfigSpec {
    let user = if row.name == KUBELET {
        format!("{}{}", row.user, config.init.node_registration.name)
    } else {
        row.user.to_owned()
    };
    KubeconfigSpec {
        path: format!("{}/{}.conf", config.run.kubeconfig_dir, row.name),
        cluster_name: config.cluster.cluster_name.clone(),
        server,
        common_name: user.clone(),
        user,
        organizations: row.organization.iter().map(ToString::to_string).collect(),
        directory: config.cluster.certificates_dir.clone(),
        authority: "ca".into(),
        algorithm: super::key_algorithm(config),
        validity_seconds: config
            .cluster
            .certificate_validity_period
            .unwrap_or_default()
            .as_secs(),
        preferences: config.cluster.release().kubeconfig_preferences,
    }
}
