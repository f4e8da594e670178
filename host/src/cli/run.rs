//! Carries out a command: from the arguments to an exit code.
use super::{
    Command, Exit, WorkflowRequest, argv, bundle, certs, config, diff, kubeconfig, parse,
    phase::PhaseCommands, plan, plugin, print, rehearse, report, token, tree, upgrade, version,
    workflow,
};
use crate::{
    config::{
        ConfigFile, MachineFolder, Problems, config_file, phase_configuration_of, read_own_version,
    },
    plan::catalog::Catalog,
    plugin::{load, refused::PluginRefused},
    program::Program,
    run::{
        prepare::{Distribution, WorldOfRun},
        signals::{self, Reaction},
    },
    wasm::{compiler, engine::Engine},
    workflow::builtin_catalog,
    world::real,
};
use anyhow::{Context, Error, Result};
use kubephase_wit::Failure;
use std::{
    borrow::Cow,
    ffi::OsString,
    mem::ManuallyDrop,
    path::Path,
    process::{ExitCode, Termination},
};

/// The reaction to signals: they end the run. If there is no run, they end the process with this
/// exit code.
const REACTION: Reaction = Reaction {
    say: print::hint,
    exit_code: Exit::Interrupted as i32,
};

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    main_in(|world| world)
}

/// Runs the program as [`main`] does, with another world for its runs.
pub fn main_in(world_of_run: WorldOfRun) -> ExitCode {
    // A child process that compiles a component is this program too, but does nothing else.
    if let Some(exit) = compiler::run_child() {
        return exit;
    }
    let ended = signals::listen(REACTION).context("signals cannot be handled");
    ended
        .and_then(|()| run(std::env::args_os(), world_of_run))
        .unwrap_or_else(|error| print::error(&error))
        .report()
}

/// Carries out one command line.
fn run(argv: impl IntoIterator<Item = OsString>, world_of_run: WorldOfRun) -> Result<Exit> {
    // Files get the modes that this program names, not those of the shell's umask.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let argv: Vec<OsString> = argv.into_iter().collect();
    if let Some(root) = argv::root(&argv) {
        real::enter_root(&root).map_err(Failure::into_error)?;
    }
    let machine = argv::machine_folder(&argv);
    read_own_version(&machine)?;
    let early =
        argv::config(&argv).and_then(|path| ConfigFile::find(Some(&path), &machine).ok().flatten());
    // The engine lives until the program ends. The system then takes the memory back at once, which
    // is faster than freeing it piece by piece.
    let engine = ManuallyDrop::new(Engine::new().map_err(refuse_plugins)?);
    if let Some(file) = &early {
        load::preload(file, &engine);
    }
    let distribution = Distribution {
        world_of_run,
        ..Distribution::new(&engine, builtin_catalog()).map_err(refuse_plugins)?
    };
    let commands = catalog_of_commands(&argv, early.as_ref(), &distribution);
    let command = parse(argv, &commands)?;
    if let (Command::Workflow(_) | Command::Rehearse(_), Some(warning)) =
        (&command, engine.warning())
    {
        print::warning(warning);
    }
    let dispatch = Dispatch {
        early: early.as_ref(),
        machine,
        distribution: &distribution,
    };
    dispatch.run(command)
}

/// Returns the catalog that has a command for each phase: where the arguments name a single phase,
/// also those of the configuration's plugins, which the run then uses. The run says why a plugin
/// cannot be loaded.
fn catalog_of_commands<'a>(
    argv: &[OsString],
    file: Option<&ConfigFile>,
    distribution: &'a Distribution<'_>,
) -> Cow<'a, Catalog> {
    let phases = file
        .filter(|_| PhaseCommands::named_in(argv) == PhaseCommands::All)
        .and_then(|file| {
            let phases = file.documents().and_then(phase_configuration_of);
            phases.ok().map(|phases| (file, phases.plugins))
        });
    let Some((file, entries)) = phases else {
        return Cow::Borrowed(&distribution.catalog);
    };
    let (mut catalog, mut plugins) = (distribution.catalog.clone(), load::Plugins::new());
    let early = &distribution.early;
    let loader = load::Loader {
        engine: distribution.engine,
        early,
        unlocked: None,
    };
    let result = loader.load_plugins(&entries, Some(file), &mut catalog, &mut plugins);
    // Without a failure, each name has one entry.
    for entry in entries.into_iter().filter(|_| result.is_ok()) {
        if let Some(loaded) = plugins.remove(&entry.name) {
            let file = load::file_of(&entry, file.operator_file()).to_owned();
            early.keep(entry, &file, loaded);
        }
    }
    Cow::Owned(catalog)
}

/// Returns every command with its flags, for completions and man pages.
///
/// # Errors
/// The phases of the embedded plugins cannot be read.
pub fn command_tree() -> Result<clap::Command> {
    let engine = ManuallyDrop::new(Engine::new()?);
    let distribution = Distribution::new(&engine, builtin_catalog())?;
    Ok(tree::root(&distribution.catalog, PhaseCommands::All))
}

/// Classifies an error of the engine or of the embedded plugins: no plugin can be used.
fn refuse_plugins(error: Error) -> PluginRefused {
    PluginRefused::new(format!("{error:#}"))
}

/// Carries out commands. It has the values that all of them share.
struct Dispatch<'a> {
    /// the configuration file that the arguments seemed to name, which may be read already
    early: Option<&'a ConfigFile>,
    machine: MachineFolder,
    distribution: &'a Distribution<'a>,
}

impl Dispatch<'_> {
    /// Returns the file of `--config`, merged with the machine's own files.
    fn file(&self, flag: Option<&str>) -> Result<Option<ConfigFile>, Problems> {
        let early = self
            .early
            .filter(|early| early.operator_file() == flag.map(Path::new));
        match early {
            Some(early) => Ok(Some(early.clone())),
            None => config_file(flag, &self.machine),
        }
    }

    fn run(&self, command: Command) -> Result<Exit> {
        let distribution = self.distribution;
        match command {
            Command::Workflow(request) => self.run_workflow(&request),
            Command::Plan(request) => {
                let file = self.file(request.run.config().map(String::as_str))?;
                plan::run(&request, file.as_ref(), distribution)
            }
            Command::Rehearse(request) => {
                let file = self.file(request.flags.config.as_deref())?;
                rehearse::run(&request, file.as_ref(), distribution)
            }
            Command::Report(request) => report::run(&request),
            Command::Config(request) => config::run(&request, &self.machine, distribution),
            Command::Token(request) => token::run(&request, &self.machine),
            Command::Kubeconfig(request) => kubeconfig::run(&request, &self.machine),
            Command::Certs(command) => certs::run(&command, &self.machine),
            Command::Diff(request) => {
                let file = self.file(request.config.as_deref())?;
                diff::run(&request, file.as_ref(), distribution)
            }
            Command::Upgrade(command) => upgrade::run(&command, &self.machine),
            Command::Plugin(request) => plugin::run(&request, distribution),
            Command::Bundle(command) => bundle::run(&command, &self.machine, distribution),
            Command::Version { format } => {
                Ok(print::text(&version::version(Program::current(), format)))
            }
            Command::Completion { shell } => Ok(print_completion(shell, &distribution.catalog)),
        }
    }

    fn run_workflow(&self, request: &WorkflowRequest) -> Result<Exit> {
        let file = self.file(request.config().map(String::as_str))?;
        workflow::run(request, file.as_ref(), self.distribution)
    }
}

fn print_completion(shell: clap_complete::Shell, catalog: &Catalog) -> Exit {
    print::text(&version::completion(shell, catalog))
}
