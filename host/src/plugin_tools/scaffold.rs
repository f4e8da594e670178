//! `plugin new`: writes a folder with everything that a plugin needs, including the SDK's source,
//! so that the plugin builds in any place.
#![allow(clippy::disallowed_methods, reason = "the folder is the author's")]
use crate::wasm::{
    inspect::VERSION,
    manifest::{check_name, is_name},
};
use anyhow::{Context, Result, anyhow, bail};
use std::{fs, path::Path};

/// The folder of the SDK, in a plugin's folder.
pub const SDK: &str = ".kubephase";

/// The kind of a new plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// a phase that observes and reports
    Check,
    /// a phase that applies objects to the cluster
    Addon,
    /// a phase that proposes files, services and objects
    Phase,
}

/// Paths and contents of files.
type Files = &'static [(&'static str, &'static str)];

/// Returns the files of the SDK, by their paths in its workspace.
fn sdk_files() -> Files {
    include!(concat!(env!("OUT_DIR"), "/sdk.rs"))
}

impl Kind {
    /// Returns the files of a plugin that do not depend on its language.
    fn files(self) -> Files {
        match self {
            Kind::Check => &[
                (
                    "plugin.yaml",
                    include_str!("templates/check/plugin.yaml.in"),
                ),
                (
                    "cases/enough.yaml",
                    include_str!("templates/check/enough.yaml"),
                ),
                (
                    "cases/too-little.yaml",
                    include_str!("templates/check/too-little.yaml"),
                ),
            ],
            Kind::Addon => &[
                (
                    "plugin.yaml",
                    include_str!("templates/addon/plugin.yaml.in"),
                ),
                (
                    "cases/applies.yaml",
                    include_str!("templates/addon/applies.yaml"),
                ),
            ],
            Kind::Phase => &[
                (
                    "plugin.yaml",
                    include_str!("templates/phase/plugin.yaml.in"),
                ),
                (
                    "cases/writes.yaml",
                    include_str!("templates/phase/writes.yaml"),
                ),
            ],
        }
    }

    /// Returns the interfaces that the template's source imports, besides `input` and `report`.
    fn imports(self) -> &'static [&'static str] {
        match self {
            Kind::Check => &["observe-node"],
            Kind::Addon => &["effects-cluster"],
            Kind::Phase => &["effects", "effects-files"],
        }
    }

    /// Returns the description in the new manifest.
    fn summary(self) -> &'static str {
        match self {
            Kind::Check => "The machine has enough memory",
            Kind::Addon => "An addon of our own",
            Kind::Phase => "A step of our own",
        }
    }
}

/// The language of a new plugin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    #[default]
    Rust,
    Js,
    Python,
}

impl Language {
    /// Returns the files of a plugin that do not depend on its kind.
    fn files(self) -> Files {
        match self {
            Language::Rust => &[
                ("Cargo.toml", include_str!("templates/rust/Cargo.toml.in")),
                (".gitignore", "target/\n*.wasm\n"),
            ],
            Language::Js => &[
                ("package.json", include_str!("templates/js/package.json.in")),
                ("world.wit", include_str!("templates/world.wit.in")),
                (".gitignore", ".kubephase/\nnode_modules/\n*.wasm\n"),
            ],
            Language::Python => &[
                (
                    "requirements.txt",
                    include_str!("templates/python/requirements.txt"),
                ),
                ("world.wit", include_str!("templates/world.wit.in")),
                (".gitignore", ".kubephase/\n__pycache__/\n*.wasm\n"),
            ],
        }
    }

    /// Returns path and content of the source file. In JavaScript and Python, the file has the name
    /// of the kind, by which `plugin build` finds it.
    fn source(self, kind: Kind) -> (&'static str, &'static str) {
        match (self, kind) {
            (Language::Rust, Kind::Check) => {
                ("src/lib.rs", include_str!("templates/check/lib.rs.in"))
            }
            (Language::Rust, Kind::Addon) => {
                ("src/lib.rs", include_str!("templates/addon/lib.rs.in"))
            }
            (Language::Rust, Kind::Phase) => {
                ("src/lib.rs", include_str!("templates/phase/lib.rs.in"))
            }
            (Language::Js, Kind::Check) => ("check.js", include_str!("templates/js/check.js.in")),
            (Language::Js, Kind::Addon) => ("addon.js", include_str!("templates/js/addon.js.in")),
            (Language::Js, Kind::Phase) => ("phase.js", include_str!("templates/js/phase.js.in")),
            (Language::Python, Kind::Check) => {
                ("check.py", include_str!("templates/python/check.py.in"))
            }
            (Language::Python, Kind::Addon) => {
                ("addon.py", include_str!("templates/python/addon.py.in"))
            }
            (Language::Python, Kind::Phase) => {
                ("phase.py", include_str!("templates/python/phase.py.in"))
            }
        }
    }
}

/// Writes a new plugin into a new folder.
///
/// # Errors
/// The name is not valid, the folder exists, or the folder cannot be written.
pub fn scaffold(kind: Kind, language: Language, folder: &Path) -> Result<()> {
    let name = folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
        .to_owned();
    if !is_name(&name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        bail!(
            "{name:?} is not a name for a plugin: it must begin with a letter, and have only \
             lower-case letters, digits and dashes"
        );
    }
    check_name(&name).map_err(|why| anyhow!(why))?;
    if folder.exists() {
        bail!(
            "{} exists already; choose another name, or remove it",
            folder.display()
        );
    }
    let imports: String = kind
        .imports()
        .iter()
        .map(|interface| format!("  import kubephase:plugin/{interface}@{VERSION};\n"))
        .collect();
    let filled = [
        ("name", name.as_str()),
        ("code", &finding_code(&name)),
        ("summary", kind.summary()),
        ("imports", &imports),
    ];
    for (path, text) in kind
        .files()
        .iter()
        .chain(language.files())
        .chain([&language.source(kind)])
    {
        write_file(&folder.join(path), &fill(text, &filled))?;
    }
    if language == Language::Rust {
        write_sdk(folder)
    } else {
        Ok(())
    }
}

/// Returns the files of the WIT interface, by name.
pub fn wit() -> impl Iterator<Item = (&'static str, &'static str)> {
    sdk_files()
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix("wit/")?, *text)))
        .filter(|(path, _)| path.ends_with(".wit"))
}

/// Writes the SDK of this program's version into a plugin's folder.
///
/// # Errors
/// A file cannot be written.
pub fn write_sdk(folder: &Path) -> Result<()> {
    for (path, text) in sdk_files() {
        // A new plugin begins with the versions that this program was built and tested with.
        let target = if *path == "Cargo.lock" {
            folder.join(path)
        } else {
            folder.join(SDK).join(path)
        };
        if *path != "Cargo.lock" || !target.exists() {
            write_file(&target, text)?;
        }
    }
    Ok(())
}

/// Writes a file, and makes its folders.
fn write_file(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new("")))
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Puts values into a template, in place of their names: `{{name}}`.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value)
        })
}

/// Writes the name of a plugin as a code of findings: `enough-memory` as `EnoughMemory`.
fn finding_code(name: &str) -> String {
    name.split('-').map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    word.chars()
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + &word[1..])
        .unwrap_or_default()
}
