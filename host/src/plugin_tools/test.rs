//! `plugin test`: runs a component over test cases, with the session and the grants that it has in
//! a run.
#![allow(
    clippy::disallowed_methods,
    reason = "cases and capsules are the author's files"
)]
use crate::{
    cancel::Cancel,
    config::{ADMIN, SERVICE_SUBNET, plugin_limits::Limits},
    effect::proposal::Proposal,
    event::{Bus, Event, EventKind, Subscriber},
    operator_files,
    plugin::{
        consent::{self, Consent, Question},
        lines::{Allowed, requested},
        settings,
    },
    run::{
        access::Access,
        capsule::Capsule,
        session::{RunContext, Session},
    },
    text::sanitise,
    wasm::plugin::Plugin,
    world::{World, api::Patience, fake::FakeWorld, node::gather, reach::Services, real::Real},
};
use anyhow::{Context, Result, anyhow, bail};
use kubephase_sdk::{
    kubeadm::Config,
    testing::{self, Case},
};
use kubephase_wit::{Error, Failure, Finding, phase::Host};
use parking_lot::Mutex;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Bytes of the largest capsule that is read.
const MAX_CAPSULE: usize = 8 << 20;

/// The outcome of one case.
#[derive(Debug)]
pub struct Outcome {
    pub path: PathBuf,
    pub name: String,
    /// differences from what the case expects; empty if the case passed
    pub differences: Vec<String>,
    /// messages, findings and proposals of the plugin, for verbose output
    pub told: Vec<String>,
}

/// Runs every case of a folder.
///
/// # Errors
/// There are no cases, or the component cannot be called.
pub fn cases(plugin: &Plugin, folder: &Path) -> Result<Vec<Outcome>> {
    let cases = testing::read_cases(folder).map_err(|why| anyhow!(why))?;
    cases
        .into_iter()
        .map(|(path, case)| one(plugin, path, &case))
        .collect()
}

