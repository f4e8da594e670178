//! Members of an etcd, asked over TLS by the healthcheck client.
use super::*;
use crate::{
    pki::loopback::Authority,
    world::{Etcd, files::RootedFiles, imagined::Objects},
};
use etcd_client::proto::*;
use serde_json::json;
use std::{net::Ipv4Addr, sync::Mutex};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the members agree on, and what they were asked.
#[derive(Default)]
struct Agreed {
    members: Vec<PbMember>,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Agreed>>;

async fn serve(
    request: http::Request<Incoming>,
    agreed: Shared,
    leads: bool,
) -> http::Response<Body> {
    let (_, method) = request.uri().path().rsplit_once('/').unwrap();
    let method = method.to_owned();
    agreed.lock().unwrap().asked.push(method.clone());
    if !leads && method != "Status" {
        return unary(request, |_: ()| {
            Err::<(), _>(Status::unavailable("etcdserver: no leader"))
        })
        .await;
    }
    let members = || agreed.lock().unwrap().members.clone();
    match method.as_str() {
        "Status" => {
            let errors = if leads {
                vec![]
            } else {
                vec!["etcdserver: no leader".into()]
            };
            unary(request, move |_: PbStatusRequest| {
                Ok(PbStatusResponse {
                    errors: errors.clone(),
                    ..Default::default()
                })
            })
            .await
        }
        "Range" => {
            unary(request, |asked: PbRangeRequest| {
                assert!(!asked.serializable);
                Ok(PbRangeResponse::default())
            })
            .await
        }
        "MemberList" => {
            unary(request, |_: PbMemberListRequest| {
                Ok(PbMemberListResponse {
                    header: None,
                    members: members(),
                })
            })
            .await
        }
        "MemberAdd" => {
            unary(request, |asked: PbMemberAddRequest| {
                let PbMemberAddRequest {
                    peer_ur_ls,
                    is_learner,
                } = asked;
                agreed.lock().unwrap().members.push(PbMember {
                    id: 2,
                    peer_ur_ls,
                    is_learner,
                    ..Default::default()
                });
                Ok(PbMemberAddResponse::default())
            })
            .await
        }
        "MemberPromote" => {
            unary(request, |asked: PbMemberPromoteRequest| {
                let mut agreed = agreed.lock().unwrap();
                let learner = agreed
                    .members
                    .iter_mut()
                    .find(|member| member.id == asked.id && member.is_learner);
                learner
                    .ok_or_else(|| {
                        Status::failed_precondition("etcdserver: can only promote a learner member")
                    })?
                    .is_learner = false;
                Ok(PbMemberPromoteResponse::default())
            })
            .await
        }
        _ => {
            unary(request, |asked: PbMemberRemoveRequest| {
                agreed
                    .lock()
                    .unwrap()
                    .members
                    .retain(|member| member.id != asked.id);
                Ok(PbMemberRemoveResponse::default())
            })
            .await
        }
    }
}

/// An etcd of members that were started one by one.
struct Cluster {
    tokio: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
    agreed: Shared,
    urls: Vec<String>,
}

impl Cluster {
    /// As a node of the control plane sees it whose files are of this authority.
    fn new(authority: &Authority) -> Cluster {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (key, certificate) = authority.client();
        let files = RootedFiles::open(folder.path()).unwrap();
        let write = |name: &str, text: &str| {
            files
                .write(&format!("/pki/etcd/{name}"), text.as_bytes(), 0o600, None)
                .unwrap()
        };
        write("ca.crt", &authority.certificate.to_pem());
        write("healthcheck-client.crt", &certificate.to_pem());
        write("healthcheck-client.key", key.to_pem().unwrap().reveal());
        let first = PbMember {
            id: 1,
            name: "cp1".into(),
            peer_ur_ls: vec!["https://10.0.0.1:2380".into()],
            ..Default::default()
        };
        let agreed = Arc::new(Mutex::new(Agreed {
            members: vec![first],
            asked: vec![],
        }));
        Cluster {
            tokio,
            folder,
            agreed,
            urls: vec![],
        }
    }

