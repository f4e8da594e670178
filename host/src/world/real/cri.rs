//! The container runtime, over CRI v1 (gRPC on a Unix socket).
use crate::{
    cancel::Cancel,
    world::{Container, Runtime, Tried, budget::Budget, innermost},
};
use hyper_util::rt::TokioIo;
use k8s_cri::v1::{
    Container as Listed, ContainerState, ContainerStatusRequest, ImageSpec, ImageStatusRequest,
    ListContainersRequest, ListPodSandboxRequest, PodSandbox, PullImageRequest,
    RemovePodSandboxRequest, RuntimeConfigRequest, StatusRequest, StopContainerRequest,
    StopPodSandboxRequest, VersionRequest, image_service_client::ImageServiceClient,
    runtime_service_client::RuntimeServiceClient,
};
use kubephase_wit::Failure;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{net::UnixStream, runtime::Handle};
use tonic::{
    Code, Response, Status,
    transport::{Channel, Endpoint},
};

/// One call takes no longer (kubeadm's two seconds).
const CALL: Duration = Duration::from_secs(2);
/// One try of a pull takes no longer: a GiB over a slow line.
const PULL: Duration = Duration::from_secs(30 * 60);
/// How much of a log is looked at, from its end.
const LOG_BYTES: u64 = 64 << 10;
/// No answer may be longer, bytes.
const LONGEST: usize = 16 << 20;
/// How often a pull, or a removal, is tried.
const TRIES: usize = 5;

pub struct Cri {
    handle: Handle,
    socket: String,
    /// ends a call that is under way
    cancel: Cancel,
}

/// What a call comes back with.
type Answered<A> = Result<Response<A>, Status>;

fn runtime(channel: Channel) -> RuntimeServiceClient<Channel> {
    RuntimeServiceClient::new(channel).max_decoding_message_size(LONGEST)
}

fn images(channel: Channel) -> ImageServiceClient<Channel> {
    ImageServiceClient::new(channel).max_decoding_message_size(LONGEST)
}

impl Cri {
    /// `socket` as configurations have it, `unix:///run/…`.
    pub fn new(handle: Handle, socket: &str, cancel: Cancel) -> Self {
        Cri {
            handle,
            socket: socket.to_owned(),
            cancel,
        }
    }

    async fn connect(&self) -> Result<Channel, Status> {
        let path = self
            .socket
            .strip_prefix("unix://")
            .unwrap_or(&self.socket)
            .to_owned();
        // The socket is reached by its path; the URI only fills a header.
        let endpoint = Endpoint::from_static("http://localhost");
        let connector = tower::service_fn(move |_| {
            let path = path.clone();
            async move { UnixStream::connect(path).await.map(TokioIo::new) }
        });
        let unavailable = |error: tonic::transport::Error| {
            Status::unavailable(format!("{}: {}", self.socket, innermost(&error)))
        };
        endpoint
            .connect_with_connector(connector)
            .await
            .map_err(unavailable)
    }

    fn ask<A>(
        &self,
        limit: Duration,
        call: impl AsyncFn(Channel) -> Answered<A>,
    ) -> Result<A, Status> {
        let work = async { call(self.connect().await?).await.map(Response::into_inner) };
        let budget = Budget::new(0, limit, &self.cancel);
        self.handle
            .block_on(budget.complete("a call of the container runtime", work))
            .unwrap_or_else(|ended| {
                Err(match ended.code.as_str() {
                    "cancelled" => Status::cancelled(ended.message),
                    _ => Status::deadline_exceeded("it did not answer in time"),
                })
            })
    }

    /// The same until it succeeds, a few times over.
    fn insist<A>(&self, limit: Duration, call: impl AsyncFn(Channel) -> Answered<A>) -> Tried<A> {
        let mut outcome = self.ask(limit, &call);
        for _ in 1..TRIES {
            if outcome.is_err() && !self.cancel.is_requested() {
                outcome = self.ask(limit, &call);
            }
        }
        outcome.map_err(|status| told(&status))
    }
}

fn told(status: &Status) -> Failure {
    let code = match status.code() {
        Code::Unimplemented => "unimplemented",
        Code::NotFound => "not-found",
        Code::Cancelled => "cancelled",
        _ => "unavailable",
    };
    Failure::new(
        code,
        format!(
            "rpc error: code = {:?} desc = {}",
            status.code(),
            status.message()
        ),
    )
}

impl Runtime for Cri {
    fn status(&self) -> Tried<Value> {
        let version = self.ask(CALL, async |channel| {
            runtime(channel).version(VersionRequest::default()).await
        });
        let version = version.map_err(|status| {
            Failure::new(
                "unavailable",
                format!(
                    "could not connect to the container runtime: {}",
                    told(&status).message
                ),
            )
        })?;
        let status = self
            .ask(CALL, async |channel| {
                runtime(channel)
                    .status(StatusRequest { verbose: true })
                    .await
            })
            .map_err(|status| {
                Failure::new(
                    "unavailable",
                    format!(
                        "container runtime is not running: {}",
                        told(&status).message
                    ),
                )
            })?;
        for condition in status.status.iter().flat_map(|status| &status.conditions) {
            // The network is the cluster's own affair, later.
            if condition.r#type == "RuntimeReady" && !condition.status {
                let message = format!(
                    "container runtime condition \"RuntimeReady\" is not true. reason: {}, \
                     message: {}",
                    condition.reason, condition.message
                );
                return Err(Failure::new("unavailable", message));
            }
        }
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

