//! A cluster whose certificates have all expired: those of the API servers, of their clients, of
//! etcd, of the kubelets, and of the administrators.
use crate::{KUBECONFIGS, PROGRAM};
use harness::{
    RunOutput, kubephase, run,
    trust::{certificate, kubeconfigs},
    workspace,
};
use kubephase::{
    pki::{Certificate, Key, Kubeconfig},
    secret::Secret,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

const DAY: i64 = 24 * 3600;

/// The certificates of a member of the control plane, each with the authority that signed it.
const LEAVES: [(&str, &str); 7] = crate::FILES;

/// Two members of the control plane and a worker.
struct Cluster {
    folder: tempfile::TempDir,
}

impl Cluster {
    fn make() -> Cluster {
        let cluster = Cluster {
            folder: tempfile::tempdir().unwrap(),
        };
        run(kubephase(PROGRAM)
            .args(["rehearse", "--control-planes", "2", "--workers", "1"])
            .arg("--config")
            .arg(workspace().join("examples/ha/cluster.yaml"))
            .arg("--root")
            .arg(cluster.first()))
        .expect_success();
        cluster
    }

    fn first(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn machine(&self, name: &str) -> PathBuf {
        self.first().join("nodes").join(name)
    }

    fn run(&self, tree: &Path, line: &str) -> RunOutput {
        run(kubephase(PROGRAM)
            .args(line.split_whitespace())
            .arg("--root")
            .arg(tree)
            .current_dir(self.folder.path()))
    }
}

fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn pki(tree: &Path, name: &str) -> PathBuf {
    tree.join("etc/kubernetes/pki").join(name)
}

fn key(tree: &Path, base: &str) -> Secret<String> {
    Secret::new(fs::read_to_string(pki(tree, &format!("{base}.key"))).unwrap())
}

/// Returns a certificate that expired yesterday in place of this one, and its key as PEM. All of
/// them have one key.
fn expired(current: &Certificate, authorities: &Path, base: &str) -> (Certificate, Secret<String>) {
    let pem = key(authorities, "sa");
    let own = Key::from_pem(&pem).unwrap();
    let root = certificate(authorities, base);
    let root_key = Key::from_pem(&key(authorities, base)).unwrap();
    let validity = now() - 366 * DAY..now() - DAY;
    let certificate = current.renew(&own, &root, &root_key, validity, None);
    (certificate.unwrap(), pem)
}

/// Lets all certificates of a machine expire. `authorities` is a machine with the keys of the
/// authorities.
fn expire(tree: &Path, authorities: &Path) {
    for (base, authority) in LEAVES {
        if !pki(tree, &format!("{base}.crt")).exists() {
            continue;
        }
        let (certificate, key) = expired(&certificate(tree, base), authorities, authority);
        fs::write(pki(tree, &format!("{base}.crt")), certificate.to_pem()).unwrap();
        fs::write(pki(tree, &format!("{base}.key")), key.reveal()).unwrap();
    }
    for (name, (_, client)) in kubeconfigs(tree) {
        let (certificate, key) = expired(&client, authorities, "ca");
        let rotated = tree.join("var/lib/kubelet/pki/kubelet-client-current.pem");
        if name == "kubelet.conf" && rotated.exists() {
            let text = format!("{}{}", certificate.to_pem(), key.reveal());
            fs::write(rotated, text).unwrap();
            continue;
        }
        let path = tree.join("etc/kubernetes").join(&name);
        let text = fs::read_to_string(&path).unwrap();
        let kubeconfig = Kubeconfig::parse(&text, &name).unwrap();
        let authorities = fs::read_to_string(pki(tree, "ca.crt")).unwrap();
        let changed = kubeconfig.with_client(&certificate.to_pem(), &key, &authorities);
        fs::write(&path, changed.to_text().reveal()).unwrap();
    }
}

/// Checks that all certificates of a control plane are valid for a year.
fn expect_renewed(tree: &Path, case: &str) {
    let is_valid = |certificate: &Certificate| certificate.not_after() > now() + 300 * DAY;
    for (base, _) in LEAVES {
        assert!(is_valid(&certificate(tree, base)), "{base}: {case}");
    }
    let found = kubeconfigs(tree);
    for name in KUBECONFIGS.into_iter().chain(["kubelet.conf"]) {
        if let Some((_, client)) = found.get(name) {
            assert!(is_valid(client), "{name}: {case}");
        }
    }
}

/// Whether the cluster serves the machine: `diff` reads the cluster with the credentials of the
/// machine.
fn is_served(cluster: &Cluster, tree: &Path) -> bool {
    [0, 1].contains(&cluster.run(tree, "diff").status)
}

#[test]
fn certs_renew_all_brings_a_cluster_back_whose_certificates_expired_yesterday() {
    let cluster = Cluster::make();
    let (first, second) = (cluster.first(), cluster.machine("control-plane-2"));
    let worker = cluster.machine("worker-1");
    for tree in [&first, &second, &worker] {
        assert!(is_served(&cluster, tree), "{}", tree.display());
    }
    for tree in [&first, &second, &worker] {
        expire(tree, &first);
    }
    for tree in [&first, &second, &worker] {
        let output = cluster.run(tree, "diff");
        assert!(!is_served(&cluster, tree), "{}", output.printed());
    }
    for tree in [&first, &second] {
        let text = cluster.run(tree, "certs renew all").expect_success();
        assert!(
            text.contains("Error reading configuration from the Cluster. Falling back to default")
                || *tree == second,
            "{text}"
        );
        let words: Vec<&str> = text.split_whitespace().collect();
        let words = words.join(" ");
        for part in [
            "The client certificate of the kubelet has expired: signing it anew",
            "--client-name system:node:NAME",
        ] {
            assert!(words.contains(part), "{part}: {text}");
        }
        expect_renewed(tree, &text);
        assert!(is_served(&cluster, tree), "{text}");
    }
    // A further run does not change the kubelet.
    let text = cluster.run(&first, "certs renew all").expect_success();
    assert!(!text.contains("has expired"), "{text}");
    // The worker has nothing to sign with.
    let output = cluster.run(&worker, "diff");
    assert!(!is_served(&cluster, &worker), "{}", output.printed());
}

#[test]
fn kubeadm_leaves_the_certificate_of_the_kubelet_expired() {
    let cluster = Cluster::make();
    let first = cluster.first();
    expire(&first, &first);
    let kubelet = |tree: &Path| kubeconfigs(tree)["kubelet.conf"].1.to_pem();
    let before = kubelet(&first);
    let output = cluster.run(&first, "certs renew all --no-restart");
    output.expect_success();
    assert_eq!(before, kubelet(&first));
}
