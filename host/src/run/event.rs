//! What happened, as a stream. The journal is its durable mirror, a report is a fold over it.
//!
//! No event holds a secret: effects appear as their one-line summary, contents as digests.
use crate::{effect::Enacted, wasm::limits::Limits};
use kubephase_wit::{Finding, Severity};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Mutex, time::Instant};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// microseconds since the run began
    pub at: u64,
    #[serde(flatten)]
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum What {
    /// `phases` are those that will run, in an order that keeps every edge
    RunStarted {
        workflow: String,
        version: String,
        phases: Vec<String>,
        /// what each phase waits for, without what follows from others; empty in journals of versions that did not say
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        needs: BTreeMap<String, Vec<String>>,
    },
    PhaseStarted {
        phase: String,
    },
    /// a line for the person, without the `[phase]` prefix; `label` is that prefix (`certs`, `kubelet-start`), empty for none
    Message {
        phase: String,
        severity: Severity,
        label: String,
        text: String,
    },
    Finding {
        phase: String,
        finding: Finding,
        judged: Judgement,
    },
    Progress {
        phase: String,
        done: u32,
        total: u32,
        text: String,
    },
    /// what is about to be carried out, by target; kept before the first of it is
    Intended {
        phase: String,
        targets: Vec<String>,
    },
    Effect {
        phase: String,
        effect: EffectSummary,
        result: EffectResult,
        micros: u64,
        /// files that it made where there were none; empty in journals of versions that did not say
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        made: Vec<String>,
        /// directories likewise, those on the way among them
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        directories: Vec<String>,
    },
    PhaseEnded {
        phase: String,
        result: PhaseResult,
        micros: u64,
    },
    /// what a plugin's phase used of what it may
    PluginUsed {
        phase: String,
        /// name and version
        plugin: String,
        used: Usage,
    },
    RunEnded {
        result: RunResult,
        micros: u64,
    },
}

/// What the calls of one phase used; the limits are `wasm/limits.rs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// the most that one call had, over all memories and tables
    pub memory_bytes: usize,
    pub findings: usize,
    pub proposals: usize,
    /// of messages and progress
    pub message_bytes: usize,
    /// what held, where it is the operator's to say; older journals have what always held then
    #[serde(default)]
    pub limits: Limits,
}

/// What a finding means for the run, after `--ignore-preflight-errors` and waivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    Stands,
    /// an error made a warning, and by what
    Downgraded(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectSummary {
    /// `file`, `certificate`, `object`, ...
    pub kind: String,
    /// what it is about: a path, `configmaps kube-system/kubeadm-config`, a service
    pub target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// SHA-256 of the effect as data, hexadecimal
    pub digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectResult {
    Enacted(Enacted),
    Failed(String),
    /// not granted, and why
    Refused(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseResult {
    Settled,
    Skipped(String),
    Failed(String),
    /// a phase it needs did not settle
    NotReached(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunResult {
    Done,
    /// a check stands in the way; nothing was changed
    PreflightFailed,
    Failed {
        phase: String,
        message: String,
    },
    Cancelled,
}

/// Whoever wants to know. Called in the order of events, on the thread that emits; must be quick.
pub trait Subscriber: Send {
    fn notice(&mut self, event: &Event);
}

/// Where events are emitted; hands each to every subscriber.
pub struct Bus {
    began: Instant,
    subscribers: Mutex<Vec<Box<dyn Subscriber>>>,
}

impl Bus {
    pub fn new(subscribers: Vec<Box<dyn Subscriber>>) -> Self {
        Bus { began: Instant::now(), subscribers: Mutex::new(subscribers) }
    }

    pub fn emit(&self, what: What) {
        // The lock makes time stamps and the order of delivery agree.
        let mut subscribers = self.subscribers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let event = Event { at: micros(self.began), what };
        subscribers.iter_mut().for_each(|subscriber| subscriber.notice(&event));
    }
}

/// Microseconds since an instant.
pub fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
