//! Bootstrap tokens: created, listed and deleted.
use crate::{TOKEN, fail, run_as_admin, serve_cluster};
use std::path::Path;

#[test]
fn tokens_are_created_listed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let root = &folder.path().join("root");
    let _server = serve_cluster(root);
    expect_dry_run(root);
    expect_listed_token(root);
    let token = expect_join_command(root);
    expect_deletion(root, &token);
}

/// Runs a command that has to succeed. Returns its output.
pub fn succeed(root: &Path, line: &str) -> String {
    let output = run_as_admin(root, line);
    assert_eq!(output.status, 0, "{line}: {}", output.stderr);
    output.stdout
}

/// Expects that `token create --dry-run` shows the Secret and creates nothing.
fn expect_dry_run(root: &Path) {
    let dry = succeed(root, &format!("token create {TOKEN} --dry-run"));
    assert!(dry.starts_with(
        "[dryrun] Would perform action CREATE on resource \"secrets\" in API group \
             \"core/v1\"\n[dryrun] Attached object:\n"
    ));
    assert!(
        dry.contains("name: bootstrap-token-abcdef\n") && dry.ends_with(&format!("\n{TOKEN}\n")),
        "{dry}"
    );
    assert!(
        !succeed(root, "token list").contains(TOKEN),
        "a dry run creates nothing"
    );
}

/// Expects that `token list` shows a created token with its description and groups.
fn expect_listed_token(root: &Path) {
    assert_eq!(
        succeed(
            root,
            &format!(
                "token create {TOKEN} --ttl 0 --description mine --groups \
             system:bootstrappers:a,system:bootstrappers:b"
            )
        ),
        format!("{TOKEN}\n")
    );
    assert!(
        fail(root, &format!("token create {TOKEN}"))
            .contains("a token with id \"abcdef\" already exists")
    );
    let mine = succeed(root, "token list")
        .lines()
        .find(|line| line.starts_with(TOKEN))
        .expect("it is listed")
        .to_owned();
    let cells: Vec<&str> = mine.split_whitespace().collect();
    assert_eq!(
        cells,
        [
            TOKEN,
            "<forever>",
            "<never>",
            "authentication,signing",
            "mine",
            "system:bootstrappers:a,system:bootstrappers:b"
        ]
    );
    assert!(succeed(root, "token list -o json").contains(&format!(
        "\"token\": \"{TOKEN}\",\n    \"description\": \"mine\","
    )));
}

/// Expects that `token create --print-join-command` prints a line with a new token. Returns the
/// token.
fn expect_join_command(root: &Path) -> String {
    let join = succeed(root, "token create --print-join-command --ttl 1h");
    let words: Vec<&str> = join.split_whitespace().collect();
    assert!(
        words[..2] == ["kubeadm", "join"]
            && words[3] == "--token"
            && words[5] == "--discovery-token-ca-cert-hash",
        "{join}"
    );
    assert_eq!(words[6].len(), "sha256:".len() + 64, "{join}");
    assert!(
        succeed(root, "token list").contains(words[4])
            && join.lines().count() == 1
            && !join.contains(['\t', '\\'])
    );
    let control_plane = succeed(
        root,
        "token create --print-join-command --certificate-key 00ff",
    );
    assert!(
        control_plane
            .trim_end()
            .ends_with("--control-plane --certificate-key 00ff"),
        "{control_plane}"
    );
    words[4].to_owned()
}

/// Expects that `token delete` takes tokens and ids, and that a dry run deletes nothing.
fn expect_deletion(root: &Path, token: &str) {
    let dry = succeed(root, "token delete abcdef --dry-run");
    let would = "[dryrun] Would perform action DELETE on resource \"secrets\" in API group \
        \"core/v1\"\n[dryrun] Resource name \"bootstrap-token-abcdef\", namespace \
        \"kube-system\"\n";
    assert_eq!(dry, format!("{would}bootstrap token \"abcdef\" deleted\n"));
    let id = token.split('.').next().unwrap();
    assert_eq!(
        succeed(root, &format!("token delete {TOKEN} {id}")),
        format!("bootstrap token \"abcdef\" deleted\nbootstrap token \"{id}\" deleted\n")
    );
    let rest = succeed(root, "token list");
    assert!(!rest.contains(TOKEN) && !rest.contains(token));
    assert!(fail(root, "token delete abcdef").contains(
        "failed to delete bootstrap token \"abcdef\": secrets \"bootstrap-token-abcdef\" not found"
    ));
}
