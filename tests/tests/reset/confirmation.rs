//! Resets that are not confirmed, or not valid.
use crate::{files, reset, tree};
use std::fs;

#[test]
fn a_reset_that_is_not_confirmed_or_not_valid_changes_nothing() {
    let (_folder, root) = tree();
    let before = files(&root.join("etc")).len();
    for (line, exit, words) in [
        (
            "",
            1,
            "won't proceed; the user didn't answer (Y|y) in order to continue",
        ),
        ("-o json", 2, "add --force"),
        ("--dry-run", 0, ""),
        (
            "--force --cert-dir relative",
            3,
            "certificatesDir: Invalid value: \"relative\": path is not absolute",
        ),
        ("--force --skip-phases nope", 2, "invalid phase name: nope"),
    ] {
        let output = reset(&root, line);
        assert_eq!(output.status, exit, "{line}: {}", output.stderr);
        assert!(output.stderr.contains(words), "{line}: {}", output.stderr);
        assert_eq!(files(&root.join("etc")).len(), before, "{line}");
    }
    let config = root.with_extension("reset.yaml");
    fs::write(
        &config,
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ResetConfiguration\nforce: \
        true\nskipPhases: [cleanup-node]\n",
    )
    .unwrap();
    let mixed = reset(&root, &format!("--config {} --force", config.display()));
    assert!(
        mixed
            .stderr
            .contains("can not mix '--config' with arguments [force]"),
        "{}",
        mixed.stderr
    );
    let output = reset(&root, &format!("--config {}", config.display()));
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert_eq!(
        files(&root.join("etc")).len(),
        before,
        "cleanup-node was left out"
    );
}
