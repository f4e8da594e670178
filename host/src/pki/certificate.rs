//! Certificates: made as kubeadm makes them, and read back.
use super::key::{Key, common_name, encode};
use aws_lc_rs::{digest, rand};
use kubephase_sdk::spec::Usage;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose, SanType, SerialNumber,
};
use std::net::IpAddr;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, GeneralName, SubjectPublicKeyInfo, X509Certificate};

/// `basicConstraints` of a leaf: an empty sequence, CA is FALSE.
const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
const NO_AUTHORITY: &[u8] = &[0x30, 0x00];

/// What Go says of an authority's key that is not the certificate's.
const NOT_ITS_KEY: &str = "x509: provided PrivateKey doesn't match parent's PublicKey";

/// What a certificate is to say.
pub struct CertificateTemplate<'a> {
    pub common_name: &'a str,
    pub organizations: &'a [String],
    pub dns_names: &'a [String],
    pub ip_addresses: &'a [IpAddr],
    pub usages: &'a [Usage],
    /// Unix seconds
    pub not_before: i64,
    pub not_after: i64,
}

/// A certificate read from PEM, with the others of its file as intermediates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub der: Vec<u8>,
    pub intermediates: Vec<Vec<u8>>,
}

impl Certificate {
    /// A self-signed authority.
    ///
    /// # Errors
    /// Where it cannot be signed.
    pub fn self_signed_authority(
        template: &CertificateTemplate<'_>,
        key: &Key,
    ) -> Result<Certificate, String> {
        let mut params = params(template)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        Ok(Certificate::from_der(
            params
                .self_signed(key.pair())
                .map_err(|error| error.to_string())?
                .der()
                .to_vec(),
        ))
    }

    /// A leaf for `key`, signed by an authority.
    ///
    /// # Errors
    /// Where it cannot be signed, or the authority's key is another's.
    pub fn issue(
        template: &CertificateTemplate<'_>,
        key: &Key,
        authority: &Certificate,
        authority_key: &Key,
    ) -> Result<Certificate, String> {
        authority.can_sign_with(authority_key)?;
        let mut params = params(template)?;
        params.use_authority_key_identifier_extension = true;
        let mut constraints =
            CustomExtension::from_oid_content(BASIC_CONSTRAINTS, NO_AUTHORITY.to_vec());
        constraints.set_criticality(true);
        params.custom_extensions.push(constraints);
        let issuer =
            Issuer::from_ca_cert_der(&authority.der.as_slice().into(), authority_key.pair())
                .map_err(|error| error.to_string())?;
        Ok(Certificate::from_der(
            params
                .signed_by(key.pair(), &issuer)
                .map_err(|error| error.to_string())?
                .der()
                .to_vec(),
        ))
    }

    pub fn from_der(der: Vec<u8>) -> Certificate {
        Certificate {
            der,
            intermediates: Vec::new(),
        }
    }

    /// # Errors
    /// Where there is no certificate in the text.
    pub fn from_pem(text: &str) -> Result<Certificate, String> {
        let mut blocks = Certificate::parse_all(text)?.into_iter();
        let first = blocks
            .next()
            .ok_or("data does not contain any valid RSA or ECDSA certificates")?;
        Ok(Certificate {
            der: first,
            intermediates: blocks.collect(),
        })
    }

    /// The DER of every certificate in the text.
    ///
    /// # Errors
    /// Where one of them is none.
    pub fn parse_all(text: &str) -> Result<Vec<Vec<u8>>, String> {
        let blocks = pem::parse_many(text).map_err(|_| "not a PEM file".to_owned())?;
        let found: Vec<_> = blocks
            .into_iter()
            .filter(|block| block.tag() == "CERTIFICATE")
            .map(pem::Pem::into_contents)
            .collect();
        for der in &found {
            X509Certificate::from_der(der)
                .map_err(|_| "one of the certificates cannot be read".to_owned())?;
        }
        Ok(found)
    }

    pub fn to_pem(&self) -> String {
        encode("CERTIFICATE", self.der.clone())
    }

