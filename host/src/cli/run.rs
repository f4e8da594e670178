//! Carrying out what was asked for: from a request to an exit code.
use super::{
    CliError, Command, Exit, WorkflowRequest, argv, images, kubeconfig, local_node, parse, plan,
    plugin, print, rehearse, report as past, token, version, workflow,
};
use crate::{
    config::{self, ConfigFile, Problems, ValidateOptions},
    effect::shared_keys,
    plan::{Refused, catalog::Catalog},
    plugin::{load, refused::PluginRefused},
    run::{
        prepare::Distribution,
        signals::{self, Reaction},
    },
    wasm::{compiler, engine::Engine},
    workflow::builtin_catalog,
};
use anyhow::Result;
use std::{
    ffi::OsString,
    mem::ManuallyDrop,
    path::Path,
    process::{ExitCode, Termination},
};

/// Signals end a run, or else the process with the exit code for that.
const REACTION: Reaction = Reaction {
    say: print::hint,
    exit_code: Exit::Interrupted as i32,
};

/// The program.
pub fn main() -> ExitCode {
    // A child that compiles a component is this program, too; nothing of the rest is for it.
    if let Some(exit) = compiler::run_child() {
        return exit;
    }
    if let Err(error) = signals::listen(REACTION) {
        return print::error(&format!("signals cannot be handled: {error}"), Exit::Error).report();
    }
    // Modes are what they are said to be, whatever the shell prefers.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    run(std::env::args_os()).report()
}

/// Carries out one command line.
fn run(argv: impl IntoIterator<Item = OsString>) -> Exit {
    let argv: Vec<OsString> = argv.into_iter().collect();
    let early = argv::config(&argv);
    // The engine lives until the program ends. The system then takes the memory back at once, which
    // is faster than freeing it piece by piece.
    let engine = match Engine::new() {
        Ok(engine) => ManuallyDrop::new(engine),
        Err(error) => return print::error(&format!("{error:#}"), Exit::Plugin),
    };
    if let Some(file) = &early {
        load::preload(file, &engine);
    }
    let distribution = match Distribution::new(&engine, builtin_catalog()) {
        Ok(distribution) => distribution,
        Err(error) => return print::error(&format!("{error:#}"), Exit::Plugin),
    };
    let command = match parse(argv, &distribution.catalog) {
        Ok(command) => command,
        Err(refusal) => return print::refusal(&refusal),
    };
    if let (Command::Workflow(_) | Command::Rehearse(_), Some(warning)) =
        (&command, engine.warning())
    {
        print::warning(warning);
    }
    let dispatch = Dispatch {
        early: early.as_ref(),
        distribution: &distribution,
    };
    dispatch
        .run(command)
        .unwrap_or_else(|error| print::error(&format!("{error:#}"), exit_of(&error)))
}

/// What the commands of one process share.
struct Dispatch<'a> {
    /// the configuration file that the arguments seemed to name, which may be read already
    early: Option<&'a ConfigFile>,
    distribution: &'a Distribution<'a>,
}

impl Dispatch<'_> {
    /// Returns the file of `--config`.
    fn file(&self, flag: Option<&String>) -> Option<ConfigFile> {
        let named = config::config_file(&flag.cloned())?;
        let early = self.early.filter(|early| early.path() == named.path());
        Some(early.cloned().unwrap_or(named))
    }

    fn run(&self, command: Command) -> Result<Exit> {
        let distribution = self.distribution;
        match command {
            Command::Workflow(request) => self.run_workflow(&request),
            Command::Plan(request) => {
                let file = self.file(request.flags.config.as_ref());
                plan::run(&request, file.as_ref(), distribution)
            }
            Command::Rehearse(request) => {
                let file = self.file(request.flags.config.as_ref());
                rehearse::run(&request, file.as_ref(), distribution)
            }
            Command::Report(request) => past::run(&request),
            Command::ConfigValidate {
                config,
                allow_deprecated_api,
            } => validate(&config, allow_deprecated_api),
            Command::ConfigPrint { component_configs } => {
                Ok(print::out(&config::init_defaults(&component_configs)?))
            }
            Command::ConfigImages(request) => images::run(&request),
            Command::Token(request) => token::run(&request),
            Command::Kubeconfig(request) => kubeconfig::run(&request),
            Command::CertificateKey => {
                let key = shared_keys::random_key();
                Ok(print::out(&format!("{}\n", key.reveal())))
            }
            Command::Plugin(request) => plugin::run(&request, distribution.engine),
            Command::Version { format } => Ok(print::out(&version::version(format))),
            Command::Completion { shell } => Ok(print_completion(shell, &distribution.catalog)),
        }
    }

    fn run_workflow(&self, request: &WorkflowRequest) -> Result<Exit> {
        let file = self.file(request.config());
        workflow::run(request, file.as_ref(), self.distribution)
    }
}

fn print_completion(shell: clap_complete::Shell, catalog: &Catalog) -> Exit {
    print::out(&version::completion(shell, catalog))
}

/// Returns the exit code of an error.
fn exit_of(error: &anyhow::Error) -> Exit {
    if let Some(Refused(errors)) = error.downcast_ref() {
        return errors.first().map_or(Exit::Usage, Exit::from);
    }
    if error.is::<Problems>() {
        return Exit::Config;
    }
    if error.is::<PluginRefused>() {
        return Exit::Plugin;
    }
    error
        .downcast_ref::<CliError>()
        .map_or(Exit::Error, |refusal| refusal.exit)
}

fn validate(file: &Path, allow_deprecated_api: bool) -> Result<Exit> {
    let options = ValidateOptions {
        allow_deprecated_api,
    };
    let warnings = config::validate(Some(file), options, &local_node::facts_for_reading())?;
    local_node::warn(&warnings);
    Ok(print::out("ok\n"))
}
