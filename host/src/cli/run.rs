//! Carrying out what was asked for: from a request to an exit code.
#![allow(clippy::disallowed_methods, reason = "scratch trees and results are the operator's, not the node's")]
use super::{CliError, Command, Exit, InitRequest, Place, PlanRequest, RehearseRequest, parse, print, version};
use crate::{
    config::{self, InitFlags, Problem, Problems, ValidateOptions},
    journal::{Header, Journal, RunLock},
    plan::{Refused, show},
    report::{self, style::Palette, summary},
    run::{
        event::{RunResult, Subscriber},
        executor::Finished,
        init::{self, PluginRefused, Prepared},
        output,
        secrets::Revealing,
        state,
    },
    wasm::engine::Engine,
    world::{
        World,
        node::{facts::NodeFacts, gather::gather},
        rehearsal::{Rehearsal, Setting},
    },
};
use anyhow::{Context, Result, anyhow};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{ExitCode, Termination},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::runtime::Runtime;

/// The program.
pub fn main() -> ExitCode {
    // Modes are what they are said to be, whatever the shell prefers.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    run(std::env::args_os()).report()
}

/// Carries out one command line.
fn run(argv: impl IntoIterator<Item = OsString>) -> Exit {
    let (engine, catalog) = match Engine::new().and_then(|engine| init::catalog(&engine).map(|(catalog, _)| (engine, catalog))) {
        Ok(both) => both,
        Err(error) => return print::error(&format!("{error:#}"), Exit::Plugin),
    };
    let command = match parse(argv, &catalog) {
        Ok(command) => command,
        Err(refusal) => return print::refusal(&refusal),
    };
    let outcome = match command {
        Command::Init(request) => init_command(&request, &engine),
        Command::Plan(request) => plan(&request, &engine),
        Command::Rehearse(request) => rehearse(&request, &engine),
        Command::ConfigValidate { config, allow_deprecated_api, .. } => validate(&config, allow_deprecated_api),
        Command::ConfigPrint { component_configs, .. } => {
            config::init_defaults(&component_configs).map(|text| print::out(&text)).map_err(Into::into)
        }
        Command::Version { format } => Ok(print::out(&version::version(format))),
        Command::Completion { shell } => Ok(print::out(&version::completion(shell, &catalog))),
    };
    outcome.unwrap_or_else(|error| print::error(&format!("{error:#}"), exit_of(&error)))
}

/// What an error means for whoever called the program.
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
    error.downcast_ref::<CliError>().map_or(Exit::Error, |refusal| refusal.exit)
}

fn validate(file: &Path, allow_deprecated_api: bool) -> Result<Exit> {
    // Whether a configuration is right does not depend on where it is looked at, but for what it leaves to detection.
    let (node, _) = gather();
    let node = NodeFacts {
        default_route_interface_address: node.default_route_interface_address.or(NodeFacts::default().default_route_interface_address),
        ..node
    };
    let warnings = config::validate(Some(file), ValidateOptions { allow_deprecated_api }, &node)?;
    warn(&warnings);
    Ok(print::out("ok\n"))
}

fn warn(warnings: &[Problem]) {
    warnings.iter().for_each(|warning| print::warning(&warning.to_string()));
}

/// The node: as it is described, else this machine.
fn facts(described: Option<&Path>) -> Result<NodeFacts> {
    let mut facts = match described {
        Some(file) => NodeFacts::read(file)?,
        None => gather().0,
    };
    // What programs would be told is told by the shell here, whatever the node is.
    let proxies = std::env::vars().filter(|(name, _)| name.to_lowercase().ends_with("_proxy"));
    facts.environment.extend(proxies);
    Ok(facts)
}

fn plan(request: &PlanRequest, engine: &Engine) -> Result<Exit> {
    let facts = facts(request.node.as_deref())?;
    let prepared = init::prepare(file(&request.flags), &request.flags, &facts, None, engine)?;
    Ok(print::out(&show::render(&prepared.plan, request.format)))
}

fn file(flags: &InitFlags) -> Option<&Path> {
    flags.config.as_deref().filter(|path| !path.is_empty()).map(Path::new)
}

