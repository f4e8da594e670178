//! The exchange of an authority of the cluster: the authorities that kubeconfigs trust, the key
//! that signs, and the kubelet's certificate.
use super::{
    invalid_with_remedy,
    kubelet_certificate::{KUBELET_SERVING, serving_certificate, sign_kubelet_certificate},
    pair::{RIGHTS_OF_OTHERS, replace},
};
use crate::{
    arguments::UnitName,
    effect::{
        Applied, Context, EffectOutcome,
        files::remove,
        kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
    },
    pki::{Certificate, Key},
    program,
    wasm::grant::Grant,
    world::{
        Files, WorldResult,
        text_file::{read_kubeconfig, read_secret_text, read_text},
    },
};
use kubephase_sdk::{
    kubeadm::ClusterAuthority,
    spec::{ExchangeSpec, exchange_file::SIGNER},
};
use kubephase_wit::{Failure, FailureCode};

/// Lets a kubeconfig trust these authorities only.
fn trust_in_kubeconfig(path: &str, authorities: &str, files: &dyn Files) -> WorldResult<Applied> {
    let Some(mut kubeconfig) = read_kubeconfig(files, path)? else {
        return Ok(Applied::Skipped("it does not exist".to_owned()));
    };
    let is_changed = kubeconfig.set_authorities(authorities).ok_or_else(|| {
        invalid_with_remedy(
            format!("{path} has no cluster for its current context"),
            format!("put a valid kubeconfig at {path}, or move it away"),
        )
    })?;
    if !is_changed {
        return Ok(Applied::Unchanged);
    }
    let text = kubeconfig.to_text();
    replace(files, path, text.reveal().as_bytes(), 0o600, 0)?;
    Ok(Applied::Changed)
}

/// An authority that begins to sign.
struct SignerExchange<'a> {
    authority: ClusterAuthority,
    /// the certificates directory
    directory: &'a str,
    /// the old and the new certificate, PEM
    old: &'a str,
    new: &'a str,
}

/// Returns the failure to sign with an authority whose key is not there.
fn missing_key(key: &str, certificate: &str, authority: ClusterAuthority) -> Failure {
    let fetch = format!("certs rotate-ca {authority} --stage trust --certificate-key KEY");
    invalid_with_remedy(
        format!("{key} is not the key of the new authority"),
        format!(
            "copy {certificate} and {key} from another control plane, or fetch them: {}",
            program::command(&fetch)
        ),
    )
}

/// Makes the new authority the one that signs. If this is interrupted at any place, the next call
/// continues: no key is removed before another file has it.
fn sign_with_new(exchange: &SignerExchange<'_>, files: &dyn Files) -> WorldResult<Applied> {
    let SignerExchange {
        authority: exchanged,
        directory,
        old,
        new,
    } = *exchange;
    let (base, next) = (exchanged.base(), exchanged.next());
    let path = |name: &str| format!("{directory}/{name}");
    let key_path = path(&format!("{base}.key"));
    let [next_key, next_certificate] =
        ["key", "crt"].map(|ending| path(&format!("{next}.{ending}")));
    let authority = Certificate::from_pem(new)
        .map_err(|why| Failure::new(FailureCode::Invalid, format!("the new authority: {why}")))?;
    let current = read_secret_text(files, &key_path)?;
    let signs_already = current
        .as_ref()
        .and_then(|pem| Key::from_pem(pem).ok())
        .is_some_and(|key| authority.belongs_to(&key));
    let mut is_changed = !signs_already;
    if !signs_already {
        let key = read_secret_text(files, &next_key)?;
        let key = key.filter(|pem| Key::from_pem(pem).is_ok_and(|key| authority.belongs_to(&key)));
        let key = key.ok_or_else(|| missing_key(&next_key, &next_certificate, exchanged))?;
        if let Some(old_key) = current {
            files.write(
                &path(&exchanged.old_key()),
                old_key.reveal().as_bytes(),
                0o600,
                None,
            )?;
        }
        let bytes = key.reveal().as_bytes();
        replace(files, &key_path, bytes, 0o600, RIGHTS_OF_OTHERS)?;
    }
    let trusted = (path(&format!("{base}.crt")), format!("{new}{old}"));
    let signer = (exchanged == ClusterAuthority::Ca).then(|| (path(SIGNER), new.to_owned()));
    for (path, content) in std::iter::once(trusted).chain(signer) {
        if read_text(files, &path)?.as_ref() != Some(&content) {
            replace(files, &path, content.as_bytes(), 0o644, 0)?;
            is_changed = true;
        }
    }
    for path in [next_key, next_certificate] {
        is_changed |= remove(&path, files)? == Applied::Changed;
    }
    Ok(if is_changed {
        Applied::Changed
    } else {
        Applied::Unchanged
    })
}

