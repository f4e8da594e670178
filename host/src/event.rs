//! The events of a run, as a stream. The journal keeps them, and reports are made from them. No
//! event holds a secret: an effect appears as a one-line summary, content as a digest, and a
//! message has a placeholder for each secret. A message with its secrets goes, beside the event,
//! only to subscribers that show it to a person.
mod number;
mod plugin_record;
mod size;
mod usage;

pub use plugin_record::{GrantRecord, PluginRecord};
pub use usage::Usage;

use crate::{
    effect::{Applied, Footprint},
    secret::Secret,
};
use kubephase_wit::{Finding, Severity};
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Instant,
};

/// An event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// microseconds since the run began
    #[serde(deserialize_with = "number::read")]
    pub at: u64,
    #[serde(flatten)]
    pub kind: EventKind,
}

/// The kinds of events, with their data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum EventKind {
    /// `phases` are those that will run, in an order that keeps every edge
    RunStarted {
        workflow: String,
        version: String,
        phases: Vec<String>,
        /// the phases that each phase waits for, without edges that follow from others; empty in
        /// journals of versions that did not record them
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        needs: BTreeMap<String, Vec<String>>,
        /// the names of third parties' plugins that provide phases, by phase; empty in journals of
        /// versions that did not record them
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        plugins: BTreeMap<String, String>,
        /// version of Kubernetes that the cluster has after the run; empty if the run has no
        /// configuration of a cluster, and in journals of versions that did not record it
        #[serde(default, skip_serializing_if = "String::is_empty")]
        kubernetes: String,
        /// the third parties' plugins of the run; empty in journals of versions that did not
        /// record them
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        components: Vec<PluginRecord>,
    },
    PhaseStarted {
        phase: String,
    },
    /// a line for the person, without the `[phase]` prefix; `label` is the text of that prefix
    /// (`certs`, `kubelet-start`), empty for no prefix
    Message {
        phase: String,
        severity: Severity,
        label: String,
        text: String,
        /// name of the third party's plugin that the message is from, set by the host; `None` for
        /// the program itself
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plugin: Option<String>,
    },
    Finding {
        phase: String,
        finding: Finding,
        judged: Judgement,
        /// name of the third party's plugin that reports the finding, set by the host; `None` for
        /// the program's own checks
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plugin: Option<String>,
    },
    Progress {
        phase: String,
        done: u32,
        total: u32,
        text: String,
        /// name of the third party's plugin that reports the progress, set by the host; `None` for
        /// the program itself
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plugin: Option<String>,
    },
    /// the targets of the effects that are about to be applied; recorded before the first of them
    /// is applied
    Intended {
        phase: String,
        targets: Vec<String>,
    },
    Effect {
        phase: String,
        effect: EffectSummary,
        result: EffectResult,
        #[serde(deserialize_with = "number::read")]
        micros: u64,
        /// files that the effect made and that did not exist before; empty in journals of older
        /// versions
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        made: Vec<String>,
        /// directories that the effect made and that did not exist before, including parents
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        directories: Vec<String>,
        /// what the effect means for later runs; `None` in lines of earlier versions, which
        /// `journal::earlier` completes when it reads them
        #[serde(default, skip_serializing_if = "Option::is_none")]
        footprint: Option<Footprint>,
    },
    PhaseEnded {
        phase: String,
        result: PhaseResult,
        #[serde(deserialize_with = "number::read")]
        micros: u64,
    },
    /// the resources that a plugin's phase used, and its limits
    PluginUsed {
        phase: String,
        /// name and version, unlike `plugin` of other events
        plugin: String,
        used: Usage,
    },
    RunEnded {
        result: RunResult,
        #[serde(deserialize_with = "number::read")]
        micros: u64,
    },
}

impl EventKind {
    /// Whether every subscriber has to receive the event before the run goes on. True for the start
    /// and the end of the run, for effects that are about to be applied, and for their results.
    fn must_flush(&self) -> bool {
        matches!(
            self,
            EventKind::RunStarted { .. }
                | EventKind::Intended { .. }
                | EventKind::Effect { .. }
                | EventKind::RunEnded { .. }
        )
    }

    /// Returns the third-party plugin that sent a message, a finding or progress; `None` for the
    /// program and for all other events.
    pub fn plugin(&self) -> Option<&str> {
        match self {
            EventKind::Message { plugin, .. }
            | EventKind::Finding { plugin, .. }
            | EventKind::Progress { plugin, .. } => plugin.as_deref(),
            _ => None,
        }
    }
}

