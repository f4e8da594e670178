//! Carrying out what was asked for: from a request to an exit code.
use super::{
    CliError, Command, Exit, InitRequest, JoinRequest, Place, PlanRequest, RehearseRequest, argv,
    images, kubeconfig, machines, parse, plugin, print, report as past, reset, serve, signals,
    stage::{self, Scratch, Stage, rehearsed},
    token, version,
};
use crate::{
    config::{self, ConfigFile, Problem, Problems, ValidateOptions},
    effect::shared_keys,
    plan::{Refused, show},
    plugin::load::{self, PluginRefused},
    render::messages,
    report::{
        self,
        style::{Painted, Palette},
        summary,
    },
    run::{
        event::RunResult,
        init::{self, Prepared},
        join, output,
    },
    wasm::{compiler, engine::Engine},
    world::{
        World,
        api::Patience,
        node::{
            facts::{self, NodeFacts},
            gather::{self, gather},
        },
        real::Real,
    },
};
use anyhow::{Result, anyhow};
use kubephase_sdk::kubeadm::Config;
use std::{
    ffi::OsString,
    mem::ManuallyDrop,
    path::Path,
    process::{ExitCode, Termination},
    time::Duration,
};

/// The program.
pub fn main() -> ExitCode {
    // A child that compiles a component is this program, too; nothing of the rest is for it.
    if let Some(exit) = compiler::run_child() {
        return exit;
    }
    if let Err(error) = signals::listen() {
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
    let load = || {
        // The program ends with it, and the system takes back at once what would be given back
        // piece by piece.
        let engine = ManuallyDrop::new(Engine::new()?);
        early.iter().for_each(|file| load::preload(file, &engine));
        let (catalog, _) = init::catalog(&engine)?;
        Ok((engine, catalog))
    };
    let (engine, catalog) = match load() {
        Ok(both) => both,
        Err::<_, anyhow::Error>(error) => return print::error(&format!("{error:#}"), Exit::Plugin),
    };
    let command = match parse(argv, &catalog) {
        Ok(command) => command,
        Err(refusal) => return print::refusal(&refusal),
    };
    if let (
        Command::Init(_) | Command::Join(_) | Command::Reset(_) | Command::Rehearse(_),
        Some(warning),
    ) = (&command, engine.warning())
    {
        print::warning(warning);
    }
    // Read already, where the arguments mean the file that they seemed to name.
    let file = |flag: &Option<String>| {
        let named = config::named(flag)?;
        Some(
            early
                .clone()
                .filter(|early| early.path() == named.path())
                .unwrap_or(named),
        )
    };
    let outcome = match command {
        Command::Init(request) => {
            init_command(&request, file(&request.flags.config).as_ref(), &engine)
        }
        Command::Join(request) => {
            join_command(&request, file(&request.flags.config).as_ref(), &engine)
        }
        Command::Reset(request) => reset::run(&request, &engine),
        Command::Plan(request) => plan(&request, file(&request.flags.config).as_ref(), &engine),
        Command::Rehearse(request) => {
            rehearse(&request, file(&request.flags.config).as_ref(), &engine)
        }
        Command::Report(request) => past::run(&request),
        Command::ConfigValidate {
            config,
            allow_deprecated_api,
            ..
        } => validate(&config, allow_deprecated_api),
        Command::ConfigPrint {
            component_configs, ..
        } => config::init_defaults(&component_configs)
            .map(|text| print::out(&text))
            .map_err(Into::into),
        Command::ConfigImages(asked) => images::run(&asked),
        Command::Token(asked) => token::run(&asked),
        Command::Kubeconfig(asked) => kubeconfig::run(&asked),
        Command::CertificateKey => Ok(print::out(&format!("{}\n", shared_keys::random_key()))),
        Command::Plugin(asked) => plugin::run(&asked, &engine),
        Command::Version { format } => Ok(print::out(&version::version(format))),
        Command::Completion { shell } => Ok(print::out(&version::completion(shell, &catalog))),
    };
    outcome.unwrap_or_else(|error| print::error(&format!("{error:#}"), exit_of(&error)))
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
    let warnings = config::validate(
        Some(file),
        ValidateOptions {
            allow_deprecated_api,
        },
        &somewhere(),
    )?;
    warn(&warnings);
    Ok(print::out("ok\n"))
}

/// This machine, with an address where it has none: what a configuration says does not depend on
/// where it is looked at, but for what it leaves to detection.
pub(super) fn somewhere() -> NodeFacts {
    let (node, _) = gather();
    let default_route_interface_address = node
        .default_route_interface_address
        .or(NodeFacts::default().default_route_interface_address);
    NodeFacts {
        default_route_interface_address,
        ..node
    }
}

pub(super) fn warn(warnings: &[Problem]) {
    warnings
        .iter()
        .for_each(|warning| print::warning(&warning.to_string()));
}

/// The node: as it is described, else this machine.
pub(super) fn facts(described: Option<&Path>) -> Result<NodeFacts> {
    let mut facts = match described {
        Some(file) => facts::read(file)?,
        None => gather().0,
    };
    // The proxies come from the environment of this process, even if the node is described by a
    // file.
    facts.environment.extend(gather::proxies());
    Ok(facts)
}

fn plan(request: &PlanRequest, file: Option<&ConfigFile>, engine: &Engine) -> Result<Exit> {
    let facts = facts(request.node.as_deref())?;
    let prepared = init::prepare(file, &request.flags, &facts, None, engine)?;
    Ok(print::out(&show::render(&prepared.plan, request.format)))
}

/// Whether a run on this machine is about this machine.
pub(super) fn real_node(place: &Place, real: bool) -> Result<()> {
    if real && place.node.is_some() {
        return Err(anyhow!(
            "--node describes a machine that is not this one: add --dry-run, or name a scratch \
             tree with --root DIR"
        ));
    }
    Ok(())
}

fn init_command(request: &InitRequest, file: Option<&ConfigFile>, engine: &Engine) -> Result<Exit> {
    let facts = facts(request.place.node.as_deref())?;
    let only = request.phase.as_ref().map(|phase| vec![phase.id.clone()]);
    let mut prepared = init::prepare(file, &request.flags, &facts, only, engine)?;
    let real = !prepared.dry_run && request.place.root.is_none();
    real_node(&request.place, real)?;
    if let Some(phase) = &request.phase {
        phase_flags(&mut prepared, &phase.flags);
    }
    request.out.as_deref().map_or(Ok(()), output::check)?;
    if real {
        let stage = Stage::real(&prepared, facts)?;
        let ran = stage.carry_out(
            &mut prepared,
            request.place.form.output,
            request.verbosity > 0,
        )?;
        return Ok(Exit::from(&ran.finished));
    }
    let scratch = Scratch::new(request.place.root.as_deref(), false)?;
    // A dry run on this very machine sees what the machine has.
    let below =
        (request.place.root.is_none() && request.place.node.is_none()).then_some(Path::new("/"));
    let stage = Stage::rehearsed(&prepared, facts, &scratch, below, 0)?;
    let ran = stage.carry_out(
        &mut prepared,
        request.place.form.output,
        request.verbosity > 0,
    )?;
    if let (Some(out), RunResult::Done) = (&request.out, &ran.finished) {
        let left = output::Left {
            files: stage.world.files(),
            config: &prepared.config,
            sent: &ran.sent,
            made: &ran.made,
            found: &ran.found,
        };
        output::write(out, &left)?
            .iter()
            .for_each(|note| print::warning(note));
    }
    Ok(Exit::from(&ran.finished))
}

fn join_command(request: &JoinRequest, file: Option<&ConfigFile>, engine: &Engine) -> Result<Exit> {
    // While the cluster is found the kubelet tells its version.
    let gathering = gather::begin();
    let only = request.phase.as_ref().map(|phase| vec![phase.id.clone()]);
    let runtime = stage::runtime()?;
    let outside = Real::open(
        runtime.handle(),
        gathering.facts.clone(),
        &Config::default(),
        &Patience::none(),
    )?;
    let say = |line: &str| {
        if request.output == report::Output::Text {
            print::out(&format!("{line}\n"));
        }
    };
    let mut prepared = join::prepare(
        file,
        &request.flags,
        &gathering.facts,
        only,
        engine,
        &outside,
        &say,
    )?;
    if let Some(phase) = &request.phase {
        phase_flags(&mut prepared, &phase.flags);
    }
    let (facts, _) = gathering.finish();
    let (output, debug) = (request.output, request.verbosity > 0);
    let ran = if prepared.dry_run {
        // This machine as it would be, in the cluster as it would be.
        let scratch = Scratch::new(None, false)?;
        Stage::rehearsed(&prepared, facts, &scratch, Some(Path::new("/")), 0)?.carry_out(
            &mut prepared,
            output,
            debug,
        )?
    } else {
        Stage::real(&prepared, facts)?.carry_out(&mut prepared, output, debug)?
    };
    if let (RunResult::Done, None, report::Output::Text) = (&ran.finished, &request.phase, output) {
        print::out(&messages::joined(&prepared.config));
    }
    Ok(Exit::from(&ran.finished))
}

/// Flags that kubeadm has for single phases.
fn phase_flags(prepared: &mut Prepared, flags: &super::PhaseFlags) {
    let config = &mut prepared.config;
    if let Some(directory) = &flags.kubeconfig_dir {
        config.run.kubeconfig_dir.clone_from(directory);
        config.run.kubeconfig = format!("{directory}/admin.conf");
    }
    if let Some(kubeconfig) = &flags.kubeconfig {
        config.run.kubeconfig.clone_from(kubeconfig);
    }
    let cluster = &mut config.cluster;
    for (given, component) in [
        (&flags.apiserver_extra_args, &mut cluster.api_server),
        (
            &flags.controller_manager_extra_args,
            &mut cluster.controller_manager,
        ),
        (&flags.scheduler_extra_args, &mut cluster.scheduler),
    ] {
        component
            .extra_args
            .extend(
                given
                    .iter()
                    .map(|(name, value)| kubephase_sdk::kubeadm::Arg {
                        name: name.clone(),
                        value: value.clone(),
                    }),
            );
    }
}

fn rehearse(request: &RehearseRequest, file: Option<&ConfigFile>, engine: &Engine) -> Result<Exit> {
    let facts = facts(request.place.node.as_deref())?;
    let mut flags = request.flags.clone();
    flags.upload_certs |= request.machines.share();
    let mut prepared = init::prepare(
        file,
        &flags,
        &rehearsed(facts.clone(), &request.place),
        None,
        engine,
    )?;
    let scratch = Scratch::new(request.place.root.as_deref(), true)?;
    let port = request.serve.unwrap_or(0);
    let stage = Stage::rehearsed(
        &prepared,
        rehearsed(facts, &request.place),
        &scratch,
        None,
        port,
    )?;
    let ran = stage.carry_out(
        &mut prepared,
        request.place.form.output,
        request.verbosity > 0,
    )?;
    let cluster = machines::Cluster {
        world: &stage.world,
        prepared: &prepared,
        root: &scratch.path,
        engine,
        handle: stage.runtime.handle(),
        cancel: stage.cancel(),
    };
    let joined = if ran.finished == RunResult::Done {
        cluster.join(request.machines)?
    } else {
        Vec::new()
    };
    if request.place.form.output == report::Output::Text {
        let text = summary::render(&ran.tally, &stage.world.not_checked(), Palette::stdout());
        let kept = format!("\nThe scratch root is kept at {}\n", scratch.path.display());
        print::painted(&Painted::new(&format!(
            "\n{text}{}{kept}",
            machines::told(&joined)
        )));
    }
    if let Some(failed) = joined
        .iter()
        .find(|joined| joined.result != RunResult::Done)
    {
        return Ok(Exit::from(&failed.result));
    }
    if let (Some(_), Some(address), RunResult::Done) =
        (request.serve, stage.world.endpoint(), &ran.finished)
    {
        let folder = serve::kubeconfigs(
            stage.world.files(),
            &prepared.config,
            address,
            &scratch.path,
        )?;
        print::out(&format!(
            "\nThe API server answers at https://{address} until interrupted. Try:\n\n  kubectl \
             --kubeconfig {}/admin.conf get all -A\n\n",
            folder.display()
        ));
        while !stage.cancel().wait(Duration::MAX) {}
    }
    Ok(Exit::from(&ran.finished))
}
