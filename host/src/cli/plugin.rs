//! The commands `kubephase plugin …`: their arguments and their output.
mod add;
mod allow;
mod candidate;
mod entries;
mod known;
mod publish;

use super::{CliError, Exit, print};
use crate::{
    pki::signature::{self, Signer},
    plugin::{consent::Consent, digest::ComponentDigest, inspect, load, source},
    plugin_tools::{
        build,
        scaffold::{self, Kind, Language},
        test,
    },
    text::sanitise,
    wasm::engine::Engine,
};
use anyhow::Result;
use clap::{Args, Subcommand};
use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::Instant,
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
        /// call it on this machine as it is, and keep what it looked at as a capsule; what it
        /// proposes is not carried out
        #[arg(long, value_name = "FILE", conflicts_with = "replay")]
        record: Option<PathBuf>,
        /// for a recording: give it on this machine what it asks for
        #[arg(long, requires = "record")]
        allow: bool,
        #[command(flatten)]
        consent: Consent,
    },
    /// Say in plain words what a plugin is, can do and asks for
    Inspect {
        /// a file, a plugin's folder, or oci://REGISTRY/NAME:TAG
        plugin: String,
        /// whose signature it has to have: a public key, or the file of one
        #[arg(long, value_name = "PUBLIC_KEY")]
        signer: Option<String>,
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
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        expectation: Expectation,
    },
    /// Take a plugin out of a configuration and its lock
    Remove {
        name: String,
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// remove the plugin's directory on this machine as well, so that another plugin may have
        /// its name; the configuration need not name the plugin any more
        #[arg(long)]
        purge: bool,
        /// the scratch tree of rehearsals, where the directory is in one
        #[arg(long, value_name = "DIR", requires = "purge", default_value = "/")]
        root: PathBuf,
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
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        expectation: Expectation,
    },
    /// Make a key pair to sign components with: NAME.key, which is secret, and NAME.pub
    Keygen {
        #[arg(default_value = "kubephase")]
        name: PathBuf,
    },
    /// Sign a component; the signature is left beside it
    Sign {
        /// a file or a plugin's folder
        plugin: PathBuf,
        /// the secret key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Publish a component in a registry, with its signature where it has one
    Push {
        /// a file or a plugin's folder
        plugin: String,
        /// oci://REGISTRY/NAME:TAG
        reference: String,
    },
}

/// What the operator expects of a plugin that is added or allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Expectation {
    /// whose signature it has to have, now and later: a public key, or the file of one
    #[arg(long, value_name = "PUBLIC_KEY")]
    signer: Option<String>,
    /// the component that it has to be, as `plugin inspect` shows it; a plugin of a registry is
    /// allowed only with this, unless its source ends with @sha256:DIGEST
    #[arg(long, value_name = "sha256:DIGEST", value_parser = ComponentDigest::parse)]
    digest: Option<ComponentDigest>,
}

impl Expectation {
    /// The signer that the operator named.
    ///
    /// # Errors
    /// What was given is neither a public key nor the file of one.
    fn signer(&self) -> Result<Option<Signer>> {
        self.signer.as_deref().map(Signer::read).transpose()
    }
}

