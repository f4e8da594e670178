//! The control plane's shared keys, encrypted for the cluster to keep: AES-256-GCM, nonce before
//! the sealed text, no further data (kubeadm's format of the Secret `kubeadm-certs`).
use crate::{
    program,
    secret::Secret,
    world::{Files, Tried},
};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use kubephase_sdk::spec::ShareKeysSpec;
use kubephase_wit::{Failure, FailureCode};
use serde_json::{Map, Value, json};

const KEY_LEN: usize = 32;
/// The Secret that keeps them, as events name it.
pub const TARGET: &str = "secrets kube-system/kubeadm-certs";
pub type CertificateKey = Secret<[u8; KEY_LEN]>;

/// A new certificate key, in hexadecimal.
///
/// # Panics
/// Where the system has no randomness to give.
pub fn random_key() -> Secret<String> {
    let mut key = zeroize::Zeroizing::new([0; KEY_LEN]);
    rand::fill(key.as_mut()).expect("the system has randomness to give");
    Secret::new(HEXLOWER.encode(key.as_ref()))
}

/// # Errors
/// `invalid` for anything but 64 hexadecimal digits; the key is not in the message.
pub fn parse_key(text: &Secret<String>) -> Tried<CertificateKey> {
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
    let wrong = || {
        Failure::new(
            FailureCode::Invalid,
            format!(
                "invalid certificate key size {}, the key must be an AES key of size {KEY_LEN}",
                bytes.len()
            ),
        )
    };
    <[u8; KEY_LEN]>::try_from(bytes.as_slice())
        .map(Secret::new)
        .map_err(|_| wrong())
}

fn cipher(key: &CertificateKey) -> LessSafeKey {
    LessSafeKey::new(
        UnboundKey::new(&AES_256_GCM, key.reveal()).expect("the key has the length of AES-256"),
    )
}

/// # Panics
/// Where the system has no randomness to give.
pub fn encrypt(key: &CertificateKey, text: &Secret<Vec<u8>>) -> Vec<u8> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).expect("the system has randomness to give");
    let mut sealed = text.reveal().clone();
    cipher(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut sealed,
        )
        .expect("a file is not too long to be sealed");
    [nonce.as_slice(), &sealed].concat()
}

/// # Errors
/// `invalid` for another key, or a text that was changed.
pub fn decrypt(key: &CertificateKey, sealed: &[u8]) -> Tried<Secret<Vec<u8>>> {
    let failed = || Failure {
        remedy: Some(format!(
            "give the certificate key that was printed when the Secret was uploaded, or \
                 upload it anew on a control plane: {}",
            program::command("init phase upload-certs --upload-certs")
        )),
        ..Failure::new(
            FailureCode::Invalid,
            "error decoding secret data with provided key: it was sealed \
            with another key, or changed since",
        )
    };
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or_else(failed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?;
    let mut text = zeroize::Zeroizing::new(text.to_vec());
    let length = cipher(key)
        .open_in_place(nonce, Aad::empty(), &mut text)
        .map_err(|_| failed())?
        .len();
    text.truncate(length);
    Ok(Secret::new(std::mem::take(&mut *text)))
}

/// The Secret, owned by a token so that it goes with it. A file that is missing is stored empty.
pub fn secret(
    spec: &ShareKeysSpec,
    files: &dyn Files,
    key: &CertificateKey,
    owner: &str,
    owner_uid: &str,
) -> Tried<Value> {
    let mut data = Map::new();
    for (name, path) in &spec.files {
        let sealed = content(files, path)?.map(|content| BASE64.encode(&encrypt(key, &content)));
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

/// Whether the Secret holds these very files under this key.
pub fn holds(
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
        match content(files, path) {
            Ok(Some(content)) => decrypt(key, &stored).is_ok_and(|text| text == content),
            Ok(None) => stored.is_empty(),
            Err(_) => false,
        }
    })
}

fn content(files: &dyn Files, path: &str) -> Tried<Option<Secret<Vec<u8>>>> {
    if path.is_empty() || files.stat(path)?.is_none() {
        return Ok(None);
    }
    files.read(path).map(|content| Some(Secret::new(content)))
}

#[cfg(test)]
mod tests;
