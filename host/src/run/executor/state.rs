//! The state of a run while it goes on: the end of each phase, and the writes to the API.
use crate::{
    cancel::Cancel,
    effect::ObjectWrite,
    event::PhaseResult,
    run::{
        queue::Queue,
        session::Session,
        worker_pool::{Concurrency, WorkerPool},
    },
};
use kubephase_wit::Failure;
use parking_lot::{Mutex, MutexGuard};
use std::{collections::BTreeMap, sync::atomic::AtomicBool};

/// The state that the phases of a run share.
pub(in crate::run) struct RunState {
    pub(in crate::run) pool: WorkerPool,
    ended: Mutex<BTreeMap<String, PhaseEnd>>,
    /// requested with the run's own cancellation, and when a phase fails: no further phase begins
    /// except those that clean up, and no phase continues to wait
    pub(in crate::run) stop: Cancel,
    /// whether an effect changed something; pulled images do not count
    pub(in crate::run) changed: AtomicBool,
    /// writes to the API by the place of their phase in the plan
    pub(super) writes: Mutex<BTreeMap<usize, Vec<ObjectWrite>>>,
}

impl RunState {
    pub(super) fn new(queue: Queue, concurrency: Concurrency, stop: Cancel) -> RunState {
        RunState {
            pool: WorkerPool::new(queue, concurrency),
            ended: Mutex::default(),
            stop,
            changed: AtomicBool::default(),
            writes: Mutex::default(),
        }
    }

    /// Returns the phases that have ended, by their id.
    pub(super) fn ended_phases(&self) -> MutexGuard<'_, BTreeMap<String, PhaseEnd>> {
        self.ended.lock()
    }
}

/// The end of a phase: its result, and its consequence for the phases that need it.
pub(super) struct PhaseEnd {
    pub result: PhaseResult,
    /// whether phases that need this phase may begin after it
    pub passable: bool,
    /// whether the phase was called at least once
    pub begun: bool,
}

impl PhaseEnd {
    /// Returns the end of a phase that was called and does not let the phases that need it begin.
    pub fn blocking(result: PhaseResult) -> PhaseEnd {
        PhaseEnd {
            result,
            passable: false,
            begun: true,
        }
    }

    /// Returns the end of a phase that was never called.
    pub fn uncalled(result: PhaseResult) -> PhaseEnd {
        PhaseEnd {
            result,
            passable: false,
            begun: false,
        }
    }
}

/// The reason why a phase failed, and what to do about it.
pub(in crate::run) struct FailureReason {
    pub(in crate::run) message: String,
    pub(in crate::run) remedy: Option<String>,
}

impl FailureReason {
    /// Returns the message, and on further lines the remedy.
    pub(super) fn to_text(&self) -> String {
        match &self.remedy {
            Some(remedy) => format!("{}\n{remedy}", self.message),
            None => self.message.clone(),
        }
    }

    fn bound_texts(self, session: &Session) -> FailureReason {
        FailureReason {
            message: session.bound_text(self.message),
            remedy: self.remedy.map(|remedy| session.bound_text(remedy)),
        }
    }
}

impl From<String> for FailureReason {
    fn from(message: String) -> Self {
        FailureReason {
            message,
            remedy: None,
        }
    }
}

impl From<&Failure> for FailureReason {
    fn from(failure: &Failure) -> Self {
        FailureReason {
            message: failure.message.clone(),
            remedy: failure.remedy.clone(),
        }
    }
}

/// The reason why a phase does not settle.
pub(in crate::run) enum PhaseError {
    Failed(FailureReason),
    /// the world cannot answer an observation that the phase needs: a rehearsal does not look
    /// outside
    NotChecked(String),
    /// several failures, which are reported one by one
    Many(Vec<FailureReason>),
    /// the phase was waiting when the run was stopped
    Stopped,
}

impl PhaseError {
    /// Limits the length of the messages, because a message about a plugin may repeat what the
    /// plugin handed over.
    pub(super) fn bound_texts(self, session: &Session) -> PhaseError {
        match self {
            PhaseError::Failed(reason) => PhaseError::Failed(reason.bound_texts(session)),
            PhaseError::NotChecked(message) => PhaseError::NotChecked(session.bound_text(message)),
            PhaseError::Many(reasons) => {
                let reasons = reasons.into_iter();
                PhaseError::Many(reasons.map(|reason| reason.bound_texts(session)).collect())
            }
            PhaseError::Stopped => PhaseError::Stopped,
        }
    }
}

impl From<String> for PhaseError {
    fn from(message: String) -> Self {
        PhaseError::Failed(message.into())
    }
}

impl From<&Failure> for PhaseError {
    fn from(failure: &Failure) -> Self {
        PhaseError::Failed(failure.into())
    }
}
