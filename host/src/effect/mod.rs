//! One intended change, as data, with its own "does it already hold?".
//!
//! A phase proposes, the executor carries out: [`Effect::enact`] looks, changes what differs, and
//! says whether anything did. Every effect is safe to do twice.

pub mod clear;
pub mod etcd;
pub mod files;
pub mod joining;
mod key_work;
pub mod objects;
pub mod pki;
pub mod proposal;
pub mod shared_keys;
pub mod territory;
pub mod token;
pub mod tokens;
pub mod users;
pub mod wait;

use crate::{
    arguments::{CommandLine, ImageName, ModuleName, SysctlKey, UnitName},
    cancel::Cancel,
    world::{Rights, Tried, World, budget::Budget},
};
use kubephase_sdk::spec::{
    BootstrapTokenSpec, CertificateSpec, ClearSpec, ControlPlaneUsers, EtcdMemberSpec,
    FetchKeysSpec, KeyPairSpec, KubeconfigSpec, RotatedKubeconfigSpec, ShareKeysSpec, WaitSpec,
};
use kubephase_wit::{Failure, ObjectRef};
use objects::owner::Claim;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{path::Path, time::Duration};
use territory::Territory;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "effect")]
pub enum Effect {
    Directory(files::Directory),
    File(files::File),
    RemoveFile {
        path: String,
    },
    Mode(files::Mode),
    Owner(files::Owner),
    StaticPod {
        name: String,
        file: files::File,
    },
    Certificate(CertificateSpec),
    KeyPair(KeyPairSpec),
    Kubeconfig(KubeconfigSpec),
    RotatedKubeconfig(RotatedKubeconfigSpec),
    Object {
        manifest: Value,
        if_exists: IfExists,
    },
    Patch {
        of: ObjectRef,
        patch: Value,
    },
    Delete {
        of: ObjectRef,
    },
    BootstrapToken(BootstrapTokenSpec),
    ShareKeys(ShareKeysSpec),
    FetchKeys(FetchKeysSpec),
    BootstrapKubeconfig {
        path: String,
    },
    KubeconfigServer {
        path: String,
        server: String,
    },
    EtcdMember(EtcdMemberSpec),
    Users(ControlPlaneUsers),
    Clear(ClearSpec),
    Service {
        name: UnitName,
        state: String,
    },
    Sysctl {
        key: SysctlKey,
        value: String,
    },
    Module {
        name: ModuleName,
    },
    Image {
        image: ImageName,
    },
    Command(CommandLine),
    Wait(WaitSpec),
}

/// What to do with an object that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IfExists {
    /// replace it (kubeadm's CreateOrUpdate)
    #[default]
    Update,
    /// leave it (CreateOrRetain)
    Retain,
    /// server-side apply
    Apply,
}

/// What carrying out an effect came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enacted {
    Changed,
    /// it held already
    Unchanged,
    /// it holds by other means, and why nothing was done (an external authority, say)
    Left(String),
}

/// Bytes that a program may print that is run as an effect.
const COMMAND_OUTPUT: usize = 1 << 20;

/// What the host knows and no phase may: secrets, and when the run began.
pub struct Context<'a> {
    pub world: &'a dyn World,
    /// with its secrets
    pub config: &'a crate::config::Config,
    /// Unix seconds at which the run began; certificates and tokens count from here
    pub started: i64,
    /// something that this effect requires was changed just now: a service has to be restarted for
    /// it
    pub disturbed: bool,
    /// whether this run made the file at a path
    pub made: &'a (dyn Fn(&str) -> bool + Sync),
    /// whether the phase may let more users use what is at a path, or give it to another user: a
    /// plugin may if it made it in this run
    pub may_widen: &'a (dyn Fn(&str) -> bool + Sync),
    /// what a plugin's file effects do not reach; none for a phase of the distribution itself
    pub territory: Option<&'a Territory>,
    /// what has to hold of an object before a plugin changes it; none where any object may be
    /// changed
    pub claim: Option<&'a Claim>,
    /// requested when the run is cancelled, or another phase failed; what an effect waits for ends
    /// with it
    pub cancel: &'a Cancel,
    /// how long a program may run that a phase proposes
    pub command_time: Duration,
}

