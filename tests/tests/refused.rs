//! Nodes that would join a rehearsed cluster, found and asked over real TLS: one that it would let
//! in, and others that are told why it would not, and what to do.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{Kept, Said, Served, kubephase, run, workspace};
use kubephase::world::{Cluster, Tried, real};
use kubephase_wit::ObjectRef;
use serde_json::{Value, json};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// What the keys of the control plane are encrypted with.
const KEY: &str = "e6a2eb8581237ab72a4f494f30285ec12a9694d750b9785706a83bfcbbbd2204";

/// A cluster that is served, and what its nodes are told to join it with.
struct Inviting {
    folder: tempfile::TempDir,
    endpoint: String,
    token: String,
    pin: String,
    _server: Served,
}

/// The kubeconfig that leads to where the cluster is served.
fn admin(folder: &tempfile::TempDir) -> PathBuf {
    folder
        .path()
        .join("root/var/lib/kubephase/serve/admin.conf")
}

impl Inviting {
    fn start() -> Inviting {
        let folder = tempfile::tempdir().unwrap();
        // Free a moment ago, which has to do: the cluster's own kubeconfigs name the port before
        // anybody listens.
        let endpoint = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap();
        let example = workspace().join("examples/single-node");
        let config = folder.path().join("cluster.yaml");
        let text = fs::read_to_string(example.join("cluster.yaml")).unwrap();
        let more = format!(
            "encryptionAlgorithm: ECDSA-P256\ncontrolPlaneEndpoint: {endpoint}\nnetworking:"
        );
        let text = text.replace("networking:", &more).replace(
            "localAPIEndpoint:",
            &format!("certificateKey: {KEY}\nlocalAPIEndpoint:"),
        );
        fs::write(&config, text).unwrap();
        let mut rehearse = kubephase(PROGRAM);
        rehearse
            .args(["rehearse", "--upload-certs", "--config"])
            .arg(&config)
            .arg("--node")
            .arg(example.join("node.yaml"));
        let server = Served::start(
            rehearse
                .arg(format!("--serve={}", endpoint.port()))
                .arg("--root")
                .arg(folder.path().join("root")),
        );
        let said = run(kubephase(PROGRAM)
            .args(["token", "create", "--print-join-command"])
            .env("KUBECONFIG", admin(&folder)));
        let words: Vec<&str> = said.stdout.split_whitespace().collect();
        let [token, pin] = [4, 6].map(|at| {
            words
                .get(at)
                .unwrap_or_else(|| panic!("{}", said.stderr))
                .to_string()
        });
        Inviting {
            folder,
            endpoint: endpoint.to_string(),
            token,
            pin,
            _server: server,
        }
    }

    /// A node sets out with a token and a pin, and another token to ask for its certificate with;
    /// it asks once.
    fn join(&self, token: &str, pin: &str, tls_token: &str) -> Said {
        self.join_as("newcomer", token, pin, tls_token, &json!(null))
    }

    /// One that knows whom to trust sets out under a name, to be a member of the control plane
    /// where that is told.
    fn let_in_as(&self, name: &str, control_plane: &Value) -> Said {
        self.join_as(name, &self.token, &self.pin, &self.token, control_plane)
    }

    fn join_as(
        &self,
        name: &str,
        token: &str,
        pin: &str,
        tls_token: &str,
        control_plane: &Value,
    ) -> Said {
        let config = self.folder.path().join("join.yaml");
        let text = json!({
            "apiVersion": "kubeadm.k8s.io/v1beta4",
            "kind": "JoinConfiguration",
            "nodeRegistration": {
                "criSocket": "unix:///run/none.sock",
                "name": name,
                "ignorePreflightErrors": ["all"],
            },
            "controlPlane": control_plane,
            "dryRun": true,
            "timeouts": {"discovery": "0s"},
            "discovery": {
                "tlsBootstrapToken": tls_token,
                "bootstrapToken": {
                    "apiServerEndpoint": self.endpoint,
                    "token": token,
                    "caCertHashes": [pin],
                },
            },
        });
        fs::write(&config, text.to_string()).unwrap();
        run(kubephase(PROGRAM)
            .args(["join", "--dry-run", "--config"])
            .arg(config))
    }

    /// What its admin does.
    fn by_admin<T>(&self, what: impl FnOnce(&dyn Cluster) -> Tried<T>) -> T {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let api =
            real::cluster(tokio.handle(), &admin(&self.folder).display().to_string()).unwrap();
        what(&api).unwrap_or_else(|failure| panic!("{}", failure.told()))
    }

    /// A token whose time is over, as the API gets it.
    fn expired(&self) -> &'static str {
        let data = json!({
            "token-id": "ZmVkY2Jh",
            "token-secret": "MDEyMzQ1Njc4OWFiY2RlZg==",
            "expiration": "MjAyMC0wMS0wMVQwMDowMDowMFo=",
            "usage-bootstrap-signing": "dHJ1ZQ==",
            "usage-bootstrap-authentication": "dHJ1ZQ==",
        });
        let metadata = json!({"name": "bootstrap-token-fedcba", "namespace": "kube-system"});
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "bootstrap.kubernetes.io/token",
            "metadata": metadata,
            "data": data,
        });
        self.by_admin(|api| api.create(&secret));
        "fedcba.0123456789abcdef"
    }
}

