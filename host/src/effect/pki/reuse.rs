//! What is there already is used where it may be, and refused where it may not (kubeadm's rules for
//! `certs/*`).
use super::Outcome;
use crate::{
    effect::{Applied, Context},
    pki::{Certificate, CertificateTemplate, Key},
    world::{
        Files, Tried,
        text_file::{read_secret_text, read_text},
    },
};
use kubephase_sdk::spec::{CertificateSpec, KeyPairSpec, Usage};
use kubephase_wit::{Failure, FailureCode};
use std::net::IpAddr;

/// Clocks differ: certificates are valid from five minutes before the run.
const BACKDATE_SECONDS: i64 = 300;

/// A certificate and its key. Both are there or neither is, wherever a run is cut off.
pub fn ensure_certificate(
    spec: &CertificateSpec,
    context: &Context,
    files: &dyn Files,
) -> Tried<Outcome> {
    finish(spec, files)?;
    let (crt, key) = (path(spec, "crt"), path(spec, "key"));
    let name = &spec.name;
    let Some(existing) = read_text(files, &crt)? else {
        if files.stat(&key)?.is_some() {
            let message = format!(
                "failure loading {name} certificate: failed to load certificate: couldn't load the \
                 certificate file {crt}: it does not exist, but {key} does"
            );
            return Err(remedy(
                message,
                &format!(
                    "put the certificate of that key at {crt}, or remove {key} to have both made"
                ),
            ));
        }
        return make(spec, context, files);
    };
    let loaded = Certificate::from_pem(&existing).map_err(|why| {
        remedy(
            format!(
                "failure loading {name} certificate: couldn't load the certificate file \
            {crt}: {why}"
            ),
            "mend the file or remove it",
        )
    })?;
    refuse_other_key(&loaded, files, &crt, &key)?;
    let warnings = loaded
        .validity_problem(context.started)
        .map(|why| format!("WARNING: could not validate bounds for certificate {name}: {why}"));
    let said = match &spec.authority {
        None => {
            let keyless = if files.stat(&key)?.is_some() {
                ""
            } else {
                "keyless "
            };
            format!("Using existing {name} {keyless}certificate authority")
        }
        Some(authority) => {
            let (root, _) = authority_certificate(files, &spec.directory, authority)?;
            loaded.verify(&root, context.started).map_err(|why| {
                let message =
                    format!("certificate {name} not signed by CA certificate {authority}: {why}");
                remedy(
                    message,
                    &format!("remove {crt} and {key} to have them made anew"),
                )
            })?;
            format!("Using existing {name} certificate and key on disk")
        }
    };
    Ok(Outcome {
        warnings: warnings.into_iter().collect(),
        ..Outcome::new(Applied::Unchanged, [said])
    })
}

/// Refuses a key beside a certificate that is not the certificate's: nothing could be served or
/// signed with the two. A key that cannot be read may be of a kind that only others use.
fn refuse_other_key(
    certificate: &Certificate,
    files: &dyn Files,
    crt: &str,
    key: &str,
) -> Tried<()> {
    let Some(Ok(private)) = read_secret_text(files, key)?.map(|pem| Key::from_pem(&pem)) else {
        return Ok(());
    };
    if certificate.is_for(&private) {
        return Ok(());
    }
    let message = format!("the private key {key} does not belong to the certificate {crt}");
    let ways = if certificate.is_authority() {
        format!(
            "put the key of that certificate at {key}, or remove both where nothing was signed \
             with them yet"
        )
    } else {
        format!("put the key of that certificate at {key}, or remove both to have them made anew")
    };
    Err(remedy(message, &ways))
}

