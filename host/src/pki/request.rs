//! Requests for certificates (PKCS#10): made for a key, and signed by an authority.
use super::{
    Certificate, CertificateTemplate, Key,
    certificate::params,
    key::{common_name, encode},
};
use kubephase_sdk::spec::Usage;
use rcgen::{Issuer, SubjectPublicKeyInfo};
use x509_parser::{certification_request::X509CertificationRequest, prelude::FromDer};

/// A request that was read, and whose maker has the key.
pub struct CertificateRequest {
    pub common_name: String,
    pub organizations: Vec<String>,
    public_key: SubjectPublicKeyInfo,
}

impl CertificateRequest {
    /// A request in PEM.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn new_pem(
        key: &Key,
        common_name: &str,
        organizations: &[String],
    ) -> Result<String, String> {
        let template = CertificateTemplate {
            common_name,
            organizations,
            dns_names: &[],
            ip_addresses: &[],
            usages: &[],
            not_before: 0,
            not_after: 0,
        };
        let mut params = params(&template)?;
        // The rest is for the authority to say.
        params.serial_number = None;
        params.key_usages.clear();
        let request = params
            .serialize_request(key.pair())
            .map_err(|error| error.to_string())?;
        Ok(encode("CERTIFICATE REQUEST", request.der().to_vec()))
    }

    /// # Errors
    /// Where the text is no request, or was not signed with its own key.
    pub fn from_pem(text: &str) -> Result<CertificateRequest, String> {
        let block = pem::parse(text).map_err(|_| "not a PEM file".to_owned())?;
        let (_, request) = X509CertificationRequest::from_der(block.contents())
            .map_err(|error| error.to_string())?;
        request
            .verify_signature()
            .map_err(|error| error.to_string())?;
        let info = &request.certification_request_info;
        let organizations = info
            .subject
            .iter_organization()
            .filter_map(|name| name.as_str().ok())
            .map(str::to_owned)
            .collect();
        let public_key = SubjectPublicKeyInfo::from_der(info.subject_pki.raw)
            .map_err(|error| error.to_string())?;
        Ok(CertificateRequest {
            common_name: common_name(&info.subject),
            organizations,
            public_key,
        })
    }

    /// The certificate of a client, valid between two times in Unix seconds.
    ///
    /// # Errors
    /// Where it cannot be signed, or the authority's key is another's.
    pub fn issue(
        &self,
        from: i64,
        to: i64,
        authority: &Certificate,
        key: &Key,
    ) -> Result<Certificate, String> {
        authority.can_sign_with(key)?;
        let template = CertificateTemplate {
            common_name: &self.common_name,
            organizations: &self.organizations,
            dns_names: &[],
            ip_addresses: &[],
            usages: &[Usage::ClientAuth],
            not_before: from,
            not_after: to,
        };
        let issuer = Issuer::from_ca_cert_der(&authority.der.as_slice().into(), key.pair())
            .map_err(|error| error.to_string())?;
        let signed = params(&template)?
            .signed_by(&self.public_key, &issuer)
            .map_err(|error| error.to_string())?;
        Ok(Certificate::from_der(signed.der().to_vec()))
    }
}
