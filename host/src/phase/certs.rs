//! `certs/*`: every certificate and key of the control plane (kubeadm's inventory).
use crate::render::addresses;
use kubephase_sdk::{
    Failure, Outcome, Phase, PhaseInfo, config, effects_pki, failure, input, json,
    kubeadm::Config,
    observe_files, say,
    spec::{CertificateSpec, KeyPairSpec, Usage},
};

/// One certificate: kubeadm's phase name, base name, authority, common name and usages.
struct Row {
    phase: &'static str,
    name: &'static str,
    authority: Option<&'static str>,
    /// empty for the node's name
    common_name: &'static str,
    usages: &'static [Usage],
}

const CLIENT: &[Usage] = &[Usage::ClientAuth];
const SERVER: &[Usage] = &[Usage::ServerAuth];
const BOTH: &[Usage] = &[Usage::ServerAuth, Usage::ClientAuth];

const ROWS: &[Row] = &[
    Row {
        phase: "ca",
        name: "ca",
        authority: None,
        common_name: "kubernetes",
        usages: &[],
    },
    Row {
        phase: "apiserver",
        name: "apiserver",
        authority: Some("ca"),
        common_name: "kube-apiserver",
        usages: SERVER,
    },
    Row {
        phase: "apiserver-kubelet-client",
        name: "apiserver-kubelet-client",
        authority: Some("ca"),
        common_name: "kube-apiserver-kubelet-client",
        usages: CLIENT,
    },
    Row {
        phase: "front-proxy-ca",
        name: "front-proxy-ca",
        authority: None,
        common_name: "front-proxy-ca",
        usages: &[],
    },
    Row {
        phase: "front-proxy-client",
        name: "front-proxy-client",
        authority: Some("front-proxy-ca"),
        common_name: "front-proxy-client",
        usages: CLIENT,
    },
    Row {
        phase: "etcd-ca",
        name: "etcd/ca",
        authority: None,
        common_name: "etcd-ca",
        usages: &[],
    },
    Row {
        phase: "etcd-server",
        name: "etcd/server",
        authority: Some("etcd/ca"),
        common_name: "",
        usages: BOTH,
    },
    Row {
        phase: "etcd-peer",
        name: "etcd/peer",
        authority: Some("etcd/ca"),
        common_name: "",
        usages: BOTH,
    },
    Row {
        phase: "etcd-healthcheck-client",
        name: "etcd/healthcheck-client",
        authority: Some("etcd/ca"),
        common_name: "kube-etcd-healthcheck-client",
        usages: CLIENT,
    },
    Row {
        phase: "apiserver-etcd-client",
        name: "apiserver-etcd-client",
        authority: Some("etcd/ca"),
        common_name: "kube-apiserver-etcd-client",
        usages: CLIENT,
    },
];

/// `certs/ca` … `certs/apiserver-etcd-client`, and those of a node's own among them as it joins the
/// control plane
pub struct Certs;

impl Phase for Certs {
    fn describe() -> PhaseInfo {
        super::info("certs", "Generates the certificates of the control plane")
    }

    fn run() -> Result<Outcome, Failure> {
        let id = input::phase_id();
        let row = ROWS.iter().find(|row| {
            id.rsplit_once("certs/")
                .is_some_and(|(_, name)| name == row.phase)
        });
        let row = row.ok_or_else(|| {
            failure(
                "unknown-phase",
                format!("{id} is no certificate of the control plane"),
            )
        })?;
        let config: Config = config("")?;
        if row.of_etcd() && config.cluster.etcd.external.is_some() {
            let what = if row.authority.is_none() {
                "certificate authority"
            } else {
                "certificate"
            };
            let text = format!(
                "External etcd mode: Skipping {} {what} generation",
                row.name
            );
            say(&text);
            return Ok(Outcome::Skipped("etcd is external".into()));
        }
        effects_pki::ensure_certificate(&json(&spec(row, &config)?))?;
        Ok(Outcome::Settled)
    }
}

