//! The cluster's etcd, over its gRPC API (v3), with the healthcheck client's certificate. Where its members listen is written
//! at their Pods. Of the protocol's messages only the fields that are used are here, by their numbers: the client crates
//! there are need a protobuf compiler on the machine that builds them.
use crate::world::{Cluster, Etcd, EtcdMember, Files, Tried};
use kubephase_wit::Failure;
use std::{sync::Arc, time::Duration};
use tokio::runtime::Handle;
use tonic::{
    Request, Status,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};
use tonic_prost::ProstCodec;

/// One call takes no longer (kubeadm's two seconds).
const CALL: Duration = Duration::from_secs(2);
/// A look at a member that is not expected to answer yet.
const GLANCE: Duration = Duration::from_millis(300);
/// Where kubeadm writes the client URL of a member.
const ANNOTATION: &str = "/metadata/annotations/kubeadm.kubernetes.io~1etcd.advertise-client-urls";

#[derive(Clone, PartialEq, prost::Message)]
pub struct MemberListRequest {
    /// as all of them agree, not as the one that is asked has it
    #[prost(bool, tag = "1")]
    pub linearizable: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct MemberListResponse {
    #[prost(message, repeated, tag = "2")]
    pub members: Vec<Member>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Member {
    #[prost(uint64, tag = "1")]
    pub id: u64,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, repeated, tag = "3")]
    pub peer_urls: Vec<String>,
    #[prost(string, repeated, tag = "4")]
    pub client_urls: Vec<String>,
    #[prost(bool, tag = "5")]
    pub is_learner: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct MemberAddRequest {
    #[prost(string, repeated, tag = "1")]
    pub peer_urls: Vec<String>,
    #[prost(bool, tag = "2")]
    pub is_learner: bool,
}

/// Of `MemberPromote` and `MemberRemove`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MemberRequest {
    #[prost(uint64, tag = "1")]
    pub id: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Nothing {}

#[derive(Clone, PartialEq, prost::Message)]
pub struct StatusResponse {
    #[prost(string, repeated, tag = "8")]
    pub errors: Vec<String>,
}

pub struct RealEtcd<C> {
    pub handle: Handle,
    pub files: Arc<dyn Files>,
    pub cluster: C,
    /// the certificates directory
    pub directory: String,
}

fn told(endpoint: &str, status: &Status) -> Failure {
    // What a member refuses now it may do when it has caught up, or when there is a leader again.
    Failure { retryable: true, ..Failure::new("unavailable", format!("etcd at {endpoint}: {}", status.message())) }
}

/// Where the members of the cluster's etcd listen for clients.
///
/// # Errors
/// Where the API does not answer, or no Pod of etcd says so (kubeadm's words).
pub fn endpoints(cluster: &dyn Cluster) -> Tried<Vec<String>> {
    let pods = cluster.list("v1", "Pod", Some("kube-system"), Some("component=etcd,tier=control-plane"))?;
    let endpoints: Vec<String> =
        pods.iter().filter_map(|pod| pod.pointer(ANNOTATION)?.as_str()).flat_map(|urls| urls.split(',')).map(str::to_owned).collect();
    if endpoints.is_empty() {
        let message = "could not retrieve the list of etcd endpoints: no Pod of etcd says where it listens";
        return Err(Failure { retryable: true, ..Failure::new("unavailable", message) });
    }
    Ok(endpoints)
}

impl<C: Cluster> RealEtcd<C> {
    fn tls(&self) -> Tried<ClientTlsConfig> {
        let read = |name: &str| self.files.read(&format!("{}/etcd/{name}", self.directory));
        let identity = Identity::from_pem(read("healthcheck-client.crt")?, read("healthcheck-client.key")?);
        Ok(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read("ca.crt")?)).identity(identity))
    }

    fn ask<Q, A>(&self, endpoint: &str, method: &'static str, request: Q, limit: Duration) -> Tried<A>
    where
        Q: prost::Message + Default + 'static,
        A: prost::Message + Default + 'static,
    {
        let tls = self.tls()?;
        let unavailable = |error: tonic::transport::Error| {
            let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            Status::unavailable(cause)
        };
        let work = async {
            let at = Endpoint::from_shared(endpoint.to_owned()).and_then(|at| at.tls_config(tls)).map_err(unavailable)?;
            let channel: Channel = at.connect_timeout(limit).connect().await.map_err(unavailable)?;
            let mut client = Grpc::new(channel);
            client.ready().await.map_err(unavailable)?;
            client
                .unary(Request::new(request), PathAndQuery::from_static(method), ProstCodec::default())
                .await
                .map(tonic::Response::into_inner)
        };
        let late = || Err(Status::deadline_exceeded("it did not answer in time"));
        let answer = self.handle.block_on(async { tokio::time::timeout(limit, work).await.unwrap_or_else(|_| late()) });
        answer.map_err(|status| told(endpoint, &status))
    }

    fn well(&self, endpoint: &str, limit: Duration) -> bool {
        let status: Tried<StatusResponse> = self.ask(endpoint, "/etcdserverpb.Maintenance/Status", Nothing {}, limit);
        status.is_ok_and(|status| status.errors.is_empty())
    }

    /// The answer of the first member that has one.
    fn any<Q, A>(&self, method: &'static str, request: Q) -> Tried<A>
    where
        Q: prost::Message + Default + Clone + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut last = None;
        for endpoint in endpoints(&self.cluster)? {
            match self.ask(&endpoint, method, request.clone(), CALL) {
                Ok(answer) => return Ok(answer),
                Err(failure) => last = Some(failure),
            }
        }
        Err(last.unwrap_or_else(|| Failure::new("unavailable", "etcd has no members")))
    }
}

impl<C: Cluster> Etcd for RealEtcd<C> {
    fn members(&self) -> Tried<Vec<EtcdMember>> {
        let listed: MemberListResponse = self.any("/etcdserverpb.Cluster/MemberList", MemberListRequest { linearizable: true })?;
        let member = |Member { id, name, peer_urls, client_urls, is_learner: learner }: Member| EtcdMember {
            id,
            name,
            peer_urls,
            client_urls,
            learner,
        };
        Ok(listed.members.into_iter().map(member).collect())
    }

    fn add_learner(&self, peer_url: &str) -> Tried<()> {
        let request = MemberAddRequest { peer_urls: vec![peer_url.to_owned()], is_learner: true };
        self.any::<_, Nothing>("/etcdserverpb.Cluster/MemberAdd", request).map(drop)
    }

    fn promote(&self, id: u64) -> Tried<()> {
        self.any::<_, Nothing>("/etcdserverpb.Cluster/MemberPromote", MemberRequest { id }).map(drop)
    }

    fn remove(&self, id: u64) -> Tried<()> {
        self.any::<_, Nothing>("/etcdserverpb.Cluster/MemberRemove", MemberRequest { id }).map(drop)
    }

    fn health(&self) -> Tried<(usize, usize)> {
        let endpoints = endpoints(&self.cluster)?;
        Ok((endpoints.iter().filter(|endpoint| self.well(endpoint, CALL)).count(), endpoints.len()))
    }

    fn serves(&self, client_url: &str) -> Tried<bool> {
        Ok(self.well(client_url, GLANCE))
    }
}
