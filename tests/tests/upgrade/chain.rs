//! `upgrade apply --to VERSION`: an upgrade over several minors.
use crate::{COMPONENTS, IGNORED, NEW, PROGRAM, image, rehearsed::rehearse};
use harness::{RunOutput, kubephase, run};
use serde_json::Value;
use std::{fs, path::Path};

const FROM: &str = "v1.34.0";

fn upgrade(tree: &Path, line: &str) -> RunOutput {
    run(kubephase(PROGRAM)
        .arg("upgrade")
        .args(line.split_whitespace())
        .arg("--root")
        .arg(tree))
}

#[test]
fn two_minors_are_two_parts_of_one_command() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    rehearse(&root, FROM, "").expect_success();
    let dry = upgrade(&root, &format!("apply --to v1.36 --dry-run {IGNORED}")).expect_success();
    assert_eq!(dry.matches("[upgrade/chain]").count(), 1, "{dry}");
    assert!(image(&root, "kube-apiserver").ends_with(FROM));
    let output = upgrade(&root, &format!("apply --to v1.36 --yes {IGNORED}")).expect_success();
    for line in [
        "[upgrade/chain] This part of the upgrade goes from \"v1.34.0\" to \"v1.35.6\"; then \
         follows v1.36.2",
        "A control plane node of your cluster was upgraded to \"v1.35.6\".",
        "[upgrade/chain] This part of the upgrade goes from \"v1.35.6\" to \"v1.36.2\"",
        "A control plane node of your cluster was upgraded to \"v1.36.2\".",
    ] {
        assert!(output.contains(line), "{line}\n{output}");
    }
    let next_step = "[upgrade] Now please proceed with upgrading the rest of the nodes";
    assert_eq!(output.matches(next_step).count(), 1, "{output}");
    assert!(output.find(next_step) > output.find("was upgraded to \"v1.36.2\""));
    for component in &COMPONENTS[1..] {
        assert!(image(&root, component).ends_with(NEW), "{component}");
    }
}

#[test]
fn other_machines_follow_between_the_minors() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    rehearse(&root, FROM, "--control-planes 2").expect_success();
    let line = format!("apply --to {NEW} --yes {IGNORED}");
    let output = upgrade(&root, &line);
    let text = format!("{}{}", output.stdout, output.stderr);
    assert_eq!(output.status, 1, "{text}");
    let expected = "Before v1.36.2, upgrade these machines to v1.35.6: control-plane-2. Run on \
                    each: kubephase upgrade node. Then run this command again";
    assert!(text.contains(expected), "{text}");
    assert!(image(&root, "kube-apiserver").ends_with("v1.35.6"));
    let second = root.join("nodes/control-plane-2");
    upgrade(&second, "node --ignore-preflight-errors=all").expect_success();
    upgrade(&root, &line).expect_success();
    assert!(image(&root, "kube-apiserver").ends_with(NEW));
    assert!(image(&second, "kube-apiserver").ends_with("v1.35.6"));
}

#[test]
fn a_target_that_cannot_be_reached_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    rehearse(&root, FROM, "").expect_success();
    for (line, expected) in [
        (
            "apply --to soon",
            "--to: could not parse \"vsoon\" as version",
        ),
        (
            "apply v1.35.6 --to v1.36",
            "name the version either as an argument or with --to",
        ),
        (
            "apply --to v1.33.0",
            "the cluster has v1.34.0 already, which is newer than v1.33.0; to go back to where \
             the last upgrade began, run kubephase upgrade rollback",
        ),
    ] {
        let output = upgrade(&root, &format!("{line} --yes {IGNORED}"));
        let text = format!("{}{}", output.stdout, output.stderr);
        assert_ne!(output.status, 0, "{line}: {text}");
        assert!(text.contains(expected), "{line}: {text}");
    }
    assert!(image(&root, "kube-apiserver").ends_with(FROM));
}

/// Returns the images that each upgrade in a tree pulled or found, in the order of the runs.
fn pulled_images(tree: &Path) -> Vec<Vec<String>> {
    let state = fs::read_dir(tree.join("var/lib/kubephase")).unwrap();
    let mut journals: Vec<_> = state.map(|entry| entry.unwrap().path()).collect();
    journals.retain(|path| path.display().to_string().contains("/journal-"));
    journals.sort();
    let images = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let of_upgrade = events.filter(|event: &Value| {
            event["phase"] == "preflight/images" && event["effect"]["kind"] == "image"
        });
        let mut images: Vec<String> = of_upgrade
            .map(|event| event["effect"]["target"].as_str().unwrap().to_owned())
            .collect();
        images.sort();
        images
    };
    journals.iter().map(images).collect()
}

/// Returns the images of a version, as `config images list` prints them.
fn images_of(version: &str) -> Vec<String> {
    let list = run(kubephase(PROGRAM)
        .args(["config", "images", "list", "--kubernetes-version"])
        .arg(version));
    let mut images: Vec<String> = list.expect_success().lines().map(str::to_owned).collect();
    images.sort();
    images
}

#[test]
fn each_part_pulls_and_runs_the_images_of_its_own_minor() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    rehearse(&root, FROM, "").expect_success();
    upgrade(&root, &format!("apply --to v1.36 --yes {IGNORED}")).expect_success();
    let pulled = pulled_images(&root);
    let [.., first, second] = pulled.as_slice() else {
        panic!("{pulled:?}");
    };
    let (between, last) = (images_of("v1.35.6"), images_of(NEW));
    assert_ne!(between, last);
    assert_eq!((first, second), (&between, &last));
    for component in COMPONENTS {
        let image = image(&root, component);
        assert!(last.contains(&image), "{image}: {last:?}");
    }
    // What ran between the parts is kept by the second part: the images of the first.
    let backups = crate::backups(&root, "kubeadm-backup-manifests-");
    let [_, second] = backups.as_slice() else {
        panic!("{backups:?}");
    };
    for component in &COMPONENTS[1..] {
        let text = fs::read_to_string(second.join(format!("{component}.yaml"))).unwrap();
        let pod: Value = serde_yaml::from_str(&text).unwrap();
        let image = pod["spec"]["containers"][0]["image"].as_str().unwrap();
        assert!(
            between.iter().any(|one| one == image),
            "{image}: {between:?}"
        );
    }
}

/// A component must not be two minors older than its API server, also if the part in which it was
/// to be upgraded was interrupted.
#[test]
fn a_part_that_was_interrupted_is_finished_before_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cluster");
    rehearse(&root, FROM, "").expect_success();
    let before = fs::read(root.join("etc/kubernetes/manifests/kube-scheduler.yaml")).unwrap();
    upgrade(&root, "apply phase control-plane v1.35.6").expect_success();
    // The run ended before it replaced the scheduler and stored the configuration.
    fs::write(
        root.join("etc/kubernetes/manifests/kube-scheduler.yaml"),
        before,
    )
    .unwrap();
    let output = upgrade(&root, &format!("apply --to v1.36 --yes {IGNORED}")).expect_success();
    for line in [
        "goes from \"v1.34.0\" to \"v1.35.6\"; then follows v1.36.2",
        "Moving new manifest to \"/etc/kubernetes/manifests/kube-scheduler.yaml\"",
        "goes from \"v1.35.6\" to \"v1.36.2\"",
    ] {
        assert!(output.contains(line), "{line}\n{output}");
    }
    for component in &COMPONENTS[1..] {
        assert!(image(&root, component).ends_with(NEW), "{component}");
    }
}
