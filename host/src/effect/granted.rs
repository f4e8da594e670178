//! Decides which effects a grant allows a plugin.
use super::Effect;
use crate::wasm::{
    gate::{Origin, owner_of_path},
    grant::Grant,
};

impl Grant {
    /// Refuses a proposal unless the grant covers it. Called before the proposal is applied.
    ///
    /// # Errors
    /// The message names the part of the proposal that was not granted.
    pub fn allows_effect(&self, effect: &Effect) -> Result<(), String> {
        self.allows_directories(effect)?;
        effect.0.check_grant(self)
    }

    /// Refuses changes in the directory of another plugin, even if the grant covers them: that
    /// plugin may have rights that amount to root, and run programs from its own directory.
    fn allows_directories(&self, effect: &Effect) -> Result<(), String> {
        if self.origin() == Origin::BuiltIn {
            return Ok(());
        }
        for path in effect.paths().into_iter().chain([effect.summary().1]) {
            if let Some(owner) = owner_of_path(&path).filter(|owner| *owner != self.plugin()) {
                return Err(format!(
                    "{path} is in the directory of the plugin {owner}; no other plugin may change \
                     it"
                ));
            }
        }
        Ok(())
    }
}
