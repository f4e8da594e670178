//! Keys and certificates: typed functions over `observe-pki` and `effects-pki`. No key ever crosses
//! to a phase: a phase asks for facts about keys, and proposes keys that the host makes.
use crate::{
    Effect, Failure, effects_pki,
    inputs::{json, parse},
    observe_pki,
    spec::{
        CertificateFacts, CertificateSpec, KeyPairSpec, KubeconfigFacts, KubeconfigSpec,
        PrivateKeyFacts, RotatedKubeconfigSpec,
    },
};
use serde::de::DeserializeOwned;

/// Returns facts of the first certificate in a file; `None` if there is no file.
///
/// # Errors
/// Failures of the host, such as `denied`.
pub fn certificate(path: &str) -> Result<Option<CertificateFacts>, Failure> {
    parse_facts(observe_pki::certificate(path)?, path)
}

/// Returns facts of a private key; `None` if there is no file.
///
/// # Errors
/// Failures of the host, such as `denied`.
pub fn private_key(path: &str) -> Result<Option<PrivateKeyFacts>, Failure> {
    parse_facts(observe_pki::private_key(path)?, path)
}

/// Returns facts of the current context of a kubeconfig; `None` if there is no file.
///
/// # Errors
/// Failures of the host, such as `denied`.
pub fn kubeconfig(path: &str) -> Result<Option<KubeconfigFacts>, Failure> {
    parse_facts(observe_pki::kubeconfig(path)?, path)
}

fn parse_facts<T: DeserializeOwned>(
    answer: Option<String>,
    path: &str,
) -> Result<Option<T>, Failure> {
    answer
        .map(|text| parse(&text, &format!("facts of {path}")))
        .transpose()
}

/// Proposes a certificate and its key, if they do not exist yet.
///
/// # Errors
/// Failures of the host, such as `denied` or `invalid`.
pub fn ensure_certificate(spec: &CertificateSpec) -> Result<Effect, Failure> {
    effects_pki::ensure_certificate(&json(spec))
}

/// Proposes a key pair, if it does not exist yet.
///
/// # Errors
/// Failures of the host, such as `denied` or `invalid`.
pub fn ensure_key_pair(spec: &KeyPairSpec) -> Result<Effect, Failure> {
    effects_pki::ensure_key_pair(&json(spec))
}

/// Proposes a kubeconfig with a client certificate, if it does not exist yet.
///
/// # Errors
/// Failures of the host, such as `denied` or `invalid`.
pub fn ensure_kubeconfig(spec: &KubeconfigSpec) -> Result<Effect, Failure> {
    effects_pki::ensure_kubeconfig(&json(spec))
}

/// Proposes that an existing kubeconfig uses a certificate file that is rotated.
///
/// # Errors
/// Failures of the host, such as `denied` or `invalid`.
pub fn ensure_rotated_kubeconfig(spec: &RotatedKubeconfigSpec) -> Result<Effect, Failure> {
    effects_pki::ensure_rotated_kubeconfig(&json(spec))
}
