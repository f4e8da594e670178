//! What stands behind a phase's imports during one call of it: observations go to the world, reports become events,
//! proposals are collected. Built-ins and components get the same session; only the access differs.
use crate::{
    effect::{Effect, IfExists, files, proposal::Proposal},
    run::{
        access::Access,
        event::{Bus, What},
    },
    wasm::limits::{MAX_FACTS, MAX_FINDINGS, MAX_HANDED_BYTES, MAX_LOG_BYTES, MAX_PROPOSALS},
    world::{TlsFiles, World},
};
use kubephase_wit::{
    CommandOutput, Effect as Handle, Error, Failure, FileMeta, Finding, HttpReply, ObjectRef, Severity, Stop, effects, effects_cluster,
    effects_command, effects_core, effects_files, effects_images, effects_node, effects_pki, input, observe_cluster, observe_command,
    observe_files, observe_net, observe_node, observe_pki, observe_runtime, report, types,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

const MAX_HTTP: Duration = Duration::from_secs(30);

/// What all phases of a run share.
pub struct Shared {
    pub world: Arc<dyn World>,
    pub bus: Bus,
    /// the resolved configuration, its secrets masked
    pub config: Value,
    /// the operator's patches by target
    pub patches: crate::render::patches::Patches,
    /// facts by phase and name
    pub facts: Mutex<BTreeMap<(String, String), String>>,
    /// files that this run made
    pub made: Mutex<BTreeSet<String>>,
}

#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    phase: String,
    settings: String,
    access: Access,
    call: Mutex<Call>,
}

/// One call of `run`.
#[derive(Default)]
struct Call {
    round: u32,
    proposals: Vec<Proposal>,
    findings: Vec<Finding>,
    log_bytes: usize,
    /// of proposals, findings and facts
    handed_bytes: usize,
}

impl Call {
    fn log(&mut self, bytes: usize) -> Result<(), Stop> {
        spend(&mut self.log_bytes, bytes, MAX_LOG_BYTES, "messages")
    }

    fn hand(&mut self, bytes: usize) -> Result<(), Stop> {
        spend(&mut self.handed_bytes, bytes, MAX_HANDED_BYTES, "proposals, findings and facts")
    }
}

/// What goes beyond a limit ends the phase. Even an empty thing takes room.
fn spend(spent: &mut usize, bytes: usize, limit: usize, what: &str) -> Result<(), Stop> {
    *spent = spent.saturating_add(bytes).saturating_add(32);
    if *spent > limit { Err(Stop::msg(format!("limit of {limit} bytes of {what} reached"))) } else { Ok(()) }
}

/// The room that an effect takes, its content above all.
fn weight(effect: &Effect) -> usize {
    match effect {
        Effect::File(file) | Effect::StaticPod { file, .. } => file.content.len() + file.path.len(),
        other => serde_json::to_vec(other).map_or(0, |data| data.len()),
    }
}

type Hosted<T> = Result<T, Error>;

impl Session {
    pub fn new(shared: Arc<Shared>, phase: &str, settings: &Value, access: Access) -> Self {
        let call = Mutex::default();
        Session(Arc::new(Inner { shared, phase: phase.to_owned(), settings: settings.to_string(), access, call }))
    }

    pub fn begin(&self, round: u32) {
        let mut call = self.call();
        call.round = round;
        call.proposals.clear();
    }

    /// What was proposed in this call.
    pub fn take_proposals(&self) -> Vec<Proposal> {
        std::mem::take(&mut self.call().proposals)
    }

    pub fn take_findings(&self) -> Vec<Finding> {
        std::mem::take(&mut self.call().findings)
    }

    pub fn access(&self) -> &Access {
        &self.0.access
    }

    fn call(&self) -> MutexGuard<'_, Call> {
        self.0.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn world(&self) -> &dyn World {
        self.0.shared.world.as_ref()
    }

    /// Says a line under the phase's label, or under the one it names itself: `[label] text`.
    pub fn say(&self, severity: Severity, text: &str) {
        let (label, text) = label(&self.0.phase, text);
        self.0.shared.bus.emit(What::Message { phase: self.0.phase.clone(), severity, label, text });
    }

    fn allow(&self, verdict: Result<(), String>) -> Hosted<()> {
        verdict.map_err(|message| Error::Failure(Failure::new("denied", message)))
    }

    fn propose(&mut self, effect: Effect) -> Hosted<Handle> {
        let mut call = self.call();
        if call.proposals.len() >= MAX_PROPOSALS {
            return Err(Error::Stop(Stop::msg(format!("limit of {MAX_PROPOSALS} proposals in one call reached"))));
        }
        call.hand(weight(&effect))?;
        let id = u32::try_from(call.proposals.len()).unwrap_or(u32::MAX);
        call.proposals.push(Proposal::new(effect));
        Ok(Handle { id })
    }

