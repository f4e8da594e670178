//! `control-plane`: replaces the static Pods of this node, in rounds:
//!
//! 1. etcd and the API server together. An API server without its etcd does not answer, and the
//!    kubelet, which asks it before it starts a Pod, would wait 30 seconds for each answer.
//! 2. They are waited for until they answer. The kubelet reports later that they are ready: their
//!    startup probe takes 20 seconds.
//! 3. The others together, because they do not depend on each other. Every new Pod is then ready,
//!    except that of etcd, of which is known that it answers: its mirror may come up to a minute
//!    later.
//!
//! If a new Pod does not become ready, its old manifest is put back, and those of the Pods that
//! were replaced before it. In an upgrade, a new etcd that answers stays, because an API server of
//! the old version works with it. In a change of the configuration, etcd gets its old manifest
//! back, too.
use super::{
    backups::propose_objects,
    etcd_data,
    old_manifest::OldManifest,
    read,
    renewals::{certificates_of, renew, renew_administrators},
    static_pods::{Replacement, wait_for_etcd},
    step::{API_SERVER, ComponentStep, ETCD, Words, limit, serves_api, words},
};
use crate::{
    phase::wait_control_plane::{health_url, propose_wait, propose_wait_for_kubelet_sync},
    render::static_pod,
};
use kubephase_sdk::{
    Failure, Outcome, effects, input, json, kubeadm::Config, report, say, spec::Condition,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The phase `control-plane`: upgrades the static Pods of the control plane.
///
/// # Errors
/// A manifest is missing, the host cannot answer a question, or it refuses a proposal.
pub fn upgrade_control_plane() -> Result<Outcome, Failure> {
    let (config, upgrade) = read()?;
    if !upgrade.control_plane {
        say("[upgrade/control-plane] Skipping phase. Not a control plane node.");
        return Ok(Outcome::Skipped("this node is a worker".into()));
    }
    let step = |component| ComponentStep {
        config: &config,
        upgrade: &upgrade,
        component,
    };
    let has_etcd = config.cluster.etcd.external.is_none() && upgrade.etcd;
    let names = static_pod::COMPONENTS.map(|(name, _)| name);
    let all = names
        .into_iter()
        .filter(|name| *name != ETCD || has_etcd)
        .map(step);
    let (first, others): (Vec<_>, Vec<_>) = all.partition(|step| serves_api(step.component));
    match input::round() {
        0 => {
            say(opening(&config));
            if upgrade.snapshot {
                etcd_data::propose_snapshot(&config, &upgrade)?;
            }
            propose_objects(&upgrade, config.run.workflow == "upgrade-apply")?;
            replace_first(&first)?;
        }
        1 => wait_for_first(&first)?,
        2 => replace_others(&others, &first)?,
        _ => {
            renew_administrators(&config, &upgrade)?;
            say(closing(&config));
            return Ok(Outcome::Settled);
        }
    }
    Ok(Outcome::Again)
}

/// The Pods that were replaced in this run, by their component, each with the hash of its manifest;
/// `None` if the cluster did not show it. Each round knows them by a fact of this phase.
#[derive(Default, Serialize, Deserialize)]
struct ReplacedPods(BTreeMap<String, Option<String>>);

impl ReplacedPods {
    /// The name of the fact.
    const FACT: &str = "replaced-pods";

    fn read() -> ReplacedPods {
        input::fact(&input::phase_id(), Self::FACT)
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }

    fn keep(&self) {
        report::set_fact(Self::FACT, &json(self));
    }

    fn has(&self, component: &str) -> bool {
        self.0.contains_key(component)
    }

    fn hash_of(&self, component: &str) -> Option<&str> {
        self.0.get(component)?.as_deref()
    }
}

fn closing(config: &Config) -> &'static str {
    if config.reconfiguration.is_some() {
        return "[apply/control-plane] The static Pods of this machine have the wanted \
                configuration";
    }
    "[upgrade/control-plane] The control plane instance for this node was successfully upgraded!"
}

