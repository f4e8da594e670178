//! Certificates of the server and of its clients, as a static Pod names them.
use super::rbac::User;
use crate::pki::Certificate;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use std::sync::Arc;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The certificate of a server, and the authority of its clients.
pub struct ServerIdentity {
    pub config: ServerConfig,
    /// Why the certificate is not valid now, although it is accepted; `None` if it is valid, or is
    /// not accepted.
    pub validity_problem: Option<String>,
}

impl ServerIdentity {
    /// Loads a certificate, its key and the authority of clients from PEM. If it `accepts_invalid`
    /// and the certificate is not valid now, clients are served whose certificates are not valid
    /// either.
    ///
    /// # Errors
    /// One of them cannot be used; the message says why.
    pub fn load(
        certificate: &str,
        key: &str,
        authority: &str,
        accepts_invalid: bool,
    ) -> Result<ServerIdentity, String> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let validity_problem = Certificate::from_pem(certificate)?
            .validity_problem(jiff::Timestamp::now().as_second())
            .filter(|_| accepts_invalid);
        let verifier = client_verifier(provider.clone(), authority, validity_problem.is_some())?;
        let chain = Certificate::parse_all(certificate)?
            .into_iter()
            .map(CertificateDer::from)
            .collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| "its private key cannot be read".to_owned())?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(|error| error.to_string())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(ServerIdentity {
            config,
            validity_problem,
        })
    }
}

/// Returns a verifier of client certificates of an authority.
fn client_verifier(
    provider: Arc<CryptoProvider>,
    authority: &str,
    skip_validity_check: bool,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let mut roots = RootCertStore::empty();
    let authorities = Certificate::parse_all(authority)?;
    for der in &authorities {
        roots
            .add(CertificateDer::from(der.clone()))
            .map_err(|error| format!("its client authority: {error}"))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .map_err(|error| error.to_string())?;
    if !skip_validity_check {
        return Ok(verifier);
    }
    Ok(Arc::new(SignatureOnlyVerifier {
        verifier,
        authorities: authorities.into_iter().map(Certificate::from_der).collect(),
    }))
}

/// Accepts certificates that an authority signed, whether they are valid now or not. A rehearsal of
/// certificates that are never valid (kubeadm accepts a negative validity period) goes on with this
/// verifier, and notes that a real cluster would not.
#[derive(Debug)]
struct SignatureOnlyVerifier {
    /// Verifies everything but the certificate.
    verifier: Arc<dyn ClientCertVerifier>,
    authorities: Vec<Certificate>,
}

impl ClientCertVerifier for SignatureOnlyVerifier {
    fn verify_client_cert(
        &self,
        end: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        X509Certificate::from_der(end)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let certificate = Certificate::from_der(end.to_vec());
        let is_signed = self
            .authorities
            .iter()
            .any(|authority| certificate.chains_to(authority));
        if is_signed {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
        }
    }

    fn client_auth_mandatory(&self) -> bool {
        self.verifier.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        end: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, end, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        end: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, end, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Returns the user of a client certificate (DER): its common name and organizations.
pub fn user_of_certificate(der: &[u8]) -> Option<User> {
    X509Certificate::from_der(der).ok()?;
    let certificate = Certificate::from_der(der.to_owned());
    let name = certificate.common_name();
    let groups = certificate.organizations().into_iter();
    // An API server knows no user without a name.
    (!name.is_empty()).then(|| User {
        name,
        groups: groups.chain(["system:authenticated".to_owned()]).collect(),
    })
}
