//! Writes the files of a package that follow from the commands: man pages, and completions for
//! bash, zsh, fish and Nushell. `package_files FOLDER` writes them as they lie below `/usr/share`.
//! Started under the name `kubeadm`, it writes those of that name.
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
    let script = |path: String| Script {
        path: folder.join(path),
        command: command.clone(),
    };
    script(format!("bash-completion/completions/{name}")).write(Shell::Bash)?;
    script(format!("zsh/vendor-completions/_{name}")).write(Shell::Zsh)?;
    script(format!("fish/vendor_completions.d/{name}.fish")).write(Shell::Fish)?;
    script(format!("nushell/vendor/autoload/{name}.nu")).write(Nushell)?;
    let pages = folder.join("man/man1");
    fs::create_dir_all(&pages)?;
    clap_mangen::generate_to(command, &pages)
        .with_context(|| format!("cannot write man pages to {}", pages.display()))
}

/// A script that completes the commands.
struct Script {
    path: PathBuf,
    command: clap::Command,
}

impl Script {
    fn write(mut self, shell: impl Generator) -> Result<()> {
        let mut script = Vec::new();
        let name = self.command.get_name().to_owned();
        generate(shell, &mut self.command, name, &mut script);
        let folder = self.path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(folder)?;
        fs::write(&self.path, script)
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}
