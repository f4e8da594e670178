//! What outlives a run on its node, below `/var/lib/kubephase`: the journal, and the secrets that were made up for a
//! run (a token, a certificate key), so that the next run with the same configuration goes on with the same ones.
use crate::world::Files;
use anyhow::{Result, anyhow};
use kubephase_sdk::kubeadm::{BootstrapToken, Config};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

pub const DIRECTORY: &str = "/var/lib/kubephase";

/// The same in the tree below a root.
pub fn below(root: &Path) -> PathBuf {
    root.join(DIRECTORY.trim_start_matches('/'))
}

/// Secrets nobody gave, made once for a node; 0600 like every key.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MadeUp {
    pub token: Option<String>,
    pub certificate_key: Option<String>,
}

impl MadeUp {
    fn path() -> String {
        format!("{DIRECTORY}/secrets.json")
    }

    pub fn read(files: &dyn Files) -> Result<MadeUp> {
        let path = MadeUp::path();
        match files.stat(&path).map_err(|failure| anyhow!(failure.message))? {
            None => Ok(MadeUp::default()),
            Some(_) => {
                let text = files.read(&path).map_err(|failure| anyhow!(failure.message))?;
                serde_json::from_slice(&text).map_err(|e| anyhow!("{path} is damaged: {e}; remove it to have new secrets made"))
            }
        }
    }

    /// The next run makes new ones.
    ///
    /// # Errors
    /// Where they cannot be removed.
    pub fn forget(files: &dyn Files) -> Result<()> {
        files.remove(&MadeUp::path()).map_err(|failure| anyhow!(failure.message))
    }

    /// Fills in what the configuration lacks, and keeps it for the next run.
    ///
    /// # Errors
    /// Where the secrets cannot be kept.
    pub fn complete(config: &mut Config, token_given: bool, files: &dyn Files) -> Result<()> {
        let mut made = MadeUp::read(files)?;
        let before = (made.token.clone(), made.certificate_key.clone());
        if !token_given && let Some(BootstrapToken { token, .. }) = config.init.bootstrap_tokens.first_mut() {
            *token = made.token.get_or_insert_with(crate::effect::token::random_token).clone();
        }
        if config.run.upload_certs && config.init.certificate_key.is_empty() {
            config.init.certificate_key = made.certificate_key.get_or_insert_with(crate::effect::shared_keys::random_key).clone();
        }
        if before != (made.token.clone(), made.certificate_key.clone()) {
            let text = serde_json::to_vec(&made)?;
            files.make_dir(DIRECTORY, 0o700).map_err(|failure| anyhow!(failure.message))?;
            files.write(&MadeUp::path(), &text, 0o600, None).map_err(|failure| anyhow!(failure.message))?;
        }
        Ok(())
    }
}
