//! The cluster's etcd, with the healthcheck client's certificate. Where its members listen is
//! written at their Pods.
use crate::{
    cancel::Cancel,
    world::{Cluster, Etcd, EtcdMember, Files, Tried, budget::Budget, innermost},
};
use etcd_client::{
    Certificate, Client, ConnectOptions, Error, Identity, Member, MemberAddOptions, TlsOptions,
};
use kubephase_wit::Failure;
use std::{sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// One call takes no longer (kubeadm's two seconds).
const CALL: Duration = Duration::from_secs(2);
/// A look at a member that is not expected to answer yet.
const GLANCE: Duration = Duration::from_millis(300);
/// What is read where only the reading counts, as `etcdctl endpoint health` does.
const NO_KEY: &str = "health";
/// Where kubeadm writes the client URL of a member.
const ANNOTATION: &str = "/metadata/annotations/kubeadm.kubernetes.io~1etcd.advertise-client-urls";

pub struct RealEtcd<C> {
    pub handle: Handle,
    pub files: Arc<dyn Files>,
    pub cluster: C,
    /// the certificates directory
    pub directory: String,
    /// ends a call that is under way
    pub cancel: Cancel,
}

fn told(endpoint: &str, what: &str) -> Failure {
    // What a member refuses now it may do when it has caught up, or when there is a leader again.
    Failure {
        retryable: true,
        ..Failure::new("unavailable", format!("etcd at {endpoint}: {what}"))
    }
}

/// What etcd said, or why nothing could be asked.
fn said(error: &Error) -> String {
    match error {
        Error::GRpcStatus(status) if std::error::Error::source(status).is_none() => {
            status.message().to_owned()
        }
        Error::GRpcStatus(status) => innermost(status),
        Error::TransportError(error) => innermost(error),
        error => error.to_string(),
    }
}

/// Where the members of the cluster's etcd listen for clients.
///
/// # Errors
/// Where the API does not answer, or no Pod of etcd says so (kubeadm's words).
pub fn endpoints(cluster: &dyn Cluster) -> Tried<Vec<String>> {
    let pods = cluster.list(
        "v1",
        "Pod",
        Some("kube-system"),
        Some("component=etcd,tier=control-plane"),
    )?;
    let endpoints: Vec<String> = pods
        .iter()
        .filter_map(|pod| pod.pointer(ANNOTATION)?.as_str())
        .flat_map(|urls| urls.split(','))
        .map(str::to_owned)
        .collect();
    if endpoints.is_empty() {
        let message =
            "could not retrieve the list of etcd endpoints: no Pod of etcd says where it listens";
        return Err(Failure {
            retryable: true,
            ..Failure::new("unavailable", message)
        });
    }
    Ok(endpoints)
}

impl<C: Cluster> RealEtcd<C> {
    fn tls(&self) -> Tried<TlsOptions> {
        let read = |name: &str| self.files.read(&format!("{}/etcd/{name}", self.directory));
        let identity = Identity::from_pem(
            read("healthcheck-client.crt")?,
            read("healthcheck-client.key")?,
        );
        Ok(TlsOptions::new()
            .ca_certificate(Certificate::from_pem(read("ca.crt")?))
            .identity(identity))
    }

    /// Of one member and no other.
    fn ask<A>(
        &self,
        endpoint: &str,
        limit: Duration,
        call: impl AsyncFnOnce(Client) -> Result<A, Error>,
    ) -> Tried<A> {
        let options = ConnectOptions::new()
            .with_tls(self.tls()?)
            .with_connect_timeout(limit);
        let work = async { call(Client::connect([endpoint], Some(options)).await?).await };
        let budget = Budget::new(0, limit, &self.cancel);
        match self
            .handle
            .block_on(budget.complete(&format!("a call of etcd at {endpoint}"), work))
        {
            Ok(answer) => answer.map_err(|error| told(endpoint, &said(&error))),
            Err(failure) if failure.code == "timeout" => {
                Err(told(endpoint, "it did not answer in time"))
            }
            Err(failure) => Err(failure),
        }
    }

    fn well(&self, endpoint: &str, limit: Duration) -> bool {
        let status = self.ask(endpoint, limit, async |mut etcd| etcd.status().await);
        status.is_ok_and(|status| status.errors().is_empty())
    }

    /// The answer of the first member that has one.
    fn any<A>(&self, call: impl AsyncFn(Client) -> Result<A, Error>) -> Tried<A> {
        let mut last = None;
        for endpoint in endpoints(&self.cluster)? {
            match self.ask(&endpoint, CALL, &call) {
                Ok(answer) => return Ok(answer),
                Err(failure) if failure.code == "cancelled" => return Err(failure),
                Err(failure) => last = Some(failure),
            }
        }
        Err(last.unwrap_or_else(|| Failure::new("unavailable", "etcd has no members")))
    }
}

impl<C: Cluster> Etcd for RealEtcd<C> {
    fn members(&self) -> Tried<Vec<EtcdMember>> {
        let listed = self.any(async |mut etcd| {
            // The list is as the member that is asked has it. After a linearizable read that is no
            // older than what all of them agree on; without quorum there is none.
            etcd.get(NO_KEY, None).await?;
            etcd.member_list().await
        })?;
        let member = |member: &Member| EtcdMember {
            id: member.id(),
            name: member.name().to_owned(),
            peer_urls: member.peer_urls().to_vec(),
            client_urls: member.client_urls().to_vec(),
            learner: member.is_learner(),
        };
        Ok(listed.members().iter().map(member).collect())
    }

    fn add_learner(&self, peer_url: &str) -> Tried<()> {
        let learner = MemberAddOptions::new().with_is_learner();
        self.any(async |mut etcd| {
            etcd.member_add([peer_url.to_owned()], Some(learner.clone()))
                .await
        })
        .map(drop)
    }

    fn promote(&self, id: u64) -> Tried<()> {
        self.any(async |mut etcd| etcd.member_promote(id).await)
            .map(drop)
    }

    fn remove(&self, id: u64) -> Tried<()> {
        self.any(async |mut etcd| etcd.member_remove(id).await)
            .map(drop)
    }

    fn health(&self) -> Tried<(usize, usize)> {
        let endpoints = endpoints(&self.cluster)?;
        Ok((
            endpoints
                .iter()
                .filter(|endpoint| self.well(endpoint, CALL))
                .count(),
            endpoints.len(),
        ))
    }

    fn serves(&self, client_url: &str) -> Tried<bool> {
        Ok(self.well(client_url, GLANCE))
    }
}
