//! Requests for certificates (PKCS#10). A client makes a request for its key, and an authority
//! answers with a certificate.
use super::{
    Certificate, CertificateTemplate, Key,
    key::{common_name, encode_pem},
};
use kubephase_sdk::spec::Usage;
use rcgen::{Issuer, SubjectPublicKeyInfo};
use x509_parser::{certification_request::X509CertificationRequest, prelude::FromDer};

/// A request whose signature was verified: its maker has the private key.
pub struct CertificateRequest {
    pub common_name: String,
    pub organizations: Vec<String>,
    public_key: SubjectPublicKeyInfo,
}

impl CertificateRequest {
    /// Makes a request, as PEM.
    ///
    /// # Errors
    /// The request cannot be made or signed.
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
        let mut params = template.to_params()?;
        // The authority decides about the rest.
        params.serial_number = None;
        params.key_usages.clear();
        let request = params
            .serialize_request(key.pair())
            .map_err(|error| error.to_string())?;
        Ok(encode_pem("CERTIFICATE REQUEST", request.der().to_vec()))
    }

    /// Parses a request, and verifies its signature.
    ///
    /// # Errors
    /// The text is not a request, or the request is not signed with its own key.
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

    /// Issues a client certificate that is valid between two times in Unix seconds.
    ///
    /// # Errors
    /// The certificate cannot be signed, or the key does not belong to the authority.
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
        let signed = template
            .to_params()?
            .signed_by(&self.public_key, &issuer)
            .map_err(|error| error.to_string())?;
        Ok(Certificate::from_der(signed.der().to_vec()))
    }
}
