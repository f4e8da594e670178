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
        territory::{self, Territory},
    },
    plan::Node,
    world::Tried,
};
use kubephase_wit::{Failure, Severity};
use std::{collections::BTreeSet, path::Path, sync::PoisonError, thread, time::Instant};

impl Executor<'_> {
    /// Checks all proposals of a call, then carries them out one by one; whether anything changed.
    pub(super) fn carry_out(&self, node: &Node, session: &Session, sent: &mut Vec<Sent>, left: &Left) -> Result<bool, Broken> {
        let proposals = session.take_proposals();
        let territory = session.is_plugin().then(|| Territory::of(self.config));
        for proposal in &proposals {
            let of_host = territory.as_ref().and_then(|territory| territory::refusal(&proposal.effect, territory, self.config));
            if let Err(why) = session.access().check_effect(&proposal.effect).and(of_host.map_or(Ok(()), Err)) {
                self.tell(node, proposal, EffectResult::Refused(why.clone()), 0, &[]);
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
            if failed.is_none() && self.cancel.is_requested() {
                failed = Some(Broken::Stopped);
            }
            if failed.is_some() && !proposal.regardless {
                continue;
            }
            let disturbed = proposal.requires.iter().any(|earlier| changed[*earlier as usize]);
            if let Some(line) = &proposal.announce {
                session.say(Severity::Info, line);
            }
            let enact = || self.enact(proposal, disturbed, territory.as_ref(), session, left);
            let absent = self.absent(&proposal.effect);
            let outcome = if proposal.effect.waits() { left.crew.parked(enact) } else { enact() };
            match outcome {
                Ok(Done { enacted, said, warnings, sent: written }) => {
                    said.iter().for_each(|line| session.say(Severity::Info, line));
                    warnings.iter().for_each(|line| session.say(Severity::Warning, line));
                    changed[at] = enacted == Enacted::Changed;
                    let paths = if changed[at] { &self.shared.made } else { &self.shared.found };
                    paths.lock().unwrap_or_else(PoisonError::into_inner).extend(proposal.effect.paths());
                    sent.extend(written);
                    self.tell(node, proposal, EffectResult::Enacted(enacted), micros(began), &absent);
                }
                Err(Failure { message, code, .. }) if proposal.attempt.is_some() && code != "cancelled" => {
                    proposal.attempt.iter().for_each(|warning| session.say(Severity::Warning, &warning.replacen("{}", &message, 1)));
                    self.tell(node, proposal, EffectResult::Enacted(Enacted::Left(message)), micros(began), &absent);
                }
                Err(failure) => {
                    self.tell(node, proposal, EffectResult::Failed(failure.message.clone()), micros(began), &absent);
                    failed.get_or_insert(match failure.code.as_str() {
                        // The same command goes on from here.
                        "cancelled" => Broken::Stopped,
                        _ => Broken::Failed(failure.told()),
                    });
                }
            }
        }
        failed.map_or(Ok(changed.contains(&true)), Err)
    }

    fn enact(&self, proposal: &Proposal, disturbed: bool, territory: Option<&Territory>, session: &Session, left: &Left) -> Tried<Done> {
        proposal.effect.enact(&Context {
            world: self.shared.world.as_ref(),
            config: self.config,
            started: self.started,
            made: &|path| self.shared.made.lock().unwrap_or_else(PoisonError::into_inner).contains(path),
            disturbed,
            territory,
            cancel: &left.stop,
            command_time: session.limits().deadline,
        })
    }

    /// Pulls images, one after the other unless the configuration says otherwise. A pull that fails does not keep the other images
    /// from being pulled (kubeadm behaviour).
    fn pull(&self, node: &Node, session: &Session, images: &[Proposal], left: &Left) -> Result<bool, Broken> {
        let one = |proposal: &Proposal| {
            let began = Instant::now();
            (self.enact(proposal, false, None, session, left), micros(began))
        };
        let serial = self.config.init.node_registration.image_pull_serial.unwrap_or(true);
        let outcomes: Vec<_> = left.crew.parked(|| {
            if serial {
                return images.iter().map(one).collect();
            }
            thread::scope(|scope| {
                let one = &one;
                let pulls: Vec<_> = images.iter().map(|image| scope.spawn(move || one(image))).collect();
                pulls.into_iter().map(|pull| pull.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
            })
        });
        let (mut failed, mut changed, mut stopped) = (Vec::new(), false, false);
        for (proposal, (outcome, micros)) in images.iter().zip(outcomes) {
            let result = match outcome {
                Ok(done) => {
                    done.warnings.iter().for_each(|line| session.say(Severity::Warning, line));
                    changed |= done.enacted == Enacted::Changed;
                    EffectResult::Enacted(done.enacted)
                }
                Err(failure) => {
                    stopped |= failure.code == "cancelled";
                    failed.push(failure.told());
                    EffectResult::Failed(failure.message)
                }
            };
            self.tell(node, proposal, result, micros, &[]);
        }
        if stopped {
            return Err(Broken::Stopped);
        }
        if failed.is_empty() { Ok(changed) } else { Err(Broken::Each(failed)) }
    }

    /// Of what is at a path, if anything is.
    fn kind(&self, path: &str) -> Option<String> {
        self.shared.world.files().stat(path).ok().flatten().map(|meta| meta.kind)
    }

    /// Of the files that come into being with an effect, and the directories they are in, those that are not there.
    fn absent(&self, effect: &Effect) -> Vec<String> {
        let mut absent = BTreeSet::new();
        for path in effect.paths() {
            let above = Path::new(&path).ancestors().filter_map(Path::to_str).take_while(|path| self.kind(path).is_none());
            absent.extend(above.map(str::to_owned));
        }
        absent.into_iter().collect()
    }

    /// `absent` is what was not there before it was carried out.
    fn tell(&self, node: &Node, proposal: &Proposal, result: EffectResult, micros: u64, absent: &[String]) {
        let made = |wanted: &str| absent.iter().filter(|path| self.kind(path).is_some_and(|kind| kind == wanted)).cloned().collect();
        let (made, directories) = (made("file"), made("directory"));
        let (kind, target) = proposal.effect.summary();
        let digest = proposal.effect.digest();
        let effect = EffectSummary { kind: kind.to_owned(), target, because: proposal.because.clone(), digest };
        self.shared.bus.emit(What::Effect { phase: node.id.clone(), effect, result, micros, made, directories });
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        cancel::Cancel,
        phase::catalog::Workflow,
        plan::{Node, Plan, sample},
        run::{
            access::Access,
            crew::Places,
            event::{Bus, RunResult},
            executor::{Executor, Ready},
            judge::Judge,
            session::{Session, Shared},
        },
        wasm::{grant::Grant, manifest::FailurePolicy},
        world::{self, Cluster, Files, Net, Runtime, World, imagined::Imagined},
    };
    use kubephase_sdk::{
        Failure, Native, Outcome, Phase, PhaseInfo, effects_core, effects_files, json,
        spec::{Condition, WaitSpec},
        testing::Case,
    };
    use kubephase_wit::phase::Host;
    use std::{path::Path, sync::Arc};

    /// Of its steps the second fails: there is a directory where a file is to be.
    struct HalfWay;

    impl Phase for HalfWay {
        fn describe() -> PhaseInfo {
            info("half-way")
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

    /// Leaves a secret for another to remove.
    struct Opens;

    impl Phase for Opens {
        fn describe() -> PhaseInfo {
            info("opens")
        }

        fn run() -> Result<Outcome, Failure> {
            effects_files::write_file("/left", b"for now")?;
            Ok(Outcome::Settled)
        }
    }

    /// Waits for what does not come, and removes the secret.
    struct Tidies;

    impl Phase for Tidies {
        fn describe() -> PhaseInfo {
            info("tidies")
        }

        fn run() -> Result<Outcome, Failure> {
            let condition = Condition::Bootstrapped { kubeconfig: "/none".into() };
            effects_core::wait_until(&json(&WaitSpec { condition, timeout_seconds: 600 }))?;
            let removal = effects_files::remove_file("/left")?;
            effects_core::regardless(removal)?;
            Ok(Outcome::Settled)
        }
    }

    /// Writes a key of the host's.
    struct Reaches;

    impl Phase for Reaches {
        fn describe() -> PhaseInfo {
            info("reaches")
        }

        fn run() -> Result<Outcome, Failure> {
            effects_files::write_file("/etc/kubernetes/pki/ca.key", b"evil")?;
            Ok(Outcome::Settled)
        }
    }

    /// A world with a defect: it panics when its network is used, as every wait does.
    struct Defective(Imagined);

    impl World for Defective {
        fn files(&self) -> &dyn Files {
            self.0.files()
        }

        fn node(&self) -> &dyn world::Node {
            self.0.node()
        }

        fn net(&self) -> &dyn Net {
            panic!("a defect of the host")
        }

        fn runtime(&self) -> &dyn Runtime {
            self.0.runtime()
        }

        fn cluster(&self) -> &dyn Cluster {
            self.0.cluster()
        }
    }

    fn info(name: &str) -> PhaseInfo {
        PhaseInfo { name: name.into(), summary: String::new(), annotations: Vec::new() }
    }

    fn node(id: &str, after: &[&str], tidies: bool) -> Node {
        Node { tidies, ..sample::node(id, after) }
    }

    fn made(id: &str, session: Session) -> Box<dyn Host + Send> {
        match id {
            "opens" => Box::new(Native::<Opens, _>::new(session)),
            "tidies" => Box::new(Native::<Tidies, _>::new(session)),
            "reaches" => Box::new(Native::<Reaches, _>::new(session)),
            _ => Box::new(Native::<HalfWay, _>::new(session)),
        }
    }

    /// What a run of these leaves of the secrets and of what comes later, where one of them fails.
    fn left(nodes: Vec<Node>, fails: &str) -> Vec<&'static str> {
        let root = tempfile::tempdir().unwrap();
        left_in(Arc::new(imagined(root.path())), nodes, Places::Exactly(1), fails)
    }

    fn imagined(root: &Path) -> Imagined {
        Imagined::new(&Case::parse("{}").unwrap(), root).unwrap()
    }

    /// A plugin that may write any file, as far as its grant says.
    fn all_files() -> Access {
        let request = serde_json::json!({"capability": "effects-files.write-file", "reason": "r", "paths": ["/**"]});
        Access::Granted(Arc::new(Grant::new("reaches", vec![serde_json::from_value(request).unwrap()])))
    }

    #[test]
    fn a_plugin_does_not_reach_what_is_the_hosts_whatever_it_was_granted() {
        let root = tempfile::tempdir().unwrap();
        let world = Arc::new(imagined(root.path()));
        left_in(world.clone(), vec![node("reaches", &[], false)], Places::Exactly(1), "reaches");
        assert!(world.files().stat("/etc/kubernetes").unwrap().is_none());
    }

    fn left_in(world: Arc<dyn World>, nodes: Vec<Node>, places: Places, fails: &str) -> Vec<&'static str> {
        world.files().make_dir("/taken/by", 0o755).unwrap();
        let plan = Plan { workflow: Workflow::Init, nodes, groups: Vec::new() };
        let shared = Arc::new(Shared::new(world, Bus::new(Vec::new()), serde_json::json!({})));
        let executor = Executor {
            plan: &plan,
            shared: shared.clone(),
            config: &Default::default(),
            provide: &|node| {
                let access = if node.id == "reaches" { all_files() } else { Access::BuiltIn };
                let session = Session::new(shared.clone(), &node.id, &serde_json::json!({}), access);
                Ready { phase: made(&node.id, session.clone()), session, plugin: None, policy: FailurePolicy::Fail, headers: Vec::new() }
            },
            judge: &Judge::default(),
            started: 0,
            cancel: &Cancel::never(),
            places,
        };
        assert!(matches!(executor.execute().result, RunResult::Failed { phase, .. } if phase == fails));
        let files = shared.world.files();
        ["/secret", "/left", "/later"].into_iter().filter(|path| files.stat(path).unwrap().is_some()).collect()
    }

    #[test]
    fn what_is_to_be_done_regardless_is_done_after_a_failure_and_nothing_else_is() {
        assert_eq!(left(vec![node("half-way", &[], false)], "half-way"), [""; 0]);
    }

    /// Another phase fails before the one that tidies up begins; one that does not tidy up is not begun.
    #[test]
    fn what_a_phase_leaves_open_is_put_away_even_where_the_run_was_stopped() {
        let nodes = |tidies| vec![node("opens", &[], false), node("half-way", &["opens"], false), node("tidies", &["opens"], tidies)];
        let with = |tidies| left(nodes(tidies), "half-way");
        assert_eq!(with(true), [""; 0]);
        assert_eq!(with(false), ["/left"]);
    }

    /// Whether it holds a place while it does or not.
    #[test]
    fn where_the_host_panics_for_a_phase_that_fails_and_what_needs_it_is_not_begun() {
        for places in [Places::Exactly(1), Places::Working(1)] {
            let root = tempfile::tempdir().unwrap();
            let nodes = vec![node("tidies", &[], false), node("opens", &["tidies"], false)];
            assert_eq!(left_in(Arc::new(Defective(imagined(root.path()))), nodes, places, "tidies"), [""; 0]);
        }
    }
}
