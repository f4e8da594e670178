//! External authorities: `ca.crt` is on the node, `ca.key` is not. Everything that the authority
//! would sign then has to be on the node already.
use super::{authority::load_certificate, invalid_with_remedy, pair::PairFiles};
use crate::{
    config::Config,
    pki::{Certificate, Key},
    render::kubeconfig::{control_plane_url, local_url},
    world::{
        Files, WorldResult,
        text_file::{read_kubeconfig, read_secret_text, read_text},
    },
};
use kubephase_wit::{Failure, FailureCode};

/// The authorities that are external.
#[derive(Debug, Default)]
pub struct ExternalAuthorities {
    pub ca: bool,
    pub front_proxy: bool,
    pub warnings: Vec<String>,
}

/// Finds out which authorities are external, and checks that everything that they would sign
/// exists.
///
/// # Errors
/// `invalid` if a file is missing or cannot be used; the message names the file, in kubeadm's
/// words.
pub fn external_authorities(
    files: &dyn Files,
    config: &Config,
) -> WorldResult<ExternalAuthorities> {
    let mut external = ExternalAuthorities::default();
    let directory = &config.cluster.certificates_dir;
    if let Some(root) = read_external(files, config, "ca")? {
        external.ca = true;
        check_leaves(files, directory, "ca", &root).map_err(|why| {
            let message = format!("invalid or incomplete external CA: {why}");
            incomplete(message, config, "ca")
        })?;
        check_kubeconfigs(files, config, &root, &mut external.warnings)?;
    }
    if let Some(root) = read_external(files, config, "front-proxy-ca")? {
        external.front_proxy = true;
        check_leaves(files, directory, "front-proxy-ca", &root).map_err(|why| {
            let message = format!("invalid or incomplete external front-proxy CA: {why}");
            incomplete(message, config, "front-proxy-ca")
        })?;
    }
    if (external.ca || external.front_proxy) && config.run.upload_certs {
        return Err(invalid_with_remedy(
            "can't use upload-certs with an external CA or an external front-proxy CA".into(),
            "leave --upload-certs out, and copy the certificates to the other control planes"
                .into(),
        ));
    }
    Ok(external)
}

fn path(config: &Config, name: &str, suffix: &str) -> String {
    format!("{}/{name}.{suffix}", config.cluster.certificates_dir)
}

/// Reads the certificate of an authority whose key is not on this node. Returns `None` if the key
/// is on this node, or if there is no such authority.
fn read_external(
    files: &dyn Files,
    config: &Config,
    name: &str,
) -> WorldResult<Option<Certificate>> {
    if files.stat(&path(config, name, "key"))?.is_some() {
        return Ok(None);
    }
    let pem = read_text(files, &path(config, name, "crt"))?;
    let certificate = pem.and_then(|pem| Certificate::from_pem(&pem).ok());
    Ok(certificate.filter(Certificate::is_authority))
}

/// Whether the key of an authority (`ca`, `front-proxy-ca`, `etcd/ca`) is not on this node. What
/// the authority signs for the control plane then has to exist and to be valid (kubeadm behaviour).
///
/// # Errors
/// The certificate of the authority cannot be used, or something that it signs is missing or not
/// valid.
pub fn is_externally_managed(
    files: &dyn Files,
    directory: &str,
    authority: &str,
) -> WorldResult<bool> {
    let explain = |failure: Failure| Failure {
        message: format!(
            "Error checking external CA condition for {authority} certificate authority: {}",
            failure.message
        ),
        ..failure
    };
    let root = authority_certificate(files, directory, authority).map_err(explain)?;
    let key = format!("{directory}/{authority}.key");
    if files.stat(&key)?.is_some() {
        return Ok(false);
    }
    check_leaves(files, directory, authority, &root).map_err(|why| {
        let remedy = format!(
            "put the authority's key at {key} so that this node can sign, or provide what the \
             authority has to sign elsewhere"
        );
        explain(invalid_with_remedy(why, remedy))
    })?;
    Ok(true)
}

/// Returns the certificate of an authority.
///
/// # Errors
/// It does not exist, or is not that of an authority.
pub fn authority_certificate(
    files: &dyn Files,
    directory: &str,
    authority: &str,
) -> WorldResult<Certificate> {
    load_certificate(files, directory, authority).map_err(|failure| Failure {
        remedy: Some(format!(
            "put the certificate of the cluster's authority at {directory}/{authority}.crt; every \
             control plane has it"
        )),
        ..failure
    })
}

