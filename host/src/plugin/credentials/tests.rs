use super::{
    helper::{Helper, ask_helper},
    *,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The sources of credentials that a test uses instead of the environment.
#[derive(Default)]
pub struct Environment {
    pub registry: Option<String>,
    pub user: bool,
    pub realm: Option<String>,
    pub files: Vec<PathBuf>,
}

impl Environment {
    /// Returns the user `user` with the password `pass`, for a registry.
    pub fn named(registry: &str) -> Environment {
        Environment {
            registry: Some(registry.to_owned()),
            user: true,
            ..Environment::default()
        }
    }

    pub fn keyring(&self) -> Keyring {
        let [registry, realm] = [&self.registry, &self.realm]
            .map(|text| text.as_deref().map(|text| Registry::parse(text).unwrap()));
        let password = RegistryCredentials::Password {
            user: "user".into(),
            password: "pass".into(),
        };
        let files = self.files.iter().map(|path| ConfigurationFile {
            path: path.clone(),
            is_required: true,
        });
        Keyring::new(
            registry,
            self.user.then_some(password),
            realm,
            files.collect(),
        )
    }
}

pub fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// Waits for credentials, and returns them as text.
fn as_text(
    search: impl Future<Output = Result<Option<RegistryCredentials>>>,
) -> Result<String, String> {
    let found = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(search);
    Ok(match found.map_err(|why| format!("{why:#}"))? {
        Some(RegistryCredentials::Password { user, password }) => {
            format!("{user}:{}", password.reveal())
        }
        Some(RegistryCredentials::Identity(token)) => format!("token {}", token.reveal()),
        None => "none".into(),
    })
}

fn find(files: Vec<PathBuf>, registry: &str) -> Result<String, String> {
    let keyring = Environment {
        files,
        ..Environment::default()
    }
    .keyring();
    let registry = Registry::parse(registry).unwrap();
    as_text(keyring.find(&registry, "team/x"))
}

#[test]
fn an_entry_is_found_only_by_the_name_of_its_registry() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"auths": {
            "https://registry.example/v2/": {"auth": "dXNlcjpwYXNz"},
            "registry.example:5000": {"username": "u", "password": "p"},
            "https://index.docker.io/v1/": {"auth": "aHViOmh1Yg=="},
            "containers.example/team": {"auth": "dGVhbTp0"},
            "containers.example": {"auth": "YWxsOmE="},
            "other.example/team": {"auth": "dGVhbTp0"},
            "token.example": {"auth": "dXNlcjpwYXNz", "identitytoken": "1dent"},
            "empty.example": {},
            "broken.example": {"auth": "x"}}}"#;
    let file = write(folder.path(), "config.json", text);
    for (registry, found) in [
        ("registry.example", Ok("user:pass")),
        ("registry.example:443", Ok("none")),
        ("registry.example:5000", Ok("u:p")),
        ("docker.io", Ok("hub:hub")),
        ("containers.example", Ok("team:t")),
        ("token.example", Ok("token 1dent")),
        ("empty.example", Ok("none")),
        ("a.registry.example", Ok("none")),
        ("broken.example", Err("auth is not USER:PASSWORD in base64")),
    ] {
        match (find(vec![file.clone()], registry), found) {
            (Ok(got), Ok(wanted)) => assert_eq!(got, wanted, "{registry}"),
            (Err(got), Err(wanted)) => assert!(got.contains(wanted), "{got}"),
            (got, wanted) => panic!("{registry}: {got:?} is not {wanted:?}"),
        }
    }
    // The first file that has an entry counts. The error about an unreadable file does not
    // repeat its content.
    let first = write(
        folder.path(),
        "auth.json",
        r#"{"auths": {"registry.example": {"auth": "YTpi"}}}"#,
    );
    assert_eq!(find(vec![first, file], "registry.example").unwrap(), "a:b");
    let broken = write(folder.path(), "broken.json", "{\"auths\": \"s3cret\"}");
    let why = find(vec![broken], "registry.example").unwrap_err();
    assert!(
        why.contains("broken.json: it is not the configuration of a container tool (line 1")
            && !why.contains("s3cret"),
        "{why}"
    );
    assert!(
        find(vec!["/dev/zero".into()], "x.example")
            .unwrap_err()
            .contains("not a regular file")
    );
}

/// Asks a credential helper that is a script, and returns the credentials as text.
fn helper(folder: &Path, script: &str) -> Result<String, String> {
    let program = write(
        folder,
        "docker-credential-test",
        &format!("#!/bin/sh\n{script}\n"),
    );
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let helper = Helper {
        program,
        time: Duration::from_secs(2),
    };
    as_text(ask_helper(&helper, "registry.example:5000"))
}

