use super::*;
use kubephase_wit::Failure;

const USABLE: &str = "apiVersion: v1\nkind: Config\nclusters:\n- name: hill\n  cluster: {server: \
    'https://192.0.2.7:6443'}\nusers:\n- name: ann\n  user: {token: abc}\ncontexts:\n- name: \
    day\n  context: {cluster: hill, user: ann}\ncurrent-context: day\n";

fn problem_of(text: &str) -> Option<KubeconfigProblem> {
    let read = |path: &str| -> Result<Vec<u8>, Failure> {
        match path {
            "/there" => Ok(b"x".to_vec()),
            _ => Err(Failure::new(FailureCode::NotFound, "gone".to_owned())),
        }
    };
    problem_of_kubeconfig(text, "k", &read)
}

fn context(why: &str) -> KubeconfigProblem {
    KubeconfigProblem::Context(format!("invalid configuration: {why}"))
}

const NOTHING_GIVEN: &str = "no configuration has been provided, try setting KUBERNETES_MASTER \
    environment variable";

#[test]
fn a_kubeconfig_without_problems_is_used() {
    assert_eq!(problem_of(USABLE), None);
    for (part, other) in [
        ("kind: Config\n", ""),
        ("user: ann", "user: nobody"),
        ("{token: abc}", "{}"),
        ("{token: abc}", "{username: ann}"),
        ("https://192.0.2.7:6443", "192.0.2.7:6443"),
    ] {
        assert!(USABLE.contains(part));
        assert_eq!(problem_of(&USABLE.replace(part, other)), None, "{other}");
    }
}

#[test]
fn a_context_without_a_server_is_told_as_clients_of_kubernetes_tell_it() {
    for text in ["", "\n", "---\n", "null\n", "{}\n"] {
        assert_eq!(problem_of(text), Some(context(NOTHING_GIVEN)), "{text:?}");
    }
    for (part, other, why) in [
        ("current-context: day", "", NOTHING_GIVEN),
        (
            "current-context: day",
            "current-context: night",
            "[context was not found for specified context: night, cluster has no server defined]",
        ),
        ("cluster: hill", "cluster: dale", NOTHING_GIVEN),
        ("{cluster: hill, user: ann}", "{}", NOTHING_GIVEN),
        (
            "server: 'https://192.0.2.7:6443'",
            "insecure-skip-tls-verify: true",
            "no server found for cluster \"hill\"",
        ),
        (
            "{server:",
            "{certificate-authority: /gone, server:",
            "unable to read certificate-authority /gone for hill due to open /gone: no such \
             file or directory",
        ),
        (
            "token: abc",
            "client-certificate: /gone, client-key: /there",
            "unable to read client-cert /gone for ann due to open /gone: no such file or \
             directory",
        ),
        (
            "token: abc",
            "client-certificate-data: eA==",
            "client-key-data or client-key must be specified for ann to use the clientCert \
             authentication method.",
        ),
        (
            "token: abc",
            "token: abc, password: d",
            "more than one authentication method found for ann; found [token basicAuth], only \
             one is allowed",
        ),
        (
            "token: abc",
            "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}",
            "command must be specified for ann to use exec authentication plugin",
        ),
    ] {
        assert!(USABLE.contains(part), "{part}");
        let problem = problem_of(&USABLE.replace(part, other));
        assert_eq!(problem, Some(context(why)), "{other}");
    }
}

#[test]
fn each_step_names_its_problem_without_credentials() {
    use KubeconfigProblem::{Client, Context, Document};
    for (part, other, problem) in [
        (
            "kind: Config",
            "kind: Pod",
            Document("no kind \"Pod\" is registered for version \"v1\"".into()),
        ),
        (
            "current-context: day",
            "current-context: 7",
            Document(
                "json: cannot unmarshal number into Go struct field Config.current-context of \
                 type string"
                    .into(),
            ),
        ),
        (
            "users:\n",
            "users:\n- {name: ann, user: {token: other}}\n",
            Document(
                "error converting *[]NamedAuthInfo into a map: duplicate name \"ann\" in list"
                    .into(),
            ),
        ),
        (
            "token: abc",
            "client-key-data: '!abc'",
            Document("illegal base64 data at input byte 0".into()),
        ),
        (
            "token: abc",
            "tokenFile: /gone",
            Context("open /gone: no such file or directory".into()),
        ),
        (
            "https://192.0.2.7:6443",
            "https://192.0.2.7:x",
            Client("host must be a URL or a host:port pair: \"https://192.0.2.7:x\"".into()),
        ),
        (
            "{server:",
            "{certificate-authority: /there, server:",
            Client("unable to load root certificates: unable to parse bytes as PEM block".into()),
        ),
        (
            "token: abc",
            "client-certificate-data: eA==, client-key-data: eA==",
            Client("tls: failed to find any PEM data in certificate input".into()),
        ),
    ] {
        assert!(USABLE.contains(part), "{part}");
        let found = problem_of(&USABLE.replace(part, other));
        assert_eq!(found, Some(problem), "{other}");
    }
}
