//! Certificates: made as kubeadm makes them, and read back.
use super::{
    CertificateTemplate,
    key::{Key, common_name, encode_pem, organizations},
    name::Name,
    signing::{NameField, NoSignatureKey, sign},
};
use aws_lc_rs::digest::{self, SHA256};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, IsCa, Issuer, KeyIdMethod,
    KeyUsagePurpose, PublicKeyData,
};
use std::net::IpAddr;
use x509_parser::prelude::{
    FromDer, GeneralName, ParsedExtension, SubjectPublicKeyInfo, X509Certificate,
};

/// The object identifier of the extension `basicConstraints`.
const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
/// The `basicConstraints` of a leaf: an empty sequence, so that CA is FALSE.
const NO_AUTHORITY: &[u8] = &[0x30, 0x00];

/// The largest number of certificates in one PEM text. The authorities of the public Internet are
/// about 150.
pub const MAX_CERTIFICATES: usize = 1000;

/// Go's message about a key that does not belong to an authority's certificate.
const NOT_ITS_KEY: &str = "x509: provided PrivateKey doesn't match parent's PublicKey";

/// A certificate. If it was read from PEM, the other certificates of the text are its
/// intermediates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub der: Vec<u8>,
    pub intermediates: Vec<Vec<u8>>,
}

impl Certificate {
    /// Makes a self-signed authority.
    ///
    /// # Errors
    /// The certificate cannot be made or signed.
    pub fn self_signed_authority(
        template: &CertificateTemplate<'_>,
        key: &Key,
    ) -> Result<Certificate, String> {
        let mut params = template.to_params()?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        params.key_identifier_method = KeyIdMethod::PreSpecified(key_identifier(key));
        let unsigned = params
            .self_signed(&NoSignatureKey(key.pair()))
            .map_err(|error| error.to_string())?;
        let name = template.subject()?;
        let names = [(NameField::Issuer, &name), (NameField::Subject, &name)];
        sign(unsigned.der(), &names, key.pair()).map(Certificate::from_der)
    }

    /// Makes a leaf for `key`, signed by an authority.
    ///
    /// # Errors
    /// The certificate cannot be made or signed, or the authority's key belongs to another
    /// certificate.
    pub fn issue(
        template: &CertificateTemplate<'_>,
        key: &Key,
        authority: &Certificate,
        authority_key: &Key,
    ) -> Result<Certificate, String> {
        Certificate::issue_for(template, key.pair(), authority, authority_key)
    }

    /// Makes a leaf for a public key, signed by an authority.
    pub(super) fn issue_for(
        template: &CertificateTemplate<'_>,
        public_key: &impl PublicKeyData,
        authority: &Certificate,
        authority_key: &Key,
    ) -> Result<Certificate, String> {
        authority.can_sign_with(authority_key)?;
        let (issuer, subject) = (
            Name::from(authority.fields().subject()),
            template.subject()?,
        );
        let mut params = template.to_params()?;
        let mut constraints =
            CustomExtension::from_oid_content(BASIC_CONSTRAINTS, NO_AUTHORITY.to_vec());
        constraints.set_criticality(true);
        params.custom_extensions.push(constraints);
        let mut issuer_params = CertificateParams::default();
        // If issuer and subject have the same name, Go takes the certificate for self-signed, and
        // leaves the authority's identifier out.
        if let Some(identifier) = authority.key_identifier()
            && issuer != subject
        {
            params.use_authority_key_identifier_extension = true;
            issuer_params.key_identifier_method = KeyIdMethod::PreSpecified(identifier);
        }
        let signer = Issuer::from_params(&issuer_params, NoSignatureKey(authority_key.pair()));
        let unsigned = params
            .signed_by(public_key, &signer)
            .map_err(|error| error.to_string())?;
        let names = [(NameField::Issuer, &issuer), (NameField::Subject, &subject)];
        sign(unsigned.der(), &names, authority_key.pair()).map(Certificate::from_der)
    }

    /// Wraps a certificate without intermediates. The caller has parsed the DER.
    pub fn from_der(der: Vec<u8>) -> Certificate {
        Certificate {
            der,
            intermediates: Vec::new(),
        }
    }

    /// Parses the certificates of a PEM text. The first is the certificate, the others are its
    /// intermediates.
    ///
    /// # Errors
    /// The text holds no certificate, or one that cannot be parsed.
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

    /// Returns the DER of every certificate in a PEM text.
    ///
    /// # Errors
    /// The text is not PEM, has more than [`MAX_CERTIFICATES`] certificates, or one of them cannot
    /// be parsed.
    pub fn parse_all(text: &str) -> Result<Vec<Vec<u8>>, String> {
        let blocks = pem::parse_many(text).map_err(|_| "not a PEM file".to_owned())?;
        let found: Vec<_> = blocks
            .into_iter()
            .filter(|block| block.tag() == "CERTIFICATE")
            .map(pem::Pem::into_contents)
            .collect();
        if found.len() > MAX_CERTIFICATES {
            return Err(format!(
                "the file has {} certificates; at most {MAX_CERTIFICATES} are read",
                found.len()
            ));
        }
        for der in &found {
            X509Certificate::from_der(der)
                .map_err(|_| "one of the certificates cannot be read".to_owned())?;
        }
        Ok(found)
    }

