//! Secrets that a run generates (a token, a certificate key) and keeps in the state directory of
//! its node. The next run with an equal configuration uses them again.
use crate::{
    config::{BootstrapToken, Config},
    effect::shared_keys::random_key,
    secret::{Secret, bootstrap_token::random_token},
    world::{Files, files::is_trusted, state_directory::DIRECTORY},
};
use anyhow::{Result, anyhow};
use kubephase_wit::{Failure, FailureCode};
use serde::{Deserialize, Serialize};

/// Secrets that the configuration lacks and that were generated once for a node. Their file has
/// mode 0600.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GeneratedSecrets {
    pub token: Option<Secret<String>>,
    pub certificate_key: Option<Secret<String>>,
}

/// Bytes of the file of secrets, at most.
const MAX_SECRETS: u64 = 64 << 10;

/// Resolves the links in the path of a file's directory. Does not follow the file itself.
fn real_path(path: &str, files: &dyn Files) -> Result<String> {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    Ok(format!(
        "{}/{name}",
        files.real_path(directory).map_err(Failure::into_error)?
    ))
}

impl GeneratedSecrets {
    fn path() -> String {
        format!("{DIRECTORY}/secrets.json")
    }

    /// Reads the secrets of earlier runs; the result is empty if there are none.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or other users may write to it.
    pub fn read(files: &dyn Files) -> Result<GeneratedSecrets> {
        let path = GeneratedSecrets::path();
        let opened = match files.open(&path) {
            Ok(opened) => opened,
            Err(failure) if failure.code == FailureCode::NotFound => {
                return Ok(GeneratedSecrets::default());
            }
            Err(failure) => return Err(failure.into_error()),
        };
        let meta = opened.meta();
        if !is_trusted(meta.uid, meta.mode) || opened.real_path() != real_path(&path, files)? {
            return Err(anyhow!(
                "{path} is a link, or other users may write to it; remove it to have new secrets \
                 made"
            ));
        }
        let text = opened
            .read(MAX_SECRETS)
            .map(Secret::new)
            .map_err(Failure::into_error)?;
        serde_json::from_slice(text.reveal())
            .map_err(|e| anyhow!("{path} is damaged: {e}; remove it to have new secrets made"))
    }

    /// Returns the content of the file.
    fn to_json(&self) -> serde_json::Result<Secret<Vec<u8>>> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Written<'a> {
            token: Option<&'a String>,
            certificate_key: Option<&'a String>,
        }
        let (token, certificate_key) = (
            self.token.as_ref().map(Secret::reveal),
            self.certificate_key.as_ref().map(Secret::reveal),
        );
        serde_json::to_vec(&Written {
            token,
            certificate_key,
        })
        .map(Secret::new)
    }

    /// Removes the secrets, so that the next run generates new secrets.
    ///
    /// # Errors
    /// They cannot be removed.
    pub fn forget(files: &dyn Files) -> Result<()> {
        files
            .remove(&GeneratedSecrets::path())
            .map_err(Failure::into_error)
    }

    /// Generates the secrets that the configuration lacks, and keeps them for the next run.
    ///
    /// # Errors
    /// The secrets cannot be read or kept.
    pub fn complete(config: &mut Config, token_given: bool, files: &dyn Files) -> Result<()> {
        let mut secrets = GeneratedSecrets::read(files)?;
        let before = secrets.clone();
        if !token_given
            && let Some(BootstrapToken { token, .. }) = config.init.bootstrap_tokens.first_mut()
        {
            *token = secrets.token.get_or_insert_with(random_token).clone();
        }
        if config.run.upload_certs && config.init.certificate_key.is_empty() {
            config.init.certificate_key = secrets
                .certificate_key
                .get_or_insert_with(random_key)
                .clone();
        }
        if secrets != before {
            files
                .make_dir(DIRECTORY, 0o700)
                .map_err(Failure::into_error)?;
            files
                .write(
                    &GeneratedSecrets::path(),
                    secrets.to_json()?.reveal(),
                    0o600,
                    None,
                )
                .map_err(Failure::into_error)?;
        }
        Ok(())
    }
}
