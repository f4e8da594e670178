//! `certs/*`: the certificates and keys of the control plane, as kubeadm lists them.
pub mod kubelet_certificate;
pub mod renewal;
mod restarts;
mod table;
mod timer;

use crate::plan::spec::{MAKE_KEY, PhaseSpec};
use kubephase_sdk::{
    Failure, Outcome, config, effects_pki, failure, json,
    kubeadm::Config,
    observe_files, say,
    spec::{CertificateSpec, KeyPairSpec},
};
use table::{CERTIFICATES, ControlPlaneCertificate};

/// Returns the phases `certs/*` of `init`. `serving_flags` are the flags of `certs/apiserver`,
/// `flags` are the flags of the other phases.
pub fn init_phases(flags: &[&[&str]], serving_flags: &[&[&str]]) -> Vec<PhaseSpec> {
    let group = PhaseSpec::group("certs", "Certificate generation", flags).header(header);
    let certificates = CERTIFICATES.iter().map(|certificate| {
        let flags = if certificate.phase == "apiserver" {
            serving_flags
        } else {
            flags
        };
        let id = format!("certs/{}", certificate.phase);
        let need = match certificate.authority_phase() {
            Some(authority) => format!("certs/{authority}"),
            None => "preflight".into(),
        };
        PhaseSpec::phase(&id, certificate.title, flags, || {
            propose_certificate(certificate)
        })
        .needs(&[&need])
        .expected_millis(MAKE_KEY)
    });
    let service_account = PhaseSpec::phase(
        "certs/sa",
        "Generate a private key for signing service account tokens along with its public key",
        flags,
        make_service_account_keys,
    )
    .needs(&["preflight"])
    .expected_millis(MAKE_KEY);
    std::iter::once(group)
        .chain(certificates)
        .chain([service_account])
        .collect()
}

/// The phase of `join` that checks the keys and certificates which all members of the control plane
/// share.
pub const SHARED: &str = "control-plane-prepare/certs/shared";

/// Returns the phases `control-plane-prepare/certs/*` of `join`. They make the certificates that
/// each node has for itself.
pub fn join_phases(flags: &[&[&str]]) -> Vec<PhaseSpec> {
    let group = PhaseSpec::group(
        "control-plane-prepare/certs",
        "Generate the certificates for the new control plane components",
        flags,
    )
    .header(header);
    let shared = PhaseSpec::phase(
        SHARED,
        "Check that the certificates and keys that all members share are there",
        flags,
        check_shared,
    )
    .needs(&["control-plane-prepare/download-certs"]);
    let leaves = CERTIFICATES
        .iter()
        .filter(|certificate| certificate.authority.is_some());
    let leaves = leaves.map(|certificate| {
        let id = format!("control-plane-prepare/certs/{}", certificate.phase);
        PhaseSpec::phase(&id, certificate.title, flags, || {
            propose_certificate(certificate)
        })
        .needs(&[SHARED])
        .expected_millis(MAKE_KEY)
    });
    [group, shared].into_iter().chain(leaves).collect()
}

fn header<S>(config: &Config<S>) -> Vec<String> {
    vec![format!(
        "Using certificateDir folder {:?}",
        config.cluster.certificates_dir
    )]
}

fn propose_certificate(certificate: &ControlPlaneCertificate) -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if !certificate.is_needed(&config) {
        let what = if certificate.authority.is_none() {
            "certificate authority"
        } else {
            "certificate"
        };
        say(format!(
            "External etcd mode: Skipping {} {what} generation",
            certificate.name
        ));
        return Ok(Outcome::Skipped("etcd is external".into()));
    }
    effects_pki::ensure_certificate(&json(&certificate_spec(certificate, &config)?))?;
    Ok(Outcome::Settled)
}

