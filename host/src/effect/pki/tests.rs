//! kubeadm's rules about keys, certificates and kubeconfigs that are there already.
mod kubeconfigs;

use super::*;
use crate::{
    effect::Context,
    pki::{Certificate, CertificateRequest, CertificateTemplate, Key},
    secret::Secret,
    world::{Files, Tried, files::RootedFiles},
};
use kubephase_sdk::spec::{
    CertificateSpec, KeyAlgorithm, KeyPairSpec, KubeconfigSpec, RotatedKubeconfigSpec, Usage,
};

const NOW: i64 = 1_790_000_000;

struct Node {
    _root: tempfile::TempDir,
    world: crate::world::rehearsal::files_only::FilesOnly,
    config: crate::config::Config,
}

fn node() -> Node {
    let root = tempfile::tempdir().unwrap();
    let world =
        crate::world::rehearsal::files_only::FilesOnly(RootedFiles::open(root.path()).unwrap());
    Node {
        _root: root,
        world,
        config: Default::default(),
    }
}

impl Node {
    fn ensure(&self, name: &str, authority: Option<&str>) -> Tried<Outcome> {
        let spec = CertificateSpec {
            directory: "/pki".into(),
            name: name.into(),
            authority: authority.map(Into::into),
            common_name: name.into(),
            usages: if authority.is_some() {
                vec![Usage::ServerAuth]
            } else {
                vec![]
            },
            dns_names: vec!["b".into(), "a".into(), "b".into(), "-bad".into()],
            algorithm: KeyAlgorithm::EcdsaP256,
            validity_seconds: 3600,
            ..CertificateSpec::default()
        };
        self.within(|context| ensure_certificate(&spec, context, self.files()))
    }

    fn within<T>(&self, ensure: impl FnOnce(&Context) -> T) -> T {
        let started = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let cancel = crate::cancel::Cancel::never();
        ensure(&Context {
            started: i64::try_from(started).unwrap(),
            ..Context::of_test(&self.world, &self.config, &cancel)
        })
    }

    fn files(&self) -> &dyn Files {
        &self.world.0
    }
}

