use super::*;
use crate::{
    cancel::Cancel,
    config::JoinedCluster,
    effect::{Applied, Context, Effect, RemoveFile, files},
    world::{World, WorldResult, fake::FakeWorld},
};
use kubephase_sdk::{
    duration::Duration,
    kubeadm::{self, Etcd, ExternalEtcd, LocalEtcd},
    spec::{CertificateSpec, KubeconfigSpec},
    testing::Case,
};

fn config() -> Config {
    let mut config = Config::default();
    config.cluster.certificates_dir = "/srv/pki".into();
    config.cluster.etcd = Etcd {
        local: Some(LocalEtcd {
            data_dir: "/srv/etcd".into(),
            ..LocalEtcd::default()
        }),
        external: None,
    };
    config.run.kubeconfig_dir = "/srv/kubeconfigs".into();
    config.kubelet.document = serde_json::json!({"staticPodPath": "/srv/pods"});
    config.init.patches = Some(kubeadm::Patches {
        directory: "/srv/patches".into(),
    });
    config.join = Some(JoinedCluster {
        ca_cert_path: "/srv/joined.crt".into(),
        ..JoinedCluster::default()
    });
    config
}

#[test]
fn moved_directories_belong_to_the_host_and_so_do_their_default_places() {
    let territory = territory_of(&config(), &Patches::default());
    for path in [
        "/srv/pki/ca.key",
        "/etc/kubernetes/pki/ca.key",
        "/srv/etcd",
        "/var/lib/etcd/member/snap/db",
        "/srv/kubeconfigs/admin.conf",
        "/etc/kubernetes/admin.conf",
        "/etc/kubernetes/anything.conf",
        "/srv/pods/evil.yaml",
        "/etc/kubernetes/manifests/evil.yaml",
        "/srv/patches/x.yaml",
        "/srv/joined.crt",
        "/etc/kubernetes/tmp",
        "/var/lib/kubelet/config.json",
        "/var/lib/kubephase/journal-000001.jsonl",
        "/var/cache/kubephase/x",
        "/run/containerd/containerd.sock",
        "/var/lib/containerd",
        "//etc//kubernetes/./pki/x",
        "/etc/x/../kubernetes/pki/x",
    ] {
        assert!(territory.owns(path), "{path}");
    }
    for path in [
        "/etc/kubernetes",
        "/etc/kubernetes/audit/policy.yaml",
        "/etc/kubernetes/x.yaml",
        "/var/lib/kubelet-x",
        "/srv",
        "x",
        "",
    ] {
        assert!(!territory.owns(path), "{path}");
    }
}

fn apply(
    effect: &Effect,
    territory: Option<&Territory>,
    world: &dyn World,
) -> WorldResult<Applied> {
    let (cancel, config) = (Cancel::never(), config());
    let context = Context {
        territory,
        ..Context::for_test(world, &config, &cancel)
    };
    effect.apply(&context).map(|done| done.applied)
}

fn certificate(directory: &str, name: &str, authority: &str) -> Effect {
    Effect::from(CertificateSpec {
        directory: directory.into(),
        name: name.into(),
        authority: Some(authority.into()),
        ..CertificateSpec::default()
    })
}

fn kubeconfig(path: &str) -> Effect {
    Effect::from(KubeconfigSpec {
        path: path.into(),
        directory: "/srv/pki".into(),
        authority: "ca".into(),
        ..KubeconfigSpec::default()
    })
}

#[test]
fn a_plugin_makes_no_certificate_of_the_host_and_signs_only_with_the_clusters_authority() {
    let (config, territory) = (config(), territory_of(&config(), &Patches::default()));
    let is_refused = |effect: &Effect| refusal_reason(effect, &territory, &config).is_some();
    assert!(!is_refused(&certificate("/srv/pki", "monitoring", "ca")));
    for (directory, name, authority) in [
        ("/srv/pki", "apiserver", "ca"),
        ("/srv/pki/etcd", "server", "ca"),
        ("/srv/pki", "monitoring", "etcd/ca"),
        ("/srv/pki/etcd", "monitoring", "ca"),
        ("/srv/pki", "monitoring", "front-proxy-ca"),
        ("/var/lib/kubelet/pki", "x", "y"),
    ] {
        assert!(
            is_refused(&certificate(directory, name, authority)),
            "{directory} {name} {authority}"
        );
    }
    assert!(!is_refused(&kubeconfig("/srv/monitoring.conf")));
    assert!(is_refused(&kubeconfig("/etc/kubernetes/admin.conf")));
}

/// `certs renew` uses the directory of its flag, and the cluster may have another.
#[test]
fn the_clusters_own_directory_of_certificates_belongs_to_the_host_in_a_renewal() {
    let mut config = config();
    let renewal = config.renewal.get_or_insert_default();
    renewal.kept_certificates_dir = "/opt/pki".into();
    let territory = territory_of(&config, &Patches::default());
    assert!(territory.owns("/opt/pki/front-proxy-ca.crt") && territory.owns("/srv/pki/ca.key"));
    for effect in [
        certificate("/opt/pki", "x", "etcd/ca"),
        certificate("/opt/pki", "apiserver", "ca"),
    ] {
        assert!(
            refusal_reason(&effect, &territory, &config).is_some(),
            "{effect:?}"
        );
    }
}

