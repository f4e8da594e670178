//! The replacement of one static Pod: backup, new manifest, and waits for its Pod.
use super::{
    announce,
    backups::{BackupKind, propose_backup},
    conditions::{answering_url, ready, serves},
    manifest,
    old_manifest::OldManifest,
    step::{ComponentStep, ETCD, limit, words},
};
use crate::{
    phase::{patched_manifest, run_as_own_user, wait_control_plane},
    render::static_pod,
};
use kubephase_sdk::{
    Effect, Failure, FailureCode, cluster, effects, effects_core, failure,
    kubeadm::{Config, Rollback},
    observe_files,
    release::upgrade::version_of_image,
    spec::Condition,
};
use std::borrow::Cow;

/// A static Pod that is to be replaced.
pub(super) struct Replacement<'a> {
    step: &'a ComponentStep<'a>,
    old: Vec<u8>,
    new: Vec<u8>,
}

impl<'a> Replacement<'a> {
    /// Reads the manifest of a component, and renders the new one.
    ///
    /// # Errors
    /// `not-found` if there is no manifest; or a patch cannot be applied.
    pub fn of(step: &'a ComponentStep<'a>) -> Result<Replacement<'a>, Failure> {
        let ComponentStep {
            config, component, ..
        } = *step;
        let path = static_pod::manifest_path(component);
        let old = read_manifest(&path)?;
        let render = static_pod::renderer(component).ok_or_else(|| missing(&path))?;
        let mut pod = render(config);
        run_as_own_user(component, &mut pod, config)?;
        let new = patched_manifest(component, &pod, config)?;
        Ok(Replacement { step, old, new })
    }

    /// Reads the manifest of a component, which another one is to replace.
    ///
    /// # Errors
    /// `not-found` if there is no manifest.
    pub fn by_manifest(
        step: &'a ComponentStep<'a>,
        new: Vec<u8>,
    ) -> Result<Replacement<'a>, Failure> {
        let old = read_manifest(&static_pod::manifest_path(step.component))?;
        Ok(Replacement { step, old, new })
    }

    pub fn component(&self) -> &'static str {
        self.step.component
    }

    /// Whether the manifests mean the same Pod.
    pub fn changes_nothing(&self) -> bool {
        manifest::are_equal(&self.old, &self.new)
    }

    /// Returns why the new image must not be used: its version is older than that of the running
    /// image. Returns `None` if it may be used.
    pub fn version_problem(&self) -> Option<String> {
        let version = |content| {
            let images = manifest::images(content);
            version_of_image(images.first()?)
        };
        let (old, new) = (version(&self.old)?, version(&self.new)?);
        (new < old).then(|| {
            format!(
                "the desired etcd version \"{new}\" is older than the currently installed \
                 \"{old}\". Skipping etcd upgrade"
            )
        })
    }

    /// Proposes the backup and the new manifest. Returns the hash of the Pod that is replaced;
    /// `None` if the cluster does not show it.
    ///
    /// # Errors
    /// The hash of the running Pod cannot be read, or the host refuses a proposal.
    pub fn propose(&self) -> Result<Option<String>, Failure> {
        let ComponentStep {
            config, component, ..
        } = *self.step;
        let hash = self.hash_of_running_pod()?;
        let directory = self.backup_directory();
        let name = format!("{component}.yaml");
        propose_backup(&directory, &name, &self.old)?;
        let pod = effects_core::static_pod(component, &self.new)?;
        announce(
            pod,
            words(config).label,
            &[
                format!(
                    "Moving new manifest to {:?} and backing up old manifest to {:?}",
                    static_pod::manifest_path(component),
                    format!("{directory}/{name}")
                ),
                "Waiting for the kubelet to restart the component".to_owned(),
                format!("This can take up to {}", limit(config)),
            ],
        )?;
        Ok(hash)
    }

    /// Returns the manifest before the replacement, with which the replacement can be undone, and
    /// the hash of its Pod.
    pub fn old<'b>(&'b self, hash: Option<&'b str>) -> OldManifest<'b> {
        OldManifest {
            step: self.step,
            content: Cow::Borrowed(&self.old),
            hash,
        }
    }

    /// Proposes to wait until the new Pod runs and answers. That is earlier than the time at which
    /// the kubelet reports that it is ready. Without the hash of the old Pod the wait is for a Pod
    /// that is ready.
    ///
    /// # Errors
    /// The manifest names no URL, or the host refuses the proposal.
    pub fn propose_wait_for_answer(&self, replaced_hash: Option<&str>) -> Result<(), Failure> {
        let ComponentStep {
            config, component, ..
        } = *self.step;
        let Some(replaced_hash) = replaced_hash else {
            return self.propose_wait_for_new(None);
        };
        let url = answering_url(self.step, &self.new)?;
        let condition = Condition::StaticPodAnswers {
            component: component.to_owned(),
            node: config.init.node_registration.name.clone(),
            replaced_hash: replaced_hash.to_owned(),
            url,
        };
        wait_control_plane::propose_wait(condition, limit(config).as_secs())?;
        Ok(())
    }

    /// Proposes to wait until the new Pod is ready.
    ///
    /// # Errors
    /// The host refuses the proposal.
    pub fn propose_wait_for_new(&self, replaced_hash: Option<&str>) -> Result<(), Failure> {
        let condition = self.ready(replaced_hash);
        wait_control_plane::propose_wait(condition, limit(self.step.config).as_secs())?;
        Ok(())
    }

    /// Returns the condition that the new Pod is ready.
    pub fn ready(&self, replaced_hash: Option<&str>) -> Condition {
        ready(self.step, &self.new, replaced_hash)
    }

    /// Proposes the new manifest without a backup of the old one.
    ///
    /// # Errors
    /// The host refuses a proposal.
    pub fn propose_without_backup(&self, line: &str) -> Result<(), Failure> {
        let pod = effects_core::static_pod(self.step.component, &self.new)?;
        effects::announce(pod, line)
    }

    /// Proposes to wait until the Pod of the present manifest is ready, or an etcd answers.
    ///
    /// # Errors
    /// The manifest names no URL, or the host refuses the proposal.
    pub fn propose_wait(&self) -> Result<Effect, Failure> {
        let condition = match self.step.component {
            ETCD => serves(self.step, &self.old, None)?,
            _ => ready(self.step, &self.old, None),
        };
        wait_control_plane::propose_wait(condition, limit(self.step.config).as_secs())
    }

    /// Returns the hash of the component's Pod; `None` if the cluster does not show it.
    ///
    /// # Errors
    /// The cluster cannot be asked.
    pub fn hash_of_running_pod(&self) -> Result<Option<String>, Failure> {
        let ComponentStep {
            config, component, ..
        } = *self.step;
        let node = &config.init.node_registration.name;
        let pod = cluster::get_object(&static_pod::mirror_reference(component, node))?;
        let hash = pod.as_ref().and_then(static_pod::manifest_hash);
        Ok(hash.map(str::to_owned))
    }

    fn backup_directory(&self) -> String {
        BackupKind::Manifests.directory(self.step.upgrade)
    }
}

