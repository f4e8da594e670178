//! Making a certificate and its key.
use super::{authority::load_authority, pair::PairFiles};
use crate::{
    effect::{Applied, Context, EffectOutcome},
    pki::{Certificate, CertificateTemplate, Key},
    world::{Files, WorldResult},
};
use kubephase_sdk::{
    net::has_dns_form,
    spec::{CertificateSpec, Usage},
};
use kubephase_wit::{Failure, FailureCode};
use std::net::IpAddr;

/// Certificates are valid from five minutes before the run, because clocks of machines differ.
pub const BACKDATE_SECONDS: i64 = 300;

/// Makes a certificate and its key, and writes both.
pub(super) fn make_certificate(
    spec: &CertificateSpec,
    context: &Context,
    files: &dyn Files,
) -> WorldResult<EffectOutcome> {
    let CertificateNames {
        dns_names,
        ip_addresses,
        warnings,
    } = CertificateNames::new(&spec.name, &spec.dns_names, &spec.ip_addresses);
    let template = CertificateTemplate {
        common_name: &spec.common_name,
        organizations: &spec.organizations,
        dns_names: &dns_names,
        ip_addresses: &ip_addresses,
        usages: &spec.usages,
        other_usages: &[],
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
    PairFiles::for_spec(spec)
        .write(&certificate, &key, files)
        .map_err(|failure| match failure.known_code() {
            Some(FailureCode::Invalid) => invalid(spec, &failure.message),
            _ => failure,
        })?;
    let name = &spec.name;
    let mut lines = vec![format!("Generating {name:?} certificate and key")];
    if spec.usages.contains(&Usage::ServerAuth) {
        let addresses: Vec<String> = ip_addresses.iter().map(ToString::to_string).collect();
        lines.push(format!(
            "{name} serving cert is signed for DNS names [{}] and IPs [{}]",
            dns_names.join(" "),
            addresses.join(" ")
        ));
    }
    Ok(EffectOutcome {
        warnings,
        ..EffectOutcome::with_lines(Applied::Changed, lines)
    })
}

fn generate_key(spec: &CertificateSpec) -> WorldResult<Key> {
    Key::generate(spec.algorithm).map_err(|why| invalid(spec, &why))
}

fn invalid(spec: &CertificateSpec, why: &str) -> Failure {
    Failure::new(
        FailureCode::Invalid,
        format!("certificate {}: {why}", spec.name),
    )
}

/// The alternative names of a certificate.
pub(super) struct CertificateNames {
    /// sorted, without repetition
    pub dns_names: Vec<String>,
    /// in the order of the configuration, without repetition
    pub ip_addresses: Vec<IpAddr>,
    /// warnings about names that are neither DNS names nor IP addresses
    pub warnings: Vec<String>,
}

impl CertificateNames {
    /// Returns the names that the certificate `certificate` can have, of those that are wanted.
    pub fn new(certificate: &str, wanted: &[String], addresses: &[String]) -> CertificateNames {
        let (mut dns_names, mut ip_addresses, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        for name in wanted {
            if is_dns_name(name) {
                dns_names.push(name.clone());
            } else {
                let file = format!("{certificate}.crt");
                warnings.push(format!(
                    "[certificates] WARNING: '{name}' was not added to the '{file}' SAN, because \
                     it is not a valid IP or RFC-1123 compliant DNS entry"
                ));
            }
        }
        for address in addresses.iter().filter_map(|address| address.parse().ok()) {
            if !ip_addresses.contains(&address) {
                ip_addresses.push(address);
            }
        }
        dns_names.sort();
        dns_names.dedup();
        CertificateNames {
            dns_names,
            ip_addresses,
            warnings,
        }
    }
}

/// Whether a name is a DNS name of RFC 1123, whose first label may be a wildcard. The name
/// and its labels may have any length (kubeadm behaviour).
fn is_dns_name(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    // kubeadm keeps the case of a node name that a flag gives, and Go puts it into the certificate
    // unchanged.
    has_dns_form(&name.to_ascii_lowercase())
}
