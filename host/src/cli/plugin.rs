//! `kubephase plugin …`: what is asked for, and what is told of it.
use super::{Exit, print};
use crate::{
    config,
    plugin::{
        build, entry, inspect,
        load::{self, PluginRefused},
        lock::{self, Lock},
        registry,
        scaffold::{self, Kind, Language},
        source, test,
    },
    report::sanitise,
    wasm::{engine::Engine, plugin::Plugin},
};
use anyhow::{Context, Result, anyhow, bail};
use clap::Subcommand;
use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum PluginCommand {
    /// Write the folder of a new plugin, ready to build and test
    New {
        kind: Kind,
        /// the folder to make; its name is the plugin's
        folder: PathBuf,
        #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
        language: Language,
    },
    /// Make a component of a plugin's folder
    Build {
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// where to leave it [default: NAME.wasm in the folder]
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Run a component over cases: a described node, and what is to come of it
    Test {
        /// a plugin's folder, or a component
        #[arg(default_value = ".")]
        plugin: PathBuf,
        /// the folder of cases [default: cases beside the component]
        #[arg(long, value_name = "DIR")]
        cases: Option<PathBuf>,
        /// show what it says, finds and proposes
        #[arg(long)]
        show: bool,
        /// run what a capsule holds instead: a call that was recorded, with all it looked at
        #[arg(long, value_name = "FILE")]
        replay: Option<PathBuf>,
        /// run it on this machine as it is, and keep what it looked at as a capsule
        #[arg(long, value_name = "FILE", conflicts_with = "replay")]
        record: Option<PathBuf>,
    },
    /// Say in plain words what a plugin is, can do and asks for
    Inspect {
        /// a file, a plugin's folder, or oci://REGISTRY/NAME:TAG
        plugin: String,
    },
    /// Name a plugin in a configuration, compile it and lock what it is
    Add {
        /// a file, a plugin's folder, or oci://REGISTRY/NAME:TAG
        source: String,
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// allow what it asks for as well
        #[arg(long)]
        allow: bool,
    },
    /// Take a plugin out of a configuration and its lock
    Remove {
        name: String,
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// The plugins of a configuration
    List {
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Whether every plugin of a configuration is what was locked, and may do what it asks for
    Verify {
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Allow a plugin what it asks for now, and show what that changes
    Allow {
        name: String,
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Publish a component in a registry
    Push {
        /// a file or a plugin's folder
        plugin: String,
        /// oci://REGISTRY/NAME:TAG
        reference: String,
    },
}

pub fn run(command: &PluginCommand, engine: &Engine) -> Result<Exit> {
    match command {
        PluginCommand::New { kind, folder, language } => new(*kind, *language, folder),
        PluginCommand::Build { folder, out } => {
            let began = Instant::now();
            let (path, plugin) = build::build(folder, out.as_deref(), engine)?;
            let manifest = plugin.manifest();
            print::out(&format!("{} {} in {:.1} s: {}\n", manifest.name, manifest.version, began.elapsed().as_secs_f64(), path.display()));
            Ok(Exit::Ok)
        }
        PluginCommand::Test { plugin, cases, show, replay, record } => {
            let component = loaded(&plugin.display().to_string(), engine)?.0;
            match (replay, record) {
                (Some(capsule), _) => Ok(told(&test::replay(&component, capsule)?, true)),
                (_, Some(capsule)) => Ok(told(&test::record(&component, capsule)?, true)),
                _ => {
                    let beside = if plugin.is_dir() { plugin.as_path() } else { plugin.parent().unwrap_or(Path::new("")) };
                    let outcomes = test::cases(&component, cases.as_deref().unwrap_or(&beside.join("cases")))?;
                    Ok(told(&outcomes, *show))
                }
            }
        }
        PluginCommand::Inspect { plugin } => {
            let (plugin, size, took) = loaded(plugin, engine)?;
            Ok(print::out(&inspect::render(&plugin, size, took)))
        }
        PluginCommand::Add { source, config, allow } => add(source, config, *allow, engine),
        PluginCommand::Remove { name, config } => {
            entry::remove(config, name)?;
            let mut lock = Lock::beside(config)?;
            lock.remove(name);
            lock.write()?;
            Ok(print::out(&format!("{name} is no longer part of {}\n", config.display())))
        }
        PluginCommand::List { config } => states(config, engine).map(|(text, _)| print::out(&text)),
        PluginCommand::Verify { config } => {
            let (text, well) = states(config, engine)?;
            print::out(&text);
            Ok(if well { Exit::Ok } else { Exit::Plugin })
        }
        PluginCommand::Allow { name, config } => allow(name, config, engine),
        PluginCommand::Push { plugin, reference } => {
            let reference = reference.strip_prefix("oci://").ok_or_else(|| anyhow!("{reference}: write oci://REGISTRY/NAME:TAG"))?;
            let fetched = source::fetch(plugin, Path::new(""), None)?;
            engine.load(&fetched.bytes)?;
            let digest = registry::push(reference, fetched.bytes)?;
            Ok(print::out(&format!("oci://{reference} is {digest}\n")))
        }
    }
}

fn new(kind: Kind, language: Language, folder: &Path) -> Result<Exit> {
    scaffold::scaffold(kind, language, folder)?;
    let at = folder.display();
    Ok(print::out(&format!(
        "{at} is a plugin. Next:\n\n  kubephase plugin build {at}\n  kubephase plugin test {at}\n  kubephase plugin add {at} --config CLUSTER.yaml\n"
    )))
}

/// A plugin from a source, its size, and how long it took to make it ready.
fn loaded(from: &str, engine: &Engine) -> Result<(Plugin, usize, Duration)> {
    let fetched = source::fetch(from, Path::new(""), None)?;
    let load = || engine.load(&fetched.bytes).map_err(|why| PluginRefused::new(&format!("{from}: {why:#}")));
    // Compiled once, outside of what is measured.
    load()?.prepare()?;
    let began = Instant::now();
    let plugin = load()?;
    plugin.prepare()?;
    Ok((plugin, fetched.bytes.len(), began.elapsed()))
}

fn told(outcomes: &[test::Outcome], show: bool) -> Exit {
    let mut text = String::new();
    for outcome in outcomes {
        let mark = if outcome.differences.is_empty() { "ok  " } else { "FAIL" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{mark} {} ({})", outcome.name, outcome.path.display());
        let told = outcome.told.iter().filter(|_| show || !outcome.differences.is_empty());
        for line in told.chain(&outcome.differences) {
            let _ = writeln!(text, "       {}", sanitise::block(line).replace('\n', "\n       "));
        }
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
    let _ = writeln!(text, "{} passed, {failed} failed", outcomes.len() - failed);
    print::out(&text);
    if failed == 0 { Exit::Ok } else { Exit::Error }
}

fn add(from: &str, config: &Path, allow: bool, engine: &Engine) -> Result<Exit> {
    let beside = config.parent().unwrap_or(Path::new(""));
    // The configuration names a file from its own folder, wherever the command was typed.
    let source = if from.contains("://") { from.to_owned() } else { relative(from, beside)? };
    let fetched = source::fetch(&source, beside, None)?;
    let plugin = engine.load(&fetched.bytes).map_err(|why| PluginRefused::new(&format!("{from}: {why:#}")))?;
    plugin.prepare()?;
    let name = &plugin.manifest().name;
    let replaces: Vec<String> = plugin.manifest().provides.iter().flat_map(|row| row.replaces.clone()).collect();
    entry::add(config, name, &source, &replaces)?;
    let mut lock = Lock::beside(config)?;
    let before = lock.get(name).map(|locked| locked.granted.clone()).unwrap_or_default();
    let granted = if allow { lock::asked(&plugin) } else { before.clone() };
    lock.set(&plugin, &source, fetched.digest, granted.clone());
    lock.write()?;
    let mut text = format!("{name} {} is part of {}, locked in {}\n", plugin.manifest().version, config.display(), lock::FILE);
    let _ = replaces.iter().try_for_each(|phase| writeln!(text, "It stands in for {phase}."));
    match lock::difference(&plugin, &granted).0.is_empty() {
        true if granted.is_empty() => text += "It asks for nothing that has to be allowed.\n",
        true => text += &format!("It may:\n{}", inspect::change(&plugin, &[])),
        false => {
            let change = inspect::change(&plugin, &before);
            text += &format!(
                "It asks for what it is not allowed yet:\n{change}Allow it with:\n\n  kubephase plugin allow {name} --config {}\n",
                config.display()
            );
        }
    }
    Ok(print::out(&text))
}

fn relative(path: &str, beside: &Path) -> Result<String> {
    let absolute = Path::new(path).canonicalize().with_context(|| format!("cannot find {path}"))?;
    let beside = if beside.as_os_str().is_empty() { Path::new(".") } else { beside }.canonicalize()?;
    let shown = absolute.strip_prefix(&beside).map_or_else(|_| absolute.display().to_string(), |below| format!("./{}", below.display()));
    Ok(shown)
}

fn allow(name: &str, config: &Path, engine: &Engine) -> Result<Exit> {
    let phases = config::phases_of(config)?;
    let Some(entry) = phases.plugins.iter().find(|entry| entry.name == name) else {
        bail!("{} names no plugin {name}; add it with `kubephase plugin add`", config.display());
    };
    let fetched = source::fetch(&entry.source, config.parent().unwrap_or(Path::new("")), None)?;
    let plugin = engine.load(&fetched.bytes).map_err(|why| PluginRefused::new(&format!("{}: {why:#}", entry.source)))?;
    plugin.prepare()?;
    let mut lock = Lock::beside(config)?;
    let before = lock.get(name).map(|locked| locked.granted.clone()).unwrap_or_default();
    let change = inspect::change(&plugin, &before);
    lock.set(&plugin, &entry.source, fetched.digest, lock::asked(&plugin));
    lock.write()?;
    Ok(print::out(&match change.as_str() {
        "" => format!("{name} {} is locked; what it may do has not changed\n", plugin.manifest().version),
        change => format!("{name} {} is locked; what it may do has changed:\n{change}", plugin.manifest().version),
    }))
}

/// Every plugin of a configuration, a line each, and whether all of them are well.
fn states(config: &Path, engine: &Engine) -> Result<(String, bool)> {
    let phases = config::phases_of(config)?;
    let lock = Lock::beside(config)?;
    let (mut text, mut well) = (String::new(), true);
    for entry in &phases.plugins {
        let state = match load::one(entry, config, &lock, engine) {
            Ok(loaded) => {
                let manifest = loaded.plugin.manifest();
                let phases: Vec<&str> = manifest.provides.iter().map(|row| row.id.as_str()).collect();
                format!("{} sha256:{} {}", manifest.version, &loaded.plugin.digest()[..12], phases.join(", "))
            }
            Err(why) => {
                well = false;
                format!("refused: {}", sanitise::block(&format!("{why:#}")).replace('\n', "\n    "))
            }
        };
        let _ = writeln!(text, "{:<20} {} {state}", entry.name, entry.source);
    }
    if phases.plugins.is_empty() {
        let _ = writeln!(text, "{} names no plugins", config.display());
    }
    Ok((text, well))
}
