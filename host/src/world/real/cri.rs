//! The container runtime, over CRI v1 (gRPC on a Unix socket).
pub mod messages;

use crate::world::{Container, Runtime, Tried};
use hyper_util::rt::TokioIo;
use kubephase_wit::Failure;
use messages::*;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{net::UnixStream, runtime::Handle};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

/// One call takes no longer (kubeadm's two seconds); a pull takes what it takes.
const CALL: Duration = Duration::from_secs(2);
/// How much of a log is looked at, from its end.
const LOG_BYTES: u64 = 64 << 10;
/// How often a pull, or a removal, is tried.
const TRIES: usize = 5;

pub struct Cri {
    handle: Handle,
    socket: String,
}

pub const RUNTIME: &str = "runtime.v1.RuntimeService";
pub const IMAGES: &str = "runtime.v1.ImageService";

impl Cri {
    /// `socket` as configurations have it, `unix:///run/…`.
    pub fn new(handle: Handle, socket: &str) -> Self {
        Cri { handle, socket: socket.to_owned() }
    }

    fn call<Q, A>(&self, service: &str, method: &str, request: Q, limit: Option<Duration>) -> Result<A, Status>
    where
        Q: prost::Message + Default + 'static,
        A: prost::Message + Default + 'static,
    {
        let work = async {
            let path = self.socket.strip_prefix("unix://").unwrap_or(&self.socket).to_owned();
            // The socket is reached by its path; the URI only fills a header.
            let endpoint = Endpoint::from_static("http://localhost");
            let connector = tower::service_fn(move |_| {
                let path = path.clone();
                async move { UnixStream::connect(path).await.map(TokioIo::new) }
            });
            let channel: Channel = endpoint.connect_with_connector(connector).await.map_err(|error| {
                let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
                Status::unavailable(format!("{}: {cause}", self.socket))
            })?;
            let mut client = Grpc::new(channel).max_decoding_message_size(16 << 20);
            client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
            let path = PathAndQuery::try_from(format!("/{service}/{method}")).map_err(|error| Status::internal(error.to_string()))?;
            client.unary(Request::new(request), path, ProstCodec::default()).await.map(tonic::Response::into_inner)
        };
        self.handle.block_on(async {
            match limit {
                Some(limit) => {
                    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(Status::deadline_exceeded("it did not answer in time")))
                }
                None => work.await,
            }
        })
    }

    /// The same until it succeeds, a few times over.
    fn insist<Q, A>(&self, service: &str, method: &str, request: impl Fn() -> Q, limit: Option<Duration>) -> Tried<A>
    where
        Q: prost::Message + Default + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut outcome = self.call(service, method, request(), limit);
        for _ in 1..TRIES {
            if outcome.is_err() {
                outcome = self.call(service, method, request(), limit);
            }
        }
        outcome.map_err(|status| told(&status))
    }
}

fn told(status: &Status) -> Failure {
    let code = match status.code() {
        Code::Unimplemented => "unimplemented",
        Code::NotFound => "not-found",
        _ => "unavailable",
    };
    Failure::new(code, format!("rpc error: code = {:?} desc = {}", status.code(), status.message()))
}

impl Runtime for Cri {
    fn status(&self) -> Tried<Value> {
        let version: VersionResponse = self.call(RUNTIME, "Version", VersionRequest::default(), Some(CALL)).map_err(|status| {
            Failure::new("unavailable", format!("could not connect to the container runtime: {}", told(&status).message))
        })?;
        let status: StatusResponse = self
            .call(RUNTIME, "Status", StatusRequest { verbose: true }, Some(CALL))
            .map_err(|status| Failure::new("unavailable", format!("container runtime is not running: {}", told(&status).message)))?;
        for condition in status.status.iter().flat_map(|status| &status.conditions) {
            // The network is the cluster's own affair, later.
            if condition.kind == "RuntimeReady" && !condition.status {
                let message = format!(
                    "container runtime condition \"RuntimeReady\" is not true. reason: {}, message: {}",
                    condition.reason, condition.message
                );
                return Err(Failure::new("unavailable", message));
            }
        }
        let config: Value = status.info.get("config").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        Ok(json!({"name": version.runtime_name, "version": version.runtime_version, "sandboxImage": config["sandboxImage"]}))
    }

