//! A `certs rotate-ca` that is killed, in each of its stages.
use crate::{
    PROGRAM,
    journal::{count_effects, count_kills, journals, kill_at_effect, remove_journals},
};
use harness::{
    RehearsedCluster, copy_tree, kubephase, run,
    trust::{ETCD_CERTIFICATES, authorities_of, certificate, kubeconfigs},
    workspace,
};
use kubephase::pki::Certificate;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const STAGES: [&str; 3] = ["trust", "reissue", "drop"];

/// An authority that is exchanged.
struct Authority {
    name: &'static str,
    base: &'static str,
    /// certificates that it signs
    leaves: &'static [&'static str],
    /// a static Pod that is restarted
    component: &'static str,
    /// the annotation of the Node with the authorities that the node trusts
    record: &'static str,
}

const CA: Authority = Authority {
    name: "ca",
    base: "ca",
    leaves: &["apiserver", "apiserver-kubelet-client"],
    component: "kube-controller-manager",
    record: "kubephase.dev/trusted-authorities",
};

const FRONT_PROXY: Authority = Authority {
    name: "front-proxy-ca",
    base: "front-proxy-ca",
    leaves: &["front-proxy-client"],
    component: "kube-apiserver",
    record: "kubephase.dev/trusted-front-proxy-authorities",
};

const ETCD: Authority = Authority {
    name: "etcd-ca",
    base: "etcd/ca",
    leaves: &ETCD_CERTIFICATES,
    component: "etcd",
    record: "kubephase.dev/trusted-etcd-authorities",
};

/// A cluster of one machine, before each stage and after the last one.
struct Exchange {
    authority: Authority,
    folder: tempfile::TempDir,
}

impl Exchange {
    fn prepare(authority: Authority) -> Exchange {
        let exchange = Exchange {
            authority,
            folder: tempfile::tempdir().unwrap(),
        };
        run(kubephase(PROGRAM)
            .args(["rehearse", "--config"])
            .arg(workspace().join("examples/ha/cluster.yaml"))
            .arg("--root")
            .arg(exchange.before(0)))
        .expect_success();
        for (index, stage) in STAGES.iter().enumerate() {
            copy_tree(&exchange.before(index), &exchange.before(index + 1)).unwrap();
            let command = &mut exchange.rotate(&exchange.before(index + 1), stage);
            run(command).expect_success();
        }
        exchange
    }

    /// Returns the tree before the stage of this index.
    fn before(&self, index: usize) -> PathBuf {
        self.folder.path().join(index.to_string())
    }

    /// Returns every effect of every stage.
    fn kills(&self) -> Vec<(usize, usize)> {
        let stages = 0..STAGES.len();
        stages
            .flat_map(|index| {
                let journal = journals(&self.before(index + 1)).pop().unwrap();
                let effects = count_effects(&fs::read_to_string(journal).unwrap());
                (1..=effects).map(move |effect| (index, effect))
            })
            .collect()
    }

    /// Kills a stage at an effect and runs it again. Returns `false` if it ended before the kill.
    fn survives(&self, (index, effect): (usize, usize)) -> bool {
        let stage = STAGES[index];
        let case = format!("{stage}, killed at effect {effect}");
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        copy_tree(&self.before(index), &root).unwrap();
        remove_journals(&root);
        if !kill_at_effect(&mut self.rotate(&root, stage), &root, effect) {
            return false;
        }
        let output = run(&mut self.rotate(&root, stage));
        let text = format!("{case}: {}{}", output.stdout, output.stderr);
        // The run may have been killed after everything was done.
        let is_over = stage == "drop" && text.contains("the exchange is over on this node");
        assert!(output.status == 0 || is_over, "{text}");
        self.expect_stage(&root, &self.before(index + 1), stage, &text);
        true
    }

    fn rotate(&self, root: &Path, stage: &str) -> Command {
        let mut command = kubephase(PROGRAM);
        command
            .args(["certs", "rotate-ca", self.authority.name])
            .args(["--stage", stage, "--root"])
            .arg(root);
        command
    }

    /// Checks that a machine is as an undisturbed run of the stage leaves it.
    fn expect_stage(&self, root: &Path, undisturbed: &Path, stage: &str, case: &str) {
        let Authority {
            base,
            leaves,
            component,
            record,
            ..
        } = self.authority;
        assert_eq!(names(root), names(undisturbed), "{case}");
        let [trusted, wanted] = [root, undisturbed].map(|tree| authorities_of(tree, base));
        assert_eq!(trusted.len(), wanted.len(), "{case}");
        // The first authority of the file is the one that signs.
        let signer = &trusted[0];
        for leaf in leaves {
            assert!(certificate(root, leaf).chains_to(signer), "{leaf}: {case}");
        }
        if base == CA.base {
            expect_kubeconfigs(root, &trusted, case);
        }
        let key = root.join(format!("etc/kubernetes/pki/{base}.key"));
        let key = kubephase::secret::Secret::new(fs::read_to_string(key).unwrap());
        let key = kubephase::pki::Key::from_pem(&key).unwrap();
        assert!(signer.belongs_to(&key), "{case}");
        let recorded = |tree: &Path| {
            let state = RehearsedCluster::read(tree);
            let node = state.objects("/nodes")["control-plane-1"];
            let text = node["metadata"]["annotations"][record].as_str();
            text.unwrap_or_default().split(',').count()
        };
        assert_eq!(recorded(root), recorded(undisturbed), "{case}");
        let read = |tree: &Path| {
            let path = format!("etc/kubernetes/manifests/{component}.yaml");
            fs::read_to_string(tree.join(path)).unwrap()
        };
        assert_eq!(read(root), read(undisturbed), "{stage}: {case}");
    }
}

/// Checks that all kubeconfigs trust these authorities, and that the first has signed their
/// certificates.
fn expect_kubeconfigs(root: &Path, trusted: &[Certificate], case: &str) {
    for (name, (of_kubeconfig, client)) in kubeconfigs(root) {
        assert!(client.chains_to(&trusted[0]), "{name}: {case}");
        assert_eq!(of_kubeconfig.len(), trusted.len(), "{name}: {case}");
        assert!(
            of_kubeconfig.iter().all(|one| trusted.contains(one)),
            "{name}: {case}"
        );
    }
}

/// Returns the files below the directory of kubernetes, sorted.
fn names(root: &Path) -> Vec<PathBuf> {
    harness::node_files(root).into_keys().collect()
}

/// Kills the exchange of an authority at each effect of each stage.
fn kill_at_each_effect(authority: Authority, least: usize) {
    let exchange = Exchange::prepare(authority);
    let kills = exchange.kills();
    assert!(kills.len() > least, "{kills:?}");
    let killed = count_kills(&kills, |kill| exchange.survives(*kill));
    assert!(
        killed * 10 > kills.len() * 8,
        "{killed} of {} runs were killed",
        kills.len()
    );
}

#[test]
fn an_exchange_of_the_authority_that_is_killed_at_any_effect_is_continued() {
    kill_at_each_effect(CA, 30);
}

#[test]
fn an_exchange_of_the_front_proxy_that_is_killed_at_any_effect_is_continued() {
    kill_at_each_effect(FRONT_PROXY, 15);
}

#[test]
fn an_exchange_of_the_authority_of_etcd_that_is_killed_at_any_effect_is_continued() {
    kill_at_each_effect(ETCD, 20);
}
