//! Plugins in JavaScript and Python: their own tools make the component, of which every capability
//! of the author's world is an import, called or not.
#![allow(clippy::disallowed_methods, reason = "the folder is the author's")]
use crate::{
    plugin_tools::{scaffold, toolchain},
    wasm::section,
    world::real::child::run_tool,
};
use anyhow::{Context, Result, anyhow, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What a plugin's source is called, without its extension: by what it is.
const SOURCES: [&str; 3] = ["check", "addon", "phase"];
/// The author's world, in the plugin's folder.
const WORLD: &str = "world.wit";
const COMPONENTIZE_JS: &str = include_str!("templates/js/build.mjs");

/// # Errors
/// Where npm or node cannot be run, or refuse the source.
pub fn javascript(folder: &Path, manifest: &Path) -> Result<Vec<u8>> {
    let (sdk, wit) = world(folder)?;
    // Installed once for each package.json; what an install left half done is no use.
    let (wanted, installed) = (
        fs::read(folder.join("package.json"))?,
        sdk.join("installed.json"),
    );
    if fs::read(&installed).ok().as_ref() != Some(&wanted) || !folder.join("node_modules").is_dir()
    {
        // Over a tree that is there, npm takes out what componentize-js needs and does not name.
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
            .arg(source(folder, "js")?.0)
            .arg(&wit)
            .arg(&out),
        "install Node.js 20",
    )?;
    finish(&out, manifest)
}

/// # Errors
/// Where Python cannot be run, or refuses the source.
pub fn python(folder: &Path, manifest: &Path) -> Result<Vec<u8>> {
    let (sdk, wit) = world(folder)?;
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
            "look at requirements.txt",
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
            source(folder, "py")?.1,
            "--stub-wasi",
            "-o",
        ])
        .arg(&out);
    run(&mut componentize, "mend what componentize-py says")?;
    finish(&out, manifest)
}

/// The author's world beside the interface it is made of: the SDK's folder, and that of the WIT.
fn world(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let sdk = folder.canonicalize()?.join(scaffold::SDK);
    let (wit, deps) = (sdk.join("world"), sdk.join("world/deps/kubephase-plugin"));
    fs::create_dir_all(&deps)?;
    for (path, text) in scaffold::wit() {
        fs::write(deps.join(path), text)?;
    }
    fs::copy(folder.join(WORLD), wit.join(WORLD))
        .with_context(|| format!("cannot read {}", folder.join(WORLD).display()))?;
    Ok((sdk, wit))
}

/// The file of the source, and the same as a module.
fn source(folder: &Path, extension: &str) -> Result<(String, &'static str)> {
    let mut files = SOURCES
        .map(|name| (format!("{name}.{extension}"), name))
        .into_iter();
    let found = files.find(|(file, _)| folder.join(file).is_file());
    found.ok_or_else(|| {
        anyhow!(
            "{} has no source: its file is called {}.{extension}",
            folder.display(),
            SOURCES.join(&format!(".{extension}, "))
        )
    })
}

fn finish(component: &Path, manifest: &Path) -> Result<Vec<u8>> {
    let mut bytes = fs::read(component)?;
    toolchain::embed(&mut bytes, manifest, section::MANIFEST).map_err(|why| anyhow!(why))?;
    Ok(bytes)
}

fn run(command: &mut Command, remedy: &str) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = run_tool(command).with_context(|| format!("cannot run {program}; {remedy}"))?;
    if !output.status.success() {
        bail!(
            "{program} failed; {remedy}:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