fn opening(config: &Config) -> String {
    if config.reconfiguration.is_some() {
        return format!(
            "[apply/control-plane] Replacing the static Pods whose manifest differs (timeout: \
             {})...",
            limit(config)
        );
    }
    let version = &config.cluster.kubernetes_version;
    if config.run.workflow == "upgrade-node" {
        return format!(
            "[upgrade/control-plane] Upgrading your Static Pod-hosted control plane instance to \
             version {version:?}..."
        );
    }
    let limit = limit(config);
    format!(
        "[upgrade/control-plane] Upgrading your static Pod-hosted control plane to version \
         {version:?} (timeout: {limit})..."
    )
}

/// Proposes the new manifests of etcd and the API server, and to wait until etcd answers.
fn replace_first(steps: &[ComponentStep<'_>]) -> Result<(), Failure> {
    let mut replaced = ReplacedPods::default();
    let replacements = propose_replacements(steps, &mut replaced)?;
    replaced.keep();
    for replacement in &replacements {
        if replacement.component() == ETCD {
            replacement.propose_wait_for_answer(replaced.hash_of(ETCD))?;
        }
    }
    let old = old_of(&replacements, &replaced);
    OldManifest::propose_on_failure(&old)?;
    for step in steps.iter().filter(|step| step.component == ETCD) {
        if replaced.has(ETCD) && etcd_data::propose_rollback(step)? {
            OldManifest::propose_waits_on_failure(&old)?;
        }
    }
    Ok(())
}

/// Proposes to wait until the API server answers, and etcd is healthy, if they were replaced.
fn wait_for_first(steps: &[ComponentStep<'_>]) -> Result<(), Failure> {
    let replaced = ReplacedPods::read();
    let Some(last) = steps.iter().rfind(|step| replaced.has(step.component)) else {
        return Ok(());
    };
    if last.component == API_SERVER {
        Replacement::of(last)?.propose_wait_for_answer(replaced.hash_of(API_SERVER))?;
    } else {
        wait_for_api_server(last.config)?;
    }
    if replaced.has(ETCD) {
        let label = words(last.config).etcd;
        let line = format!("[{label}] Waiting for etcd to become available");
        effects::announce(wait_for_etcd(last.config)?, &line)?;
    }
    let takes_etcd_back = last.component == ETCD || last.config.reconfiguration.is_some();
    let old = old_manifests(steps, &replaced, takes_etcd_back)?;
    OldManifest::propose_on_failure(&old)
}

/// Returns the manifests before this run of the Pods that it replaced.
fn old_manifests<'a>(
    steps: &'a [ComponentStep<'a>],
    replaced: &'a ReplacedPods,
    with_etcd: bool,
) -> Result<Vec<OldManifest<'a>>, Failure> {
    let wanted = steps
        .iter()
        .filter(|step| replaced.has(step.component) && (with_etcd || step.component != ETCD));
    wanted
        .filter_map(|step| {
            let hash = replaced.hash_of(step.component);
            OldManifest::of_backup(step, hash).transpose()
        })
        .collect()
}

/// Returns the manifests that these replacements replace.
fn old_of<'a>(
    replacements: &'a [Replacement<'a>],
    replaced: &'a ReplacedPods,
) -> Vec<OldManifest<'a>> {
    replacements
        .iter()
        .map(|replacement| replacement.old(replaced.hash_of(replacement.component())))
        .collect()
}

