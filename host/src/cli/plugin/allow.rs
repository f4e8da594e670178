//! `plugin allow`: locks the present component of a plugin of a configuration, with all that it
//! asks for.
use super::{Expectation, candidate::Candidate, known::KnownPlugin};
use crate::{
    cli::{Exit, print},
    plugin::{
        consent::{self, Consent},
        entry, inspect,
        lines::AllowedLines,
        load::{self, allow_command},
        transaction::Transaction,
    },
    program,
    run::prepare::Distribution,
};
use anyhow::{Result, bail};
use std::path::Path;

/// Locks a plugin again, with the operator's consent to all that it asks for.
///
/// # Errors
/// The configuration does not name the plugin, or the plugin is refused.
pub fn allow(
    name: &str,
    config: &Path,
    consent: Consent,
    expectation: &Expectation,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    let named_signer = expectation.signer()?;
    let command = allow_command(name, config, None);
    let known = KnownPlugin::read(config, name)?;
    let Some(entry) = &known.entry else {
        bail!(
            "{} names no plugin {name}; add it with `{}`",
            config.display(),
            program::command("plugin add")
        );
    };
    load::check_name(name)?;
    let signer = known.signer(named_signer.as_ref(), || {
        allow_command(name, config, expectation.digest.as_ref())
    })?;
    let source = &entry.source;
    let digest = expectation.digest.as_ref();
    let candidate = Candidate::fetch(
        source,
        config,
        signer,
        digest,
        &command,
        distribution.engine,
    )?;
    distribution.check_phases(&candidate.plugin)?;
    if candidate.name() != name {
        bail!(
            "{source} calls itself {}; the configuration has to use that name",
            candidate.name()
        );
    }
    let allowed = candidate.check_consent(&known, Some(consent), expectation, &command)?;
    candidate.plugin.prepare()?;
    // The steps up to here are slow: another command may have changed the configuration meanwhile.
    let mut transaction = Transaction::begin(config)?;
    let flags = consent::flags(&candidate.plugin, &AllowedLines::default());
    known.check_unchanged(&transaction, name, || {
        candidate.full_command(&command, expectation) + &flags
    })?;
    let edit = named_signer
        .is_some()
        .then(|| entry::add(config, name, source, named_signer.as_ref(), &[]))
        .transpose()?;
    transaction.lock.set(
        &candidate.plugin,
        source,
        candidate.source_digest.clone(),
        candidate.signer.clone(),
        allowed,
    );
    transaction.commit(edit)?;
    Ok(print::text(&summary(&candidate, &known)))
}

/// Describes the locked plugin, and the change of what it may do.
fn summary(candidate: &Candidate, known: &KnownPlugin) -> String {
    let identity = candidate.identity();
    let in_place_of = known
        .replaced_identity(&identity)
        .map(|before| format!(", in place of {before}"));
    let head = format!(
        "{} {} is locked{}{}; what it may do and provides has",
        candidate.name(),
        candidate.plugin.manifest().version,
        known.describe_signer(candidate.signer.as_ref()),
        in_place_of.unwrap_or_default()
    );
    match inspect::describe_change(&candidate.plugin, &known.allowed_lines(&identity)).as_str() {
        "" => format!("{head} not changed\n"),
        change => format!("{head} changed:\n{change}"),
    }
}
