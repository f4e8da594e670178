//! `kubeconfig/*`: how the admin, the kubelet and the control plane reach the API server, and who
//! they are.
use crate::render::kubeconfig::{control_plane_url, local_url};
use kubephase_sdk::{
    Failure, Outcome, Phase, PhaseInfo, config, effects_pki, failure, input, json, kubeadm::Config,
    observe_files, say, spec::KubeconfigSpec, warn,
};

/// One kubeconfig: file, user, common name, organization, and whether it goes by the control plane
/// endpoint.
struct Row {
    phase: &'static str,
    user: &'static str,
    organization: Option<&'static str>,
    endpoint: bool,
}

const ROWS: &[Row] = &[
    Row {
        phase: "admin",
        user: "kubernetes-admin",
        organization: Some("kubeadm:cluster-admins"),
        endpoint: true,
    },
    Row {
        phase: "super-admin",
        user: "kubernetes-super-admin",
        organization: Some("system:masters"),
        endpoint: true,
    },
    // The kubelet of the first node talks to its own API server.
    Row {
        phase: "kubelet",
        user: "system:node:",
        organization: Some("system:nodes"),
        endpoint: false,
    },
    Row {
        phase: "controller-manager",
        user: "system:kube-controller-manager",
        organization: None,
        endpoint: false,
    },
    Row {
        phase: "scheduler",
        user: "system:kube-scheduler",
        organization: None,
        endpoint: false,
    },
];

pub struct Kubeconfig;

impl Phase for Kubeconfig {
    fn describe() -> PhaseInfo {
        super::info(
            "kubeconfig",
            "Generates the kubeconfigs of the control plane",
        )
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        unless_external(config.run.external_ca, &config)
    }
}

/// `control-plane-prepare/kubeconfig/*`: what a further member of the control plane needs; its
/// kubelet gets its own.
pub struct Joining;

impl Phase for Joining {
    fn describe() -> PhaseInfo {
        super::info(
            "kubeconfig",
            "Generates the kubeconfigs of a further member of the control plane",
        )
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        let directory = &config.cluster.certificates_dir;
        super::certs::required(&format!("{directory}/ca.crt"))?;
        unless_external(
            observe_files::stat(&format!("{directory}/ca.key"))?.is_none(),
            &config,
        )
    }
}

/// Where the key of the cluster's authority is kept elsewhere, so are the kubeconfigs made.
fn unless_external(external: bool, config: &Config) -> Result<Outcome, Failure> {
    let id = input::phase_id();
    let row = ROWS.iter().find(|row| {
        id.rsplit_once("kubeconfig/")
            .is_some_and(|(_, name)| name == row.phase)
    });
    let row = row.ok_or_else(|| {
        failure(
            "unknown-phase",
            format!("{id} is no kubeconfig of the control plane"),
        )
    })?;
    if external {
        say(format!(
            "External CA mode: Using user provided {}.conf",
            row.phase
        ));
        return Ok(Outcome::Skipped(
            "the cluster's authority is kept elsewhere".into(),
        ));
    }
    propose(row, config)?;
    Ok(Outcome::Settled)
}

fn propose(row: &Row, config: &Config) -> Result<(), Failure> {
    let server = if row.endpoint {
        let (url, warning) =
            control_plane_url(config).map_err(|message| failure("invalid", message))?;
        warning.iter().for_each(warn);
        url
    } else {
        local_url(config).map_err(|message| failure("invalid", message))?
    };
    let user = if row.phase == "kubelet" {
        format!("{}{}", row.user, config.init.node_registration.name)
    } else {
        row.user.to_owned()
    };
    let spec = KubeconfigSpec {
        path: format!("{}/{}.conf", config.run.kubeconfig_dir, row.phase),
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
    };
    effects_pki::ensure_kubeconfig(&json(&spec)).map(drop)
}