/// The weight of a finding in the run, after `--ignore-preflight-errors` and waivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    Stands,
    /// an error that became a warning; the text names the reason
    Downgraded(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectSummary {
    /// `file`, `certificate`, `object`, ...
    pub kind: String,
    /// the target of the effect: a path, `configmaps kube-system/kubeadm-config`, a service
    pub target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// SHA-256 of the effect as data, hexadecimal
    pub digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectResult {
    #[serde(rename = "enacted")]
    Applied(Applied),
    Failed(String),
    /// the effect was not granted; the text is the reason
    Refused(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseResult {
    Settled,
    Skipped(String),
    Failed(String),
    /// a phase that it needs did not settle
    NotReached(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunResult {
    Done,
    /// a check failed; nothing was changed, but images may have been pulled
    PreflightFailed,
    Failed {
        phase: String,
        message: String,
    },
    Cancelled,
}

/// A receiver of events. It is called in the order of events, on a thread that emits events, and
/// must be quick.
pub trait Subscriber: Send {
    fn on_event(&mut self, event: &Event);

    /// Takes a message of a built-in phase that has placeholders of secrets. `revealed` is its text
    /// with the values of the secrets. Only a subscriber that shows messages on the operator's
    /// terminal implements this.
    fn on_revealed_event(&mut self, event: &Event, _revealed: &Secret<String>) {
        self.on_event(event);
    }
}

/// The largest number of bytes of events that may wait. A thread that emits more delivers them, and
/// waits for the subscribers.
const MAX_WAITING: usize = 1 << 20;

/// The queue of events that were emitted and not yet delivered, the earliest first.
#[derive(Default)]
struct Waiting {
    events: VecDeque<Emitted>,
    bytes: usize,
}

/// An event. If its message has secrets, also the message with their values.
type Emitted = (Event, Option<Secret<String>>);

/// A bus that delivers each emitted event to every subscriber.
pub struct Bus {
    began: Instant,
    waiting: Mutex<Waiting>,
    subscribers: Mutex<Vec<Box<dyn Subscriber>>>,
}

impl Bus {
    pub fn new(subscribers: Vec<Box<dyn Subscriber>>) -> Self {
        Bus {
            began: Instant::now(),
            waiting: Mutex::default(),
            subscribers: Mutex::new(subscribers),
        }
    }

    /// Emits an event. For an event that must be flushed, returns only after every subscriber has
    /// received it and all events before it. Any other event may be delivered later, by another
    /// thread.
    pub fn emit(&self, kind: EventKind) {
        self.queue_and_deliver(kind, None);
    }

    /// Emits a message of a built-in phase that has placeholders of secrets, with the text that the
    /// operator reads.
    pub fn emit_revealed(&self, kind: EventKind, revealed: Secret<String>) {
        self.queue_and_deliver(kind, Some(revealed));
    }

    fn queue_and_deliver(&self, kind: EventKind, revealed: Option<Secret<String>>) {
        let must_flush = kind.must_flush();
        let waiting = self.add(kind, revealed);
        if must_flush || waiting > MAX_WAITING {
            self.deliver_waiting(&mut self.subscribers.lock());
        }
        // If the lock is taken, the thread that holds it comes back to this check after releasing
        // it, so no event stays in the queue.
        while !self.waiting().events.is_empty() {
            let Some(mut subscribers) = self.subscribers.try_lock() else {
                return;
            };
            self.deliver_waiting(&mut subscribers);
        }
    }

    /// Adds an event to the queue. Returns the bytes in the queue. The time is taken under the
    /// lock, so that the times have the order of the events.
    fn add(&self, kind: EventKind, revealed: Option<Secret<String>>) -> usize {
        let mut waiting = self.waiting();
        waiting.bytes += kind.bytes();
        waiting.events.push_back((
            Event {
                at: micros(self.began),
                kind,
            },
            revealed,
        ));
        waiting.bytes
    }

    fn deliver_waiting(&self, subscribers: &mut [Box<dyn Subscriber>]) {
        while let Some((event, revealed)) = self.next_waiting() {
            subscribers
                .iter_mut()
                .for_each(|subscriber| match &revealed {
                    Some(revealed) => subscriber.on_revealed_event(&event, revealed),
                    None => subscriber.on_event(&event),
                });
        }
    }

    /// Removes the oldest event that waits.
    fn next_waiting(&self) -> Option<Emitted> {
        let mut waiting = self.waiting();
        let next = waiting.events.pop_front()?;
        waiting.bytes -= next.0.kind.bytes();
        Some(next)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock()
    }
}

/// Microseconds since an instant.
pub fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
