//! Takes a plan to a world: every phase starts as soon as what it needs has settled, its proposals
//! are checked against what was granted, carried out effect by effect, and told as events.
use super::{
    capsule::Capsule,
    finding_policy::{self, FindingPolicy},
    queue::Queue,
    session::{RunContext, Session},
    time::TimeOfPhase,
    worker_pool::{Concurrency, WorkerPool},
};
use crate::{
    arguments::json,
    cancel::Cancel,
    config::Config,
    effect::Sent,
    event::{EventKind, PhaseResult, RunResult, Usage, micros},
    phase::preflight,
    plan::{
        Node, Plan,
        spec::{FailurePolicy, Kind},
    },
    wasm::{limits::MAX_CAPSULE, plugin::Plugin},
};
use kubephase_wit::{Error, Finding, Outcome, Verdict, phase};
use parking_lot::{Mutex, MutexGuard};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// A phase is called until it settles, but not for ever.
const MAX_ROUNDS: u32 = 100;

/// What is said of phases that the run did not come to.
const STOPPED: &str = "the run was stopped";

/// A phase ready to be called.
pub struct Ready {
    pub session: Session,
    pub phase: Box<dyn phase::Host + Send>,
    /// whose component it is; none for our own
    pub plugin: Option<Running>,
    /// what the host says before the phase, as it enters a group: label and line
    pub headers: Vec<(String, String)>,
}

/// A plugin whose phase is called.
pub struct Running {
    pub plugin: Arc<Plugin>,
    /// bytes, the most that any call had
    pub memory: Arc<AtomicUsize>,
}

pub struct Executor<'a> {
    pub plan: &'a Plan,
    pub shared: Arc<RunContext>,
    /// with its secrets
    pub config: &'a Config,
    pub provide: &'a (dyn Fn(&Node) -> Ready + Sync),
    pub finding_policy: &'a FindingPolicy,
    /// Unix seconds
    pub started: i64,
    /// requested by the operator, or because the journal cannot be written
    pub cancel: &'a Cancel,
    pub concurrency: Concurrency,
    /// keeps the call of a plugin that was stopped, to be run again elsewhere
    pub keep: &'a (dyn Fn(&Capsule) + Sync),
}

/// What came of a run.
pub struct Finished {
    pub result: RunResult,
    /// writes to the API, in the order of the plan
    pub sent: Vec<Sent>,
    /// files and directories that it made or changed
    pub made: BTreeSet<String>,
    /// files and directories that were as it wants them
    pub found: BTreeSet<String>,
}

/// What the phases of a run share while it lasts, and leave behind.
pub(super) struct RunState {
    pub(super) pool: WorkerPool,
    ended: Mutex<BTreeMap<String, Ended>>,
    /// requested with the run's own cancellation, and when a phase fails: no further phase begins
    /// but those that tidy up, and none goes on waiting
    pub(super) stop: Cancel,
    /// whether an effect changed something; pulled images do not count
    pub(super) changed: AtomicBool,
    /// by place in the plan
    sent: Mutex<BTreeMap<usize, Vec<Sent>>>,
}

/// How a phase ended, and whether what needs it may go on.
struct Ended {
    result: PhaseResult,
    passable: bool,
    /// it was called at least once
    begun: bool,
}

/// Why a phase does not settle.
pub(super) enum PhaseError {
    Failed(String),
    /// several failures, which are reported one by one
    Many(Vec<String>),
    /// it was waiting when the run was stopped
    Stopped,
}

impl PhaseError {
    /// What is said of a plugin, bounded in length: it may repeat what the plugin handed over.
    fn bounded(self, session: &Session) -> PhaseError {
        match self {
            PhaseError::Failed(message) => PhaseError::Failed(session.bounded(message)),
            PhaseError::Many(messages) => PhaseError::Many(
                messages
                    .into_iter()
                    .map(|text| session.bounded(text))
                    .collect(),
            ),
            PhaseError::Stopped => PhaseError::Stopped,
        }
    }
}

impl From<String> for PhaseError {
    fn from(message: String) -> Self {
        PhaseError::Failed(message)
    }
}

impl RunState {
    fn ended(&self) -> MutexGuard<'_, BTreeMap<String, Ended>> {
        self.ended.lock()
    }
}

