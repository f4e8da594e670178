//! What may be known of keys and certificates: everything but the keys.
use crate::{
    pki::{Certificate, Key, Kubeconfig, key::common_name},
    secret::Secret,
    world::{Files, OpenFile, Tried, judged_file::read_judged, text_file::read_secret_text},
};
use kubephase_sdk::spec::{CertificateFacts, KubeconfigFacts, PrivateKeyFacts};
use kubephase_wit::{Failure, FailureCode};
use std::path::Path;

/// The first certificate of a file. `path` names the file in failures.
pub fn certificate_facts(path: &str, pem: &str) -> Tried<CertificateFacts> {
    let certificate = Certificate::from_pem(pem)
        .map_err(|why| Failure::new(FailureCode::Invalid, format!("{path}: {why}")))?;
    let (dns_names, ip_addresses) = certificate.alternative_names();
    let parsed = certificate.parsed();
    let organizations = parsed
        .subject()
        .iter_organization()
        .filter_map(|name| name.as_str().ok())
        .map(str::to_owned)
        .collect();
    Ok(CertificateFacts {
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
    })
}

/// Whether a private key can be used.
pub fn private_key_facts(pem: &Secret<String>) -> PrivateKeyFacts {
    match Key::from_pem(pem) {
        Ok(key) => PrivateKeyFacts {
            algorithm: key.algorithm(),
            error: None,
        },
        Err(why) => PrivateKeyFacts {
            algorithm: String::new(),
            error: Some(why),
        },
    }
}

/// Which file a kubeconfig may name as that of its authority.
#[derive(Clone, Copy, Debug)]
pub enum AuthorityFile<'a> {
    /// any file of the node
    Any,
    /// a file below this directory, all links followed; another is as good as none
    Below(&'a str),
}

/// The current context of the kubeconfig at a path; none where there is no file.
pub fn kubeconfig_facts(
    files: &dyn Files,
    path: &str,
    allowed: AuthorityFile<'_>,
) -> Tried<Option<KubeconfigFacts>> {
    read_secret_text(files, path)?
        .map(|text| facts_of_kubeconfig(files, path, &text, allowed))
        .transpose()
}

/// The current context of a kubeconfig. Of the authority only what parses as a certificate is told,
/// encoded anew: never the bytes of a file that a kubeconfig names, and nothing of the kubeconfig
/// in a message. `path` names the kubeconfig in failures.
pub fn facts_of_kubeconfig(
    files: &dyn Files,
    path: &str,
    text: &Secret<String>,
    allowed: AuthorityFile<'_>,
) -> Tried<KubeconfigFacts> {
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
    // A kubelet names the file of its certificate before it has one. Who reads only some files does
    // not learn by a kubeconfig whether another file exists.
    let there = |name: &&str| match (*name, user[*name].as_str(), allowed) {
        ("client-certificate", Some(path), AuthorityFile::Any) => {
            files.stat(path).is_ok_and(|file| file.is_some())
        }
        (_, value, _) => value.is_some(),
    };
    let credential = ["client-certificate-data", "client-certificate", "token"]
        .into_iter()
        .find(there);
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
    })
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

/// Reads the file of an authority that a kubeconfig names.
fn read_authority(files: &dyn Files, file: &str, allowed: AuthorityFile<'_>) -> Tried<Vec<u8>> {
    let AuthorityFile::Below(directory) = allowed else {
        return files.read(file);
    };
    // The directory may itself be reached by a link.
    let directory = files.real_path(directory)?;
    let judge = |opened: &dyn OpenFile| {
        let is_below = Path::new(&opened.real_path()).starts_with(&directory);
        let refusal = || {
            Failure::new(
                FailureCode::Denied,
                format!("{file} is not below {directory}"),
            )
        };
        is_below.then_some(()).ok_or_else(refusal)
    };
    let read = read_judged(files, file, judge)?;
    read.map(|bytes| bytes.reveal().clone())
        .ok_or_else(|| Failure::new(FailureCode::NotFound, format!("{file} does not exist")))
}
