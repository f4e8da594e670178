//! The container runtime, over CRI v1 (gRPC on a Unix socket). This module has the client;
//! `methods` implements the part of a world for it, `log` reads the logs of containers.
mod log;
mod methods;

use crate::{
    budget::Budget,
    cancel::Cancel,
    text::system_error::go_words,
    world::{WorldResult, innermost_message},
};
use hyper_util::rt::TokioIo;
use k8s_cri::v1::{
    image_service_client::ImageServiceClient, runtime_service_client::RuntimeServiceClient,
};
use kubephase_wit::{Failure, FailureCode};
use std::time::Duration;
use tokio::{net::UnixStream, runtime::Handle};
use tonic::{
    Code, Response, Status,
    transport::{Channel, Endpoint},
};

/// Bytes of the longest answer that is read.
const MAX_ANSWER: usize = 16 << 20;
/// The largest number of tries of a pull or a removal.
const TRIES: usize = 5;

/// A client of a container runtime.
pub struct Cri {
    handle: Handle,
    socket: String,
    /// Ends a call in progress.
    cancel: Cancel,
}

/// The answer to a call.
type CallResult<A> = Result<Response<A>, Status>;

fn runtime_client(channel: Channel) -> RuntimeServiceClient<Channel> {
    RuntimeServiceClient::new(channel).max_decoding_message_size(MAX_ANSWER)
}

fn image_client(channel: Channel) -> ImageServiceClient<Channel> {
    ImageServiceClient::new(channel).max_decoding_message_size(MAX_ANSWER)
}

impl Cri {
    /// Returns a client of the runtime behind a socket. The socket is spelled as in configurations:
    /// `unix:///run/…`.
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
        let dialed = path.clone();
        // The socket is reached by its path; the URI only fills a header.
        let endpoint = Endpoint::from_static("http://localhost");
        let connector = tower::service_fn(move |_| {
            let path = path.clone();
            async move { UnixStream::connect(path).await.map(TokioIo::new) }
        });
        endpoint
            .connect_with_connector(connector)
            .await
            .map_err(|error| {
                let why = go_words(&innermost_message(&error));
                Status::unavailable(format!(
                    "connection error: desc = \"transport: Error while dialing: dial unix \
                     {dialed}: connect: {why}\""
                ))
            })
    }

    /// Makes a call, which may take this long.
    fn call_once<A>(
        &self,
        limit: Duration,
        call: impl AsyncFn(Channel) -> CallResult<A>,
    ) -> Result<A, Status> {
        let work = async { call(self.connect().await?).await.map(Response::into_inner) };
        let budget = Budget::new(0, limit, &self.cancel);
        self.handle
            .block_on(budget.complete("a call of the container runtime", work))
            .unwrap_or_else(|failure| {
                Err(match failure.known_code() {
                    Some(FailureCode::Cancelled) => Status::cancelled(failure.message),
                    _ => Status::deadline_exceeded("it did not answer in time"),
                })
            })
    }

    /// Makes a call and returns its failure as phases receive it.
    fn call<A>(
        &self,
        limit: Duration,
        call: impl AsyncFn(Channel) -> CallResult<A>,
    ) -> WorldResult<A> {
        self.call_once(limit, call)
            .map_err(|status| status_failure(&status))
    }

    /// Makes a call until it succeeds, at most [`TRIES`] times. `limit` is for each try.
    fn call_with_retries<A>(
        &self,
        limit: Duration,
        call: impl AsyncFn(Channel) -> CallResult<A>,
    ) -> WorldResult<A> {
        let mut outcome = self.call_once(limit, &call);
        for _ in 1..TRIES {
            if outcome.is_err() && !self.cancel.is_requested() {
                outcome = self.call_once(limit, &call);
            }
        }
        outcome.map_err(|status| status_failure(&status))
    }
}

/// Returns the failure for a gRPC status.
fn status_failure(status: &Status) -> Failure {
    let code = match status.code() {
        Code::Unimplemented => FailureCode::Unimplemented,
        Code::NotFound => FailureCode::NotFound,
        Code::Cancelled => FailureCode::Cancelled,
        _ => FailureCode::Unavailable,
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
