//! Writes the files of a package that follow from the commands: man pages, and completions for bash,
//! zsh, fish and Nushell. `package_files FOLDER` writes them as they lie below `/usr/share`. Started
//! under the name `kubeadm`, it writes those of that name.
#![allow(
    clippy::disallowed_methods,
    reason = "the files of a package are not those of a node"
)]
use anyhow::{Context, Result};
use clap_complete::{Generator, Shell, generate};
use clap_complete_nushell::Nushell;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<()> {
    let folder: PathBuf = std::env::args_os()
        .nth(1)
        .context("name the folder to write to: package_files FOLDER")?
        .into();
    let command = kubephase::cli::command_tree()?;
    let name = command.get_name().to_owned();
    let completions = |shell: &dyn CompletionScript, path: String| {
        write(&folder.join(path), &shell.script(command.clone(), &name))
    };
    completions(&Shell::Bash, format!("bash-completion/completions/{name}"))?;
    completions(&Shell::Zsh, format!("zsh/vendor-completions/_{name}"))?;
    completions(
        &Shell::Fish,
        format!("fish/vendor_completions.d/{name}.fish"),
    )?;
    completions(&Nushell, format!("nushell/vendor/autoload/{name}.nu"))?;
    let pages = folder.join("man/man1");
    fs::create_dir_all(&pages)?;
    clap_mangen::generate_to(command, &pages)
        .with_context(|| format!("cannot write man pages to {}", pages.display()))
}

/// A shell for which a script can be written.
trait CompletionScript {
    fn script(&self, command: clap::Command, name: &str) -> Vec<u8>;
}

impl<G: Generator + Clone> CompletionScript for G {
    fn script(&self, mut command: clap::Command, name: &str) -> Vec<u8> {
        let mut script = Vec::new();
        generate(self.clone(), &mut command, name, &mut script);
        script
    }
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)?;
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}
