//! An authority for tests, and the TLS servers on loopback whose certificates it signs. The unit
//! tests of several crates of the host share this file.
use crate::pki::{Certificate, CertificateTemplate, Key};
use kubephase_sdk::spec::{KeyAlgorithm, Usage};
use std::{
    net::{IpAddr, Ipv4Addr},
    ops::Range,
    sync::Arc,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::aws_lc_rs::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    },
};

pub const HOUR: i64 = 3600;
const ALWAYS: Range<i64> = 0..4_000_000_000;

fn template<'a>(
    name: &'a str,
    dns_names: &'a [String],
    usages: &'a [Usage],
    valid: Range<i64>,
) -> CertificateTemplate<'a> {
    let ip_addresses: &[IpAddr] = if usages.is_empty() {
        &[]
    } else {
        &[IpAddr::V4(Ipv4Addr::LOCALHOST)]
    };
    CertificateTemplate {
        common_name: name,
        organizations: &[],
        dns_names,
        ip_addresses,
        usages,
        other_usages: &[],
        not_before: valid.start,
        not_after: valid.end,
    }
}

/// An authority with its key.
pub struct Authority {
    key: Key,
    pub certificate: Certificate,
}

impl Authority {
    pub fn new(name: &str) -> Authority {
        let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let certificate = Certificate::self_signed_authority(
            &template(name, &[name.to_owned()], &[], ALWAYS),
            &key,
        )
        .unwrap();
        Authority { key, certificate }
    }

    /// Makes the key and the certificate of a client.
    pub fn client(&self) -> (Key, Certificate) {
        self.issue("client", Usage::ClientAuth, ALWAYS)
    }

    /// Makes the key and the certificate of a server.
    #[allow(dead_code, reason = "only some crates start programs")]
    pub fn server_pair(&self) -> (Key, Certificate) {
        self.issue("server", Usage::ServerAuth, ALWAYS)
    }

    /// Makes a server whose certificate is valid for these seconds, counted from now.
    pub fn server(&self, valid: Range<i64>) -> TlsAcceptor {
        self.acceptor(valid, None, b"http/1.1")
    }

    /// Makes a server of HTTP/2 that accepts only clients of this authority.
    pub fn server_among_peers(&self) -> TlsAcceptor {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(self.certificate.der.clone()))
            .unwrap();
        let peers = WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::new(default_provider()),
        )
        .build()
        .unwrap();
        self.acceptor(-HOUR..HOUR, Some(peers), b"h2")
    }

    fn issue(&self, name: &str, usage: Usage, valid: Range<i64>) -> (Key, Certificate) {
        let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let certificate = Certificate::issue(
            &template(name, &[], &[usage], valid),
            &key,
            &self.certificate,
            &self.key,
        )
        .unwrap();
        (key, certificate)
    }

    fn acceptor(
        &self,
        valid: Range<i64>,
        clients: Option<Arc<dyn ClientCertVerifier>>,
        protocol: &[u8],
    ) -> TlsAcceptor {
        let now = jiff::Timestamp::now().as_second();
        let (key, certificate) = self.issue(
            "server",
            Usage::ServerAuth,
            now + valid.start..now + valid.end,
        );
        let key = PrivateKeyDer::from_pem_slice(key.to_pem().unwrap().reveal().as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = match clients {
            Some(clients) => config.with_client_cert_verifier(clients),
            None => config.with_no_client_auth(),
        };
        let mut config = config
            .with_single_cert(vec![CertificateDer::from(certificate.der)], key)
            .unwrap();
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}
