//! `rehearse`: runs `init` in a scratch tree, lets further machines join, and reports.
use super::{
    Exit, InitFlags, RunPlace, VerbosityFlags,
    execution::{PrintMode, execute},
    local_node::{facts_of, rehearsed_facts},
    print,
};
use crate::{
    config::{Config, ConfigFile},
    event::{RunResult, micros},
    plugin::load::unlocked::UnlockedPlugin,
    rehearse::{
        self, ClusterSize, JoinedMachine, MachineRun, RehearsedCluster, upgrade::ClusterUpgrade,
    },
    report::{
        Output,
        style::{Painted, Palette},
        summary,
    },
    run::{
        prepare::{Distribution, prepare},
        scratch::ScratchTree,
        site::Site,
        workflow::{LoadedRun, Trees, Workflow},
    },
    workflow::{
        init::{self, Init},
        upgrade::UpgradeApply,
    },
    world::{World, node::facts::NodeFacts, rehearsal::Rehearsal},
};
use anyhow::Result;
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The request of `rehearse`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RehearseRequest {
    pub flags: InitFlags,
    pub place: RunPlace,
    /// the port at which the API server stays up after the run, 0 for any free port; `None` if it
    /// does not stay up
    pub serve: Option<u16>,
    pub machines: ClusterSize,
    /// the version that the cluster is upgraded to after the machines have joined
    pub upgrade_to: Option<String>,
    /// the folder of a plugin that takes part although the lock does not have it
    pub dev: Option<PathBuf>,
    pub verbosity: VerbosityFlags,
}

/// Rehearses and reports.
///
/// # Errors
/// The rehearsal cannot begin. A phase that fails is part of the exit code instead.
pub(super) fn run(
    request: &RehearseRequest,
    file: Option<&ConfigFile>,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    match &request.dev {
        Some(folder) => run_with(request, file, &with_unlocked_plugin(folder, distribution)?),
        None => run_with(request, file, distribution),
    }
}

/// Rehearses and reports with these plugins.
fn run_with(
    request: &RehearseRequest,
    file: Option<&ConfigFile>,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    let facts = rehearsed_facts(facts_of(request.place.node.as_deref())?, &request.place);
    let loaded = load_init(request, file, &facts)?;
    let prepared = prepare(distribution, &Init, loaded, file, None)?;
    let scratch = open_scratch_tree(request.place.root.as_deref())?;
    let trees = Trees {
        scratch: Some(scratch.path.clone()),
        below: None,
    };
    let port = request.serve.unwrap_or(0);
    let site = Site::open_scratch_tree(&prepared, facts.clone(), &trees, port)?;
    if let Some(warning) = site.world.warning() {
        print::warning(warning);
    }
    let output = request.place.output.format;
    let (ran, tally) = execute(
        PrintMode::Always,
        &site,
        prepared,
        output,
        request.verbosity,
    )?;
    let rehearsed = RehearsedRun {
        request,
        site: &site,
        config: &ran.run.prepared.config,
        scratch: &scratch,
    };
    let cluster = rehearsed.cluster(distribution);
    let joins = match ran.finished.result {
        RunResult::Done => cluster.join(request.machines)?,
        _ => Vec::new(),
    };
    if output == Output::Text {
        let text = summary::render(&tally, &site.world.unchecked_parts(), Palette::stdout());
        let runs = joins.iter().map(|join| &join.run);
        let joined = rehearse::describe("Machines that joined", "joined", runs);
        print::painted_text(&Painted::new(&format!("\n{text}{joined}")));
    }
    let runs = joins.iter().map(|join| join.run.result.clone());
    let result = first_failure(ran.finished.result.clone(), runs);
    let upgraded = match &request.upgrade_to {
        Some(version) if result == RunResult::Done => {
            let cluster = &cluster;
            let upgrade = ClusterUpgrade { cluster, version };
            rehearsed.upgrade(&upgrade, &facts, &joins)
        }
        _ => Ok(Vec::new()),
    };
    if output == Output::Text {
        let kept = format!("\nThe scratch root is kept at {}\n", scratch.path.display());
        print::painted_text(&Painted::new(&kept));
    }
    let result = first_failure(result, upgraded?.into_iter().map(|run| run.result));
    if result == RunResult::Done && request.serve.is_some() {
        rehearsed.serve()?;
    }
    Ok(Exit::from(&result))
}

