//! kubeadm's rules about keys, certificates and kubeconfigs that exist already.
mod files_only;
mod kubeconfigs;
mod renewal;
mod wrong_keys;

use super::*;
use crate::{
    effect::{Applied, Context, EffectOutcome},
    world::{Files, WorldResult, files::RootedFiles},
};
use files_only::FilesOnly;
use kubephase_sdk::spec::{
    CertificateSpec, KeyAlgorithm, KeyPairSpec, KubeconfigSpec, RotatedKubeconfigSpec, Usage,
};

struct Node {
    _root: tempfile::TempDir,
    world: FilesOnly,
    config: crate::config::Config,
}

fn node() -> Node {
    let root = tempfile::tempdir().unwrap();
    let world = FilesOnly(RootedFiles::open(root.path()).unwrap());
    Node {
        _root: root,
        world,
        config: Default::default(),
    }
}

impl Node {
    /// Ensures a certificate in `/pki`.
    fn ensure(&self, name: &str, authority: Option<&str>) -> WorldResult<EffectOutcome> {
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
        self.with_context(|context| ensure_certificate(&spec, context, self.files()))
    }

    fn with_context<T>(&self, ensure: impl FnOnce(&Context) -> T) -> T {
        let started = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let cancel = crate::cancel::Cancel::never();
        ensure(&Context {
            started: i64::try_from(started).unwrap(),
            ..Context::for_test(&self.world, &self.config, &cancel)
        })
    }

    fn files(&self) -> &dyn Files {
        &self.world.0
    }
}

#[test]
fn existing_certificates_are_used_again() {
    let node = node();
    assert_eq!(
        node.ensure("ca", None).unwrap().lines,
        ["Generating \"ca\" certificate and key"]
    );
    let made = node.ensure("apiserver", Some("ca")).unwrap();
    assert_eq!(
        made.lines[1],
        "apiserver serving cert is signed for DNS names [a b] and IPs []"
    );
    assert!(made.warnings[0].contains("'-bad' was not added to the 'apiserver.crt' SAN"));
    let before = node.files().read("/pki/apiserver.crt").unwrap();
    let again = node.ensure("apiserver", Some("ca")).unwrap();
    assert_eq!(
        (again.applied, again.lines[0].as_str()),
        (
            Applied::Unchanged,
            "Using existing apiserver certificate and key on disk"
        )
    );
    assert_eq!(node.files().read("/pki/apiserver.crt").unwrap(), before);
    assert_eq!(
        node.ensure("ca", None).unwrap().lines,
        ["Using existing ca certificate authority"]
    );
    node.files().remove("/pki/ca.key").unwrap();
    assert_eq!(
        node.ensure("ca", None).unwrap().lines,
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
fn existing_certificates_that_do_not_fit_are_refused() {
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
        node.with_context(|context| ensure_key_pair(&spec, context, node.files()))
            .unwrap()
            .applied
    };
    assert_eq!((ensure(), ensure()), (Applied::Changed, Applied::Unchanged));
    let pair = ["/pki/sa.key", "/pki/sa.pub"];
    let before = pair.map(|path| node.files().read(path).unwrap());
    // The state after a run that was killed between writing the two.
    node.files().remove("/pki/sa.pub").unwrap();
    assert_eq!((ensure(), ensure()), (Applied::Changed, Applied::Unchanged));
    assert_eq!(pair.map(|path| node.files().read(path).unwrap()), before);
}
