//! Content that looks random and is public: the name before it, or its form, says so.
use super::*;

const SHA256: &str = "7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069";
const SHA1: &str = "0a4d55a8d778e5022fab701977c5d840bbc486d0";
const MD5: &str = "9e107d9d372bb6826bd81d3542a419d6";

fn credential_in(object: &serde_json::Value) -> Option<Credential> {
    classify_value_within(object, &Budget::unlimited())
}

#[test]
fn digests_in_lists_are_judged_by_the_name_of_the_list() {
    for list in [json!([SHA256]), json!([SHA256, SHA256])] {
        let shown = json!({"server": "https://x:6443", "authorityPublicKeysSha256": list});
        assert_eq!(credential_in(&shown), None, "{shown}");
        let pretty = serde_json::to_vec_pretty(&shown).unwrap();
        assert_eq!(classify(&pretty), None, "{shown}");
        let hidden = json!({"sha256": "x", "keys": list});
        assert_eq!(
            credential_in(&hidden),
            Some(Credential::Undecided),
            "{hidden}"
        );
    }
}

#[test]
fn digests_in_annotations_and_labels_are_shown() {
    for (name, digest) in [
        ("checksum/config", SHA256),
        ("checksum/secret-tls", SHA256),
        ("kubernetes.io/config.hash", MD5),
        ("kubernetes.io/config.mirror", MD5),
        ("kubephase.dev/plugin-identity", SHA1),
        ("rev", SHA1),
        ("git-rev", SHA1),
    ] {
        let object = json!({"metadata": {"annotations": {"a": "b", name: digest}}});
        assert_eq!(credential_in(&object), None, "{object}");
        let yaml = format!("metadata:\n  annotations:\n    {name}: {digest}\n");
        assert_eq!(classify(yaml.as_bytes()), None, "{yaml}");
    }
    for name in ["config", "mirror", "identity", "key"] {
        let object = json!({"metadata": {"annotations": {name: SHA256}}});
        assert!(credential_in(&object).is_some(), "{object}");
    }
}

#[test]
fn files_with_digests_are_shown() {
    for text in [
        format!("Conffiles:\n /etc/adduser.conf {MD5}\n /etc/x.conf {MD5} obsolete\n"),
        format!("MD5 (kubelet) = {MD5}\nSHA256 (kubelet) = {SHA256}\n"),
        format!("Build-Ids: {SHA1} {SHA1} {SHA1}\n"),
        format!("{SHA256}  kubelet\n{SHA256} *kubectl\n"),
    ] {
        assert_eq!(classify(text.as_bytes()), None, "{text}");
    }
    for text in [format!("etc {MD5}\n"), format!("= {SHA256}\n")] {
        assert!(classify(text.as_bytes()).is_some(), "{text}");
    }
}

#[test]
fn public_keys_are_shown() {
    for text in [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl u@h\n",
        "untrusted comment: minisign public key\n\
         RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n",
        "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n",
        "peer: xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n  endpoint: 192.0.2.1:51820\n",
        "-----BEGIN PUBLIC KEY-----\n\
         MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
         -----END PUBLIC KEY-----\n",
    ] {
        assert_eq!(classify(text.as_bytes()), None, "{text}");
        let object = json!({"data": {"file": text}});
        assert_eq!(credential_in(&object), None, "{object}");
    }
    for text in [
        "PrivateKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n",
        "key = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n",
        "ssh-ed25519 AAAAd3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl u@h\n",
        "untrusted comment: minisign encrypted secret key\n\
         RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n",
    ] {
        assert!(classify(text.as_bytes()).is_some(), "{text}");
    }
}

#[test]
fn places_of_secrets_are_shown() {
    for text in [
        "password: ${DB_PASSWORD}\n",
        "password = \"$PASSWORD\"\n",
        "DB_PASSWORD=$(DB_PASSWORD)\n",
        "//srv/share /mnt cifs credentials=/root/.cifs 0 0\n",
        "https://docs.example.com/authentication?token=help\n",
        "password\trequisite\tpam_deny.so\npassword [success=1] pam_unix.so use_authtok\n",
        "kpasswd\t\t464/tcp\nkpasswd\t\t464/udp\n",
        "# password for the console\n  password: null\nauthtok_type=UNIX\n",
        "<password/>\n<password></password>\n<password>${env.PASSWORD}</password>\n",
        "CONFIG_ACPI_LEGACY_TABLES_LOOKUP=y\n",
        "#NAME_REGEX=\"^[a-z][-a-z0-9_]*\\$?$\"\n\
         #SYS_NAME_REGEX=\"^[a-z_][-a-z0-9_]*\\$?$\"\n\
         #SKEL_IGNORE_REGEX=\"\\.(dpkg|ucf)-(old|new|dist|save)$\"\n",
    ] {
        assert_eq!(classify(text.as_bytes()), None, "{text}");
    }
    for text in [
        "password: ${DB_PASSWORD:-hunter2}\n",
        "password = \"$ecret-hunter2\"\n",
        "password=/hunter2\n",
        "https://docs.example.com/x?token=hunter2\n",
        "token=help\n",
    ] {
        assert!(classify(text.as_bytes()).is_some(), "{text}");
    }
}