    fn config(&self) -> Tried<Value> {
        let config: RuntimeConfigResponse = self.call(RUNTIME, "RuntimeConfig", Nothing {}, Some(CALL)).map_err(|status| told(&status))?;
        let driver = config.linux.map(|linux| if linux.cgroup_driver == 0 { "SYSTEMD" } else { "CGROUPFS" });
        Ok(json!({"linux": {"cgroupDriver": driver}}))
    }

    fn image_present(&self, image: &str) -> Tried<bool> {
        let request = ImageRequest { image: Some(ImageSpec { image: image.to_owned() }) };
        let status: ImageStatusResponse = self.call(IMAGES, "ImageStatus", request, Some(CALL)).map_err(|status| told(&status))?;
        Ok(status.image.is_some_and(|image| !image.id.is_empty()))
    }

    fn pull(&self, image: &str) -> Tried<()> {
        let request = || ImageRequest { image: Some(ImageSpec { image: image.to_owned() }) };
        let pulled = self.insist::<_, PullImageResponse>(IMAGES, "PullImage", request, None);
        pulled.map(drop).map_err(|why| Failure::new("unavailable", format!("failed to pull image {image}: {}", why.message)))
    }

    fn containers(&self) -> Tried<Vec<Container>> {
        let listed: ListContainersResponse =
            self.call(RUNTIME, "ListContainers", Nothing {}, Some(CALL)).map_err(|status| told(&status))?;
        let container = |container: ContainerMessage| {
            let ContainerMetadata { name, attempt } = container.metadata.unwrap_or_default();
            Container { id: container.id, name, running: container.state == 1, attempt }
        };
        Ok(listed.containers.into_iter().map(container).collect())
    }

    fn stop_container(&self, id: &str) -> Tried<()> {
        let request = StopContainerRequest { container_id: id.to_owned(), timeout: 0 };
        self.call::<_, Nothing>(RUNTIME, "StopContainer", request, Some(CALL * 2)).map(drop).map_err(|status| told(&status))
    }

    fn remove_sandboxes(&self) -> Tried<usize> {
        let listed: ListPodSandboxResponse =
            self.call(RUNTIME, "ListPodSandbox", Nothing {}, Some(CALL)).map_err(|status| told(&status))?;
        // Whatever one of them does, the others go.
        let wrong: Vec<String> = (listed.items.iter())
            .filter_map(|PodSandbox { id }| {
                let request = || PodSandboxRequest { pod_sandbox_id: id.clone() };
                let ask = |method| self.insist::<_, Nothing>(RUNTIME, method, request, Some(CALL));
                let gone = ask("StopPodSandbox").and_then(|_| ask("RemovePodSandbox"));
                gone.err().map(|why| format!("pod sandbox {id}: {}", why.message))
            })
            .collect();
        if wrong.is_empty() { Ok(listed.items.len()) } else { Err(Failure::new("unavailable", wrong.join("; "))) }
    }

    fn log(&self, id: &str, lines: usize) -> Tried<Vec<String>> {
        let request = ContainerStatusRequest { container_id: id.to_owned() };
        let status: ContainerStatusResponse = self.call(RUNTIME, "ContainerStatus", request, Some(CALL)).map_err(|status| told(&status))?;
        let path = status.status.unwrap_or_default().log_path;
        tail(&path, lines).map_err(|error| Failure::new("io", format!("the log {path}: {error}")))
    }
}

/// The last lines of a container's log, without the time, stream and tag that the runtime puts before each.
#[allow(clippy::disallowed_methods, reason = "this is where the machine is looked at")]
fn tail(path: &str, lines: usize) -> std::io::Result<Vec<String>> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = std::fs::File::open(path)?;
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(end.saturating_sub(LOG_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().map(|line| line.splitn(4, ' ').nth(3).unwrap_or(line)).collect();
    Ok(all[all.len().saturating_sub(lines)..].iter().map(ToString::to_string).collect())
}