/// Removes the serving certificate that the cluster has signed for the kubelet, unless this
/// authority has signed it.
fn forget_serving_certificate(authority: &str, files: &dyn Files) -> WorldResult<Applied> {
    let authority = Certificate::from_pem(authority)
        .map_err(|why| Failure::new(FailureCode::Invalid, format!("the new authority: {why}")))?;
    match serving_certificate(files)? {
        Some(certificate) if !certificate.chains_to(&authority) => remove(KUBELET_SERVING, files),
        _ => Ok(Applied::Unchanged),
    }
}

fn restart_kubelet(context: &Context) -> WorldResult<Applied> {
    let kubelet = UnitName::parse("kubelet")
        .map_err(|why| Failure::new(FailureCode::Invalid, why.to_string()))?;
    let restarted = context.world.node().ensure_service(&kubelet, "restarted");
    restarted.map_err(|failure| Failure {
        message: format!("the kubelet was not restarted: {}", failure.message),
        remedy: Some(format!(
            "make the kubelet a service of the init system, then run {} again",
            program::command("certs rotate-ca")
        )),
        ..failure
    })?;
    Ok(Applied::Changed)
}

impl EffectKind for ExchangeSpec {
    fn properties(&self) -> Properties {
        let (target, paths) = match self {
            ExchangeSpec::TrustInKubeconfig { path, .. } => {
                (Target::Path(path.clone()), vec![path.clone()])
            }
            ExchangeSpec::SignWithNew {
                authority,
                directory,
                ..
            } => {
                let base = authority.base();
                let signer = (*authority == ClusterAuthority::Ca).then(|| SIGNER.to_owned());
                let names = [
                    format!("{base}.key"),
                    format!("{base}.crt"),
                    authority.old_key(),
                ];
                let paths: Vec<String> = names
                    .into_iter()
                    .chain(signer)
                    .map(|name| format!("{directory}/{name}"))
                    .collect();
                (Target::Path(paths[0].clone()), paths)
            }
            ExchangeSpec::KubeletCertificate { .. } => {
                let target = "the kubelet's client certificate";
                (Target::Other(target.to_owned()), Vec::new())
            }
            ExchangeSpec::ForgetServingCertificate { .. } => {
                (Target::Path(KUBELET_SERVING.to_owned()), Vec::new())
            }
            ExchangeSpec::RestartKubelet {} => {
                (Target::Other("kubelet restarted".to_owned()), Vec::new())
            }
        };
        let (waits, crypto_work) = match self {
            ExchangeSpec::KubeletCertificate { .. } => (true, 1),
            ExchangeSpec::RestartKubelet {} => (true, 0),
            _ => (false, 0),
        };
        Properties {
            kind: "authority-exchange",
            target,
            files: FileProperties::of_host(paths),
            waits,
            crypto_work,
            undo: Undo::RemoveCreated,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        let files = context.world.files();
        let applied = match self {
            ExchangeSpec::TrustInKubeconfig { path, authorities } => {
                trust_in_kubeconfig(path, authorities, files)?
            }
            ExchangeSpec::SignWithNew {
                authority,
                directory,
                old_authority,
                new_authority,
            } => sign_with_new(
                &SignerExchange {
                    authority: *authority,
                    directory,
                    old: old_authority,
                    new: new_authority,
                },
                files,
            )?,
            ExchangeSpec::KubeletCertificate { .. } => sign_kubelet_certificate(self, context)?,
            ExchangeSpec::ForgetServingCertificate { authority } => {
                forget_serving_certificate(authority, files)?
            }
            ExchangeSpec::RestartKubelet {} => restart_kubelet(context)?,
        };
        Ok(applied.into())
    }
}
