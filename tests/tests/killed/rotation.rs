//! A `certs rotate-ca` that is killed, in each of its stages.
use crate::{
    PROGRAM,
    journal::{count_effects, count_kills, journals, kill_at_effect},
};
use harness::{
    RehearsedCluster, copy_tree, kubephase, run,
    trust::{authorities, certificate, kubeconfigs},
    workspace,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const STAGES: [&str; 3] = ["trust", "reissue", "drop"];

/// A cluster of one machine, before each stage and after the last one.
struct Exchange {
    folder: tempfile::TempDir,
}

impl Exchange {
    fn prepare() -> Exchange {
        let exchange = Exchange {
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
            run(&mut rotate(&exchange.before(index + 1), stage)).expect_success();
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
        forget_journals(&root);
        let mut command = rotate(&root, stage);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if !kill_at_effect(&mut child, &root, effect) {
            return false;
        }
        let output = run(&mut rotate(&root, stage));
        let text = format!("{case}: {}{}", output.stdout, output.stderr);
        // The run may have been killed after everything was done.
        let is_over = stage == "drop" && text.contains("the exchange is over on this node");
        assert!(output.status == 0 || is_over, "{text}");
        expect_stage(&root, &self.before(index + 1), stage, &text);
        true
    }
}

fn rotate(root: &Path, stage: &str) -> Command {
    let mut command = kubephase(PROGRAM);
    command
        .args(["certs", "rotate-ca", "--stage", stage, "--root"])
        .arg(root);
    command
}

/// Removes the journals, so that only those of the next run are watched.
fn forget_journals(root: &Path) {
    journals(root)
        .iter()
        .for_each(|path| fs::remove_file(path).unwrap());
}

/// Checks that a machine is as an undisturbed run of the stage leaves it.
fn expect_stage(root: &Path, undisturbed: &Path, stage: &str, case: &str) {
    assert_eq!(names(root), names(undisturbed), "{case}");
    let (trusted, wanted) = (authorities(root), authorities(undisturbed));
    assert_eq!(trusted.len(), wanted.len(), "{case}");
    // The first authority of ca.crt is the one that signs.
    let signer = &trusted[0];
    for base in ["apiserver", "apiserver-kubelet-client"] {
        assert!(certificate(root, base).chains_to(signer), "{case}");
    }
    for (name, (of_kubeconfig, client)) in kubeconfigs(root) {
        assert!(client.chains_to(signer), "{name}: {case}");
        assert_eq!(of_kubeconfig.len(), trusted.len(), "{name}: {case}");
        assert!(
            of_kubeconfig.iter().all(|one| trusted.contains(one)),
            "{name}: {case}"
        );
    }
    let key = fs::read_to_string(root.join("etc/kubernetes/pki/ca.key")).unwrap();
    let key = kubephase::pki::Key::from_pem(&kubephase::secret::Secret::new(key)).unwrap();
    assert!(signer.is_for(&key), "{case}");
    let recorded = |tree: &Path| {
        let state = RehearsedCluster::read(tree);
        let annotations = &state.objects("/nodes")["control-plane-1"]["metadata"]["annotations"];
        let text = annotations["kubephase.dev/trusted-authorities"].as_str();
        text.unwrap_or_default().split(',').count()
    };
    assert_eq!(recorded(root), recorded(undisturbed), "{case}");
    let read = |tree: &Path| {
        let path = "etc/kubernetes/manifests/kube-controller-manager.yaml";
        fs::read_to_string(tree.join(path)).unwrap()
    };
    assert_eq!(read(root), read(undisturbed), "{stage}: {case}");
}

/// Returns the files below the directory of kubernetes, sorted.
fn names(root: &Path) -> Vec<PathBuf> {
    crate::files::files(root).into_keys().collect()
}

#[test]
fn an_exchange_of_the_authority_that_is_killed_at_any_effect_is_continued() {
    let exchange = Exchange::prepare();
    let kills = exchange.kills();
    assert!(kills.len() > 30, "{kills:?}");
    let killed = count_kills(&kills, |kill| exchange.survives(*kill));
    assert!(
        killed * 10 > kills.len() * 8,
        "{killed} of {} runs were killed",
        kills.len()
    );
}