#[test]
fn a_plugins_certificate_does_not_outlive_the_clusters() {
    let mut config = config();
    config.cluster.certificate_validity_period = Some(Duration::from_secs(3600));
    config.cluster.ca_certificate_validity_period = Some(Duration::from_secs(7200));
    let territory = territory_of(&config, &Patches::default());
    let refusal_of = |directory: &str, authority: Option<&str>, validity_seconds: i64| {
        let (directory, authority) = (directory.into(), authority.map(Into::into));
        let spec = CertificateSpec {
            directory,
            name: "x".into(),
            authority,
            validity_seconds,
            ..Default::default()
        };
        refusal_reason(&Effect::from(spec), &territory, &config)
    };
    assert_eq!(refusal_of("/srv/pki", Some("ca"), 3600), None);
    assert_eq!(refusal_of("/srv/own", None, 7200), None);
    assert_eq!(
        refusal_of("/srv/pki", Some("ca"), 3601).unwrap(),
        "the certificate at /srv/pki/x would be valid for 3601 s; certificateValidityPeriod of the \
         cluster allows at most 1h0m0s (3600 s)"
    );
    assert!(
        refusal_of("/srv/own", None, 7201)
            .unwrap()
            .contains("caCertificateValidityPeriod")
    );
    assert!(refusal_of("/srv/pki", Some("ca"), i64::MAX).is_some());
    let kubeconfig = KubeconfigSpec {
        path: "/srv/x.conf".into(),
        directory: "/srv/pki".into(),
        authority: "ca".into(),
        validity_seconds: 3601,
        ..KubeconfigSpec::default()
    };
    assert!(refusal_reason(&Effect::from(kubeconfig), &territory, &config).is_some());
}

#[test]
fn a_plugin_does_not_sign_with_the_authority_of_an_external_etcd() {
    let mut config = config();
    config.cluster.etcd = Etcd {
        local: None,
        external: Some(ExternalEtcd {
            ca_file: "/srv/etcd-ca.crt".into(),
            ..Default::default()
        }),
    };
    let territory = territory_of(&config, &Patches::default());
    let (path, directory, authority) = ("/srv/x.conf".into(), "/srv".into(), "etcd-ca".into());
    let kubeconfig = Effect::from(KubeconfigSpec {
        path,
        directory,
        authority,
        ..Default::default()
    });
    assert_eq!(
        refusal_reason(&kubeconfig, &territory, &config).unwrap(),
        "only the host may sign with /srv/etcd-ca"
    );
}

/// The configuration names single files of the host, with their endings.
#[test]
fn a_plugin_makes_no_certificate_at_the_place_of_a_single_file_of_the_host() {
    let mut config = config();
    config.cluster.etcd = Etcd {
        local: None,
        external: Some(ExternalEtcd {
            key_file: "/srv/etcd.key".into(),
            cert_file: "/srv/client.crt".into(),
            ..Default::default()
        }),
    };
    let territory = territory_of(&config, &Patches::default());
    let is_refused = |effect: &Effect| refusal_reason(effect, &territory, &config).is_some();
    for name in ["etcd", "client", "joined"] {
        assert!(is_refused(&certificate("/srv", name, "own")), "{name}");
        assert!(is_refused(&certificate("/srv", "x", name)), "{name}");
    }
    assert!(!is_refused(&certificate("/srv", "x", "own")));
}

fn file(path: &str, mode: u32) -> files::File {
    files::File {
        path: path.into(),
        content: b"x".to_vec(),
        mode,
        owner: None,
    }
}

#[test]
fn effects_of_plugins_do_not_reach_the_territory_and_effects_of_the_host_do() {
    let folder = tempfile::tempdir().unwrap();
    let world = FakeWorld::new(&Case::parse("{}").unwrap(), folder.path()).unwrap();
    let territory = territory_of(&config(), &Patches::default());
    let path = "/srv/pki/ca.key";
    let effects = [
        Effect::from(file(path, 0o600)),
        Effect::from(files::Mode {
            path: path.into(),
            mode: 0o666,
            owner: None,
        }),
        Effect::from(files::Directory {
            path: "/srv/pki/below".into(),
            mode: 0o755,
        }),
        Effect::from(RemoveFile { path: path.into() }),
    ];
    for effect in &effects {
        assert_eq!(
            apply(effect, Some(&territory), &world).unwrap_err().code,
            kubephase_wit::FailureCode::Denied,
            "{effect:?}"
        );
    }
    assert_eq!(world.files().list("/").unwrap(), Vec::<String>::new());
    for effect in &effects {
        assert_eq!(
            apply(effect, None, &world).unwrap(),
            Applied::Changed,
            "{effect:?}"
        );
    }
    let setuid = Effect::from(file("/opt/tool", 0o4755));
    assert_eq!(
        apply(&setuid, Some(&territory), &world).unwrap_err().code,
        kubephase_wit::FailureCode::Denied
    );
    let plain = Effect::from(file("/opt/tool", 0o755));
    assert_eq!(
        apply(&plain, Some(&territory), &world).unwrap(),
        Applied::Changed
    );
    assert_eq!(
        apply(&plain, Some(&territory), &world).unwrap(),
        Applied::Unchanged
    );
}
