//! What `kubeadm` refuses, and the words that it has for it.
use crate::Callers;

/// A kubeconfig whose server refuses connections.
const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\nclusters: [{name: hill, cluster: {server: \
    'https://127.0.0.1:1', insecure-skip-tls-verify: true}}]\nusers: [{name: ann, user: {token: \
    abc}}]\ncontexts: [{name: day, context: {cluster: hill, user: ann}}]\ncurrent-context: day\n";

const NOTHING_GIVEN: &str = "failed to create API client configuration from kubeconfig: invalid \
    configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment \
    variable\n";

/// Calls the command, which fails and prints nothing to standard output. Returns the text of the
/// error.
fn refusal(callers: &Callers, line: &str) -> String {
    let output = callers.call(line);
    assert_eq!(output.status, 1, "{line}: {}", output.stderr);
    assert_eq!(output.stdout, "", "{line}");
    let (_, error) = output.stderr.split_once("error: ").unwrap_or_default();
    error.to_owned()
}

#[test]
fn a_kubeconfig_that_leads_to_no_server_is_refused_before_anything_else() {
    let callers = Callers::with_link();
    callers.write("blank.conf", "");
    callers.write(
        "open.conf",
        &KUBECONFIG.replace("current-context: day\n", ""),
    );
    for file in ["blank.conf", "open.conf"] {
        for line in [
            "token list -o nonsense",
            "token create --groups nonsense",
            "token create --dry-run",
            "token delete nonsense",
            "token delete --dry-run abcdef",
        ] {
            let error = refusal(&callers, &format!("{line} --kubeconfig {file}"));
            assert!(error.starts_with(NOTHING_GIVEN), "{line} {file}: {error}");
        }
        for command in ["plan", "apply v1.36.2", "node"] {
            let error = refusal(&callers, &format!("upgrade {command} --kubeconfig {file}"));
            assert!(
                error.starts_with("couldn't create a Kubernetes client from file ")
                    && error.contains(NOTHING_GIVEN),
                "{command} {file}: {error}"
            );
        }
    }
    callers.write(
        "lost.conf",
        &KUBECONFIG.replace("context: day", "context: night"),
    );
    let error = refusal(&callers, "token list --kubeconfig lost.conf");
    assert!(
        error.contains(
            "invalid configuration: [context was not found for specified context: night, cluster \
             has no server defined]\n"
        ),
        "{error}"
    );
    callers.write("usable.conf", KUBECONFIG);
    let error = refusal(&callers, "token delete nonsense --kubeconfig usable.conf");
    assert!(error.starts_with("given token didn't match"), "{error}");
}

#[test]
fn files_that_do_not_exist_are_named_in_gos_words() {
    let callers = Callers::with_link();
    for line in [
        "config validate --config gone.yaml",
        "config migrate --old-config gone.yaml",
        "config images list --config gone.yaml",
        "certs generate-csr --config gone.yaml --cert-dir a --kubeconfig-dir b",
    ] {
        let error = refusal(&callers, line);
        assert!(
            error.contains(
                "read config from \"gone.yaml\" : open gone.yaml: no such file or directory"
            ) || error.contains("open gone.yaml: no such file or directory"),
            "{line}: {error}"
        );
    }
    let error = refusal(&callers, "version --rootfs /gone/for/ever");
    assert!(
        error.starts_with("unable to chroot to /gone/for/ever: "),
        "{error}"
    );
}

#[test]
fn a_container_runtime_that_does_not_answer_ends_a_pull_before_the_first_image() {
    let callers = Callers::with_link();
    let error = refusal(
        &callers,
        "config images pull --kubernetes-version v1.36.2 --cri-socket unix:///gone/cri.sock",
    );
    assert!(
        error.contains(
            "failed to create new CRI runtime service: validate service connection: validate CRI \
             v1 runtime API for endpoint \"unix:///gone/cri.sock\": rpc error: code = Unavailable \
             desc = connection error: desc = \"transport: Error while dialing: dial unix \
             /gone/cri.sock: connect: no such file or directory\""
        ),
        "{error}"
    );
    assert!(!error.contains("kube-apiserver"), "{error}");
}

#[test]
fn an_authority_that_is_missing_or_damaged_is_named_in_kubeadms_words() {
    let callers = Callers::with_link();
    let folder = callers
        .write("cluster.yaml", "")
        .parent()
        .unwrap()
        .to_owned();
    callers.write(
        "cluster.yaml",
        &format!(
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: \
             v1.36.2\ncertificatesDir: {}\n",
            folder.display()
        ),
    );
    let line = "kubeconfig user --client-name ann --config cluster.yaml";
    let (begin, path) = (
        "couldn't create a kubeconfig; the CA files couldn't be loaded: failed to load \
         certificate: couldn't load the certificate file ",
        folder.join("ca.crt").display().to_string(),
    );
    let error = refusal(&callers, line);
    let missing = format!("{begin}{path}: open {path}: no such file or directory\n");
    assert!(error.starts_with(&missing), "{error}");
    callers.write("ca.crt", "nothing");
    let error = refusal(&callers, line);
    let damaged =
        format!("{begin}{path}: error reading {path}: data does not contain any valid RSA");
    assert!(error.starts_with(&damaged), "{error}");
}

/// kubeadm reads the names of phases only when the run begins.
#[test]
fn config_validate_does_not_look_at_the_names_of_phases() {
    let callers = Callers::with_link();
    callers.write(
        "init.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nskipPhases: [nonsense]\n",
    );
    let output = callers.call("config validate --config init.yaml");
    assert_eq!(
        (output.status, output.stdout.as_str()),
        (0, "ok\n"),
        "{}",
        output.stderr
    );
    let error = refusal(
        &callers,
        "init --config init.yaml --dry-run --ignore-preflight-errors=all",
    );
    assert!(error.starts_with("invalid phase name: nonsense"), "{error}");
}

/// Only commands that run checks look at the names of ignored checks.
#[test]
fn options_of_a_run_do_not_disturb_commands_that_read_the_file() {
    let callers = Callers::with_link();
    callers.write(
        "init.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\ndryRun: true\n\
         nodeRegistration: {ignorePreflightErrors: [all, Swap]}\n",
    );
    let images = callers.call("config images list --config init.yaml");
    assert_eq!(images.status, 0, "{}", images.stderr);
    let migrated = callers.call("config migrate --old-config init.yaml");
    assert!(
        migrated.stdout.contains("\ndryRun: true\n") && migrated.stdout.contains("\n  - Swap\n"),
        "{}",
        migrated.stdout
    );
    let error = refusal(
        &callers,
        "init --dry-run --config init.yaml --skip-phases preflight",
    );
    assert!(
        error.contains("don't specify individual checks if 'all' is used"),
        "{error}"
    );
}
