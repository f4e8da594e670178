//! The command that all workflows share.
mod arguments;

pub use arguments::{PhaseRequest, WorkflowArguments};

use super::{
    CliError, Exit, PhaseFlags, RunPlace, VerbosityFlags, bundle, examination,
    execution::{self, PrintMode},
    initial_world::{InitialWorld, operator_kubeconfig},
    local_node::{LocalNode, facts_of, rehearsed_facts, reject_description},
    manifests, print,
    question::{ask, question_of},
};
use crate::{
    config::ConfigFile,
    event::RunResult,
    phase::preflight::GROUP,
    plan::spec::WorkflowId,
    report::Output,
    run::{
        output,
        prepare::{Distribution, PreparedRun, prepare},
        scratch::reject_machine,
        site::{Site, SiteRun},
        workflow::{LabelledLine, LoadInput, LoadedRun, RehearsalPlace, Workflow},
    },
    workflow,
    world::{World, node::facts::NodeFacts},
};
use anyhow::{Result, anyhow};
use std::{cell::RefCell, path::PathBuf};

/// The request to run a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowRequest {
    pub workflow: WorkflowId,
    pub arguments: WorkflowArguments,
    /// a single phase or group, with the flags of its own
    pub phase: Option<PhaseRequest>,
    pub place: RunPlace,
    /// the directory for the result
    pub out: Option<PathBuf>,
    /// the bundle with the plugins and images of the run
    pub bundle: Option<PathBuf>,
    pub verbosity: VerbosityFlags,
}

impl WorkflowRequest {
    /// Returns the value of `--config`.
    pub fn config(&self) -> Option<&String> {
        self.arguments.0.get_one::<String>("config")
    }

    fn selected_phases(&self, workflow: &dyn Workflow) -> Option<Vec<String>> {
        self.phase
            .as_ref()
            .map(|phase| workflow.selection(&phase.id))
    }
}

/// Runs the workflow. `file` is the configuration file that the flags name.
///
/// # Errors
/// The run cannot begin. A phase that fails is part of the exit code instead.
pub(super) fn run(
    request: &WorkflowRequest,
    file: Option<&ConfigFile>,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    WorkflowCommand::new(request, file, distribution, Purpose::Run)?.run()
}

/// Loads and plans the workflow. Changes nothing. `file` is the configuration file that the flags
/// name.
///
/// # Errors
/// The configuration cannot be loaded, or a plan is not possible.
pub(super) fn plan(
    request: &WorkflowRequest,
    file: Option<&ConfigFile>,
    distribution: &Distribution<'_>,
) -> Result<PreparedRun> {
    let node = facts_of(request.place.node.as_deref())?;
    WorkflowCommand::new(request, file, distribution, Purpose::Plan)?.prepare(&node)
}

/// The reason why a workflow is loaded and planned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Run,
    /// no phase runs, not even a check
    Plan,
}

/// A command that runs a workflow.
pub(super) struct WorkflowCommand<'a> {
    purpose: Purpose,
    request: &'a WorkflowRequest,
    file: Option<&'a ConfigFile>,
    distribution: &'a Distribution<'a>,
    pub workflow: &'static dyn Workflow,
}

impl<'a> WorkflowCommand<'a> {
    /// Finds the workflow of a request.
    ///
    /// # Errors
    /// There is no such workflow.
    pub fn new(
        request: &'a WorkflowRequest,
        file: Option<&'a ConfigFile>,
        distribution: &'a Distribution<'a>,
        purpose: Purpose,
    ) -> Result<Self> {
        let workflow = workflow::find(&request.workflow)
            .ok_or_else(|| anyhow!("unknown workflow {}", request.workflow))?;
        Ok(WorkflowCommand {
            purpose,
            request,
            file,
            distribution,
            workflow,
        })
    }

    /// Carries the command out: one run, or several that follow each other.
    fn run(&self) -> Result<Exit> {
        let mut part = self.run_part(true)?;
        while let (Exit::Ok, true) = part {
            part = self.run_part(false)?;
        }
        Ok(part.0)
    }