/// Returns kubeadm's warning of each authority that is not valid at `now` (Unix seconds).
pub fn expired_authorities(files: &dyn Files, config: &Config, now: i64) -> Vec<String> {
    let directory = &config.cluster.certificates_dir;
    [
        ("ca", "CA"),
        ("front-proxy-ca", "front-proxy CA"),
        ("etcd/ca", "etcd CA"),
    ]
    .into_iter()
    .filter_map(|(base, name)| {
        let root = authority_certificate(files, directory, base).ok()?;
        let why = root.validity_problem(now)?;
        Some(format!(
            "WARNING: could not validate bounds for certificate {name}: {why}"
        ))
    })
    .collect()
}

/// Returns the certificates of the control plane that an authority signs.
fn leaves_of(authority: &str) -> &'static [&'static str] {
    match authority {
        "ca" => &["apiserver", "apiserver-kubelet-client"],
        "front-proxy-ca" => &["front-proxy-client"],
        _ => &[
            "apiserver-etcd-client",
            "etcd/server",
            "etcd/peer",
            "etcd/healthcheck-client",
        ],
    }
}

/// Checks everything that an authority signs for the control plane.
fn check_leaves(
    files: &dyn Files,
    directory: &str,
    authority: &str,
    root: &Certificate,
) -> Result<(), String> {
    leaves_of(authority)
        .iter()
        .try_for_each(|base| check_leaf(files, &PairFiles { directory, base }, root))
}

/// Checks that a certificate and its key exist, and that the authority signed the certificate.
fn check_leaf(files: &dyn Files, pair: &PairFiles<'_>, root: &Certificate) -> Result<(), String> {
    let (crt, private) = (pair.path("crt"), pair.path("key"));
    let pem = read_text(files, &crt)
        .map_err(|failure| failure.message)?
        .ok_or_else(|| format!("{crt} does not exist"))?;
    let certificate = Certificate::from_pem(&pem).map_err(|why| format!("{crt}: {why}"))?;
    let key = read_secret_text(files, &private)
        .map_err(|failure| failure.message)?
        .ok_or_else(|| format!("{private} does not exist"))?;
    Key::from_pem(&key).map_err(|why| format!("{private}: {why}"))?;
    certificate
        .verify(root, jiff::Timestamp::now().as_second())
        .map_err(|why| format!("certificate {} is not signed by the CA: {why}", pair.base))
}

/// Checks that all five kubeconfigs exist and trust the authority. A kubeconfig with another server
/// is only a warning.
fn check_kubeconfigs(
    files: &dyn Files,
    config: &Config,
    root: &Certificate,
    warnings: &mut Vec<String>,
) -> WorldResult<()> {
    let (endpoint, _) = control_plane_url(config).map_err(invalid)?;
    let local = local_url(config).map_err(invalid)?;
    for name in [
        "admin",
        "super-admin",
        "kubelet",
        "controller-manager",
        "scheduler",
    ] {
        let path = format!("{}/{name}.conf", config.run.kubeconfig_dir);
        let Some(kubeconfig) = read_kubeconfig(files, &path)? else {
            let why = format!("{path} does not exist");
            return Err(unusable_kubeconfig(name, &why, config));
        };
        let pem = kubeconfig
            .authorities(&|path| files.read(path))?
            .unwrap_or_default();
        if Certificate::parse_all(&pem).unwrap_or_default().first() != Some(&root.der) {
            let directory = &config.cluster.certificates_dir;
            let why = format!("{path} does not trust the authority in {directory}/ca.crt");
            return Err(unusable_kubeconfig(name, &why, config));
        }
        let expected = if matches!(name, "controller-manager" | "scheduler") {
            &local
        } else {
            &endpoint
        };
        let server = kubeconfig.server().unwrap_or_default();
        if server != expected {
            warnings.push(format!(
                "a kubeconfig file {path:?} exists already but has an unexpected API Server URL: \
                 expected: {expected}, got: {server}"
            ));
        }
    }
    Ok(())
}

fn unusable_kubeconfig(name: &str, why: &str, config: &Config) -> Failure {
    incomplete(
        format!("the {name}.conf file does not exists or it is not valid: {why}"),
        config,
        "ca",
    )
}

/// Returns the failure for a missing file that the external authority `name` has to sign.
fn incomplete(message: String, config: &Config, name: &str) -> Failure {
    let (crt, key) = (path(config, name, "crt"), path(config, name, "key"));
    invalid_with_remedy(
        message,
        format!(
            "{crt} exists without its key {key}: put the key there so that this node can sign, or \
             provide the file that the authority has to sign elsewhere"
        ),
    )
}

fn invalid(message: String) -> Failure {
    Failure::new(FailureCode::Invalid, message)
}
