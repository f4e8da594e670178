//! `plugin build`: builds the component of a folder, adds its manifest, and checks the component as
//! loading does.
#![allow(clippy::disallowed_methods, reason = "the folder is the author's")]
use crate::{
    plugin::{
        folder::{MANIFEST, component_path, read_manifest},
        settings,
    },
    plugin_tools::{foreign, scaffold, toolchain},
    program,
    wasm::{cache, engine::Engine, plugin::Plugin, section},
    world::real::child::{run_tool, run_tool_shown},
};
use anyhow::{Context, Error, Result, anyhow, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The language of a plugin's source.
enum Language {
    Rust,
    JavaScript,
    Python,
}

impl Language {
    /// Finds the language by the file that the tools of a language read.
    fn detect(folder: &Path) -> Result<Language> {
        let known = [
            ("Cargo.toml", Language::Rust),
            ("package.json", Language::JavaScript),
            ("requirements.txt", Language::Python),
        ];
        let found = known
            .into_iter()
            .find(|(file, _)| folder.join(file).is_file());
        let (_, language) = found.ok_or_else(|| {
            anyhow!(
                "{} is not the folder of a plugin: it has no Cargo.toml, package.json or \
                 requirements.txt; to begin a plugin, run: {} {}",
                folder.display(),
                program::command("plugin new"),
                program::path_word(folder)
            )
        })?;
        Ok(language)
    }
}

/// A component that was built.
pub struct BuiltPlugin {
    pub path: PathBuf,
    /// bytes of the component
    pub size: usize,
    pub plugin: Plugin,
}

/// Builds and checks the component of a folder, and writes it to `to`, or, without `to`, to the
/// folder under the plugin's name. What the language's tools print goes to standard error.
///
/// # Errors
/// The manifest is not valid, a tool is missing or fails, or the component would be refused.
pub fn build(folder: &Path, to: Option<&Path>, engine: &Engine) -> Result<BuiltPlugin> {
    // Reports problems of the manifest before a minute of compiling.
    settings::check_schema(&read_manifest(folder)?)?;
    let component = match Language::detect(folder)? {
        Language::Rust => build_rust(folder)?,
        Language::JavaScript => foreign::build_javascript(folder, &folder.join(MANIFEST))?,
        Language::Python => foreign::build_python(folder, &folder.join(MANIFEST))?,
    };
    let plugin = engine.load(component.clone())?;
    let to = match to {
        Some(to) => to.to_owned(),
        None => component_path(folder)?,
    };
    fs::write(&to, &component).with_context(|| format!("cannot write {}", to.display()))?;
    Ok(BuiltPlugin {
        path: to,
        size: component.len(),
        plugin,
    })
}

/// Builds the component of a crate.
fn build_rust(folder: &Path) -> Result<Vec<u8>> {
    if !folder.join(scaffold::SDK).is_dir()
        && fs::read_to_string(folder.join("Cargo.toml"))?.contains(scaffold::SDK)
    {
        scaffold::write_sdk(folder)?;
    }
    let toolchain = toolchain::find(run_tool).map_err(Error::msg)?;
    let (package, target) = package(folder)?;
    let module = toolchain::compile(&toolchain, folder, &package, &target, false, run_tool_shown)
        .map_err(Error::msg)?;
    toolchain::componentise(&module, &folder.join(MANIFEST), section::MANIFEST).map_err(Error::msg)
}

/// Returns the name and the target directory of a folder's crate.
fn package(folder: &Path) -> Result<(String, PathBuf)> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(folder)
        .args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = run_tool(&mut cargo).context("cannot run cargo; install Rust with rustup")?;
    if !output.status.success() {
        bail!(
            "`cargo metadata` fails for {}:\n{}",
            folder.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let manifest = folder
        .canonicalize()
        .with_context(|| format!("cannot find {}", folder.display()))?
        .join("Cargo.toml");
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let package = packages.clone().find(|package| {
        package["manifest_path"]
            .as_str()
            .is_some_and(|path| Path::new(path) == manifest)
    });
    let name = package
        .and_then(|package| package["name"].as_str())
        .ok_or_else(|| {
            anyhow!(
                "{} is not a crate: write its name to [package] in Cargo.toml",
                folder.display()
            )
        })?;
    let target = Path::new(metadata["target_directory"].as_str().unwrap_or("target"));
    // A plugin that is not part of a workspace shares its target folder with other plugins, so that
    // the standard library and the SDK's dependencies are compiled once.
    let is_own = target == manifest.with_file_name("target");
    let shared = cache::sibling_directory("plugins").filter(|_| is_own);
    Ok((
        name.to_owned(),
        shared.unwrap_or_else(|| target.join("plugin")),
    ))
}