    /// # Panics
    /// Never: the DER was read when the certificate was made.
    pub fn parsed(&self) -> X509Certificate<'_> {
        X509Certificate::from_der(&self.der).expect("read before").1
    }

    pub fn is_authority(&self) -> bool {
        self.parsed().is_ca()
    }

    /// Whether a private key is the one that the certificate is for. Parameters may be encoded in
    /// several ways, so only the algorithm and the public key count.
    pub fn is_for(&self, key: &Key) -> bool {
        let (certificate, public_der) = (self.parsed(), key.public_der());
        let (template, found) = (
            certificate.public_key(),
            SubjectPublicKeyInfo::from_der(&public_der),
        );
        found.is_ok_and(|(_, found)| {
            found.algorithm.algorithm == template.algorithm.algorithm
                && found.subject_public_key.data == template.subject_public_key.data
        })
    }

    /// Refuses to sign with a key that does not belong to this authority: the signature could not
    /// be verified.
    ///
    /// # Errors
    /// Go's words for it.
    pub fn can_sign_with(&self, key: &Key) -> Result<(), String> {
        if self.is_for(key) {
            Ok(())
        } else {
            Err(NOT_ITS_KEY.to_owned())
        }
    }

    pub fn not_before(&self) -> i64 {
        self.parsed().validity().not_before.timestamp()
    }

    /// Why it is not valid at a time, if it is not.
    pub fn validity_problem(&self, now: i64) -> Option<String> {
        let cert = self.parsed();
        let (from, to) = (cert.validity().not_before, cert.validity().not_after);
        let bounds = format!("NotBefore: {from}, NotAfter: {to}");
        if now < from.timestamp() {
            Some(format!("the certificate is not valid yet: {bounds}"))
        } else if now > to.timestamp() {
            Some(format!("the certificate has expired: {bounds}"))
        } else {
            None
        }
    }

    /// Whether it leads to an authority, by its intermediates where needed, at this time.
    ///
    /// # Errors
    /// Why it does not.
    pub fn verify(&self, root: &Certificate, now: i64) -> Result<(), String> {
        for cert in [self, root] {
            if let Some(why) = cert.validity_problem(now) {
                return Err(format!(
                    "x509: certificate has expired or is not yet valid: {} ({})",
                    common_name(cert.parsed().subject()),
                    why
                ));
            }
        }
        if self.chains_to(root) {
            Ok(())
        } else {
            Err("x509: certificate signed by unknown authority".into())
        }
    }

    /// Whether an authority signed it, by its intermediates where needed, at whatever time. Every
    /// issuer on the way has to be an authority itself that may have so many below it.
    pub fn chains_to(&self, root: &Certificate) -> bool {
        let root = root.parsed();
        let mut at = self.parsed();
        for below in 0..=self.intermediates.len() {
            if is_issuer(&root, &at, below) {
                return true;
            }
            let parsed = self
                .intermediates
                .iter()
                .filter_map(|der| X509Certificate::from_der(der).ok().map(|(_, cert)| cert));
            match parsed
                .into_iter()
                .find(|issuer| is_issuer(issuer, &at, below))
            {
                Some(next) => at = next,
                None => break,
            }
        }
        false
    }

    /// Lower-case hexadecimal SHA-256 of the DER SubjectPublicKeyInfo.
    pub fn public_key_sha256(&self) -> String {
        data_encoding::HEXLOWER
            .encode(digest::digest(&digest::SHA256, self.parsed().public_key().raw).as_ref())
    }

    /// DNS names and addresses it is for.
    pub fn alternative_names(&self) -> (Vec<String>, Vec<String>) {
        let (mut names, mut addresses) = (Vec::new(), Vec::new());
        let cert = self.parsed();
        let Ok(Some(found)) = cert.subject_alternative_name() else {
            return (names, addresses);
        };
        for name in &found.value.general_names {
            match name {
                GeneralName::DNSName(name) => names.push((*name).to_owned()),
                GeneralName::IPAddress(bytes) => {
                    addresses.extend(address(bytes).map(|address| address.to_string()))
                }
                _ => {}
            }
        }
        (names, addresses)
    }
}

/// Whether `issuer` signed a certificate and may have signed it (RFC 5280, 6.1.4): it is an
/// authority, its key may sign certificates, and it may have as many intermediates below it as
/// there are.
fn is_issuer(
    issuer: &X509Certificate<'_>,
    of: &X509Certificate<'_>,
    intermediates_below: usize,
) -> bool {
    let constraints = issuer
        .basic_constraints()
        .ok()
        .flatten()
        .map(|extension| extension.value);
    let is_authority = constraints.is_some_and(|constraints| {
        let limit = constraints.path_len_constraint.map_or(usize::MAX, |limit| {
            usize::try_from(limit).unwrap_or(usize::MAX)
        });
        constraints.ca && intermediates_below <= limit
    });
    // Without the extension a key is for everything.
    let may_sign = match issuer.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.key_cert_sign()),
        Err(_) => false,
    };
    is_authority
        && may_sign
        && of.issuer() == issuer.subject()
        && of.verify_signature(Some(issuer.public_key())).is_ok()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

pub(super) fn params(template: &CertificateTemplate<'_>) -> Result<CertificateParams, String> {
    let mut params = CertificateParams::default();
    params.serial_number = Some(serial()?);
    params.not_before = parse_moment(template.not_before)?;
    params.not_after = parse_moment(template.not_after)?;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
    ];
    params.extended_key_usages = (template.usages.iter())
        .map(|usage| match usage {
            Usage::ServerAuth => ExtendedKeyUsagePurpose::ServerAuth,
            Usage::ClientAuth => ExtendedKeyUsagePurpose::ClientAuth,
        })
        .collect();
    let mut name = DistinguishedName::new();
    for organization in template.organizations {
        name.push(DnType::OrganizationName, value(organization));
    }
    name.push(DnType::CommonName, value(template.common_name));
    params.distinguished_name = name;
    for dns in template.dns_names {
        let dns = dns
            .as_str()
            .try_into()
            .map_err(|_| format!("{dns:?} cannot be a DNS name of a certificate"))?;
        params.subject_alt_names.push(SanType::DnsName(dns));
    }
    params.subject_alt_names.extend(
        template
            .ip_addresses
            .iter()
            .map(|address| SanType::IpAddress(*address)),
    );
    Ok(params)
}

/// Go writes a PrintableString wherever it can.
fn value(text: &str) -> DnValue {
    text.try_into().map_or_else(
        |_| DnValue::Utf8String(text.to_owned()),
        DnValue::PrintableString,
    )
}

fn parse_moment(seconds: i64) -> Result<OffsetDateTime, String> {
    // X.509 has no years beyond 9999.
    let moment = OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .filter(|moment| (1..=9999).contains(&moment.year()));
    moment
        .ok_or_else(|| format!("a certificate cannot be valid until {seconds} seconds after 1970"))
}

/// Uniform in [1, 2^63 - 2].
fn serial() -> Result<SerialNumber, String> {
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
