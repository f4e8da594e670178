//! Commands about a running cluster, against the API server of a rehearsal: bootstrap tokens, and
//! kubeconfigs for others.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{Said, Served, kubephase, run, workspace};
use std::{fs, path::Path};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
const TOKEN: &str = "abcdef.0123456789abcdef";

/// A rehearsed cluster with an endpoint of its own and keys that are quickly made.
fn cluster(root: &Path) -> Served {
    let example = workspace().join("examples/single-node");
    let config = root.with_extension("yaml");
    let text = fs::read_to_string(example.join("cluster.yaml")).unwrap();
    fs::write(
        &config,
        text.replace(
            "networking:",
            "encryptionAlgorithm: ECDSA-P256\nnetworking:",
        ),
    )
    .unwrap();
    let mut rehearse = kubephase(PROGRAM);
    rehearse
        .arg("rehearse")
        .arg("--config")
        .arg(&config)
        .arg("--node")
        .arg(example.join("node.yaml"));
    Served::start(rehearse.arg("--serve").arg("--root").arg(root))
}

fn with(root: &Path, line: &str) -> Said {
    let mut command = kubephase(PROGRAM);
    command.args(line.split(' ')).env(
        "KUBECONFIG",
        root.join("var/lib/kubephase/serve/admin.conf"),
    );
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
        assert!(
            said.status != 0 && said.stdout.is_empty(),
            "{line}: {}",
            said.stdout
        );
        said.stderr
    };

    let dry = done(&format!("token create {TOKEN} --dry-run"));
    assert!(dry.starts_with(
        "[dryrun] Would perform action CREATE on resource \"secrets\" in API group \
             \"core/v1\"\n[dryrun] Attached object:\n"
    ));
    assert!(
        dry.contains("name: bootstrap-token-abcdef\n") && dry.ends_with(&format!("\n{TOKEN}\n")),
        "{dry}"
    );
    assert!(
        !done("token list").contains(TOKEN),
        "a dry run creates nothing"
    );

    assert_eq!(
        done(&format!(
            "token create {TOKEN} --ttl 0 --description mine --groups \
             system:bootstrappers:a,system:bootstrappers:b"
        )),
        format!("{TOKEN}\n")
    );
    assert!(
        refused(&format!("token create {TOKEN}"))
            .contains("a token with id \"abcdef\" already exists")
    );
    let mine = done("token list")
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
    assert!(done("token list -o json").contains(&format!(
        "\"token\": \"{TOKEN}\",\n    \"description\": \"mine\","
    )));

    let join = done("token create --print-join-command --ttl 1h");
    let words: Vec<&str> = join.split_whitespace().collect();
    assert!(
        words[..2] == ["kubeadm", "join"]
            && words[3] == "--token"
            && words[5] == "--discovery-token-ca-cert-hash",
        "{join}"
    );
    assert_eq!(words[6].len(), "sha256:".len() + 64, "{join}");
    assert!(
        done("token list").contains(words[4])
            && join.lines().count() == 1
            && !join.contains(['\t', '\\'])
    );
    let control_plane = done("token create --print-join-command --certificate-key 00ff");
    assert!(
        control_plane
            .trim_end()
            .ends_with("--control-plane --certificate-key 00ff"),
        "{control_plane}"
    );

    let dry = done("token delete abcdef --dry-run");
    let would = "[dryrun] Would perform action DELETE on resource \"secrets\" in API group \
        \"core/v1\"\n[dryrun] Resource name \"bootstrap-token-abcdef\", namespace \
        \"kube-system\"\n";
    assert_eq!(dry, format!("{would}bootstrap token \"abcdef\" deleted\n"));
    let id = words[4].split('.').next().unwrap();
    assert_eq!(
        done(&format!("token delete {TOKEN} {id}")),
        format!("bootstrap token \"abcdef\" deleted\nbootstrap token \"{id}\" deleted\n")
    );
    let rest = done("token list");
    assert!(!rest.contains(TOKEN) && !rest.contains(words[4]));
    assert!(refused("token delete abcdef").contains(
        "failed to delete bootstrap token \"abcdef\": secrets \"bootstrap-token-abcdef\" not found"
    ));
}

