//! Executes a plan in a world. Every phase starts as soon as the phases that it needs have settled.
//! Its proposals are checked against the grant and applied one by one, and each of them is
//! reported as an event.
//!
//! This file has the order of phases and the result of the run. The life of one phase is in
//! `executor/phase.rs`, its findings in `executor/findings.rs`, and its proposals in
//! `run/apply.rs`.
mod findings;
mod phase;
mod state;

pub(super) use state::{FailureReason, PhaseError, RunState};

use super::{
    capsule::Capsule,
    finding_policy::FindingPolicy,
    queue::Queue,
    session::{RunContext, Session},
    worker_pool::Concurrency,
};
use crate::{
    cancel::Cancel,
    config::Config,
    effect::ObjectWrite,
    event::{EventKind, PhaseResult, PluginRecord, RunResult, micros},
    plan::{Plan, PlannedPhase, spec::PhaseKind},
    wasm::plugin::Plugin,
};
use kubephase_wit::phase as phase_interface;
use state::PhaseEnd;
use std::{
    collections::BTreeSet,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

/// The reason that is reported for phases that the run did not reach.
const STOPPED: &str = "the run was stopped";
/// The reason that is reported for a phase in which the host itself panicked.
const PANICKED: &str = "it panicked, which is a defect of the program: please report what is said \
    above";

/// A phase that is ready to be called.
pub struct ReadyPhase {
    pub session: Session,
    pub phase: Box<dyn phase_interface::Host + Send>,
    /// the plugin that has the phase; `None` for a built-in phase
    pub plugin: Option<PluginCall>,
    /// lines that the host prints before the phase, as it enters a group: label and line
    pub headers: Vec<(String, String)>,
}

/// A plugin whose phase is called.
pub struct PluginCall {
    pub plugin: Arc<Plugin>,
    /// bytes of memory of the call that used the most
    pub memory: Arc<AtomicUsize>,
}

/// A plan with everything that a run needs to execute it.
pub struct Executor<'a> {
    pub plan: &'a Plan,
    pub shared: Arc<RunContext>,
    /// with its secrets
    pub config: &'a Config,
    /// the third parties' plugins of the run, for its record
    pub components: &'a [PluginRecord],
    /// makes a phase ready to be called
    pub provide: &'a (dyn Fn(&PlannedPhase) -> ReadyPhase + Sync),
    pub finding_policy: &'a FindingPolicy,
    /// Unix seconds at which the run began
    pub started: i64,
    /// requested by the operator, or because the journal cannot be written
    pub cancel: &'a Cancel,
    pub concurrency: Concurrency,
    /// keeps a recording of a plugin's call that was stopped
    pub keep: &'a (dyn Fn(&Capsule) + Sync),
}

/// The result of a run.
pub struct ExecutionResult {
    pub result: RunResult,
    /// writes to the API, in the order of the plan
    pub writes: Vec<ObjectWrite>,
    /// files and directories that the run made or changed
    pub made: BTreeSet<String>,
    /// files and directories that already had the content, mode and owner that the run wants
    pub found: BTreeSet<String>,
}

