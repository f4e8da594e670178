//! `plugin new`: a folder with everything a plugin needs, the SDK's source among it, so that it
//! builds wherever it is.
#![allow(clippy::disallowed_methods, reason = "the folder is the author's")]
use crate::wasm::inspect::VERSION;
use anyhow::{Context, Result, bail};
use std::{fs, path::Path};

/// Where a plugin's folder has the SDK.
pub const SDK: &str = ".kubephase";

/// What a plugin is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// looks and reports
    Check,
    /// applies objects to the cluster
    Addon,
    /// proposes files, services, objects
    Phase,
}

type Files = &'static [(&'static str, &'static str)];

/// Files of the SDK, by their paths in its workspace.
fn sdk() -> Files {
    include!(concat!(env!("OUT_DIR"), "/sdk.rs"))
}

impl Kind {
    /// What a plugin has in whatever language.
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

    /// What the template's source calls beside `input` and `report`.
    fn imports(self) -> &'static [&'static str] {
        match self {
            Kind::Check => &["observe-node"],
            Kind::Addon => &["effects-cluster"],
            Kind::Phase => &["effects", "effects-files"],
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Kind::Check => "The machine has memory enough",
            Kind::Addon => "An addon of our own",
            Kind::Phase => "A step of our own",
        }
    }
}

/// What a plugin is to be written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    #[default]
    Rust,
    Js,
    Python,
}

impl Language {
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

    /// In JavaScript and Python the file is called after the kind ([`crate::plugin_tools::foreign`]).
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

/// Writes a new plugin into a folder that is not there yet.
///
/// # Errors
/// The name is not valid, the folder exists, or the folder cannot be written.
pub fn scaffold(kind: Kind, language: Language, folder: &Path) -> Result<()> {
    let name = folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
        .to_owned();
    if !crate::wasm::manifest::is_name(&name) || !name.starts_with(|c: char| c.is_ascii_lowercase())
    {
        bail!(
            "{name:?} is no name for a plugin: it begins with a letter and is of lower-case \
             letters, digits and dashes"
        );
    }
    if folder.exists() {
        bail!("{} is there already", folder.display());
    }
    let imports: String = kind
        .imports()
        .iter()
        .map(|interface| format!("  import kubephase:plugin/{interface}@{VERSION};\n"))
        .collect();
    let filled = [
        ("name", name.as_str()),
        ("code", &camel(&name)),
        ("summary", kind.summary()),
        ("imports", &imports),
    ];
    let fill = |text: &str| {
        filled.iter().fold(text.to_owned(), |text, (key, value)| {
            text.replace(&format!("{{{{{key}}}}}"), value)
        })
    };
    for (path, text) in kind
        .files()
        .iter()
        .chain(language.files())
        .chain([&language.source(kind)])
    {
        put(&folder.join(path), &fill(text))?;
    }
    if language == Language::Rust {
        write_sdk(folder)
    } else {
        Ok(())
    }
}

/// The interface's files by name.
pub fn wit() -> impl Iterator<Item = (&'static str, &'static str)> {
    sdk()
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix("wit/")?, *text)))
        .filter(|(path, _)| path.ends_with(".wit"))
}

/// The SDK of this program's version, beside the plugin.
///
/// # Errors
/// Where it cannot be written.
pub fn write_sdk(folder: &Path) -> Result<()> {
    for (path, text) in sdk() {
        // The versions that this program was built and tested with are a good place to begin.
        let at = if *path == "Cargo.lock" {
            folder.join(path)
        } else {
            folder.join(SDK).join(path)
        };
        if *path != "Cargo.lock" || !at.exists() {
            put(&at, text)?;
        }
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<()> {
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        fs::write(path, text)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// `enough-memory` as a code of findings: `EnoughMemory`.
fn camel(name: &str) -> String {
    let capital = |part: &str| {
        part.chars()
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + &part[1..])
            .unwrap_or_default()
    };
    name.split('-').map(capital).collect()
}
