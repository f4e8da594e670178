//! `plugin doctor`: whether this machine has what `plugin build` needs for a language.
#![allow(
    clippy::disallowed_methods,
    reason = "the tools are those of the author's machine"
)]
use super::{
    scaffold::Language,
    toolchain::{self, Toolchain},
};
use crate::world::real::child::run_tool;
use std::{env, process::Command};

/// The result of looking for a tool.
pub struct ToolCheck {
    pub tool: &'static str,
    /// the version that was found; otherwise what to do
    pub found: Result<String, String>,
}

/// A version: major and minor.
type Version = (u64, u64);
/// The oldest Rust that compiles the SDK.
const OLDEST_RUST: Version = (1, 95);

/// Looks for every tool of a language. Installs nothing.
pub fn check(language: Language) -> Vec<ToolCheck> {
    match language {
        Language::Rust => {
            let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
            let rust = "install Rust with rustup (https://rustup.rs)";
            vec![
                look_for("cargo", &cargo, &["--version"], OLDEST_RUST, rust),
                ToolCheck {
                    tool: "std for WebAssembly",
                    found: find_toolchain().map(|toolchain| format!("of {toolchain}")),
                },
            ]
        }
        Language::Js => vec![
            look_for(
                "node",
                "node",
                &["--version"],
                (20, 0),
                "install Node.js 20 or newer",
            ),
            look_for(
                "npm",
                "npm",
                &["--version"],
                (9, 0),
                "install npm, which comes with Node.js",
            ),
        ],
        Language::Python => vec![
            look_for(
                "python3",
                "python3",
                &["--version"],
                (3, 10),
                "install Python 3.10 or newer",
            ),
            look_for(
                "venv",
                "python3",
                &["-c", "import ensurepip, venv; print(ensurepip.version())"],
                (0, 0),
                "install venv: on Debian the package python3-venv",
            ),
        ],
    }
}

/// Finds a toolchain like [`toolchain::find`], without installing anything.
fn find_toolchain() -> Result<Toolchain, String> {
    if env::var_os(toolchain::SWITCH).is_some() {
        toolchain::find(run_tool)
    } else if toolchain::has_std(run_tool) {
        Ok(Toolchain::Own)
    } else if toolchain::has_debian_packages() {
        Ok(Toolchain::Debian)
    } else {
        Err(toolchain::missing_std())
    }
}

/// Runs a program that prints its version.
fn look_for(
    tool: &'static str,
    program: &str,
    arguments: &[&str],
    oldest: Version,
    remedy: &str,
) -> ToolCheck {
    let output = run_tool(Command::new(program).args(arguments));
    let printed = output
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let found = match printed {
        None => Err(format!("{program} cannot be run; {remedy}")),
        Some(printed) => match version_in(&printed) {
            Some(version) if version < oldest => Err(format!("{printed} is too old; {remedy}")),
            _ => Ok(printed),
        },
    };
    ToolCheck { tool, found }
}

/// Returns the first version in a text, as in `v20.11.0` or `cargo 1.95.0 (…)`.
fn version_in(text: &str) -> Option<Version> {
    text.split_whitespace().find_map(|word| {
        let mut parts = word.trim_start_matches('v').split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        Some((major, minor))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_print() {
        for (printed, version) in [
            ("v20.11.0", Some((20, 11))),
            ("Python 3.9.2", Some((3, 9))),
            ("cargo 1.95.0 (f2d3ce0bd 2026-03-21)", Some((1, 95))),
            ("23.0.1", Some((23, 0))),
            ("unknown", None),
        ] {
            assert_eq!(version_in(printed), version, "{printed}");
        }
    }

    #[test]
    fn a_tool_that_is_missing_or_old_comes_with_its_remedy() {
        let missing = look_for("a", "/nonexistent/tool", &[], (0, 0), "install a");
        assert!(
            missing
                .found
                .unwrap_err()
                .ends_with("cannot be run; install a")
        );
        let old = look_for("a", "echo", &["v1.2.3"], (1, 3), "install a newer a");
        assert_eq!(
            old.found.unwrap_err(),
            "v1.2.3 is too old; install a newer a"
        );
        let fine = look_for("a", "echo", &["v1.3.0"], (1, 3), "");
        assert_eq!(fine.found.unwrap(), "v1.3.0");
    }
}
