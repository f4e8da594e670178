//! Keys with requests for their certificates, for an authority that is kept elsewhere.
use super::{invalid_with_remedy, new_certificate::CertificateNames, pair::PairFiles};
use crate::{
    pki::{CertificateRequest, CertificateTemplate, Key},
    render::kubeconfig::without_certificate,
    world::{Files, WorldResult},
};
use kubephase_sdk::spec::{CertificateSpec, KubeconfigSpec};
use kubephase_wit::{Failure, FailureCode};

/// Refuses to replace the key or the request of a certificate.
///
/// # Errors
/// `invalid` if one of the two exists.
pub fn refuse_existing_request(spec: &CertificateSpec, files: &dyn Files) -> WorldResult<()> {
    for ending in ["key", "csr"] {
        if files
            .stat(&PairFiles::for_spec(spec).path(ending))?
            .is_some()
        {
            let what = format!("key or CSR {}/{}", spec.directory, spec.name);
            return Err(refuse_existing(&what));
        }
    }
    Ok(())
}

/// Refuses to replace a kubeconfig or the request that belongs to it.
///
/// # Errors
/// `invalid` if one of the two exists.
pub fn refuse_existing_kubeconfig_request(
    spec: &KubeconfigSpec,
    files: &dyn Files,
) -> WorldResult<()> {
    let path = &spec.path;
    if files.stat(path)?.is_some() {
        return Err(refuse_existing(&format!("kube config: {path}")));
    }
    if files.stat(&format!("{path}.csr"))?.is_some() {
        return Err(refuse_existing(&format!("csr: {path}")));
    }
    Ok(())
}

/// Writes a new key and the request for its certificate. Returns warnings about names that cannot
/// be in a certificate.
///
/// # Errors
/// A name cannot be in a certificate, or a file cannot be written.
pub fn write_request(spec: &CertificateSpec, files: &dyn Files) -> WorldResult<Vec<String>> {
    let names = CertificateNames::new(&spec.name, &spec.dns_names, &spec.ip_addresses);
    let wanted = CertificateTemplate {
        organizations: &spec.organizations,
        dns_names: &names.dns_names,
        ip_addresses: &names.ip_addresses,
        ..CertificateTemplate::with_common_name(&spec.common_name)
    };
    let failed = |why: String| invalid(format!("the request for {}: {why}", spec.name));
    let key = Key::generate(spec.algorithm).map_err(failed)?;
    let request = CertificateRequest::new_pem(&key, &wanted).map_err(failed)?;
    let key = key.to_pem().map_err(failed)?;
    let pair = PairFiles::for_spec(spec);
    files.write(&pair.path("key"), key.reveal().as_bytes(), 0o600, None)?;
    files.write(&pair.path("csr"), request.as_bytes(), 0o600, None)?;
    Ok(names.warnings)
}

/// Writes a kubeconfig that has a new key and no certificate, and the request for its certificate.
///
/// # Errors
/// A name cannot be in a certificate, or a file cannot be written.
pub fn write_kubeconfig_request(spec: &KubeconfigSpec, files: &dyn Files) -> WorldResult<()> {
    let wanted = CertificateTemplate {
        organizations: &spec.organizations,
        ..CertificateTemplate::with_common_name(&spec.common_name)
    };
    let (path, user) = (&spec.path, &spec.user);
    let failed = |why: String| invalid(format!("the request for {path}: {why}"));
    let key = Key::generate(spec.algorithm).map_err(failed)?;
    let request = CertificateRequest::new_pem(&key, &wanted).map_err(failed)?;
    let key = key.to_pem().map_err(failed)?;
    let text = without_certificate(&spec.cluster_name, &spec.server, user, &key);
    files.write(path, text.reveal().as_bytes(), 0o600, None)?;
    files.write(&format!("{path}.csr"), request.as_bytes(), 0o600, None)
}

fn refuse_existing(what: &str) -> Failure {
    let remedy = "move the files of an earlier run away, or name other directories with --cert-dir \
        and --kubeconfig-dir";
    invalid_with_remedy(format!("file already exists: {what}"), remedy.to_owned())
}

fn invalid(message: String) -> Failure {
    Failure::new(FailureCode::Invalid, message)
}
