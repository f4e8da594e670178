//! Kubeconfigs: made with a client certificate of their own, and used again if they fit.
use super::{
    authority::{authorities_to_trust, load_authority, load_certificate},
    invalid_with_remedy,
    observe::{AuthorityFile, read_authority},
};
use crate::{
    effect::{Applied, Context, EffectOutcome},
    pki::{Certificate, CertificateTemplate, Key, Kubeconfig},
    render::kubeconfig::{ClientKubeconfig, client, with_token},
    secret::Secret,
    world::{Files, WorldResult, text_file::read_kubeconfig},
};
use kubephase_sdk::spec::{KubeconfigSpec, RotatedKubeconfigSpec, Usage};
use kubephase_wit::{Failure, FailureCode};
use serde_json::json;

/// The credential of the user in a new kubeconfig.
#[derive(Clone, Copy)]
pub enum KubeconfigCredential<'a> {
    /// a certificate of its own, whose validity is counted from `now` (Unix seconds)
    Certificate {
        now: i64,
    },
    Token(&'a Secret<String>),
}

/// Writes a kubeconfig with a client certificate of its own. A kubeconfig that exists and trusts
/// the authority stays. `files` are the files in which the kubeconfig may be: for a plugin these
/// have no kubeconfig of the host.
///
/// # Errors
/// `invalid` if the existing kubeconfig does not fit, or the authority cannot be used; or a file
/// cannot be read or written.
pub fn ensure_kubeconfig(
    spec: &KubeconfigSpec,
    context: &Context,
    files: &dyn Files,
) -> WorldResult<EffectOutcome> {
    let host_files = context.world.files();
    if let Some(existing) = read_existing(files, &spec.path)? {
        let root = load_certificate(host_files, &spec.directory, &spec.authority)
            .map_err(|failure| explain_authority(failure, spec))?;
        let own = spec.path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        let allowed = if context.territory.is_some() {
            AuthorityFile::Below(own)
        } else {
            AuthorityFile::Any
        };
        let authorities = existing.authorities(&|file| read_authority(files, file, allowed));
        let authorities = match allowed {
            AuthorityFile::Any => authorities?,
            // A plugin is not told whether another file exists.
            AuthorityFile::Below(_) => authorities.ok().flatten(),
        };
        let warning = check_existing(&existing, spec, &root, &authorities.unwrap_or_default())?;
        let line = format!("Using existing kubeconfig file: {:?}", spec.path);
        return Ok(EffectOutcome {
            warnings: warning.into_iter().collect(),
            ..EffectOutcome::with_lines(Applied::Unchanged, [line])
        });
    }
    let text = kubeconfig_text(
        spec,
        host_files,
        KubeconfigCredential::Certificate {
            now: context.started,
        },
    )?;
    files.write(&spec.path, text.reveal().as_bytes(), 0o600, None)?;
    Ok(EffectOutcome::with_lines(
        Applied::Changed,
        [format!("Writing {:?} kubeconfig file", file_name(spec))],
    ))
}

/// Reads the kubeconfig at a path; `None` if there is no file.
fn read_existing(files: &dyn Files, path: &str) -> WorldResult<Option<Kubeconfig>> {
    read_kubeconfig(files, path).map_err(|failure| match failure.known_code() {
        Some(FailureCode::Invalid) => Failure {
            remedy: Some(remove_remedy(path)),
            ..failure
        },
        _ => failure,
    })
}

fn remove_remedy(path: &str) -> String {
    format!("remove {path} to have it made anew")
}

