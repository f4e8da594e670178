//! `plugin build`: from a folder to a component with its manifest in it, checked as it will be when
//! it is loaded.
#![allow(clippy::disallowed_methods, reason = "the folder is the author's")]
use crate::{
    plugin::folder::{MANIFEST, manifest, output},
    plugin_tools::{scaffold, toolchain},
    wasm::{engine::Engine, plugin::Plugin, section},
    world::real::child::run_tool,
};
use anyhow::{Context, Result, anyhow, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What a folder holds, by the file that its tools go by.
enum Language {
    Rust,
    JavaScript,
    Python,
}

impl Language {
    fn of(folder: &Path) -> Result<Language> {
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
                "{} is no plugin's folder: it has no Cargo.toml, package.json or requirements.txt; \
                 see `kubephase plugin new`",
                folder.display()
            )
        })?;
        Ok(language)
    }
}

/// Builds, checks and leaves the component at `to`, else in the folder by the plugin's name.
///
/// # Errors
/// What is missing, what the tools said, or why the component would be refused.
pub fn build(folder: &Path, to: Option<&Path>, engine: &Engine) -> Result<(PathBuf, Plugin)> {
    // What is wrong with the manifest is told before a minute of compiling.
    manifest(folder)?;
    let component = match Language::of(folder)? {
        Language::Rust => rust(folder)?,
        Language::JavaScript => {
            crate::plugin_tools::foreign::javascript(folder, &folder.join(MANIFEST))?
        }
        Language::Python => crate::plugin_tools::foreign::python(folder, &folder.join(MANIFEST))?,
    };
    let plugin = engine.load(component.clone())?;
    let to = match to {
        Some(to) => to.to_owned(),
        None => output(folder)?,
    };
    fs::write(&to, &component).with_context(|| format!("cannot write {}", to.display()))?;
    Ok((to, plugin))
}

fn rust(folder: &Path) -> Result<Vec<u8>> {
    if !folder.join(scaffold::SDK).is_dir()
        && fs::read_to_string(folder.join("Cargo.toml"))?.contains(scaffold::SDK)
    {
        scaffold::write_sdk(folder)?;
    }
    let told = |why: String| anyhow!(why);
    let toolchain = toolchain::find(run_tool).map_err(told)?;
    let (package, target) = package(folder)?;
    let module =
        toolchain::compile(&toolchain, folder, &package, &target, false, run_tool).map_err(told)?;
    toolchain::componentise(&module, &folder.join(MANIFEST), section::MANIFEST).map_err(told)
}

/// Name and target directory of a folder's crate.
fn package(folder: &Path) -> Result<(String, PathBuf)> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(folder)
        .args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = run_tool(&mut cargo).context("cannot run cargo; install Rust with rustup")?;
    if !output.status.success() {
        bail!(
            "cargo does not understand {}:\n{}",
            folder.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let here = folder.canonicalize()?.join("Cargo.toml");
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let package = packages.clone().find(|package| {
        package["manifest_path"]
            .as_str()
            .is_some_and(|path| Path::new(path) == here)
    });
    let name = package
        .and_then(|package| package["name"].as_str())
        .ok_or_else(|| anyhow!("{} is no crate", folder.display()))?;
    let target = metadata["target_directory"].as_str().unwrap_or("target");
    Ok((name.to_owned(), Path::new(target).join("plugin")))
}
