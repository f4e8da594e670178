//! The replacement of one static Pod: backup, new manifest, waits for its Pod, and the proposals
//! that undo the replacement.
use super::{
    announce,
    backups::{BackupKind, propose_backup},
    manifest,
    step::{ComponentStep, ETCD, Words, limit, words},
};
use crate::{
    phase::{
        patched_manifest, run_as_own_user,
        wait_control_plane::{self, health_url_of},
    },
    render::static_pod,
    text::yaml,
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

    /// Returns the manifest before the replacement, with which the replacement can be undone.
    pub fn old(&self) -> OldManifest<'_> {
        OldManifest {
            step: self.step,
            content: Cow::Borrowed(&self.old),
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
        let url = match component {
            ETCD => client_url(&self.new)?,
            _ => health_url_of(component, &self.new, config)?,
        };
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
        wait(self.step, &self.new, replaced_hash)?;
        Ok(())
    }

    /// Proposes the new manifest without a backup of the old one.
    ///
    /// # Errors
    /// The host refuses a proposal.
    pub fn propose_without_backup(&self, line: &str) -> Result<(), Failure> {
        let pod = effects_core::static_pod(self.step.component, &self.new)?;
        effects::announce(pod, line)
    }

    /// Proposes to wait until the Pod of the present manifest is ready.
    ///
    /// # Errors
    /// The host refuses the proposal.
    pub fn propose_wait(&self) -> Result<Effect, Failure> {
        wait(self.step, &self.old, None)
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

/// The manifest of a component before it was replaced.
pub(super) struct OldManifest<'a> {
    step: &'a ComponentStep<'a>,
    content: Cow<'a, [u8]>,
}

impl<'a> OldManifest<'a> {
    /// Reads the backup that an earlier round of this run made; `None` if there is none.
    ///
    /// # Errors
    /// The backup cannot be read.
    pub fn of_backup(step: &'a ComponentStep<'a>) -> Result<Option<OldManifest<'a>>, Failure> {
        let directory = BackupKind::Manifests.directory(step.upgrade);
        let backup = format!("{directory}/{}.yaml", step.component);
        if observe_files::stat(&backup)?.is_none() {
            return Ok(None);
        }
        let content = Cow::Owned(observe_files::read_file(&backup)?);
        Ok(Some(OldManifest { step, content }))
    }

    /// Proposes to put manifests back if an effect of this round fails, and then to wait for each
    /// Pod. All manifests are put back before the first wait, because an API server is ready only
    /// if its etcd is.
    ///
    /// # Errors
    /// The host refuses a proposal.
    pub fn propose_on_failure(all: &[OldManifest<'_>]) -> Result<(), Failure> {
        for OldManifest { step, content } in all {
            let pod = effects_core::static_pod(step.component, content)?;
            effects_core::on_failure(pod)?;
            let Words { label, earlier, .. } = words(step.config);
            let line = format!("Putting the {earlier} of {} back", step.component);
            announce(pod, label, &[line])?;
        }
        OldManifest::propose_waits_on_failure(all)
    }

    /// Proposes to wait for the Pods of manifests that were put back if an effect of this round
    /// failed.
    ///
    /// # Errors
    /// The host refuses a proposal.
    pub fn propose_waits_on_failure(all: &[OldManifest<'_>]) -> Result<(), Failure> {
        for OldManifest { step, content } in all {
            let waiting = wait(step, content, None)?;
            effects_core::on_failure(waiting)?;
            let Words { label, earlier, .. } = words(step.config);
            let warning = format!(
                "[{label}] the {earlier} of {} is back, and its Pod is not ready: {{}}",
                step.component
            );
            effects_core::attempt(waiting, &warning)?;
        }
        Ok(())
    }
}

/// Returns the first URL at which an etcd answers clients, by its manifest.
fn client_url(manifest: &[u8]) -> Result<String, Failure> {
    let pod = yaml::value(&String::from_utf8_lossy(manifest)).unwrap_or_default();
    let urls = static_pod::flag(&pod, "advertise-client-urls");
    match urls.split(',').next() {
        Some(url) if !url.is_empty() => Ok(url.to_owned()),
        _ => Err(failure(
            FailureCode::Invalid,
            format!(
                "{}: etcd has no --advertise-client-urls",
                static_pod::manifest_path(ETCD)
            ),
        )),
    }
}

/// Proposes to wait until the Pod of a manifest is ready.
fn wait(
    step: &ComponentStep<'_>,
    manifest: &[u8],
    replaced_hash: Option<&str>,
) -> Result<Effect, Failure> {
    let config = step.config;
    let condition = Condition::StaticPod {
        component: step.component.to_owned(),
        node: config.init.node_registration.name.clone(),
        images: manifest::images(manifest),
        replaced_hash: replaced_hash.map(str::to_owned),
    };
    wait_control_plane::propose_wait(condition, limit(config).as_secs())
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