fn init_command(request: &InitRequest, engine: &Engine) -> Result<Exit> {
    if !request.flags.dry_run && request.place.root.is_none() {
        return Err(anyhow!(
            "this version initialises a control plane in rehearsal only: add --dry-run, or name a scratch tree with --root DIR, or see `kubephase rehearse`"
        ));
    }
    let facts = facts(request.place.node.as_deref())?;
    let only = request.phase.as_ref().map(|phase| vec![phase.id.clone()]);
    let mut prepared = init::prepare(file(&request.flags), &request.flags, &facts, only, engine)?;
    if let Some(phase) = &request.phase {
        phase_flags(&mut prepared, &phase.flags);
    }
    let scratch = Scratch::new(request.place.root.as_deref(), false)?;
    // A dry run on this very machine sees what the machine has.
    let below = (request.place.root.is_none() && request.place.node.is_none()).then_some(Path::new("/"));
    let ran = Ran::new(&mut prepared, facts, &scratch, below, &request.place, 0, request.verbosity > 0)?;
    if let (Some(out), RunResult::Done) = (&request.out, &ran.finished) {
        output::write(out, ran.world.files(), &prepared.config, &ran.sent, &ran.made)?;
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
        (&flags.controller_manager_extra_args, &mut cluster.controller_manager),
        (&flags.scheduler_extra_args, &mut cluster.scheduler),
    ] {
        component
            .extra_args
            .extend(given.iter().map(|(name, value)| kubephase_sdk::kubeadm::Arg { name: name.clone(), value: value.clone() }));
    }
}

fn rehearse(request: &RehearseRequest, engine: &Engine) -> Result<Exit> {
    let facts = facts(request.place.node.as_deref())?;
    let mut prepared = init::prepare(file(&request.flags), &request.flags, &rehearsed(facts.clone(), request), None, engine)?;
    let scratch = Scratch::new(request.place.root.as_deref(), true)?;
    let port = request.serve.unwrap_or(0);
    let ran = Ran::new(&mut prepared, rehearsed(facts, request), &scratch, None, &request.place, port, request.verbosity > 0)?;
    if request.place.output == report::Output::Text {
        let text = summary::render(&ran.tally, &prepared.plan, &ran.world.not_checked(), Palette::stdout());
        print::out(&format!("\n{text}\nThe scratch root is kept at {}\n", scratch.path.display()));
    }
    if let (Some(_), Some(address), RunResult::Done) = (request.serve, ran.world.endpoint(), &ran.finished) {
        let folder = serve::kubeconfigs(ran.world.files(), &prepared.config, address, &scratch.path)?;
        print::out(&format!(
            "\nThe API server answers at https://{address} until interrupted. Try:\n\n  kubectl --kubeconfig {}/admin.conf get all -A\n\n",
            folder.display()
        ));
        ran.runtime.block_on(tokio::signal::ctrl_c())?;
        ran.world.save()?;
    }
    Ok(Exit::from(&ran.finished))
}

/// Without a description, a rehearsal is of a machine that is fit to be a control plane, under this one's name and
/// addresses: a newcomer's laptop need not have a kubelet.
fn rehearsed(facts: NodeFacts, request: &RehearseRequest) -> NodeFacts {
    if request.place.node.is_some() {
        return facts;
    }
    NodeFacts {
        hostname: facts.hostname,
        default_route_interface_address: facts.default_route_interface_address.or(NodeFacts::default().default_route_interface_address),
        addresses: facts.addresses,
        ca_directories: facts.ca_directories,
        environment: facts.environment,
        ..NodeFacts::default()
    }
}

