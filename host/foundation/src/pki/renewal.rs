//! Renews certificates: the new certificate has the content of the old one and a new key.
use super::{Certificate, CertificateTemplate, Key, key::common_name};
use kubephase_sdk::spec::Usage;
use std::{net::IpAddr, ops::Range};
use x509_parser::extensions::ExtendedKeyUsage;

/// DNS names and IP addresses.
type AlternativeNames = (Vec<String>, Vec<IpAddr>);

impl Certificate {
    /// Returns a new certificate for another key, with the common name, organizations and extended
    /// key usages of this one, and with `names`, or, without them, the names of this one. The
    /// usages of servers and clients come first, whatever their order here. `validity` is in Unix
    /// seconds.
    ///
    /// # Errors
    /// The certificate has no common name or no usage (the message is in kubeadm's words), or the
    /// new one cannot be signed.
    pub fn renew(
        &self,
        key: &Key,
        authority: &Certificate,
        authority_key: &Key,
        validity: Range<i64>,
        names: Option<AlternativeNames>,
    ) -> Result<Certificate, String> {
        let parsed = self.fields();
        let usages = parsed.extended_key_usage().ok().flatten();
        let (usages, other_usages) = usages.map_or_else(Default::default, |found| {
            (usages_of(found.value), other_usages_of(found.value))
        });
        if usages.is_empty() && other_usages.is_empty() {
            return Err("must specify at least one ExtKeyUsage".to_owned());
        }
        let common_name = common_name(parsed.subject());
        if common_name.is_empty() {
            return Err("unable to sign certificate: must specify a CommonName".to_owned());
        }
        let (dns_names, ip_addresses) = names.unwrap_or_else(|| self.distinct_names());
        let template = CertificateTemplate {
            common_name: &common_name,
            organizations: &self.organizations(),
            dns_names: &dns_names,
            ip_addresses: &ip_addresses,
            usages: &usages,
            other_usages: &other_usages,
            not_before: validity.start,
            not_after: validity.end,
        };
        Certificate::issue(&template, key, authority, authority_key)
            .map_err(|why| format!("unable to sign certificate: {why}"))
    }

    /// Returns the DNS names, sorted, and the IP addresses of the certificate, each once (kubeadm's
    /// order in new certificates).
    pub fn distinct_names(&self) -> AlternativeNames {
        let (mut dns_names, addresses) = self.alternative_names();
        dns_names.sort();
        dns_names.dedup();
        let mut distinct: Vec<IpAddr> = Vec::new();
        for address in addresses.iter().filter_map(|text| text.parse().ok()) {
            if !distinct.contains(&address) {
                distinct.push(address);
            }
        }
        (dns_names, distinct)
    }
}

fn usages_of(found: &ExtendedKeyUsage<'_>) -> Vec<Usage> {
    [
        (found.server_auth, Usage::ServerAuth),
        (found.client_auth, Usage::ClientAuth),
    ]
    .into_iter()
    .filter_map(|(is_there, usage)| is_there.then_some(usage))
    .collect()
}

/// Returns the object identifiers of all usages but those of servers and clients.
fn other_usages_of(found: &ExtendedKeyUsage<'_>) -> Vec<Vec<u64>> {
    /// `id-kp` of RFC 5280.
    const PURPOSES: [u64; 8] = [1, 3, 6, 1, 5, 5, 7, 3];
    let known = [
        (found.code_signing, 3),
        (found.email_protection, 4),
        (found.time_stamping, 8),
        (found.ocsp_signing, 9),
    ];
    let known = known
        .into_iter()
        .filter(|(is_there, _)| *is_there)
        .map(|(_, purpose)| [PURPOSES.as_slice(), &[purpose]].concat());
    let any = found.any.then(|| vec![2, 5, 29, 37, 0]);
    let other = found
        .other
        .iter()
        .filter_map(|oid| oid.iter().map(Iterator::collect));
    known.chain(any).chain(other).collect()
}
