//! `certs generate-csr`: every key with its request, and nothing that exists is replaced.
use super::*;
use crate::{
    config::ConfigFile,
    pki::{Certificate, CertificateRequest, CertificateTemplate, Key, Kubeconfig},
    secret::Secret,
    world::files::RootedFiles,
};
use kubephase_sdk::spec::KeyAlgorithm;
use std::path::Path;

const CERTIFICATES: [&str; 7] = [
    "apiserver",
    "apiserver-kubelet-client",
    "front-proxy-client",
    "etcd/server",
    "etcd/peer",
    "etcd/healthcheck-client",
    "apiserver-etcd-client",
];

/// Loads a configuration whose files are at `/keys` and `/conf`.
fn config(more: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.yaml");
    let text = format!(
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: \
         {{advertiseAddress: 198.51.100.7}}\nnodeRegistration: {{name: first}}\n---\napiVersion: \
         kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: \
         v1.36.2\nencryptionAlgorithm: ECDSA-P256\ncertificatesDir: \
         /keys\ncontrolPlaneEndpoint: vip.acme.test:7443\napiServer: {{certSANs: \
         [api.acme.test]}}\n{more}"
    );
    std::fs::write(&path, text).unwrap();
    let file = ConfigFile::at(&path);
    let mut config = config::load_init(Some(&file), &InitFlags::default(), &NodeFacts::default())
        .unwrap()
        .config;
    config.run.kubeconfig_dir = "/conf".to_owned();
    config
}

fn shown(config: &Config) -> Directories {
    Directories {
        certificates: config.cluster.certificates_dir.clone(),
        kubeconfigs: config.run.kubeconfig_dir.clone(),
    }
}

struct Machine(tempfile::TempDir, RootedFiles);

impl Machine {
    fn new() -> Machine {
        let root = tempfile::tempdir().unwrap();
        let files = RootedFiles::open(root.path()).unwrap();
        Machine(root, files)
    }

    fn text(&self, path: &str) -> String {
        assert_eq!(
            self.1.stat(path).unwrap().expect(path).mode,
            0o600,
            "{path}"
        );
        String::from_utf8(self.1.read(path).unwrap()).unwrap()
    }

    fn request(&self, path: &str) -> CertificateRequest {
        CertificateRequest::from_pem(&self.text(path)).expect(path)
    }

    fn write(&self, config: &Config) -> Result<Exit> {
        write_requests(config, &shown(config), &self.1)
    }

    /// Writes the requests, and returns the message of a failure.
    fn refusal(&self, config: &Config) -> String {
        format!("{:#}", self.write(config).unwrap_err())
    }
}

/// Makes an authority with its key.
fn authority() -> (Certificate, Key) {
    let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let named = CertificateTemplate::with_common_name("elsewhere");
    (
        Certificate::self_signed_authority(&named, &key).unwrap(),
        key,
    )
}

#[test]
fn every_certificate_has_a_key_and_a_request_that_an_authority_can_sign() {
    let machine = Machine::new();
    machine.write(&config("")).unwrap();
    let (authority, authority_key) = authority();
    for name in CERTIFICATES {
        let request = machine.request(&format!("/keys/{name}.csr"));
        let key = Key::from_pem(&Secret::new(machine.text(&format!("/keys/{name}.key")))).unwrap();
        let signed = request.issue(0, 1000, &authority, &authority_key).unwrap();
        assert!(signed.belongs_to(&key), "{name}");
        let common_name = match name {
            "apiserver" => "kube-apiserver",
            "etcd/server" | "etcd/peer" => "first",
            "etcd/healthcheck-client" => "kube-etcd-healthcheck-client",
            "apiserver-kubelet-client" => "kube-apiserver-kubelet-client",
            "apiserver-etcd-client" => "kube-apiserver-etcd-client",
            other => other,
        };
        assert_eq!(request.common_name, common_name);
    }
    for authority in ["ca", "front-proxy-ca", "etcd/ca", "sa"] {
        let path = format!("/keys/{authority}.key");
        assert!(machine.1.stat(&path).unwrap().is_none(), "{path}");
    }
}

