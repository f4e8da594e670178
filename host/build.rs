//! Builds the default plugins as WebAssembly components and embeds them: a nested cargo for the core modules, then
//! `wit-component`, then the manifest as a custom section. Sets up what the build needs, or says what is missing.
#![allow(clippy::disallowed_methods, reason = "a build script builds files")]
use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};
use wasm_encoder::{CustomSection, Section};

const PLUGINS: &[&str] = &["preflight", "coredns", "kube-proxy"];
/// Chooses the toolchain of the guests: `own` or `debian`.
const SWITCH: &str = "KUBEPHASE_GUEST_TOOLCHAIN";
const DEBIAN: &str = "rustc-web, cargo-web, rust-web-src and lld";
const TARGET: &str = "wasm32-unknown-unknown";
/// The section a manifest is in; read by `wasm/manifest.rs`.
const MANIFEST: &str = "kubephase:manifest";

/// Of the build around this one, what would change how guests are built.
const INHERITED: &[&str] = &[
    "RUSTC",
    "RUSTDOC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_INCREMENTAL",
    "RUST_TARGET_PATH",
    "TARGET",
    "HOST",
];

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
    let workspace = here.parent().ok_or("the host is a member of a workspace")?.to_owned();
    let out = PathBuf::from(required("OUT_DIR")?);
    let shared = ["plugins/sdk", "wit", "Cargo.lock", "Cargo.toml", "host/build.rs"].map(str::to_owned);
    for input in PLUGINS.iter().map(|name| format!("plugins/{name}")).chain(shared) {
        println!("cargo::rerun-if-changed={}", workspace.join(input).display());
    }
    println!("cargo::rerun-if-env-changed={SWITCH}");
    println!("cargo::rustc-env=WASMTIME_VERSION={}", locked_version(&workspace.join("Cargo.lock"), "wasmtime")?);
    let toolchain = toolchain()?;
    let mut index = String::new();
    for name in PLUGINS {
        let file = compile(&toolchain, &workspace, &out.join("guests"), name)?;
        let component = componentise(&file, &workspace.join("plugins").join(name).join("plugin.yaml"))?;
        let target = out.join(format!("{name}.wasm"));
        fs::write(&target, component).map_err(|e| format!("{}: {e}", target.display()))?;
        index += &format!("    Embedded {{ name: {name:?}, bytes: include_bytes!({:?}) }},\n", target.display().to_string());
    }
    fs::write(out.join("embedded.rs"), format!("&[\n{index}]\n")).map_err(|e| e.to_string())
}

/// The version of a package that this build uses.
fn locked_version(lock: &Path, package: &str) -> Result<String, String> {
    let text = fs::read_to_string(lock).map_err(|e| format!("{}: {e}", lock.display()))?;
    let heading = format!("name = {package:?}\nversion = \"");
    let version = text.split_once(&heading).and_then(|(_, rest)| rest.split_once('"')).map(|(version, _)| version.to_owned());
    version.ok_or_else(|| format!("{}: no version of {package}", lock.display()))
}

fn required(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set"))
}

/// How guests are compiled on this machine.
enum Toolchain {
    /// the toolchain at work, which has std for the target
    Own,
    /// Debian's compiler, which comes with the source of std
    Debian,
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Toolchain::Own => "rustup's toolchain",
            Toolchain::Debian => "Debian's toolchain",
        })
    }
}

fn toolchain() -> Result<Toolchain, String> {
    let debian = || Path::new("/usr/bin/cargo").exists() && Path::new("/usr/lib/rustlib/src").exists();
    match env::var(SWITCH).as_deref() {
        Ok("debian") if debian() => return Ok(Toolchain::Debian),
        Ok("debian") => return Err(format!("{SWITCH}=debian, but {DEBIAN} are not all installed")),
        Ok("own") => return Ok(Toolchain::Own),
        Ok(other) => return Err(format!("{SWITCH}={other}: known are own and debian")),
        Err(_) => {}
    }
    if has_std() {
        return Ok(Toolchain::Own);
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).output().is_ok_and(|output| output.status.success());
    if added && has_std() {
        return Ok(Toolchain::Own);
    }
    if debian() {
        return Ok(Toolchain::Debian);
    }
    Err(format!(
        "std for {TARGET} is missing and rustup could not fetch it; run `rustup target add {TARGET}`, or install Debian's packages {DEBIAN}"
    ))
}

fn has_std() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let printed = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    printed.is_ok_and(|output| output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

/// Compiles one guest; the file its core module is in. The target directory is not the outer cargo's, which holds a lock
/// on its own.
fn compile(toolchain: &Toolchain, workspace: &Path, target_dir: &Path, name: &str) -> Result<PathBuf, String> {
    let mut cargo = match toolchain {
        Toolchain::Own => Command::new(required("CARGO")?),
        Toolchain::Debian => Command::new("/usr/bin/cargo"),
    };
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if INHERITED.contains(&text.as_ref()) || text.starts_with("CARGO_PROFILE_") || text.starts_with("CARGO_TARGET_") {
            cargo.env_remove(name);
        }
    }
    // Small; names are kept, for the backtrace of a guest that traps.
    for (name, value) in [("OPT_LEVEL", "s"), ("LTO", "fat"), ("CODEGEN_UNITS", "1"), ("PANIC", "abort"), ("STRIP", "debuginfo")] {
        cargo.env(format!("CARGO_PROFILE_RELEASE_{name}"), value);
    }
    // `rustc`, not `build`: a library that is an rlib as well gets no optimisation at link time.
    cargo.current_dir(workspace).args(["rustc", "--locked", "--release", "--lib", "--crate-type", "cdylib", "--target", TARGET]);
    cargo.arg("--target-dir").arg(target_dir).arg("-p").arg(format!("kubephase-{name}"));
    if matches!(toolchain, Toolchain::Debian) {
        cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", "/usr/bin/rustc").args(["-Z", "build-std=std,panic_abort"]);
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld");
    }
    let output = cargo.output().map_err(|e| format!("cannot run cargo: {e}"))?;
    if !output.status.success() {
        return Err(format!("{name}, with {toolchain}:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(target_dir.join(TARGET).join("release").join(format!("kubephase_{}.wasm", name.replace('-', "_"))))
}

/// A component of a core module, with its manifest.
fn componentise(module: &Path, manifest: &Path) -> Result<Vec<u8>, String> {
    let core = fs::read(module).map_err(|e| format!("{}: {e}", module.display()))?;
    let encoded = wit_component::ComponentEncoder::default().validate(true).module(&core).and_then(|mut encoder| encoder.encode());
    let mut component = encoded.map_err(|e| format!("{}: {e:#}", module.display()))?;
    let manifest = fs::read(manifest).map_err(|e| format!("{}: {e}", manifest.display()))?;
    CustomSection { name: MANIFEST.into(), data: manifest.into() }.append_to(&mut component);
    Ok(component)
}