#[test]
fn configurations_of_debconf_maven_and_java_are_shown() {
    for text in [
        "Name: config\nDriver: File\nReject-Type: password\n\nName: passwords\nDriver: File\n\
         Accept-Type: password\n#BindPasswd: secret\n",
        "<proxy>\n  <username>proxyuser</username>\n  <password>proxypass</password>\n</proxy>\n",
        "<server>\n  <username>repouser</username>\n  <password>repopwd</password>\n</server>\n\
         <passphrase>optional; leave empty if not used.</passphrase>\n",
        "#jdk.http.ntlm.transparentAuth=allHosts\njdk.http.ntlm.transparentAuth=disabled\n\
         #jdk.security.krb5.default.initiate.credential=always-impersonate\n",
        "#  javax.net.ssl.keyStorePassword=<keystore-password>\n\
         # com.sun.management.jmxremote.ssl.need.client.auth=true|false\n\
         # com.sun.management.jmxremote.password.toHashes = true|false\n",
    ] {
        assert_eq!(classify(text.as_bytes()), None, "{text}");
    }
    for text in [
        "<password>proxypass</password><password>hunter2</password>\n",
        "javax.net.ssl.keyStorePassword=<hunter2>\n",
        "jdk.http.ntlm.clientAuth=allHosts\n",
        "password = disabled-hunter2\n",
    ] {
        assert!(classify(text.as_bytes()).is_some(), "{text}");
    }
}

/// Homes of Java on Debian.
const HOMES_OF_JAVA: [&str; 2] = [
    "/usr/lib/jvm/java-17-openjdk-amd64",
    "/usr/lib/jvm/temurin-25-jdk-amd64",
];

/// Checks that the files of these paths are shown. If this machine has none of them, says that the
/// test is skipped.
fn expect_shown(paths: &[String], what: &str) {
    let found = paths.iter().filter_map(|path| {
        let content = std::fs::read(path).ok()?;
        Some((path, content))
    });
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        crate::requirements::skip(what);
    }
    for (path, content) in found {
        assert_eq!(classify(&content), None, "{path}");
    }
}

#[test]
fn files_of_an_installed_java_are_shown() {
    let names = [
        "net.properties",
        "management/management.properties",
        "management/jmxremote.password.template",
        "security/java.security",
    ];
    let in_home = |home: &'static str| names.map(|name| format!("{home}/conf/{name}"));
    let paths: Vec<String> = HOMES_OF_JAVA.into_iter().flat_map(in_home).collect();
    expect_shown(&paths, "Java in /usr/lib/jvm");
}

#[test]
fn the_configuration_of_an_installed_debconf_is_shown() {
    expect_shown(&["/etc/debconf.conf".to_owned()], "debconf");
}

#[test]
fn latin_1_is_a_text() {
    let text = b"# K\xf6nnen Gr\xfc\xdfe aus M\xfcnchen und Umgebung gelesen werden?\nmtu 1500\n";
    assert_eq!(classify(text), None);
    let with_password = [text.as_slice(), b"password=hunter2\n"].concat();
    assert_eq!(classify(&with_password), Some(Credential::Password));
}

#[test]
fn the_configuration_of_the_running_kernel_is_shown() {
    expect_shown(&["/proc/config.gz".to_owned()], "/proc/config.gz");
}

/// Digits of the prime of the second group of RFC 2409, as Java's documentation has them.
const PRIME: &str = concat!(
    "#   { \\\n",
    "#  FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1 \\\n",
    "#  29024E08 8A67CC74 020BBEA6 3B139B22 514A0879 8E3404DD \\\n",
    "#  EF9519B3 CD3A431B 302B0A6D F25F1437 4FE1356D 6D51C245 \\\n",
    "#  E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED \\\n",
    "#  EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE65381 \\\n",
    "#  FFFFFFFF FFFFFFFF, 2}\n",
);

#[test]
fn well_known_numbers_and_fingerprints_are_shown() {
    let hex = "AC2B922ECFD5E01711772FEA8ED372DE9D1E2245FCE3F57A9CDBEC77296A424B";
    let pairs: Vec<&str> = (0..32).map(|at| &hex[2 * at..2 * at + 2]).collect();
    for text in [
        PRIME.to_owned(),
        format!("#  1. A root, SHA-256 fingerprint:\n#     {hex}\n#  It is not trusted.\n"),
        format!("SHA256 Fingerprint={}\n", pairs.join(":")),
        "# hashedPassword = base64_encoded_64_byte_salt W base64_encoded_hash\n".to_owned(),
    ] {
        assert_eq!(classify(text.as_bytes()), None, "{text}");
    }
    for text in [
        PRIME.replace("29024E08", "29024E09"),
        format!("#  1. A root, SHA-256 of the key:\n#     {hex}\n"),
        format!("SHA-256 fingerprints: none\nkey: {hex}\n"),
        format!(
            "SHA-256 fingerprint: {hex}\nkey {}\n",
            hex.replace('A', "B")
        ),
        "# hashedPassword = c2FsdDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\n".to_owned(),
        "#   monitorRole trilby APzBTt34rV2l+OMbuvbnOQ4si8UZmfRCVbIY1+fAofV5 SHA3-512\n".to_owned(),
    ] {
        assert!(classify(text.as_bytes()).is_some(), "{text}");
    }
}
