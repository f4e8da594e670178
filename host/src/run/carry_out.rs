//! What a phase proposed, checked against what was granted, carried out effect by effect, and told as events.
use super::{
    event::{EffectResult, EffectSummary, What, micros},
    executor::{Broken, Executor, Left},
    session::Session,
};
use crate::{
    effect::{
        Context, Done, Effect, Enacted, Sent,
        proposal::{self, Proposal},
    },
    plan::Node,
    world::Tried,
};
use kubephase_wit::{Failure, Severity};
use std::{collections::BTreeSet, sync::PoisonError, thread, time::Instant};

impl Executor<'_> {
    /// Checks all proposals of a call, then carries them out one by one; whether anything changed.
    pub(super) fn carry_out(&self, node: &Node, session: &Session, sent: &mut Vec<Sent>, left: &Left) -> Result<bool, Broken> {
        let proposals = session.take_proposals();
        for proposal in &proposals {
            if let Err(why) = session.access().effect(&proposal.effect) {
                self.tell(node, proposal, EffectResult::Refused(why.clone()), 0);
                let (kind, target) = proposal.effect.summary();
                return Err(Broken::Failed(format!("it proposed what it was not granted: {kind} {target}: {why}")));
            }
        }
        if !proposals.is_empty() {
            let targets = |proposal: &Proposal| std::iter::once(proposal.effect.summary().1).chain(proposal.effect.paths());
            let targets: BTreeSet<String> = proposals.iter().flat_map(targets).collect();
            self.shared.bus.emit(What::Intended { phase: node.id.clone(), targets: targets.into_iter().collect() });
        }
        if proposals.iter().all(|proposal| matches!(proposal.effect, Effect::Image { .. })) {
            return self.pull(node, session, &proposals, left);
        }
        let (mut changed, mut failed) = (vec![false; proposals.len()], None);
        for at in proposal::order(&proposals).map_err(|failure| failure.told())? {
            let (proposal, began) = (&proposals[at], Instant::now());
            if failed.is_some() && !proposal.regardless {
                continue;
            }
            let disturbed = proposal.requires.iter().any(|earlier| changed[*earlier as usize]);
            if let Some(line) = &proposal.announce {
                session.say(Severity::Info, line);
            }
            let enact = || self.enact(proposal, disturbed, left);
            match if proposal.effect.waits() { self.parked(left, enact) } else { enact() } {
                Ok(Done { enacted, said, warnings, sent: written }) => {
                    said.iter().for_each(|line| session.say(Severity::Info, line));
                    warnings.iter().for_each(|line| session.say(Severity::Warning, line));
                    changed[at] = enacted == Enacted::Changed;
                    if changed[at] {
                        self.shared.made.lock().unwrap_or_else(PoisonError::into_inner).extend(proposal.effect.paths());
                    }
                    sent.extend(written);
                    self.tell(node, proposal, EffectResult::Enacted(enacted), micros(began));
                }
                Err(Failure { message, code, .. }) if proposal.attempt.is_some() && code != "cancelled" => {
                    proposal.attempt.iter().for_each(|warning| session.say(Severity::Warning, &warning.replacen("{}", &message, 1)));
                    self.tell(node, proposal, EffectResult::Enacted(Enacted::Left(message)), micros(began));
                }
                Err(failure) => {
                    self.tell(node, proposal, EffectResult::Failed(failure.message.clone()), micros(began));
                    // The same command goes on from here.
                    if failure.code == "cancelled" {
                        return Err(Broken::Stopped);
                    }
                    failed.get_or_insert(Broken::Failed(failure.told()));
                }
            }
        }
        failed.map_or(Ok(changed.contains(&true)), Err)
    }

    fn enact(&self, proposal: &Proposal, disturbed: bool, left: &Left) -> Tried<Done> {
        proposal.effect.enact(&Context {
            world: self.shared.world.as_ref(),
            config: self.config,
            started: self.started,
            made: &|path| self.shared.made.lock().unwrap_or_else(PoisonError::into_inner).contains(path),
            disturbed,
            cancelled: &|| self.halted(left),
        })
    }

    /// Pulls images, one after the other unless the configuration says otherwise; one that fails keeps nobody from the next
    /// (kubeadm behaviour).
    fn pull(&self, node: &Node, session: &Session, images: &[Proposal], left: &Left) -> Result<bool, Broken> {
        let one = |proposal: &Proposal| {
            let began = Instant::now();
            (self.enact(proposal, false, left), micros(began))
        };
        let serial = self.config.init.node_registration.image_pull_serial.unwrap_or(true);
        let outcomes: Vec<_> = self.parked(left, || {
            if serial {
                return images.iter().map(one).collect();
            }
            thread::scope(|scope| {
                let one = &one;
                let pulls: Vec<_> = images.iter().map(|image| scope.spawn(move || one(image))).collect();
                pulls.into_iter().map(|pull| pull.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
            })
        });
        let (mut failed, mut changed) = (Vec::new(), false);
        for (proposal, (outcome, micros)) in images.iter().zip(outcomes) {
            let result = match outcome {
                Ok(done) => {
                    done.warnings.iter().for_each(|line| session.say(Severity::Warning, line));
                    changed |= done.enacted == Enacted::Changed;
                    EffectResult::Enacted(done.enacted)
                }
                Err(failure) => {
                    failed.push(failure.told());
                    EffectResult::Failed(failure.message)
                }
            };
            self.tell(node, proposal, result, micros);
        }
        if failed.is_empty() { Ok(changed) } else { Err(Broken::Each(failed)) }
    }

    fn tell(&self, node: &Node, proposal: &Proposal, result: EffectResult, micros: u64) {
        let (kind, target) = proposal.effect.summary();
        let digest = proposal.effect.digest();
        let effect = EffectSummary { kind: kind.to_owned(), target, because: proposal.because.clone(), digest };
        self.shared.bus.emit(What::Effect { phase: node.id.clone(), effect, result, micros });
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        phase::catalog::{Kind, Source, Workflow},
        plan::{Node, Plan, State},
        run::{
            access::Access,
            event::{Bus, RunResult},
            executor::{Executor, Places, Ready},
            judge::Judge,
            session::{Session, Shared},
        },
        wasm::manifest::FailurePolicy,
        world::{Files, files::RootedFiles, rehearsal::files_only::FilesOnly},
    };
    use kubephase_sdk::{Failure, Native, Outcome, Phase, PhaseInfo, effects_core, effects_files};
    use std::sync::{Arc, atomic::AtomicBool};

    /// Its second step is one that fails: there is a directory where a file is to be.
    struct HalfWay;

    impl Phase for HalfWay {
        fn describe() -> PhaseInfo {
            PhaseInfo { name: "half-way".into(), summary: String::new(), annotations: Vec::new() }
        }

        fn run() -> Result<Outcome, Failure> {
            effects_files::write_file("/secret", b"for now")?;
            effects_files::write_file("/taken", b"no")?;
            effects_files::write_file("/later", b"no")?;
            let removal = effects_files::remove_file("/secret")?;
            effects_core::regardless(removal)?;
            Ok(Outcome::Settled)
        }
    }

    #[test]
    fn what_is_to_be_done_regardless_is_done_after_a_failure_and_nothing_else_is() {
        let root = tempfile::tempdir().unwrap();
        let files = RootedFiles::open(root.path()).unwrap();
        files.make_dir("/taken/by", 0o755).unwrap();
        let node = Node {
            id: "half-way".into(),
            title: String::new(),
            kind: Kind::Phase,
            source: Source::BuiltIn,
            state: State::Run,
            after: Vec::new(),
            typical: 0,
            replaces: Vec::new(),
        };
        let plan = Plan { workflow: Workflow::Init, nodes: vec![node], groups: Vec::new() };
        let shared = Arc::new(Shared::new(Arc::new(FilesOnly(files)), Bus::new(Vec::new()), serde_json::json!({})));
        let executor = Executor {
            plan: &plan,
            shared: shared.clone(),
            config: &Default::default(),
            provide: &|node| {
                let session = Session::new(shared.clone(), &node.id, &serde_json::json!({}), Access::BuiltIn);
                let phase = Box::new(Native::<HalfWay, _>::new(session.clone()));
                Ready { session, phase, plugin: None, policy: FailurePolicy::Fail, headers: Vec::new() }
            },
            judge: &Judge::default(),
            started: 0,
            cancelled: &AtomicBool::new(false),
            places: Places::Exactly(1),
        };
        assert_ne!(executor.execute().result, RunResult::Done);
        let files = shared.world.files();
        assert_eq!(files.stat("/secret").unwrap(), None, "it was made, and is gone again");
        assert_eq!(files.stat("/later").unwrap(), None, "what comes after a failure is not begun");
    }
}