    /// Returns the authorities of PEM texts, each once, from the oldest to the newest.
    ///
    /// # Errors
    /// The errors of [`Certificate::parse_all`].
    pub fn authorities_by_age<'a>(
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Certificate>, String> {
        let mut found: Vec<Certificate> = Vec::new();
        for text in texts {
            for certificate in Certificate::parse_all(text)?
                .into_iter()
                .map(Certificate::from_der)
            {
                if certificate.is_authority() && !found.contains(&certificate) {
                    found.push(certificate);
                }
            }
        }
        found.sort_by_key(Certificate::not_before);
        Ok(found)
    }

    /// Returns the certificate as PEM, without its intermediates.
    pub fn to_pem(&self) -> String {
        encode_pem("CERTIFICATE", self.der.clone())
    }

    /// Returns the fields of the certificate.
    ///
    /// # Panics
    /// Never: the DER was parsed when the certificate was made.
    pub fn fields(&self) -> X509Certificate<'_> {
        X509Certificate::from_der(&self.der)
            .expect("the DER was parsed before")
            .1
    }

    /// Returns the identifier of the certificate's key (`subjectKeyIdentifier`). The certificates
    /// that an authority signs name the authority's identifier.
    fn key_identifier(&self) -> Option<Vec<u8>> {
        self.fields()
            .iter_extensions()
            .find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0.to_vec()),
                _ => None,
            })
    }

    /// Whether the certificate is an authority's.
    pub fn is_authority(&self) -> bool {
        self.fields().is_ca()
    }

    /// Whether the certificate belongs to this private key. Parameters may be encoded in several
    /// ways, so only the algorithm and the public key count.
    pub fn belongs_to(&self, key: &Key) -> bool {
        let (certificate, public_der) = (self.fields(), key.public_der());
        let wanted = certificate.public_key();
        SubjectPublicKeyInfo::from_der(&public_der).is_ok_and(|(_, found)| {
            found.algorithm.algorithm == wanted.algorithm.algorithm
                && found.subject_public_key.data == wanted.subject_public_key.data
        })
    }

    /// Refuses to sign with a key that does not belong to this authority: the signature could not
    /// be verified.
    ///
    /// # Errors
    /// The key belongs to another authority. The message is Go's.
    pub fn can_sign_with(&self, key: &Key) -> Result<(), String> {
        if self.belongs_to(key) {
            Ok(())
        } else {
            Err(NOT_ITS_KEY.to_owned())
        }
    }

    /// Returns the time from which the certificate is valid, in Unix seconds.
    pub fn not_before(&self) -> i64 {
        self.fields().validity().not_before.timestamp()
    }

    /// Returns the time until which the certificate is valid, in Unix seconds.
    pub fn not_after(&self) -> i64 {
        self.fields().validity().not_after.timestamp()
    }

    /// Returns the SHA-256 of the DER SubjectPublicKeyInfo, in lower-case hexadecimal.
    pub fn public_key_sha256(&self) -> String {
        data_encoding::HEXLOWER
            .encode(digest::digest(&SHA256, self.fields().public_key().raw).as_ref())
    }

    /// Returns the common name of the certificate's subject; empty if it has none.
    pub fn common_name(&self) -> String {
        common_name(self.fields().subject())
    }

    /// Returns the organizations of the certificate's subject.
    pub fn organizations(&self) -> Vec<String> {
        organizations(self.fields().subject())
    }

    /// Returns the DNS names and the IP addresses for which the certificate is valid.
    pub fn alternative_names(&self) -> (Vec<String>, Vec<String>) {
        let (mut names, mut addresses) = (Vec::new(), Vec::new());
        let cert = self.fields();
        let Ok(Some(found)) = cert.subject_alternative_name() else {
            return (names, addresses);
        };
        for name in &found.value.general_names {
            match name {
                GeneralName::DNSName(name) => names.push((*name).to_owned()),
                GeneralName::IPAddress(bytes) => {
                    addresses.extend(parse_address(bytes).map(|address| address.to_string()))
                }
                _ => {}
            }
        }
        (names, addresses)
    }
}

/// Returns the identifier of a key, as Go makes it: the first 20 bytes of the key's hash (RFC 7093,
/// method 1).
fn key_identifier(key: &Key) -> Vec<u8> {
    let hash = digest::digest(&SHA256, key.pair().public_key_raw());
    hash.as_ref().iter().copied().take(20).collect()
}

/// Parses the bytes of an IPv4 or IPv6 address.
fn parse_address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}
