//! A migration over several versions.
use super::{steps, steps_between, syntax::Corefile};

/// Returns a Corefile as a later version of CoreDNS needs it. What a version only deprecates stays.
/// Comments are lost unless the versions are the same.
///
/// # Errors
/// The first version is not known, the second is not a later one, or the Corefile cannot be read or
/// migrated. The message is kubeadm's if kubeadm refuses too.
pub fn migrate(corefile: &str, from: &str, to: &str) -> Result<String, String> {
    if from == to {
        return Ok(corefile.to_owned());
    }
    let mut places = steps_between(from, to)?;
    let migrated = places.try_fold(Corefile::parse(corefile)?, steps::step)?;
    Ok(migrated.to_string())
}