impl Executor<'_> {
    /// Executes the plan. A phase that fails is part of the result.
    pub fn execute(&self) -> ExecutionResult {
        let began = Instant::now();
        let nodes: Vec<&PlannedPhase> = self.plan.running_phases().collect();
        let bus = &self.shared.bus;
        bus.emit(EventKind::RunStarted {
            workflow: self.plan.workflow.as_str().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            phases: nodes.iter().map(|node| node.spec.id.clone()).collect(),
            needs: self.plan.needs(),
            plugins: self.plan.third_parties(),
            kubernetes: self.config.cluster.kubernetes_version.clone(),
            components: self.components.to_vec(),
        });
        let queue = Queue::new(&nodes, &self.plan.ranks());
        let state = RunState::new(queue, self.concurrency, self.cancel.child());
        state
            .pool
            .run(&|place| self.finish_phase(nodes[place], place, &state));
        let result = self.result(&nodes, &state);
        bus.emit(EventKind::RunEnded {
            result: result.clone(),
            micros: micros(began),
        });
        let writes = state.writes.into_inner().into_values().flatten().collect();
        let made = self.shared.made.lock().clone();
        let found = self.shared.found.lock().clone();
        ExecutionResult {
            result,
            writes,
            made,
            found,
        }
    }

    /// Runs a phase of the plan, or reports why the run does not reach it. `place` is its place in
    /// the plan.
    fn finish_phase(&self, node: &PlannedPhase, place: usize, state: &RunState) {
        let ended = match self.obstacle(node, state) {
            Some(why) => self.end_uncalled(node, PhaseResult::NotReached(why)),
            None => {
                // The phase ends with a result even if the host itself panics, for example in an
                // effect. A panic of the phase's own code is a failure of its call and does not get
                // here.
                let caught = panic::catch_unwind(AssertUnwindSafe(|| self.run_phase(node, state)));
                let (ended, writes) = caught.unwrap_or_else(|_| {
                    let result = PhaseResult::Failed(PANICKED.into());
                    (self.end_uncalled(node, result), Vec::new())
                });
                state.writes.lock().insert(place, writes);
                ended
            }
        };
        if matches!(ended.result, PhaseResult::Failed(_)) && node.spec.kind != PhaseKind::Check {
            state.stop.request();
        }
        state.ended_phases().insert(node.spec.id.clone(), ended);
    }

    /// Reports the end of a phase that reported no end of its own.
    fn end_uncalled(&self, node: &PlannedPhase, result: PhaseResult) -> PhaseEnd {
        self.shared.bus.emit(EventKind::PhaseEnded {
            phase: node.spec.id.clone(),
            result: result.clone(),
            micros: 0,
        });
        PhaseEnd::uncalled(result)
    }

    /// Returns why a phase cannot begin, if it cannot.
    fn obstacle(&self, node: &PlannedPhase, state: &RunState) -> Option<String> {
        let ended = state.ended_phases();
        // A phase that cleans up follows a phase that began, even if that phase failed.
        let need = node.after.iter().find(|need| {
            ended
                .get(*need)
                .is_some_and(|need| !(need.passable || (node.spec.finally && need.begun)))
        });
        let stopped = state.stop.is_requested() && !node.spec.finally;
        need.map(|need| format!("{need} did not settle"))
            .or(stopped.then(|| STOPPED.to_owned()))
    }

    /// Returns the result of the run after all phases ended.
    fn result(&self, nodes: &[&PlannedPhase], state: &RunState) -> RunResult {
        if self.cancel.is_requested() {
            return RunResult::Cancelled;
        }
        let (checks, others): (Vec<&PlannedPhase>, Vec<&PlannedPhase>) = nodes
            .iter()
            .partition(|node| node.spec.kind == PhaseKind::Check);
        match (first_failure(&others, state), first_failure(&checks, state)) {
            (Some((phase, message)), _) => RunResult::Failed { phase, message },
            // A check may run after phases that change something, or at the same time.
            (None, Some((phase, message))) if state.changed.load(Ordering::Relaxed) => {
                RunResult::Failed { phase, message }
            }
            (None, Some(_)) => RunResult::PreflightFailed,
            (None, None) => RunResult::Done,
        }
    }
}

/// Returns the id and the message of the first phase in a list that failed.
fn first_failure(nodes: &[&PlannedPhase], state: &RunState) -> Option<(String, String)> {
    let ended = state.ended_phases();
    nodes.iter().find_map(|node| match ended.get(node.id()) {
        Some(PhaseEnd {
            result: PhaseResult::Failed(message),
            ..
        }) => Some((node.spec.id.clone(), message.clone())),
        _ => None,
    })
}
