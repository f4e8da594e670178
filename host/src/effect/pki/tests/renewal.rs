//! A renewal keeps the content of a certificate and the files that hold it, and makes a new key.
use super::*;
use crate::pki::{Certificate, CertificateTemplate, Key};
use kubephase_sdk::spec::{RenewalSpec, RenewedFile};

fn spec(base: &str) -> RenewalSpec {
    RenewalSpec {
        is_part_of_upgrade: false,
        names: None,
        unless_signed: false,
        expires_within_seconds: None,
        name: base.replace('/', "-"),
        title: "certificate for tests".into(),
        file: RenewedFile::Certificate { base: base.into() },
        directory: "/pki".into(),
        authority: "ca".into(),
        algorithm: KeyAlgorithm::EcdsaP256,
        validity_seconds: 7200,
    }
}

impl Node {
    fn renew(&self, spec: &RenewalSpec) -> WorldResult<EffectOutcome> {
        self.with_context(|context| renew(spec, context))
    }

    fn certificate(&self, path: &str) -> Certificate {
        Certificate::from_pem(&self.text(path)).unwrap()
    }

    fn key(&self, path: &str) -> Key {
        Key::from_pem(&crate::secret::Secret::new(self.text(path))).unwrap()
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(self.files().read(path).unwrap()).unwrap()
    }
}

/// Returns a node with an authority, and what kubeadm signs with it.
fn control_plane() -> Node {
    let node = node();
    node.ensure("ca", None).unwrap();
    for name in ["apiserver", "apiserver-kubelet-client"] {
        node.ensure(name, Some("ca")).unwrap();
    }
    node
}

#[test]
fn the_names_stay_and_the_key_is_new() {
    let node = control_plane();
    let (before, key_before) = (
        node.certificate("/pki/apiserver.crt"),
        node.text("/pki/apiserver.key"),
    );
    let done = node.renew(&spec("apiserver")).unwrap();
    assert_eq!(
        (done.applied, done.lines),
        (
            Applied::Changed,
            vec!["[] certificate for tests renewed".to_owned()]
        )
    );
    let after = node.certificate("/pki/apiserver.crt");
    assert_eq!(after.alternative_names(), before.alternative_names());
    assert_eq!(after.fields().subject(), before.fields().subject());
    assert_ne!(after.fields().serial, before.fields().serial);
    assert_ne!(node.text("/pki/apiserver.key"), key_before);
    assert!(after.belongs_to(&node.key("/pki/apiserver.key")));
    assert!(after.chains_to(&node.certificate("/pki/ca.crt")));
    let validity = after.fields().validity().clone();
    let seconds = validity.not_after.timestamp() - validity.not_before.timestamp();
    assert_eq!(seconds, 7200 + 300);
    assert_eq!(
        node.files().list("/pki").unwrap().len(),
        6,
        "nothing is left"
    );
}

/// An operator may have made a certificate with other usages by hand.
#[test]
fn every_usage_and_organization_stays() {
    let node = control_plane();
    let (root, root_key) = (node.certificate("/pki/ca.crt"), node.key("/pki/ca.key"));
    let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let email = vec![1, 3, 6, 1, 5, 5, 7, 3, 4];
    let own = vec![1, 3, 6, 1, 4, 1, 311, 10, 3, 4];
    let made = Certificate::issue(
        &CertificateTemplate {
            organizations: &["b".to_owned(), "a".to_owned()],
            usages: &[Usage::ServerAuth, Usage::ClientAuth],
            other_usages: &[email, own],
            not_after: 3600,
            ..CertificateTemplate::with_common_name("by hand")
        },
        &key,
        &root,
        &root_key,
    )
    .unwrap();
    let write = |path: &str, text: &str| {
        let written = node.files().write(path, text.as_bytes(), 0o600, None);
        written.unwrap();
    };
    write("/pki/hand.crt", &made.to_pem());
    write("/pki/hand.key", key.to_pem().unwrap().reveal());
    // The certificate expired long ago; that does not matter.
    node.renew(&spec("hand")).unwrap();
    let after = node.certificate("/pki/hand.crt");
    assert_eq!(after.organizations(), ["a", "b"]);
    let parsed = after.fields();
    let usages = parsed.extended_key_usage().unwrap().unwrap().value;
    assert!(usages.server_auth && usages.client_auth && usages.email_protection);
    assert_eq!(usages.other.len(), 1);
}