/// `control-plane-prepare/certs/shared`: checks the authorities that the control plane shares, and
/// the key that signs service account tokens. The authorities sign this node's certificates.
fn check_shared() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let directory = &config.cluster.certificates_dir;
    let (authorities, service_account) = shared_specs(&config)?;
    // A new authority would make another cluster.
    for authority in &authorities {
        require_file(&format!("{directory}/{}.crt", authority.name))?;
    }
    ["sa.key", "sa.pub"]
        .iter()
        .try_for_each(|name| require_file(&format!("{directory}/{name}")))?;
    for authority in authorities {
        effects_pki::ensure_certificate(&json(&authority))?;
    }
    effects_pki::ensure_key_pair(&json(&service_account))?;
    Ok(Outcome::Settled)
}

/// Returns the specifications of the keys and certificates that all members of the control plane
/// share: the authorities, and the key that signs service account tokens.
///
/// # Errors
/// The configuration gives an authority no valid name.
pub fn shared_specs(config: &Config) -> Result<(Vec<CertificateSpec>, KeyPairSpec), Failure> {
    let authorities = table::authorities(config)
        .map(|authority| certificate_spec(authority, config))
        .collect::<Result<_, _>>()?;
    Ok((authorities, service_account_spec(config)))
}

/// Checks that a file that all members of the control plane share exists.
///
/// # Errors
/// `not-found`, with the two ways to get the file.
pub(super) fn require_file(path: &str) -> Result<(), Failure> {
    if observe_files::stat(path)?.is_some() {
        return Ok(());
    }
    let message = format!(
        "{path} is missing: the certificates and keys that all members of the control plane share \
         have to be there before a member joins"
    );
    let remedy = "give the certificate key that `init --upload-certs` printed (--certificate-key), \
        or copy the shared certificates and keys from a control plane";
    Err(Failure {
        remedy: Some(remedy.into()),
        ..failure(kubephase_sdk::FailureCode::NotFound, message)
    })
}

/// Returns every certificate that an authority signs. If etcd is external, those of a local etcd
/// are among them (kubeadm behaviour of requests).
///
/// # Errors
/// `invalid` if an address of the configuration cannot be used.
pub fn leaf_specs(config: &Config) -> Result<Vec<CertificateSpec>, Failure> {
    CERTIFICATES
        .iter()
        .filter(|certificate| certificate.authority.is_some())
        .map(|certificate| certificate_spec(certificate, config))
        .collect()
}

fn certificate_spec(
    certificate: &ControlPlaneCertificate,
    config: &Config,
) -> Result<CertificateSpec, Failure> {
    let cluster = &config.cluster;
    let validity = if certificate.authority.is_some() {
        cluster.certificate_validity_period
    } else {
        cluster.ca_certificate_validity_period
    };
    let (dns_names, ip_addresses) = (certificate.alternative_names)(certificate, config)
        .map_err(|why| failure(kubephase_sdk::FailureCode::Invalid, why))?;
    let common_name = match certificate.common_name {
        "" => &config.init.node_registration.name,
        name => name,
    };
    Ok(CertificateSpec {
        directory: cluster.certificates_dir.clone(),
        name: certificate.name.into(),
        authority: certificate.authority.map(Into::into),
        common_name: common_name.to_owned(),
        organizations: Vec::new(),
        usages: certificate.usages.to_vec(),
        dns_names,
        ip_addresses,
        algorithm: super::key_algorithm(config),
        validity_seconds: validity.unwrap_or_default().as_secs(),
    })
}

/// The phase `certs/sa`: proposes the pair of keys that signs the tokens of service accounts.
fn make_service_account_keys() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    effects_pki::ensure_key_pair(&json(&service_account_spec(&config)))?;
    Ok(Outcome::Settled)
}

fn service_account_spec(config: &Config) -> KeyPairSpec {
    KeyPairSpec {
        directory: config.cluster.certificates_dir.clone(),
        name: "sa".into(),
        algorithm: super::key_algorithm(config),
    }
}
