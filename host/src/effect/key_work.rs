//! How much work it is to make the keys of an effect.
use super::Effect;
use kubephase_sdk::spec::KeyAlgorithm;

impl Effect {
    /// The work of making a key or signing a certificate, in keys of 2048 bits; 0 for an effect
    /// that makes neither.
    pub fn key_work(&self) -> usize {
        let algorithm = match self {
            Effect::Certificate(spec) => &spec.algorithm,
            Effect::KeyPair(spec) => &spec.algorithm,
            Effect::Kubeconfig(spec) => &spec.algorithm,
            _ => return 0,
        };
        match algorithm {
            KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::Rsa2048 => 1,
            KeyAlgorithm::Rsa3072 => 2,
            KeyAlgorithm::Rsa4096 => 4,
        }
    }
}