#[test]
fn a_certificate_without_a_name_or_a_usage_is_refused_in_the_words_of_kubeadm() {
    let node = control_plane();
    let (root, root_key) = (node.certificate("/pki/ca.crt"), node.key("/pki/ca.key"));
    for (name, usages, expected) in [
        ("x", &[][..], "must specify at least one ExtKeyUsage"),
        ("", &[Usage::ClientAuth][..], "must specify a CommonName"),
    ] {
        let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let template = CertificateTemplate {
            usages,
            ..CertificateTemplate::with_common_name(name)
        };
        let made = Certificate::issue(&template, &key, &root, &root_key).unwrap();
        let pem = made.to_pem();
        node.files()
            .write("/pki/odd.crt", pem.as_bytes(), 0o644, None)
            .unwrap();
        let failure = node.renew(&spec("odd")).unwrap_err();
        assert!(
            failure
                .message
                .starts_with("failed to renew certificate odd: ")
                && failure.message.ends_with(expected),
            "{failure:?}"
        );
        assert_eq!(node.text("/pki/odd.crt"), pem);
    }
}

#[test]
fn modes_stay_and_other_users_get_no_rights_to_a_key() {
    let node = control_plane();
    for (path, before, after) in [
        ("/pki/apiserver.key", 0o640, 0o640),
        ("/pki/apiserver.key", 0o644, 0o640),
        ("/pki/apiserver.crt", 0o600, 0o600),
    ] {
        node.files().set_mode(path, before, None).unwrap();
        node.renew(&spec("apiserver")).unwrap();
        let mode = node.files().stat(path).unwrap().unwrap().mode;
        assert_eq!(mode, after, "{path} {before:o}");
    }
    node.files().remove("/pki/apiserver.key").unwrap();
    node.renew(&spec("apiserver")).unwrap();
    let key = node.files().stat("/pki/apiserver.key").unwrap().unwrap();
    assert_eq!(key.mode, 0o600);
}

#[test]
fn what_is_missing_or_signed_elsewhere_is_left() {
    let node = control_plane();
    let done = node.renew(&spec("other")).unwrap();
    assert!(matches!(done.applied, Applied::Skipped(_)));
    assert_eq!(done.lines, ["[] MISSING! certificate for tests"]);
    node.files().remove("/pki/ca.key").unwrap();
    let before = node.text("/pki/apiserver.crt");
    let done = node.renew(&spec("apiserver")).unwrap();
    assert!(matches!(done.applied, Applied::Skipped(_)));
    assert_eq!(
        done.lines,
        ["[] Detected external ca, certificate for tests can't be renewed"]
    );
    assert_eq!(node.text("/pki/apiserver.crt"), before);
    // The certificates that the authority signed have to be complete.
    node.files()
        .remove("/pki/apiserver-kubelet-client.key")
        .unwrap();
    let failure = node.renew(&spec("apiserver")).unwrap_err();
    assert!(
        failure
            .message
            .starts_with("Error checking external CA condition for ca certificate authority: "),
        "{failure:?}"
    );
}

#[test]
fn a_damaged_certificate_or_authority_changes_nothing() {
    let node = control_plane();
    let key = node.text("/pki/apiserver.key");
    let damaged = |path: &str| {
        let good = node.files().read(path).unwrap();
        node.files().write(path, b"garbage", 0o600, None).unwrap();
        let failure = node.renew(&spec("apiserver")).unwrap_err();
        node.files().write(path, &good, 0o600, None).unwrap();
        assert_eq!(node.text("/pki/apiserver.key"), key, "{path}");
        failure.message
    };
    assert!(damaged("/pki/apiserver.crt").starts_with(
        "failed to load existing certificate apiserver: error reading /pki/apiserver.crt: "
    ));
    assert!(damaged("/pki/ca.crt").contains("external CA condition for ca"));
    assert!(damaged("/pki/ca.key").contains("/pki/ca.key"));
}

/// The state after a run that was killed after it wrote the key and before it wrote the
/// certificate.
#[test]
fn the_pair_of_an_interrupted_renewal_is_completed() {
    let node = control_plane();
    let old = node.text("/pki/apiserver.crt");
    node.renew(&spec("apiserver")).unwrap();
    let new = node.text("/pki/apiserver.crt");
    let interrupt = |text: &str, path: &str| {
        let written = node.files().write(path, text.as_bytes(), 0o644, None);
        written.unwrap();
    };
    interrupt(&old, "/pki/apiserver.crt");
    interrupt(&new, "/pki/.apiserver.crt.announced");
    node.ensure("apiserver", Some("ca")).unwrap();
    assert_eq!(node.text("/pki/apiserver.crt"), new);
    interrupt(&old, "/pki/apiserver.crt");
    interrupt(&new, "/pki/.apiserver.crt.announced");
    node.renew(&spec("apiserver")).unwrap();
    let after = node.certificate("/pki/apiserver.crt");
    assert!(after.belongs_to(&node.key("/pki/apiserver.key")));
    assert!(
        node.files()
            .stat("/pki/.apiserver.crt.announced")
            .unwrap()
            .is_none()
    );
}

