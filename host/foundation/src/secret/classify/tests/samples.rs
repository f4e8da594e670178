//! Credentials as their programs write them, and encodings of them.
use super::*;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use serde_json::json;
use std::io::Write;

pub const TOKEN: &str = "abcdef.0123456789abcdef";

pub fn pem(tag: &str) -> String {
    format!(
        "-----BEGIN \
         {tag}-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END \
         {tag}-----\n"
    )
}

/// Returns an Ed25519 key in PKCS #8.
pub fn pkcs8() -> Vec<u8> {
    let mut der = HEXLOWER
        .decode(b"302e020100300506032b657004220420")
        .unwrap();
    der.extend(0..32u8);
    der
}

/// Returns the public key of an Ed25519 key, in base64.
pub fn public_key() -> String {
    let mut der = HEXLOWER.decode(b"302a300506032b6570032100").unwrap();
    der.extend((0..32u8).map(|byte| byte.wrapping_mul(73)));
    BASE64.encode(&der)
}

pub fn sec1() -> Vec<u8> {
    let mut der = HEXLOWER.decode(b"302502010104").unwrap();
    der.push(32);
    der.extend(0..32u8);
    der
}

pub fn pkcs1() -> Vec<u8> {
    let mut der = HEXLOWER.decode(b"3082010a0201000281c1").unwrap();
    der.extend([0x55; 0xc1]);
    der.extend([0x02, 0x03, 1, 0, 1, 0x02, 0x40]);
    der.extend([0x66; 0x40]);
    der
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

pub fn utf16(text: &str, big_endian: bool, mark: bool) -> Vec<u8> {
    let mark = if mark { "\u{feff}" } else { "" };
    let unit = |unit: u16| {
        if big_endian {
            unit.to_be_bytes()
        } else {
            unit.to_le_bytes()
        }
    };
    format!("{mark}{text}")
        .encode_utf16()
        .flat_map(unit)
        .collect()
}

pub fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let lines = text
        .as_bytes()
        .chunks(width)
        .map(|line| format!("{indent}{}", String::from_utf8_lossy(line)));
    lines.collect::<Vec<_>>().join("\n")
}

pub fn kubeconfig(user: &serde_json::Value) -> serde_json::Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [],
        "users": [{"name": "u", "user": user}],
    })
}

/// Credentials as their programs write them.
pub fn plain() -> Vec<(Credential, Vec<u8>)> {
    let texts = [
        private_keys(),
        kubeconfigs(),
        registry_logins(),
        objects(),
        tokens(),
        passwords(),
    ];
    let mut all: Vec<(Credential, Vec<u8>)> = texts
        .into_iter()
        .flatten()
        .map(|(kind, text)| (kind, text.into_bytes()))
        .collect();
    all.extend([pkcs8(), sec1(), pkcs1()].map(|key| (Credential::PrivateKey, key)));
    all
}

