//! A container runtime and an etcd that are asked over gRPC, and HTTP servers on this machine.
use super::*;
use crate::{budget::Budget, cancel::Cancel, world::WorldResult};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use std::{convert::Infallible, future::Future, pin::Pin};
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::{Request, Response, Status, body::Body, server::UnaryService};
use tonic_prost::ProstCodec;

mod cri;
mod etcd;
mod net;

type UnaryFuture<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send>>;

/// A gRPC method as a function of its request.
struct Method<F>(F);

impl<Q, A, F> UnaryService<Q> for Method<F>
where
    F: FnMut(Q) -> Result<A, Status>,
    A: Send + 'static,
{
    type Response = A;
    type Future = UnaryFuture<A>;

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let answer = (self.0)(request.into_inner()).map(Response::new);
        Box::pin(async { answer })
    }
}

/// Answers one request.
async fn unary<Q, A>(
    request: http::Request<Incoming>,
    answer: impl FnMut(Q) -> Result<A, Status>,
) -> http::Response<Body>
where
    Q: prost::Message + Default + 'static,
    A: prost::Message + Default + 'static,
{
    tonic::server::Grpc::new(ProstCodec::<A, Q>::default())
        .unary(Method(answer), request)
        .await
}

/// Answers the requests of a connection until the client leaves.
async fn converse<S, F>(
    stream: S,
    serve: impl Fn(http::Request<Incoming>) -> F + Clone + Send + 'static,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = http::Response<Body>> + Send + 'static,
{
    let service = tower::service_fn(move |request| {
        let answer = serve(request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let server = auto::Builder::new(TokioExecutor::new()).http2_only();
    // A client that hangs up needs no further answer.
    let _ = server
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .await;
}