/// Ensures `/admin.conf`, and returns how to renew it.
fn kubeconfig(node: &Node) -> RenewalSpec {
    let made = KubeconfigSpec {
        path: "/admin.conf".into(),
        cluster_name: "kubernetes".into(),
        server: "https://192.0.2.1:6443".into(),
        user: "kubernetes-admin".into(),
        common_name: "kubernetes-admin".into(),
        organizations: vec!["kubeadm:cluster-admins".into()],
        directory: "/pki".into(),
        authority: "ca".into(),
        algorithm: KeyAlgorithm::EcdsaP256,
        validity_seconds: 3600,
        preferences: false,
    };
    node.with_context(|context| ensure_kubeconfig(&made, context, node.files()))
        .unwrap();
    RenewalSpec {
        name: "admin.conf".into(),
        file: RenewedFile::Kubeconfig {
            path: "/admin.conf".into(),
        },
        ..spec("")
    }
}

#[test]
fn a_kubeconfig_keeps_everything_but_its_credentials() {
    let node = control_plane();
    let spec = kubeconfig(&node);
    let mut document: serde_json::Value = serde_yaml::from_str(&node.text("/admin.conf")).unwrap();
    document["users"][0]["user"]["as"] = "somebody".into();
    document["clusters"][0]["cluster"]["proxy-url"] = "http://192.0.2.9:3128".into();
    document["extensions"] = serde_json::json!([{"name": "x", "extension": {"y": 1}}]);
    let other = serde_json::json!({"name": "other", "user": {"token": "t"}});
    document["users"].as_array_mut().unwrap().push(other);
    let text = kubephase_sdk::yaml::to_string(&document);
    node.files()
        .write("/admin.conf", text.as_bytes(), 0o640, None)
        .unwrap();
    node.renew(&spec).unwrap();
    let mut after: serde_json::Value = serde_yaml::from_str(&node.text("/admin.conf")).unwrap();
    for field in ["client-certificate-data", "client-key-data"] {
        let place = format!("/users/0/user/{field}");
        let new = after.pointer(&place).unwrap().clone();
        assert_ne!(document.pointer(&place), Some(&new), "{field}");
        *after.pointer_mut(&place).unwrap() = document.pointer(&place).unwrap().clone();
    }
    assert_eq!(after, document);
    assert_eq!(
        node.files().stat("/admin.conf").unwrap().unwrap().mode,
        0o640
    );
}

#[test]
fn kubeconfigs_that_cannot_be_renewed_are_refused_in_the_words_of_kubeadm() {
    let node = control_plane();
    let spec = kubeconfig(&node);
    let good = node.text("/admin.conf");
    for (from, to, expected) in [
        (
            "current-context: kubernetes-admin@kubernetes",
            "current-context: nope",
            "invalid kubeConfig file /admin.conf: missing context nope",
        ),
        (
            "cluster: kubernetes",
            "cluster: nope",
            "invalid kubeConfig file /admin.conf: missing cluster nope",
        ),
        (
            "user: kubernetes-admin",
            "user: nope",
            "invalid kubeConfig file /admin.conf: missing authInfo nope",
        ),
        (
            "certificate-authority-data: ",
            "certificate-authority: /x #",
            "kubeConfig file /admin.conf does not have an embedded server certificate",
        ),
        (
            "client-certificate-data: ",
            "client-certificate: /x #",
            "kubeConfig file /admin.conf does not have an embedded client certificate",
        ),
        (
            "client-certificate-data: ",
            "client-certificate-data: Z2FyYmFnZQ== #",
            "kubeConfig file /admin.conf does not contain a valid client certificate: ",
        ),
        (
            "client-certificate-data: ",
            "client-certificate-data: '*!' #",
            "failed to load kubeConfig file /admin.conf: ",
        ),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        node.files()
            .write("/admin.conf", text.as_bytes(), 0o600, None)
            .unwrap();
        let failure = node.renew(&spec).unwrap_err();
        assert!(failure.message.starts_with(expected), "{failure:?}");
        assert_eq!(node.text("/admin.conf"), text);
    }
}
