//! Builds the default plugins as WebAssembly components and embeds them, and with them the SDK's
//! source, for the crates of plugin authors. Sets up what the build needs, or says what is missing.
#![allow(clippy::disallowed_methods, reason = "a build script builds files")]
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

#[path = "src/wasm/section.rs"]
mod section;
#[path = "src/plugin_tools/toolchain.rs"]
mod toolchain;

const PLUGINS: &[&str] = &["preflight", "coredns", "kube-proxy", "rules"];

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("cargo::error=the default plugins could not be built: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let here = PathBuf::from(required("CARGO_MANIFEST_DIR")?);
    let workspace = here
        .parent()
        .ok_or("the host is a member of a workspace")?
        .to_owned();
    let out = PathBuf::from(required("OUT_DIR")?);
    let shared = [
        "plugins/sdk",
        "wit",
        "Cargo.lock",
        "Cargo.toml",
        "host/build.rs",
        "host/src/plugin_tools/toolchain.rs",
        "host/src/wasm/section.rs",
    ]
    .map(str::to_owned);
    for input in PLUGINS
        .iter()
        .map(|name| format!("plugins/{name}"))
        .chain(shared)
    {
        println!(
            "cargo::rerun-if-changed={}",
            workspace.join(input).display()
        );
    }
    println!("cargo::rerun-if-env-changed={}", toolchain::SWITCH);
    println!(
        "cargo::rustc-env=WASMTIME_VERSION={}",
        locked_version(&workspace.join("Cargo.lock"), "wasmtime")?
    );
    let toolchain = toolchain::find(Command::output)?;
    let mut index = String::new();
    for name in PLUGINS {
        let file = toolchain::compile(
            &toolchain,
            &workspace,
            &format!("kubephase-{name}"),
            &out.join("guests"),
            true,
            Command::output,
        )?;
        let component = toolchain::componentise(
            &file,
            &workspace.join("plugins").join(name).join("plugin.yaml"),
            section::MANIFEST,
        )?;
        let target = out.join(format!("{name}.wasm"));
        fs::write(&target, component).map_err(|e| format!("{}: {e}", target.display()))?;
        index += &format!(
            "    EmbeddedPlugin {{ name: {name:?}, bytes: include_bytes!({:?}) }},\n",
            target.display().to_string()
        );
    }
    fs::write(out.join("embedded.rs"), format!("&[\n{index}]\n")).map_err(|e| e.to_string())?;
    fs::write(
        out.join("sdk.rs"),
        format!("&[\n{}]\n", sdk(&workspace, &out)?),
    )
    .map_err(|e| e.to_string())
}

/// Adds every file below a folder of the workspace, by its path from the workspace.
fn add_files(workspace: &Path, folder: &str, files: &mut Vec<String>) -> Result<(), String> {
    let entries = fs::read_dir(workspace.join(folder)).map_err(|e| format!("{folder}: {e}"))?;
    for entry in entries.flatten() {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            add_files(workspace, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Returns the SDK as a workspace of its own: what `plugin new` puts beside a plugin.
fn sdk(workspace: &Path, out: &Path) -> Result<String, String> {
    let mut files = vec!["Cargo.lock".to_owned()];
    for folder in ["wit", "plugins/sdk"] {
        add_files(workspace, folder, &mut files)?;
    }
    files.sort();
    let root = fs::read_to_string(workspace.join("Cargo.toml")).map_err(|e| e.to_string())?;
    let members = |line: &str| {
        if line.starts_with("members = ") {
            r#"members = ["wit", "plugins/sdk"]"#.to_owned()
        } else {
            line.to_owned()
        }
    };
    let root: String = root.lines().map(|line| members(line) + "\n").collect();
    let sdk_root = out.join("sdk-workspace.toml");
    fs::write(&sdk_root, root).map_err(|e| e.to_string())?;
    let mut index = format!(
        "    (\"Cargo.toml\", include_str!({:?})),\n",
        sdk_root.display().to_string()
    );
    for file in files {
        index += &format!(
            "    ({file:?}, include_str!({:?})),\n",
            workspace.join(&file).display().to_string()
        );
    }
    Ok(index)
}

/// Returns the version of a package that this build uses.
fn locked_version(lock: &Path, package: &str) -> Result<String, String> {
    let text = fs::read_to_string(lock).map_err(|e| format!("{}: {e}", lock.display()))?;
    let heading = format!("name = {package:?}\nversion = \"");
    let version = text
        .split_once(&heading)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(version, _)| version.to_owned());
    version.ok_or_else(|| format!("{}: no version of {package}", lock.display()))
}

fn required(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set"))
}