fn make(spec: &CertificateSpec, context: &Context, files: &dyn Files) -> Tried<Outcome> {
    let name = &spec.name;
    let invalid = |message: String| {
        Failure::new(
            FailureCode::Invalid,
            format!("certificate {name}: {message}"),
        )
    };
    let (dns_names, ip_addresses, warnings) = alternative_names(spec);
    let wanted = CertificateTemplate {
        common_name: &spec.common_name,
        organizations: &spec.organizations,
        dns_names: &dns_names,
        ip_addresses: &ip_addresses,
        usages: &spec.usages,
        not_before: context.started - BACKDATE_SECONDS,
        not_after: context.started.saturating_add(spec.validity_seconds),
    };
    let mut said = vec![format!("Generating {name:?} certificate and key")];
    let (certificate, key) = match &spec.authority {
        None => {
            let key = Key::generate(spec.algorithm).map_err(invalid)?;
            (
                Certificate::self_signed_authority(&wanted, &key).map_err(invalid)?,
                key,
            )
        }
        Some(authority) => {
            let (root, root_key) = authority_certificate(files, &spec.directory, authority)?;
            let root_key = root_key?;
            let key = Key::generate(spec.algorithm).map_err(invalid)?;
            (
                Certificate::issue(&wanted, &key, &root, &root_key).map_err(invalid)?,
                key,
            )
        }
    };
    if spec.usages.contains(&Usage::ServerAuth) {
        let addresses: Vec<String> = ip_addresses.iter().map(ToString::to_string).collect();
        said.push(format!(
            "{name} serving cert is signed for DNS names [{}] and IPs [{}]",
            dns_names.join(" "),
            addresses.join(" ")
        ));
    }
    // A key alone would be taken for somebody else's, and a certificate alone for one whose key is
    // kept elsewhere.
    let (announced, pem) = (announced(spec), certificate.to_pem());
    files.write(&announced, pem.as_bytes(), 0o644, None)?;
    files.write(
        &path(spec, "key"),
        key.to_pem().map_err(invalid)?.reveal().as_bytes(),
        0o600,
        None,
    )?;
    files.write(&path(spec, "crt"), pem.as_bytes(), 0o644, None)?;
    files.remove(&announced)?;
    Ok(Outcome {
        warnings,
        ..Outcome::new(Applied::Changed, said)
    })
}

/// Where a certificate is kept until it stands beside its key.
fn announced(spec: &CertificateSpec) -> String {
    let (directory, name) = spec
        .name
        .rsplit_once('/')
        .map_or(("", spec.name.as_str()), |(directory, name)| {
            (directory, name)
        });
    crate::render::join(
        &spec.directory,
        &format!("{directory}/.{name}.crt.announced"),
    )
}

/// Brings to its end what was cut off between the key and its certificate.
fn finish(spec: &CertificateSpec, files: &dyn Files) -> Tried<()> {
    let announced = announced(spec);
    let Some(pem) = read_text(files, &announced)? else {
        return Ok(());
    };
    let crt = path(spec, "crt");
    if read_text(files, &crt)?.is_none()
        && let Some(key) =
            read_secret_text(files, &path(spec, "key"))?.and_then(|pem| Key::from_pem(&pem).ok())
        && let Ok(certificate) = Certificate::from_pem(&pem)
        && certificate.is_for(&key)
    {
        files.write(&crt, pem.as_bytes(), 0o644, None)?;
    }
    files.remove(&announced)
}

