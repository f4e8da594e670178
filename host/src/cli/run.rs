//! Carries out a command: from the arguments to an exit code.
use super::{
    Command, Exit, WorkflowRequest, argv, certs, images, kubeconfig, local_node, parse, plan,
    plugin, print, rehearse, report, token, version, workflow,
};
use crate::{
    config::{self, ConfigFile, ValidateOptions},
    plan::catalog::Catalog,
    plugin::{load, refused::PluginRefused},
    run::{
        prepare::Distribution,
        signals::{self, Reaction},
    },
    wasm::{compiler, engine::Engine},
    workflow::builtin_catalog,
};
use anyhow::{Context, Error, Result};
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

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    // A child process that compiles a component is this program too, but does nothing else.
    if let Some(exit) = compiler::run_child() {
        return exit;
    }
    let ended = signals::listen(REACTION).context("signals cannot be handled");
    ended
        .and_then(|()| run(std::env::args_os()))
        .unwrap_or_else(|error| print::error(&error))
        .report()
}

/// Carries out one command line.
fn run(argv: impl IntoIterator<Item = OsString>) -> Result<Exit> {
    // Files get the modes that this program names, whatever the shell prefers.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let argv: Vec<OsString> = argv.into_iter().collect();
    let early = argv::config(&argv);
    // The engine lives until the program ends. The system then takes the memory back at once, which
    // is faster than freeing it piece by piece.
    let engine = ManuallyDrop::new(Engine::new().map_err(refuse_plugins)?);
    if let Some(file) = &early {
        load::preload(file, &engine);
    }
    let distribution = Distribution::new(&engine, builtin_catalog()).map_err(refuse_plugins)?;
    let command = parse(argv, &distribution.catalog)?;
    if let (Command::Workflow(_) | Command::Rehearse(_), Some(warning)) =
        (&command, engine.warning())
    {
        print::warning(warning);
    }
    let dispatch = Dispatch {
        early: early.as_ref(),
        distribution: &distribution,
    };
    dispatch.run(command)
}

/// Classifies an error of the engine or of the embedded plugins: no plugin can be used.
fn refuse_plugins(error: Error) -> PluginRefused {
    PluginRefused::new(format!("{error:#}"))
}

/// Carries out commands, with what all of them share.
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
            Command::Report(request) => report::run(&request),
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
            Command::Certs(command) => certs::run(&command),
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

fn validate(file: &Path, allow_deprecated_api: bool) -> Result<Exit> {
    let options = ValidateOptions {
        allow_deprecated_api,
    };
    let warnings = config::validate(Some(file), options, &local_node::facts_for_reading())?;
    local_node::warn(&warnings);
    Ok(print::out("ok\n"))
}
