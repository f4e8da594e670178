//! Whether a workload has replaced all Pods of its earlier template.
use super::not_ready;
use crate::world::WorldResult;
use kubephase_wit::ObjectRef;
use serde_json::Value;

/// Returns the reference of a workload of `kube-system`.
pub(super) fn reference(workload: &str, name: &str) -> ObjectRef {
    ObjectRef::namespaced("apps/v1", workload, "kube-system", name)
}

/// Checks that no Pod of an earlier template is left. Whether the new Pods are ready does not
/// matter: a cluster without a network has no ready Pods. A Deployment without any ready Pod keeps
/// old Pods until a new Pod is ready, so it is enough there that all new Pods exist.
///
/// # Errors
/// Old Pods are left, or the controller has not seen the change. The failure is retryable.
pub(super) fn check(workload: Option<&Value>) -> WorldResult<()> {
    let Some(workload) = workload else {
        // Without the workload there are no Pods of it.
        return Ok(());
    };
    let status = &workload["status"];
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let generation = number(&workload["metadata"]["generation"]);
    if number(&status["observedGeneration"]) < generation {
        return Err(not_ready(
            "its controller has not seen the change".to_owned(),
        ));
    }
    let (all, new) = if workload["kind"] == "DaemonSet" {
        let all = number(&status["desiredNumberScheduled"]);
        (all, number(&status["updatedNumberScheduled"]))
    } else {
        // Old Pods count as replicas until they are gone.
        let wanted = workload["spec"]["replicas"].as_u64().unwrap_or(1);
        let is_down = number(&status["availableReplicas"]) == 0;
        let all = match number(&status["replicas"]) {
            replicas if !is_down => replicas.max(wanted),
            _ => wanted,
        };
        (all, number(&status["updatedReplicas"]))
    };
    if new < all {
        return Err(not_ready(format!("{new} of {all} Pods are new")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn verdict(workload: &Value) -> Result<(), String> {
        check(Some(workload)).map_err(|failure| failure.message)
    }

    fn deployment(observed: u64, replicas: u64, updated: u64) -> Value {
        json!({
            "kind": "Deployment",
            "metadata": {"generation": 2},
            "spec": {"replicas": 2},
            "status": {
                "observedGeneration": observed,
                "replicas": replicas,
                "updatedReplicas": updated,
                "availableReplicas": 1,
            },
        })
    }

    #[test]
    fn a_deployment_that_is_down_keeps_an_old_pod() {
        let mut down = deployment(2, 3, 2);
        down["status"]["availableReplicas"] = json!(0);
        assert_eq!(verdict(&down), Ok(()));
        down["status"]["updatedReplicas"] = json!(1);
        assert_eq!(verdict(&down), Err("1 of 2 Pods are new".to_owned()));
    }

    #[test]
    fn a_workload_is_rolled_out_when_only_new_pods_are_left() {
        assert_eq!(verdict(&deployment(2, 2, 2)), Ok(()));
        assert_eq!(check(None).map_err(|failure| failure.message), Ok(()));
        for (workload, expected) in [
            (
                deployment(1, 2, 2),
                "its controller has not seen the change",
            ),
            (deployment(2, 3, 2), "2 of 3 Pods are new"),
            (deployment(2, 2, 1), "1 of 2 Pods are new"),
            (deployment(2, 0, 0), "0 of 2 Pods are new"),
        ] {
            assert_eq!(verdict(&workload), Err(expected.to_owned()));
        }
    }

    #[test]
    fn a_daemon_set_has_a_new_pod_on_every_node() {
        let daemon_set = |updated: u64| {
            json!({
                "kind": "DaemonSet",
                "metadata": {"generation": 2},
                "status": {
                    "observedGeneration": 2,
                    "desiredNumberScheduled": 3,
                    "updatedNumberScheduled": updated,
                },
            })
        };
        assert_eq!(verdict(&daemon_set(3)), Ok(()));
        assert_eq!(
            verdict(&daemon_set(2)),
            Err("2 of 3 Pods are new".to_owned())
        );
    }
}
