//! Credentials in files: they are not shown in any form.
use crate::{files::read_all, support::Trial};
use data_encoding::BASE64;
use serde_json::json;

const PEM_KEY: &str = "-----BEGIN PRIVATE \
    KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE \
    KEY-----\n";

/// An Ed25519 key as PKCS #8 in DER.
const DER_KEY: [u8; 48] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

#[test]
fn credentials_are_not_shown_in_any_form() {
    let trial = Trial::check();
    let files = credential_files();
    for (index, content) in files.iter().enumerate() {
        trial.put(&format!("/srv/{index}"), content, 0o644);
    }
    let paths: Vec<String> = (0..files.len())
        .map(|index| format!("/srv/{index}"))
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let result = read_all(trial, &paths);
    for (index, content) in files.iter().enumerate() {
        let answer = result.answer(&format!("0.{index}"));
        let text = String::from_utf8_lossy(content);
        assert!(!answer.is_ok, "{text} is shown: {answer:?}");
    }
}

/// Returns a kubeconfig with this user.
fn kubeconfig(user: &str) -> Vec<u8> {
    format!(
        "apiVersion: v1\nkind: Config\nclusters: [{{name: a, cluster: {{server: \
         'https://a'}}}}]\nusers:\n- name: u\n  user:\n    {user}\n"
    )
    .into_bytes()
}

/// Returns files with credentials in many forms.
fn credential_files() -> Vec<Vec<u8>> {
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "data": {"tls.key": BASE64.encode(PEM_KEY.as_bytes())},
    })
    .to_string();
    let encryption = "apiVersion: apiserver.config.k8s.io/v1\nkind: \
        EncryptionConfiguration\nresources:\n- providers:\n  - aescbc: {keys: [{name: k, \
        secret: Y2FuYXJ5LXNlY3JldA==}]}\n";
    let pgp =
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF\n-----END PGP PRIVATE KEY BLOCK-----\n";
    let wireguard = "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n";
    let registry = "{\"auths\":{\"registry.example\":{\"auth\":\"dXNlcjpjYW5hcnk=\"}}}";
    vec![
        PEM_KEY.into(),
        DER_KEY.into(),
        BASE64.encode(PEM_KEY.as_bytes()).into(),
        [b"\x00\x01text before\n".as_slice(), PEM_KEY.as_bytes()].concat(),
        pgp.into(),
        wireguard.into(),
        kubeconfig("client-key-data : QUJD"),
        kubeconfig("\"client-key-data\": QUJD"),
        kubeconfig("token: canary-token"),
        kubeconfig("{\"tok\\u0065n\": canary-token}"),
        kubeconfig("password: canary-password"),
        secret.into(),
        encryption.into(),
        registry.into(),
    ]
}