    fn modify(&mut self, of: Handle, bytes: usize, change: impl FnOnce(&mut Proposal) -> Result<(), Failure>) -> Hosted<()> {
        let mut call = self.call();
        call.hand(bytes)?;
        let unknown = || Failure::new("no-such-effect", format!("there is no proposal {} in this call", of.id));
        Ok(change(call.proposals.get_mut(of.id as usize).ok_or_else(unknown)?)?)
    }
}

/// Splits a leading `[label] ` off; without one the label follows from the phase's id.
fn label(phase: &str, text: &str) -> (String, String) {
    let named = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match named {
        Some((label, rest)) if label.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'/')) => {
            (label.to_owned(), rest.strip_prefix(' ').unwrap_or(rest).to_owned())
        }
        _ => (phase.split('/').next().unwrap_or(phase).to_owned(), text.to_owned()),
    }
}

fn spec<T: DeserializeOwned>(json: &str) -> Hosted<T> {
    serde_json::from_str(json).map_err(|e| Error::Failure(Failure::new("invalid", format!("the proposal cannot be read: {e}"))))
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, Stop> {
    serde_json::to_string(value).map_err(Stop::from)
}

fn wrong_kind(what: &str) -> Failure {
    Failure::new("wrong-kind", format!("{what} does not apply to this kind of proposal"))
}

impl types::Host for Session {
    fn convert_failure(&mut self, error: Error) -> Result<Failure, Stop> {
        match error {
            Error::Failure(failure) => Ok(failure),
            Error::Stop(stop) => Err(stop),
        }
    }
}

impl input::Host for Session {
    fn phase_id(&mut self) -> Result<String, Stop> {
        Ok(self.0.phase.clone())
    }

    fn round(&mut self) -> Result<u32, Stop> {
        Ok(self.call().round)
    }

    fn config(&mut self, pointer: String) -> Result<Option<String>, Stop> {
        self.0.shared.config.pointer(&pointer).map(json).transpose()
    }

    fn settings(&mut self) -> Result<String, Stop> {
        Ok(self.0.settings.clone())
    }

    fn patched(&mut self, target: String, document: String) -> Hosted<String> {
        let patches = &self.0.shared.patches;
        let (patched, said) = patches.apply(&target, spec(&document)?).map_err(|message| Failure::new("invalid", message))?;
        said.iter().for_each(|line| self.say(Severity::Info, line));
        Ok(patched.to_string())
    }

    fn fact(&mut self, phase: String, name: String) -> Result<Option<String>, Stop> {
        Ok(self.0.shared.facts.lock().unwrap_or_else(PoisonError::into_inner).get(&(phase, name)).cloned())
    }
}

impl report::Host for Session {
    fn message(&mut self, severity: Severity, text: String) -> Result<(), Stop> {
        self.call().log(text.len())?;
        self.say(severity, &text);
        Ok(())
    }

    fn submit(&mut self, finding: Finding) -> Result<(), Stop> {
        let mut call = self.call();
        if call.findings.len() >= MAX_FINDINGS {
            return Err(Stop::msg(format!("limit of {MAX_FINDINGS} findings reached")));
        }
        call.hand(json(&finding)?.len())?;
        call.findings.push(finding);
        Ok(())
    }

    fn set_fact(&mut self, name: String, json: String) -> Result<(), Stop> {
        self.call().hand(name.len() + json.len())?;
        let mut facts = self.0.shared.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if facts.len() >= MAX_FACTS {
            return Err(Stop::msg(format!("limit of {MAX_FACTS} facts reached")));
        }
        facts.insert((self.0.phase.clone(), name), json);
        Ok(())
    }

    fn progress(&mut self, done: u32, total: u32, text: String) -> Result<(), Stop> {
        self.call().log(text.len())?;
        self.0.shared.bus.emit(What::Progress { phase: self.0.phase.clone(), done, total, text });
        Ok(())
    }
}

impl observe_node::Host for Session {
    fn node_fact(&mut self, name: String) -> Result<Option<String>, Stop> {
        self.world().node().fact(&name).as_ref().map(json).transpose()
    }

    fn sysctl(&mut self, key: String) -> Result<Option<String>, Stop> {
        Ok(self.world().node().sysctl(&key))
    }

    fn kernel_option(&mut self, name: String) -> Hosted<Option<String>> {
        Ok(self.world().node().kernel_option(&name)?)
    }

    fn service(&mut self, name: String) -> Hosted<Option<String>> {
        Ok(self.world().node().service(&name)?.as_ref().map(json).transpose()?)
    }
}

impl observe_files::Host for Session {
    fn stat(&mut self, path: String) -> Hosted<Option<FileMeta>> {
        self.allow(self.0.access.read("observe-files.stat", &path))?;
        Ok(self.world().files().stat(&path)?)
    }

    fn read_file(&mut self, path: String) -> Hosted<Vec<u8>> {
        self.allow(self.0.access.read("observe-files.read-file", &path))?;
        let content = self.world().files().read(&path)?;
        self.allow(self.0.access.show(&path, &content))?;
        Ok(content)
    }

    fn list_dir(&mut self, path: String) -> Hosted<Vec<String>> {
        self.allow(self.0.access.read("observe-files.list-dir", &path))?;
        Ok(self.world().files().list(&path)?)
    }
}

impl observe_net::Host for Session {
    fn port_free(&mut self, port: u16) -> Hosted<bool> {
        Ok(self.world().net().port_free(port)?)
    }

    fn resolve(&mut self, host: String) -> Hosted<Vec<String>> {
        self.allow(self.0.access.reach("observe-net.resolve", &host))?;
        Ok(self.world().net().resolve(&host)?)
    }

    fn proxy_for(&mut self, url: String) -> Hosted<Option<String>> {
        Ok(self.world().net().proxy_for(&url)?)
    }

    fn http_get(&mut self, url: String, timeout_millis: u32) -> Hosted<HttpReply> {
        self.allow(self.0.access.reach("observe-net.http-get", &url))?;
        Ok(self.world().net().http_get(&url, Duration::from_millis(timeout_millis.into()).min(MAX_HTTP))?)
    }

    fn http_get_as(&mut self, url: String, ca_file: String, cert_file: String, key_file: String, timeout_millis: u32) -> Hosted<HttpReply> {
        self.allow(self.0.access.reach("observe-net.http-get-as", &url))?;
        for path in [&ca_file, &cert_file, &key_file].into_iter().filter(|path| !path.is_empty()) {
            self.allow(self.0.access.identity(path))?;
        }
        let identity = TlsFiles { ca: ca_file, cert: cert_file, key: key_file };
        Ok(self.world().net().http_get_as(&url, &identity, Duration::from_millis(timeout_millis.into()).min(MAX_HTTP))?)
    }
}

impl observe_runtime::Host for Session {
    fn runtime_status(&mut self) -> Hosted<String> {
        Ok(json(&self.world().runtime().status()?)?)
    }

    fn runtime_config(&mut self) -> Hosted<String> {
        Ok(json(&self.world().runtime().config()?)?)
    }

    fn image_present(&mut self, image: String) -> Hosted<bool> {
        Ok(self.world().runtime().image_present(&image)?)
    }
}

impl observe_pki::Host for Session {
    fn certificate(&mut self, path: String) -> Hosted<Option<String>> {
        Ok(crate::effect::pki::certificate_facts(self.world().files(), &path)?.as_ref().map(json).transpose()?)
    }

    fn private_key(&mut self, path: String) -> Hosted<Option<String>> {
        Ok(crate::effect::pki::private_key_facts(self.world().files(), &path)?.as_ref().map(json).transpose()?)
    }

    fn kubeconfig(&mut self, path: String) -> Hosted<Option<String>> {
        Ok(crate::effect::pki::kubeconfig_facts(self.world().files(), &path)?.as_ref().map(json).transpose()?)
    }
}

impl observe_cluster::Host for Session {
    fn get_object(&mut self, of: ObjectRef) -> Hosted<Option<String>> {
        self.allow(self.0.access.get(&of))?;
        Ok(self.world().cluster().get(&of)?.as_ref().map(json).transpose()?)
    }

    fn list_objects(
        &mut self,
        api_version: String,
        kind: String,
        namespace: Option<String>,
        selector: Option<String>,
    ) -> Hosted<Vec<String>> {
        self.allow(self.0.access.list(&api_version, &kind, namespace.as_deref()))?;
        let objects = self.world().cluster().list(&api_version, &kind, namespace.as_deref(), selector.as_deref())?;
        Ok(objects.iter().map(json).collect::<Result<_, _>>()?)
    }
}

impl observe_command::Host for Session {
    fn run_command(&mut self, program: String, args: Vec<String>) -> Hosted<CommandOutput> {
        self.allow(self.0.access.command(&program, &args))?;
        Ok(self.world().node().run(&program, &args)?)
    }
}

impl effects::Host for Session {
    fn because(&mut self, of: Handle, reason: String) -> Hosted<()> {
        self.modify(of, reason.len(), |proposal| Ok(proposal.because = Some(reason)))
    }

    fn requires(&mut self, of: Handle, earlier: Handle) -> Hosted<()> {
        self.modify(of, 0, |proposal| Ok(proposal.requires.push(earlier.id)))
    }

    fn announce(&mut self, of: Handle, text: String) -> Hosted<()> {
        self.modify(of, text.len(), |proposal| Ok(proposal.announce = Some(text)))
    }
}

impl effects_files::Host for Session {
    fn write_file(&mut self, path: String, content: Vec<u8>) -> Hosted<Handle> {
        self.propose(Effect::File(files::File { path, content, mode: 0o644, owner: None }))
    }

    fn make_dir(&mut self, path: String) -> Hosted<Handle> {
        self.propose(Effect::Directory(files::Directory { path, mode: 0o755 }))
    }

    fn remove_file(&mut self, path: String) -> Hosted<Handle> {
        self.propose(Effect::RemoveFile { path })
    }

    fn set_mode(&mut self, path: String, mode: u32) -> Hosted<Handle> {
        self.propose(Effect::Mode(files::Mode { path, mode: mode & 0o7777, owner: None }))
    }

    fn file_mode(&mut self, of: Handle, mode: u32) -> Hosted<()> {
        self.modify(of, 0, |proposal| match &mut proposal.effect {
            Effect::File(file) | Effect::StaticPod { file, .. } => Ok(file.mode = mode & 0o7777),
            Effect::Directory(directory) => Ok(directory.mode = mode & 0o7777),
            _ => Err(wrong_kind("file-mode")),
        })
    }

    fn file_owner(&mut self, of: Handle, uid: u32, gid: u32) -> Hosted<()> {
        self.modify(of, 0, |proposal| match &mut proposal.effect {
            Effect::File(file) | Effect::StaticPod { file, .. } => Ok(file.owner = Some((uid, gid))),
            Effect::Mode(mode) => Ok(mode.owner = Some((uid, gid))),
            _ => Err(wrong_kind("file-owner")),
        })
    }
}

impl effects_pki::Host for Session {
    fn ensure_certificate(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::Certificate(spec(&json)?))
    }

    fn ensure_key_pair(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::KeyPair(spec(&json)?))
    }

    fn ensure_kubeconfig(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::Kubeconfig(spec(&json)?))
    }

    fn ensure_rotated_kubeconfig(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::RotatedKubeconfig(spec(&json)?))
    }
}

