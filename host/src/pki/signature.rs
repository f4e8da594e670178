//! Signatures of components in minisign's format. The signature of a file is a file beside it
//! (`x.wasm.minisig`); in a registry it is an annotation of the artifact. The operator decides
//! which signer a plugin has to have; a valid signature of any other key proves nothing.
#![allow(
    clippy::disallowed_methods,
    reason = "keys and signatures are the author's and the operator's files"
)]
use crate::{operator_files, secret::Secret, text::sanitise};
use anyhow::{Context, Result, anyhow, bail};
use minisign::{KeyPair, SecretKeyBox, SignatureBox};
use minisign_verify::{Error, PublicKey, Signature};
use serde::{Deserialize, Serialize};
use std::{
    fmt, fs,
    io::{Cursor, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Bytes of a signature that are read at most.
pub const MAX_SIGNATURE: usize = 64 << 10;
/// Bytes of a key's file that are read at most.
const MAX_KEY: usize = 64 << 10;
/// The variable with the password that a secret key is encrypted with. Without it the key is not
/// encrypted.
pub const PASSWORD: &str = "KUBEPHASE_SIGNING_PASSWORD";

/// The signer of a plugin: a public key of minisign, in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signer(String);

impl Signer {
    /// Reads what the operator gave as a signer: a public key in base64, or the file that holds
    /// one.
    ///
    /// # Errors
    /// If the text is neither a public key nor a file, or if the file cannot be read or does not
    /// hold a public key.
    pub fn read(given: &str) -> Result<Signer> {
        let text = match operator_files::read_text(Path::new(given), MAX_KEY) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Signer::try_from(given.to_owned()).map_err(|why| {
                    anyhow!(
                        "the file {} does not exist, and as a public key: {why:#}",
                        sanitise::line(given)
                    )
                });
            }
            // A key may be longer than a file name may be.
            Err(error) if PublicKey::from_base64(given.trim()).is_err() => {
                return Err(error)
                    .with_context(|| format!("cannot read {}", sanitise::line(given)));
            }
            Err(_) => return Signer::try_from(given.to_owned()),
        };
        let key = text
            .lines()
            .find(|line| !line.starts_with("untrusted comment:"))
            .unwrap_or_default();
        Signer::try_from(key.to_owned()).with_context(|| given.to_owned())
    }

    /// Verifies that this key signed the component.
    ///
    /// # Errors
    /// The signature is not valid, is of another key, or does not match the component.
    pub fn verify(&self, component: &[u8], signature: &str) -> Result<()> {
        let broken = |error: Error| anyhow!("the signature is not a minisign signature: {error}");
        let key = PublicKey::from_base64(&self.0).map_err(broken)?;
        match key.verify(
            component,
            &Signature::decode(signature).map_err(broken)?,
            false,
        ) {
            Ok(()) => Ok(()),
            Err(Error::UnexpectedKeyId) => bail!(
                "its signature is of another key ({})",
                key_id(signature).unwrap_or_default()
            ),
            Err(_) => bail!("its signature does not fit: the component is not what was signed"),
        }
    }
}

impl TryFrom<String> for Signer {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Signer> {
        let key = text.trim();
        PublicKey::from_base64(key).map_err(|_| {
            anyhow!("{key:?} is not a minisign public key; `kubephase plugin keygen` makes one")
        })?;
        Ok(Signer(key.to_owned()))
    }
}

impl From<Signer> for String {
    fn from(signer: Signer) -> String {
        signer.0
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the key id that a signature names. The id is not proof of the signer: it can be forged.
pub fn key_id(signature: &str) -> Option<String> {
    let signature = SignatureBox::from_string(signature).ok()?;
    let number: [u8; 8] = signature.keynum().try_into().ok()?;
    Some(format!("key {:016X}", u64::from_le_bytes(number)))
}

/// Returns the path of a component's signature.
pub fn signature_path(component: &Path) -> PathBuf {
    component.with_added_extension("minisig")
}

/// Makes a key pair: `NAME.key`, for its owner alone, and `NAME.pub`.
///
/// # Errors
/// The files cannot be written. Existing files are left alone.
pub fn generate_key_files(name: &Path) -> Result<(PathBuf, PathBuf, Signer)> {
    let (secret, public) = (
        name.with_added_extension("key"),
        name.with_added_extension("pub"),
    );
    let pair = match password() {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password.reveal().clone()))?,
        None => KeyPair::generate_unencrypted_keypair()?,
    };
    let write = |path: &Path, mode: u32, text: &str| {
        let file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {}", path.display()))
    };
    let key = Secret::new(
        pair.sk
            .to_box(Some("kubephase plugin signing key"))?
            .into_string(),
    );
    write(&secret, 0o600, key.reveal())?;
    write(&public, 0o644, &pair.pk.to_box()?.into_string())?;
    Ok((secret, public, Signer(pair.pk.to_base64())))
}

/// The signature of a component; `comment` is signed as well.
///
/// # Errors
/// Where the key cannot be read, or its password is wrong or missing.
pub fn sign(component: &[u8], key: &Path, comment: &str) -> Result<String> {
    let read = || -> Result<minisign::SecretKey> {
        let text = Secret::new(operator_files::read_text(key, MAX_KEY)?);
        let kept = SecretKeyBox::from_string(text.reveal())?;
        match kept.clone().into_unencrypted_secret_key() {
            Ok(key) => Ok(key),
            Err(unreadable) => match password() {
                Some(password) => Ok(kept.into_secret_key(Some(password.reveal().clone()))?),
                None => bail!("{unreadable}; the password of a key goes into {PASSWORD}"),
            },
        }
    };
    let secret = read().with_context(|| format!("cannot sign with {}", key.display()))?;
    Ok(minisign::sign(None, &secret, Cursor::new(component), Some(comment), None)?.into_string())
}

/// Leaves a signature beside its component.
///
/// # Errors
/// Where it cannot be written.
pub fn write_signature(component: &Path, signature: &str) -> Result<PathBuf> {
    let path = signature_path(component);
    fs::write(&path, signature).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn password() -> Option<Secret<String>> {
    std::env::var(PASSWORD)
        .ok()
        .filter(|password| !password.is_empty())
        .map(Secret::new)
}

#[cfg(test)]
mod tests;
