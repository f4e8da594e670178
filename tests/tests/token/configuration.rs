//! Tokens of a configuration file.
use crate::{TOKEN, run_as_admin, serve_cluster};
use std::fs;

#[test]
fn tokens_of_a_file_are_created_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let root = &folder.path().join("root");
    let _server = serve_cluster(root);
    let file = folder.path().join("tokens.yaml");
    let entries = [TOKEN, "bbbbbb.0123456789abcdef"]
        .map(|token| format!("- {{token: {token}, ttl: 2h}}\n"))
        .concat();
    fs::write(
        &file,
        format!(
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: \
        InitConfiguration\nlocalAPIEndpoint: {{advertiseAddress: \
        192.0.2.2}}\nbootstrapTokens:\n{entries}"
        ),
    )
    .unwrap();
    let create = format!("token create --config {}", file.display());
    assert_eq!(
        run_as_admin(root, "token create bbbbbb.0000000000000000").status,
        0
    );
    let output = run_as_admin(root, &create);
    assert!(
        output.stderr.contains("\"bbbbbb\" already exists"),
        "{}",
        output.stderr
    );
    assert!(
        !run_as_admin(root, "token list").stdout.contains(TOKEN),
        "the first was not created either"
    );
    assert_eq!(run_as_admin(root, "token delete bbbbbb").status, 0);
    let output = run_as_admin(root, &create);
    assert_eq!(
        (output.status, output.stdout.trim_end()),
        (0, TOKEN),
        "{}",
        output.stderr
    );
    let listed = run_as_admin(root, "token list").stdout;
    assert!(
        listed.contains(TOKEN) && listed.contains("bbbbbb.0123456789abcdef"),
        "{listed}"
    );
}