impl effects_cluster::Host for Session {
    fn apply_object(&mut self, manifest: String) -> Hosted<Handle> {
        let manifest: Value = spec(&manifest)?;
        crate::effect::objects::reference(&manifest)?;
        self.propose(Effect::Object { manifest, if_exists: IfExists::default() })
    }

    fn patch_object(&mut self, of: ObjectRef, patch: String) -> Hosted<Handle> {
        let patch = spec(&patch)?;
        self.propose(Effect::Patch { of, patch })
    }

    fn delete_object(&mut self, of: ObjectRef) -> Hosted<Handle> {
        self.propose(Effect::Delete { of })
    }

    fn if_exists(&mut self, of: Handle, strategy: String) -> Hosted<()> {
        let wanted = match strategy.as_str() {
            "update" => IfExists::Update,
            "retain" => IfExists::Retain,
            "apply" => IfExists::Apply,
            other => return Err(Failure::new("invalid", format!("unknown strategy {other:?}; known are update, retain, apply")).into()),
        };
        self.modify(of, 0, |proposal| match &mut proposal.effect {
            Effect::Object { if_exists, .. } => Ok(*if_exists = wanted),
            _ => Err(wrong_kind("if-exists")),
        })
    }
}

impl effects_node::Host for Session {
    fn ensure_service(&mut self, name: String, state: String) -> Hosted<Handle> {
        self.propose(Effect::Service { name, state })
    }

    fn set_sysctl(&mut self, key: String, value: String) -> Hosted<Handle> {
        self.propose(Effect::Sysctl { key, value })
    }

    fn load_module(&mut self, name: String) -> Hosted<Handle> {
        self.propose(Effect::Module { name })
    }
}

impl effects_images::Host for Session {
    fn pull_image(&mut self, image: String) -> Hosted<Handle> {
        self.propose(Effect::Image { image })
    }
}

impl effects_command::Host for Session {
    fn execute(&mut self, program: String, args: Vec<String>) -> Hosted<Handle> {
        self.propose(Effect::Command { program, args })
    }
}

impl effects_core::Host for Session {
    fn static_pod(&mut self, name: String, manifest: Vec<u8>) -> Hosted<Handle> {
        let path = format!("{}/{name}.yaml", crate::render::MANIFESTS);
        self.propose(Effect::StaticPod { name, file: files::File { path, content: manifest, mode: 0o600, owner: None } })
    }

    fn ensure_bootstrap_token(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::BootstrapToken(spec(&json)?))
    }

    fn share_keys(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::ShareKeys(spec(&json)?))
    }

    fn wait_until(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::Wait(spec(&json)?))
    }
}
