//! Static Pods that get other manifests in two groups: etcd and the API server together, and the
//! components that use the API server together. The kubelet takes 10 to 15 seconds until it starts
//! a new Pod, and longer while no API server answers; so nothing waits for more than it needs. At
//! the end every new Pod is ready, except that of etcd, of which is known that it answers. If one
//! does not come up, all go back.
use super::{
    old_manifest::OldManifest,
    static_pods::{Replacement, wait_for_etcd},
    step::{ComponentStep, ETCD, limit, serves_api},
};
use crate::phase::wait_control_plane::{propose_wait, propose_wait_for_kubelet_sync};
use kubephase_sdk::{Failure, kubeadm::Config, spec::Condition};

/// A static Pod that gets another manifest.
pub(in crate::phase) struct PodChange {
    pub component: &'static str,
    pub manifest: Vec<u8>,
    /// `kubernetes.io/config.hash` of the Pod that is replaced; `None` if the cluster does not show
    /// it, or if the Pod runs by the manifest already
    pub replaced_hash: Option<String>,
    /// what is said when the manifest is written; `None` if it is there
    pub line: Option<String>,
}

/// The group that comes first. A component must not be newer than its API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::phase) enum FirstGroup {
    /// etcd and the API server
    ApiServer,
    /// the components that use the API server
    Others,
}

/// Proposes the manifests of one group, then, when its Pods answer, those of the other group; to
/// wait until every Pod is ready; and to put all back if that fails.
///
/// # Errors
/// A component has no manifest, or the host refuses a proposal.
pub(in crate::phase) fn propose_changes(
    config: &Config,
    changes: &[PodChange],
    first: FirstGroup,
) -> Result<(), Failure> {
    let upgrade = config.upgrade.clone().unwrap_or_default();
    let steps: Vec<ComponentStep<'_>> = changes
        .iter()
        .map(|change| ComponentStep {
            config,
            upgrade: &upgrade,
            component: change.component,
        })
        .collect();
    let members: Vec<Member<'_>> = steps
        .iter()
        .zip(changes)
        .map(|(step, change)| Member::of(step, change))
        .collect::<Result<_, _>>()?;
    let is_first = |member: &&Member<'_>| {
        serves_api(member.change.component) == (first == FirstGroup::ApiServer)
    };
    let (one, other): (Vec<_>, Vec<_>) = members.iter().partition(is_first);
    if changes.iter().any(|change| change.line.is_some()) {
        propose_wait_for_kubelet_sync(config)?;
    }
    for group in [&one, &other] {
        propose_group(config, group)?;
    }
    let conditions: Vec<Condition> = one
        .iter()
        .chain(&other)
        .filter_map(|member| member.ready())
        .collect();
    if !conditions.is_empty() {
        propose_wait(Condition::All { conditions }, limit(config).as_secs())?;
    }
    let old: Vec<OldManifest<'_>> = one
        .iter()
        .chain(&other)
        .rev()
        .map(|member| member.replacement.old(member.hash()))
        .collect();
    OldManifest::propose_on_failure(&old)
}

/// A change of a group, with the manifest that it replaces.
struct Member<'a> {
    change: &'a PodChange,
    replacement: Replacement<'a>,
}

impl<'a> Member<'a> {
    fn of(step: &'a ComponentStep<'a>, change: &'a PodChange) -> Result<Member<'a>, Failure> {
        let replacement = Replacement::by_manifest(step, change.manifest.clone())?;
        Ok(Member {
            change,
            replacement,
        })
    }

    fn hash(&self) -> Option<&str> {
        self.change.replaced_hash.as_deref()
    }

    /// Returns the condition that the Pod is ready; `None` if the group has waited long enough for
    /// it: until etcd answers, or, without the hash of the old Pod, until the Pod is ready.
    fn ready(&self) -> Option<Condition> {
        let hash = self.hash().filter(|_| self.change.component != ETCD)?;
        Some(self.replacement.ready(Some(hash)))
    }
}

/// Proposes the manifests of a group, and to wait until its Pods answer.
fn propose_group(config: &Config, group: &[&Member<'_>]) -> Result<(), Failure> {
    for member in group {
        if let Some(line) = &member.change.line {
            member.replacement.propose_without_backup(line)?;
        }
    }
    for member in group {
        member.replacement.propose_wait_for_answer(member.hash())?;
    }
    if group.iter().any(|member| member.change.component == ETCD) {
        // The next member is replaced only while most of the members work.
        wait_for_etcd(config)?;
    }
    Ok(())
}
