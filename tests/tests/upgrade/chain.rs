//! `upgrade apply --to VERSION`: an upgrade over several minors.
use crate::{COMPONENTS, IGNORED, NEW, PROGRAM, image, rehearsed::rehearse};
use harness::{RunOutput, kubephase, run};
use std::path::Path;

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
