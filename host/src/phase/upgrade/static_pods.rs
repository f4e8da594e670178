//! The replacement of one static Pod: backup, new manifest, wait for its Pod, and what takes it
//! back.
use super::{
    announce,
    backups::{BackupKind, propose_backup},
    manifest,
    step::{ComponentStep, ETCD, limit, words},
};
use crate::{
    phase::{patched_manifest, run_as_own_user, wait_control_plane},
    render::static_pod,
};
use kubephase_sdk::{
    Effect, Failure, FailureCode, cluster, effects, effects_core, failure, observe_files,
    release::upgrade::version_of_image, spec::Condition,
};

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

    /// Reads the manifest of a component, which a backup is to replace.
    ///
    /// # Errors
    /// `not-found` if there is no manifest.
    pub fn by_backup(
        step: &'a ComponentStep<'a>,
        backup: Vec<u8>,
    ) -> Result<Replacement<'a>, Failure> {
        let old = read_manifest(&static_pod::manifest_path(step.component))?;
        let new = backup;
        Ok(Replacement { step, old, new })
    }

    /// Whether the manifests mean the same Pod.
    pub fn changes_nothing(&self) -> bool {
        manifest::are_equal(&self.old, &self.new)
    }

    /// Returns why the version of the new image is not set up: it is older than that of the running
    /// one.
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

    /// Proposes the backup and the new manifest, and to wait for its Pod.
    ///
    /// # Errors
    /// The hash of the running Pod cannot be read, or the host refuses a proposal.
    pub fn propose(&self) -> Result<(), Failure> {
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
        self.wait(component, &self.new, hash)?;
        Ok(())
    }

    /// Proposes the new manifest without a backup of the old one, and to wait for its Pod.
    ///
    /// # Errors
    /// The hash of the running Pod cannot be read, or the host refuses a proposal.
    pub fn propose_without_backup(&self, line: &str) -> Result<(), Failure> {
        let hash = self.hash_of_running_pod()?;
        let pod = effects_core::static_pod(self.step.component, &self.new)?;
        effects::announce(pod, line)?;
        self.wait(self.step.component, &self.new, hash)?;
        Ok(())
    }

    /// Proposes to wait until the Pod of the manifest that is there is ready.
    ///
    /// # Errors
    /// The host refuses the proposal.
    pub fn propose_wait(&self) -> Result<Effect, Failure> {
        self.wait(self.step.component, &self.old, None)
    }

    /// Proposes what takes the replacement back if it fails: the old manifests of this component,
    /// and of those that were replaced before in this run, from the last to the first. An etcd that
    /// was replaced stays: an API server of the old version works with it.
    ///
    /// # Errors
    /// A backup cannot be read, or the host refuses a proposal.
    pub fn propose_taking_back(&self, earlier: &[&'static str]) -> Result<(), Failure> {
        self.take_back(self.step.component, &self.old)?;
        for component in earlier.iter().rev().filter(|name| **name != ETCD) {
            let backup = format!("{}/{component}.yaml", self.backup_directory());
            if observe_files::stat(&backup)?.is_some() {
                self.take_back(component, &observe_files::read_file(&backup)?)?;
            }
        }
        Ok(())
    }

    fn take_back(&self, component: &str, old: &[u8]) -> Result<(), Failure> {
        let pod = effects_core::static_pod(component, old)?;
        effects_core::on_failure(pod)?;
        let label = words(self.step.config).label;
        announce(
            pod,
            label,
            &[format!("Putting the old manifest of {component} back")],
        )?;
        let waiting = self.wait(component, old, None)?;
        effects_core::on_failure(waiting)?;
        effects_core::attempt(
            waiting,
            &format!(
                "[{label}] the old manifest of {component} is back, and its Pod is not ready: {{}}"
            ),
        )
    }

    /// Proposes to wait for the Pod of a manifest.
    fn wait(
        &self,
        component: &str,
        manifest: &[u8],
        replaced_hash: Option<String>,
    ) -> Result<Effect, Failure> {
        let config = self.step.config;
        let condition = Condition::StaticPod {
            component: component.to_owned(),
            node: config.init.node_registration.name.clone(),
            images: manifest::images(manifest),
            replaced_hash,
        };
        wait_control_plane::propose_wait(condition, limit(config).as_secs())
    }

    /// Returns the hash of the component's Pod; `None` if the cluster does not show it.
    fn hash_of_running_pod(&self) -> Result<Option<String>, Failure> {
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
