//! From a crate to a component: the toolchain that has std for the target, cargo, `wit-component`,
//! and the manifest as a custom section. The build script includes this file as it is, for the
//! default plugins are built as anyone's.
#![allow(
    clippy::disallowed_methods,
    reason = "what is built are files of whoever builds"
)]
use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use wasm_encoder::{CustomSection, Section};

/// Runs a tool to its end and returns what it printed: the program ends its tools with itself, a
/// build script does not.
pub type Run = fn(&mut Command) -> io::Result<Output>;

/// Chooses the toolchain of the guests: `own` or `debian`.
pub const SWITCH: &str = "KUBEPHASE_GUEST_TOOLCHAIN";
const DEBIAN: &str = "rustc-web, cargo-web, rust-web-src and lld";
const TARGET: &str = "wasm32-unknown-unknown";

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

/// How guests are compiled on this machine.
pub enum Toolchain {
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

/// What this machine has, made complete where rustup can.
///
/// # Errors
/// What is missing and how to get it.
pub fn find(run: Run) -> Result<Toolchain, String> {
    let debian =
        || Path::new("/usr/bin/cargo").exists() && Path::new("/usr/lib/rustlib/src").exists();
    match env::var(SWITCH).as_deref() {
        Ok("debian") if debian() => return Ok(Toolchain::Debian),
        Ok("debian") => {
            return Err(format!(
                "{SWITCH}=debian, but {DEBIAN} are not all installed"
            ));
        }
        Ok("own") => return Ok(Toolchain::Own),
        Ok(other) => return Err(format!("{SWITCH}={other}: known are own and debian")),
        Err(_) => {}
    }
    if has_std(run) {
        return Ok(Toolchain::Own);
    }
    let added = run(Command::new("rustup").args(["target", "add", TARGET]))
        .is_ok_and(|output| output.status.success());
    if added && has_std(run) {
        return Ok(Toolchain::Own);
    }
    if debian() {
        return Ok(Toolchain::Debian);
    }
    Err(format!(
        "std for {TARGET} is missing and rustup could not fetch it; run `rustup target add \
         {TARGET}`, or install Debian's packages {DEBIAN}"
    ))
}

fn has_std(run: Run) -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let printed = run(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]));
    printed.is_ok_and(|output| {
        output.status.success()
            && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}

/// Compiles the library of a crate; the file its core module is in. `locked` asks for the crate's
/// lock file as it is.
///
/// # Errors
/// What cargo said.
pub fn compile(
    toolchain: &Toolchain,
    folder: &Path,
    package: &str,
    target_dir: &Path,
    locked: bool,
    run: Run,
) -> Result<PathBuf, String> {
    let own = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = match toolchain {
        Toolchain::Own => Command::new(own),
        Toolchain::Debian => Command::new("/usr/bin/cargo"),
    };
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if INHERITED.contains(&text.as_ref())
            || text.starts_with("CARGO_PROFILE_")
            || text.starts_with("CARGO_TARGET_")
        {
            cargo.env_remove(name);
        }
    }
    // Small; names are kept, for the backtrace of a guest that traps.
    for (name, value) in [
        ("OPT_LEVEL", "s"),
        ("LTO", "fat"),
        ("CODEGEN_UNITS", "1"),
        ("PANIC", "abort"),
        ("STRIP", "debuginfo"),
    ] {
        cargo.env(format!("CARGO_PROFILE_RELEASE_{name}"), value);
    }
    // `rustc`, not `build`: a library that is an rlib as well gets no optimisation at link time.
    cargo.current_dir(folder).args([
        "rustc",
        "--release",
        "--lib",
        "--crate-type",
        "cdylib",
        "--target",
        TARGET,
    ]);
    cargo
        .args(locked.then_some("--locked"))
        .arg("--target-dir")
        .arg(target_dir)
        .args(["-p", package]);
    if matches!(toolchain, Toolchain::Debian) {
        cargo
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", "/usr/bin/rustc")
            .args(["-Z", "build-std=std,panic_abort"]);
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld");
    }
    let output = run(&mut cargo).map_err(|e| format!("cannot run cargo: {e}"))?;
    if !output.status.success() {
        return Err(format!(
            "{package}, with {toolchain}:\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(target_dir
        .join(TARGET)
        .join("release")
        .join(format!("{}.wasm", package.replace('-', "_"))))
}

/// Puts a manifest into a component, as a custom section of this name.
///
/// # Errors
/// Where the manifest cannot be read.
pub fn embed(component: &mut Vec<u8>, manifest: &Path, section: &str) -> Result<(), String> {
    let manifest = fs::read(manifest).map_err(|e| format!("{}: {e}", manifest.display()))?;
    CustomSection {
        name: section.into(),
        data: manifest.into(),
    }
    .append_to(component);
    Ok(())
}

/// A component of a core module, with its manifest in a custom section of this name.
///
/// # Errors
/// Why the module is no phase, or a file could not be read.
pub fn componentise(module: &Path, manifest: &Path, section: &str) -> Result<Vec<u8>, String> {
    let core = fs::read(module).map_err(|e| format!("{}: {e}", module.display()))?;
    let encoded = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&core)
        .and_then(|mut encoder| encoder.encode());
    let mut component = encoded.map_err(|e| format!("{}: {e:#}", module.display()))?;
    embed(&mut component, manifest, section)?;
    Ok(component)
}