/// Proposes to replace the components that use the API server, and to wait until they and the API
/// server are ready, all in one time limit.
fn replace_others(steps: &[ComponentStep<'_>], first: &[ComponentStep<'_>]) -> Result<(), Failure> {
    let mut replaced = ReplacedPods::read();
    let replacements = propose_replacements(steps, &mut replaced)?;
    let mut conditions: Vec<Condition> = replacements
        .iter()
        .map(|replacement| replacement.ready(replaced.hash_of(replacement.component())))
        .collect();
    for step in first.iter().filter(|step| step.component != ETCD) {
        // Without the hash, the run has already waited until the Pod was ready.
        if let Some(hash) = replaced.hash_of(step.component) {
            conditions.push(Replacement::of(step)?.ready(Some(hash)));
        }
    }
    if let Some(step) = steps.first().filter(|_| !conditions.is_empty()) {
        propose_wait(Condition::All { conditions }, limit(step.config).as_secs())?;
    }
    let mut old = old_of(&replacements, &replaced);
    old.reverse();
    OldManifest::propose_on_failure(&old)?;
    let takes_etcd_back = first
        .first()
        .is_some_and(|step| step.config.reconfiguration.is_some());
    let old = old_manifests(first, &replaced, takes_etcd_back)?;
    OldManifest::propose_on_failure(&old)
}

/// Proposes the new manifests of components, and notes which Pods are replaced.
fn propose_replacements<'a>(
    steps: &'a [ComponentStep<'a>],
    replaced: &mut ReplacedPods,
) -> Result<Vec<Replacement<'a>>, Failure> {
    let mut replacements = Vec::new();
    for step in steps {
        if let Some(replacement) = wanted_replacement(step)? {
            if replaced.0.is_empty() {
                propose_wait_for_kubelet_sync(step.config)?;
            }
            let hash = replacement.propose()?;
            replaced.0.insert(step.component.to_owned(), hash);
            replacements.push(replacement);
        }
    }
    Ok(replacements)
}

/// Proposes what precedes the replacement of a component. Returns `None` if it is not replaced.
fn wanted_replacement<'a>(step: &'a ComponentStep<'a>) -> Result<Option<Replacement<'a>>, Failure> {
    let replacement = Replacement::of(step)?;
    let Words {
        label,
        etcd,
        action,
        ..
    } = words(step.config);
    if step.component == ETCD {
        if let Some(why) = replacement.version_problem() {
            say(format!(
                "[{etcd}] Non fatal issue encountered during {action}: {why}"
            ));
            return Ok(None);
        }
        wait_for_etcd(step.config)?;
    }
    say(format!(
        "[{label}] Preparing for {:?} {action}",
        step.component
    ));
    if replacement.changes_nothing() {
        say(format!(
            "[{label}] Current and new manifests of {} are equal, skipping {action}",
            step.component
        ));
        // etcd reads its certificates again when they change, so it need not be restarted.
        if step.component == ETCD && changes_api_server(step)? {
            renew(step.config, step.upgrade, certificates_of(step))?;
        }
        if step.component == ETCD && step.upgrade.snapshot {
            etcd_data::propose_copy(step)?;
        }
        // A run that was killed may have left a Pod that is not up yet.
        replacement.propose_wait()?;
        return Ok(None);
    }
    if step.component == ETCD {
        etcd_data::propose_copy(step)?;
    }
    renew(step.config, step.upgrade, certificates_of(step))?;
    Ok(Some(replacement))
}

/// Whether the API server gets another manifest.
fn changes_api_server(step: &ComponentStep<'_>) -> Result<bool, Failure> {
    let of_api_server = ComponentStep {
        component: API_SERVER,
        ..*step
    };
    Ok(!Replacement::of(&of_api_server)?.changes_nothing())
}

/// Proposes to wait until the API server of this node works with the new etcd.
fn wait_for_api_server(config: &Config) -> Result<(), Failure> {
    let name = API_SERVER;
    let timeouts = config.init.timeouts.as_ref();
    let limit = timeouts.and_then(|timeouts| timeouts.control_plane_component_health_check);
    let condition = Condition::Component {
        name: name.to_owned(),
        url: health_url(name, config)?,
    };
    propose_wait(condition, limit.unwrap_or_default().as_secs())?;
    Ok(())
}