#[test]
fn tokens_of_a_file_are_created_all_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let root = &folder.path().join("root");
    let _server = cluster(root);
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
    assert_eq!(with(root, "token create bbbbbb.0000000000000000").status, 0);
    let said = with(root, &create);
    assert!(
        said.stderr.contains("\"bbbbbb\" already exists"),
        "{}",
        said.stderr
    );
    assert!(
        !with(root, "token list").stdout.contains(TOKEN),
        "the first was not created either"
    );
    assert_eq!(with(root, "token delete bbbbbb").status, 0);
    let said = with(root, &create);
    assert_eq!(
        (said.status, said.stdout.trim_end()),
        (0, TOKEN),
        "{}",
        said.stderr
    );
    let listed = with(root, "token list").stdout;
    assert!(
        listed.contains(TOKEN) && listed.contains("bbbbbb.0123456789abcdef"),
        "{listed}"
    );
    let mixed = with(root, &format!("{create} --ttl 1h --usages signing"));
    assert!(
        mixed
            .stderr
            .contains("can not mix '--config' with arguments [ttl usages]"),
        "{}",
        mixed.stderr
    );
}

#[test]
fn what_is_wrong_with_a_token_is_told_before_anything_is_asked() {
    let nowhere = tempfile::tempdir().unwrap();
    let pattern = r#""\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z""#;
    let id = r#""\\A([a-z0-9]{6})\\z""#;
    for (line, words) in [
        (
            "token create --certificate-key 00",
            "cannot use --certificate-key without --print-join-command".to_owned(),
        ),
        (
            "token delete",
            format!("missing argument; 'token delete' is missing token of form {pattern} or {id}"),
        ),
        (
            "token delete abcdef nope",
            format!("given token didn't match pattern {id} or {pattern}"),
        ),
        (
            "token list -o xml",
            "unable to match a printer suitable for the output format \"xml\"".into(),
        ),
        ("token list", "failed to load kubeconfig: open ".into()),
    ] {
        let said = with(nowhere.path(), line);
        assert!(
            said.status != 0 && said.stderr.contains(&words),
            "{line}: {}",
            said.stderr
        );
    }
}

/// The kubeconfig is for whom it says, and the cluster it was made for takes it.
#[test]
fn kubeconfigs_for_others_are_signed_by_the_authority() {
    let folder = tempfile::tempdir().unwrap();
    let root = &folder.path().join("root");
    let server = cluster(root);
    drop(server);
    let config = folder.path().join("config.yaml");
    let pki = root.join("etc/kubernetes/pki");
    fs::write(
        &config,
        format!(
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: \
        ClusterConfiguration\nkubernetesVersion: v1.36.2\ncertificatesDir: \
        {}\ncontrolPlaneEndpoint: cluster.example:6443\nencryptionAlgorithm: \
        ECDSA-P256\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: \
        InitConfiguration\nlocalAPIEndpoint: {{advertiseAddress: 192.0.2.2}}\n",
            pki.display()
        ),
    )
    .unwrap();
    let user = |more: &str| {
        with(
            root,
            &format!(
                "kubeconfig user --client-name ada --config {}{more}",
                config.display()
            ),
        )
    };
    let said = user(" --org devs,ops --validity-period 9000h");
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(
        said.stderr.contains(
            "WARNING: the specified certificate validity period 9000h0m0s is \
        longer than the default duration 8760h0m0s, this may increase security risks."
        ),
        "{}",
        said.stderr
    );
    for part in [
        "server: https://cluster.example:6443\n",
        "current-context: ada@kubernetes\n",
        "client-certificate-data: ",
        "client-key-data: ",
    ] {
        assert!(said.stdout.contains(part), "no {part:?} in {}", said.stdout);
    }
    assert!(said.stdout.ends_with("\n\n"));
    let token = user(" --token abc");
    assert!(
        token.status == 0
            && token.stdout.contains("    token: abc\n")
            && !token.stdout.contains("client-key-data"),
        "{}",
        token.stdout
    );
    fs::remove_file(pki.join("ca.key")).unwrap();
    let said = user(" --token abc");
    assert!(
        said.status == 1 && said.stdout.is_empty(),
        "{}",
        said.stdout
    );
    assert!(
        said.stderr.contains(
            "the CA files do not exist, please run `kubeadm init phase certs ca` to generate it"
        ),
        "{}",
        said.stderr
    );
}