pub fn run(command: &PluginCommand, engine: &Engine) -> Result<Exit> {
    match command {
        PluginCommand::Add {
            allow: false,
            consent,
            ..
        }
        | PluginCommand::Test {
            allow: false,
            consent,
            ..
        } if *consent != Consent::default() => Err(CliError::usage(
            "--allow-root and --allow-cluster-admin have an effect only with --allow; add --allow",
        )
        .into()),
        PluginCommand::New {
            kind,
            folder,
            language,
        } => new(*kind, *language, folder),
        PluginCommand::Build { folder, out } => {
            let began = Instant::now();
            let (path, plugin) = build::build(folder, out.as_deref(), engine)?;
            let manifest = plugin.manifest();
            print::out(&format!(
                "{} {} in {:.1} s: {}\n",
                manifest.name,
                manifest.version,
                began.elapsed().as_secs_f64(),
                path.display()
            ));
            Ok(Exit::Ok)
        }
        PluginCommand::Test {
            plugin,
            cases,
            show,
            replay,
            record,
            allow,
            consent,
        } => {
            let component = load::open(&wanted(&plugin.display().to_string(), None), engine)?;
            match (replay, record) {
                (Some(capsule), _) => Ok(told(&test::replay(&component, capsule)?, true)),
                (_, Some(capsule)) => Ok(told(
                    &test::record(&component, capsule, allow.then_some(*consent))?,
                    true,
                )),
                _ => {
                    let beside = if plugin.is_dir() {
                        plugin.as_path()
                    } else {
                        plugin.parent().unwrap_or(Path::new(""))
                    };
                    let outcomes = test::cases(
                        &component,
                        cases.as_deref().unwrap_or(&beside.join("cases")),
                    )?;
                    Ok(told(&outcomes, *show))
                }
            }
        }
        PluginCommand::Inspect { plugin, signer } => inspected(plugin, signer.as_deref(), engine),
        PluginCommand::Add {
            source,
            config,
            allow,
            consent,
            expectation,
        } => add::add(
            source,
            config,
            allow.then_some(*consent),
            expectation,
            engine,
        ),
        PluginCommand::Remove {
            name,
            config,
            purge,
            root,
        } => entries::remove(name, config, purge.then_some(root)),
        PluginCommand::List { config } => {
            entries::states(config, engine).map(|(text, _)| print::out(&text))
        }
        PluginCommand::Verify { config } => {
            let (text, well) = entries::states(config, engine)?;
            print::out(&text);
            Ok(if well { Exit::Ok } else { Exit::Plugin })
        }
        PluginCommand::Allow {
            name,
            config,
            consent,
            expectation,
        } => allow::allow(name, config, *consent, expectation, engine),
        PluginCommand::Keygen { name } => publish::keygen(name),
        PluginCommand::Sign { plugin, key } => publish::sign(plugin, key, engine),
        PluginCommand::Push { plugin, reference } => publish::push(plugin, reference, engine),
    }
}

fn new(kind: Kind, language: Language, folder: &Path) -> Result<Exit> {
    scaffold::scaffold(kind, language, folder)?;
    let at = folder.display();
    Ok(print::out(&format!(
        "{at} is a plugin. Next:\n\n  kubephase plugin build {at}\n  kubephase plugin test {at}\n  \
         kubephase plugin add {at} --config CLUSTER.yaml\n"
    )))
}

/// From where the command was typed; only a signer that was named is asked for.
fn wanted<'a>(source: &'a str, signer: Option<&'a Signer>) -> load::Wanted<'a> {
    load::Wanted {
        source,
        beside: Path::new(""),
        pinned: None,
        signer,
        command: None,
    }
}

fn inspected(from: &str, signer: Option<&str>, engine: &Engine) -> Result<Exit> {
    let signer = signer.map(Signer::read).transpose()?;
    let wanted = wanted(from, signer.as_ref());
    let component = load::fetch(&wanted)?.bytes;
    let signed = match (&signer, source::signature(from, Path::new(""), &component)?) {
        (Some(signer), _) => format!("signed by {signer}"),
        (None, Some(signature)) => format!(
            "signed by {}, as its signature says; `--signer PUBLIC_KEY` looks whether that is so",
            signature::key_id(&signature).unwrap_or_else(|| "an unknown key".into())
        ),
        (None, None) => "not signed".into(),
    };
    let size = component.len();
    let plugin = load::read_uncompiled(&wanted, component, engine)?;
    Ok(print::out(&inspect::render(&plugin, size, &signed)))
}

fn told(outcomes: &[test::Outcome], show: bool) -> Exit {
    let mut text = String::new();
    for outcome in outcomes {
        let mark = if outcome.differences.is_empty() {
            "ok  "
        } else {
            "FAIL"
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{mark} {} ({})",
            sanitise::line(&outcome.name),
            outcome.path.display()
        );
        let told = outcome
            .told
            .iter()
            .filter(|_| show || !outcome.differences.is_empty());
        for line in told.chain(&outcome.differences) {
            let _ = writeln!(
                text,
                "       {}",
                sanitise::block(line).replace('\n', "\n       ")
            );
        }
    }
    let failed = outcomes
        .iter()
        .filter(|outcome| !outcome.differences.is_empty())
        .count();
    let _ = writeln!(text, "{} passed, {failed} failed", outcomes.len() - failed);
    print::out(&text);
    if failed == 0 { Exit::Ok } else { Exit::Error }
}
