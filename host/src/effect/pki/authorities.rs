//! Authorities that are kept elsewhere: `ca.crt` is there, `ca.key` is not. Then all that the
//! authority would have signed has to be there already.
use crate::{
    config::Config,
    pki::Certificate,
    render::kubeconfig::{control_plane_url, local_url},
    world::{
        Files, Tried,
        text_file::{read_kubeconfig, read_secret_text, read_text},
    },
};
use kubephase_wit::{Failure, FailureCode};

/// Which authorities are kept elsewhere.
#[derive(Debug, Default)]
pub struct External {
    pub ca: bool,
    pub front_proxy: bool,
    pub warnings: Vec<String>,
}

/// Finds out, and that everything is there that cannot be made.
///
/// # Errors
/// `invalid` with what is missing, kubeadm's words first.
pub fn external_authorities(files: &dyn Files, config: &Config) -> Tried<External> {
    let mut external = External::default();
    if let Some(root) = keyless(files, config, "ca")? {
        external.ca = true;
        for leaf in ["apiserver", "apiserver-kubelet-client"] {
            signed(files, config, leaf, &root)
                .map_err(|why| invalid(format!("invalid or incomplete external CA: {why}")))?;
        }
        kubeconfigs(files, config, &root, &mut external.warnings)?;
    }
    if let Some(root) = keyless(files, config, "front-proxy-ca")? {
        external.front_proxy = true;
        signed(files, config, "front-proxy-client", &root).map_err(|why| {
            invalid(format!(
                "invalid or incomplete external front-proxy CA: {why}"
            ))
        })?;
    }
    if (external.ca || external.front_proxy) && config.run.upload_certs {
        return Err(invalid(
            "can't use upload-certs with an external CA or an external front-proxy CA".into(),
        ));
    }
    Ok(external)
}

fn keyless(files: &dyn Files, config: &Config, name: &str) -> Tried<Option<Certificate>> {
    let path = |suffix: &str| format!("{}/{name}.{suffix}", config.cluster.certificates_dir);
    if files.stat(&path("key"))?.is_some() {
        return Ok(None);
    }
    let found = read_text(files, &path("crt"))?.and_then(|pem| Certificate::from_pem(&pem).ok());
    Ok(found.filter(Certificate::is_authority))
}

fn signed(
    files: &dyn Files,
    config: &Config,
    name: &str,
    root: &Certificate,
) -> Result<(), String> {
    let path = |suffix: &str| format!("{}/{name}.{suffix}", config.cluster.certificates_dir);
    let missing = |suffix: &str| format!("{} does not exist", path(suffix));
    let pem = read_text(files, &path("crt"))
        .map_err(|failure| failure.message)?
        .ok_or_else(|| missing("crt"))?;
    let certificate =
        Certificate::from_pem(&pem).map_err(|why| format!("{}: {why}", path("crt")))?;
    let key = read_secret_text(files, &path("key"))
        .map_err(|failure| failure.message)?
        .ok_or_else(|| missing("key"))?;
    crate::pki::Key::from_pem(&key).map_err(|why| format!("{}: {why}", path("key")))?;
    certificate
        .verify(root, jiff::Timestamp::now().as_second())
        .map_err(|why| format!("certificate {name} is not signed by the CA: {why}"))
}

/// All five have to be there and trust the authority; another server is only a warning.
fn kubeconfigs(
    files: &dyn Files,
    config: &Config,
    root: &Certificate,
    warnings: &mut Vec<String>,
) -> Tried<()> {
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
        let missing = |why: String| {
            invalid(format!(
                "the {name}.conf file does not exists or it is not valid: {why}"
            ))
        };
        let found = read_kubeconfig(files, &path)?
            .ok_or_else(|| missing(format!("{path} does not exist")))?;
        let pem = found
            .authorities(&|path| files.read(path))?
            .unwrap_or_default();
        if Certificate::parse_all(&pem).unwrap_or_default().first() != Some(&root.der) {
            return Err(missing(format!(
                "{path} does not trust the authority in {}/ca.crt",
                config.cluster.certificates_dir
            )));
        }
        let expected = if matches!(name, "controller-manager" | "scheduler") {
            &local
        } else {
            &endpoint
        };
        let server = found.server().unwrap_or_default();
        if server != expected {
            warnings.push(format!(
                "a kubeconfig file {path:?} exists already but has an unexpected API Server URL: \
                 expected: {expected}, got: {server}"
            ));
        }
    }
    Ok(())
}

fn invalid(message: String) -> Failure {
    Failure::new(FailureCode::Invalid, message)
}
