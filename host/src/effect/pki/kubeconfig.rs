//! Kubeconfigs: made with a client certificate of their own, and used again where they fit.
use super::{Outcome, reuse::authority_certificate};
use crate::{
    effect::{Applied, Context},
    pki::{Certificate, CertificateTemplate, Key, Kubeconfig},
    render::kubeconfig::{Client, client, with_token},
    secret::Secret,
    world::{Files, Tried, text_file::read_kubeconfig},
};
use kubephase_sdk::spec::{KubeconfigSpec, RotatedKubeconfigSpec, Usage};
use kubephase_wit::{Failure, FailureCode};
use serde_json::json;

/// How the user of a new kubeconfig proves who it is.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// a certificate of its own, whose time counts from here (Unix seconds)
    Certificate {
        started: i64,
    },
    Token(&'a Secret<String>),
}

/// Writes a kubeconfig with a client certificate of its own; one that trusts the same authority is
/// left alone. `files` are those that the kubeconfig may be among: a plugin has no kubeconfig of
/// the host made or looked at.
pub fn ensure_kubeconfig(
    spec: &KubeconfigSpec,
    context: &Context,
    files: &dyn Files,
) -> Tried<Outcome> {
    let own = context.world.files();
    if let Some(existing) = read_kubeconfig(files, &spec.path)? {
        let (root, _) =
            authority_certificate(own, &spec.directory, &spec.authority).map_err(no_authority)?;
        let warning = usable(&existing, spec, &root, files)?;
        let said = format!("Using existing kubeconfig file: {:?}", spec.path);
        return Ok(Outcome {
            warnings: warning.into_iter().collect(),
            ..Outcome::new(Applied::Unchanged, [said])
        });
    }
    let text = kubeconfig_text(
        spec,
        own,
        Credential::Certificate {
            started: context.started,
        },
    )?;
    files.write(&spec.path, text.reveal().as_bytes(), 0o600, None)?;
    Ok(Outcome::new(
        Applied::Changed,
        [format!("Writing {:?} kubeconfig file", name(spec))],
    ))
}

/// A new kubeconfig. The authority's key has to be there also where nothing is signed (kubeadm
/// behaviour).
///
/// # Errors
/// `invalid` where the authority cannot be used, or the certificate cannot be what is asked for.
pub fn kubeconfig_text(
    spec: &KubeconfigSpec,
    files: &dyn Files,
    credential: Credential<'_>,
) -> Tried<Secret<String>> {
    let (root, root_key) =
        authority_certificate(files, &spec.directory, &spec.authority).map_err(no_authority)?;
    let root_key = root_key.map_err(no_authority)?;
    let (cluster, server, user, authority_pem) =
        (&spec.cluster_name, &spec.server, &spec.user, &root.to_pem());
    let started = match credential {
        Credential::Token(token) => {
            return Ok(with_token(cluster, server, authority_pem, user, token));
        }
        Credential::Certificate { started } => started,
    };
    let failed = |why: String| invalid(format!("kubeconfig {}: {why}", name(spec)));
    let key = Key::generate(spec.algorithm).map_err(failed)?;
    let wanted = CertificateTemplate {
        organizations: &spec.organizations,
        usages: &[Usage::ClientAuth],
        // As old as the authority, so that clocks that differ do not matter.
        not_before: root.not_before(),
        not_after: started.saturating_add(spec.validity_seconds),
        ..CertificateTemplate::named(&spec.common_name)
    };
    let (certificate_pem, key_pem) = (
        &Certificate::issue(&wanted, &key, &root, &root_key)
            .map_err(failed)?
            .to_pem(),
        &key.to_pem().map_err(failed)?,
    );
    Ok(client(&Client {
        cluster,
        server,
        authority_pem,
        user,
        certificate_pem,
        key_pem,
    }))
}

fn name(spec: &KubeconfigSpec) -> &str {
    spec.path.rsplit('/').next().unwrap_or(&spec.path)
}

/// kubeadm's words for an authority that is not there; a key of another authority is told as it is.
fn no_authority(failure: Failure) -> Failure {
    if failure.code == FailureCode::WrongKey {
        return failure;
    }
    Failure {
        message: format!(
            "the CA files do not exist, please run `kubeadm init phase certs ca` to generate it: \
             {}",
            failure.message
        ),
        remedy: Some("run the phase certs/ca first".into()),
        ..failure
    }
}

/// Whether an existing kubeconfig trusts the authority; a warning where it names another server.
fn usable(
    existing: &Kubeconfig,
    spec: &KubeconfigSpec,
    root: &Certificate,
    files: &dyn Files,
) -> Tried<Option<String>> {
    let path = &spec.path;
    let refused = |why: String| Failure {
        remedy: Some(format!("remove {path} to have it made anew")),
        ..invalid(why)
    };
    if existing.cluster().is_none() {
        return Err(refused(format!(
            "the kubeconfig file {path:?} has no cluster for its current context {:?}",
            existing.current_context()
        )));
    }
    let pem = existing
        .authorities(&|path| files.read(path))?
        .unwrap_or_default();
    let found = Certificate::parse_all(pem.trim()).unwrap_or_default();
    if found.first() != Some(&root.der) {
        let count = found.len();
        return Err(refused(format!(
            "a kubeconfig file {path:?} exists but does not contain a trusted CA in its current \
             context's cluster. Total CA certificates found: {count}"
        )));
    }
    let server = existing.server().unwrap_or_default();
    let warning = format!(
        "a kubeconfig file {path:?} exists already but has an unexpected API Server URL: expected: \
         {}, got: {server}",
        spec.server
    );
    Ok((server != spec.server).then_some(warning))
}

/// Points the current user of an existing kubeconfig at a certificate file that is rotated. `files`
/// are those that the kubeconfig may be among: a plugin points no kubeconfig of the host elsewhere.
pub fn ensure_rotated(spec: &RotatedKubeconfigSpec, files: &dyn Files) -> Tried<bool> {
    let missing = || {
        Failure::new(
            FailureCode::NotFound,
            format!("{} does not exist", spec.path),
        )
    };
    let kubeconfig = read_kubeconfig(files, &spec.path)?.ok_or_else(missing)?;
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
