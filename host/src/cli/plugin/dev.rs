//! `plugin dev`: builds, tests and rehearses a plugin, again after each change of its folder.
#![allow(
    clippy::disallowed_methods,
    reason = "the trees of these rehearsals are the program's own"
)]
use super::{DevFlags, describe_built, test::print_outcomes};
use crate::{
    cli::{Exit, print},
    plugin_tools::{build, test, watch::FolderWatch},
    program,
    wasm::{cache, engine::Engine},
    world::real::child::run_tool_printing,
};
use anyhow::{Context, Result, anyhow};
use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

/// Builds, tests and rehearses the plugin. Without `--once`, it does so again after each change,
/// until the process is interrupted.
///
/// # Errors
/// The folder cannot be watched. With `--once`, also the reason why the plugin cannot be built or
/// tested.
pub fn run(flags: &DevFlags, engine: &Engine) -> Result<Exit> {
    if flags.once {
        return run_once(flags, engine);
    }
    let files: Vec<&Path> = flags
        .config
        .iter()
        .chain(&flags.node)
        .map(|path| &**path)
        .collect();
    let mut watch = FolderWatch::begin(&flags.folder, &files)?;
    loop {
        // The author corrects what is wrong and saves again.
        if let Err(error) = run_once(flags, engine) {
            print::error(&error);
        }
        print::hint(&format!(
            "Waiting for a change in {}; Ctrl-C ends this.",
            flags.folder.display()
        ));
        let changed = watch.wait()?;
        print::hint(&format!("{} changed.", changed.display()));
    }
}

fn run_once(flags: &DevFlags, engine: &Engine) -> Result<Exit> {
    let began = Instant::now();
    let built = build::build(&flags.folder, None, engine)?;
    print::text(&describe_built(&built, began.elapsed()));
    let cases = flags.folder.join("cases");
    if cases.is_dir() {
        let exit = print_outcomes(&test::run_cases(&built.plugin, &cases)?, false);
        if exit != Exit::Ok {
            return Ok(exit);
        }
    }
    rehearse(flags, &built.plugin.manifest().name)
}

/// Rehearses with the component of the folder, in a process of its own and in a new tree. The tree
/// stays until the next rehearsal of the plugin.
fn rehearse(flags: &DevFlags, name: &str) -> Result<Exit> {
    let mut rehearsal = Command::new(program::path()?);
    rehearsal.args(["rehearse", "--dev"]).arg(&flags.folder);
    for (flag, path) in [("--config", &flags.config), ("--node", &flags.node)] {
        if let Some(path) = path {
            rehearsal.arg(flag).arg(path);
        }
    }
    if let Some(trees) = cache::sibling_directory("rehearsals") {
        let tree = trees.join(name);
        make_empty(&tree).with_context(|| format!("cannot make {}", tree.display()))?;
        rehearsal.arg("--root").arg(tree);
    }
    let output = run_tool_printing(&mut rehearsal, Stdio::inherit());
    let status = output.context("cannot run the rehearsal")?.status;
    let mut exits = Exit::TABLE.into_iter().map(|(exit, _)| exit);
    exits
        .find(|exit| status.code() == Some(exit.code().into()))
        .ok_or_else(|| anyhow!("the rehearsal was ended: {status}"))
}

/// Makes an empty directory that only this user can read. If the directory exists, it is replaced.
fn make_empty(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}