    fn member(&mut self, acceptor: TlsAcceptor, leads: bool) {
        let listener = self
            .tokio
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .unwrap();
        self.urls
            .push(format!("https://{}", listener.local_addr().unwrap()));
        let agreed = self.agreed.clone();
        self.tokio.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, agreed) = (acceptor.clone(), agreed.clone());
                tokio::spawn(async move {
                    // Whoever does not trust the server hangs up.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, move |request| serve(request, agreed.clone(), leads))
                            .await;
                    }
                });
            }
        });
    }

    /// One that is down.
    fn down(&mut self) {
        let listener = self
            .tokio
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .unwrap();
        self.urls
            .push(format!("https://{}", listener.local_addr().unwrap()));
    }

    fn etcd(&self) -> RealEtcd<Objects> {
        let pod = |url: &String| {
            let annotations = json!({"kubeadm.kubernetes.io/etcd.advertise-client-urls": url});
            json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"namespace": "kube-system", "annotations": annotations},
            })
        };
        let files = Arc::new(RootedFiles::open(self.folder.path()).unwrap());
        let cluster = Objects(self.urls.iter().map(pod).collect());
        RealEtcd {
            handle: self.tokio.handle().clone(),
            files,
            cluster,
            directory: "/pki".into(),
            cancel: Cancel::never(),
        }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.agreed.lock().unwrap().asked)
    }
}

#[test]
fn a_member_comes_gets_its_vote_and_goes_whoever_is_down() {
    let authority = Authority::new("etcd-ca");
    let mut cluster = Cluster::new(&authority);
    cluster.down();
    cluster.member(authority.server_among_peers(), true);
    let etcd = cluster.etcd();
    let peer_url = "https://10.0.0.2:2380";
    let seen = || {
        etcd.members()
            .unwrap()
            .iter()
            .map(|member| format!("{} {}", member.id, member.learner))
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(), ["1 false"]);
    // What one member has may be old; what it reads with the others is not.
    assert_eq!(cluster.asked(), ["Range", "MemberList"]);
    etcd.add_learner(peer_url).unwrap();
    assert_eq!(seen(), ["1 false", "2 true"]);
    let members = etcd.members().unwrap();
    assert!(members[0].name == "cp1" && members[1].peer_urls == [peer_url]);
    etcd.promote(2).unwrap();
    assert_eq!(seen(), ["1 false", "2 false"]);
    let refused = etcd.promote(2).unwrap_err();
    let told = format!(
        "etcd at {}: etcdserver: can only promote a learner member",
        cluster.urls[1]
    );
    assert!(
        refused.message == told && refused.retryable,
        "{}",
        refused.message
    );
    etcd.remove(2).unwrap();
    assert_eq!(seen(), ["1 false"]);
    assert_eq!(etcd.health().unwrap(), (1, 2));
}

#[test]
fn a_member_without_a_leader_is_not_well() {
    let authority = Authority::new("etcd-ca");
    let mut cluster = Cluster::new(&authority);
    cluster.member(authority.server_among_peers(), false);
    let (etcd, url) = (cluster.etcd(), &cluster.urls[0]);
    assert!(!etcd.serves(url).unwrap());
    assert_eq!(etcd.health().unwrap(), (0, 1));
    let failure = etcd.members().unwrap_err();
    assert!(
        failure.retryable && failure.message == format!("etcd at {url}: etcdserver: no leader"),
        "{}",
        failure.message
    );
    assert!(!cluster.asked().contains(&"MemberList".to_owned()));
}

#[test]
fn who_is_not_there_or_of_another_authority_is_told_of() {
    let mut cluster = Cluster::new(&Authority::new("etcd-ca"));
    let nobody = cluster.etcd().members().unwrap_err().message;
    assert!(
        nobody.starts_with("could not retrieve the list of etcd endpoints"),
        "{nobody}"
    );
    cluster.down();
    let down = cluster.etcd().members().unwrap_err();
    assert!(
        down.retryable && down.message.contains("Connection refused"),
        "{}",
        down.message
    );
    cluster.urls.clear();
    cluster.member(Authority::new("etcd-ca").server_among_peers(), true);
    let stranger = cluster.etcd().members().unwrap_err().message;
    assert!(stranger.contains("invalid peer certificate"), "{stranger}");
    assert_eq!(cluster.asked(), [""; 0]);
}
