//! Restarts of components of the control plane that read their certificate only when they start.
use super::{
    Applied, Context, EffectOutcome,
    context::to_duration,
    kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
    pki::BACKDATE_SECONDS,
    wait::wait_until,
};
use crate::{
    backoff::{Backoff, NextTry},
    render::MANIFESTS,
    wasm::grant::Grant,
    world::{Container, Runtime, WorldResult, text_file::read_kubeconfig},
};
use kubephase_sdk::spec::{Condition, RestartSpec, WaitSpec};
use kubephase_wit::{Failure, FailureCode};
use std::time::Duration;

/// Pause between two checks whether there is a new container.
const PAUSE: Duration = Duration::from_millis(250);
/// Time that a component gets to shut down before it is killed. A scheduler that shuts down gives
/// up its lease, so that its successor works at once. The lease of a killed scheduler holds for 15
/// seconds.
const GRACE: Duration = Duration::from_secs(10);

/// The age, in seconds, up to which a certificate counts as recently renewed: longer than the time
/// between two runs of the timer.
const SHORT_WHILE: i64 = 40 * 24 * 3600;

/// Whether a container began before the certificate in a kubeconfig was renewed, and so uses the
/// old one. If the runtime does not say when it began, a certificate that was recently renewed
/// counts as newer. A certificate that cannot be read counts as newer too.
fn is_renewed_since(path: &str, containers: &[Container], context: &Context) -> bool {
    let kubeconfig = read_kubeconfig(context.world.files(), path).ok().flatten();
    let certificate = kubeconfig.and_then(|read| read.client_certificate(path).ok());
    certificate.is_none_or(|certificate| {
        let renewed = certificate.not_before() + BACKDATE_SECONDS;
        has_older(containers, renewed, context.started)
    })
}

/// Whether a container began before a certificate was renewed. Times are in Unix seconds.
fn has_older(containers: &[Container], renewed: i64, now: i64) -> bool {
    containers.iter().any(|container| match container.created {
        Some(created) => created < renewed,
        None => renewed > now.saturating_sub(SHORT_WHILE),
    })
}

/// Stops the containers of a component. Waits until the kubelet has started the component again and
/// the component is healthy, unless a later effect waits for that.
fn restart(spec: &RestartSpec, context: &Context) -> WorldResult<EffectOutcome> {
    let runtime = context.world.runtime();
    let component = &spec.component;
    let old = match running_containers(component, runtime) {
        Err(failure) if failure.code == FailureCode::NotChecked => {
            return Ok(EffectOutcome::with_lines(
                Applied::Skipped(failure.message),
                [format!("[dryrun] Would restart {component}")],
            ));
        }
        outcome => outcome.map_err(|why| still_running(component, why))?,
    };
    if old.is_empty() {
        let why = "it does not run on this node; the kubelet starts it with its new certificate";
        return Ok(Applied::Skipped(why.to_owned()).into());
    }
    if let Some(path) = &spec.if_renewed
        && !is_renewed_since(path, &old, context)
    {
        let why = format!("it uses the certificate in {path} already");
        return Ok(Applied::Skipped(why).into());
    }
    old.iter()
        .try_for_each(|container| runtime.stop_container(&container.id, GRACE))
        .map_err(|why| still_running(component, why))?;
    if spec.is_awaited_later {
        return Ok(Applied::Changed.into());
    }
    wait_for_new(spec, &old, context)?;
    let health = WaitSpec {
        condition: Condition::Component {
            name: component.clone(),
            url: spec.health_url.clone(),
        },
        timeout_seconds: spec.timeout_seconds,
    };
    let waited = wait_until(&health, context).map_err(|why| Failure {
        message: format!(
            "{component} was restarted with its new certificate, but {}",
            why.message
        ),
        ..why
    })?;
    Ok(EffectOutcome {
        applied: Applied::Changed,
        ..waited
    })
}

/// Returns the failure of a component that could not be ended.
fn still_running(component: &str, why: Failure) -> Failure {
    Failure {
        message: format!(
            "{component} was not restarted and uses its old certificate until it is; restart it by \
             moving {MANIFESTS}/{component}.yaml away for 20 seconds: {}",
            why.message
        ),
        ..why
    }
}

/// Returns the running containers of the component's static Pods. A Pod of another namespace may
/// have a container of this name too.
pub(super) fn running_containers(
    component: &str,
    runtime: &dyn Runtime,
) -> WorldResult<Vec<Container>> {
    let pod = format!("{component}-");
    let mut containers = runtime.containers()?;
    containers.retain(|container| {
        container.running
            && container.name == component
            && container.namespace == "kube-system"
            && container.pod.starts_with(&pod)
    });
    Ok(containers)
}

/// Waits until another container of the component runs than those that were stopped.
fn wait_for_new(spec: &RestartSpec, old: &[Container], context: &Context) -> WorldResult<()> {
    let component = &spec.component;
    let limit = to_duration(spec.timeout_seconds);
    let mut tries = Backoff::constant(PAUSE, limit).start();
    loop {
        let now = running_containers(component, context.world.runtime())?;
        let is_old = |container: &Container| old.iter().any(|other| other.id == container.id);
        if now.iter().any(|container| !is_old(container)) {
            return Ok(());
        }
        match tries.wait(context.cancel) {
            NextTry::Due => {}
            NextTry::Cancelled => {
                let message = format!("the run was cancelled while {component} restarted");
                return Err(Failure::new(FailureCode::Cancelled, message));
            }
            NextTry::OutOfTime => {
                let message = format!(
                    "{component} was ended to restart it, but the kubelet did not start it again \
                     within {}s; make sure that the kubelet runs, and look at its log",
                    spec.timeout_seconds
                );
                return Err(Failure::new(FailureCode::Timeout, message));
            }
        }
    }
}

impl EffectKind for RestartSpec {
    fn properties(&self) -> Properties {
        Properties {
            kind: "restart",
            target: Target::Other(self.component.clone()),
            files: FileProperties::none(),
            waits: true,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        restart(self, context)
    }
}

#[cfg(test)]
mod tests;
