//! An etcd of members that are started one by one.
use super::*;
use crate::world::{files::RootedFiles, fixed_objects::FixedObjects};
use etcd_client::proto::*;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The members that all members agree on, and the calls they got.
#[derive(Default)]
struct Agreement {
    members: Vec<PbMember>,
    calls: Vec<String>,
}

type SharedAgreement = Arc<Mutex<Agreement>>;

async fn serve(
    request: http::Request<Incoming>,
    shared: SharedAgreement,
    leads: bool,
) -> http::Response<Body> {
    let (_, method) = request.uri().path().rsplit_once('/').unwrap();
    let method = method.to_owned();
    shared.lock().calls.push(method.clone());
    if !leads && method != "Status" {
        return unary(request, |_: ()| {
            Err::<(), _>(Status::unavailable("etcdserver: no leader"))
        })
        .await;
    }
    match method.as_str() {
        "Status" => unary(request, |_: PbStatusRequest| Ok(status(leads))).await,
        "Range" => unary(request, range).await,
        "MemberList" => unary(request, |_: PbMemberListRequest| list_members(&shared)).await,
        "MemberAdd" => unary(request, |request| add_member(&shared, request)).await,
        "MemberPromote" => unary(request, |request| promote_member(&shared, &request)).await,
        _ => unary(request, |request| remove_member(&shared, &request)).await,
    }
}

fn status(leads: bool) -> PbStatusResponse {
    let errors = if leads {
        vec![]
    } else {
        vec!["etcdserver: no leader".into()]
    };
    PbStatusResponse {
        errors,
        ..Default::default()
    }
}

fn range(request: PbRangeRequest) -> Result<PbRangeResponse, Status> {
    assert!(!request.serializable);
    Ok(PbRangeResponse::default())
}

fn list_members(shared: &SharedAgreement) -> Result<PbMemberListResponse, Status> {
    Ok(PbMemberListResponse {
        header: None,
        members: shared.lock().members.clone(),
    })
}

fn add_member(
    shared: &SharedAgreement,
    request: PbMemberAddRequest,
) -> Result<PbMemberAddResponse, Status> {
    shared.lock().members.push(PbMember {
        id: 2,
        peer_ur_ls: request.peer_ur_ls,
        is_learner: request.is_learner,
        ..Default::default()
    });
    Ok(PbMemberAddResponse::default())
}

fn promote_member(
    shared: &SharedAgreement,
    request: &PbMemberPromoteRequest,
) -> Result<PbMemberPromoteResponse, Status> {
    let mut agreement = shared.lock();
    let learner = agreement
        .members
        .iter_mut()
        .find(|member| member.id == request.id && member.is_learner);
    learner
        .ok_or_else(|| {
            Status::failed_precondition("etcdserver: can only promote a learner member")
        })?
        .is_learner = false;
    Ok(PbMemberPromoteResponse::default())
}

fn remove_member(
    shared: &SharedAgreement,
    request: &PbMemberRemoveRequest,
) -> Result<PbMemberRemoveResponse, Status> {
    let mut agreement = shared.lock();
    agreement.members.retain(|member| member.id != request.id);
    Ok(PbMemberRemoveResponse::default())
}

/// An etcd of members that are started one by one.
pub(super) struct FakeEtcd {
    tokio: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
    shared: SharedAgreement,
    pub(super) urls: Vec<String>,
}

impl FakeEtcd {
    /// Makes an etcd for a client that has a certificate of this authority.
    pub(super) fn new(authority: &Authority) -> FakeEtcd {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (key, certificate) = authority.client();
        let files = RootedFiles::open(folder.path()).unwrap();
        for (name, text) in [
            ("ca.crt", authority.certificate.to_pem()),
            ("healthcheck-client.crt", certificate.to_pem()),
            (
                "healthcheck-client.key",
                key.to_pem().unwrap().reveal().clone(),
            ),
        ] {
            files
                .write(&format!("/pki/etcd/{name}"), text.as_bytes(), 0o600, None)
                .unwrap();
        }
        let first = PbMember {
            id: 1,
            name: "cp1".into(),
            peer_ur_ls: vec!["https://10.0.0.1:2380".into()],
            ..Default::default()
        };
        let shared = Arc::new(Mutex::new(Agreement {
            members: vec![first],
            calls: vec![],
        }));
        FakeEtcd {
            tokio,
            folder,
            shared,
            urls: vec![],
        }
    }

    /// Listens at a free port, whose URL becomes that of a member.
    fn listen(&mut self) -> TcpListener {
        let listener = self
            .tokio
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .unwrap();
        self.urls
            .push(format!("https://{}", listener.local_addr().unwrap()));
        listener
    }

    /// Starts a member. `leads` says whether there is a leader.
    pub(super) fn add_member(&mut self, acceptor: TlsAcceptor, leads: bool) {
        let listener = self.listen();
        let shared = self.shared.clone();
        self.tokio.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, shared) = (acceptor.clone(), shared.clone());
                tokio::spawn(async move {
                    // A client that does not trust the server hangs up.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, move |request| serve(request, shared.clone(), leads))
                            .await;
                    }
                });
            }
        });
    }

    /// Adds the URL of a member that is down.
    pub(super) fn add_stopped_member(&mut self) {
        drop(self.listen());
    }

    /// Returns a client of the members so far.
    pub(super) fn client(&self) -> RealEtcd<FixedObjects> {
        RealEtcd {
            handle: self.tokio.handle().clone(),
            files: Arc::new(RootedFiles::open(self.folder.path()).unwrap()),
            cluster: FixedObjects(self.urls.iter().map(|url| pod(url)).collect()),
            directory: "/pki".into(),
            cancel: Cancel::never(),
        }
    }

    /// Returns the calls that the members got since the last call of this function.
    pub(super) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().calls)
    }
}

/// Returns the Pod of a member that listens at a URL.
fn pod(url: &str) -> Value {
    let annotations = json!({"kubeadm.kubernetes.io/etcd.advertise-client-urls": url});
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": "kube-system",
            "labels": {"component": "etcd", "tier": "control-plane"},
            "annotations": annotations,
        },
    })
}