    /// Carries out one run. Returns the exit code, and whether another part of the command follows.
    /// The operator is asked before the first.
    fn run_part(&self, is_first: bool) -> Result<(Exit, bool)> {
        let place = &self.request.place;
        let flags = self.request.phase.as_ref().map(|phase| &phase.flags);
        for notice in flags.into_iter().flat_map(PhaseFlags::deprecations) {
            print::hint(&notice);
        }
        let bundle = self.request.bundle.as_deref().filter(|_| is_first);
        let bundle = bundle.map(bundle::open).transpose()?;
        let node = LocalNode::begin(place.node.as_deref())?;
        let mut prepared = self.prepare(node.known_facts())?;
        if let Some(root) = &place.root {
            reject_machine(root)?;
        }
        let shows_objects = flags.is_some_and(|flags| flags.print_manifest);
        let only_observes = self.workflow.only_observes();
        let is_real = !prepared.dry_run && !shows_objects && place.root.is_none();
        reject_description(place, is_real)?;
        if let Some(out) = &self.request.out {
            output::refuse_foreign_files(out)?;
        }
        if let Some(question) = question_of(&prepared).filter(|_| is_first) {
            // The lines of the workflow come before the question (kubeadm behaviour).
            self.print_lines(std::mem::take(&mut prepared.early_lines));
            ask(question, place.output.format)?;
        }
        let (facts, notes) = node.finish();
        let prepared = prepared.with_warnings(notes);
        let continues = prepared.continues;
        let exit = if shows_objects {
            manifests::print_objects(prepared, facts)?
        } else if is_real {
            let socket = &prepared.config.init.node_registration.cri_socket;
            bundle.map_or(Ok(()), |opened| bundle::load_images(&opened, socket))?;
            let site = Site::open_machine(&prepared, facts)?;
            self.execute(&site, prepared)?.1
        } else if only_observes && place.root.is_none() && place.node.is_none() {
            let site = Site::observe_machine(&prepared, facts)?;
            self.execute(&site, prepared)?.1
        } else {
            self.rehearse(prepared, facts)?
        };
        Ok((exit, continues))
    }

    /// Loads and plans the run. Lines of the workflow that came before a failure are printed.
    pub fn prepare(&self, node: &NodeFacts) -> Result<PreparedRun> {
        let lines = RefCell::new(Vec::new());
        let prepared = self.load_and_plan(node, &lines);
        let lines = lines.into_inner();
        match prepared {
            Ok(prepared) => Ok(PreparedRun {
                early_lines: lines,
                ..prepared
            }),
            Err(error) => {
                self.print_lines(lines);
                Err(error)
            }
        }
    }

    fn print_lines(&self, lines: Vec<LabelledLine>) {
        if self.request.place.output.format == Output::Text {
            lines.iter().for_each(print::line);
        }
    }

    fn load_and_plan(
        &self,
        node: &NodeFacts,
        lines: &RefCell<Vec<LabelledLine>>,
    ) -> Result<PreparedRun> {
        let WorkflowRequest { phase, place, .. } = self.request;
        let only = self.request.selected_phases(self.workflow);
        let node = &self.facts_of_run(node.clone());
        let id = self.workflow.id();
        let visible = self.distribution.visible_facts(node, &id, only.as_deref());
        let kubeconfig = operator_kubeconfig(&self.request.arguments.0);
        let may_run_programs = kubeconfig.is_some();
        let world = InitialWorld::new(place, node).with_operator_kubeconfig(kubeconfig);
        let phase_flags = phase.as_ref().map(|phase| phase.flags.clone());
        let mut loaded = self.workflow.load(&LoadInput {
            arguments: &self.request.arguments.0,
            file: self.file,
            phase_flags: &phase_flags.unwrap_or_default(),
            node: &visible,
            selected: only
                .as_ref()
                .and_then(|only| only.first())
                .map(String::as_str),
            takes_flag: &|flag| {
                let mut selected = only.iter().flatten();
                selected.all(|phase| self.distribution.takes_flag(&id, phase, flag))
            },
            world: &world,
            lines,
            check_node: &|loaded| match self.purpose {
                Purpose::Run => self.check_node(loaded, node),
                Purpose::Plan => Ok(()),
            },
        })?;
        loaded.may_run_programs |= may_run_programs;
        prepare(self.distribution, self.workflow, loaded, self.file, only)
    }