/// A scratch tree: the operator's own, or one of ours, which is kept or goes with the run.
struct Scratch {
    path: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Scratch {
    fn new(given: Option<&Path>, keep: bool) -> Result<Scratch> {
        if let Some(path) = given {
            std::fs::create_dir_all(path).with_context(|| format!("cannot make the scratch root {}", path.display()))?;
            return Ok(Scratch { path: path.to_owned(), _temporary: None });
        }
        let temporary = tempfile::Builder::new().prefix("kubephase-").tempdir().context("cannot make a scratch root")?;
        if keep {
            return Ok(Scratch { path: temporary.keep(), _temporary: None });
        }
        Ok(Scratch { path: temporary.path().to_owned(), _temporary: Some(temporary) })
    }
}

/// A run that was carried out, and the world it left.
struct Ran {
    finished: RunResult,
    sent: Vec<crate::effect::Sent>,
    made: std::collections::BTreeSet<String>,
    tally: report::tally::Tally,
    world: Arc<Rehearsal>,
    runtime: Runtime,
}

impl Ran {
    fn new(
        prepared: &mut Prepared,
        facts: NodeFacts,
        scratch: &Scratch,
        below: Option<&Path>,
        place: &Place,
        port: u16,
        debug: bool,
    ) -> Result<Ran> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let budget = prepared.config.init.timeouts.as_ref().and_then(|timeouts| timeouts.kubernetes_api_call).unwrap_or_default().as_secs();
        let setting = Setting {
            root: &scratch.path,
            below,
            facts,
            kubeconfig: &prepared.config.run.kubeconfig,
            budget: Duration::from_secs(u64::try_from(budget).unwrap_or(0)),
            port,
        };
        let directory = scratch.path.join(state::DIRECTORY.trim_start_matches('/'));
        let _lock = RunLock::acquire(&directory, "init")?;
        let world = Arc::new(Rehearsal::open(runtime.handle(), setting)?);
        let began = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
        let journal = Journal::begin(&directory, &Header::new(began))
            .with_context(|| format!("cannot begin a journal in {}", directory.display()))?;
        let cancelled = Arc::new(AtomicBool::new(false));
        let flag = cancelled.clone();
        runtime.spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                flag.store(true, Ordering::Relaxed);
            }
        });
        let mut keeper = None;
        let written = journal.clone();
        let ran = init::execute(
            prepared,
            world.clone(),
            |plan, secrets| {
                let (told, tally) = report::subscribers(plan, place.output, debug);
                keeper = Some(tally);
                let reveal = |to: Box<dyn Subscriber>| -> Box<dyn Subscriber> {
                    Box::new(Revealing { secrets: secrets.clone(), own: plan.built_in(), to })
                };
                let journal: Box<dyn Subscriber> = Box::new(written);
                std::iter::once(journal).chain(told.into_iter().map(reveal)).collect()
            },
            &cancelled,
        )?;
        world.save()?;
        if let Some(failure) = journal.failure() {
            return Err(anyhow!("the journal {} could not be written: {failure}", journal.path().display()));
        }
        let tally = keeper.map(|keeper| keeper.tally()).unwrap_or_default();
        let init::Ran { finished: Finished { result: finished, sent, made }, .. } = ran;
        if let (RunResult::Failed { phase, message }, report::Output::Text) = (&finished, place.output) {
            let mut lines = vec![format!("error execution phase {phase}: {message}")];
            lines.extend(report::hints::hints(&tally));
            print::error(&lines.join("\n"), Exit::Phase);
        } else if finished == RunResult::PreflightFailed && place.output == report::Output::Text {
            print::error("error execution phase preflight: preflight checks failed", Exit::Preflight);
        }
        Ok(Ran { finished, sent, made, tally, world, runtime })
    }
}

mod serve {
    //! Kubeconfigs for clients outside of the rehearsed node: the same credentials, the address on loopback, and the
    //! name to check the server's certificate by.
    use crate::{effect::pki::Kubeconfig, world::Files};
    use anyhow::{Result, anyhow};
    use kubephase_sdk::{kubeadm::Config, yaml};
    use std::{
        net::SocketAddr,
        path::{Path, PathBuf},
    };

    const NAMES: &[&str] = &["admin", "super-admin", "kubelet", "controller-manager", "scheduler"];

    /// Writes them below the scratch root; the folder they are in.
    pub fn kubeconfigs(files: &dyn Files, config: &Config, address: SocketAddr, root: &Path) -> Result<PathBuf> {
        const FOLDER: &str = "/var/lib/kubephase/serve";
        let failed = |failure: kubephase_wit::Failure| anyhow!(failure.message);
        for name in NAMES {
            let path = format!("{}/{name}.conf", config.run.kubeconfig_dir);
            if let Some(kubeconfig) = Kubeconfig::read(files, &path).map_err(failed)? {
                let text = yaml::to_string(&kubeconfig.dialled(&address));
                files.write(&format!("{FOLDER}/{name}.conf"), text.as_bytes(), 0o600, None).map_err(failed)?;
            }
        }
        Ok(root.join(FOLDER.trim_start_matches('/')))
    }
}
