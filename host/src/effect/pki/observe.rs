//! Facts about keys, certificates and kubeconfigs. They hold no private key and no credential.
use crate::{
    pki::{Certificate, Key, Kubeconfig, key::common_name},
    secret::Secret,
    world::{Files, OpenFile, WorldResult, judged_file::read_judged, text_file::read_secret_text},
};
use kubephase_sdk::{
    node::without_user_info,
    spec::{CertificateFacts, KubeconfigFacts, PrivateKeyFacts},
};
use kubephase_wit::{Failure, FailureCode};
use serde_json::Value;
use std::path::Path;

/// Returns the facts about the first certificate of a file. `path` names the file in failures.
///
/// # Errors
/// `invalid` if the text holds no certificate.
pub fn certificate_facts(path: &str, pem: &str) -> WorldResult<CertificateFacts> {
    let certificate = Certificate::from_pem(pem)
        .map_err(|why| Failure::new(FailureCode::Invalid, format!("{path}: {why}")))?;
    Ok(facts_of(&certificate))
}

fn facts_of(certificate: &Certificate) -> CertificateFacts {
    let (dns_names, ip_addresses) = certificate.alternative_names();
    let parsed = certificate.fields();
    CertificateFacts {
        common_name: common_name(parsed.subject()),
        organizations: certificate.organizations(),
        issuer: common_name(parsed.issuer()),
        dns_names,
        ip_addresses,
        is_authority: parsed.is_ca(),
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        public_key_sha256: certificate.public_key_sha256(),
        pem: certificate.to_pem(),
    }
}

/// Returns the algorithm of a private key, or why it cannot be used.
pub fn private_key_facts(pem: &Secret<String>) -> PrivateKeyFacts {
    match Key::from_pem(pem) {
        Ok(key) => PrivateKeyFacts {
            algorithm: key.algorithm(),
            public_key_sha256: key.public_key_sha256(),
            error: None,
        },
        Err(why) => PrivateKeyFacts {
            error: Some(why),
            ..PrivateKeyFacts::default()
        },
    }
}

/// The files that a kubeconfig may name as the file of its authority.
#[derive(Clone, Copy, Debug)]
pub enum AuthorityFile<'a> {
    /// any file of the node
    Any,
    /// a file below this directory, after links are followed; any other file counts as missing
    Below(&'a str),
}

/// Returns the facts about the kubeconfig at a path; `None` if there is no file.
///
/// # Errors
/// The file cannot be read, or is not a kubeconfig.
pub fn kubeconfig_facts(
    files: &dyn Files,
    path: &str,
    allowed: AuthorityFile<'_>,
) -> WorldResult<Option<KubeconfigFacts>> {
    read_secret_text(files, path)?
        .map(|text| facts_of_kubeconfig(files, path, &text, allowed))
        .transpose()
}

/// Returns the facts about the current context of a kubeconfig. The certificates of its authority
/// are parsed and encoded again, so that the facts never hold other bytes of a file that the
/// kubeconfig names. Failures quote nothing of the kubeconfig; `path` names it there.
///
/// # Errors
/// `invalid` if the text is not a kubeconfig.
pub fn facts_of_kubeconfig(
    files: &dyn Files,
    path: &str,
    text: &Secret<String>,
    allowed: AuthorityFile<'_>,
) -> WorldResult<KubeconfigFacts> {
    let kubeconfig = Kubeconfig::parse(text.reveal(), path)?;
    let (Some((cluster_name, _)), Some((user_name, user))) =
        (kubeconfig.cluster(), kubeconfig.user())
    else {
        let error = Some("its current context has no cluster or no user".to_owned());
        return Ok(KubeconfigFacts {
            error,
            ..KubeconfigFacts::default()
        });
    };
    let pem = kubeconfig
        .authorities(&|file| read_authority(files, file, allowed))
        .ok()
        .flatten();
    let authorities: Vec<Certificate> = Certificate::parse_all(&pem.unwrap_or_default())
        .unwrap_or_default()
        .into_iter()
        .map(Certificate::from_der)
        .collect();
    let hashes = authorities
        .iter()
        .map(Certificate::public_key_sha256)
        .collect();
    let authority_pem: String = authorities.iter().map(Certificate::to_pem).collect();
    let credential = ["client-certificate-data", "client-certificate", "token"]
        .into_iter()
        .find(|name| has_credential(user, name, files, allowed));
    Ok(KubeconfigFacts {
        cluster_name: cluster_name.to_owned(),
        server: plain_url(kubeconfig.server().unwrap_or_default()),
        user: user_name.to_owned(),
        error: authority_pem
            .is_empty()
            .then(|| "no CA certificates found in kubeconfig".to_owned()),
        authority_pem,
        authority_public_keys_sha256: hashes,
        credential: credential.unwrap_or("none").to_owned(),
        client_certificate: client_certificate(&kubeconfig, user, files, allowed),
    })
}

/// Whether the user of a kubeconfig has the credential `name`. A kubelet names the file of its
/// certificate before the file exists. A reader of only some files is not told whether another file
/// exists.
fn has_credential(user: &Value, name: &str, files: &dyn Files, allowed: AuthorityFile<'_>) -> bool {
    match (name, user[name].as_str(), allowed) {
        ("client-certificate", Some(path), AuthorityFile::Any) => {
            files.stat(path).is_ok_and(|file| file.is_some())
        }
        (_, value, _) => value.is_some(),
    }
}

/// Returns the facts of the certificate of a kubeconfig's user. A reader of only some files does
/// not see a certificate in another file.
fn client_certificate(
    kubeconfig: &Kubeconfig,
    user: &Value,
    files: &dyn Files,
    allowed: AuthorityFile<'_>,
) -> Option<CertificateFacts> {
    let read = |file: &str| read_authority(files, file, allowed);
    let pem = kubeconfig.data(user, "client-certificate", &read).ok()??;
    let certificate = Certificate::from_pem(&String::from_utf8_lossy(&pem)).ok()?;
    Some(facts_of(&certificate))
}

/// Returns the URL of a server without user name, password and query, which may be credentials.
fn plain_url(text: &str) -> String {
    let Ok(mut url) = url::Url::parse(text) else {
        return without_user_info(text);
    };
    if url.username().is_empty() && url.password().is_none() && url.query().is_none() {
        return text.to_owned();
    }
    // This cannot fail for an HTTP URL.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.into()
}

/// Reads the file of an authority that a kubeconfig names.
pub(super) fn read_authority(
    files: &dyn Files,
    file: &str,
    allowed: AuthorityFile<'_>,
) -> WorldResult<Vec<u8>> {
    let AuthorityFile::Below(directory) = allowed else {
        return files.read(file);
    };
    // The directory itself may be a link.
    let directory = files.real_path(directory)?;
    let judge = |opened: &dyn OpenFile| {
        if Path::new(&opened.real_path()).starts_with(&directory) {
            return Ok(());
        }
        Err(Failure::new(
            FailureCode::Denied,
            format!("{file} is not below {directory}"),
        ))
    };
    let read = read_judged(files, file, judge)?;
    read.map(|bytes| bytes.reveal().clone())
        .ok_or_else(|| Failure::new(FailureCode::NotFound, format!("{file} does not exist")))
}
