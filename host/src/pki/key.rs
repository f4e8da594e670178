//! Private keys: made, read and written in the encodings that kubeadm uses.
use crate::secret::Secret;
use aws_lc_rs::{
    encoding::{AsDer, EcPrivateKeyRfc5915Der},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair},
};
use kubephase_sdk::spec::KeyAlgorithm;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, RsaKeySize};
use x509_parser::{
    asn1_rs::{FromDer, OctetString, Sequence},
    prelude::{SubjectPublicKeyInfo, X509Name},
};

/// How much nicer than the run itself: a tenth of the processor, beside a program that wants all of
/// it.
const GIVING_WAY: i32 = 10;

/// A private key that can sign.
pub struct Key(KeyPair);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.algorithm())
    }
}

impl Key {
    /// A new key. RSA keys take a processor for a while, which the kubelet and etcd had better have
    /// as they start: they are made by a thread that gives way. A thread of its own, as only root
    /// may take a priority back.
    ///
    /// # Errors
    /// Where the system has no randomness to give.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Key, String> {
        std::thread::scope(|scope| {
            let making = scope.spawn(|| {
                // Where that is not allowed, the key is made all the same.
                let _ = rustix::process::nice(GIVING_WAY);
                Key::make(algorithm)
            });
            making
                .join()
                .unwrap_or_else(|_| Err("cannot make a key".to_owned()))
        })
    }

    fn make(algorithm: KeyAlgorithm) -> Result<Key, String> {
        let rsa = |size| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size);
        let pair = match algorithm {
            KeyAlgorithm::Rsa2048 => rsa(RsaKeySize::_2048),
            KeyAlgorithm::Rsa3072 => rsa(RsaKeySize::_3072),
            KeyAlgorithm::Rsa4096 => rsa(RsaKeySize::_4096),
            KeyAlgorithm::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            KeyAlgorithm::EcdsaP384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
        };
        pair.map(Key)
            .map_err(|error| format!("cannot make a key: {error}"))
    }

    /// Reads PKCS#1, SEC1 or PKCS#8; parameters and the like before the key are passed over.
    ///
    /// # Errors
    /// Where there is no private key of a kind that can sign here. What was read is in no message.
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

    /// `RSA PRIVATE KEY` (PKCS#1) or `EC PRIVATE KEY` (SEC1).
    ///
    /// # Errors
    /// For a key of neither kind.
    pub fn to_pem(&self) -> Result<Secret<String>, String> {
        let der = Secret::new(self.0.serialize_der());
        let (tag, inner) = if self.0.algorithm() == &PKCS_RSA_SHA256 {
            // A key that was read from PKCS#1 is kept as such; one that was made is inside of
            // PKCS#8.
            (
                "RSA PRIVATE KEY",
                pkcs1(der.reveal()).unwrap_or_else(|| der.reveal().clone()),
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
        Ok(Secret::new(encode(tag, inner)))
    }

    /// `PUBLIC KEY` (SubjectPublicKeyInfo).
    pub fn public_pem(&self) -> String {
        encode("PUBLIC KEY", self.public_der())
    }

    pub fn public_der(&self) -> Vec<u8> {
        use rcgen::PublicKeyData;
        self.0.subject_public_key_info()
    }

    /// kubeadm's name of the algorithm, `RSA-2048`.
    pub fn algorithm(&self) -> String {
        algorithm_of(&self.public_der())
    }

    pub(super) fn pair(&self) -> &KeyPair {
        &self.0
    }
}

/// kubeadm's name for the algorithm of a public key.
pub fn algorithm_of(public_der: &[u8]) -> String {
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

/// What PKCS#8 wraps: version, algorithm, and the key as an octet string.
fn pkcs1(pkcs8: &[u8]) -> Option<Vec<u8>> {
    let (_, sequence) = Sequence::from_der(pkcs8).ok()?;
    let (rest, _version) = u8::from_der(&sequence.content).ok()?;
    let (rest, _algorithm) = Sequence::from_der(rest).ok()?;
    let (_, key) = OctetString::from_der(rest).ok()?;
    Some(key.as_ref().to_vec())
}

/// PEM with the line endings of Go.
pub fn encode(tag: &str, content: Vec<u8>) -> String {
    pem::encode_config(
        &pem::Pem::new(tag, content),
        pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
    )
}

/// The common name of a distinguished name.
pub fn common_name(name: &X509Name<'_>) -> String {
    name.iter_common_name()
        .next()
        .and_then(|name| name.as_str().ok())
        .unwrap_or_default()
        .to_owned()
}