#[cfg(test)]
impl<'a> Context<'a> {
    /// What a test of a built-in phase's effects gives them: a run that began at the epoch, and has
    /// made and changed nothing.
    fn of_test(
        world: &'a dyn World,
        config: &'a crate::config::Config,
        cancel: &'a Cancel,
    ) -> Context<'a> {
        Context {
            world,
            config,
            started: 0,
            disturbed: false,
            made: &|_| false,
            may_widen: &|_| true,
            territory: None,
            claim: None,
            cancel,
            command_time: Duration::ZERO,
        }
    }
}

/// An effect carried out: the verdict, and what there is to tell.
#[derive(Debug)]
pub struct Done {
    pub enacted: Enacted,
    /// lines for the person, shown as `[phase] line`
    pub said: Vec<String>,
    pub warnings: Vec<String>,
    /// what was written to the API, as it was sent
    pub sent: Vec<Sent>,
}

/// One write to the API.
#[derive(Clone, PartialEq)]
pub struct Sent {
    /// `CREATE`, `UPDATE`, `APPLY`, `PATCH`, `DELETE`
    pub verb: &'static str,
    pub resource: String,
    pub namespace: Option<String>,
    pub name: String,
    /// JSON: as values, all objects of a run would take much memory
    pub body: String,
}

impl std::fmt::Debug for Sent {
    /// Without the body, which may be a Secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {} {:?} {}",
            self.verb, self.resource, self.namespace, self.name
        )
    }
}

impl From<Enacted> for Done {
    fn from(enacted: Enacted) -> Self {
        Done {
            enacted,
            said: Vec::new(),
            warnings: Vec::new(),
            sent: Vec::new(),
        }
    }
}

impl From<bool> for Done {
    /// Whether anything changed.
    fn from(changed: bool) -> Self {
        if changed {
            Enacted::Changed
        } else {
            Enacted::Unchanged
        }
        .into()
    }
}

impl From<pki::Outcome> for Done {
    fn from(outcome: pki::Outcome) -> Self {
        Done {
            enacted: outcome.enacted,
            said: outcome.said,
            warnings: outcome.warnings,
            sent: Vec::new(),
        }
    }
}

