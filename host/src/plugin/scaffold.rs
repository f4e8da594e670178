//! `plugin new`: a folder with everything a plugin needs, the SDK's source among it, so that it builds wherever it is.
#![allow(clippy::disallowed_methods, reason = "the folder is the author's")]
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
    fn files(self) -> Files {
        match self {
            Kind::Check => &[
                ("src/lib.rs", include_str!("templates/check/lib.rs.in")),
                ("plugin.yaml", include_str!("templates/check/plugin.yaml.in")),
                ("cases/enough.yaml", include_str!("templates/check/enough.yaml")),
                ("cases/too-little.yaml", include_str!("templates/check/too-little.yaml")),
            ],
            Kind::Addon => &[
                ("src/lib.rs", include_str!("templates/addon/lib.rs.in")),
                ("plugin.yaml", include_str!("templates/addon/plugin.yaml.in")),
                ("cases/applies.yaml", include_str!("templates/addon/applies.yaml")),
            ],
            Kind::Phase => &[
                ("src/lib.rs", include_str!("templates/phase/lib.rs.in")),
                ("plugin.yaml", include_str!("templates/phase/plugin.yaml.in")),
                ("cases/writes.yaml", include_str!("templates/phase/writes.yaml")),
            ],
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
    /// a check alone
    Js,
    /// a check alone
    Python,
}

impl Language {
    fn files(self, kind: Kind) -> Result<Vec<(&'static str, &'static str)>> {
        let mut files = kind.files().to_vec();
        let own: Files = match self {
            Language::Rust => &[("Cargo.toml", include_str!("templates/rust/Cargo.toml.in")), (".gitignore", "target/\n*.wasm\n")],
            Language::Js => &[
                ("package.json", include_str!("templates/js/package.json.in")),
                ("check.js", include_str!("templates/js/check.js.in")),
                ("world.wit", include_str!("templates/world.wit")),
                (".gitignore", ".kubephase/\nnode_modules/\n*.wasm\n"),
            ],
            Language::Python => &[
                ("requirements.txt", include_str!("templates/python/requirements.txt")),
                ("check.py", include_str!("templates/python/check.py.in")),
                ("world.wit", include_str!("templates/world.wit")),
                (".gitignore", ".kubephase/\n__pycache__/\n*.wasm\n"),
            ],
        };
        if self != Language::Rust {
            if kind != Kind::Check {
                bail!("there is no template of an addon or a phase in this language; begin with a check, or take Rust");
            }
            files.retain(|(path, _)| *path != "src/lib.rs");
        }
        files.extend(own);
        Ok(files)
    }
}

/// Writes a new plugin into a folder that is not there yet.
///
/// # Errors
/// Where the name is none, the folder is taken, or cannot be written.
pub fn scaffold(kind: Kind, language: Language, folder: &Path) -> Result<()> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    if !crate::wasm::manifest::is_name(&name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        bail!("{name:?} is no name for a plugin: it begins with a letter and is of lower-case letters, digits and dashes");
    }
    if folder.exists() {
        bail!("{} is there already", folder.display());
    }
    let fill = |text: &str| text.replace("{{name}}", &name).replace("{{code}}", &camel(&name)).replace("{{summary}}", kind.summary());
    for (path, text) in language.files(kind)? {
        put(&folder.join(path), &fill(text))?;
    }
    if language == Language::Rust { write_sdk(folder) } else { Ok(()) }
}

/// The interface's files by name.
pub fn wit() -> impl Iterator<Item = (&'static str, &'static str)> {
    sdk().iter().filter_map(|(path, text)| Some((path.strip_prefix("wit/")?, *text))).filter(|(path, _)| path.ends_with(".wit"))
}

/// The SDK of this program's version, beside the plugin.
///
/// # Errors
/// Where it cannot be written.
pub fn write_sdk(folder: &Path) -> Result<()> {
    for (path, text) in sdk() {
        // The versions that this program was built and tested with are a good place to begin.
        let at = if *path == "Cargo.lock" { folder.join(path) } else { folder.join(SDK).join(path) };
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
    let capital = |part: &str| part.chars().next().map(|first| first.to_ascii_uppercase().to_string() + &part[1..]).unwrap_or_default();
    name.split('-').map(capital).collect()
}
