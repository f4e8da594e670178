//! What may be known of keys and certificates: everything but the keys.
use crate::{
    pki::{Certificate, Key, key::common_name},
    world::{
        Files, Tried,
        text_file::{read_kubeconfig, read_secret_text, read_text},
    },
};
use kubephase_sdk::spec::{CertificateFacts, KubeconfigFacts, PrivateKeyFacts};
use kubephase_wit::Failure;
use std::path::Path;

/// Returns the first certificate of a file; none if the file does not exist.
pub fn certificate_facts(files: &dyn Files, path: &str) -> Tried<Option<CertificateFacts>> {
    let Some(pem) = read_text(files, path)? else {
        return Ok(None);
    };
    let certificate = Certificate::from_pem(&pem)
        .map_err(|why| Failure::new("invalid", format!("{path}: {why}")))?;
    let (dns_names, ip_addresses) = certificate.alternative_names();
    let parsed = certificate.parsed();
    let organizations = parsed
        .subject()
        .iter_organization()
        .filter_map(|name| name.as_str().ok())
        .map(str::to_owned)
        .collect();
    Ok(Some(CertificateFacts {
        common_name: common_name(parsed.subject()),
        organizations,
        issuer: common_name(parsed.issuer()),
        dns_names,
        ip_addresses,
        is_authority: parsed.is_ca(),
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        public_key_sha256: certificate.public_key_sha256(),
        pem: certificate.to_pem(),
    }))
}

/// Whether a private key can be used; none if the file does not exist.
pub fn private_key_facts(files: &dyn Files, path: &str) -> Tried<Option<PrivateKeyFacts>> {
    let read = read_secret_text(files, path)?.map(|pem| Key::from_pem(&pem));
    Ok(read.map(|key| match key {
        Ok(key) => PrivateKeyFacts {
            algorithm: key.algorithm(),
            error: None,
        },
        Err(why) => PrivateKeyFacts {
            algorithm: String::new(),
            error: Some(why),
        },
    }))
}

/// Which file a kubeconfig may name as that of its authority.
#[derive(Clone, Copy, Debug)]
pub enum AuthorityFile<'a> {
    /// any file of the node
    Any,
    /// a file below this directory, all links followed; another is as good as none
    Below(&'a str),
}

/// The current context of a kubeconfig; none if the file does not exist. Of the authority only what
/// parses as a certificate is told, encoded anew: never the bytes of a file that a kubeconfig
/// names, and nothing of the kubeconfig in a message.
pub fn kubeconfig_facts(
    files: &dyn Files,
    path: &str,
    allowed: AuthorityFile<'_>,
) -> Tried<Option<KubeconfigFacts>> {
    let Some(kubeconfig) = read_kubeconfig(files, path)? else {
        return Ok(None);
    };
    let (Some((cluster_name, cluster)), Some((user_name, user))) =
        (kubeconfig.cluster(), kubeconfig.user())
    else {
        let error = Some("its current context has no cluster or no user".to_owned());
        return Ok(Some(KubeconfigFacts {
            error,
            ..KubeconfigFacts::default()
        }));
    };
    let is_embedded = cluster["certificate-authority-data"].is_string();
    let is_allowed = is_embedded
        || cluster["certificate-authority"]
            .as_str()
            .is_none_or(|file| is_allowed(files, file, allowed));
    let pem = if is_allowed {
        kubeconfig
            .authorities(&|path| files.read(path))
            .ok()
            .flatten()
    } else {
        None
    };
    let authorities: Vec<Certificate> = Certificate::all(&pem.unwrap_or_default())
        .unwrap_or_default()
        .into_iter()
        .map(Certificate::from_der)
        .collect();
    let hashes = authorities
        .iter()
        .map(Certificate::public_key_sha256)
        .collect();
    let authority_pem: String = authorities.iter().map(Certificate::to_pem).collect();
    // A kubelet names the file of its certificate before it has one.
    let there = |name: &&str| match (*name, user[*name].as_str()) {
        ("client-certificate", Some(path)) => files.stat(path).is_ok_and(|file| file.is_some()),
        (_, value) => value.is_some(),
    };
    let credential = ["client-certificate-data", "client-certificate", "token"]
        .into_iter()
        .find(there);
    Ok(Some(KubeconfigFacts {
        cluster_name: cluster_name.to_owned(),
        server: plain_url(kubeconfig.server().unwrap_or_default()),
        user: user_name.to_owned(),
        error: authority_pem
            .is_empty()
            .then(|| "no CA certificates found in kubeconfig".to_owned()),
        authority_pem,
        authority_public_keys_sha256: hashes,
        credential: credential.unwrap_or("none").to_owned(),
    }))
}

/// The URL of a server without user name, password and query, which may be credentials.
fn plain_url(text: &str) -> String {
    let Ok(mut url) = url::Url::parse(text) else {
        return text.to_owned();
    };
    if url.username().is_empty() && url.password().is_none() && url.query().is_none() {
        return text.to_owned();
    }
    // An HTTP URL takes both.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.into()
}

fn is_allowed(files: &dyn Files, file: &str, allowed: AuthorityFile<'_>) -> bool {
    let AuthorityFile::Below(directory) = allowed else {
        return true;
    };
    // The directory may itself be reached by a link.
    match (files.real_path(file), files.real_path(directory)) {
        (Ok(file), Ok(directory)) => Path::new(&file).starts_with(directory),
        _ => false,
    }
}