/// Returns private keys in text.
fn private_keys() -> Vec<(Credential, String)> {
    let wireguard = BASE64.encode(&[7; 32]);
    vec![
        (Credential::PrivateKey, pem("PRIVATE KEY")),
        (Credential::PrivateKey, pem("RSA PRIVATE KEY")),
        (Credential::PrivateKey, pem("EC PRIVATE KEY")),
        (Credential::PrivateKey, pem("ENCRYPTED PRIVATE KEY")),
        (Credential::PrivateKey, pem("OPENSSH PRIVATE KEY")),
        (Credential::PrivateKey, pem("PGP PRIVATE KEY BLOCK")),
        (Credential::PrivateKey, pem("ANY PRIVATE KEY")),
        (
            Credential::PrivateKey,
            format!("{}{}", pem("CERTIFICATE"), pem("PRIVATE KEY")),
        ),
        (
            Credential::PrivateKey,
            "untrusted comment: minisign encrypted secret key\nRWRTY0Iy\n".into(),
        ),
        (
            Credential::PrivateKey,
            json!({"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "c"}).to_string(),
        ),
        (
            Credential::TunnelKey,
            format!("[Interface]\nPrivateKey = {wireguard}\n"),
        ),
        (
            Credential::TunnelKey,
            format!("[Peer]\nPresharedKey={wireguard}\n"),
        ),
        (
            Credential::TunnelKey,
            "key \"rndc-key\" {\n  algorithm hmac-sha256;\n  secret \"c2VjcmV0c2VjcmV0\";\n};\n"
                .into(),
        ),
        (
            Credential::PrivateKey,
            "-----BEGIN OpenVPN Static key V1-----\n6acef03f\n".into(),
        ),
    ]
}

/// Kubeconfigs with credentials.
fn kubeconfigs() -> Vec<(Credential, String)> {
    vec![
        (
            Credential::Kubeconfig,
            kubeconfig(&json!({"token": "t"})).to_string(),
        ),
        (
            Credential::Kubeconfig,
            "kind: Config\nusers:\n- name: u\n  user:\n    client-key-data : AAAA\n".into(),
        ),
        (
            Credential::Kubeconfig,
            "kind: Config\nusers:\n- name: u\n  user:\n    'client-key': /k\n".into(),
        ),
        (
            Credential::Kubeconfig,
            "kind: Config\nusers: [{name: u, user: {\"pass\\u0077ord\" : x}}]\n".into(),
        ),
        (
            Credential::Kubeconfig,
            "kind: Config\nusers: [{name: u, user: {exec: {command: get-token}}}]\n".into(),
        ),
        (
            Credential::Kubeconfig,
            "kind: ConfigMap\n---\nusers: [{user: {auth-provider: {name: gcp}}}]\n".into(),
        ),
        // Not YAML: the same key twice, and a tab.
        (
            Credential::Kubeconfig,
            "kind: Config\nkind: Config\n\tusers:\n- user: {token: x}\n".into(),
        ),
    ]
}

/// Logins at registries.
fn registry_logins() -> Vec<(Credential, String)> {
    vec![
        (
            Credential::RegistryLogin,
            json!({"auths": {"r.example": {"auth": "dXNlcjpwYXNz"}}}).to_string(),
        ),
        (
            Credential::RegistryLogin,
            json!({"auths": {"r.example": {"username": "u", "password": "p"}}}).to_string(),
        ),
        (
            Credential::RegistryLogin,
            json!({"https://r.example/v1/": {"auth": "dXNlcjpwYXNz", "email": "e"}}).to_string(),
        ),
        (
            Credential::RegistryLogin,
            "[plugins.registry.configs.\"r.example\".auth]\n  username = \
            \"u\"\n  password = \"p\"\n"
                .into(),
        ),
    ]
}

/// Objects of Kubernetes that hold secrets.
fn objects() -> Vec<(Credential, String)> {
    vec![
        (
            Credential::EncryptionKey,
            "kind: EncryptionConfiguration\nresources:\n- providers:\n  - aescbc:\n      \
             keys:\n      - {name: k, secret: c2VjcmV0}\n"
                .into(),
        ),
        (
            Credential::SecretObject,
            "apiVersion: v1\nkind: Secret\ndata: {password: cA==}\n".into(),
        ),
        (
            Credential::SecretObject,
            json!({"kind": "List", "items": [{"kind": "Secret", "stringData": {"a": "b"}}]})
                .to_string(),
        ),
        (
            Credential::SecretObject,
            json!({"kind": "SecretList", "items": [{"data": {"a": "Yg=="}}]}).to_string(),
        ),
    ]
}

/// Returns tokens, and keys of certificates.
fn tokens() -> Vec<(Credential, String)> {
    let token = BASE64URL_NOPAD.encode(br#"{"alg":"RS256","kid":"x"}"#);
    let claims = BASE64URL_NOPAD.encode(br#"{"iss":"kubernetes/serviceaccount"}"#);
    vec![
        (Credential::Jwt, format!("{token}.{claims}.c2lnbmF0dXJl")),
        (
            Credential::BootstrapToken,
            format!("kubeadm join --token {TOKEN} 192.0.2.2:6443\n"),
        ),
        (Credential::BootstrapToken, TOKEN.into()),
        (
            Credential::BootstrapToken,
            json!({ "token": TOKEN }).to_string(),
        ),
        (
            Credential::CertificateKey,
            json!({"certificateKey": "0f".repeat(32)}).to_string(),
        ),
        (
            Credential::CertificateKey,
            format!("--certificate-key {}", "0f".repeat(32)),
        ),
    ]
}

/// Returns passwords, and keys of clouds.
fn passwords() -> Vec<(Credential, String)> {
    vec![
        (
            Credential::Authorization,
            "Authorization: Basic dXNlcjpwYXNz\n".into(),
        ),
        (
            Credential::Password,
            "HTTPS_PROXY=http://user:pass@proxy.example:3128\n".into(),
        ),
        (
            Credential::Password,
            "root:$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o:19000:0:99999:7:::\n".into(),
        ),
        (
            Credential::Password,
            "machine host.example login me password canary-x\n".into(),
        ),
        (
            Credential::Password,
            "db.example:5432:app:me:canary\n".into(),
        ),
        (
            Credential::Password,
            "31ada4fd-adec-460c-809a-9e56ceb75269,admin,1,\"system:masters\"\n".into(),
        ),
        (
            Credential::CloudKey,
            "[default]\naws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00\n".into(),
        ),
        (
            Credential::CloudKey,
            json!({"aadClientId": "a", "aadClientSecret": "canary-canary"}).to_string(),
        ),
        (
            Credential::CloudKey,
            json!({"type": "authorized_user", "refresh_token": "1//0canary"}).to_string(),
        ),
    ]
}

/// One credential in an encoding.
pub type Encoded = fn(&[u8]) -> Vec<u8>;

/// Encodings of one layer.
pub fn encodings() -> Vec<(&'static str, Encoded)> {
    fn base64(content: &[u8]) -> String {
        BASE64.encode(content)
    }
    vec![
        ("base64", |content| base64(content).into_bytes()),
        ("base64 of URLs", |content| {
            BASE64URL_NOPAD.encode(content).into_bytes()
        }),
        ("wrapped base64", |content| {
            wrapped(&base64(content), 20, "").into_bytes()
        }),
        ("indented base64", |content| {
            format!(
                "key: |\n{}\nend: 1\n",
                wrapped(&base64(content), 64, "    ")
            )
            .into_bytes()
        }),
        ("base64 after words", |content| {
            format!("the key is {}", base64(content)).into_bytes()
        }),
        ("base64 in a JSON string", |content| {
            json!({"a": [{ "b": base64(content) }]})
                .to_string()
                .into_bytes()
        }),
        ("wrapped base64 in a JSON string", |content| {
            json!({"a": wrapped(&base64(content), 30, "") })
                .to_string()
                .into_bytes()
        }),
        ("hexadecimal", |content| {
            HEXLOWER.encode(content).into_bytes()
        }),
        ("wrapped hexadecimal", |content| {
            wrapped(&HEXLOWER.encode(content).to_uppercase(), 60, " ").into_bytes()
        }),
        ("gzip", gzip),
    ]
}
