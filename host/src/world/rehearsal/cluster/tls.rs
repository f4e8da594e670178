//! Who the embedded API server is and whom it believes: the certificates that its static Pod names.
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

pub struct Identity {
    pub config: ServerConfig,
    /// why its certificate is not valid now, if it is not
    pub undated: Option<String>,
}

impl Identity {
    /// # Errors
    /// Why the PEM given is no certificate, key or authority.
    pub fn load(certificate: &str, key: &str, authority: &str) -> Result<Identity, String> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let undated =
            Certificate::from_pem(certificate)?.out_of_bounds(jiff::Timestamp::now().as_second());
        let verifier = verifier(provider.clone(), authority, undated.is_some())?;
        let chain = Certificate::all(certificate)?
            .into_iter()
            .map(CertificateDer::from)
            .collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| "its private key cannot be read".to_owned())?;
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = builder.with_client_cert_verifier(verifier);
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| error.to_string())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Identity { config, undated })
    }
}

fn verifier(
    provider: Arc<CryptoProvider>,
    authority: &str,
    undated: bool,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let mut roots = RootCertStore::empty();
    let authorities = Certificate::all(authority)?;
    for der in &authorities {
        roots
            .add(CertificateDer::from(der.clone()))
            .map_err(|error| format!("its client authority: {error}"))?;
    }
    let dated = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build();
    let dated = dated.map_err(|error| error.to_string())?;
    let authorities = authorities.into_iter().map(Certificate::from_der).collect();
    Ok(if undated {
        Arc::new(Undated { dated, authorities })
    } else {
        dated
    })
}

/// Believes what an authority signed, whenever it did. A rehearsal of certificates that are never
/// valid (kubeadm takes a negative validity period) goes on with it, and says that a real cluster
/// would not.
#[derive(Debug)]
struct Undated {
    dated: Arc<dyn ClientCertVerifier>,
    authorities: Vec<Certificate>,
}

impl ClientCertVerifier for Undated {
    fn verify_client_cert(
        &self,
        end: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        X509Certificate::from_der(end)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let certificate = Certificate::from_der(end.to_vec());
        let known = self
            .authorities
            .iter()
            .any(|authority| certificate.leads_to(authority));
        if known {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
        }
    }

    fn client_auth_mandatory(&self) -> bool {
        self.dated.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.dated.root_hint_subjects()
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        end: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.dated.verify_tls12_signature(message, end, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        end: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.dated.verify_tls13_signature(message, end, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.dated.supported_verify_schemes()
    }
}

/// Who a client certificate says its holder is.
pub fn holder(der: &[u8]) -> Option<User> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let name = certificate
        .subject()
        .iter_common_name()
        .next()?
        .as_str()
        .ok()?
        .to_owned();
    let groups = certificate
        .subject()
        .iter_organization()
        .filter_map(|organization| organization.as_str().ok())
        .map(str::to_owned);
    Some(User {
        name,
        groups: groups.chain(["system:authenticated".to_owned()]).collect(),
    })
}
