//! The keys that sign service account tokens.
use super::invalid_with_remedy;
use crate::{
    effect::{Applied, Context, EffectOutcome},
    pki::Key,
    secret::Secret,
    world::{
        Files, WorldResult,
        text_file::{read_secret_text, read_text},
    },
};
use kubephase_sdk::spec::KeyPairSpec;
use kubephase_wit::{Failure, FailureCode};

/// Makes a private key and its public key, or uses the private key that exists. A missing public
/// key is written again: the API server needs both, and a run may have been killed between the two.
///
/// # Errors
/// `invalid` if the existing key cannot be used; or a file cannot be read or written.
pub fn ensure_key_pair(
    spec: &KeyPairSpec,
    context: &Context,
    files: &dyn Files,
) -> WorldResult<EffectOutcome> {
    let (directory, name) = (&spec.directory, &spec.name);
    let (private, public) = (
        format!("{directory}/{name}.key"),
        format!("{directory}/{name}.pub"),
    );
    if let Some(existing) = read_secret_text(files, &private)? {
        return use_existing(name, &existing, &private, &public, files);
    }
    if context.config.run.external_ca {
        return Ok(EffectOutcome::with_lines(
            Applied::Skipped("the cluster's authority is kept elsewhere".into()),
            [format!("Using existing {name} keys")],
        ));
    }
    let key = Key::generate(spec.algorithm).map_err(invalid)?;
    let pem = key.to_pem().map_err(invalid)?;
    files.write(&private, pem.reveal().as_bytes(), 0o600, None)?;
    files.write(&public, key.public_pem().as_bytes(), 0o600, None)?;
    Ok(EffectOutcome::with_lines(
        Applied::Changed,
        [format!("Generating {name:?} key and public key")],
    ))
}

fn use_existing(
    name: &str,
    pem: &Secret<String>,
    private: &str,
    public: &str,
    files: &dyn Files,
) -> WorldResult<EffectOutcome> {
    let key = Key::from_pem(pem).map_err(|why| {
        invalid_with_remedy(
            format!("file {name}.key existed but it could not be loaded properly: {why}"),
            format!("put a valid private key at {private}, or remove it to have a new one made"),
        )
    })?;
    let line = format!("Using the existing {name:?} key");
    if read_text(files, public)?.is_some() {
        return Ok(EffectOutcome::with_lines(Applied::Unchanged, [line]));
    }
    files.write(public, key.public_pem().as_bytes(), 0o600, None)?;
    Ok(EffectOutcome::with_lines(Applied::Changed, [line]))
}

fn invalid(why: String) -> Failure {
    Failure::new(FailureCode::Invalid, why)
}
