//! Bootstrap tokens of a running cluster: the API server of a rehearsal.
#![allow(clippy::disallowed_methods, reason = "tests look at files and run programs")]
use harness::{Said, Served, kubephase, run, workspace};
use std::{fs, path::Path};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
const TOKEN: &str = "abcdef.0123456789abcdef";

/// A rehearsed cluster with an endpoint of its own and keys that are quickly made.
fn cluster(root: &Path) -> Served {
    let example = workspace().join("examples/single-node");
    let config = root.with_extension("yaml");
    let text = fs::read_to_string(example.join("cluster.yaml")).unwrap();
    fs::write(&config, text.replace("networking:", "encryptionAlgorithm: ECDSA-P256\nnetworking:")).unwrap();
    let mut rehearse = kubephase(PROGRAM);
    rehearse.arg("rehearse").arg("--config").arg(&config).arg("--node").arg(example.join("node.yaml"));
    Served::start(rehearse.arg("--serve").arg("--root").arg(root))
}

fn with(root: &Path, line: &str) -> Said {
    let mut command = kubephase(PROGRAM);
    command.args(line.split(' ')).env("KUBECONFIG", root.join("var/lib/kubephase/serve/admin.conf"));
    run(&mut command)
}

#[test]
fn tokens_are_created_listed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let root = &folder.path().join("root");
    let _server = cluster(root);
    let done = |line: &str| {
        let said = with(root, line);
        assert_eq!(said.status, 0, "{line}: {}", said.stderr);
        said.stdout
    };
    let refused = |line: &str| {
        let said = with(root, line);
        assert!(said.status != 0 && said.stdout.is_empty(), "{line}: {}", said.stdout);
        said.stderr
    };

    let dry = done(&format!("token create {TOKEN} --dry-run"));
    assert!(
        dry.starts_with(
            "[dryrun] Would perform action CREATE on resource \"secrets\" in API group \"core/v1\"\n[dryrun] Attached object:\n"
        )
    );
    assert!(dry.contains("name: bootstrap-token-abcdef\n") && dry.ends_with(&format!("\n{TOKEN}\n")), "{dry}");
    assert!(!done("token list").contains(TOKEN), "a dry run creates nothing");

    assert_eq!(
        done(&format!("token create {TOKEN} --ttl 0 --description mine --groups system:bootstrappers:a,system:bootstrappers:b")),
        format!("{TOKEN}\n")
    );
    assert!(refused(&format!("token create {TOKEN}")).contains("a token with id \"abcdef\" already exists"));
    let mine = done("token list").lines().find(|line| line.starts_with(TOKEN)).expect("it is listed").to_owned();
    let cells: Vec<&str> = mine.split_whitespace().collect();
    assert_eq!(cells, [TOKEN, "<forever>", "<never>", "authentication,signing", "mine", "system:bootstrappers:a,system:bootstrappers:b"]);
    assert!(done("token list -o json").contains(&format!("\"token\": \"{TOKEN}\",\n    \"description\": \"mine\",")));

    let join = done("token create --print-join-command --ttl 1h");
    let words: Vec<&str> = join.split_whitespace().collect();
    assert!(words[..2] == ["kubeadm", "join"] && words[3] == "--token" && words[5] == "--discovery-token-ca-cert-hash", "{join}");
    assert_eq!(words[6].len(), "sha256:".len() + 64, "{join}");
    assert!(done("token list").contains(words[4]) && join.lines().count() == 1 && !join.contains(['\t', '\\']));
    let control_plane = done("token create --print-join-command --certificate-key 00ff");
    assert!(control_plane.trim_end().ends_with("--control-plane --certificate-key 00ff"), "{control_plane}");

    let dry = done("token delete abcdef --dry-run");
    let would = "[dryrun] Would perform action DELETE on resource \"secrets\" in API group \"core/v1\"\n[dryrun] Resource name \"bootstrap-token-abcdef\", namespace \"kube-system\"\n";
    assert_eq!(dry, format!("{would}bootstrap token \"abcdef\" deleted\n"));
    let id = words[4].split('.').next().unwrap();
    assert_eq!(
        done(&format!("token delete {TOKEN} {id}")),
        format!("bootstrap token \"abcdef\" deleted\nbootstrap token \"{id}\" deleted\n")
    );
    let rest = done("token list");
    assert!(!rest.contains(TOKEN) && !rest.contains(words[4]));
    assert!(
        refused("token delete abcdef")
            .contains("failed to delete bootstrap token \"abcdef\": secrets \"bootstrap-token-abcdef\" not found")
    );
}

#[test]
fn tokens_of_a_file_are_created_all_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let root = &folder.path().join("root");
    let _server = cluster(root);
    let file = folder.path().join("tokens.yaml");
    let entries = [TOKEN, "bbbbbb.0123456789abcdef"].map(|token| format!("- {{token: {token}, ttl: 2h}}\n")).concat();
    fs::write(&file, format!("apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: {{advertiseAddress: 192.0.2.2}}\nbootstrapTokens:\n{entries}")).unwrap();
    let create = format!("token create --config {}", file.display());
    assert_eq!(with(root, "token create bbbbbb.0000000000000000").status, 0);
    let said = with(root, &create);
    assert!(said.stderr.contains("\"bbbbbb\" already exists"), "{}", said.stderr);
    assert!(!with(root, "token list").stdout.contains(TOKEN), "the first was not created either");
    assert_eq!(with(root, "token delete bbbbbb").status, 0);
    let said = with(root, &create);
    assert_eq!((said.status, said.stdout.trim_end()), (0, TOKEN), "{}", said.stderr);
    let listed = with(root, "token list").stdout;
    assert!(listed.contains(TOKEN) && listed.contains("bbbbbb.0123456789abcdef"), "{listed}");
    let mixed = with(root, &format!("{create} --ttl 1h --usages signing"));
    assert!(mixed.stderr.contains("can not mix '--config' with arguments [ttl usages]"), "{}", mixed.stderr);
}

#[test]
fn what_is_wrong_with_a_token_is_told_before_anything_is_asked() {
    let nowhere = tempfile::tempdir().unwrap();
    let pattern = r#""\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z""#;
    let id = r#""\\A([a-z0-9]{6})\\z""#;
    for (line, words) in [
        ("token create --certificate-key 00", "cannot use --certificate-key without --print-join-command".to_owned()),
        ("token delete", format!("missing argument; 'token delete' is missing token of form {pattern} or {id}")),
        ("token delete abcdef nope", format!("given token didn't match pattern {id} or {pattern}")),
        ("token list -o xml", "unable to match a printer suitable for the output format \"xml\"".into()),
        ("token list", "failed to load kubeconfig: open ".into()),
    ] {
        let said = with(nowhere.path(), line);
        assert!(said.status != 0 && said.stderr.contains(&words), "{line}: {}", said.stderr);
    }
}
