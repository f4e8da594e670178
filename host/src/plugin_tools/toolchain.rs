//! Builds a component from a crate: finds a toolchain that has std for WebAssembly, calls cargo and
//! `wit-component`, and adds the manifest as a custom section. `build.rs` includes this file,
//! because the embedded plugins are built as third-party plugins are.
#![allow(
    clippy::disallowed_methods,
    reason = "the files belong to the user who builds"
)]
use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use wasm_encoder::{CustomSection, Section};

/// A function that runs a tool to its end and returns its output. The program kills its tools when
/// it ends; a build script does not.
pub type Run = fn(&mut Command) -> io::Result<Output>;

/// The environment variable that chooses the toolchain: `own` or `debian`.
pub const SWITCH: &str = "KUBEPHASE_GUEST_TOOLCHAIN";
/// Debian's packages for the toolchain.
const DEBIAN: &str = "rustc-web, cargo-web, rust-web-src and lld";
/// The target of the compiler.
const TARGET: &str = "wasm32-unknown-unknown";

/// Variables of a surrounding build that would change how guests are built.
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

/// A toolchain that compiles guests on this machine.
pub enum Toolchain {
    /// the toolchain of this environment, which has std for the target
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

/// Finds a toolchain. Lets rustup add std for the target if it is missing.
///
/// # Errors
/// A part of the toolchain is missing; the message says how to get it.
pub fn find(run: Run) -> Result<Toolchain, String> {
    match env::var(SWITCH).as_deref() {
        Ok("debian") if has_debian_packages() => return Ok(Toolchain::Debian),
        Ok("debian") => {
            return Err(format!(
                "{SWITCH}=debian, but a package is missing; install {DEBIAN}"
            ));
        }
        Ok("own") => return Ok(Toolchain::Own),
        Ok(other) => {
            return Err(format!(
                "{SWITCH}={other} is not valid; write own or debian"
            ));
        }
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
    if has_debian_packages() {
        return Ok(Toolchain::Debian);
    }
    Err(format!(
        "rustup could not fetch what is missing: {}",
        missing_std()
    ))
}

/// Returns the message, with a remedy, that no toolchain has std for the target.
pub fn missing_std() -> String {
    format!(
        "std for {TARGET} is missing; run `rustup target add {TARGET}`, or install Debian's \
         packages {DEBIAN}"
    )
}

/// Whether Debian's cargo and sources of the standard library are installed.
pub fn has_debian_packages() -> bool {
    Path::new("/usr/bin/cargo").exists() && Path::new("/usr/lib/rustlib/src").exists()
}

/// Whether the toolchain of this environment has std for the target.
pub fn has_std(run: Run) -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let printed = run(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]));
    printed.is_ok_and(|output| {
        output.status.success()
            && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}

/// Returns the cargo of a toolchain, without variables of a surrounding build.
fn cargo_command(toolchain: &Toolchain) -> Command {
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
    cargo
}

/// Compiles the library of a crate. Returns the file of its core module. With `locked`, cargo does
/// not change the crate's lock file.
///
/// # Errors
/// cargo cannot be run or fails; the message has its output.
pub fn compile(
    toolchain: &Toolchain,
    folder: &Path,
    package: &str,
    target_dir: &Path,
    locked: bool,
    run: Run,
) -> Result<PathBuf, String> {
    let mut cargo = cargo_command(toolchain);
    // The code has to be small. It keeps the names of functions, for the backtrace of a guest that
    // traps.
    for (name, value) in [
        ("OPT_LEVEL", "s"),
        ("LTO", "fat"),
        ("CODEGEN_UNITS", "1"),
        ("PANIC", "abort"),
        ("STRIP", "debuginfo"),
    ] {
        cargo.env(format!("CARGO_PROFILE_RELEASE_{name}"), value);
    }
    // `rustc`, not `build`: a library that is also an rlib gets no optimisation at link time.
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
        let printed = String::from_utf8_lossy(&output.stderr);
        return Err(match printed.as_ref() {
            // The output was shown while cargo ran.
            "" => format!("cannot compile {package} with {toolchain}; cargo says why"),
            printed => format!("cannot compile {package} with {toolchain}:\n{printed}"),
        });
    }
    Ok(target_dir
        .join(TARGET)
        .join("release")
        .join(format!("{}.wasm", package.replace('-', "_"))))
}

/// Adds a manifest to a component, as a custom section of this name.
///
/// # Errors
/// The manifest cannot be read.
pub fn embed(component: &mut Vec<u8>, manifest: &Path, section: &str) -> Result<(), String> {
    let manifest = fs::read(manifest).map_err(|e| format!("{}: {e}", manifest.display()))?;
    CustomSection {
        name: section.into(),
        data: manifest.into(),
    }
    .append_to(component);
    Ok(())
}

/// Makes a component of a core module, with its manifest in a custom section of this name.
///
/// # Errors
/// The module is not a phase, or a file cannot be read.
pub fn componentise(module: &Path, manifest: &Path, section: &str) -> Result<Vec<u8>, String> {
    let core = fs::read(module).map_err(|e| format!("{}: {e}", module.display()))?;
    let encoded = encode(&core);
    let mut component = encoded.map_err(|why| format!("{}: {why}", module.display()))?;
    embed(&mut component, manifest, section)?;
    Ok(component)
}

/// Makes a component of the bytes of a core module.
///
/// # Errors
/// The module was not made for a world of the component model.
pub fn encode(module: &[u8]) -> Result<Vec<u8>, String> {
    let encoded = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| format!("{error:#}"))
}
