//! Whether the kubelet runs the static Pod of a new manifest, as its containers or the mirror of
//! the Pod show.
use super::not_ready;
use crate::{
    render::static_pod::{manifest_hash, mirror_reference},
    world::{Container, WorldResult},
};
use serde_json::Value;

/// Checks that a container of the component runs on the node in a Pod that is wanted by its hash.
/// The kubelet starts a new Pod only after the old Pod has ended.
///
/// # Errors
/// The kubelet has not started the container yet; a later check may succeed.
pub(super) fn check_started(
    containers: &[Container],
    (component, node): (&str, &str),
    is_wanted: &dyn Fn(&str) -> bool,
) -> WorldResult<()> {
    let pod = mirror_reference(component, node);
    let mut own = containers.iter().filter(|container| {
        container.name == component
            && Some(&container.namespace) == pod.namespace.as_ref()
            && container.pod == pod.name
            && container.running
    });
    match own.find(|container| is_wanted(&container.pod_uid)) {
        Some(_) => Ok(()),
        None => Err(not_ready(
            "the container of the Pod does not run".to_owned(),
        )),
    }
}

/// Checks that a mirror Pod is the new one, and that all its containers are ready. The Pod is the
/// new one if its hash is not `replaced_hash`; if `replaced_hash` is `None`, if its images are
/// `images`.
///
/// # Errors
/// The new Pod does not run yet, or is not ready yet; a later check may succeed.
pub(super) fn check(
    pod: Option<&Value>,
    images: &[String],
    replaced_hash: Option<&str>,
) -> WorldResult<()> {
    let pod = pod.ok_or_else(|| not_ready("the kubelet has not published the Pod".to_owned()))?;
    let hash = manifest_hash(pod);
    if hash.is_some() && hash == replaced_hash {
        return Err(not_ready(
            "the kubelet has not replaced the Pod: its hash did not change".to_owned(),
        ));
    }
    let of_pod: Vec<&str> = elements(&pod["spec"]["containers"])
        .filter_map(|container| container["image"].as_str())
        .collect();
    // Admission may have changed the images of a new Pod.
    if replaced_hash.is_none() && of_pod != images {
        return Err(not_ready(format!(
            "the Pod has the image {} and not {}",
            of_pod.join(", "),
            images.join(", ")
        )));
    }
    let phase = pod["status"]["phase"].as_str().unwrap_or("Pending");
    if phase != "Running" {
        return Err(not_ready(format!("the Pod is {phase}")));
    }
    if elements(&pod["status"]["containerStatuses"]).count() < images.len() {
        return Err(not_ready("its containers have no status yet".to_owned()));
    }
    let unready = elements(&pod["status"]["containerStatuses"]).find(|status| {
        // A container without this field is not known to be ready.
        status["ready"] != true
    });
    match unready {
        Some(status) => Err(not_ready(describe(status))),
        None => Ok(()),
    }
}

fn elements(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// Returns the reason why a container is not ready, as far as its status shows it.
fn describe(status: &Value) -> String {
    let name = status["name"].as_str().unwrap_or_default();
    let waiting = &status["state"]["waiting"];
    match (waiting["reason"].as_str(), waiting["message"].as_str()) {
        (Some(reason), Some(message)) => {
            format!("the container {name} is not ready: {reason}: {message}")
        }
        (Some(reason), None) => format!("the container {name} is not ready: {reason}"),
        (None, _) => format!("the container {name} is not ready"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod() -> Value {
        json!({
            "metadata": {"annotations": {"kubernetes.io/config.hash": "new"}},
            "spec": {"containers": [{"name": "c", "image": "i:2"}]},
            "status": {
                "phase": "Running",
                "containerStatuses": [{"name": "c", "ready": true}],
            },
        })
    }

    fn verdict(pod: Option<&Value>, replaced: Option<&str>) -> Result<(), String> {
        check(pod, &["i:2".to_owned()], replaced).map_err(|failure| failure.message)
    }

    #[test]
    fn a_pod_of_the_new_manifest_that_is_ready_is_accepted() {
        for replaced in [None, Some("old")] {
            assert_eq!(verdict(Some(&pod()), replaced), Ok(()));
        }
    }

    #[test]
    fn what_is_not_as_wanted_is_named() {
        let with = |pointer: &str, value: Value| {
            let mut pod = pod();
            *pod.pointer_mut(pointer).unwrap() = value;
            pod
        };
        let crash = json!({"name": "c", "ready": false, "state": {"waiting": {
            "reason": "CrashLoopBackOff",
        }}});
        for (pod, replaced, expected) in [
            (None, None, "not published"),
            (Some(pod()), Some("new"), "its hash did not change"),
            (
                Some(with("/spec/containers/0/image", "i:1".into())),
                None,
                "the image i:1 and not i:2",
            ),
            (
                Some(with("/status/phase", "Pending".into())),
                None,
                "the Pod is Pending",
            ),
            (
                Some(with("/status/containerStatuses", json!([]))),
                None,
                "no status yet",
            ),
            (
                Some(with("/status/containerStatuses/0", crash)),
                None,
                "CrashLoopBackOff",
            ),
        ] {
            let message = verdict(pod.as_ref(), replaced).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_pod_that_came_back_is_known_by_its_hash() {
        let of_pod = |uid: &str| Container {
            name: "c".into(),
            namespace: "kube-system".into(),
            pod: "c-n".into(),
            pod_uid: uid.into(),
            running: true,
            ..Container::default()
        };
        let serves = |containers: &[Container]| {
            check_started(containers, ("c", "n"), &|hash| hash == "old").is_ok()
        };
        assert!(!serves(&[of_pod("broken")]));
        assert!(serves(&[of_pod("broken"), of_pod("old")]));
    }

    /// Returns whether these containers of the Pod `c-n` count as those of a new Pod.
    fn starts(containers: &[Container]) -> bool {
        check_started(containers, ("c", "n"), &|hash| hash != "old").is_ok()
    }

    #[test]
    fn only_a_running_container_of_another_pod_than_the_old_one_counts_as_new() {
        let new = Container {
            name: "c".into(),
            namespace: "kube-system".into(),
            pod: "c-n".into(),
            pod_uid: "new".into(),
            running: true,
            ..Container::default()
        };
        let old = Container {
            pod_uid: "old".into(),
            ..new.clone()
        };
        assert!(starts(&[old.clone(), new.clone()]));
        for other in [
            old.clone(),
            Container {
                running: false,
                ..new.clone()
            },
            Container {
                name: "sidecar".into(),
                ..new.clone()
            },
            Container {
                namespace: "default".into(),
                ..new.clone()
            },
            Container {
                pod: "c-other".into(),
                ..new
            },
        ] {
            assert!(!starts(&[old.clone(), other.clone()]), "{other:?}");
        }
    }
}
