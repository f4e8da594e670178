//! Requests for certificates (PKCS#10). A client makes a request for its key, and an authority
//! answers with a certificate.
use super::{
    Certificate, CertificateTemplate, Key,
    key::{common_name, encode_pem, organizations},
    signing::{NameField, NoSignatureKey, sign},
};
use kubephase_sdk::spec::Usage;
use rcgen::SubjectPublicKeyInfo;
use x509_parser::{certification_request::X509CertificationRequest, prelude::FromDer};

/// A request whose signature was verified: its maker has the private key.
pub struct CertificateRequest {
    pub common_name: String,
    pub organizations: Vec<String>,
    public_key: SubjectPublicKeyInfo,
}

impl CertificateRequest {
    /// Makes a request for the names of a template, as PEM. The authority that signs decides about
    /// usages, validity and serial number.
    ///
    /// # Errors
    /// The request cannot be made or signed.
    pub fn new_pem(key: &Key, template: &CertificateTemplate<'_>) -> Result<String, String> {
        let mut params = template.to_params()?;
        params.serial_number = None;
        params.key_usages.clear();
        params.extended_key_usages.clear();
        let unsigned = params
            .serialize_request(&NoSignatureKey(key.pair()))
            .map_err(|error| error.to_string())?;
        let subject = template.subject()?;
        let names = [(NameField::RequestSubject, &subject)];
        let request = sign(unsigned.der(), &names, key.pair())?;
        Ok(encode_pem("CERTIFICATE REQUEST", request))
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
        let public_key = SubjectPublicKeyInfo::from_der(info.subject_pki.raw)
            .map_err(|error| error.to_string())?;
        Ok(CertificateRequest {
            common_name: common_name(&info.subject),
            organizations: organizations(&info.subject),
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
        let template = CertificateTemplate {
            organizations: &self.organizations,
            usages: &[Usage::ClientAuth],
            not_before: from,
            not_after: to,
            ..CertificateTemplate::with_common_name(&self.common_name)
        };
        Certificate::issue_for(&template, &self.public_key, authority, key)
    }
}