impl Effect {
    /// Makes it so where it is not so already.
    ///
    /// # Errors
    /// What could not be done, where, and the remedy where one is known.
    pub fn enact(&self, context: &Context) -> Tried<Done> {
        let world = context.world;
        let confined = context
            .territory
            .map(|territory| world.files().confined(territory));
        let files = confined.as_deref().unwrap_or_else(|| world.files());
        // A plugin that was granted it may add a certificate to the host's; what is there already
        // is never replaced.
        let certificates_dir = &context.config.cluster.certificates_dir;
        let keys = |directory: &str| {
            if Path::new(directory).starts_with(certificates_dir) {
                world.files()
            } else {
                files
            }
        };
        match self {
            Effect::Directory(directory) => directory.enact(files).map(Done::from),
            Effect::File(file) => file.enact(files).map(Done::from),
            Effect::StaticPod { file, .. } => file.enact(world.files()).map(Done::from),
            Effect::Mode(mode) => mode
                .enact(files, (context.may_widen)(&mode.path))
                .map(Done::from),
            Effect::Owner(owner) => owner.enact(files).map(Done::from),
            Effect::RemoveFile { path } => files::remove(path, files).map(Done::from),
            Effect::Certificate(spec) => {
                pki::ensure_certificate(spec, context, keys(&spec.directory)).map(Done::from)
            }
            Effect::KeyPair(spec) => {
                pki::ensure_key_pair(spec, context, keys(&spec.directory)).map(Done::from)
            }
            Effect::Kubeconfig(spec) => {
                pki::ensure_kubeconfig(spec, context, files).map(Done::from)
            }
            Effect::RotatedKubeconfig(spec) => pki::ensure_rotated(spec, files).map(Done::from),
            Effect::Object {
                manifest,
                if_exists,
            } => match context.claim {
                Some(claim) => claim.ensure(manifest, *if_exists, world.cluster()),
                None => objects::ensure(manifest, *if_exists, world.cluster()),
            },
            Effect::Patch { of, patch } => match context.claim {
                Some(claim) => claim.patch(of, patch, world.cluster()),
                None => objects::patch(of, patch, world.cluster()),
            },
            Effect::Delete { of } => match context.claim {
                Some(claim) => claim.delete(of, world.cluster()),
                None => objects::delete(of, world.cluster()),
            },
            Effect::BootstrapToken(spec) => tokens::ensure_token(spec, context),
            Effect::ShareKeys(spec) => tokens::share_keys(spec, context),
            Effect::FetchKeys(spec) => joining::fetch_keys(spec, context),
            Effect::BootstrapKubeconfig { path } => {
                joining::bootstrap_kubeconfig(path, context).map(Done::from)
            }
            Effect::KubeconfigServer { path, server } => {
                joining::server(path, server, world.files()).map(Done::from)
            }
            Effect::EtcdMember(spec) => etcd::ensure_member(spec, context),
            Effect::Users(users) => {
                users::ensure(users, world.files(), context.cancel).map(Done::from)
            }
            Effect::Clear(spec) => clear::clear(spec, context),
            Effect::Service { name, state } => service(name, state, context),
            Effect::Sysctl { key, value } => world.node().set_sysctl(key, value).map(Done::from),
            Effect::Module { name } => world.node().load_module(name).map(Done::from),
            Effect::Image { image } => {
                let always = context.config.init.node_registration.image_pull_policy == "Always";
                if !always && world.runtime().image_present(image).unwrap_or(false) {
                    return Ok(Done::from(false));
                }
                match world.runtime().pull(image) {
                    Ok(()) => Ok(Done::from(true)),
                    Err(failure) if failure.code == "not-checked" => {
                        Ok(Enacted::Left(failure.message).into())
                    }
                    Err(failure) => Err(failure),
                }
            }
            Effect::Command(command) => {
                let budget = Budget::new(COMMAND_OUTPUT, context.command_time, context.cancel);
                let output =
                    world
                        .node()
                        .run(command, Rights::Full, &budget)
                        .map_err(|failure| match failure.code.as_str() {
                            "timeout" => Failure {
                                message: format!(
                                    "`{command}` did not end within {:?}",
                                    context.command_time
                                ),
                                remedy: Some(
                                    "raise limits.deadline of the plugin's entry in the \
                            configuration (at most 300s)"
                                        .into(),
                                ),
                                ..failure
                            },
                            _ => failure,
                        })?;
                if output.status == 0 {
                    return Ok(Done::from(true));
                }
                Err(Failure::new(
                    "command",
                    format!(
                        "`{command}` ended with status {}: {}",
                        output.status,
                        output.stderr.trim()
                    ),
                ))
            }
            Effect::Wait(spec) => wait::until(spec, context),
        }
    }

    /// Whether it mostly waits for something else than this machine's processor.
    pub fn waits(&self) -> bool {
        use Effect::*;
        matches!(
            self,
            Wait(_)
                | Service { .. }
                | Command(_)
                | Image { .. }
                | Object { .. }
                | Patch { .. }
                | Delete { .. }
                | BootstrapToken(_)
                | FetchKeys(_)
                | EtcdMember(_)
                | Clear(_)
        )
    }

