//! The cluster's etcd, with the healthcheck client's certificate.
//!
//! `endpoints` finds where its members listen, `methods` is the client as
//! [`Etcd`](crate::world::Etcd).
mod endpoints;
mod methods;

pub use endpoints::{EtcdPod, etcd_endpoints, etcd_pods};

use crate::{
    budget::Budget,
    cancel::Cancel,
    world::{Cluster, Files, TakePart, WorldResult, innermost_message},
};
use etcd_client::{Certificate, Client, ConnectOptions, Error, Identity, TlsOptions};
use kubephase_wit::{Failure, FailureCode};
use std::{sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// Limit of one call (kubeadm's two seconds).
const CALL: Duration = Duration::from_secs(2);

/// Longest time in which a member that sends a snapshot sends nothing. A member with gigabytes of
/// data reads them from its disk before it sends the first part.
const SILENCE: Duration = Duration::from_secs(30);

/// A client of the cluster's etcd. `C` is the API, in which the members' addresses are found.
pub struct RealEtcd<C> {
    pub handle: Handle,
    pub files: Arc<dyn Files>,
    pub cluster: C,
    /// Path of the certificates directory.
    pub directory: String,
    /// Ends a call in progress.
    pub cancel: Cancel,
}

/// Returns the failure of a member. It is retryable: the member may accept later what it refuses
/// now, when it has caught up or when there is a leader again.
fn member_failure(endpoint: &str, message: &str) -> Failure {
    Failure {
        retryable: true,
        ..Failure::new(
            FailureCode::Unavailable,
            format!("etcd at {endpoint}: {message}"),
        )
    }
}

/// Returns the message of etcd, or why it could not be asked.
fn error_message(error: &Error) -> String {
    match error {
        Error::GRpcStatus(status) if std::error::Error::source(status).is_none() => {
            status.message().to_owned()
        }
        Error::GRpcStatus(status) => innermost_message(status),
        Error::TransportError(error) => innermost_message(error),
        error => error.to_string(),
    }
}

impl<C: Cluster> RealEtcd<C> {
    fn tls(&self) -> WorldResult<TlsOptions> {
        let identity = Identity::from_pem(
            self.read("healthcheck-client.crt")?,
            self.read("healthcheck-client.key")?,
        );
        Ok(TlsOptions::new()
            .ca_certificate(Certificate::from_pem(self.read("ca.crt")?))
            .identity(identity))
    }

    /// Reads a file of etcd's certificates.
    fn read(&self, name: &str) -> WorldResult<Vec<u8>> {
        self.files.read(&format!("{}/etcd/{name}", self.directory))
    }

    /// Calls one member.
    fn call<A>(
        &self,
        endpoint: &str,
        limit: Duration,
        call: impl AsyncFnOnce(Client) -> Result<A, Error>,
    ) -> WorldResult<A> {
        let options = ConnectOptions::new()
            .with_tls(self.tls()?)
            .with_connect_timeout(limit);
        let work = async { call(Client::connect([endpoint], Some(options)).await?).await };
        let budget = Budget::new(0, limit, &self.cancel);
        match self
            .handle
            .block_on(budget.complete(&format!("a call of etcd at {endpoint}"), work))
        {
            Ok(answer) => answer.map_err(|error| member_failure(endpoint, &error_message(&error))),
            Err(failure) if failure.code == FailureCode::Timeout => {
                Err(member_failure(endpoint, "it did not answer in time"))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Reads a snapshot of one member. Each part goes to `take`.
    fn read_snapshot(&self, endpoint: &str, take: &mut TakePart<'_>) -> WorldResult<()> {
        let options = ConnectOptions::new()
            .with_tls(self.tls()?)
            .with_connect_timeout(CALL);
        let what = format!("a snapshot of etcd at {endpoint}");
        let refused = |error: Error| member_failure(endpoint, &error_message(&error));
        let silent = |failure: Failure| match failure.known_code() {
            Some(FailureCode::Timeout) => {
                let seconds = SILENCE.as_secs();
                let message = format!("it sent nothing of its snapshot for {seconds} seconds");
                member_failure(endpoint, &message)
            }
            _ => failure,
        };
        self.handle.block_on(async {
            let begin = async {
                let mut client = Client::connect([endpoint], Some(options)).await?;
                client.snapshot().await
            };
            let budget = || Budget::new(0, SILENCE, &self.cancel);
            let begun = budget().complete(&what, begin).await;
            let mut stream = begun.map_err(silent)?.map_err(refused)?;
            loop {
                let received = budget().complete(&what, stream.message()).await;
                let Some(part) = received.map_err(silent)?.map_err(refused)? else {
                    return Ok(());
                };
                take(part.blob(), part.remaining_bytes())?;
            }
        })
    }

    /// Whether a member is healthy.
    fn is_healthy(&self, endpoint: &str, limit: Duration) -> bool {
        let status = self.call(endpoint, limit, async |mut etcd| etcd.status().await);
        status.is_ok_and(|status| status.errors().is_empty())
    }

    /// Calls the members one after the other, until one answers.
    ///
    /// # Errors
    /// The failure of the last member.
    fn call_any<A>(&self, call: impl AsyncFn(Client) -> Result<A, Error>) -> WorldResult<A> {
        let mut last = None;
        for endpoint in etcd_endpoints(&self.cluster)? {
            match self.call(&endpoint, CALL, &call) {
                Ok(answer) => return Ok(answer),
                Err(failure) if failure.code == FailureCode::Cancelled => return Err(failure),
                Err(failure) => last = Some(failure),
            }
        }
        Err(last.unwrap_or_else(|| Failure::new(FailureCode::Unavailable, "etcd has no members")))
    }
}