    /// Runs the checks of the node with a configuration that may lack the part of the cluster.
    /// Prints nothing if all pass.
    ///
    /// # Errors
    /// A check fails; its result is printed.
    fn check_node(&self, loaded: LoadedRun, node: &NodeFacts) -> Result<()> {
        let WorkflowRequest {
            place, verbosity, ..
        } = self.request;
        let only = Some(vec![GROUP.to_owned()]);
        let prepared = prepare(self.distribution, self.workflow, loaded, self.file, only)?;
        let (shown, output) = (PrintMode::IfFailed, place.output.format);
        let (ran, _) = if prepared.dry_run {
            let trees = self.workflow.rehearsed_cluster().trees(&RehearsalPlace {
                root: None,
                is_described: false,
                is_dry_run: true,
            });
            let site = Site::open_scratch_tree(&prepared, node.clone(), &trees, 0)?;
            execution::execute(shown, &site, prepared, output, *verbosity)?
        } else {
            let site = Site::open_machine(&prepared, node.clone())?;
            execution::execute(shown, &site, prepared, output, *verbosity)?
        };
        match Exit::from(&ran.finished.result) {
            Exit::Ok => Ok(()),
            exit => Err(CliError::already_printed(exit).into()),
        }
    }

    /// Returns the facts of the machine that the run is about. A scratch root holds the machine of
    /// an earlier rehearsal.
    pub fn facts_of_run(&self, facts: NodeFacts) -> NodeFacts {
        let place = &self.request.place;
        if place.root.is_some()
            && self
                .workflow
                .rehearsed_cluster()
                .has_machine_of_earlier_rehearsal()
        {
            rehearsed_facts(facts, place)
        } else {
            facts
        }
    }

    fn rehearse(&self, prepared: PreparedRun, facts: NodeFacts) -> Result<Exit> {
        let WorkflowRequest { place, out, .. } = self.request;
        let facts = self.facts_of_run(facts);
        let trees = self.workflow.rehearsed_cluster().trees(&RehearsalPlace {
            root: place.root.as_deref(),
            is_described: place.node.is_some(),
            is_dry_run: prepared.dry_run,
        });
        let site = Site::open_scratch_tree(&prepared, facts, &trees, 0)?;
        site.world
            .warning()
            .iter()
            .for_each(|warning| print::warning(warning));
        let (ran, exit) = self.execute(&site, prepared)?;
        if self.workflow.ends_cluster() {
            site.world.forget()?;
        }
        if let (Some(out), RunResult::Done) = (out, &ran.finished.result) {
            let run_output = output::RunOutput {
                files: site.world.files(),
                config: &ran.run.prepared.config,
                writes: &ran.finished.writes,
                changed_paths: &ran.finished.made,
                unchanged_paths: &ran.finished.found,
            };
            for note in output::write(out, &run_output)? {
                print::warning(&note);
            }
        }
        Ok(exit)
    }

    fn execute<W: World + 'static>(
        &self,
        site: &Site<W>,
        prepared: PreparedRun,
    ) -> Result<(SiteRun, Exit)> {
        let (output, verbosity) = (self.request.place.output.format, self.request.verbosity);
        if self.workflow.only_observes() {
            let arguments = &self.request.arguments.0;
            return examination::examine(site, prepared, arguments, (output, verbosity));
        }
        let ran = execution::execute(PrintMode::Always, site, prepared, output, verbosity)?.0;
        let is_done = ran.finished.result == RunResult::Done;
        if is_done && self.request.phase.is_none() && output == Output::Text {
            self.print_closing(&ran.run.prepared);
        }
        let exit = Exit::from(&ran.finished.result);
        Ok((ran, exit))
    }

    fn print_closing(&self, prepared: &PreparedRun) {
        let config = &prepared.config;
        let closing = if prepared.continues {
            self.workflow.closing_of_part(config)
        } else {
            self.workflow.closing(config, prepared.dry_run)
        };
        if let Some(text) = closing {
            print::text(&text);
        }
    }
}
