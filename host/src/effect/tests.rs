use super::*;
use crate::{
    arguments::{CommandLine, UnitName},
    cancel::Cancel,
    world::{World, fake::FakeWorld},
};
use kubephase_sdk::{spec::CertificateSpec, testing::Case};
use serde::de::DeserializeOwned;

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
        let unit = UnitName::parse(name).unwrap();
        let before = world.node().service(&unit).unwrap();
        let failed = Effect::from(Service {
            name: unit.clone(),
            state: "asleep".into(),
        })
        .apply(&context)
        .unwrap_err();
        assert!(failed.message.contains("asleep"), "{failed:?}");
        assert_eq!(world.node().service(&unit).unwrap(), before, "{name}");
    }
}

/// Serialises an effect with this data, and compares the JSON.
fn assert_json<K: EffectKind + DeserializeOwned>(kind: &str, data: &str) {
    let effect: K = serde_json::from_str(&format!("{{{data}}}")).unwrap();
    assert_eq!(
        String::from_utf8(Effect::from(effect).to_json()).unwrap(),
        format!(r#"{{"effect":"{kind}",{data}}}"#)
    );
}

/// Journals hold digests of this JSON.
#[test]
fn effects_are_serialised_as_their_kind_and_data() {
    assert_json::<RemoveFile>("remove-file", r#""path":"/a""#);
    assert_json::<files::Directory>("directory", r#""path":"/a","mode":493"#);
    assert_json::<StaticPod>(
        "static-pod",
        r#""name":"etcd","file":{"path":"/a","content":[120],"mode":384,"owner":null}"#,
    );
    assert_json::<Object>("object", r#""manifest":{"kind":"X"},"if_exists":"retain""#);
    let object_field = r#""of":{"api_version":"v1","kind":"Node","namespace":null,"name":"n"}"#;
    assert_json::<Patch>("patch", &format!(r#"{object_field},"patch":{{}}"#));
    assert_json::<Delete>("delete", object_field);
    assert_json::<BootstrapKubeconfig>("bootstrap-kubeconfig", r#""path":"/a""#);
    assert_json::<KubeconfigServer>("kubeconfig-server", r#""path":"/a","server":"https://b""#);
    assert_json::<Service>("service", r#""name":"crio","state":"running""#);
    assert_json::<Sysctl>("sysctl", r#""key":"net.ipv4.ip_forward","value":"1""#);
    assert_json::<Module>("module", r#""name":"br_netfilter""#);
    assert_json::<Image>("image", r#""image":"registry.k8s.io/pause:3.10""#);
    assert_json::<CommandLine>("command", r#""program":"ls","args":["-l"]"#);
}

#[test]
fn effects_are_equal_by_kind_and_data() {
    let directory = |mode| {
        Effect::from(files::Directory {
            path: "/a".into(),
            mode,
        })
    };
    assert_eq!(directory(0o755), directory(0o755).clone());
    assert_ne!(directory(0o755), directory(0o700));
    let removal = Effect::from(RemoveFile { path: "/a".into() });
    assert_ne!(removal, directory(0o755));
    assert!(removal.as_kind::<RemoveFile>().is_some());
    assert!(removal.as_kind::<files::Directory>().is_none());
}

fn service(state: &str) -> Effect {
    Effect::from(Service {
        name: UnitName::parse("crio").unwrap(),
        state: state.into(),
    })
}

#[test]
fn stopping_a_service_undoes_its_start() {
    for (state, opposite_state) in [("running", "stopped"), ("enabled", "disabled")] {
        let Undo::By(wanted_inverse) = service(state).properties().undo else {
            panic!("nothing undoes {state}");
        };
        let opposite = service(opposite_state).properties();
        assert_eq!(opposite.undoes, Some(wanted_inverse));
        assert_eq!(service(state).properties().undoes, None);
    }
    let restarted = service("restarted").properties();
    assert_eq!((restarted.undo, restarted.undoes), (Undo::Nothing, None));
}

#[test]
fn a_footprint_names_paths_once_and_no_content() {
    let file = Effect::from(files::File {
        path: "/opt/token".into(),
        content: b"secret".to_vec(),
        mode: 0o600,
        owner: None,
    });
    let removes_created = Footprint {
        undo: Undo::RemoveCreated,
        ..Footprint::default()
    };
    assert_eq!(file.footprint(&[]), removes_created);
    let certificate = Effect::from(CertificateSpec {
        directory: "/pki".into(),
        name: "ca".into(),
        ..CertificateSpec::default()
    });
    assert_eq!(certificate.footprint(&[]).paths, ["/pki/ca.key"]);
    // The event of the effect already names the files that the effect made.
    let footprint = certificate.footprint(&["/pki/ca.key".into()]);
    assert_eq!(footprint, removes_created);
}

/// The journal reserves room for these texts.
#[test]
fn the_texts_of_a_footprint_are_its_paths_and_the_targets_of_its_inverses() {
    let removal = Effect::from(RemoveFile {
        path: "/opt/x".into(),
    });
    let certificate = Effect::from(CertificateSpec {
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
