//! The files of a node that belong to the host: no effect of a plugin changes them, and plugins may
//! not read most of them.
//!
//! `survey` recognises them by other names (links), `resolved_path` follows a path's links.
mod resolved_path;
mod survey;

pub use resolved_path::ResolvedPath;
pub(super) use survey::Survey;

use std::{
    borrow::Cow,
    collections::BTreeSet,
    path::{Path, absolute},
};

/// The files and directories of a node that only the host itself writes. The floor `effect`
/// makes one from a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Territory {
    /// Files, and directories with everything below them.
    places: BTreeSet<String>,
    /// Those of `places` whose entries may be links to files elsewhere, which then belong to the
    /// host too.
    linked: BTreeSet<String>,
    /// Those of `places` that hold no secret: a plugin may read them.
    readable: BTreeSet<String>,
    /// Directories whose `*.conf` files are kubeconfigs of the host.
    kubeconfigs: BTreeSet<String>,
    /// Those of `places` in which plugins may change one file: the place, and the file in it.
    excepted: BTreeSet<(String, String)>,
}

impl Territory {
    /// Adds a file, or a directory with everything below it, that plugins may not read. A path that
    /// is empty, relative or the root is ignored.
    pub fn add(&mut self, path: &str) {
        if let Some(path) = normalise(path).filter(|path| path != "/") {
            self.readable.remove(&path);
            self.excepted.retain(|(place, _)| *place != path);
            self.places.insert(path);
        }
    }

    /// Adds a directory with everything below it except one file, unless the directory belongs to
    /// the host already.
    pub fn add_except(&mut self, path: &str, file: &str) {
        if let (Some(path), Some(file)) = (normalise(path), normalise(file))
            && path != "/"
            && path != file
            && !self.owns(&path)
        {
            self.places.insert(path.clone());
            self.excepted.insert((path, file));
        }
    }

    /// Returns the territory for a change of one file: without the places in which plugins may
    /// change this file.
    pub fn for_change_of(&self, file: &str) -> Cow<'_, Territory> {
        let mut territory = Cow::Borrowed(self);
        for (place, excepted) in &self.excepted {
            if excepted == file {
                territory.to_mut().places.remove(place);
            }
        }
        territory
    }

    /// Adds a file, or a directory with everything below it, that holds no secret: plugins may read
    /// it. Does nothing for a path that was added by [`Territory::add`].
    pub fn add_readable(&mut self, path: &str) {
        if let Some(path) = normalise(path).filter(|path| path != "/")
            && self.places.insert(path.clone())
        {
            self.readable.insert(path);
        }
    }

    /// Adds a file or directory of the operator that plugins may neither read nor change: a
    /// configuration may hold tokens.
    pub fn add_operator_file(&mut self, path: &Path) {
        // This fails only if the path is empty or the working directory does not exist any more.
        if let Ok(path) = absolute(path) {
            self.add(&path.to_string_lossy());
        }
    }

    /// Adds a file of the operator that plugins may read but not change.
    pub fn add_readable_operator_file(&mut self, path: &Path) {
        if let Ok(path) = absolute(path) {
            self.add_readable(&path.to_string_lossy());
        }
    }

    /// Adds a directory of keys or manifests with everything below it, and the files elsewhere that
    /// its entries link to. Of the files in it, plugins may read certificates and public keys.
    pub fn add_linked_directory(&mut self, path: &str) {
        if let Some(path) = normalise(path) {
            self.linked.insert(path.clone());
            self.add(&path);
        }
    }

    /// Adds a directory whose `*.conf` files are kubeconfigs of the host.
    pub fn add_kubeconfig_directory(&mut self, path: &str) {
        if let Some(path) = normalise(path) {
            self.kubeconfigs.insert(path);
        }
    }

    /// Whether a path belongs to the host by its spelling, without following links.
    pub fn owns(&self, path: &str) -> bool {
        let Some(path) = normalise(path) else {
            return false;
        };
        let mut ancestors = Path::new(&path).ancestors().filter_map(Path::to_str);
        let is_excepted = |place: &str| self.excepted.contains(&(place.to_owned(), path.clone()));
        ancestors.any(|above| {
            (self.places.contains(above) && !is_excepted(above))
                || is_kubeconfig(&self.kubeconfigs, above)
        })
    }

    /// Whether a path is a certificate or a public key in a directory of keys, by its spelling.
    /// Plugins may read it.
    pub fn is_public(&self, path: &str) -> bool {
        let is_below = |directory: &String| Path::new(path).starts_with(directory);
        has_public_name(path) && self.linked.iter().any(is_below)
    }

    /// Whether a path without links holds a secret by its spelling.
    fn hides(&self, path: &str) -> bool {
        let mut ancestors = Path::new(path).ancestors().filter_map(Path::to_str);
        ancestors.any(|above| {
            let is_hidden = self.places.contains(above)
                && !self.readable.contains(above)
                && !(self.linked.contains(above) && has_public_name(path));
            is_hidden || is_kubeconfig(&self.kubeconfigs, above)
        })
    }
}

/// Whether a file of a directory of keys is a certificate or a public key by its name.
fn has_public_name(path: &str) -> bool {
    [".crt", ".pub"].iter().any(|suffix| path.ends_with(suffix))
}

/// Removes `.`, `..` and empty names from an absolute path; `None` if the path is not absolute.
pub fn normalise(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return None;
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

/// Whether a path is a `*.conf` file in one of these directories.
fn is_kubeconfig(directories: &BTreeSet<String>, path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(directory, name)| {
        let directory = if directory.is_empty() { "/" } else { directory };
        is_kubeconfig_name(name) && directories.contains(directory)
    })
}

fn is_kubeconfig_name(name: &str) -> bool {
    name.ends_with(".conf")
}

#[cfg(test)]
mod tests;
