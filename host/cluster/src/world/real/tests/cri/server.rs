//! A fake container runtime that answers a few CRI methods.
use super::*;
use k8s_cri::v1::*;

async fn serve(request: http::Request<Incoming>, ready: bool) -> http::Response<Body> {
    match request.uri().path() {
        "/runtime.v1.RuntimeService/Version" => unary(request, version).await,
        "/runtime.v1.RuntimeService/Status" => {
            unary(request, |status_request| status(&status_request, ready)).await
        }
        "/runtime.v1.RuntimeService/ListContainers" => unary(request, list_containers).await,
        "/runtime.v1.RuntimeService/StopContainer" => unary(request, stop_container).await,
        "/runtime.v1.ImageService/ImageStatus" => unary(request, image_status).await,
        "/runtime.v1.ImageService/PullImage" => unary(request, pull_image).await,
        "/runtime.v1.RuntimeService/ListPodSandbox" => unary(request, list_sandboxes).await,
        "/runtime.v1.RuntimeService/StopPodSandbox" => unary(request, stop_sandbox).await,
        "/runtime.v1.RuntimeService/RemovePodSandbox" => unary(request, remove_sandbox).await,
        "/runtime.v1.RuntimeService/RuntimeConfig" => unary(request, runtime_config).await,
        other => panic!("the fake runtime has no {other}"),
    }
}

fn version(_: VersionRequest) -> Result<VersionResponse, Status> {
    Ok(VersionResponse {
        runtime_name: "fake".into(),
        runtime_version: "9.9".into(),
        ..Default::default()
    })
}

fn status(request: &StatusRequest, ready: bool) -> Result<StatusResponse, Status> {
    assert!(request.verbose);
    let conditions =
        [("RuntimeReady", ready), ("NetworkReady", false)].map(|(kind, status)| RuntimeCondition {
            r#type: kind.into(),
            status,
            reason: "Broken".into(),
            message: "it hurts".into(),
        });
    let config = r#"{"sandboxImage": "pause:1"}"#;
    Ok(StatusResponse {
        status: Some(RuntimeStatus {
            conditions: conditions.to_vec(),
        }),
        info: [("config".to_owned(), config.to_owned())].into(),
        ..Default::default()
    })
}

fn image_status(request: ImageStatusRequest) -> Result<ImageStatusResponse, Status> {
    let exists = request.image.is_some_and(|image| image.image == "there:1");
    let image = Image {
        id: "sha256:1".into(),
        ..Default::default()
    };
    Ok(ImageStatusResponse {
        image: exists.then_some(image),
        ..Default::default()
    })
}

fn pull_image(request: PullImageRequest) -> Result<PullImageResponse, Status> {
    match request.image {
        Some(image) if image.image == "good:1" => Ok(PullImageResponse {
            image_ref: "x".into(),
        }),
        _ => Err(Status::not_found("no such image")),
    }
}

fn list_containers(_: ListContainersRequest) -> Result<ListContainersResponse, Status> {
    let labels = [
        ("io.kubernetes.pod.namespace", "kube-system"),
        ("io.kubernetes.pod.name", "kube-scheduler-quince"),
        ("io.kubernetes.pod.uid", "f00d"),
    ];
    let scheduler = Container {
        id: "c0ffee".into(),
        metadata: Some(ContainerMetadata {
            name: "kube-scheduler".into(),
            attempt: 2,
        }),
        state: ContainerState::ContainerRunning.into(),
        labels: labels
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        created_at: 1_800_000_000_000_000_000,
        ..Default::default()
    };
    // A container that no kubelet made has no labels.
    let other = Container {
        id: "other".into(),
        ..Default::default()
    };
    Ok(ListContainersResponse {
        containers: vec![scheduler, other],
    })
}

/// Fails with a message that holds the container's id and the grace period, so that tests can read
/// both.
fn stop_container(request: StopContainerRequest) -> Result<StopContainerResponse, Status> {
    let StopContainerRequest {
        container_id,
        timeout,
    } = request;
    Err(Status::internal(format!("{container_id}: {timeout}s")))
}

fn list_sandboxes(_: ListPodSandboxRequest) -> Result<ListPodSandboxResponse, Status> {
    let items = ["free", "busy"].map(|id| PodSandbox {
        id: id.into(),
        ..Default::default()
    });
    Ok(ListPodSandboxResponse {
        items: items.to_vec(),
    })
}

fn stop_sandbox(_: StopPodSandboxRequest) -> Result<StopPodSandboxResponse, Status> {
    Ok(StopPodSandboxResponse {})
}

fn remove_sandbox(request: RemovePodSandboxRequest) -> Result<RemovePodSandboxResponse, Status> {
    match request.pod_sandbox_id.as_str() {
        "free" => Ok(RemovePodSandboxResponse {}),
        _ => Err(Status::internal("in use")),
    }
}

fn runtime_config(_: RuntimeConfigRequest) -> Result<RuntimeConfigResponse, Status> {
    Err(Status::unimplemented("unknown method"))
}

/// Starts the fake container runtime on a socket in a temporary folder. It stops when the returned
/// tokio runtime is dropped.
pub(super) fn start_fake_cri(ready: bool) -> (tokio::runtime::Runtime, tempfile::TempDir, Cri) {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cri.sock");
    let listener = {
        let _inside = tokio.enter();
        tokio::net::UnixListener::bind(&path).unwrap()
    };
    tokio.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, move |request| serve(request, ready)));
        }
    });
    let cri = Cri::new(
        tokio.handle().clone(),
        &format!("unix://{}", path.display()),
        Cancel::never(),
    );
    (tokio, folder, cri)
}