impl Row {
    fn of_etcd(&self) -> bool {
        self.name.starts_with("etcd/") || self.authority == Some("etcd/ca")
    }
}

/// `control-plane-prepare/certs/shared`: the authorities that the control plane shares, and the key
/// that signs service account tokens. What this node is alone in having is made by them.
pub struct Shared;

impl Phase for Shared {
    fn describe() -> PhaseInfo {
        super::info(
            "certs",
            "Looks whether what all members of the control plane share is there",
        )
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        let directory = &config.cluster.certificates_dir;
        let here = |row: &&Row| !(row.of_etcd() && config.cluster.etcd.external.is_some());
        let authorities: Vec<&Row> = ROWS
            .iter()
            .filter(here)
            .filter(|row| row.authority.is_none())
            .collect();
        // A new authority would be another cluster's.
        for authority in &authorities {
            required(&format!("{directory}/{}.crt", authority.name))?;
        }
        ["sa.key", "sa.pub"]
            .iter()
            .try_for_each(|name| required(&format!("{directory}/{name}")))?;
        for row in authorities {
            effects_pki::ensure_certificate(&json(&spec(row, &config)?))?;
        }
        effects_pki::ensure_key_pair(&json(&service_account(&config)))?;
        Ok(Outcome::Settled)
    }
}

/// What a further member of the control plane cannot make by itself.
pub(super) fn required(path: &str) -> Result<(), Failure> {
    if observe_files::stat(path)?.is_some() {
        return Ok(());
    }
    let message = format!(
        "{path} is missing: what all members of the control plane share has to be there before one \
         joins"
    );
    let remedy = "give the certificate key that `init --upload-certs` printed (--certificate-key), \
        or copy the shared certificates and keys from a control plane";
    Err(Failure {
        remedy: Some(remedy.into()),
        ..failure("not-found", message)
    })
}

fn spec(row: &Row, config: &Config) -> Result<CertificateSpec, Failure> {
    let cluster = &config.cluster;
    let node = &config.init.node_registration.name;
    let validity = if row.authority.is_some() {
        cluster.certificate_validity_period
    } else {
        cluster.ca_certificate_validity_period
    };
    let (dns_names, ip_addresses) = match row.name {
        "apiserver" => {
            addresses::apiserver_names(config).map_err(|message| failure("invalid", message))?
        }
        "etcd/server" => addresses::etcd_names(config, |etcd| &etcd.server_cert_sans)
            .map_err(|message| failure("invalid", message))?,
        "etcd/peer" => addresses::etcd_names(config, |etcd| &etcd.peer_cert_sans)
            .map_err(|message| failure("invalid", message))?,
        _ if row.authority.is_none() => (vec![row.common_name.to_owned()], Vec::new()),
        _ => Default::default(),
    };
    Ok(CertificateSpec {
        directory: cluster.certificates_dir.clone(),
        name: row.name.into(),
        authority: row.authority.map(Into::into),
        common_name: if row.common_name.is_empty() {
            node.clone()
        } else {
            row.common_name.into()
        },
        organizations: Vec::new(),
        usages: row.usages.to_vec(),
        dns_names,
        ip_addresses,
        algorithm: super::key_algorithm(config),
        validity_seconds: validity.unwrap_or_default().as_secs(),
    })
}

/// `certs/sa`
pub struct ServiceAccountKeys;

impl Phase for ServiceAccountKeys {
    fn describe() -> PhaseInfo {
        super::info(
            "certs/sa",
            "Generates the key pair that signs service account tokens",
        )
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        effects_pki::ensure_key_pair(&json(&service_account(&config)))?;
        Ok(Outcome::Settled)
    }
}

fn service_account(config: &Config) -> KeyPairSpec {
    KeyPairSpec {
        directory: config.cluster.certificates_dir.clone(),
        name: "sa".into(),
        algorithm: super::key_algorithm(config),
    }
}
