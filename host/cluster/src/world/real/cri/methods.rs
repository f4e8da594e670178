//! The runtime as phases and effects see it.
use super::{Cri, image_client, log, runtime_client};
use crate::world::{Container, Runtime, WorldResult};
use k8s_cri::v1::{
    Container as ListedContainer, ContainerState, ContainerStatusRequest, ImageSpec,
    ImageStatusRequest, ListContainersRequest, ListPodSandboxRequest, PodSandbox, PullImageRequest,
    RemovePodSandboxRequest, RuntimeConfigRequest, StatusRequest, StatusResponse,
    StopContainerRequest, StopPodSandboxRequest, VersionRequest,
};
use kubephase_wit::{Failure, FailureCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Limit of one call (kubeadm's two seconds).
const CALL: Duration = Duration::from_secs(2);
/// Limit of one try of a pull: a GiB over a slow line.
const PULL: Duration = Duration::from_secs(30 * 60);

impl Cri {
    /// Stops and removes a sandbox, with a few retries.
    fn remove_sandbox(&self, id: &str) -> WorldResult<()> {
        self.call_with_retries(CALL, async |channel| {
            let request = StopPodSandboxRequest {
                pod_sandbox_id: id.to_owned(),
            };
            runtime_client(channel).stop_pod_sandbox(request).await
        })?;
        self.call_with_retries(CALL, async |channel| {
            let request = RemovePodSandboxRequest {
                pod_sandbox_id: id.to_owned(),
            };
            runtime_client(channel).remove_pod_sandbox(request).await
        })
        .map(drop)
    }

    /// Returns kubeadm's words before the reason why the runtime does not answer.
    fn not_connected(&self) -> String {
        format!(
            "could not connect to the container runtime: failed to create new CRI runtime service: \
             validate service connection: validate CRI v1 runtime API for endpoint {:?}",
            self.socket
        )
    }
}

impl Runtime for Cri {
    fn status(&self) -> WorldResult<Value> {
        let version = self
            .call(CALL, async |channel| {
                runtime_client(channel)
                    .version(VersionRequest::default())
                    .await
            })
            .map_err(|why| unavailable(&self.not_connected(), &why))?;
        let status = self
            .call(CALL, async |channel| {
                runtime_client(channel)
                    .status(StatusRequest { verbose: true })
                    .await
            })
            .map_err(|why| unavailable("container runtime is not running", &why))?;
        check_ready(&status)?;
        let config: Value = status
            .info
            .get("config")
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        Ok(json!({
            "name": version.runtime_name,
            "version": version.runtime_version,
            "sandboxImage": config["sandboxImage"],
        }))
    }

    fn config(&self) -> WorldResult<Value> {
        let config = self.call(CALL, async |channel| {
            runtime_client(channel)
                .runtime_config(RuntimeConfigRequest {})
                .await
        })?;
        let driver = config
            .linux
            .map(|linux| linux.cgroup_driver().as_str_name());
        Ok(json!({"linux": {"cgroupDriver": driver}}))
    }

    fn image_present(&self, image: &str) -> WorldResult<bool> {
        let status = self.call(CALL, async |channel| {
            let request = ImageStatusRequest {
                image: image_spec(image),
                ..ImageStatusRequest::default()
            };
            image_client(channel).image_status(request).await
        })?;
        Ok(status.image.is_some_and(|image| !image.id.is_empty()))
    }

    fn pull(&self, image: &str) -> WorldResult<()> {
        let pulled = self.call_with_retries(PULL, async |channel| {
            let request = PullImageRequest {
                image: image_spec(image),
                ..PullImageRequest::default()
            };
            image_client(channel).pull_image(request).await
        });
        pulled.map(drop).map_err(|why| {
            let code = if why.code == FailureCode::Cancelled {
                FailureCode::Cancelled
            } else {
                FailureCode::Unavailable
            };
            Failure::new(
                code,
                format!("failed to pull image {image}: {}", why.message),
            )
        })
    }

    fn containers(&self) -> WorldResult<Vec<Container>> {
        let listed = self.call(CALL, async |channel| {
            runtime_client(channel)
                .list_containers(ListContainersRequest::default())
                .await
        })?;
        Ok(listed.containers.into_iter().map(to_container).collect())
    }

    fn stop_container(&self, id: &str, grace: Duration) -> WorldResult<()> {
        self.call(grace + CALL * 2, async |channel| {
            let request = StopContainerRequest {
                container_id: id.to_owned(),
                timeout: grace.as_secs().try_into().unwrap_or(i64::MAX),
            };
            runtime_client(channel).stop_container(request).await
        })
        .map(drop)
    }

    fn remove_sandboxes(&self) -> WorldResult<usize> {
        let listed = self.call(CALL, async |channel| {
            runtime_client(channel)
                .list_pod_sandbox(ListPodSandboxRequest::default())
                .await
        })?;
        // A sandbox that cannot be removed does not keep the others from being removed.
        let errors: Vec<String> = listed
            .items
            .iter()
            .filter_map(|PodSandbox { id, .. }| {
                let why = self.remove_sandbox(id).err()?;
                Some(format!("pod sandbox {id}: {}", why.message))
            })
            .collect();
        if errors.is_empty() {
            Ok(listed.items.len())
        } else {
            Err(Failure::new(FailureCode::Unavailable, errors.join("; ")))
        }
    }

    fn log(&self, id: &str, lines: usize) -> WorldResult<Vec<String>> {
        let status = self.call(CALL, async |channel| {
            let request = ContainerStatusRequest {
                container_id: id.to_owned(),
                verbose: false,
            };
            runtime_client(channel).container_status(request).await
        })?;
        let path = status.status.unwrap_or_default().log_path;
        log::tail(&path, lines)
            .map_err(|error| Failure::new(FailureCode::Io, format!("the log {path}: {error}")))
    }
}

/// Returns the failure of a runtime that does not answer, in kubeadm's words.
fn unavailable(what: &str, why: &Failure) -> Failure {
    Failure::new(FailureCode::Unavailable, format!("{what}: {}", why.message))
}

/// Checks that a runtime is ready for containers. Its network need not be ready: the cluster sets
/// it up later.
fn check_ready(status: &StatusResponse) -> WorldResult<()> {
    for condition in status.status.iter().flat_map(|status| &status.conditions) {
        if condition.r#type == "RuntimeReady" && !condition.status {
            let message = format!(
                "container runtime condition \"RuntimeReady\" is not true. reason: {}, message: {}",
                condition.reason, condition.message
            );
            return Err(Failure::new(FailureCode::Unavailable, message));
        }
    }
    Ok(())
}

fn to_container(listed: ListedContainer) -> Container {
    let running = listed.state() == ContainerState::ContainerRunning;
    let metadata = listed.metadata.unwrap_or_default();
    // The kubelet's labels.
    let [namespace, pod, pod_uid] = ["namespace", "name", "uid"].map(|what| {
        let label = listed.labels.get(&format!("io.kubernetes.pod.{what}"));
        label.cloned().unwrap_or_default()
    });
    Container {
        id: listed.id,
        name: metadata.name,
        namespace,
        pod,
        pod_uid,
        running,
        attempt: metadata.attempt,
        // Nanoseconds; 0 if it is not known.
        created: (listed.created_at > 0).then_some(listed.created_at / 1_000_000_000),
    }
}

fn image_spec(image: &str) -> Option<ImageSpec> {
    Some(ImageSpec {
        image: image.to_owned(),
        ..ImageSpec::default()
    })
}
