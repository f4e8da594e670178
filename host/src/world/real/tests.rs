//! A container runtime that is asked over its socket, and this machine as far as any test may look at it.
use super::{
    cri::{messages::*, *},
    *,
};
use crate::world::Runtime;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use std::{convert::Infallible, future::Future, pin::Pin};
use tonic::{Request, Response, Status, body::Body, server::UnaryService};
use tonic_prost::ProstCodec;

type Answer<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send>>;

/// A method by what it does.
struct Method<F>(F);

impl<Q, A, F> UnaryService<Q> for Method<F>
where
    F: FnMut(Q) -> Result<A, Status>,
    A: Send + 'static,
{
    type Response = A;
    type Future = Answer<A>;

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let answer = (self.0)(request.into_inner()).map(Response::new);
        Box::pin(async { answer })
    }
}

async fn serve(request: http::Request<hyper::body::Incoming>, ready: bool) -> Result<http::Response<Body>, Infallible> {
    async fn unary<Q, A>(request: http::Request<hyper::body::Incoming>, answer: impl FnMut(Q) -> Result<A, Status>) -> http::Response<Body>
    where
        Q: prost::Message + Default + 'static,
        A: prost::Message + Default + 'static,
    {
        tonic::server::Grpc::new(ProstCodec::<A, Q>::default()).unary(Method(answer), request).await
    }
    Ok(match request.uri().path() {
        "/runtime.v1.RuntimeService/Version" => {
            unary(request, |_: VersionRequest| Ok(VersionResponse { runtime_name: "fake".into(), runtime_version: "9.9".into() })).await
        }
        "/runtime.v1.RuntimeService/Status" => {
            unary(request, move |asked: StatusRequest| {
                assert!(asked.verbose);
                let condition = |kind: &str, status| RuntimeCondition {
                    kind: kind.into(),
                    status,
                    reason: "Broken".into(),
                    message: "it hurts".into(),
                };
                let conditions = vec![condition("RuntimeReady", ready), condition("NetworkReady", false)];
                let info = [("config".to_owned(), r#"{"sandboxImage": "pause:1"}"#.to_owned())].into();
                Ok(StatusResponse { status: Some(RuntimeStatus { conditions }), info })
            })
            .await
        }
        "/runtime.v1.ImageService/ImageStatus" => {
            unary(request, |asked: ImageRequest| {
                let there = asked.image.is_some_and(|image| image.image == "there:1");
                Ok(ImageStatusResponse { image: there.then(|| Image { id: "sha256:1".into() }) })
            })
            .await
        }
        "/runtime.v1.ImageService/PullImage" => {
            unary(request, |asked: ImageRequest| match asked.image {
                Some(image) if image.image == "good:1" => Ok(PullImageResponse { image_ref: "x".into() }),
                _ => Err(Status::not_found("no such image")),
            })
            .await
        }
        "/runtime.v1.RuntimeService/ListPodSandbox" => {
            unary(request, |_: Nothing| {
                let items = ["free", "busy"].map(|id| PodSandbox { id: id.into() }).to_vec();
                Ok(ListPodSandboxResponse { items })
            })
            .await
        }
        "/runtime.v1.RuntimeService/StopPodSandbox" => unary(request, |_: PodSandboxRequest| Ok(Nothing {})).await,
        "/runtime.v1.RuntimeService/RemovePodSandbox" => {
            unary(request, |asked: PodSandboxRequest| match asked.pod_sandbox_id.as_str() {
                "free" => Ok(Nothing {}),
                _ => Err(Status::internal("in use")),
            })
            .await
        }
        _ => unary(request, |_: Nothing| Err::<Nothing, _>(Status::unimplemented("unknown method"))).await,
    })
}

/// A runtime at a socket of its own.
fn runtime(ready: bool) -> (tokio::runtime::Runtime, tempfile::TempDir, Cri) {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cri.sock");
    let listener = {
        let _inside = tokio.enter();
        tokio::net::UnixListener::bind(&path).unwrap()
    };
    tokio.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(tower::service_fn(move |request| serve(request, ready)));
            tokio::spawn(async move {
                auto::Builder::new(TokioExecutor::new()).http2_only().serve_connection(TokioIo::new(stream), service).await.is_ok()
            });
        }
    });
    let cri = Cri::new(tokio.handle().clone(), &format!("unix://{}", path.display()));
    (tokio, folder, cri)
}

#[test]
fn a_runtime_tells_of_itself_and_its_images() {
    let (_tokio, _folder, cri) = runtime(true);
    assert_eq!(cri.status().unwrap(), serde_json::json!({"name": "fake", "version": "9.9", "sandboxImage": "pause:1"}));
    assert_eq!(cri.config().unwrap_err().code, "unimplemented");
    assert!(cri.image_present("there:1").unwrap() && !cri.image_present("gone:1").unwrap());
    cri.pull("good:1").unwrap();
    let failed = cri.pull("bad:1").unwrap_err().message;
    assert_eq!(failed, "failed to pull image bad:1: rpc error: code = NotFound desc = no such image");
}

#[test]
fn a_sandbox_that_stays_is_told_of() {
    let (_tokio, _folder, cri) = runtime(true);
    assert_eq!(cri.remove_sandboxes().unwrap_err().message, "pod sandbox busy: rpc error: code = Internal desc = in use");
}

#[test]
fn a_runtime_that_is_not_well_or_not_there_is_told() {
    let (_tokio, folder, cri) = runtime(false);
    let told = cri.status().unwrap_err().message;
    assert_eq!(told, "container runtime condition \"RuntimeReady\" is not true. reason: Broken, message: it hurts");
    let nobody = Cri::new(_tokio.handle().clone(), &format!("unix://{}/nobody.sock", folder.path().display()));
    let told = nobody.status().unwrap_err().message;
    assert!(told.starts_with("could not connect to the container runtime: ") && told.contains("nobody.sock"), "{told}");
}

#[test]
fn names_of_kernel_parameters_lead_nowhere_else() {
    assert_eq!(proc_sys("net.ipv4.ip_forward").as_deref(), Some("/proc/sys/net/ipv4/ip_forward"));
    for key in ["", "../../etc/passwd", "a..b", "x y", "net.ipv4.ip_forward\0"] {
        assert!(proc_sys(key).is_none(), "{key:?}");
    }
}