#[test]
fn a_credential_helper_answers_within_limits() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let answers = "read -r server; test \"$1 $server\" = 'get registry.example:5000' && echo \
        '{\"Username\":\"u\",\"Secret\":\"p\"}'";
    assert_eq!(helper(at, answers).unwrap(), "u:p");
    assert_eq!(
        helper(at, "echo '{\"Username\":\"<token>\",\"Secret\":\"t\"}'").unwrap(),
        "token t"
    );
    assert_eq!(
        helper(at, "echo credentials not found in native keychain; exit 1").unwrap(),
        "none"
    );
    for (script, part) in [
        (
            "printf 'locked\\033[2J' >&2; exit 3",
            "docker-credential-test: locked\\u{1b}[2J",
        ),
        ("exit 3", "exit status: 3"),
        ("echo s3cret", "gave no credentials"),
        ("exec cat /dev/zero", "longer than 64 KiB"),
    ] {
        let why = helper(at, script).unwrap_err();
        assert!(why.contains(part) && !why.contains("s3cret"), "{why}");
    }
}

/// Whether a process has ended; the kernel may not have removed it yet.
fn has_ended(process: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.is_empty()
        || ["State:\tZ", "State:\tX"]
            .iter()
            .any(|state| status.contains(state))
}

#[test]
fn a_slow_credential_helper_is_killed_with_the_programs_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mark = at.join("mark");
    let began = Instant::now();
    let why = helper(
        at,
        &format!(
            "sh -c 'sleep 100; true' & echo $! > {}; wait",
            mark.display()
        ),
    )
    .unwrap_err();
    assert!(
        why.contains("did not answer within 2 s") && began.elapsed() < Duration::from_secs(60),
        "{why}"
    );
    let started = fs::read_to_string(mark).unwrap().trim().to_owned();
    // The kernel may need a moment to end a program that was killed.
    while !has_ended(&started) {
        assert!(began.elapsed() < Duration::from_secs(60), "{started}");
        std::thread::yield_now();
    }
}

#[test]
fn a_credential_helper_has_a_plain_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for name in ["../evil", "", "-x", "a b", "x/y"] {
        let text = format!("{{\"credsStore\": \"{name}\"}}");
        let found = find(vec![write(at, "config.json", &text)], "registry.example");
        assert!(
            name.is_empty()
                || found
                    .unwrap_err()
                    .contains("is not a valid name of a credential helper"),
            "{name}"
        );
    }
}

fn may_receive(registry: &str, realm: &str, named: Option<&str>) -> bool {
    let named = named.map(str::to_owned);
    let environment = Environment {
        registry: named.is_some().then(|| registry.to_owned()),
        realm: named,
        ..Environment::default()
    };
    environment.keyring().may_receive(
        &Registry::parse(registry).unwrap(),
        &Url::parse(realm).unwrap(),
    )
}

#[test]
fn a_token_server_has_to_belong_to_the_registry() {
    for (registry, realm) in [
        ("registry.example.com", "https://registry.example.com/token"),
        (
            "registry.example.com:5000",
            "https://auth.example.com/token",
        ),
        ("docker.io", "https://auth.docker.io/token"),
        ("registry.example.co.uk", "https://example.co.uk/token"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000/token"),
    ] {
        assert!(may_receive(registry, realm, None), "{registry} {realm}");
    }
    for (registry, realm) in [
        ("registry.example.com", "http://registry.example.com/token"),
        ("registry.example.com", "https://registry.example.org/token"),
        ("registry.example.co.uk", "https://other.co.uk/token"),
        ("a.github.io", "https://b.github.io/token"),
        ("10.0.0.1", "https://10.0.0.2/token"),
        ("127.0.0.1:5000", "http://127.0.0.1:5001/token"),
        ("localhost:5000", "https://auth.example.com/token"),
    ] {
        assert!(!may_receive(registry, realm, None), "{registry} {realm}");
    }
    assert!(may_receive(
        "registry.example.com",
        "https://auth.example.org/token",
        Some("auth.example.org")
    ));
    assert!(!may_receive(
        "registry.example.com",
        "http://auth.example.org/token",
        Some("auth.example.org")
    ));
    assert!(!may_receive(
        "registry.example.com",
        "https://auth.example.org:444/token",
        Some("auth.example.org")
    ));
}
