//! The files of a program, and the file that each of their paths leads to.
use super::paths::{Path, Paths};
use std::{collections::BTreeMap, fs};

/// The path of a module below the crate: `["plan", "show"]`.
pub type Module = Vec<String>;

/// A file of the program.
pub struct File {
    /// its path below `src`
    pub name: String,
    pub paths: Paths,
}

/// The files of a program, but for those that are compiled for tests only.
pub struct Modules(pub BTreeMap<Module, File>);

impl Modules {
    /// Reads all files below a folder.
    pub fn below(folder: &std::path::Path) -> Modules {
        let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
        while let Some(open) = folders.pop() {
            for entry in fs::read_dir(&open)
                .unwrap()
                .map(|entry| entry.unwrap().path())
            {
                if entry.is_dir() {
                    folders.push(entry);
                } else if entry.extension().is_some_and(|end| end == "rs") {
                    let name = entry.strip_prefix(folder).unwrap().to_str().unwrap();
                    files.push((name.to_owned(), fs::read_to_string(&entry).unwrap()));
                }
            }
        }
        Modules::of(files)
    }

    /// Reads files: their paths below `src`, and their texts.
    pub fn of(files: impl IntoIterator<Item = (String, String)>) -> Modules {
        let files = files
            .into_iter()
            .filter(|(name, _)| !["lib.rs", "main.rs"].contains(&&**name));
        let mut modules: BTreeMap<Module, File> = files
            .map(|(name, text)| {
                (
                    module(&name),
                    File {
                        name,
                        paths: Paths::read(&text),
                    },
                )
            })
            .collect();
        let tests: Vec<Module> = modules
            .iter()
            .flat_map(|(at, file)| file.paths.tests.iter().map(|name| below(at, name)))
            .collect();
        modules.retain(|at, _| !tests.iter().any(|test| at.starts_with(test)));
        Modules(modules)
    }

    /// What a path in a module means, from the crate down; none where it leads out of the crate.
    pub fn absolute(&self, at: &[String], path: &Path) -> Option<Module> {
        let [first, rest @ ..] = path.segments.as_slice() else {
            return None;
        };
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([at, rest].concat()),
            "super" => {
                let supers = path
                    .segments
                    .iter()
                    .take_while(|word| *word == "super")
                    .count();
                let above = &at[..at.len().saturating_sub(supers)];
                Some([above, &path.segments[supers..]].concat())
            }
            _ if self.0.contains_key(&below(at, first)) => {
                Some([at, path.segments.as_slice()].concat())
            }
            _ => {
                let named = self.0.get(at)?.paths.names.get(first)?;
                if named == path || named.segments.first() == Some(first) {
                    return None;
                }
                Some([self.absolute(at, named)?.as_slice(), rest].concat())
            }
        }
    }

    /// The file that an absolute path leads to: where the name is, not where it is passed on.
    pub fn file(&self, path: &[String]) -> Option<Module> {
        self.file_within(path, 8)
    }

    fn file_within(&self, path: &[String], steps: u32) -> Option<Module> {
        let depth = (1..=path.len())
            .rev()
            .find(|depth| self.0.contains_key(&path[..*depth]))?;
        let (at, rest) = path.split_at(depth);
        let passed_on = rest
            .first()
            .and_then(|name| self.0[at].paths.names.get(name));
        let further = passed_on.and_then(|named| self.absolute(at, named));
        match further {
            Some(further) if steps > 0 && further != path => {
                self.file_within(&[further.as_slice(), &rest[1..]].concat(), steps - 1)
            }
            _ => Some(at.to_vec()),
        }
    }
}

fn module(name: &str) -> Module {
    let mut words: Module = name
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if words.last().is_some_and(|last| last == "mod") {
        words.pop();
    }
    words
}

fn below(at: &[String], name: &str) -> Module {
    [at, &[name.to_owned()]].concat()
}
