//! The files of a crate by module, and the resolution of module paths to files.
use super::{
    paths::{PathsInFile, WrittenPath},
    rust_files,
};
use std::{collections::BTreeMap, fs, path::Path};

/// How many re-exports are followed from a path. The limit ends circles of re-exports.
const MAX_REEXPORTS: u32 = 8;

/// The roots of crates.
const ROOTS: [&str; 2] = ["lib", "main"];

/// The path of a module below the crate: `["plan", "show"]`.
pub type ModulePath = Vec<String>;

/// A file of the program.
pub struct File {
    /// its path in the workspace
    pub name: String,
    pub paths: PathsInFile,
}

/// The files of a program, without those that are compiled only for tests.
pub struct Modules(pub BTreeMap<ModulePath, File>);

impl Modules {
    /// Reads all files below folders of a workspace. The crates of these folders re-export each
    /// other's modules, so that `crate` means all of them.
    pub fn read_folders(workspace: &Path, folders: impl Iterator<Item = &'static str>) -> Modules {
        let paths = folders.flat_map(|folder| rust_files(&workspace.join(folder)));
        Modules::from_files(paths.map(|path| {
            let name = path.strip_prefix(workspace).unwrap().to_str().unwrap();
            (name.to_owned(), fs::read_to_string(&path).unwrap())
        }))
    }

    /// Reads files: their paths in the workspace, and their texts.
    pub fn from_files(files: impl IntoIterator<Item = (String, String)>) -> Modules {
        let files = files.into_iter().map(|(name, text)| {
            let paths = PathsInFile::read(&text);
            (module_path(&name), File { name, paths })
        });
        // The roots of the crates may use every floor.
        let mut modules: BTreeMap<ModulePath, File> = files
            .filter(|(module, _)| !ROOTS.iter().any(|root| module == &[*root]))
            .collect();
        let test_modules: Vec<ModulePath> = modules
            .iter()
            .flat_map(|(module, file)| {
                let names = file.paths.test_modules.iter();
                names.map(|name| child(module, name))
            })
            .collect();
        modules.retain(|module, _| !test_modules.iter().any(|test| module.starts_with(test)));
        Modules(modules)
    }

    /// Resolves a path that a module writes to an absolute path of the crate. `None` if it leads to
    /// another crate.
    pub fn resolve(&self, module: &[String], path: &WrittenPath) -> Option<ModulePath> {
        let [first, rest @ ..] = path.segments.as_slice() else {
            return None;
        };
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "super" => {
                let supers = path
                    .segments
                    .iter()
                    .take_while(|word| *word == "super")
                    .count();
                let above = &module[..module.len().saturating_sub(supers)];
                Some([above, &path.segments[supers..]].concat())
            }
            _ if self.0.contains_key(&child(module, first)) => {
                Some([module, path.segments.as_slice()].concat())
            }
            _ => {
                let imported = self.0.get(module)?.paths.names.get(first)?;
                // The name of another crate, as in `use serde_json::{self, Value}`: it leads to
                // itself.
                if imported == path || imported.segments.first() == Some(first) {
                    return None;
                }
                Some([self.resolve(module, imported)?.as_slice(), rest].concat())
            }
        }
    }

    /// Returns the module that defines the item of an absolute path. Follows re-exports.
    pub fn defining_module(&self, path: &[String]) -> Option<ModulePath> {
        self.follow_reexports(path, MAX_REEXPORTS)
    }

    fn follow_reexports(&self, path: &[String], steps: u32) -> Option<ModulePath> {
        let depth = (1..=path.len())
            .rev()
            .find(|depth| self.0.contains_key(&path[..*depth]))?;
        let (module, rest) = path.split_at(depth);
        let reexport = rest
            .first()
            .and_then(|name| self.0[module].paths.names.get(name));
        let target = reexport.and_then(|written| self.resolve(module, written));
        match target {
            Some(target) if steps > 0 && target != path => {
                self.follow_reexports(&[target.as_slice(), &rest[1..]].concat(), steps - 1)
            }
            _ => Some(module.to_vec()),
        }
    }
}

/// Returns the path of the module in a file.
fn module_path(name: &str) -> ModulePath {
    let (_, below) = name.split_once("/src/").unwrap_or(("", name));
    let mut words: ModulePath = below
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if words.last().is_some_and(|last| last == "mod") {
        words.pop();
    }
    words
}

/// Returns the path of a child module.
fn child(module: &[String], name: &str) -> ModulePath {
    [module, &[name.to_owned()]].concat()
}
