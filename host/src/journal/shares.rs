//! The room for information that each origin has in a journal: the program, and each third party's
//! plugin. A plugin cannot use up the room of another plugin or of the program.
use std::collections::BTreeMap;

/// The largest number of bytes of information of the program: messages, findings, progress.
const OF_PROGRAM: u64 = 16 << 20;
/// The largest number of bytes of information of one plugin.
const OF_PLUGIN: u64 = 4 << 20;
/// The largest number of bytes of information of all plugins.
const OF_PLUGINS: u64 = 24 << 20;

/// The room that each origin has used, by the plugin's name; `None` is the program.
#[derive(Debug, Default)]
pub(super) struct Shares(BTreeMap<Option<String>, Share>);

#[derive(Debug, Default)]
struct Share {
    bytes: u64,
    is_full: bool,
}

impl Shares {
    /// Whether an origin has no more room.
    pub fn is_full(&self, origin: Option<&str>) -> bool {
        let share = self.0.get(&origin.map(str::to_owned));
        share.is_some_and(|share| share.is_full)
    }

    /// Takes room for a line.
    ///
    /// # Errors
    /// There is no more room: the sentence for the journal.
    pub fn spend(&mut self, origin: Option<&str>, bytes: u64) -> Result<(), String> {
        let plugins = self.0.iter().filter(|(origin, _)| origin.is_some());
        let of_plugins: u64 = plugins.map(|(_, share)| share.bytes).sum();
        let share = self.0.entry(origin.map(str::to_owned)).or_default();
        let fits = match origin {
            None => share.bytes + bytes <= OF_PROGRAM,
            Some(_) => share.bytes + bytes <= OF_PLUGIN && of_plugins + bytes <= OF_PLUGINS,
        };
        if fits {
            share.bytes += bytes;
            return Ok(());
        }
        share.is_full = true;
        let held = share.bytes >> 20;
        Err(match origin {
            None => format!(
                "This run has more messages and findings; its journal holds {held} MiB of them."
            ),
            Some(plugin) => format!(
                "plugin {plugin} has more messages and findings; the journal holds {held} MiB of \
                 them."
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_plugin_takes_the_room_of_another_or_of_the_program() {
        let mut shares = Shares::default();
        assert!(shares.spend(Some("a"), OF_PLUGIN).is_ok());
        let sentence = shares.spend(Some("a"), 1).unwrap_err();
        assert!(sentence.starts_with("plugin a has more"), "{sentence}");
        assert!(shares.is_full(Some("a")) && !shares.is_full(Some("b")) && !shares.is_full(None));
        assert!(shares.spend(Some("b"), OF_PLUGIN).is_ok());
        for other in 0..20 {
            let _ = shares.spend(Some(&format!("plugin-{other}")), OF_PLUGIN);
        }
        assert!(shares.spend(Some("last"), 1).is_err());
        assert!(shares.spend(None, OF_PROGRAM).is_ok());
        assert!(shares.spend(None, 1).is_err());
    }
}
