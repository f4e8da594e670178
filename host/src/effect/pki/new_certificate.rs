//! Making a certificate and its key.
use super::{authority::load_authority, path_of};
use crate::{
    effect::{Applied, Context, Done},
    pki::{Certificate, CertificateTemplate, Key},
    render::join,
    world::{
        Files, Tried,
        text_file::{read_secret_text, read_text},
    },
};
use kubephase_sdk::{
    net::has_dns_form,
    spec::{CertificateSpec, Usage},
};
use kubephase_wit::{Failure, FailureCode};
use std::net::IpAddr;

/// Certificates are valid from five minutes before the run, because clocks of machines differ.
const BACKDATE_SECONDS: i64 = 300;

/// Makes a certificate and its key, and writes both.
pub(super) fn make_certificate(
    spec: &CertificateSpec,
    context: &Context,
    files: &dyn Files,
) -> Tried<Done> {
    let Names {
        dns_names,
        ip_addresses,
        warnings,
    } = Names::from_spec(spec);
    let template = CertificateTemplate {
        common_name: &spec.common_name,
        organizations: &spec.organizations,
        dns_names: &dns_names,
        ip_addresses: &ip_addresses,
        usages: &spec.usages,
        not_before: context.started - BACKDATE_SECONDS,
        not_after: context.started.saturating_add(spec.validity_seconds),
    };
    let (certificate, key) = match &spec.authority {
        None => {
            let key = generate_key(spec)?;
            let certificate = Certificate::self_signed_authority(&template, &key);
            (certificate.map_err(|why| invalid(spec, &why))?, key)
        }
        Some(authority) => {
            let (root, root_key) = load_authority(files, &spec.directory, authority)?;
            let root_key = root_key?;
            let key = generate_key(spec)?;
            let certificate = Certificate::issue(&template, &key, &root, &root_key);
            (certificate.map_err(|why| invalid(spec, &why))?, key)
        }
    };
    write_pair(spec, &certificate, &key, files)?;
    let name = &spec.name;
    let mut said = vec![format!("Generating {name:?} certificate and key")];
    if spec.usages.contains(&Usage::ServerAuth) {
        let addresses: Vec<String> = ip_addresses.iter().map(ToString::to_string).collect();
        said.push(format!(
            "{name} serving cert is signed for DNS names [{}] and IPs [{}]",
            dns_names.join(" "),
            addresses.join(" ")
        ));
    }
    Ok(Done {
        warnings,
        ..Done::with_lines(Applied::Changed, said)
    })
}

fn generate_key(spec: &CertificateSpec) -> Tried<Key> {
    Key::generate(spec.algorithm).map_err(|why| invalid(spec, &why))
}

fn invalid(spec: &CertificateSpec, why: &str) -> Failure {
    Failure::new(
        FailureCode::Invalid,
        format!("certificate {}: {why}", spec.name),
    )
}

/// Writes a certificate and its key. A key without its certificate would later be taken for the key
/// of a foreign certificate, and a certificate without its key for the certificate of an
/// external authority. So the certificate is first written under another name, from which
/// [`finish_interrupted`] completes the pair.
fn write_pair(
    spec: &CertificateSpec,
    certificate: &Certificate,
    key: &Key,
    files: &dyn Files,
) -> Tried<()> {
    let key_pem = key.to_pem().map_err(|why| invalid(spec, &why))?;
    let (temporary, pem) = (temporary_path(spec), certificate.to_pem());
    files.write(&temporary, pem.as_bytes(), 0o644, None)?;
    files.write(
        &path_of(spec, "key"),
        key_pem.reveal().as_bytes(),
        0o600,
        None,
    )?;
    files.write(&path_of(spec, "crt"), pem.as_bytes(), 0o644, None)?;
    files.remove(&temporary)
}

/// Returns the path of a certificate until its key is written.
fn temporary_path(spec: &CertificateSpec) -> String {
    let (directory, name) = spec.name.rsplit_once('/').unwrap_or(("", &spec.name));
    join(
        &spec.directory,
        &format!("{directory}/.{name}.crt.announced"),
    )
}

/// Writes the certificate of a run that was interrupted after it wrote the key.
pub(super) fn finish_interrupted(spec: &CertificateSpec, files: &dyn Files) -> Tried<()> {
    let temporary = temporary_path(spec);
    let Some(pem) = read_text(files, &temporary)? else {
        return Ok(());
    };
    let crt = path_of(spec, "crt");
    if read_text(files, &crt)?.is_none()
        && let Some(key) =
            read_secret_text(files, &path_of(spec, "key"))?.and_then(|pem| Key::from_pem(&pem).ok())
        && let Ok(certificate) = Certificate::from_pem(&pem)
        && certificate.is_for(&key)
    {
        files.write(&crt, pem.as_bytes(), 0o644, None)?;
    }
    files.remove(&temporary)
}

/// The alternative names of a certificate.
pub(super) struct Names {
    /// sorted, without repetition
    pub dns_names: Vec<String>,
    /// in the order of the configuration, without repetition
    pub ip_addresses: Vec<IpAddr>,
    /// about names that are neither
    pub warnings: Vec<String>,
}

impl Names {
    pub fn from_spec(spec: &CertificateSpec) -> Names {
        let (mut dns_names, mut ip_addresses, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        for name in &spec.dns_names {
            if is_dns_name(name) {
                dns_names.push(name.clone());
            } else {
                let file = format!("{}.crt", spec.name);
                warnings.push(format!(
                    "[certificates] WARNING: '{name}' was not added to the '{file}' SAN, because \
                     it is not a valid IP or RFC-1123 compliant DNS entry"
                ));
            }
        }
        for address in spec
            .ip_addresses
            .iter()
            .filter_map(|address| address.parse().ok())
        {
            if !ip_addresses.contains(&address) {
                ip_addresses.push(address);
            }
        }
        dns_names.sort();
        dns_names.dedup();
        Names {
            dns_names,
            ip_addresses,
            warnings,
        }
    }
}

/// Whether a name is a DNS name of RFC 1123, whose first label may be a wildcard. Neither it nor
/// its labels have a longest length (kubeadm behaviour).
fn is_dns_name(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    // kubeadm keeps the case of a node name that a flag gives, and Go puts it into the certificate
    // unchanged.
    has_dns_form(&name.to_ascii_lowercase())
}
