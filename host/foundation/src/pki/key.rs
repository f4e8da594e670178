//! Private keys, and their encodings that kubeadm uses.
use crate::secret::Secret;
use aws_lc_rs::{
    digest::{self, SHA256},
    encoding::{AsDer, EcPrivateKeyRfc5915Der},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair},
};
use kubephase_sdk::spec::KeyAlgorithm;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, RsaKeySize};
use x509_parser::{
    asn1_rs::{FromDer, OctetString, Sequence},
    prelude::{SubjectPublicKeyInfo, X509Name},
};

/// Niceness of a thread that makes a key, added to the niceness of the run. Beside a busy program
/// such a thread gets a tenth of a processor.
const NICENESS: i32 = 10;

/// A private key that can sign.
pub struct Key(KeyPair);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.algorithm())
    }
}

impl Key {
    /// Makes a new key. An RSA key keeps a processor busy for a while, and the kubelet and etcd
    /// need the processor to start. So a thread with a low priority makes the key: a new thread,
    /// because only root may raise a priority again.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Key, String> {
        std::thread::scope(|scope| {
            let making = scope.spawn(|| {
                // If the system does not allow it, the key is made at the usual priority.
                let _ = rustix::process::nice(NICENESS);
                Key::generate_here(algorithm)
            });
            making
                .join()
                .unwrap_or_else(|_| Err("cannot make a key".to_owned()))
        })
    }

    /// Makes a new key on the calling thread.
    fn generate_here(algorithm: KeyAlgorithm) -> Result<Key, String> {
        let pair = match algorithm {
            KeyAlgorithm::Rsa2048 => generate_rsa(RsaKeySize::_2048),
            KeyAlgorithm::Rsa3072 => generate_rsa(RsaKeySize::_3072),
            KeyAlgorithm::Rsa4096 => generate_rsa(RsaKeySize::_4096),
            KeyAlgorithm::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            KeyAlgorithm::EcdsaP384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
        };
        pair.map(Key)
            .map_err(|error| format!("cannot make a key: {error}"))
    }

    /// Parses a key in PKCS#1, SEC1 or PKCS#8, and ignores other blocks of the text.
    ///
    /// # Errors
    /// The text holds no private key that can sign here. The message quotes nothing of the text.
    pub fn from_pem(text: &Secret<String>) -> Result<Key, String> {
        let blocks = pem::parse_many(text.reveal()).map_err(|_| "not a PEM file".to_owned())?;
        let block = blocks
            .iter()
            .find(|block| block.tag().ends_with("PRIVATE KEY"))
            .ok_or("it holds no private key")?;
        KeyPair::try_from(block.contents())
            .map(Key)
            .map_err(|_| "not an RSA or ECDSA private key that can be used".to_owned())
    }

    /// Returns the key as `RSA PRIVATE KEY` (PKCS#1) or `EC PRIVATE KEY` (SEC1).
    ///
    /// # Errors
    /// The key cannot be encoded in either form.
    pub fn to_pem(&self) -> Result<Secret<String>, String> {
        let der = Secret::new(self.0.serialize_der());
        let (tag, inner) = if self.0.algorithm() == &PKCS_RSA_SHA256 {
            // A key that was read from PKCS#1 stays in that form; a new key is wrapped in PKCS#8.
            (
                "RSA PRIVATE KEY",
                unwrap_pkcs8(der.reveal()).unwrap_or_else(|| der.reveal().clone()),
            )
        } else {
            let algorithm = if self.0.algorithm() == &PKCS_ECDSA_P384_SHA384 {
                &ECDSA_P384_SHA384_ASN1_SIGNING
            } else {
                &ECDSA_P256_SHA256_ASN1_SIGNING
            };
            let pair = EcdsaKeyPair::from_private_key_der(algorithm, der.reveal())
                .map_err(|_| "not an ECDSA key".to_owned())?;
            let sec1: EcPrivateKeyRfc5915Der = pair
                .private_key()
                .as_der()
                .map_err(|_| "cannot encode an ECDSA key".to_owned())?;
            ("EC PRIVATE KEY", sec1.as_ref().to_vec())
        };
        Ok(Secret::new(encode_pem(tag, inner)))
    }

    /// Returns the public key as `PUBLIC KEY` (SubjectPublicKeyInfo).
    pub fn public_pem(&self) -> String {
        encode_pem("PUBLIC KEY", self.public_der())
    }

    /// Returns the public key as DER (SubjectPublicKeyInfo).
    pub fn public_der(&self) -> Vec<u8> {
        use rcgen::PublicKeyData;
        self.0.subject_public_key_info()
    }

    /// Returns the SHA-256 of the public key as DER, in lower-case hexadecimal, as certificates of
    /// the key have it.
    pub fn public_key_sha256(&self) -> String {
        let digest = digest::digest(&SHA256, &self.public_der());
        data_encoding::HEXLOWER.encode(digest.as_ref())
    }

    /// Returns kubeadm's name of the algorithm: `RSA-2048`.
    pub fn algorithm(&self) -> String {
        algorithm_name(&self.public_der())
    }

    pub(super) fn pair(&self) -> &KeyPair {
        &self.0
    }
}

fn generate_rsa(size: RsaKeySize) -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size)
}

/// Returns kubeadm's name for the algorithm of a public key: `RSA-2048`, `ECDSA-P256`, or
/// `unknown`.
fn algorithm_name(public_der: &[u8]) -> String {
    use x509_parser::public_key::PublicKey;
    let Ok((_, info)) = SubjectPublicKeyInfo::from_der(public_der) else {
        return "unknown".into();
    };
    match info.parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA-{}", key.key_size()),
        Ok(PublicKey::EC(point)) => format!("ECDSA-P{}", point.key_size()),
        _ => "unknown".into(),
    }
}

/// Unwraps PKCS#8, which is a version, an algorithm, and the key as an octet string.
fn unwrap_pkcs8(pkcs8: &[u8]) -> Option<Vec<u8>> {
    let (_, sequence) = Sequence::from_der(pkcs8).ok()?;
    let (rest, _version) = u8::from_der(&sequence.content).ok()?;
    let (rest, _algorithm) = Sequence::from_der(rest).ok()?;
    let (_, key) = OctetString::from_der(rest).ok()?;
    Some(key.as_ref().to_vec())
}

/// Encodes a block of PEM with Go's line endings.
pub fn encode_pem(tag: &str, content: Vec<u8>) -> String {
    pem::encode_config(
        &pem::Pem::new(tag, content),
        pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
    )
}

/// Returns the common name of a distinguished name; empty if it has none.
pub fn common_name(name: &X509Name<'_>) -> String {
    name.iter_common_name()
        .next()
        .and_then(|name| name.as_str().ok())
        .unwrap_or_default()
        .to_owned()
}

/// Returns the organizations of a distinguished name.
pub fn organizations(name: &X509Name<'_>) -> Vec<String> {
    name.iter_organization()
        .filter_map(|name| name.as_str().ok())
        .map(str::to_owned)
        .collect()
}