impl Executor<'_> {
    pub fn execute(&self) -> Finished {
        let began = Instant::now();
        let nodes: Vec<&Node> = self.plan.running().collect();
        let bus = &self.shared.bus;
        bus.emit(EventKind::RunStarted {
            workflow: self.plan.workflow.as_str().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            phases: nodes.iter().map(|node| node.spec.id.clone()).collect(),
            needs: self.plan.needs(),
        });
        let pool = WorkerPool::new(Queue::new(&nodes, &self.plan.ranks()), self.concurrency);
        let state = RunState {
            pool,
            ended: Mutex::default(),
            stop: self.cancel.child(),
            changed: AtomicBool::default(),
            sent: Mutex::default(),
        };
        state.pool.run(&|at| self.work(nodes[at], at, &state));
        let result = self.verdict(&nodes, &state);
        bus.emit(EventKind::RunEnded {
            result: result.clone(),
            micros: micros(began),
        });
        let sent = state.sent.into_inner().into_values().flatten().collect();
        let made = self.shared.made.lock().clone();
        let found = self.shared.found.lock().clone();
        Finished {
            result,
            sent,
            made,
            found,
        }
    }

    /// One phase of the plan, or what is said where it is not reached.
    fn work(&self, node: &Node, at: usize, state: &RunState) {
        let over = |result: PhaseResult| {
            self.shared.bus.emit(EventKind::PhaseEnded {
                phase: node.spec.id.clone(),
                result: result.clone(),
                micros: 0,
            });
            Ended {
                result,
                passable: false,
                begun: false,
            }
        };
        let ended = match self.hindrance(node, state) {
            Some(why) => over(PhaseResult::NotReached(why)),
            None => {
                // A phase ends with a result also where the host itself panics, say in an effect. A
                // panic of the phase's own code does not come here: it is a failure of its call.
                let came = panic::catch_unwind(AssertUnwindSafe(|| self.phase(node, state)));
                let panicked = "it panicked, which is a defect of the program: please report what \
                    is said above";
                let (ended, sent) = came
                    .unwrap_or_else(|_| (over(PhaseResult::Failed(panicked.into())), Vec::new()));
                state.sent.lock().insert(at, sent);
                ended
            }
        };
        if matches!(ended.result, PhaseResult::Failed(_)) && node.spec.kind != Kind::Check {
            state.stop.request();
        }
        state.ended().insert(node.spec.id.clone(), ended);
    }

    /// Why a phase does not begin.
    fn hindrance(&self, node: &Node, state: &RunState) -> Option<String> {
        let ended = state.ended();
        // What was begun has to be tidied up, however it ended.
        let allows = |need: &Ended| need.passable || (node.spec.finally && need.begun);
        let need = node
            .after
            .iter()
            .find(|need| ended.get(*need).is_some_and(|need| !allows(need)));
        let stopped = state.stop.is_requested() && !node.spec.finally;
        need.map(|need| format!("{need} did not settle"))
            .or(stopped.then(|| STOPPED.to_owned()))
    }

    fn verdict(&self, nodes: &[&Node], state: &RunState) -> RunResult {
        let ended = state.ended();
        if self.cancel.is_requested() {
            return RunResult::Cancelled;
        }
        let failed = |check: bool| {
            nodes
                .iter()
                .filter(move |node| (node.spec.kind == Kind::Check) == check)
                .find_map(|node| match ended.get(node.id()) {
                    Some(Ended {
                        result: PhaseResult::Failed(message),
                        ..
                    }) => Some((node.spec.id.clone(), message.clone())),
                    _ => None,
                })
        };
        match (failed(false), failed(true)) {
            (Some((phase, message)), _) => RunResult::Failed { phase, message },
            // A check may run late, and beside or behind phases that change something.
            (None, Some((phase, message))) if state.changed.load(Ordering::Relaxed) => {
                RunResult::Failed { phase, message }
            }
            (None, Some(_)) => RunResult::PreflightFailed,
            (None, None) => RunResult::Done,
        }
    }

    /// One phase, from its first call until it settles.
    fn phase(&self, node: &Node, state: &RunState) -> (Ended, Vec<Sent>) {
        let began = Instant::now();
        let bus = &self.shared.bus;
        bus.emit(EventKind::PhaseStarted {
            phase: node.spec.id.clone(),
        });
        let mut ready = (self.provide)(node);
        ready
            .headers
            .iter()
            .for_each(|(label, line)| ready.session.say_header(label, line));
        let mut sent = Vec::new();
        let result = self
            .rounds(node, &mut ready, &mut sent, state)
            .map_err(|broken| broken.bounded(&ready.session));
        let blocked = self.findings(node, &ready.session);
        self.report_usage(node, &ready);
        let begun = true;
        let ended = match result {
            Ok(result) if !blocked => Ended {
                result,
                passable: true,
                begun,
            },
            Ok(_) => Ended {
                result: PhaseResult::Failed("a check stands in the way".into()),
                passable: false,
                begun,
            },
            Err(PhaseError::Stopped) => Ended {
                result: PhaseResult::NotReached(STOPPED.into()),
                passable: false,
                begun,
            },
            Err(PhaseError::Failed(message)) if node.spec.kind == Kind::Check => {
                self.broken_check(node, node.spec.failure_policy, vec![message])
            }
            Err(PhaseError::Many(messages)) if node.spec.kind == Kind::Check => {
                self.broken_check(node, node.spec.failure_policy, messages)
            }
            Err(PhaseError::Failed(message)) => Ended {
                result: PhaseResult::Failed(message),
                passable: false,
                begun,
            },
            Err(PhaseError::Many(messages)) => Ended {
                result: PhaseResult::Failed(ready.session.bounded(messages.join("\n"))),
                passable: false,
                begun,
            },
        };
        bus.emit(EventKind::PhaseEnded {
            phase: node.spec.id.clone(),
            result: ended.result.clone(),
            micros: micros(began),
        });
        (ended, sent)
    }

    /// Reports the resources that a plugin used.
    fn report_usage(&self, node: &Node, ready: &Ready) {
        let Some(Running { plugin, memory }) = &ready.plugin else {
            return;
        };
        let manifest = plugin.manifest();
        self.shared.bus.emit(EventKind::PluginUsed {
            phase: node.spec.id.clone(),
            plugin: format!("{} {}", manifest.name, manifest.version),
            used: Usage {
                memory_bytes: memory.load(Ordering::Relaxed),
                ..ready.session.used()
            },
        });
    }

    fn rounds(
        &self,
        node: &Node,
        ready: &mut Ready,
        sent: &mut Vec<Sent>,
        state: &RunState,
    ) -> Result<PhaseResult, PhaseError> {
        let time = TimeOfPhase::begin(&ready.session, ready.plugin.is_some());
        for round in 0..MAX_ROUNDS {
            time.check()?;
            ready.session.begin(round);
            let came = ready.session.returned(ready.phase.run());
            let outcome = came.map_err(|error| match error {
                Error::Failure(failure) => failure.told(),
                Error::Stop(stop) => self.stopped(ready, &format!("{stop:#}")),
            })?;
            let changed = self.apply_proposals(node, &ready.session, sent, state, &time)?;
            ready.session.let_go();
            match outcome {
                Outcome::Settled => return Ok(PhaseResult::Settled),
                Outcome::Skipped(why) => return Ok(PhaseResult::Skipped(why)),
                Outcome::Again if !changed && round > 0 => {
                    state
                        .pool
                        .run_blocking(|| state.stop.wait(Duration::from_millis(10)));
                }
                Outcome::Again => {}
                Outcome::AgainAfter(millis) => {
                    let pause = time.pause(Duration::from_millis(millis.into()))?;
                    state.pool.run_blocking(|| state.stop.wait(pause));
                    time.paused();
                }
            }
            if state.stop.is_requested() {
                return Err(PhaseError::Stopped);
            }
        }
        Err(PhaseError::Failed(format!(
            "it did not settle in {MAX_ROUNDS} rounds"
        )))
    }

    /// Keeps a call of a plugin that was stopped, and returns why it was. Nothing is kept when the
    /// run is cancelled: the program is to end soon.
    fn stopped(&self, ready: &Ready, message: &str) -> String {
        let message = ready.session.bounded(message.to_owned());
        if let Some(Running { plugin, .. }) = &ready.plugin
            && !self.cancel.is_requested()
            && ready.session.spend_capsule()
        {
            // Capsules are made one at a time: each takes several times its bytes.
            let gives_up = || self.cancel.is_requested();
            let Some(_turn) = json::turn_of(&plugin.manifest().name, MAX_CAPSULE, &gives_up) else {
                return message;
            };
            (self.keep)(&ready.session.capsule(&message).of(plugin));
        }
        message
    }

    /// Judges what a phase found; whether any of it stands in the way.
    fn findings(&self, node: &Node, session: &Session) -> bool {
        let mut blocked = false;
        for finding in session.take_findings() {
            blocked |= self.tell_finding(node, finding);
        }
        blocked
    }

    /// Judges one finding and tells it, with its origin; whether it stands in the way.
    fn tell_finding(&self, node: &Node, finding: Finding) -> bool {
        let finding = Finding {
            code: finding_policy::own_code(node, finding.code),
            ..finding
        };
        let judged = self.finding_policy.evaluate(node, &finding);
        let blocks = self.finding_policy.blocks(&finding, &judged);
        let plugin = node.source.third_party().map(str::to_owned);
        self.shared.bus.emit(EventKind::Finding {
            phase: node.spec.id.clone(),
            finding,
            judged,
            plugin,
        });
        blocks
    }

    /// Reports a check that could not do its job as a finding, by the failure policy of its plugin.
    fn broken_check(&self, node: &Node, policy: FailurePolicy, messages: Vec<String>) -> Ended {
        let verdict = match policy {
            FailurePolicy::Fail => Verdict::Fail,
            FailurePolicy::Warn => Verdict::Warn,
            FailurePolicy::Ignore => Verdict::CouldNotRun,
        };
        let mut blocked = false;
        for message in &messages {
            let code = preflight::code(node.id()).to_owned();
            let finding = Finding {
                code,
                verdict,
                summary: message.clone(),
                evidence: Vec::new(),
                remedy: None,
                url: None,
            };
            blocked |= self.tell_finding(node, finding);
        }
        let message = messages.join("\n");
        let result = if blocked {
            PhaseResult::Failed(message)
        } else {
            PhaseResult::Skipped(message)
        };
        Ended {
            result,
            passable: !blocked,
            begun: true,
        }
    }
}
