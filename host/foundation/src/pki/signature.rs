//! Signatures of components in minisign's format. The signature of a file is a file beside it
//! (`x.wasm.minisig`); in a registry it is an annotation of the artifact. The operator decides
//! which signer a plugin has to have; a valid signature of any other key proves nothing.
#![allow(
    clippy::disallowed_methods,
    reason = "keys and signatures are the author's and the operator's files"
)]
use crate::{operator_files, program, secret::Secret, text::sanitise};
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

/// Longest signature that is read, in bytes.
pub const MAX_SIGNATURE: usize = 64 << 10;
/// Longest file of a key that is read, in bytes.
const MAX_KEY: usize = 64 << 10;
/// The environment variable with the password of a secret key. Without it a new key is not
/// encrypted.
pub const PASSWORD: &str = "KUBEPHASE_SIGNING_PASSWORD";

/// The signer of a plugin: a public key of minisign, in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signer(String);

impl Signer {
    /// Reads a signer that the operator gave: a public key in base64, or a file with a public key.
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
            // A key may be longer than the longest file name.
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
        let key = PublicKey::from_base64(&self.0).map_err(malformed)?;
        match key.verify(
            component,
            &Signature::decode(signature).map_err(malformed)?,
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

fn malformed(error: Error) -> anyhow::Error {
    anyhow!("the signature is not a minisign signature: {error}")
}

impl TryFrom<String> for Signer {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Signer> {
        let key = text.trim();
        PublicKey::from_base64(key).map_err(|_| {
            anyhow!(
                "{key:?} is not a minisign public key; `{}` makes one",
                program::command("plugin keygen")
            )
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

/// Makes a key pair: `NAME.key`, which only its owner may read, and `NAME.pub`.
///
/// # Errors
/// The files cannot be written. Files that exist stay as they are.
pub fn generate_key_files(name: &Path) -> Result<(PathBuf, PathBuf, Signer)> {
    let (secret, public) = (
        name.with_added_extension("key"),
        name.with_added_extension("pub"),
    );
    let pair = match password() {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password.reveal().clone()))?,
        None => KeyPair::generate_unencrypted_keypair()?,
    };
    let key = Secret::new(
        pair.sk
            .to_box(Some("kubephase plugin signing key"))?
            .into_string(),
    );
    write_new_file(&secret, 0o600, key.reveal())?;
    write_new_file(&public, 0o644, &pair.pk.to_box()?.into_string())?;
    Ok((secret, public, Signer(pair.pk.to_base64())))
}

/// Writes a file that does not exist yet.
fn write_new_file(path: &Path, mode: u32, text: &str) -> Result<()> {
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Signs a component and the comment, with the secret key in the file `key`.
///
/// # Errors
/// The key cannot be read, or its password is wrong or missing.
pub fn sign(component: &[u8], key: &Path, comment: &str) -> Result<String> {
    let secret =
        read_secret_key(key).with_context(|| format!("cannot sign with {}", key.display()))?;
    Ok(minisign::sign(None, &secret, Cursor::new(component), Some(comment), None)?.into_string())
}

fn read_secret_key(path: &Path) -> Result<minisign::SecretKey> {
    let text = Secret::new(operator_files::read_text(path, MAX_KEY)?);
    let key = SecretKeyBox::from_string(text.reveal())?;
    match key.clone().into_unencrypted_secret_key() {
        Ok(key) => Ok(key),
        Err(unreadable) => match password() {
            Some(password) => Ok(key.into_secret_key(Some(password.reveal().clone()))?),
            None => bail!("{unreadable}; the password of a key goes into {PASSWORD}"),
        },
    }
}

/// Writes a signature beside its component. Returns the path of the signature.
///
/// # Errors
/// The file cannot be written.
pub fn write_signature(component: &Path, signature: &str) -> Result<PathBuf> {
    let path = signature_path(component);
    fs::write(&path, signature).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Returns the password in [`PASSWORD`].
fn password() -> Option<Secret<String>> {
    std::env::var(PASSWORD)
        .ok()
        .filter(|password| !password.is_empty())
        .map(Secret::new)
}

#[cfg(test)]
mod tests;