    /// Hexadecimal SHA-256 of the effect as data.
    pub fn digest(&self) -> String {
        let data = serde_json::to_vec(self).unwrap_or_default();
        data_encoding::HEXLOWER
            .encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &data).as_ref())
    }

    /// Files that come into being with it, for effects that make several.
    pub fn paths(&self) -> Vec<String> {
        match self {
            Effect::Certificate(spec) => ["crt", "key"]
                .map(|suffix| format!("{}/{}.{suffix}", spec.directory, spec.name))
                .into(),
            Effect::KeyPair(spec) => ["pub", "key"]
                .map(|suffix| format!("{}/{}.{suffix}", spec.directory, spec.name))
                .into(),
            // From it the kubelet makes its own.
            Effect::BootstrapKubeconfig { path } => {
                vec![path.clone(), joining::kubeconfig_of_kubelet(path)]
            }
            Effect::FetchKeys(spec) => spec.files.iter().map(|(_, path)| path.clone()).collect(),
            Effect::Directory(_)
            | Effect::File(_)
            | Effect::Mode(_)
            | Effect::StaticPod { .. }
            | Effect::Kubeconfig(_)
            | Effect::RotatedKubeconfig(_)
            | Effect::KubeconfigServer { .. } => vec![self.summary().1],
            _ => Vec::new(),
        }
    }

    /// The kind and the target, for plans, events and the journal.
    pub fn summary(&self) -> (&'static str, String) {
        let object = |manifest: &Value| {
            objects::reference(manifest).map_or_else(|e| e.message, |of| objects::target(&of))
        };
        match self {
            Effect::Directory(directory) => ("directory", directory.path.clone()),
            Effect::File(file) => ("file", file.path.clone()),
            Effect::RemoveFile { path } => ("remove-file", path.clone()),
            Effect::Mode(mode) => ("mode", mode.path.clone()),
            Effect::Owner(owner) => ("owner", owner.path.clone()),
            Effect::StaticPod { file, .. } => ("static-pod", file.path.clone()),
            Effect::Certificate(spec) => (
                "certificate",
                format!("{}/{}.crt", spec.directory, spec.name),
            ),
            Effect::KeyPair(spec) => ("key-pair", format!("{}/{}.key", spec.directory, spec.name)),
            Effect::Kubeconfig(spec) => ("kubeconfig", spec.path.clone()),
            Effect::RotatedKubeconfig(spec) => ("kubeconfig", spec.path.clone()),
            Effect::Object { manifest, .. } => ("object", object(manifest)),
            Effect::Patch { of, .. } => ("patch", objects::target(of)),
            Effect::Delete { of } => ("delete", objects::target(of)),
            Effect::BootstrapToken(spec) => ("bootstrap-token", format!("token {}", spec.index)),
            Effect::ShareKeys(_) => ("shared-keys", "secrets kube-system/kubeadm-certs".into()),
            Effect::FetchKeys(_) => ("fetched-keys", "secrets kube-system/kubeadm-certs".into()),
            Effect::BootstrapKubeconfig { path } => ("bootstrap-kubeconfig", path.clone()),
            Effect::KubeconfigServer { path, .. } => ("kubeconfig-server", path.clone()),
            Effect::EtcdMember(spec) => (
                "etcd-member",
                format!(
                    "{}{}",
                    spec.peer_url,
                    if spec.voting { " with a vote" } else { "" }
                ),
            ),
            Effect::Users(users) => ("users", users.to_string()),
            Effect::Clear(spec @ ClearSpec::EmptyDirectory { .. }) => {
                ("remove-directory", spec.to_string())
            }
            Effect::Clear(spec) => ("clear", spec.to_string()),
            Effect::Service { name, state } => ("service", format!("{name} {state}")),
            Effect::Sysctl { key, value } => ("sysctl", format!("{key}={value}")),
            Effect::Module { name } => ("module", name.to_string()),
            Effect::Image { image } => ("image", image.to_string()),
            Effect::Command(command) => ("command", command.to_string()),
            Effect::Wait(spec) => ("wait", spec.condition.to_string()),
        }
    }
}

impl Effect {
    /// Kind and target as cases of plugins name them: `object ConfigMap kube-system/x`, `file
    /// /etc/x`.
    pub fn named(&self) -> String {
        use kubephase_sdk::testing::{named, target};
        let object = |of: &ObjectRef| {
            target(
                &of.kind,
                of.namespace.as_deref().unwrap_or_default(),
                &of.name,
            )
        };
        match self {
            Effect::Object { manifest, .. } => format!("object {}", named(manifest)),
            Effect::Patch { of, .. } => format!("patch {}", object(of)),
            Effect::Delete { of } => format!("delete {}", object(of)),
            other => {
                let (kind, target) = other.summary();
                format!("{kind} {target}")
            }
        }
    }
}

/// A service is restarted for what changed below it, or where it does not run; otherwise it is left
/// alone.
fn service(name: &UnitName, state: &str, context: &Context) -> Tried<Done> {
    let node = context.world.node();
    if state == "restarted"
        && !context.disturbed
        && node.service(name)?.is_some_and(|service| service.active)
    {
        return Ok(Done::from(false));
    }
    node.ensure_service(name, state).map(Done::from)
}

#[cfg(test)]
mod tests;