/// Runs the call of a capsule again, and compares its failure with the recorded one.
///
/// # Errors
/// The capsule cannot be read.
pub fn replay(plugin: &Plugin, file: &Path) -> Result<Vec<Outcome>> {
    let text = operator_files::read(file, MAX_CAPSULE)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let capsule = Capsule::read(&String::from_utf8_lossy(&text))
        .with_context(|| format!("{} cannot be replayed", file.display()))?;
    let scratch = tempfile::tempdir().context("cannot make a scratch tree")?;
    let stage = Stage::new(&Case::default(), &capsule.config, scratch.path())?;
    for (phase, name, fact) in &capsule.facts {
        stage.shared.set_fact(phase, name, fact.clone());
    }
    let session = Session::replaying(stage.shared.clone(), &capsule, stage.access(plugin));
    let mut played = stage.play(plugin, session, capsule.round)?;
    if capsule.digest != plugin.digest() {
        played.told.insert(
            0,
            format!(
                "the capsule is of version {}, digest {}",
                capsule.version, capsule.digest
            ),
        );
    }
    let ended = played
        .result
        .as_ref()
        .err()
        .map(|failure| failure.message.clone())
        .unwrap_or_default();
    let same = first_line(&ended) == first_line(&capsule.failure);
    // The capsule is not trusted: its text may act on the terminal.
    let name = sanitise::line(&capsule.phase).into_owned();
    let differences = match (capsule.failure.is_empty(), same) {
        (_, true) => Vec::new(),
        (true, false) => vec![format!("it failed: {ended}")],
        (false, false) => vec![format!(
            "then: {}\nnow: {}",
            capsule.failure,
            if ended.is_empty() {
                "no failure"
            } else {
                &ended
            }
        )],
    };
    Ok(vec![Outcome {
        path: file.to_owned(),
        name,
        differences,
        told: played.told,
    }])
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Calls the plugin on this machine as it is and writes what it looked at to `file`, which only
/// this user can read. What the plugin asks for it gets for real, such as the programs that it runs
/// to look at something, so the operator has to `allow` it. What it proposes is not carried out.
///
/// # Errors
/// Where the plugin asks for something that is not allowed, cannot be called, or the capsule cannot
/// be written.
pub fn record(plugin: &Plugin, file: &Path, allow: Option<Consent>) -> Result<Vec<Outcome>> {
    let command = format!(
        "kubephase plugin test COMPONENT --record {} --allow",
        file.display()
    );
    if let Some(consent) = allow {
        let question = Question {
            plugin,
            allowed: &Allowed::default(),
            in_place_of: None,
            command,
            services: Services::of(SERVICE_SUBNET),
        };
        consent.check(&question)?;
    } else if let Err(ungranted) = plugin.allow(&[], &[]) {
        bail!(
            "a recording calls the plugin on this machine and gives it what it asks for; only what \
             it proposes is not carried out. Here, {ungranted}\nif it may do that on this machine: \
             {command}{}",
            consent::flags(plugin, &Allowed::default())
        );
    }
    let (facts, _) = gather::gather();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let mut config = Config::default();
    config.init.node_registration.cri_socket =
        facts.cri_sockets.first().cloned().unwrap_or_default();
    config.run.kubeconfig = ADMIN.into();
    let world = Real::open(runtime.handle(), facts, &config, &Patience::none())?;
    let stage = Stage::over(Arc::new(world), &serde_json::Value::Null);
    let settings = settings::resolve(plugin.manifest(), None)?;
    let session = Session::new(
        stage.shared.clone(),
        &first_phase(plugin),
        &settings,
        stage.access(plugin),
    );
    let played = stage.play(plugin, session.clone(), 0)?;
    let failure = played
        .result
        .as_ref()
        .err()
        .map(|failure| failure.message.clone())
        .unwrap_or_default();
    let capsule = session.capsule(&failure).with_plugin(plugin);
    let mut text = Vec::new();
    capsule.write(&mut text)?;
    operator_files::replace(file, &text, 0o600)
        .with_context(|| format!("cannot write {}", file.display()))?;
    let name = format!("recorded with {} observations", capsule.observations.len());
    let failed = (!failure.is_empty()).then(|| format!("it failed: {failure}"));
    let told = played.told.into_iter().chain(failed).collect();
    Ok(vec![Outcome {
        path: file.to_owned(),
        name,
        differences: Vec::new(),
        told,
    }])
}

#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<String>>>);

impl Subscriber for Listener {
    fn on_event(&mut self, event: &Event) {
        if let EventKind::Message { label, text, .. } = &event.kind {
            self.0.lock().push(format!("[{label}] {text}"));
        }
    }
}

/// What stands around one call.
struct Stage {
    shared: Arc<RunContext>,
    listener: Listener,
}

/// What came of one call.
struct Played {
    result: Result<kubephase_wit::Outcome, Failure>,
    findings: Vec<Finding>,
    proposals: Vec<Proposal>,
    told: Vec<String>,
}

impl Stage {
    fn new(case: &Case, config: &serde_json::Value, root: &Path) -> Result<Stage> {
        let world = FakeWorld::new(case, root).map_err(Failure::into_error)?;
        Ok(Stage::over(Arc::new(world), config))
    }

    fn over(world: Arc<dyn World>, config: &serde_json::Value) -> Stage {
        let listener = Listener::default();
        let shared = RunContext::new(
            world,
            Bus::new(vec![Box::new(listener.clone())]),
            config.clone(),
        );
        Stage {
            shared: Arc::new(shared),
            listener,
        }
    }

    /// What it asks for is what it has: whether it may is the operator's to say, not the author's.
    fn access(&self, plugin: &Plugin) -> Access {
        let _ = plugin.allow(&[], &requested(plugin));
        Access::Granted(plugin.grant())
    }

    fn play(&self, plugin: &Plugin, session: Session, round: u32) -> Result<Played> {
        let mut phase = plugin.phase(session.clone(), Limits::default(), &Cancel::never())?;
        // The time of a call begins when the component is ready, however long compiling it took.
        session.begin(round);
        let result = phase.run().map_err(|error| match error {
            Error::Failure(failure) => failure,
            Error::Stop(stop) => Failure::new("stopped", format!("{stop:#}")),
        });
        let (findings, proposals) = (session.take_findings(), session.take_proposals());
        let mut told = self.listener.0.lock().clone();
        told.extend(findings.iter().map(|finding| {
            format!(
                "{} {}: {}",
                testing::word(finding.verdict),
                finding.code,
                finding.summary
            )
        }));
        told.extend(
            proposals
                .iter()
                .map(|proposal| format!("proposes {}", proposal.effect.named())),
        );
        Ok(Played {
            result,
            findings,
            proposals,
            told,
        })
    }
}

fn first_phase(plugin: &Plugin) -> String {
    plugin
        .manifest()
        .provides
        .first()
        .map(|phase| phase.spec.id.clone())
        .unwrap_or_default()
}

fn one(plugin: &Plugin, path: PathBuf, case: &Case) -> Result<Outcome> {
    let scratch = tempfile::tempdir().context("cannot make a scratch tree")?;
    let stage = Stage::new(case, &case.config, scratch.path())?;
    for (phase, facts) in &case.facts {
        facts
            .iter()
            .for_each(|(name, value)| stage.shared.set_fact(phase, name, value.to_string()));
    }
    let settings = settings::resolve(plugin.manifest(), case.settings.as_ref())
        .with_context(|| path.display().to_string())?;
    let id = case.phase.clone().unwrap_or_else(|| first_phase(plugin));
    let access = stage.access(plugin);
    let session = Session::new(stage.shared.clone(), &id, &settings, access.clone());
    let played = stage.play(plugin, session, case.round)?;
    let refused = played
        .proposals
        .iter()
        .filter_map(|proposal| access.check_effect(&proposal.effect).err());
    let mut differences: Vec<String> = refused
        .map(|why| format!("it proposed what its manifest does not ask for: {why}"))
        .collect();
    let proposals: Vec<String> = played
        .proposals
        .iter()
        .map(|proposal| proposal.effect.named())
        .collect();
    differences.extend(case.expect.clone().unwrap_or_default().differences(
        &played.result,
        &played.findings,
        &proposals,
    ));
    Ok(Outcome {
        path,
        name: case.name.clone(),
        differences,
        told: played.told,
    })
}
