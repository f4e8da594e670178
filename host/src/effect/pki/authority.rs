//! Loading an authority: its certificate and its key.
use super::invalid_with_remedy;
use crate::{
    pki::{Certificate, Key},
    program,
    world::{
        Files, WorldResult,
        text_file::{read_secret_text, read_text},
    },
};
use kubephase_wit::{Failure, FailureCode};

/// Loads the certificate of an authority.
///
/// # Errors
/// `invalid` if it does not exist, cannot be used, or is not that of an authority.
pub(super) fn load_certificate(
    files: &dyn Files,
    directory: &str,
    name: &str,
) -> WorldResult<Certificate> {
    let crt = format!("{directory}/{name}.crt");
    let Some(pem) = read_text(files, &crt)? else {
        return Err(missing_authority(name, CERTIFICATE, &crt));
    };
    let certificate =
        Certificate::from_pem(&pem).map_err(|why| damaged(name, CERTIFICATE, &crt, &why))?;
    if !certificate.is_authority() {
        let why = format!("certificate {name:?} is not a CA");
        return Err(damaged(name, CERTIFICATE, &crt, &why));
    }
    Ok(certificate)
}

/// Loads the certificate of an authority, and its key, to sign with it.
///
/// # Errors
/// The errors of [`load_certificate`]. The key has an error of its own: `invalid` if it cannot be
/// used, `wrong-key` if it belongs to another certificate.
pub(super) fn load_authority(
    files: &dyn Files,
    directory: &str,
    name: &str,
) -> WorldResult<(Certificate, WorldResult<Key>)> {
    let certificate = load_certificate(files, directory, name)?;
    let key = load_key(files, &certificate, directory, name);
    Ok((certificate, key))
}

/// Returns the authorities that a new kubeconfig trusts, PEM: the one that signs, and while the
/// authority of the cluster is exchanged, the other one as well. Certificates above an authority
/// that does not sign itself are left out (kubeadm behaviour).
pub(super) fn authorities_to_trust(root: &Certificate) -> String {
    let others = root
        .intermediates
        .iter()
        .cloned()
        .map(Certificate::from_der);
    let others: Vec<Certificate> = others.collect();
    let signs_itself = |one: &Certificate| one.is_authority() && one.chains_to(one);
    let is_exchange = signs_itself(root) && others.iter().all(signs_itself);
    let others = others.iter().filter(|_| is_exchange);
    root.to_pem() + &others.map(Certificate::to_pem).collect::<String>()
}

fn load_key(
    files: &dyn Files,
    certificate: &Certificate,
    directory: &str,
    name: &str,
) -> WorldResult<Key> {
    let private = format!("{directory}/{name}.key");
    let Some(pem) = read_secret_text(files, &private)? else {
        return Err(missing_authority(name, KEY, &private));
    };
    let key = Key::from_pem(&pem).map_err(|why| damaged(name, KEY, &private, &why))?;
    certificate.can_sign_with(&key).map_err(|why| Failure {
        code: FailureCode::WrongKey.to_string(),
        ..invalid_with_remedy(
            format!(
                "couldn't load CA certificate {name}: {private} does not belong to \
                 {directory}/{name}.crt: {why}"
            ),
            format!("put the key of that certificate at {private}; nothing was signed"),
        )
    })?;
    Ok(key)
}

/// kubeadm's words about the files of an authority.
const CERTIFICATE: &str = "failed to load certificate: couldn't load the certificate file";
const KEY: &str = "failed to load key: couldn't load the private key file";

/// Returns the failure that a file of the authority does not exist. `what` are kubeadm's words
/// about it.
fn missing_authority(name: &str, what: &str, path: &str) -> Failure {
    let remedy = match name {
        "ca" | "front-proxy-ca" | "etcd/ca" => format!(
            "put the file there, or make the authority: {}",
            program::command(&format!("init phase certs {}", name.replace('/', "-")))
        ),
        _ => "put the file there, or make the authority first".to_owned(),
    };
    invalid_with_remedy(
        format!(
            "couldn't load CA certificate {name}: {what} {path}: open {path}: no such file or \
             directory"
        ),
        remedy,
    )
}

/// Returns the failure that a file of the authority cannot be used. `what` are kubeadm's words
/// about it.
fn damaged(name: &str, what: &str, path: &str, why: &str) -> Failure {
    invalid_with_remedy(
        format!("couldn't load CA certificate {name}: {what} {path}: error reading {path}: {why}"),
        format!("put a valid file at {path}"),
    )
}
