use super::*;
use crate::{arguments::UnitName, cancel::Cancel, world::fake::FakeWorld};
use kubephase_sdk::testing::Case;

/// The phase decides whether the run continues without a service; the effect fails for every
/// service.
#[test]
fn a_service_that_cannot_reach_its_state_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let world = FakeWorld::new(&Case::parse("{}").unwrap(), folder.path()).unwrap();
    let config = crate::config::Config::default();
    let cancel = Cancel::never();
    let context = Context::for_test(&world, &config, &cancel);
    for name in ["kubelet", "crio"] {
        let failed = Effect::Service(Service {
            name: UnitName::parse(name).unwrap(),
            state: "asleep".into(),
        })
        .apply(&context)
        .unwrap_err();
        assert!(failed.message.contains("asleep"), "{failed:?}");
    }
}

/// Recordings hold effects as data, and journals hold digests of them.
#[test]
fn effects_as_data_are_written_as_they_are_read() {
    for text in [
        r#"{"effect":"remove-file","path":"/a"}"#,
        r#"{"effect":"directory","path":"/a","mode":493}"#,
        concat!(
            r#"{"effect":"static-pod","name":"etcd","#,
            r#""file":{"path":"/a","content":[120],"mode":384,"owner":null}}"#
        ),
        r#"{"effect":"object","manifest":{"kind":"X"},"if_exists":"retain"}"#,
        concat!(
            r#"{"effect":"patch","of":{"api_version":"v1","kind":"Node","#,
            r#""namespace":null,"name":"n"},"patch":{}}"#
        ),
        concat!(
            r#"{"effect":"delete","of":{"api_version":"v1","kind":"Node","#,
            r#""namespace":null,"name":"n"}}"#
        ),
        r#"{"effect":"bootstrap-kubeconfig","path":"/a"}"#,
        r#"{"effect":"kubeconfig-server","path":"/a","server":"https://b"}"#,
        r#"{"effect":"service","name":"crio","state":"running"}"#,
        r#"{"effect":"sysctl","key":"net.ipv4.ip_forward","value":"1"}"#,
        r#"{"effect":"module","name":"br_netfilter"}"#,
        r#"{"effect":"image","image":"registry.k8s.io/pause:3.10"}"#,
        r#"{"effect":"command","program":"ls","args":["-l"]}"#,
    ] {
        let effect: Effect = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&effect).unwrap(), text);
    }
}

fn service(state: &str) -> Effect {
    Effect::Service(Service {
        name: UnitName::parse("crio").unwrap(),
        state: state.into(),
    })
}

#[test]
fn stopping_a_service_undoes_its_start() {
    for (state, inverse) in [("running", "stopped"), ("enabled", "disabled")] {
        let Undo::By(undo) = service(state).properties().undo else {
            panic!("nothing undoes {state}");
        };
        assert_eq!(service(inverse).properties().undoes, Some(undo));
        assert_eq!(service(state).properties().undoes, None);
    }
    let restarted = service("restarted").properties();
    assert_eq!((restarted.undo, restarted.undoes), (Undo::Nothing, None));
}

#[test]
fn a_footprint_names_paths_once_and_no_content() {
    let file = Effect::File(files::File {
        path: "/opt/token".into(),
        content: b"secret".to_vec(),
        mode: 0o600,
        owner: None,
    });
    let of_file = Footprint {
        undo: Undo::RemoveCreated,
        ..Footprint::default()
    };
    assert_eq!(file.footprint(&[]), of_file);
    let certificate = Effect::Certificate(CertificateSpec {
        directory: "/pki".into(),
        name: "ca".into(),
        ..CertificateSpec::default()
    });
    assert_eq!(certificate.footprint(&[]).paths, ["/pki/ca.key"]);
    assert_eq!(certificate.footprint(&["/pki/ca.key".into()]), of_file);
}

/// The journal reserves room for these texts.
#[test]
fn the_texts_of_a_footprint_are_its_paths_and_the_targets_of_its_inverses() {
    let removal = Effect::RemoveFile(RemoveFile {
        path: "/opt/x".into(),
    });
    let certificate = Effect::Certificate(CertificateSpec {
        directory: "/pki".into(),
        name: "ca".into(),
        ..CertificateSpec::default()
    });
    for (effect, texts) in [
        (removal, ["/opt/x"]),
        (certificate, ["/pki/ca.key"]),
        (service("running"), ["crio"]),
        (service("disabled"), ["crio"]),
    ] {
        let footprint = effect.footprint(&[]);
        assert!(footprint.texts().eq(texts), "{footprint:?}");
    }
}
