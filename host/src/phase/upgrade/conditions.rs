//! Conditions for the static Pod of a manifest: that its process answers, that the Pod is ready.
use super::{
    manifest,
    step::{ComponentStep, ETCD},
};
use crate::{phase::wait_control_plane::health_url_of, render::static_pod, text::yaml};
use kubephase_sdk::{Failure, FailureCode, failure, spec::Condition};

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

/// Returns the URL at which a component answers, by its manifest.
pub(super) fn answering_url(step: &ComponentStep<'_>, manifest: &[u8]) -> Result<String, Failure> {
    match step.component {
        ETCD => client_url(manifest),
        component => health_url_of(component, manifest, step.config),
    }
}

/// Returns the condition that the Pod of a manifest is ready.
pub(super) fn ready(
    step: &ComponentStep<'_>,
    manifest: &[u8],
    replaced_hash: Option<&str>,
) -> Condition {
    Condition::StaticPod {
        component: step.component.to_owned(),
        node: step.config.init.node_registration.name.clone(),
        images: manifest::images(manifest),
        replaced_hash: replaced_hash.map(str::to_owned),
    }
}

/// Returns the condition that a container of a manifest's Pod runs and answers. The Pod has this
/// hash, if it is known.
pub(super) fn serves(
    step: &ComponentStep<'_>,
    manifest: &[u8],
    hash: Option<&str>,
) -> Result<Condition, Failure> {
    Ok(Condition::StaticPodServes {
        component: step.component.to_owned(),
        node: step.config.init.node_registration.name.clone(),
        hash: hash.map(str::to_owned),
        url: answering_url(step, manifest)?,
    })
}