/// Returns a new kubeconfig. The authority's key has to exist even if nothing is signed (kubeadm
/// behaviour).
///
/// # Errors
/// `invalid` if the authority cannot be used, or the certificate cannot be made.
pub fn kubeconfig_text(
    spec: &KubeconfigSpec,
    files: &dyn Files,
    credential: KubeconfigCredential<'_>,
) -> WorldResult<Secret<String>> {
    let (root, root_key) = load_authority(files, &spec.directory, &spec.authority)
        .and_then(|(root, root_key)| Ok((root, root_key?)))
        .map_err(|failure| explain_authority(failure, spec))?;
    let (cluster, server, user, authority_pem) = (
        &spec.cluster_name,
        &spec.server,
        &spec.user,
        &authorities_to_trust(&root),
    );
    let now = match credential {
        KubeconfigCredential::Token(token) => {
            return Ok(with_token(cluster, server, authority_pem, user, token));
        }
        KubeconfigCredential::Certificate { now } => now,
    };
    let key = Key::generate(spec.algorithm).map_err(|why| unmakeable(spec, &why))?;
    let template = CertificateTemplate {
        organizations: &spec.organizations,
        usages: &[Usage::ClientAuth],
        // It is valid as long as the authority, because clocks of machines differ.
        not_before: root.not_before(),
        not_after: now.saturating_add(spec.validity_seconds),
        ..CertificateTemplate::with_common_name(&spec.common_name)
    };
    let certificate = Certificate::issue(&template, &key, &root, &root_key)
        .map_err(|why| unmakeable(spec, &why))?;
    let key_pem = key.to_pem().map_err(|why| unmakeable(spec, &why))?;
    Ok(client(&ClientKubeconfig {
        cluster,
        server,
        authority_pem,
        user,
        certificate_pem: &certificate.to_pem(),
        key_pem: &key_pem,
        preferences: spec.preferences,
    }))
}

fn unmakeable(spec: &KubeconfigSpec, why: &str) -> Failure {
    invalid(format!("kubeconfig {}: {why}", file_name(spec)))
}

fn file_name(spec: &KubeconfigSpec) -> &str {
    spec.path.rsplit('/').next().unwrap_or(&spec.path)
}

/// Adds kubeadm's words to the failure of an authority that is missing or damaged.
fn explain_authority(failure: Failure, spec: &KubeconfigSpec) -> Failure {
    if failure.code == FailureCode::WrongKey {
        return failure;
    }
    let loading = format!("couldn't load CA certificate {}: ", spec.authority);
    let why = failure.message.strip_prefix(&loading);
    let why = why.unwrap_or(&failure.message);
    Failure {
        message: format!("couldn't create a kubeconfig; the CA files couldn't be loaded: {why}"),
        ..failure
    }
}

/// Checks that an existing kubeconfig trusts the authority. `authorities` is the PEM of the
/// authorities that the kubeconfig names. Returns a warning if the kubeconfig names another server.
fn check_existing(
    existing: &Kubeconfig,
    spec: &KubeconfigSpec,
    root: &Certificate,
    authorities: &str,
) -> WorldResult<Option<String>> {
    let path = &spec.path;
    let remedy = remove_remedy(path);
    if existing.cluster().is_none() {
        let message = format!(
            "the kubeconfig file {path:?} has no cluster for its current context {:?}",
            existing.current_context()
        );
        return Err(invalid_with_remedy(message, remedy));
    }
    let found = Certificate::parse_all(authorities.trim()).unwrap_or_default();
    if found.first() != Some(&root.der) {
        let count = found.len();
        let message = format!(
            "a kubeconfig file {path:?} exists but does not contain a trusted CA in its current \
             context's cluster. Total CA certificates found: {count}"
        );
        return Err(invalid_with_remedy(message, remedy));
    }
    let server = existing.server().unwrap_or_default();
    let warning = format!(
        "a kubeconfig file {path:?} exists already but has an unexpected API Server URL: expected: \
         {}, got: {server}",
        spec.server
    );
    Ok((server != spec.server).then_some(warning))
}

/// Makes the current user of an existing kubeconfig use a certificate file that is rotated. Returns
/// whether the kubeconfig changed. `files` are the files in which the kubeconfig may be: for a
/// plugin these have no kubeconfig of the host.
///
/// # Errors
/// `not-found` if there is no kubeconfig; `invalid` if it has no user.
pub fn ensure_rotated(spec: &RotatedKubeconfigSpec, files: &dyn Files) -> WorldResult<bool> {
    let kubeconfig = read_kubeconfig(files, &spec.path)?.ok_or_else(|| {
        Failure::new(
            FailureCode::NotFound,
            format!("{} does not exist", spec.path),
        )
    })?;
    let (_, user) = kubeconfig
        .user()
        .ok_or_else(|| invalid(format!("{} has no user for its current context", spec.path)))?;
    let wanted = json!({
        "client-certificate": spec.client_certificate,
        "client-key": spec.client_certificate,
    });
    if *user == wanted {
        return Ok(false);
    }
    let changed = kubeconfig.with_user(&wanted).to_text();
    files.write(&spec.path, changed.reveal().as_bytes(), 0o600, None)?;
    Ok(true)
}

fn invalid(message: String) -> Failure {
    Failure::new(FailureCode::Invalid, message)
}
