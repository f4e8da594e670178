//! Refuses names of a plugin that hold a secret setting. The journal has names in clear text,
//! because `reset` and people need them to find what a run made.
use super::{Hosted, Session};
use crate::effect::Effect;
use kubephase_wit::{Failure, FailureCode, Stop};

const REMEDY: &str = "the plugin has to take a name without the secret; if the setting is not \
    secret, the plugin's schema says so by `writeOnly: false`";

impl Session {
    /// Refuses an effect of a plugin if the name of its target, or of one of its files, holds a
    /// secret.
    ///
    /// # Errors
    /// `denied` if a name holds a secret. The message does not quote the name.
    pub(super) fn check_target(&self, effect: &Effect) -> Hosted<()> {
        let Some(plugin) = self.third_party() else {
            return Ok(());
        };
        let secrets = &self.0.shared.secrets;
        let (kind, target) = effect.summary();
        let footprint = effect.footprint(&[]);
        let mut texts = [target.as_str()].into_iter().chain(footprint.texts());
        if !texts.any(|text| secrets.are_in_name(plugin, text)) {
            return Ok(());
        }
        let message = format!(
            "the target of a proposal of the kind {kind} holds a secret setting, and the journal \
             keeps targets in clear text"
        );
        Err(Failure {
            remedy: Some(REMEDY.to_owned()),
            ..Failure::new(FailureCode::Denied, message)
        }
        .into())
    }

    /// Refuses the name of something that a plugin reports if the name holds a secret.
    ///
    /// # Errors
    /// The name holds a secret. The message does not quote the name. The error stops the phase,
    /// because functions that report cannot return a failure.
    pub(super) fn check_name(&self, what: &str, name: &str) -> Result<(), Stop> {
        let secrets = &self.0.shared.secrets;
        let plugin = self.third_party();
        if plugin.is_some_and(|plugin| secrets.are_in_name(plugin, name)) {
            return Err(Stop::msg(format!(
                "{what} holds a secret setting; {REMEDY}"
            )));
        }
        Ok(())
    }
}
