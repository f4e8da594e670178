//! `control-plane`: replaces the static Pods of this node one by one, etcd first. Each round
//! replaces one; a Pod that does not come up is taken back.
use super::{
    backups::propose_objects,
    read,
    static_pods::Replacement,
    step::{ComponentStep, ETCD, Words, limit, words},
};
use crate::{
    phase::{
        certs::renewal,
        wait_control_plane::{health_url, propose_wait},
    },
    render::static_pod,
};
use kubephase_sdk::{
    Effect, Failure, Outcome, effects, effects_core, input, json,
    kubeadm::{Config, Upgrade},
    say,
    spec::{Condition, RenewalSpec},
};

/// The phase `control-plane`: upgrades the static Pods of the control plane, one after the other.
///
/// # Errors
/// A manifest is missing, the host cannot answer a question, or it refuses a proposal.
pub fn upgrade_control_plane() -> Result<Outcome, Failure> {
    let (config, upgrade) = read()?;
    if !upgrade.control_plane {
        say("[upgrade/control-plane] Skipping phase. Not a control plane node.");
        return Ok(Outcome::Skipped("this node is a worker".into()));
    }
    let components = components(&config, &upgrade);
    let round = usize::try_from(input::round()).unwrap_or_default();
    if round == 0 {
        say(opening(&config));
        propose_objects(&upgrade, config.run.workflow == "upgrade-apply")?;
    }
    let Some(component) = components.get(round) else {
        renew_administrators(&config, &upgrade)?;
        say(closing(&config));
        return Ok(Outcome::Settled);
    };
    let step = ComponentStep {
        config: &config,
        upgrade: &upgrade,
        component,
    };
    upgrade_component(&step, &components[..round])?;
    Ok(Outcome::Again)
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
            "[apply/control-plane] Replacing the static Pods whose manifest differs, one by one \
             (timeout: {})...",
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

/// Returns the components that are upgraded, in their order.
fn components(config: &Config, upgrade: &Upgrade) -> Vec<&'static str> {
    let has_etcd = config.cluster.etcd.external.is_none() && upgrade.etcd;
    static_pod::COMPONENTS
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| *name != ETCD || has_etcd)
        .collect()
}

/// Proposes to replace one component. `earlier` were replaced before in this run.
fn upgrade_component(step: &ComponentStep<'_>, earlier: &[&'static str]) -> Result<(), Failure> {
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
            return Ok(());
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
        // A run that was killed may have left a Pod that is not up yet.
        replacement.propose_wait()?;
        return Ok(());
    }
    renew(step.config, step.upgrade, certificates_of(step))?;
    replacement.propose()?;
    if step.component == ETCD {
        let waiting = wait_for_etcd(step.config)?;
        effects::announce(
            waiting,
            &format!("[{etcd}] Waiting for etcd to become available"),
        )?;
        wait_for_api_server(step.config)?;
    }
    replacement.propose_taking_back(earlier)
}

/// Whether the API server gets another manifest.
fn changes_api_server(step: &ComponentStep<'_>) -> Result<bool, Failure> {
    let of_api_server = ComponentStep {
        component: "kube-apiserver",
        ..*step
    };
    Ok(!Replacement::of(&of_api_server)?.changes_nothing())
}

/// Proposes to wait until more than half of the members of etcd are healthy.
fn wait_for_etcd(config: &Config) -> Result<Effect, Failure> {
    let timeouts = config.init.timeouts.as_ref();
    let limit = timeouts.and_then(|timeouts| timeouts.etcd_api_call);
    propose_wait(
        Condition::EtcdHealthy {},
        limit.unwrap_or_default().as_secs(),
    )
}

/// Proposes to wait until the API server of this node works with the new etcd.
fn wait_for_api_server(config: &Config) -> Result<(), Failure> {
    let name = "kube-apiserver";
    let timeouts = config.init.timeouts.as_ref();
    let limit = timeouts.and_then(|timeouts| timeouts.control_plane_component_health_check);
    let condition = Condition::Component {
        name: name.to_owned(),
        url: health_url(name, config)?,
    };
    propose_wait(condition, limit.unwrap_or_default().as_secs())?;
    Ok(())
}

/// Returns the names of the certificates that a component uses (kubeadm's choice).
fn certificates_of(step: &ComponentStep<'_>) -> &'static [&'static str] {
    match step.component {
        ETCD => &["etcd-server", "etcd-peer", "etcd-healthcheck-client"],
        "kube-apiserver" => &[
            "apiserver",
            "apiserver-kubelet-client",
            "front-proxy-client",
            "apiserver-etcd-client",
        ],
        "kube-controller-manager" => &["controller-manager.conf"],
        _ => &["scheduler.conf"],
    }
}

/// Proposes to renew certificates, unless the operator wants none renewed.
fn renew(config: &Config, upgrade: &Upgrade, names: &[&str]) -> Result<(), Failure> {
    for spec in wanted_renewals(config, upgrade, names) {
        let renewal = effects_core::renew_certificate(&json(&spec))?;
        let line = format!("[upgrade/staticpods] Renewing {} certificate", spec.name);
        effects::announce(renewal, &line)?;
    }
    Ok(())
}

/// Returns how these certificates are renewed, in the order of the names. A cluster with an
/// external etcd lacks those of etcd.
fn wanted_renewals(config: &Config, upgrade: &Upgrade, names: &[&str]) -> Vec<RenewalSpec> {
    if !upgrade.certificate_renewal {
        return Vec::new();
    }
    let all = renewal::renewals(config);
    let find = |name: &&str| all.iter().find(|spec| spec.name == *name).cloned();
    names.iter().filter_map(find).collect()
}

/// Proposes to renew the certificates of the administrators.
fn renew_administrators(config: &Config, upgrade: &Upgrade) -> Result<(), Failure> {
    let renewals = wanted_renewals(config, upgrade, &["admin.conf", "super-admin.conf"]);
    renewals.iter().try_for_each(|spec| {
        effects_core::renew_certificate(&json(spec))?;
        Ok(())
    })
}
