//! The plugins that made the new files of a run. A plugin may give more users access to a file only
//! if the plugin itself made it: any other file may have content that those users must not see.
use crate::effect::{Effect, kind::Content};
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;

/// The files and directories that plugins made in a run, each with the name of its plugin.
#[derive(Default)]
pub struct Makers(Mutex<BTreeMap<String, String>>);

impl Makers {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock()
    }

    /// Notes an effect that changed something. `plugin` proposed it; `None` for a phase of the
    /// program. `absent` are paths that did not exist before. The content of keys, certificates
    /// and kubeconfigs belongs to the host, even if a plugin proposed them.
    pub fn note(&self, plugin: Option<&str>, effect: &Effect, absent: &[String]) {
        let mut made = self.lock();
        let properties = effect.properties();
        let target = properties.target.to_string();
        let new: Vec<&String> = match properties.files.content {
            Content::Unchanged => return,
            Content::OfProposer => absent.iter().chain([&target]).collect(),
            Content::OfProposerIfNew => absent.iter().collect(),
            Content::OfHost => Vec::new(),
        };
        for path in properties.files.paths.iter().chain([&target]) {
            made.remove(path);
        }
        let Some(plugin) = plugin else { return };
        made.extend(
            new.into_iter()
                .map(|path| (path.clone(), plugin.to_owned())),
        );
    }

    /// Whether a plugin made the file at a path.
    pub fn has_made(&self, plugin: &str, path: &str) -> bool {
        self.lock().get(path).is_some_and(|maker| maker == plugin)
    }
}