/// Proposes to wait until more than half of the members of etcd are healthy.
///
/// # Errors
/// The host refuses the proposal.
pub(super) fn wait_for_etcd(config: &Config) -> Result<Effect, Failure> {
    let timeouts = config.init.timeouts.as_ref();
    let limit = timeouts.and_then(|timeouts| timeouts.etcd_api_call);
    let seconds = limit.unwrap_or_default().as_secs();
    wait_control_plane::propose_wait(Condition::EtcdHealthy {}, seconds)
}

/// Returns the images of a component in the backup of its manifest, or in its manifest if the
/// upgrade did not replace it.
///
/// # Errors
/// The backup or the manifest cannot be read.
pub(super) fn images_of_backup(
    component: &str,
    rollback: &Rollback,
) -> Result<Vec<String>, Failure> {
    let own = static_pod::manifest_path(component);
    let path = rollback.manifests.get(component).unwrap_or(&own);
    Ok(manifest::images(&read_manifest(path)?))
}

fn read_manifest(path: &str) -> Result<Vec<u8>, Failure> {
    if observe_files::stat(path)?.is_none() {
        return Err(missing(path));
    }
    observe_files::read_file(path)
}

fn missing(path: &str) -> Failure {
    Failure {
        remedy: Some(
            "upgrade a member of the control plane whose components run as static Pods".into(),
        ),
        ..failure(
            FailureCode::NotFound,
            format!("{path} does not exist, so there is nothing to upgrade"),
        )
    }
}
