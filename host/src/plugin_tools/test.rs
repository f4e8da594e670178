//! `plugin test`: calls a component for test cases, with the session and the grants of a run;
//! records a call on this machine, and replays a recorded call.
#![allow(
    clippy::disallowed_methods,
    reason = "cases and capsules are the author's files"
)]
use crate::{
    cancel::Cancel,
    config::{ADMIN_KUBECONFIG, SERVICE_SUBNET, plugin_limits::Limits},
    effect::proposal::Proposal,
    event::{Bus, Event, EventKind, Subscriber},
    operator_files,
    plugin::{
        consent::{self, Consent, ConsentQuestion},
        lines::{AllowedLines, request_lines},
        settings,
    },
    program,
    run::{
        access::Access,
        capsule::Capsule,
        session::{RunContext, Session},
    },
    text::sanitise,
    wasm::plugin::Plugin,
    world::{
        World, api::RetryLimit, fake::FakeWorld, node::gather, reach::ClusterSubnets, real::Real,
    },
};
use anyhow::{Context, Result, anyhow, bail};
use kubephase_sdk::{
    kubeadm::Config,
    testing::{self, Case},
};
use kubephase_wit::{Error, Failure, FailureCode, Finding, phase::Host};
use parking_lot::Mutex;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::runtime::Handle;

/// Bytes of the largest capsule that is read.
const MAX_CAPSULE: usize = 8 << 20;

/// The result of one case.
#[derive(Debug)]
pub struct CaseResult {
    /// the file of the case
    pub path: PathBuf,
    pub name: String,
    /// differences from what the case expects; empty if the case passed
    pub differences: Vec<String>,
    /// messages, findings and proposals of the plugin, for verbose output
    pub messages: Vec<String>,
}

/// Runs every case of a folder.
///
/// # Errors
/// There are no cases, or the component cannot be called.
pub fn run_cases(plugin: &Plugin, folder: &Path) -> Result<Vec<CaseResult>> {
    let cases = testing::read_cases(folder).map_err(|why| anyhow!(why))?;
    cases
        .into_iter()
        .map(|(path, case)| run_case(plugin, path, &case))
        .collect()
}

/// Runs the call of a capsule again, and compares its failure with the recorded one.
///
/// # Errors
/// The capsule cannot be read.
pub fn replay(plugin: &Plugin, file: &Path) -> Result<Vec<CaseResult>> {
    let text = operator_files::read(file, MAX_CAPSULE)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let capsule = Capsule::read(&String::from_utf8_lossy(&text))
        .with_context(|| format!("{} cannot be replayed", file.display()))?;
    let scratch = tempfile::tempdir().context("cannot make a scratch tree")?;
    let bench = TestBench::new(&Case::default(), &capsule.config, scratch.path())?;
    for (phase, name, fact) in &capsule.facts {
        bench.shared.set_fact(phase, name, fact.clone());
    }
    let session = Session::for_replay(bench.shared.clone(), &capsule, bench.access(plugin));
    let mut called = bench.call(plugin, session, capsule.round)?;
    if capsule.digest != plugin.digest() {
        called.messages.insert(
            0,
            format!(
                "the capsule was recorded with version {}, digest {}",
                capsule.version, capsule.digest
            ),
        );
    }
    let failure = called.failure_message();
    let is_equal = first_line(&failure) == first_line(&capsule.failure);
    // The capsule is not trusted: its text may act on the terminal.
    let name = sanitise::line(&capsule.phase).into_owned();
    let differences = match (capsule.failure.is_empty(), is_equal) {
        (_, true) => Vec::new(),
        (true, false) => vec![format!("it failed: {failure}")],
        (false, false) => vec![format!(
            "recorded: {}\nnow: {}",
            capsule.failure,
            if failure.is_empty() {
                "no failure"
            } else {
                &failure
            }
        )],
    };
    Ok(vec![CaseResult {
        path: file.to_owned(),
        name,
        differences,
        messages: called.messages,
    }])
}

