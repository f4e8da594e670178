//! Certificates with their keys. A certificate that exists is used again if it fits, and refused if
//! it does not (kubeadm's rules for `certs/*`).
use super::{
    authority::load_certificate, invalid_with_remedy, new_certificate::make_certificate,
    pair::PairFiles,
};
use crate::{
    effect::{Applied, Context, EffectOutcome},
    pki::{Certificate, Key},
    world::{
        Files, WorldResult,
        text_file::{read_secret_text, read_text},
    },
};
use kubephase_sdk::spec::CertificateSpec;

/// Makes a certificate and its key, or uses those that exist. If the run is interrupted at any
/// point, the next run finds both files, or neither.
///
/// # Errors
/// `invalid` if the existing files do not fit, or the authority cannot be used; or a file cannot be
/// read or written. The remedy names the files.
pub fn ensure_certificate(
    spec: &CertificateSpec,
    context: &Context,
    files: &dyn Files,
) -> WorldResult<EffectOutcome> {
    let pair = PairFiles::for_spec(spec);
    pair.finish_interrupted(files)?;
    let Some(certificate) = load_existing(spec, &pair, files)? else {
        return make_certificate(spec, context, files);
    };
    let (crt, key) = (pair.path("crt"), pair.path("key"));
    let name = &spec.name;
    check_key_matches(&certificate, files, &crt, &key)?;
    let warning = certificate
        .validity_problem(context.started)
        .map(|why| format!("WARNING: could not validate bounds for certificate {name}: {why}"));
    let line = match &spec.authority {
        None => {
            let keyless = if files.stat(&key)?.is_some() {
                ""
            } else {
                "keyless "
            };
            format!("Using existing {name} {keyless}certificate authority")
        }
        Some(authority) => {
            let root = load_certificate(files, &spec.directory, authority)?;
            certificate.verify(&root, context.started).map_err(|why| {
                invalid_with_remedy(
                    format!("certificate {name} not signed by CA certificate {authority}: {why}"),
                    format!("remove {crt} and {key}; the next run makes them again"),
                )
            })?;
            format!("Using existing {name} certificate and key on disk")
        }
    };
    Ok(EffectOutcome {
        warnings: warning.into_iter().collect(),
        ..EffectOutcome::with_lines(Applied::Unchanged, [line])
    })
}

/// Reads the existing certificate; `None` if neither the certificate nor its key exists.
fn load_existing(
    spec: &CertificateSpec,
    pair: &PairFiles<'_>,
    files: &dyn Files,
) -> WorldResult<Option<Certificate>> {
    let (crt, key) = (pair.path("crt"), pair.path("key"));
    let name = &spec.name;
    let Some(pem) = read_text(files, &crt)? else {
        if files.stat(&key)?.is_none() {
            return Ok(None);
        }
        return Err(invalid_with_remedy(
            format!(
                "failure loading {name} certificate: failed to load certificate: couldn't load the \
                 certificate file {crt}: it does not exist, but {key} does"
            ),
            format!(
                "put the certificate of that key at {crt}, or remove {key}; the next run makes both"
            ),
        ));
    };
    Certificate::from_pem(&pem).map(Some).map_err(|why| {
        invalid_with_remedy(
            format!(
                "failure loading {name} certificate: couldn't load the certificate file {crt}: \
                 {why}"
            ),
            format!(
                "put a valid certificate at {crt}, or remove {crt} and {key}; the next run makes \
                 both"
            ),
        )
    })
}

/// Refuses a key that belongs to another certificate: no server could use the pair, and nothing
/// could be signed with it. A key that cannot be parsed is accepted, because other programs may be
/// able to use it. A missing key is accepted too (kubeadm behaviour): an external authority may
/// have signed the certificate.
fn check_key_matches(
    certificate: &Certificate,
    files: &dyn Files,
    crt: &str,
    key: &str,
) -> WorldResult<()> {
    let Some(Ok(private)) = read_secret_text(files, key)?.map(|pem| Key::from_pem(&pem)) else {
        return Ok(());
    };
    if certificate.belongs_to(&private) {
        return Ok(());
    }
    let removal_advice = if certificate.is_authority() {
        "remove both if nothing was signed with them yet"
    } else {
        "remove both; the next run makes them again"
    };
    Err(invalid_with_remedy(
        format!("the private key {key} does not belong to the certificate {crt}"),
        format!("put the key of that certificate at {key}, or {removal_advice}"),
    ))
}
