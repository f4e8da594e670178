//! The content of a certificate that is to be made.
use super::name::Name;
use aws_lc_rs::rand;
use kubephase_sdk::spec::Usage;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyUsagePurpose, SanType, SerialNumber};
use std::net::IpAddr;
use time::OffsetDateTime;

/// The content of a certificate that is to be made. Its serial number is random.
pub struct CertificateTemplate<'a> {
    pub common_name: &'a str,
    pub organizations: &'a [String],
    pub dns_names: &'a [String],
    pub ip_addresses: &'a [IpAddr],
    pub usages: &'a [Usage],
    /// further usages, as object identifiers
    pub other_usages: &'a [Vec<u64>],
    /// Unix seconds
    pub not_before: i64,
    /// Unix seconds
    pub not_after: i64,
}

impl<'a> CertificateTemplate<'a> {
    /// Returns a template that has a common name and nothing else.
    pub fn with_common_name(common_name: &'a str) -> CertificateTemplate<'a> {
        CertificateTemplate {
            common_name,
            organizations: &[],
            dns_names: &[],
            ip_addresses: &[],
            usages: &[],
            other_usages: &[],
            not_before: 0,
            not_after: 0,
        }
    }

    /// Returns the subject of the certificate.
    ///
    /// # Errors
    /// The name cannot be encoded.
    pub(super) fn subject(&self) -> Result<Name, String> {
        Name::new(self.common_name, self.organizations)
    }

    /// Returns the content without the subject, as rcgen's parameters.
    ///
    /// # Errors
    /// A DNS name or time cannot be in a certificate, or the system has no randomness to give.
    pub(super) fn to_params(&self) -> Result<CertificateParams, String> {
        let mut params = CertificateParams::default();
        params.serial_number = Some(random_serial()?);
        params.not_before = parse_moment(self.not_before)?;
        params.not_after = parse_moment(self.not_after)?;
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        let others = self.other_usages.iter().cloned();
        params.extended_key_usages = self
            .usages
            .iter()
            .map(extended_usage)
            .chain(others.map(ExtendedKeyUsagePurpose::Other))
            .collect();
        for dns in self.dns_names {
            let dns = dns
                .as_str()
                .try_into()
                .map_err(|_| format!("{dns:?} cannot be a DNS name of a certificate"))?;
            params.subject_alt_names.push(SanType::DnsName(dns));
        }
        let addresses = self.ip_addresses.iter().copied().map(SanType::IpAddress);
        params.subject_alt_names.extend(addresses);
        Ok(params)
    }
}

fn extended_usage(usage: &Usage) -> ExtendedKeyUsagePurpose {
    match usage {
        Usage::ServerAuth => ExtendedKeyUsagePurpose::ServerAuth,
        Usage::ClientAuth => ExtendedKeyUsagePurpose::ClientAuth,
    }
}

fn parse_moment(seconds: i64) -> Result<OffsetDateTime, String> {
    // X.509 has no years after 9999.
    let moment = OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .filter(|moment| (1..=9999).contains(&moment.year()));
    moment
        .ok_or_else(|| format!("a certificate cannot be valid until {seconds} seconds after 1970"))
}

/// Returns a random serial number, uniform in [1, 2^63 - 2].
fn random_serial() -> Result<SerialNumber, String> {
    loop {
        let mut bytes = [0; 8];
        rand::fill(&mut bytes).map_err(|_| "the system has no randomness to give".to_owned())?;
        let number = u64::from_be_bytes(bytes) >> 1;
        if (1..=i64::MAX as u64 - 1).contains(&number) {
            let bytes: Vec<u8> = number
                .to_be_bytes()
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect();
            return Ok(SerialNumber::from(bytes));
        }
    }
}