#[test]
fn a_request_has_the_names_of_its_certificate() {
    use x509_parser::{certification_request::X509CertificationRequest, prelude::*};
    let machine = Machine::new();
    machine.write(&config("")).unwrap();
    let text = machine.text("/keys/apiserver.csr");
    let der = ::pem::parse(&text).unwrap().into_contents();
    let (_, request) = X509CertificationRequest::from_der(&der).unwrap();
    let extensions: Vec<_> = request.requested_extensions().unwrap().collect();
    let [ParsedExtension::SubjectAlternativeName(names)] = extensions[..] else {
        panic!("{extensions:?}")
    };
    let found: Vec<_> = names
        .general_names
        .iter()
        .map(|name| match name {
            GeneralName::DNSName(name) => (*name).to_owned(),
            GeneralName::IPAddress(bytes) => format!("{bytes:?}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        found,
        [
            "api.acme.test",
            "first",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
            "vip.acme.test",
            "[10, 96, 0, 1]",
            "[198, 51, 100, 7]",
        ]
    );
}

#[test]
fn kubeconfigs_wait_for_their_certificates() {
    let machine = Machine::new();
    machine.write(&config("")).unwrap();
    let (endpoint, local) = ("https://vip.acme.test:7443", "https://198.51.100.7:6443");
    for (name, user, groups, server) in [
        (
            "admin",
            "kubernetes-admin",
            vec!["kubeadm:cluster-admins"],
            endpoint,
        ),
        (
            "super-admin",
            "kubernetes-super-admin",
            vec!["system:masters"],
            endpoint,
        ),
        (
            "kubelet",
            "system:node:first",
            vec!["system:nodes"],
            endpoint,
        ),
        (
            "controller-manager",
            "system:kube-controller-manager",
            vec![],
            local,
        ),
        ("scheduler", "system:kube-scheduler", vec![], local),
    ] {
        let path = format!("/conf/{name}.conf");
        let kubeconfig = Kubeconfig::parse(&machine.text(&path), &path).unwrap();
        assert_eq!(kubeconfig.server(), Some(server), "{name}");
        let (_, cluster) = kubeconfig.cluster().unwrap();
        assert!(
            cluster.get("certificate-authority-data").is_none(),
            "{name}"
        );
        let (named, entry) = kubeconfig.user().unwrap();
        assert_eq!(named, user);
        let fields: Vec<_> = entry.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["client-key-data"], "{name}");
        let request = machine.request(&format!("{path}.csr"));
        assert_eq!((request.common_name.as_str(), request.organizations), {
            let groups = groups.into_iter().map(str::to_owned).collect();
            (user, groups)
        });
    }
}

#[test]
fn an_external_etcd_has_requests_too() {
    let machine = Machine::new();
    let etcd = "etcd: {external: {endpoints: ['https://198.51.100.9:2379']}}\n";
    machine.write(&config(etcd)).unwrap();
    machine.request("/keys/etcd/server.csr");
    machine.request("/keys/apiserver-etcd-client.csr");
}

#[test]
fn nothing_is_written_if_a_file_exists() {
    let config = config("");
    for (path, message) in [
        (
            "/keys/etcd/peer.key",
            "file already exists: key or CSR /keys/etcd/peer",
        ),
        (
            "/keys/apiserver.csr",
            "file already exists: key or CSR /keys/apiserver",
        ),
        (
            "/conf/kubelet.conf",
            "file already exists: kube config: /conf/kubelet.conf",
        ),
        (
            "/conf/admin.conf.csr",
            "file already exists: csr: /conf/admin.conf",
        ),
    ] {
        let machine = Machine::new();
        machine.1.write(path, b"kept", 0o640, None).unwrap();
        let refusal = machine.refusal(&config);
        assert!(refusal.contains(message), "{refusal}");
        assert!(refusal.contains("--cert-dir"), "{refusal}");
        let found: Vec<_> = files_below(machine.0.path());
        assert_eq!(found, [machine.0.path().join(&path[1..])]);
    }
    let machine = Machine::new();
    machine.write(&config).unwrap();
    machine.refusal(&config);
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