/// A dry run goes all the way, by what the cluster says would come of it.
#[test]
fn who_would_be_let_in_sees_all_of_it_and_nothing_is_changed() {
    let cluster = Inviting::start();
    let Inviting {
        token, pin, folder, ..
    } = &cluster;
    let there = || {
        let kept = Kept::below(&folder.path().join("root"));
        let names = |of: &str| {
            kept.objects(of)
                .into_keys()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        (
            names("/nodes"),
            names("certificates.k8s.io/certificatesigningrequests"),
        )
    };
    let here = || {
        ["bootstrap-kubelet.conf", "kubelet.conf", "pki/ca.crt"]
            .map(|name| Path::new("/etc/kubernetes").join(name).exists())
    };
    let before = (there(), here());
    let said = cluster.join(token, pin, token);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    for line in [
        "[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap",
        "This node has joined the cluster",
    ] {
        assert!(said.stdout.contains(line), "{line}: {}", said.stdout);
    }
    assert!((there(), here()) == before);

    let binding = ObjectRef {
        api_version: "rbac.authorization.k8s.io/v1".into(),
        kind: "ClusterRoleBinding".into(),
        namespace: None,
        name: "kubeadm:kubelet-bootstrap".into(),
    };
    cluster.by_admin(|api| api.delete(&binding));
    let said = cluster.join(token, pin, token);
    assert_eq!(said.status, 5, "{}{}", said.stdout, said.stderr);
    assert!(
        said.stderr
            .contains("cannot create resource \"certificatesigningrequests\""),
        "{}",
        said.stderr
    );
}

#[test]
fn who_is_not_let_in_is_told_why_and_what_to_do() {
    let cluster = Inviting::start();
    let Inviting { token, pin, .. } = &cluster;
    let id = token.split('.').next().unwrap();
    let another = format!("{id}.ffffffffffffffff");
    let unpinned = format!("sha256:{}", "0".repeat(64));
    let expired = cluster.expired();
    let new_token = "`kubephase token create --print-join-command` makes a new one";
    for (case, said, why, what_to_do) in [
        (
            "a wrong pin",
            cluster.join(token, &unpinned, token),
            "none of the public keys",
            "look up its hash on a control plane",
        ),
        (
            "an unknown token",
            cluster.join("aaaaaa.0123456789abcdef", pin, token),
            "could not find a JWS signature in the cluster-info ConfigMap for token ID \"aaaaaa\"",
            new_token,
        ),
        (
            "an expired token",
            cluster.join(expired, pin, expired),
            "could not find a JWS signature",
            new_token,
        ),
        (
            "the secret of another",
            cluster.join(&another, pin, token),
            "failed to verify JWS signature",
            "compare the token",
        ),
        (
            "a token that has expired since",
            cluster.join(token, pin, expired),
            "unable to fetch the kubeadm-config ConfigMap: failed to get config map: Unauthorized",
            new_token,
        ),
    ] {
        assert_eq!(said.status, 1, "{case}: {}", said.stdout);
        assert!(
            said.stderr.contains(why) && said.stderr.contains(what_to_do),
            "{case}: {}",
            said.stderr
        );
        assert!(
            !said.stderr.contains("0123456789abcdef") && !said.stderr.contains("ffffffffffffffff"),
            "{case}: no secret is told"
        );
    }
}

#[test]
fn who_cannot_become_what_it_would_be_is_told_why_and_what_to_do() {
    let cluster = Inviting::start();
    let node = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "taken"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    });
    cluster.by_admin(|api| api.create(&node));
    let member = |key: &str| {
        json!({
            "certificateKey": key,
            "localAPIEndpoint": {"advertiseAddress": "192.0.2.3"},
        })
    };
    let another = KEY.replace("e6a2", "ffff");
    let taken = cluster.let_in_as("taken", &json!(null));
    let [wrong_key, no_key] =
        [another.as_str(), ""].map(|key| cluster.let_in_as("newcomer", &member(key)));
    let keys = ObjectRef {
        api_version: "v1".into(),
        kind: "Secret".into(),
        namespace: Some("kube-system".into()),
        name: "kubeadm-certs".into(),
    };
    cluster.by_admin(|api| api.delete(&keys));
    let no_secret = cluster.let_in_as("newcomer", &member(KEY));
    let upload = "kubephase init phase upload-certs --upload-certs";
    for (case, said, why, what_to_do) in [
        (
            "a name that is taken",
            taken,
            "a Node with name \"taken\" and status \"Ready\" already exists",
            "kubectl delete node taken",
        ),
        (
            "a wrong key",
            wrong_key,
            "error decoding secret data with provided key",
            upload,
        ),
        (
            "no key",
            no_key,
            "/etc/kubernetes/pki/ca.crt is missing",
            "give the certificate key that `init --upload-certs` printed",
        ),
        (
            "no Secret",
            no_secret,
            "Secret \"kubeadm-certs\" was not found in the \"kube-system\" Namespace",
            upload,
        ),
    ] {
        assert_eq!(said.status, 5, "{case}: {}{}", said.stdout, said.stderr);
        assert!(
            said.stderr.contains(why) && said.stderr.contains(what_to_do),
            "{case}: {}",
            said.stderr
        );
        let told = |secret: &str| said.stdout.contains(secret) || said.stderr.contains(secret);
        assert!(!told(KEY) && !told(&another), "{case}: no secret is told");
    }
}