    fn config(&self) -> Tried<Value> {
        let config = self.ask(CALL, async |channel| {
            runtime(channel)
                .runtime_config(RuntimeConfigRequest {})
                .await
        });
        let linux = config.map_err(|status| told(&status))?.linux;
        Ok(json!({
            "linux": {"cgroupDriver": linux.map(|linux| linux.cgroup_driver().as_str_name())},
        }))
    }

    fn image_present(&self, image: &str) -> Tried<bool> {
        let request = || ImageStatusRequest {
            image: spec(image),
            ..ImageStatusRequest::default()
        };
        let status = self.ask(CALL, async |channel| {
            images(channel).image_status(request()).await
        });
        Ok(status
            .map_err(|status| told(&status))?
            .image
            .is_some_and(|image| !image.id.is_empty()))
    }

    fn pull(&self, image: &str) -> Tried<()> {
        let request = || PullImageRequest {
            image: spec(image),
            ..PullImageRequest::default()
        };
        let pulled = self.insist(PULL, async |channel| {
            images(channel).pull_image(request()).await
        });
        pulled.map(drop).map_err(|why| {
            let code = if why.code == "cancelled" {
                "cancelled"
            } else {
                "unavailable"
            };
            Failure::new(
                code,
                format!("failed to pull image {image}: {}", why.message),
            )
        })
    }

    fn containers(&self) -> Tried<Vec<Container>> {
        let listed = self.ask(CALL, async |channel| {
            runtime(channel)
                .list_containers(ListContainersRequest::default())
                .await
        });
        let container = |listed: Listed| {
            let running = listed.state() == ContainerState::ContainerRunning;
            let metadata = listed.metadata.unwrap_or_default();
            Container {
                id: listed.id,
                name: metadata.name,
                running,
                attempt: metadata.attempt,
            }
        };
        Ok(listed
            .map_err(|status| told(&status))?
            .containers
            .into_iter()
            .map(container)
            .collect())
    }

    fn stop_container(&self, id: &str) -> Tried<()> {
        let request = || StopContainerRequest {
            container_id: id.to_owned(),
            timeout: 0,
        };
        let stopped = self.ask(CALL * 2, async |channel| {
            runtime(channel).stop_container(request()).await
        });
        stopped.map(drop).map_err(|status| told(&status))
    }

    fn remove_sandboxes(&self) -> Tried<usize> {
        let listed = self.ask(CALL, async |channel| {
            runtime(channel)
                .list_pod_sandbox(ListPodSandboxRequest::default())
                .await
        });
        let listed = listed.map_err(|status| told(&status))?.items;
        // Whatever one of them does, the others go.
        let gone = |id: &String| -> Tried<()> {
            let stop = || StopPodSandboxRequest {
                pod_sandbox_id: id.clone(),
            };
            self.insist(CALL, async |channel| {
                runtime(channel).stop_pod_sandbox(stop()).await
            })?;
            let remove = || RemovePodSandboxRequest {
                pod_sandbox_id: id.clone(),
            };
            self.insist(CALL, async |channel| {
                runtime(channel).remove_pod_sandbox(remove()).await
            })
            .map(drop)
        };
        let wrong: Vec<String> = (listed.iter())
            .filter_map(|PodSandbox { id, .. }| {
                gone(id)
                    .err()
                    .map(|why| format!("pod sandbox {id}: {}", why.message))
            })
            .collect();
        if wrong.is_empty() {
            Ok(listed.len())
        } else {
            Err(Failure::new("unavailable", wrong.join("; ")))
        }
    }

    fn log(&self, id: &str, lines: usize) -> Tried<Vec<String>> {
        let request = || ContainerStatusRequest {
            container_id: id.to_owned(),
            verbose: false,
        };
        let status = self.ask(CALL, async |channel| {
            runtime(channel).container_status(request()).await
        });
        let path = status
            .map_err(|status| told(&status))?
            .status
            .unwrap_or_default()
            .log_path;
        tail(&path, lines).map_err(|error| Failure::new("io", format!("the log {path}: {error}")))
    }
}

fn spec(image: &str) -> Option<ImageSpec> {
    Some(ImageSpec {
        image: image.to_owned(),
        ..ImageSpec::default()
    })
}

/// The last lines of a container's log, without the time, stream and tag that the runtime puts
/// before each.
#[allow(
    clippy::disallowed_methods,
    reason = "this is where the machine is looked at"
)]
fn tail(path: &str, lines: usize) -> std::io::Result<Vec<String>> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = std::fs::File::open(path)?;
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(end.saturating_sub(LOG_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text
        .lines()
        .map(|line| line.splitn(4, ' ').nth(3).unwrap_or(line))
        .collect();
    Ok(all[all.len().saturating_sub(lines)..]
        .iter()
        .map(ToString::to_string)
        .collect())
}