/// DNS names without repetition, sorted; addresses without repetition, in order; a warning for what
/// is neither.
pub(super) fn alternative_names(spec: &CertificateSpec) -> (Vec<String>, Vec<IpAddr>, Vec<String>) {
    let (mut names, mut addresses, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for name in &spec.dns_names {
        if is_dns_name(name) {
            names.push(name.clone());
        } else {
            let file = format!("{}.crt", spec.name);
            warnings.push(format!(
                "[certificates] WARNING: '{name}' was not added to the '{file}' SAN, because it is \
                 not a valid IP or RFC-1123 compliant DNS entry"
            ));
        }
    }
    for address in spec
        .ip_addresses
        .iter()
        .filter_map(|address| address.parse().ok())
    {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    names.sort();
    names.dedup();
    (names, addresses, warnings)
}

/// RFC 1123 names; the first label may be a wildcard. An authority's own name is one label.
fn is_dns_name(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.len() <= 63
            && bytes.first().copied().is_some_and(inner)
            && bytes.last().copied().is_some_and(inner)
            && bytes.iter().all(|byte| inner(*byte) || *byte == b'-')
    };
    // kubeadm keeps the case of a node name given by flag, and Go puts it into the certificate as
    // it is.
    let lower = name.to_ascii_lowercase();
    lower.len() <= 253 && lower.split('.').all(label)
}

/// The service account keys: one key, and its public half. A key that is there keeps, and its
/// public half is written where that is missing: the API server wants both, and a run may have been
/// killed between the two.
pub fn ensure_key_pair(spec: &KeyPairSpec, context: &Context, files: &dyn Files) -> Tried<Outcome> {
    let name = &spec.name;
    let (private, public) = (
        format!("{}/{name}.key", spec.directory),
        format!("{}/{name}.pub", spec.directory),
    );
    if let Some(existing) = read_secret_text(files, &private)? {
        let key = Key::from_pem(&existing).map_err(|why| {
            remedy(
                format!("file {name}.key existed but it could not be loaded properly: {why}"),
                &format!("mend {private} or remove it"),
            )
        })?;
        let said = format!("Using the existing {name:?} key");
        if read_text(files, &public)?.is_some() {
            return Ok(Outcome::new(Applied::Unchanged, [said]));
        }
        files.write(&public, key.public_pem().as_bytes(), 0o600, None)?;
        return Ok(Outcome::new(Applied::Changed, [said]));
    }
    if context.config.run.external_ca {
        return Ok(Outcome::new(
            Applied::Skipped("the cluster's authority is kept elsewhere".into()),
            [format!("Using existing {name} keys")],
        ));
    }
    let key =
        Key::generate(spec.algorithm).map_err(|why| Failure::new(FailureCode::Invalid, why))?;
    files.write(
        &private,
        key.to_pem()
            .map_err(|why| Failure::new(FailureCode::Invalid, why))?
            .reveal()
            .as_bytes(),
        0o600,
        None,
    )?;
    files.write(&public, key.public_pem().as_bytes(), 0o600, None)?;
    Ok(Outcome::new(
        Applied::Changed,
        [format!("Generating {name:?} key and public key")],
    ))
}

/// Reads the certificate of an authority; and its key, for callers that sign.
///
/// # Errors
/// `invalid` where the certificate cannot be used. The key has an error of its own, also where it
/// is the key of another certificate.
pub(super) fn authority_certificate(
    files: &dyn Files,
    directory: &str,
    name: &str,
) -> Tried<(Certificate, Tried<Key>)> {
    let (crt, private) = (
        format!("{directory}/{name}.crt"),
        format!("{directory}/{name}.key"),
    );
    let failed = |why: String| {
        remedy(
            format!("couldn't load CA certificate {name}: {why}"),
            "run the phases of that authority first",
        )
    };
    let pem = read_text(files, &crt)?.ok_or_else(|| failed(format!("{crt} does not exist")))?;
    let certificate = Certificate::from_pem(&pem).map_err(|why| failed(format!("{crt}: {why}")))?;
    if !certificate.is_authority() {
        return Err(failed(format!("{crt}: certificate {name:?} is not a CA")));
    }
    let key = read_secret_text(files, &private).and_then(|pem| {
        let pem =
            pem.ok_or_else(|| failed(format!("{private} does not exist; it is needed to sign")))?;
        let key = Key::from_pem(&pem).map_err(|why| failed(format!("{private}: {why}")))?;
        certificate.can_sign_with(&key).map_err(|why| {
            let message = format!(
                "couldn't load CA certificate {name}: {private} does not belong to {crt}: {why}"
            );
            let next = format!("put the key of that certificate at {private}; nothing was signed");
            Failure {
                code: FailureCode::WrongKey.to_string(),
                ..remedy(message, &next)
            }
        })?;
        Ok(key)
    });
    Ok((certificate, key))
}

fn path(spec: &CertificateSpec, suffix: &str) -> String {
    format!("{}/{}.{suffix}", spec.directory, spec.name)
}

fn remedy(message: String, remedy: &str) -> Failure {
    Failure {
        remedy: Some(remedy.to_owned()),
        ..Failure::new(FailureCode::Invalid, message)
    }
}
