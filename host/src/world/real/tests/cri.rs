//! A container runtime that is asked over its socket.
use super::*;
use k8s_cri::v1::*;

async fn serve(request: http::Request<Incoming>, ready: bool) -> http::Response<Body> {
    match request.uri().path() {
        "/runtime.v1.RuntimeService/Version" => {
            unary(request, |_: VersionRequest| {
                Ok(VersionResponse {
                    runtime_name: "fake".into(),
                    runtime_version: "9.9".into(),
                    ..Default::default()
                })
            })
            .await
        }
        "/runtime.v1.RuntimeService/Status" => {
            unary(request, move |asked: StatusRequest| {
                assert!(asked.verbose);
                let condition = |kind: &str, status| RuntimeCondition {
                    r#type: kind.into(),
                    status,
                    reason: "Broken".into(),
                    message: "it hurts".into(),
                };
                let conditions = vec![
                    condition("RuntimeReady", ready),
                    condition("NetworkReady", false),
                ];
                let info = [(
                    "config".to_owned(),
                    r#"{"sandboxImage": "pause:1"}"#.to_owned(),
                )]
                .into();
                Ok(StatusResponse {
                    status: Some(RuntimeStatus { conditions }),
                    info,
                    ..Default::default()
                })
            })
            .await
        }
        "/runtime.v1.ImageService/ImageStatus" => {
            unary(request, |asked: ImageStatusRequest| {
                let there = asked.image.is_some_and(|image| image.image == "there:1");
                let image = Image {
                    id: "sha256:1".into(),
                    ..Default::default()
                };
                Ok(ImageStatusResponse {
                    image: there.then_some(image),
                    ..Default::default()
                })
            })
            .await
        }
        "/runtime.v1.ImageService/PullImage" => {
            unary(request, |asked: PullImageRequest| match asked.image {
                Some(image) if image.image == "good:1" => Ok(PullImageResponse {
                    image_ref: "x".into(),
                }),
                _ => Err(Status::not_found("no such image")),
            })
            .await
        }
        "/runtime.v1.RuntimeService/ListPodSandbox" => {
            unary(request, |_: ListPodSandboxRequest| {
                let items = ["free", "busy"]
                    .map(|id| PodSandbox {
                        id: id.into(),
                        ..Default::default()
                    })
                    .to_vec();
                Ok(ListPodSandboxResponse { items })
            })
            .await
        }
        "/runtime.v1.RuntimeService/StopPodSandbox" => {
            unary(request, |_: StopPodSandboxRequest| {
                Ok(StopPodSandboxResponse {})
            })
            .await
        }
        "/runtime.v1.RuntimeService/RemovePodSandbox" => {
            unary(request, |asked: RemovePodSandboxRequest| {
                match asked.pod_sandbox_id.as_str() {
                    "free" => Ok(RemovePodSandboxResponse {}),
                    _ => Err(Status::internal("in use")),
                }
            })
            .await
        }
        _ => {
            unary(request, |_: RuntimeConfigRequest| {
                Err::<RuntimeConfigResponse, _>(Status::unimplemented("unknown method"))
            })
            .await
        }
    }
}

/// A runtime at a socket of its own.
fn runtime(ready: bool) -> (tokio::runtime::Runtime, tempfile::TempDir, Cri) {
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

#[test]
fn a_runtime_tells_of_itself_and_its_images() {
    let (_tokio, _folder, cri) = runtime(true);
    assert_eq!(
        cri.status().unwrap(),
        serde_json::json!({"name": "fake", "version": "9.9", "sandboxImage": "pause:1"})
    );
    assert_eq!(cri.config().unwrap_err().code, "unimplemented");
    assert!(cri.image_present("there:1").unwrap() && !cri.image_present("gone:1").unwrap());
    cri.pull("good:1").unwrap();
    let failed = cri.pull("bad:1").unwrap_err().message;
    assert_eq!(
        failed,
        "failed to pull image bad:1: rpc error: code = NotFound desc = no such image"
    );
}

#[test]
fn a_sandbox_that_stays_is_told_of() {
    let (_tokio, _folder, cri) = runtime(true);
    assert_eq!(
        cri.remove_sandboxes().unwrap_err().message,
        "pod sandbox busy: rpc error: code = Internal desc = in use"
    );
}

#[test]
fn a_runtime_that_is_not_well_or_not_there_is_told() {
    let (_tokio, folder, cri) = runtime(false);
    let told = cri.status().unwrap_err().message;
    assert_eq!(
        told,
        "container runtime condition \"RuntimeReady\" is not true. reason: Broken, message: it \
         hurts"
    );
    let nobody = Cri::new(
        _tokio.handle().clone(),
        &format!("unix://{}/nobody.sock", folder.path().display()),
        Cancel::never(),
    );
    let told = nobody.status().unwrap_err().message;
    assert!(
        told.starts_with("could not connect to the container runtime: ")
            && told.contains("nobody.sock"),
        "{told}"
    );
}
