//! The control plane's shared keys, encrypted for the cluster in kubeadm's format of the Secret
//! `kubeadm-certs`: AES-256-GCM, the nonce before the encrypted text, no additional data.
use crate::{
    program,
    secret::Secret,
    world::{Files, WorldResult},
};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use kubephase_sdk::spec::ShareKeysSpec;
use kubephase_wit::{Failure, FailureCode};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// Length of a certificate key, in bytes.
const KEY_LEN: usize = 32;
/// The name that events use for the Secret with the shared keys.
pub const TARGET: &str = "secrets kube-system/kubeadm-certs";
/// The key with which the shared keys are encrypted.
pub type CertificateKey = Secret<[u8; KEY_LEN]>;

/// Returns a new certificate key, in hexadecimal.
///
/// # Panics
/// The system cannot provide random bytes.
pub fn random_key() -> Secret<String> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    rand::fill(key.as_mut()).expect("the system provides random bytes");
    Secret::new(HEXLOWER.encode(key.as_ref()))
}

/// Parses a certificate key.
///
/// # Errors
/// `invalid` if the text is not 64 hexadecimal digits. The message does not quote it.
pub fn parse_key(text: &Secret<String>) -> WorldResult<CertificateKey> {
    let decoded = HEXLOWER_PERMISSIVE
        .decode(text.reveal().as_bytes())
        .map(Secret::new);
    let decoded = decoded.map_err(|e| {
        Failure::new(
            FailureCode::Invalid,
            format!("certificate key decoding error: {e}"),
        )
    })?;
    let bytes = decoded.reveal();
    <[u8; KEY_LEN]>::try_from(bytes.as_slice())
        .map(Secret::new)
        .map_err(|_| {
            let message = format!(
                "invalid certificate key size {}, the key must be an AES key of size {KEY_LEN}",
                bytes.len()
            );
            Failure::new(FailureCode::Invalid, message)
        })
}

fn cipher(key: &CertificateKey) -> LessSafeKey {
    LessSafeKey::new(
        UnboundKey::new(&AES_256_GCM, key.reveal()).expect("the key has the length of AES-256"),
    )
}

/// Encrypts the content of a file.
///
/// # Panics
/// The system cannot provide random bytes.
pub fn encrypt(key: &CertificateKey, plain: &Secret<Vec<u8>>) -> Vec<u8> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).expect("the system provides random bytes");
    let mut encrypted = copy_with_room_for_tag(plain);
    cipher(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut *encrypted,
        )
        .expect("a file is shorter than the longest text of AES-GCM");
    [nonce.as_slice(), &encrypted].concat()
}

/// Copies the content of a file, with room for the tag of its encryption. Without the room, the
/// copy would move when the tag is added, and leave the plain text in freed memory.
fn copy_with_room_for_tag(plain: &Secret<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    let plain = plain.reveal();
    let mut copy = Zeroizing::new(Vec::with_capacity(plain.len() + AES_256_GCM.tag_len()));
    copy.extend_from_slice(plain);
    copy
}

/// Decrypts the content of a file.
///
/// # Errors
/// `invalid` if the text was encrypted with another key, or was changed.
pub fn decrypt(key: &CertificateKey, sealed: &[u8]) -> WorldResult<Secret<Vec<u8>>> {
    let (nonce, encrypted) = sealed
        .split_at_checked(NONCE_LEN)
        .ok_or_else(cannot_decrypt)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| cannot_decrypt())?;
    let mut plain = Zeroizing::new(encrypted.to_vec());
    let length = cipher(key)
        .open_in_place(nonce, Aad::empty(), &mut plain)
        .map_err(|_| cannot_decrypt())?
        .len();
    plain.truncate(length);
    Ok(Secret::new(std::mem::take(&mut *plain)))
}

fn cannot_decrypt() -> Failure {
    let message = "error decoding secret data with provided key: it was encrypted with another \
        key, or changed since";
    let remedy = format!(
        "give the certificate key that was printed when the Secret was uploaded, or upload it anew \
         on a control plane: {}",
        program::command("init phase upload-certs --upload-certs")
    );
    Failure {
        remedy: Some(remedy),
        ..Failure::new(FailureCode::Invalid, message)
    }
}

/// Returns the Secret with the encrypted files. A token owns it, and the cluster deletes it with
/// the token. A file that does not exist is stored empty.
///
/// # Errors
/// A file cannot be read.
pub fn build_secret(
    spec: &ShareKeysSpec,
    files: &dyn Files,
    key: &CertificateKey,
    owner: &str,
    owner_uid: &str,
) -> WorldResult<Value> {
    let mut data = Map::new();
    for (name, path) in &spec.files {
        let sealed = read_file(files, path)?.map(|content| BASE64.encode(&encrypt(key, &content)));
        data.insert(name.clone(), sealed.unwrap_or_default().into());
    }
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "kubeadm-certs",
            "namespace": "kube-system",
            "ownerReferences": [{
                "apiVersion": "v1",
                "kind": "Secret",
                "name": owner,
                "uid": owner_uid,
                "controller": true,
                "blockOwnerDeletion": true,
            }],
        },
        "data": data,
    }))
}

/// Whether the Secret holds the present content of all files, encrypted with this key.
pub fn is_secret_current(
    spec: &ShareKeysSpec,
    files: &dyn Files,
    key: &CertificateKey,
    secret: &Value,
) -> bool {
    spec.files.iter().all(|(name, path)| {
        let stored = secret["data"][name]
            .as_str()
            .and_then(|data| BASE64.decode(data.as_bytes()).ok())
            .unwrap_or_default();
        match read_file(files, path) {
            Ok(Some(content)) => decrypt(key, &stored).is_ok_and(|text| text == content),
            Ok(None) => stored.is_empty(),
            Err(_) => false,
        }
    })
}

/// Reads a file; `None` if it does not exist, or if its path is empty (an external etcd without
/// TLS).
fn read_file(files: &dyn Files, path: &str) -> WorldResult<Option<Secret<Vec<u8>>>> {
    if path.is_empty() || files.stat(path)?.is_none() {
        return Ok(None);
    }
    files.read(path).map(|content| Some(Secret::new(content)))
}

#[cfg(test)]
mod tests;
