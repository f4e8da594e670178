//! The limits of a run: of what one phase, all phases of one plugin, and all plugins may hand over,
//! report and use.
use anyhow::{Result, bail};
use std::time::Duration;

/// The times that plugins may take in a run: their calls, their effects, and the pauses between the
/// calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginTimes {
    /// of one phase
    pub phase: Duration,
    /// of all phases of one plugin
    pub plugin: Duration,
}

/// The times in a run that changes something.
pub const TIMES: PluginTimes = PluginTimes {
    phase: Duration::from_secs(600),
    plugin: Duration::from_secs(1200),
};
/// The times in a run that only observes (`doctor`), which a timer may start every minute.
pub const OBSERVING_TIMES: PluginTimes = PluginTimes {
    phase: Duration::from_secs(10),
    plugin: Duration::from_secs(20),
};

// The limits of one phase.

/// Proposals in one call.
pub const MAX_PROPOSALS: usize = 1000;
/// Findings of one phase.
pub const MAX_FINDINGS: usize = 1000;
/// Pieces of evidence of one finding.
pub const MAX_EVIDENCE: usize = 32;
/// Names of one certificate: DNS names, addresses and groups.
pub const MAX_CERTIFICATE_NAMES: usize = 100;
/// Bytes of messages and progress of one phase. Messages that the host writes for the phase count
/// too.
pub const MAX_LOG_BYTES: usize = 1 << 20;
/// Bytes of memory for proposals, findings and facts of one phase.
pub const MAX_HANDED_BYTES: usize = 16 << 20;
/// Bytes of the host's answers to one phase: files, objects, output of programs.
pub const MAX_ANSWERED_BYTES: usize = 64 << 20;
/// Bytes of the JSON of one object that is written to the cluster.
pub const MAX_OBJECT_BYTES: usize = 1 << 20;
/// Bytes of the settings of a plugin, with the defaults of its schema.
pub const MAX_SETTINGS: usize = 1 << 20;
/// Bytes of memory that the settings of a plugin take.
pub const MAX_SETTINGS_MEMORY: usize = 8 << 20;
/// Phases that all phases of a plugin need or are before.
pub const MAX_EDGES: usize = 2000;
/// Bytes of memory for the schema of a plugin's settings. Known schemas take some ten thousand.
pub const MAX_SETTINGS_SCHEMA_BYTES: usize = 1 << 20;
/// Bytes of one capsule.
pub const MAX_CAPSULE: usize = 4 << 20;

// The limits of all phases of one plugin together.

/// Findings of all phases of one plugin.
pub const MAX_RUN_FINDINGS: usize = 2000;
/// Bytes of the findings of all phases of one plugin.
pub const MAX_RUN_FINDING_BYTES: usize = 8 << 20;
/// Bytes of messages and progress of all phases of one plugin.
pub const MAX_RUN_LOG_BYTES: usize = 4 << 20;
/// Bytes of memory for proposals and facts of all phases of one plugin.
pub const MAX_RUN_HANDED_BYTES: usize = 64 << 20;
/// Facts of all phases of one plugin.
pub const MAX_RUN_FACTS: usize = 200;
/// Bytes of the facts of all phases of one plugin.
pub const MAX_RUN_FACT_BYTES: usize = 4 << 20;
/// Work of making keys and signing certificates for one plugin: each counts as
/// [`Effect::crypto_work`](crate::effect::Effect::crypto_work) says.
pub const MAX_RUN_CRYPTO_WORK: usize = 20;
/// Bytes that the effects of all phases of one plugin take in the journal.
pub const MAX_RUN_EFFECT_BYTES: usize = 4 << 20;
/// Directories that all phases of one plugin make: reset removes one after the other.
pub const MAX_RUN_DIRECTORIES: usize = 2000;
/// Capsules of one plugin.
pub const MAX_RUN_CAPSULES: usize = 3;

// The limits of all plugins together.

/// Bytes of memory for the tables of all compiled components: types, imports, exports, functions.
/// A component that brings an interpreter for Python takes about 7 MiB, one in Rust much less.
pub const MAX_ALL_LOADED_BYTES: u64 = 64 << 20;

/// Refuses components that take too much memory together while they are loaded.
///
/// # Errors
/// They take more bytes than [`MAX_ALL_LOADED_BYTES`].
pub fn check_loaded(bytes: u64) -> Result<()> {
    if bytes > MAX_ALL_LOADED_BYTES {
        bail!(
            "the tables of the components of all plugins take {bytes} bytes of memory, and \
             {MAX_ALL_LOADED_BYTES} are allowed; remove a plugin, or ask its author for a version \
             with fewer types, imports, exports and functions"
        );
    }
    Ok(())
}

/// Bytes of memory for the settings of all plugins, with the defaults and the schemas of them.
pub const MAX_ALL_SETTINGS_BYTES: usize = 16 << 20;
/// Bytes of the secret settings of all plugins. They are looked for in every text of a plugin.
pub const MAX_ALL_SECRET_SETTINGS: usize = 64 << 10;

/// Bytes that the effects of all plugins take in the journal. The built-in phases may take an equal
/// number.
pub const MAX_EFFECT_BYTES: usize = 16 << 20;
/// Bytes of the findings of all plugins. The report of a run has all findings in memory.
pub const MAX_FINDING_BYTES: usize = 16 << 20;
/// Bytes of the facts of all plugins.
pub const MAX_FACT_BYTES: usize = 8 << 20;
/// Bytes of memory for the objects of the cluster that all plugins propose.
pub const MAX_ALL_OBJECT_BYTES: usize = 24 << 20;
/// Directories that all plugins make.
pub const MAX_DIRECTORIES: usize = 4000;
/// Capsules of all plugins.
pub const MAX_CAPSULES: usize = 12;
/// Bytes of memory for proposals that wait to be carried out, of all phases that run at one time.
pub const MAX_HELD_BYTES: usize = 32 << 20;