/// Returns the first line of a failure; later lines are a backtrace.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Calls the plugin on this machine and writes its observations to `file`, which only this user can
/// read. The observations are real, such as the programs that the plugin runs, so the operator has
/// to `allow` them. Proposals are not carried out.
///
/// # Errors
/// The plugin asks for something that is not allowed, the plugin cannot be called, or the capsule
/// cannot be written.
pub fn record(plugin: &Plugin, file: &Path, allow: Option<Consent>) -> Result<Vec<CaseResult>> {
    let command = format!(
        "{} {} --allow",
        program::command("plugin test COMPONENT --record"),
        program::path_word(file)
    );
    if let Some(consent) = allow {
        let question = ConsentQuestion {
            plugin,
            allowed: &AllowedLines::default(),
            in_place_of: None,
            command,
            cluster_subnets: ClusterSubnets::parse(SERVICE_SUBNET),
        };
        consent.check(&question)?;
    } else if let Err(ungranted) = plugin.allow(&[], &[]) {
        bail!(
            "a recording calls the plugin on this machine and grants what it asks for; only its \
             proposals are not carried out. But {ungranted}\nto allow it on this machine, run: \
             {command}{}",
            consent::flags(plugin, &AllowedLines::default())
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let bench = TestBench::with_world(open_machine(runtime.handle())?, &serde_json::Value::Null);
    let settings = settings::resolve(plugin.manifest(), None)?;
    let session = Session::new(
        bench.shared.clone(),
        &first_phase(plugin),
        &settings,
        bench.access(plugin),
    );
    let called = bench.call(plugin, session.clone(), 0)?;
    let failure = called.failure_message();
    let capsule = session.capsule(&failure).with_plugin(plugin);
    let mut text = Vec::new();
    capsule.write(&mut text)?;
    operator_files::replace(file, &text, 0o600)
        .with_context(|| format!("cannot write {}", file.display()))?;
    let name = format!("recorded with {} observations", capsule.observations.len());
    let failed = (!failure.is_empty()).then(|| format!("it failed: {failure}"));
    let messages = called.messages.into_iter().chain(failed).collect();
    Ok(vec![CaseResult {
        path: file.to_owned(),
        name,
        differences: Vec::new(),
        messages,
    }])
}

/// Opens this machine as the world of a recording.
fn open_machine(runtime: &Handle) -> Result<Arc<dyn World>> {
    let (facts, _) = gather::gather();
    let mut config = Config::default();
    config.init.node_registration.cri_socket =
        facts.cri_sockets.first().cloned().unwrap_or_default();
    config.run.kubeconfig = ADMIN_KUBECONFIG.into();
    let world = Real::open(runtime, facts, &config, &RetryLimit::single_try())?;
    Ok(Arc::new(world))
}

/// A subscriber that collects messages.
#[derive(Clone, Default)]
struct MessageCollector(Arc<Mutex<Vec<String>>>);

impl Subscriber for MessageCollector {
    fn on_event(&mut self, event: &Event) {
        if let EventKind::Message { label, text, .. } = &event.kind {
            self.0.lock().push(format!("[{label}] {text}"));
        }
    }
}

/// The environment of one call: its session, and a collector of its messages.
struct TestBench {
    shared: Arc<RunContext>,
    messages: MessageCollector,
}

/// The result of one call.
struct CallResult {
    result: Result<kubephase_wit::Outcome, Failure>,
    findings: Vec<Finding>,
    proposals: Vec<Proposal>,
    messages: Vec<String>,
}

impl CallResult {
    /// Returns the message of the failure; empty if the call succeeded.
    fn failure_message(&self) -> String {
        self.result
            .as_ref()
            .err()
            .map(|failure| failure.message.clone())
            .unwrap_or_default()
    }
}

impl TestBench {
    /// Returns an environment with the described node of a case.
    fn new(case: &Case, config: &serde_json::Value, root: &Path) -> Result<TestBench> {
        let world = FakeWorld::new(case, root).map_err(Failure::into_error)?;
        Ok(TestBench::with_world(Arc::new(world), config))
    }

    /// Returns an environment with this world.
    fn with_world(world: Arc<dyn World>, config: &serde_json::Value) -> TestBench {
        let messages = MessageCollector::default();
        let shared = RunContext::new(
            world,
            Bus::new(vec![Box::new(messages.clone())]),
            config.clone(),
        );
        TestBench {
            shared: Arc::new(shared),
            messages,
        }
    }

    /// Grants the plugin everything that it asks for: the author of a plugin tests it, not an
    /// operator.
    fn access(&self, plugin: &Plugin) -> Access {
        let _ = plugin.allow(&[], &request_lines(plugin));
        Access::Granted(plugin.grant())
    }

    /// Calls a phase of the plugin once.
    fn call(&self, plugin: &Plugin, session: Session, round: u32) -> Result<CallResult> {
        let mut phase = plugin.phase(session.clone(), Limits::default(), &Cancel::never())?;
        // The time of a call begins after compiling.
        session.begin(round);
        let result = phase.run().map_err(|error| match error {
            Error::Failure(failure) => failure,
            Error::Stop(stop) => Failure::new(FailureCode::Stopped, format!("{stop:#}")),
        });
        let (findings, proposals) = (session.take_findings(), session.take_proposals());
        let mut messages = self.messages.0.lock().clone();
        messages.extend(findings.iter().map(|finding| {
            format!(
                "{} {}: {}",
                testing::word(finding.verdict),
                finding.code,
                finding.summary
            )
        }));
        messages.extend(
            proposals
                .iter()
                .map(|proposal| format!("proposes {}", proposal.effect.case_name())),
        );
        Ok(CallResult {
            result,
            findings,
            proposals,
            messages,
        })
    }
}

/// Returns the id of the first phase that a plugin provides.
fn first_phase(plugin: &Plugin) -> String {
    plugin
        .manifest()
        .provides
        .first()
        .map(|phase| phase.spec.id.clone())
        .unwrap_or_default()
}

/// Runs one case.
fn run_case(plugin: &Plugin, path: PathBuf, case: &Case) -> Result<CaseResult> {
    let scratch = tempfile::tempdir().context("cannot make a scratch tree")?;
    let bench = TestBench::new(case, &case.config, scratch.path())?;
    for (phase, facts) in &case.facts {
        facts
            .iter()
            .for_each(|(name, value)| bench.shared.set_fact(phase, name, value.to_string()));
    }
    let settings = settings::resolve(plugin.manifest(), case.settings.as_ref())
        .with_context(|| path.display().to_string())?;
    let id = case.phase.clone().unwrap_or_else(|| first_phase(plugin));
    let access = bench.access(plugin);
    let session = Session::new(bench.shared.clone(), &id, &settings, access.clone());
    let called = bench.call(plugin, session, case.round)?;
    let refused = called
        .proposals
        .iter()
        .filter_map(|proposal| access.check_effect(&proposal.effect).err());
    let mut differences: Vec<String> = refused
        .map(|why| format!("it proposed what its manifest does not ask for: {why}"))
        .collect();
    let proposals: Vec<String> = called
        .proposals
        .iter()
        .map(|proposal| proposal.effect.case_name())
        .collect();
    differences.extend(case.expect.clone().unwrap_or_default().differences(
        &called.result,
        &called.findings,
        &proposals,
    ));
    Ok(CaseResult {
        path,
        name: case.name.clone(),
        differences,
        messages: called.messages,
    })
}