/// Loads the configuration of `init`. A tree in which an earlier rehearsal has begun the upgrade
/// keeps the version that it has: an upgrade does not go back.
fn load_init(
    request: &RehearseRequest,
    file: Option<&ConfigFile>,
    facts: &NodeFacts,
) -> Result<LoadedRun> {
    let mut flags = request.flags.clone();
    flags.upload_certs |= request.machines.has_joining_control_planes();
    let loaded = init::load(file, &flags, facts)?;
    let root = request.place.root.as_deref();
    let Some(root) = root.filter(|_| request.upgrade_to.is_some()) else {
        return Ok(loaded);
    };
    let configured = &loaded.loaded.config.cluster.kubernetes_version;
    let Some(kept) = rehearse::kept_tree::newer_version(root, configured) else {
        return Ok(loaded);
    };
    print::hint(&format!(
        "The API server in {} has {kept} already; the rehearsal goes on with that version",
        root.display()
    ));
    flags.kept_version = Some(kept);
    init::load(file, &flags, facts)
}

/// Returns the distribution with the plugin of a folder, which need not be in the lock.
fn with_unlocked_plugin<'a>(
    folder: &Path,
    distribution: &Distribution<'a>,
) -> Result<Distribution<'a>> {
    let unlocked = UnlockedPlugin::open(folder, distribution.engine)?;
    Ok(Distribution {
        unlocked: Some(unlocked),
        ..distribution.clone()
    })
}

/// Opens the scratch tree of `--root`, or makes one that stays.
fn open_scratch_tree(root: Option<&Path>) -> Result<ScratchTree> {
    match root {
        Some(root) => ScratchTree::open(root),
        None => ScratchTree::create_lasting(),
    }
}

/// Returns the first result that is not `Done`.
fn first_failure(first: RunResult, others: impl Iterator<Item = RunResult>) -> RunResult {
    std::iter::once(first)
        .chain(others)
        .find(|result| *result != RunResult::Done)
        .unwrap_or(RunResult::Done)
}

/// The rehearsal of `init`, whose machine is still up.
struct RehearsedRun<'a> {
    request: &'a RehearseRequest,
    site: &'a Site<Rehearsal>,
    /// the configuration of `init`
    config: &'a Config,
    scratch: &'a ScratchTree,
}

impl<'a> RehearsedRun<'a> {
    fn cluster(&self, distribution: &'a Distribution<'a>) -> RehearsedCluster<'a> {
        RehearsedCluster {
            world: &self.site.world,
            config: self.config,
            root: &self.scratch.path,
            distribution,
            handle: self.site.threads.handle(),
            cancel: self.site.cancel(),
        }
    }

    /// Upgrades the cluster, machine by machine, and prints how it went. Returns the runs.
    ///
    /// # Errors
    /// The upgrade of a machine cannot begin.
    fn upgrade(
        &self,
        upgrade: &ClusterUpgrade<'_>,
        facts: &NodeFacts,
        joins: &[JoinedMachine],
    ) -> Result<Vec<MachineRun>> {
        let (output, began) = (self.request.place.output.format, Instant::now());
        let prepared = upgrade.prepare_first(facts)?;
        let version = prepared.config.cluster.kubernetes_version.clone();
        let name = prepared.config.init.node_registration.name.clone();
        let verbosity = self.request.verbosity;
        let (ran, tally) = execute(PrintMode::Always, self.site, prepared, output, verbosity)?;
        let mut runs = vec![MachineRun {
            name,
            result: ran.finished.result,
            micros: micros(began),
        }];
        if runs[0].result == RunResult::Done {
            let closing = UpgradeApply.closing(&ran.run.prepared.config, false);
            if let (Output::Text, Some(text)) = (output, closing) {
                print::text(&text);
            }
            self.site.world.replace_kubelet(&version)?;
            runs.extend(upgrade.upgrade_others(joins, &version)?);
        }
        if output == Output::Text {
            let text = summary::render(&tally, &[], Palette::stdout());
            let title = format!("Machines that were upgraded to {version}, with their kubelets");
            let machines = rehearse::describe(&title, "upgraded", &runs);
            print::painted_text(&Painted::new(&format!("\n{text}{machines}")));
        }
        Ok(runs)
    }

    /// Keeps the API server up until the process is interrupted.
    fn serve(&self) -> Result<()> {
        let Some(address) = self.site.world.endpoint() else {
            return Ok(());
        };
        let (files, root) = (self.site.world.files(), &self.scratch.path);
        let folder = rehearse::serve::write_kubeconfigs(files, self.config, address, root)?;
        print::text(&format!(
            "\nThe API server answers at https://{address} until interrupted. Try:\n\n  kubectl \
             --kubeconfig {}/admin.conf get all -A\n\n",
            folder.display()
        ));
        while !self.site.cancel().wait(Duration::MAX) {}
        Ok(())
    }
}
