//! Counts what a phase spends of its limits: in one call, in all its calls, and together with the
//! other phases of its plugin.
mod effects;
mod time;

use super::Session;
use crate::{
    arguments::json,
    effect::{Effect, Object, Patch, proposal::Proposal},
    run::access::Access,
    wasm::{
        gate::Row,
        limits::{
            MAX_ALL_OBJECT_BYTES, MAX_CAPSULES, MAX_FACT_BYTES, MAX_FINDING_BYTES,
            MAX_HANDED_BYTES, MAX_HELD_BYTES, MAX_LOG_BYTES, MAX_RUN_CAPSULES, MAX_RUN_FACT_BYTES,
            MAX_RUN_FACTS, MAX_RUN_FINDING_BYTES, MAX_RUN_FINDINGS, MAX_RUN_HANDED_BYTES,
            MAX_RUN_LOG_BYTES, UsedTime,
        },
    },
};
use kubephase_wit::{Finding, Stop};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// The totals that all phases of a plugin spent in a run.
#[derive(Default)]
pub(in crate::run) struct RunTotals {
    findings: usize,
    finding_bytes: usize,
    log_bytes: usize,
    /// memory for proposals and facts
    handed_bytes: usize,
    /// the part of `handed_bytes` for objects of the cluster
    object_bytes: usize,
    facts: usize,
    fact_bytes: usize,
    crypto_work: usize,
    /// bytes of the journal for effects
    effect_bytes: usize,
    directories: usize,
    capsules: usize,
    time: Duration,
    processor_time: UsedTime,
}

/// The state of one call of the phase's `run`, and the totals of all calls.
#[derive(Default)]
pub(super) struct Call {
    pub round: u32,
    pub began: Option<Instant>,
    pub proposals: Vec<Proposal>,
    pub findings: Vec<Finding>,
    /// findings of all calls
    pub found: usize,
    /// proposals of all calls
    pub proposed: usize,
    /// bytes of messages and progress
    pub log_bytes: usize,
    /// memory for proposals, findings and facts
    handed_bytes: usize,
    /// memory for the proposals of this call
    held_bytes: usize,
    /// bytes of the host's answers
    pub answered_bytes: usize,
    /// calls of each host function in this call of `run`
    pub calls: BTreeMap<&'static str, usize>,
}

impl Call {
    /// Counts a call of a host function.
    ///
    /// # Errors
    /// The function was called more often than its row allows.
    pub fn count(&mut self, row: &'static Row) -> Result<(), Stop> {
        let (calls, most) = (
            self.calls.entry(row.function).or_default(),
            row.allowance.calls,
        );
        *calls += 1;
        if *calls > most {
            Err(Stop::msg(format!(
                "limit of {most} calls of {} reached",
                row.capability()
            )))
        } else {
            Ok(())
        }
    }

    fn hand(&mut self, bytes: usize) -> Result<(), Stop> {
        spend(
            &mut self.handed_bytes,
            bytes,
            MAX_HANDED_BYTES,
            "proposals, findings and facts",
        )
    }

    /// Gives back the memory for the proposals of this call.
    pub fn release_memory(&mut self, held: &AtomicUsize) {
        held.fetch_sub(std::mem::take(&mut self.held_bytes), Ordering::Relaxed);
    }
}

/// Adds bytes to a counter, and stops the phase if the counter exceeds the limit. Each item counts
/// 32 bytes more than its content, so that empty items are limited too.
pub(super) fn spend(spent: &mut usize, bytes: usize, limit: usize, what: &str) -> Result<(), Stop> {
    *spent = spent.saturating_add(bytes).saturating_add(32);
    if *spent > limit {
        Err(Stop::msg(format!(
            "limit of {limit} bytes of {what} reached"
        )))
    } else {
        Ok(())
    }
}

/// Returns the rough number of bytes that an effect takes in memory.
pub(super) fn weight(effect: &Effect) -> usize {
    if let Some(file) = effect.as_file() {
        file.content.len() + file.path.len()
    } else if let Some(json) = object_json(effect) {
        json::memory(json)
    } else {
        effect.to_json().len()
    }
}

/// Returns the object or the patch of an object that an effect sends to the cluster.
fn object_json(effect: &Effect) -> Option<&Value> {
    let object = effect.as_kind().map(|object: &Object| &object.manifest);
    object.or_else(|| effect.as_kind().map(|patch: &Patch| &patch.patch))
}

impl Session {
    /// Changes the totals of a plugin, over all of its phases.
    fn spend_of_run<T: Default>(
        &self,
        count: impl FnOnce(&mut RunTotals) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let Access::Granted(grant) = &self.0.access else {
            return Ok(T::default());
        };
        let mut spent = self.0.shared.spent.lock();
        count(spent.entry(grant.plugin().to_owned()).or_default())
    }

    /// Does what [`Session::spend_of_run`] does. But first, for a third party's plugin, it refuses
    /// an amount that would exceed the limit of all plugins together. `spent` returns how much a
    /// plugin has spent of this limit. Refused amounts do not count against other plugins.
    fn spend_of_all<T: Default>(
        &self,
        added: usize,
        spent: impl Fn(&RunTotals) -> usize,
        (limit, what): (usize, &str),
        count: impl FnOnce(&mut RunTotals) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let Access::Granted(grant) = &self.0.access else {
            return Ok(T::default());
        };
        let mut totals = self.0.shared.spent.lock();
        let of_all: usize = totals.values().map(spent).sum();
        if self.is_plugin() && of_all.saturating_add(added) > limit {
            return Err(Stop::msg(format!(
                "limit of {limit} {what} of all plugins reached"
            )));
        }
        count(totals.entry(grant.plugin().to_owned()).or_default())
    }