#[test]
fn what_is_there_is_used_again() {
    let node = node();
    assert_eq!(
        node.ensure("ca", None).unwrap().said,
        ["Generating \"ca\" certificate and key"]
    );
    let made = node.ensure("apiserver", Some("ca")).unwrap();
    assert_eq!(
        made.said[1],
        "apiserver serving cert is signed for DNS names [a b] and IPs []"
    );
    assert!(made.warnings[0].contains("'-bad' was not added to the 'apiserver.crt' SAN"));
    let before = node.files().read("/pki/apiserver.crt").unwrap();
    let again = node.ensure("apiserver", Some("ca")).unwrap();
    assert_eq!(
        (again.applied, again.said[0].as_str()),
        (
            Applied::Unchanged,
            "Using existing apiserver certificate and key on disk"
        )
    );
    assert_eq!(node.files().read("/pki/apiserver.crt").unwrap(), before);
    assert_eq!(
        node.ensure("ca", None).unwrap().said,
        ["Using existing ca certificate authority"]
    );
    node.files().remove("/pki/ca.key").unwrap();
    assert_eq!(
        node.ensure("ca", None).unwrap().said,
        ["Using existing ca keyless certificate authority"]
    );
    assert_eq!(
        node.files()
            .stat("/pki/apiserver.key")
            .unwrap()
            .unwrap()
            .mode,
        0o600
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let node = node();
    assert!(
        node.ensure("apiserver", Some("ca"))
            .unwrap_err()
            .message
            .contains("couldn't load CA certificate ca")
    );
    node.ensure("ca", None).unwrap();
    node.ensure("apiserver", Some("ca")).unwrap();
    node.files().remove("/pki/ca.crt").unwrap();
    assert!(
        node.ensure("ca", None)
            .unwrap_err()
            .message
            .contains("failure loading ca certificate")
    );
    node.files().remove("/pki/ca.key").unwrap();
    node.ensure("ca", None).unwrap();
    assert!(
        node.ensure("apiserver", Some("ca"))
            .unwrap_err()
            .message
            .contains("not signed by CA certificate ca")
    );
    node.files()
        .write("/pki/ca.crt", b"garbage", 0o644, None)
        .unwrap();
    assert!(
        node.ensure("ca", None)
            .unwrap_err()
            .message
            .contains("failure loading ca certificate")
    );
}

#[test]
fn the_public_half_of_a_key_follows_the_key_and_never_the_key_its_public_half() {
    let node = node();
    let spec = KeyPairSpec {
        directory: "/pki".into(),
        name: "sa".into(),
        algorithm: KeyAlgorithm::EcdsaP256,
    };
    let ensure = || {
        node.within(|context| ensure_key_pair(&spec, context, node.files()))
            .unwrap()
            .applied
    };
    let read = |path: &str| node.files().read(path).unwrap();
    assert_eq!((ensure(), ensure()), (Applied::Changed, Applied::Unchanged));
    let (private, public) = (read("/pki/sa.key"), read("/pki/sa.pub"));
    // As after a run that was killed between the two.
    node.files().remove("/pki/sa.pub").unwrap();
    assert_eq!((ensure(), ensure()), (Applied::Changed, Applied::Unchanged));
    assert_eq!(
        (read("/pki/sa.key"), read("/pki/sa.pub")),
        (private, public)
    );
}

const GOOD_CA_WRONG_KEY: &str = "x509: provided PrivateKey doesn't match parent's PublicKey";

#[test]
fn nothing_is_signed_with_the_key_of_another_authority() {
    let (node, other) = (node(), node_of_another_cluster());
    node.ensure("ca", None).unwrap();
    node.files()
        .write("/pki/ca.key", &other, 0o600, None)
        .unwrap();
    let before = node.files().list("/pki").unwrap();

    let refused = node.ensure("apiserver", Some("ca")).unwrap_err();
    assert!(
        refused.message.contains(GOOD_CA_WRONG_KEY) && refused.message.contains("/pki/ca.key"),
        "{}",
        refused.message
    );
    assert!(
        refused
            .remedy
            .is_some_and(|remedy| remedy.contains("/pki/ca.key"))
    );

    let spec = KubeconfigSpec {
        path: "/admin.conf".into(),
        directory: "/pki".into(),
        authority: "ca".into(),
        server: "https://192.0.2.1:6443".into(),
        algorithm: KeyAlgorithm::EcdsaP256,
        validity_seconds: 3600,
        ..KubeconfigSpec::default()
    };
    let refused = node
        .within(|context| ensure_kubeconfig(&spec, context, node.files()))
        .unwrap_err();
    assert!(
        refused.message.contains(GOOD_CA_WRONG_KEY),
        "{}",
        refused.message
    );
    let refused = kubeconfig_text(
        &spec,
        node.files(),
        Credential::Certificate { started: NOW },
    )
    .unwrap_err();
    assert!(
        refused.message.contains(GOOD_CA_WRONG_KEY),
        "{}",
        refused.message
    );

    let refused = node.ensure("ca", None).unwrap_err();
    assert!(
        refused
            .message
            .contains("/pki/ca.key does not belong to the certificate /pki/ca.crt"),
        "{}",
        refused.message
    );
    assert_eq!(node.files().list("/pki").unwrap(), before);
    assert!(node.files().stat("/admin.conf").unwrap().is_none());

    let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = CertificateRequest::from_pem(
        &CertificateRequest::new_pem(&key, &CertificateTemplate::named("system:node:a")).unwrap(),
    )
    .unwrap();
    let text = |path: &str| String::from_utf8(node.files().read(path).unwrap()).unwrap();
    let (authority, wrong) = (
        Certificate::from_pem(&text("/pki/ca.crt")).unwrap(),
        Key::from_pem(&Secret::new(text("/pki/ca.key"))).unwrap(),
    );
    assert_eq!(
        request.issue(0, NOW, &authority, &wrong).unwrap_err(),
        GOOD_CA_WRONG_KEY
    );
}

/// The key of an authority of the same name.
fn node_of_another_cluster() -> Vec<u8> {
    let other = node();
    other.ensure("ca", None).unwrap();
    other.files().read("/pki/ca.key").unwrap()
}

#[test]
fn a_certificate_beside_the_key_of_another_is_refused_and_both_stay() {
    let node = node();
    node.ensure("ca", None).unwrap();
    node.ensure("apiserver", Some("ca")).unwrap();
    let key = node_of_another_cluster();
    node.files()
        .write("/pki/apiserver.key", &key, 0o600, None)
        .unwrap();
    let refused = node.ensure("apiserver", Some("ca")).unwrap_err();
    assert!(
        refused
            .message
            .contains("/pki/apiserver.key does not belong to the certificate"),
        "{}",
        refused.message
    );
    assert!(
        refused
            .remedy
            .is_some_and(|remedy| remedy.contains("remove both"))
    );
    assert_eq!(node.files().read("/pki/apiserver.key").unwrap(), key);
}
