//! Builds plugins in JavaScript and Python. The tools of these languages import every function of
//! the author's world, even if the plugin does not call it.
#![allow(clippy::disallowed_methods, reason = "the folder is the author's")]
use crate::{
    plugin_tools::{scaffold, toolchain},
    wasm::section,
    world::real::child::run_tool_shown,
};
use anyhow::{Context, Result, anyhow, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The names that a source file may have, without the extension: the kinds of plugins.
const SOURCES: [&str; 3] = ["check", "addon", "phase"];
/// The file of the author's world, in the plugin's folder.
const WORLD: &str = "world.wit";
/// The script that calls componentize-js.
const COMPONENTIZE_JS: &str = include_str!("templates/js/build.mjs");

/// Builds a plugin in JavaScript.
///
/// # Errors
/// npm or node cannot be run, or refuses the source.
pub fn build_javascript(folder: &Path, manifest: &Path) -> Result<Vec<u8>> {
    let (sdk, wit) = write_world(folder)?;
    // The packages are installed once for each package.json. The remains of an interrupted install
    // cannot be used.
    let (wanted, installed) = (
        fs::read(folder.join("package.json"))?,
        sdk.join("installed.json"),
    );
    if fs::read(&installed).ok().as_ref() != Some(&wanted) || !folder.join("node_modules").is_dir()
    {
        // In an existing tree, npm removes packages that componentize-js needs but does not list.
        match fs::remove_dir_all(folder.join("node_modules")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut npm = Command::new("npm");
        run(
            npm.current_dir(folder).args([
                "install",
                "--no-audit",
                "--no-fund",
                "--no-package-lock",
            ]),
            "install Node.js 20 and npm",
        )?;
        fs::write(&installed, &wanted)?;
    }
    let script = sdk.join("build.mjs");
    fs::write(&script, COMPONENTIZE_JS)?;
    let out = sdk.join("component.wasm");
    run(
        Command::new("node")
            .current_dir(folder)
            .arg(&script)
            .arg(find_source(folder, "js")?.0)
            .arg(&wit)
            .arg(&out),
        "install Node.js 20",
    )?;
    add_manifest(&out, manifest)
}

/// Builds a plugin in Python.
///
/// # Errors
/// Python cannot be run, or refuses the source.
pub fn build_python(folder: &Path, manifest: &Path) -> Result<Vec<u8>> {
    let (sdk, wit) = write_world(folder)?;
    let venv = sdk.join("venv");
    if !venv.join("bin/componentize-py").is_file() {
        run(
            Command::new("python3").args(["-m", "venv"]).arg(&venv),
            "install Python 3.10 or newer, with venv",
        )?;
        let pip = venv.join("bin/python");
        run(
            Command::new(pip).current_dir(folder).args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "-r",
                "requirements.txt",
            ]),
            "check requirements.txt",
        )?;
    }
    let out = sdk.join("component.wasm");
    let mut componentize = Command::new(venv.join("bin/componentize-py"));
    componentize
        .current_dir(folder)
        .arg("-d")
        .arg(&wit)
        .args([
            "-w",
            "plugin",
            "componentize",
            find_source(folder, "py")?.1,
            "--stub-wasi",
            "-o",
        ])
        .arg(&out);
    run(&mut componentize, "correct what componentize-py reports")?;
    add_manifest(&out, manifest)
}

/// Writes the author's world beside the interface that it imports from. Returns the SDK's folder
/// and the folder of the WIT files.
fn write_world(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let sdk = folder
        .canonicalize()
        .with_context(|| format!("cannot find {}", folder.display()))?
        .join(scaffold::SDK);
    let (wit, deps) = (sdk.join("world"), sdk.join("world/deps/kubephase-plugin"));
    fs::create_dir_all(&deps)?;
    for (path, text) in scaffold::wit() {
        fs::write(deps.join(path), text)?;
    }
    fs::copy(folder.join(WORLD), wit.join(WORLD))
        .with_context(|| format!("cannot read {}", folder.join(WORLD).display()))?;
    Ok((sdk, wit))
}

/// Returns the file of the source, and its name as a module.
fn find_source(folder: &Path, extension: &str) -> Result<(String, &'static str)> {
    let mut files = SOURCES
        .map(|name| (format!("{name}.{extension}"), name))
        .into_iter();
    let found = files.find(|(file, _)| folder.join(file).is_file());
    found.ok_or_else(|| {
        anyhow!(
            "{} has no source file; name it {}.{extension}",
            folder.display(),
            SOURCES.join(&format!(".{extension}, or "))
        )
    })
}

/// Reads a component that a tool wrote, and adds the manifest.
fn add_manifest(component: &Path, manifest: &Path) -> Result<Vec<u8>> {
    let mut bytes = fs::read(component)?;
    toolchain::embed(&mut bytes, manifest, section::MANIFEST).map_err(|why| anyhow!(why))?;
    Ok(bytes)
}

/// Runs a tool and shows its output. `remedy` says what to do if it is missing or fails.
fn run(command: &mut Command, remedy: &str) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output =
        run_tool_shown(command).with_context(|| format!("cannot run {program}; {remedy}"))?;
    if !output.status.success() {
        bail!("{program} failed; its messages are above; {remedy}");
    }
    Ok(())
}