    /// Counts the bytes of a message.
    pub(super) fn log(&self, bytes: usize) -> Result<(), Stop> {
        spend(&mut self.call().log_bytes, bytes, MAX_LOG_BYTES, "messages")?;
        self.spend_of_run(|run| {
            spend(
                &mut run.log_bytes,
                bytes,
                MAX_RUN_LOG_BYTES,
                "messages of one plugin",
            )
        })
    }

    /// Whether this is a phase of the program's own code. Its proposals have no limit, because the
    /// node itself limits them: a reset proposes as much as all earlier runs made.
    pub(super) fn is_builtin(&self) -> bool {
        matches!(self.0.access, Access::BuiltIn)
    }

    /// Counts memory for a proposal, until it is carried out and for the whole run.
    pub(super) fn reserve_memory(&self, call: &mut Call, bytes: usize) -> Result<(), Stop> {
        if self.is_builtin() {
            return Ok(());
        }
        call.hand(bytes)?;
        self.hand_of_run(bytes)?;
        if !self.is_plugin() {
            return Ok(());
        }
        let held = self.0.shared.held.fetch_add(bytes, Ordering::Relaxed);
        call.held_bytes += bytes;
        if held.saturating_add(bytes) > MAX_HELD_BYTES {
            return Err(Stop::msg(format!(
                "limit of {MAX_HELD_BYTES} bytes of memory for proposals of all phases that run \
                 side by side reached (parallelism of the PhaseConfiguration)"
            )));
        }
        Ok(())
    }

    /// Counts memory for an object of the cluster, if an effect has one, for the whole run: the
    /// record of the writes, and the cluster of a rehearsal, keep the object.
    pub(super) fn hold_object(&self, effect: &Effect, bytes: usize) -> Result<(), Stop> {
        if !self.is_plugin() || object_json(effect).is_none() {
            return Ok(());
        }
        self.spend_of_all(
            bytes,
            |run| run.object_bytes,
            (MAX_ALL_OBJECT_BYTES, "bytes of objects"),
            |run| {
                run.object_bytes = run.object_bytes.saturating_add(bytes);
                Ok(())
            },
        )
    }

    /// Gives back the memory for the proposals of this call, which were carried out.
    pub fn release_memory(&self) {
        self.call().release_memory(&self.0.shared.held);
    }

    fn hand_of_run(&self, bytes: usize) -> Result<(), Stop> {
        self.spend_of_run(|run| {
            spend(
                &mut run.handed_bytes,
                bytes,
                MAX_RUN_HANDED_BYTES,
                "proposals and facts of one plugin",
            )
        })
    }

    pub(super) fn count_finding(&self, call: &mut Call, bytes: usize) -> Result<(), Stop> {
        call.hand(bytes)?;
        let spent = |run: &RunTotals| run.finding_bytes.min(MAX_RUN_FINDING_BYTES);
        let limit = (MAX_FINDING_BYTES, "bytes of findings");
        self.spend_of_all(bytes, spent, limit, |run| {
            run.findings += 1;
            if run.findings > MAX_RUN_FINDINGS {
                return Err(Stop::msg(format!(
                    "limit of {MAX_RUN_FINDINGS} findings of one plugin reached"
                )));
            }
            spend(
                &mut run.finding_bytes,
                bytes,
                MAX_RUN_FINDING_BYTES,
                "findings of one plugin",
            )
        })
    }

    /// Counts a fact; `is_new` if the phase has no fact of this name yet.
    pub(super) fn count_fact(&self, bytes: usize, is_new: bool) -> Result<(), Stop> {
        self.call().hand(bytes)?;
        self.hand_of_run(bytes)?;
        let spent = |run: &RunTotals| run.fact_bytes.min(MAX_RUN_FACT_BYTES);
        let limit = (MAX_FACT_BYTES, "bytes of facts");
        self.spend_of_all(bytes, spent, limit, |run| {
            run.facts += usize::from(is_new);
            if run.facts > MAX_RUN_FACTS {
                return Err(Stop::msg(format!(
                    "limit of {MAX_RUN_FACTS} facts of one plugin reached"
                )));
            }
            spend(
                &mut run.fact_bytes,
                bytes,
                MAX_RUN_FACT_BYTES,
                "facts of one plugin",
            )
        })
    }

    /// Counts a capsule of the plugin. Returns whether it may be kept.
    pub fn spend_capsule(&self) -> bool {
        // The program's own plugins share this limit too.
        let mut totals = self.0.shared.spent.lock();
        let kept = totals
            .values()
            .map(|run| run.capsules.min(MAX_RUN_CAPSULES));
        if kept.sum::<usize>() >= MAX_CAPSULES {
            return false;
        }
        let Access::Granted(grant) = &self.0.access else {
            return false;
        };
        let run = totals.entry(grant.plugin().to_owned()).or_default();
        run.capsules += 1;
        run.capsules <= MAX_RUN_CAPSULES
    }
}
