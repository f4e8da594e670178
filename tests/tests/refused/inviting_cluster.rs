//! A rehearsed cluster that serves, for nodes that would join it.
use crate::PROGRAM;
use harness::{RunOutput, ServingRehearsal, kubephase, run, workspace};
use kubephase::world::{Cluster, WorldResult, real};
use serde_json::{Value, json};
use std::{fs, net::TcpListener, path::PathBuf};

/// The certificate key of the cluster, which encrypts the keys of its control plane.
pub const CERTIFICATE_KEY: &str =
    "e6a2eb8581237ab72a4f494f30285ec12a9694d750b9785706a83bfcbbbd2204";

/// A rehearsed cluster that serves, and the arguments of its join command.
pub struct InvitingCluster {
    pub folder: tempfile::TempDir,
    pub endpoint: String,
    pub token: String,
    /// `sha256:HASH` of the authority's public key
    pub pin: String,
    pub _server: ServingRehearsal,
}

/// Returns the path of the administrator's kubeconfig.
fn admin_kubeconfig(folder: &tempfile::TempDir) -> PathBuf {
    folder
        .path()
        .join("root/var/lib/kubephase/serve/admin.conf")
}

impl InvitingCluster {
    pub fn start() -> InvitingCluster {
        let folder = tempfile::tempdir().unwrap();
        // The cluster's kubeconfigs name the port before the server listens, so the test uses a
        // port that was free a moment ago.
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
            &format!("certificateKey: {CERTIFICATE_KEY}\nlocalAPIEndpoint:"),
        );
        fs::write(&config, text).unwrap();
        let mut rehearse = kubephase(PROGRAM);
        rehearse
            .args(["rehearse", "--upload-certs", "--config"])
            .arg(&config)
            .arg("--node")
            .arg(example.join("node.yaml"));
        let server = ServingRehearsal::start(
            rehearse
                .arg(format!("--serve={}", endpoint.port()))
                .arg("--root")
                .arg(folder.path().join("root")),
        );
        let output = run(kubephase(PROGRAM)
            .args(["token", "create", "--print-join-command"])
            .env("KUBECONFIG", admin_kubeconfig(&folder)));
        let words: Vec<&str> = output.stdout.split_whitespace().collect();
        let [token, pin] = [4, 6].map(|at| {
            words
                .get(at)
                .unwrap_or_else(|| panic!("{}", output.stderr))
                .to_string()
        });
        InvitingCluster {
            folder,
            endpoint: endpoint.to_string(),
            token,
            pin,
            _server: server,
        }
    }

    /// Joins as a worker with a token and a pin, and with a token for TLS bootstrap. Discovery is
    /// tried once.
    pub fn join(&self, token: &str, pin: &str, tls_token: &str) -> RunOutput {
        self.join_as("newcomer", token, pin, tls_token, &json!(null))
    }

    /// Joins with valid credentials under a name; as a member of the control plane unless
    /// `control_plane` is null.
    pub fn join_with_valid_credentials(&self, name: &str, control_plane: &Value) -> RunOutput {
        self.join_as(name, &self.token, &self.pin, &self.token, control_plane)
    }

    /// Joins in a dry run.
    pub fn join_as(
        &self,
        name: &str,
        token: &str,
        pin: &str,
        tls_token: &str,
        control_plane: &Value,
    ) -> RunOutput {
        let discovery = json!({
            "tlsBootstrapToken": tls_token,
            "bootstrapToken": {
                "apiServerEndpoint": self.endpoint,
                "token": token,
                "caCertHashes": [pin],
            },
        });
        self.run_join(&[], name, &discovery, control_plane)
    }

    /// Runs a command of a joining control plane in a dry run; `command` follows `join`.
    pub fn dry_run_of_control_plane(&self, command: &[&str]) -> RunOutput {
        let discovery = json!({
            "bootstrapToken": {
                "apiServerEndpoint": self.endpoint,
                "token": self.token,
                "caCertHashes": [self.pin],
            },
        });
        let control_plane = json!({"localAPIEndpoint": {"advertiseAddress": "192.0.2.77"}});
        self.run_join(command, "member", &discovery, &control_plane)
    }

    fn run_join(
        &self,
        command: &[&str],
        name: &str,
        discovery: &Value,
        control_plane: &Value,
    ) -> RunOutput {
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
            "discovery": discovery,
        });
        fs::write(&config, text.to_string()).unwrap();
        run(kubephase(PROGRAM)
            .arg("join")
            .args(command)
            .args(["--dry-run", "--config"])
            .arg(config))
    }

    /// Makes a request as the administrator of the cluster.
    pub fn as_admin<T>(&self, request: impl FnOnce(&dyn Cluster) -> WorldResult<T>) -> T {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let api = real::cluster(
            tokio.handle(),
            &admin_kubeconfig(&self.folder).display().to_string(),
        )
        .unwrap();
        request(&api).unwrap_or_else(|failure| panic!("{}", failure.to_text()))
    }

    /// Creates a token that has expired, and returns it.
    pub fn create_expired_token(&self) -> &'static str {
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
        self.as_admin(|api| api.create(&secret));
        "fedcba.0123456789abcdef"
    }
}
