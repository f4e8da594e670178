//! Counts what the effects of a plugin spend: cryptographic work, room in the journal, directories.
use super::{super::Session, spend};
use crate::wasm::limits::{
    MAX_DIRECTORIES, MAX_EFFECT_BYTES, MAX_RUN_CRYPTO_WORK, MAX_RUN_DIRECTORIES,
    MAX_RUN_EFFECT_BYTES,
};
use kubephase_wit::Stop;

/// Bytes of an effect's line in the journal, without the texts of the effect.
const LINE_BYTES: usize = 400;

impl Session {
    /// Counts the work of making a key or signing a certificate for an effect of a plugin, before
    /// the effect is applied.
    ///
    /// # Errors
    /// The plugin reached its limit of keys and certificates.
    pub fn spend_crypto_work(&self, work: usize) -> Result<(), Stop> {
        if !self.is_plugin() {
            return Ok(());
        }
        self.spend_of_run(|run| {
            if run.crypto_work + work > MAX_RUN_CRYPTO_WORK {
                return Err(Stop::msg(format!(
                    "limit of {MAX_RUN_CRYPTO_WORK} keys and certificates of one plugin reached \
                     (one of RSA-3072 counts as two, one of RSA-4096 as four)"
                )));
            }
            run.crypto_work += work;
            Ok(())
        })
    }

    /// Gives back the work of an effect that changed nothing.
    pub fn return_crypto_work(&self, work: usize) {
        let _ = self.spend_of_run(|run| {
            run.crypto_work = run.crypto_work.saturating_sub(work);
            Ok(())
        });
    }

    /// Counts the bytes that these texts of a plugin's effects take in a line of the journal,
    /// before the effects are applied. Later runs rely on the texts of an effect, so they are never
    /// cut.
    ///
    /// # Errors
    /// The plugin, or all plugins together, have no more room in the journal.
    pub fn spend_journal(&self, texts: &[&str]) -> Result<(), Stop> {
        if !self.is_plugin() {
            return Ok(());
        }
        let bytes = LINE_BYTES + texts.iter().map(|text| journal_bytes(text)).sum::<usize>();
        let limit = (MAX_EFFECT_BYTES, "bytes of the journal for effects");
        self.spend_of_all(
            bytes,
            // The total of a plugin includes the bytes of a refused effect, which must not count
            // against other plugins.
            |run| run.effect_bytes.min(MAX_RUN_EFFECT_BYTES),
            limit,
            |run| {
                spend(
                    &mut run.effect_bytes,
                    bytes,
                    MAX_RUN_EFFECT_BYTES,
                    "the journal for effects of one plugin",
                )
            },
        )
    }

    /// Counts the directories that an effect of a plugin makes, before the effect is applied.
    ///
    /// # Errors
    /// The plugin reached its limit of directories.
    pub fn spend_directories(&self, directories: usize) -> Result<(), Stop> {
        if !self.is_plugin() {
            return Ok(());
        }
        self.spend_of_all(
            directories,
            // The total of a plugin includes the directories of a refused effect, which must not
            // count against other plugins.
            |run| run.directories.min(MAX_RUN_DIRECTORIES),
            (MAX_DIRECTORIES, "directories"),
            |run| {
                run.directories = run.directories.saturating_add(directories);
                if run.directories > MAX_RUN_DIRECTORIES {
                    return Err(Stop::msg(format!(
                        "limit of {MAX_RUN_DIRECTORIES} directories of one plugin reached"
                    )));
                }
                Ok(())
            },
        )
    }
}

/// Returns the bytes of a text in a line of the journal, with its escapes and a comma.
fn journal_bytes(text: &str) -> usize {
    serde_json::to_string(text).map_or(0, |json| json.len() + 1)
}
