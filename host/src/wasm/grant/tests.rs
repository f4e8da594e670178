use super::*;
use crate::{
    arguments::{CommandLine, HostName, HttpUrl, Line, ObjectName},
    effect::{Effect, IfExists, Object, RemoveFile, files::File},
    wasm::{gate::*, request::ObjectPattern},
    world::reach::{Reach, Services},
};
use serde_json::{Value, json};

fn request(capability: &str) -> Request {
    Request {
        capability: capability.into(),
        reason: Line::parse("because").unwrap(),
        ..Request::default()
    }
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn path(text: &str) -> AbsolutePath {
    AbsolutePath::parse(text).unwrap()
}

/// The namespace of the plugin's own.
const OWN: &str = "kubephase-plugin-p";

/// A grant of one request.
fn granted(request: Request) -> Grant {
    Grant::new("p", vec![request])
}

fn pattern(
    api_version: &str,
    kind: &str,
    namespace: Option<&str>,
    names: &[&str],
) -> ObjectPattern {
    ObjectPattern {
        api_version: api_version.into(),
        kind: kind.into(),
        namespace: namespace.map(Into::into),
        names: strings(names),
        host_access: false,
    }
}

#[test]
fn nothing_is_granted_by_default() {
    let (grant, host) = (Grant::default(), HostName::parse("example.com").unwrap());
    assert!(
        grant
            .allows(&STAT.row, &path("/etc/hostname").demands())
            .is_err()
    );
    assert!(grant.allows(&RESOLVE.row, &host.demands()).is_err());
    assert!(grant.allows(&RUNTIME_STATUS.row, &[]).is_err());
    assert!(
        grant
            .allows(&ETCD_MEMBERS.row, &[])
            .unwrap_err()
            .contains("distribution's own phases")
    );
    assert_eq!(grant.allows(&SERVICE.row, &[]), Ok(()));
}

#[test]
fn a_file_is_shown_where_its_pattern_its_place_and_its_mode_allow_it() {
    let grant = granted(Request {
        paths: strings(&["/etc/**", "/root/**", "/proc/**"]),
        ..request("observe-files.read-file")
    });
    let shows = |name: &str, real: &str, is_public: bool| {
        grant.allows(&READ_FILE.row, &path(name).demands()).is_ok()
            && grant
                .allows_file(&READ_FILE.row, &path(name), real, is_public)
                .is_ok()
    };
    assert!(shows("/etc/os-release", "/etc/os-release", true));
    assert!(
        !shows("/etc/os-release", "/usr/lib/os-release", true),
        "a link leads out of the pattern"
    );
    assert!(
        !shows("/etc/own", "/etc/own", false),
        "not every user may read it"
    );
    assert!(!shows("/usr/lib/os-release", "/usr/lib/os-release", true));
    for hidden in [
        "/etc/kubernetes/pki/ca.key",
        "/etc/shadow",
        "/etc/shadow-",
        "/root/.ssh/id_ed25519",
        "/root/.kube/config",
        "/proc/1/environ",
        "/proc/4711/cmdline",
        "/proc/self/status",
    ] {
        assert!(!shows(hidden, hidden, true), "{hidden}");
        assert!(!shows("/etc/link", hidden, true), "a link to {hidden}");
    }
    assert!(shows("/proc/cpuinfo", "/proc/cpuinfo", true));
}

#[test]
fn a_private_file_is_shown_where_the_grant_names_exactly_it() {
    let grant = granted(Request {
        paths: strings(&["/etc/own/secret.yaml"]),
        private: true,
        ..request("observe-files.read-file")
    });
    let named = path("/etc/own/secret.yaml");
    assert_eq!(
        grant.allows_file(&READ_FILE.row, &named, &named, false),
        Ok(())
    );
    let other = granted(Request {
        paths: strings(&["/etc/own/secret.yaml"]),
        ..request("observe-files.read-file")
    });
    assert!(
        other
            .allows_file(&READ_FILE.row, &named, &named, false)
            .unwrap_err()
            .contains("private: true")
    );
}

#[test]
fn no_grant_reaches_the_directory_of_another_plugin() {
    let write = |path: &str| {
        let grant = granted(Request {
            paths: strings(&["/**"]),
            ..request("effects-files.write-file")
        });
        grant.allows_effect(&Effect::File(File {
            path: path.into(),
            content: vec![],
            mode: 0o644,
            owner: None,
        }))
    };
    assert_eq!(write("/var/lib/kubephase-plugins/p/x"), Ok(()));
    for path in [
        "/var/lib/kubephase-plugins/other/x",
        "/var/lib/kubephase-plugins/other",
    ] {
        let refused = write(path).unwrap_err();
        assert!(
            refused.contains("directory of the plugin other"),
            "{refused}"
        );
    }
    let remove = granted(Request {
        paths: strings(&["/**"]),
        ..request("effects-files.remove-file")
    });
    let path = "/var/lib/kubephase-plugins/other/x".to_owned();
    assert!(
        remove
            .allows_effect(&Effect::RemoveFile(RemoveFile { path }))
            .is_err()
    );
}

#[test]
fn each_function_is_granted_for_itself() {
    let grant = granted(Request {
        paths: strings(&["/**"]),
        ..request("observe-files.stat")
    });
    assert_eq!(
        grant.allows(&STAT.row, &path("/etc/kubernetes/kubelet.conf").demands()),
        Ok(())
    );
    assert!(
        grant
            .allows(&READ_FILE.row, &path("/etc/hostname").demands())
            .is_err()
    );
    let write = Effect::File(File {
        path: "/etc/x".into(),
        content: vec![],
        mode: 0o644,
        owner: None,
    });
    assert!(
        grant.allows_effect(&write).is_err(),
        "looking is not writing"
    );
    let grant = granted(Request {
        commands: vec![strings(&["rm", "*"])],
        ..request("observe-command.run-command")
    });
    let command = CommandLine::parse("rm", &strings(&["x"])).unwrap();
    assert_eq!(grant.allows(&RUN_COMMAND.row, &command.demands()), Ok(()));
    assert!(grant.allows_effect(&Effect::Command(command)).is_err());
}

#[test]
fn the_dimensions_of_one_request_hold_together() {
    let request = |host: &str, file: &str| Request {
        hosts: strings(&[host]),
        paths: strings(&[file]),
        ..request("observe-net.http-get-as")
    };
    let grant = Grant::new(
        "p",
        vec![
            request("a.example", "/etc/a/**"),
            request("b.example", "/etc/b/**"),
        ],
    );
    let identity = |host: &str, file: &str| Identity {
        url: HttpUrl::parse(&format!("https://{host}/")).unwrap(),
        authority: None,
        certificate: Some(path(file)),
        key: None,
    };
    assert_eq!(
        grant.allows(
            &HTTP_GET_AS.row,
            &identity("a.example", "/etc/a/x.crt").demands()
        ),
        Ok(())
    );
    assert!(
        grant
            .allows(
                &HTTP_GET_AS.row,
                &identity("a.example", "/etc/b/x.crt").demands()
            )
            .is_err()
    );
}

/// A grant of certificates, and what it says of the effect that a specification becomes. `change`
/// changes the specification.
fn judged_certificate(change: impl Fn(&mut Value)) -> Result<(), String> {
    let grant = granted(Request {
        directories: strings(&["/etc/kubernetes/pki"]),
        authorities: strings(&["/etc/kubernetes/pki/ca"]),
        subjects: strings(&["metrics"]),
        names: strings(&[
            "metrics.example",
            "*.metrics.example",
            "192.0.2.7",
            "fd00::7",
        ]),
        usages: strings(&["serverAuth"]),
        ..request("effects-pki.ensure-certificate")
    });
    let mut spec = json!({
        "directory": "/etc/kubernetes/pki",
        "name": "metrics",
        "authority": "ca",
        "commonName": "metrics",
        "dnsNames": ["metrics.example"], "usages": ["serverAuth"],
    });
    change(&mut spec);
    let spec = ENSURE_CERTIFICATE.admit(spec.to_string(), Origin::Plugin)?;
    grant.allows_effect(&Effect::Certificate(spec))
}

#[test]
fn a_certificate_is_bound_by_its_names_its_usages_and_its_authority() {
    for (field, value) in [
        ("name", json!("metrics")),
        ("dnsNames", json!([])),
        ("dnsNames", json!(["METRICS.example", "*.metrics.example"])),
        (
            "ipAddresses",
            json!(["192.0.2.7", "::ffff:192.0.2.7", "fd00:0::7"]),
        ),
    ] {
        assert_eq!(
            judged_certificate(|spec| spec[field] = value.clone()),
            Ok(()),
            "{field}: {value}"
        );
    }
    for (field, value, part) in [
        (
            "dnsNames",
            json!(["metrics.example", "kubernetes.default.svc"]),
            "name kubernetes.default.svc",
        ),
        (
            "dnsNames",
            json!(["KUBERNETES.default.svc"]),
            "name kubernetes.default.svc",
        ),
        ("dnsNames", json!(["*.example"]), "name *.example"),
        ("dnsNames", json!(["*"]), "host name"),
        ("dnsNames", json!(["a\u{0}b"]), "host name"),
        ("ipAddresses", json!(["10.96.0.1"]), "name 10.96.0.1"),
        ("ipAddresses", json!(["::ffff:10.96.0.1"]), "name 10.96.0.1"),
        ("ipAddresses", json!(["metrics.example"]), "IP address"),
        (
            "usages",
            json!(["serverAuth", "clientAuth"]),
            "usage clientAuth",
        ),
        ("usages", json!([]), "usage clientAuth"),
        (
            "authority",
            json!("etcd/ca"),
            "authority /etc/kubernetes/pki/etcd/ca",
        ),
        (
            "authority",
            Value::Null,
            "authority /etc/kubernetes/pki/metrics",
        ),
    ] {
        let refused = judged_certificate(|spec| spec[field] = value.clone()).unwrap_err();
        assert!(refused.contains(part), "{field}: {value}: {refused}");
    }
}

#[test]
fn a_kubeconfig_is_bound_by_its_authority() {
    let grant = granted(Request {
        paths: strings(&["/srv/own/*"]),
        authorities: strings(&["/etc/kubernetes/pki/ca"]),
        subjects: strings(&["reader"]),
        ..request("effects-pki.ensure-kubeconfig")
    });
    let allows = |directory: &str| {
        let spec = kubephase_sdk::spec::KubeconfigSpec {
            path: "/srv/own/reader.conf".into(),
            directory: directory.into(),
            authority: "ca".into(),
            common_name: "reader".into(),
            ..Default::default()
        };
        grant.allows_effect(&Effect::Kubeconfig(spec))
    };
    assert_eq!(allows("/etc/kubernetes/pki"), Ok(()));
    assert!(
        allows("/etc/ssl/private")
            .unwrap_err()
            .contains("authority /etc/ssl/private/ca")
    );
}

#[test]
fn objects_are_bound_by_kind_namespace_and_name() {
    let objects = vec![
        pattern("v1", "ConfigMap", Some("kube-system"), &[]),
        pattern("v1", "Node", None, &["worker-*"]),
    ];
    let grant = granted(Request {
        objects,
        ..request("effects-cluster.apply-object")
    });
    let allows = |kind: &str, namespace: Option<&str>, name: &str| {
        let mut manifest = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
        if let Some(namespace) = namespace {
            manifest["metadata"]["namespace"] = namespace.into();
        }
        grant
            .allows_effect(&Effect::Object(Object {
                manifest,
                if_exists: Default::default(),
            }))
            .is_ok()
    };
    assert!(allows("ConfigMap", Some("kube-system"), "x") && allows("Node", None, "worker-1"));
    assert!(
        !allows("ConfigMap", Some("default"), "x")
            && !allows("ConfigMap", None, "x")
            && !allows("Secret", Some("kube-system"), "x")
    );
    assert!(!allows("Node", None, "control-plane"));
    for own in ["kubeadm-config", "kubelet-config", "kubephase-config"] {
        assert!(
            !allows("ConfigMap", Some("kube-system"), own),
            "{own} is the host's"
        );
    }
    let nodes = ObjectName::parse_kind("v1", "Node", None).unwrap();
    assert!(
        grant
            .allows(&APPLY_OBJECT.row, &[Demand::Object(&nodes)])
            .is_err(),
        "all nodes are not some of them"
    );
}

#[test]
fn pods_stay_off_the_host_unless_the_grant_says_so() {
    let daemon_set = |spec: Value| {
        Effect::Object(Object {
            manifest: json!({
                "apiVersion": "apps/v1",
                "kind": "DaemonSet",
                "metadata": {"name": "x", "namespace": OWN},
                "spec": {"template": {"spec": spec}},
            }),
            if_exists: Default::default(),
        })
    };
    let mut of = pattern("apps/v1", "DaemonSet", Some(OWN), &[]);
    let mut account = pattern("v1", "ServiceAccount", Some(OWN), &["own"]);
    let grant = |of: &ObjectPattern, account: &ObjectPattern| {
        granted(Request {
            objects: vec![of.clone(), account.clone()],
            ..request("effects-cluster.apply-object")
        })
    };
    let as_own = daemon_set(json!({"serviceAccountName": "own"}));
    assert!(
        grant(&of, &account)
            .allows_effect(&as_own)
            .unwrap_err()
            .contains("service account own"),
        "that the plugin may write an account does not make it the plugin's"
    );
    account.host_access = true;
    assert_eq!(grant(&of, &account).allows_effect(&as_own), Ok(()));
    assert_eq!(
        grant(&of, &account)
            .allows_effect(&daemon_set(json!({"automountServiceAccountToken": false}))),
        Ok(())
    );
    for spec in [
        json!({"hostNetwork": true}),
        json!({"serviceAccountName": "admin"}),
        json!({"volumes": [{"hostPath": {"path": "/"}}]}),
    ] {
        assert!(
            grant(&of, &account)
                .allows_effect(&daemon_set(spec))
                .unwrap_err()
                .contains("hostAccess: true")
        );
    }
    of.host_access = true;
    assert_eq!(
        grant(&of, &account).allows_effect(&daemon_set(json!({"hostNetwork": true}))),
        Ok(())
    );
}

#[test]
fn what_is_in_an_object_is_judged_unless_the_grant_amounts_to_cluster_admin() {
    let service = |namespace: &str, if_exists| {
        Effect::Object(Object {
            manifest: json!({
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "x", "namespace": namespace},
                "spec": {"clusterIP": "10.96.0.10"},
            }),
            if_exists,
        })
    };
    let judge = |namespace: &str, if_exists| {
        let objects = vec![pattern("v1", "Service", Some(namespace), &["x"])];
        let grant = granted(Request {
            objects,
            ..request("effects-cluster.apply-object")
        });
        grant.allows_effect(&service(namespace, if_exists))
    };
    for if_exists in [IfExists::Update, IfExists::Apply] {
        let refused = judge(OWN, if_exists).unwrap_err();
        assert!(refused.contains("clusterIP"), "{refused}");
        assert_eq!(judge("kube-system", if_exists), Ok(()));
    }
}

#[test]
fn no_plugin_writes_the_labels_by_which_the_host_knows_whose_an_object_is() {
    let labelled = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "x",
            "namespace": "kube-system",
            "labels": {"app": "x", "kubephase.dev/plugin": "other"},
        },
    });
    for host_access in [false, true] {
        let objects = vec![ObjectPattern {
            host_access,
            ..pattern("v1", "ConfigMap", Some("kube-system"), &["x"])
        }];
        let judge = |call, effect| {
            let objects = objects.clone();
            let grant = granted(Request {
                objects,
                ..request(call)
            });
            grant.allows_effect(&effect)
        };
        let of = kubephase_wit::ObjectRef {
            api_version: "v1".into(),
            kind: "ConfigMap".into(),
            namespace: Some("kube-system".into()),
            name: "x".into(),
        };
        let (manifest, patch) = (labelled.clone(), labelled.clone());
        let if_exists = IfExists::Apply;
        let apply = Effect::Object(Object {
            manifest,
            if_exists,
        });
        let patch = Effect::Patch(crate::effect::Patch { of, patch });
        for (call, effect) in [
            ("effects-cluster.apply-object", apply),
            ("effects-cluster.patch-object", patch),
        ] {
            let refused = judge(call, effect).unwrap_err();
            assert!(refused.contains("kubephase.dev/plugin"), "{refused}");
        }
    }
}

#[test]
fn only_where_the_grant_amounts_to_cluster_admin_any_object_may_be_changed() {
    let claim = |pattern: ObjectPattern, namespace: Option<&str>| {
        let of = kubephase_wit::ObjectRef {
            api_version: pattern.api_version.clone(),
            kind: pattern.kind.clone(),
            namespace: namespace.map(Into::into),
            name: OWN.into(),
        };
        let grant = granted(Request {
            objects: vec![pattern],
            ..request("effects-cluster.delete-object")
        });
        grant.claimed_namespace(&ObjectChange {
            row: &DELETE_OBJECT.row,
            of: ObjectName::parse(&of).unwrap(),
            content: ObjectContent::Deleted,
        })
    };
    let names = [OWN];
    for (pattern, namespace, claimed) in [
        (
            pattern("v1", "ConfigMap", Some("kube-system"), &names),
            Some("kube-system"),
            None,
        ),
        (
            pattern("v1", "ConfigMap", Some(OWN), &[]),
            Some(OWN),
            Some(OWN),
        ),
        (
            pattern("v1", "ConfigMap", None, &names),
            Some("a"),
            Some("a"),
        ),
        (pattern("v1", "Namespace", None, &names), None, None),
        (
            pattern("v1", "Namespace", Some(OWN), &names),
            Some(OWN),
            None,
        ),
    ] {
        let claimed = claimed.map(str::to_owned);
        assert_eq!(
            claim(pattern.clone(), namespace),
            Some(claimed),
            "{pattern:?}"
        );
    }
    for (pattern, namespace) in [
        (pattern("v1", "ConfigMap", Some("a"), &names), Some("a")),
        (pattern("v1", "Node", None, &names), None),
    ] {
        assert_eq!(claim(pattern.clone(), namespace), None, "{pattern:?}");
    }
}

#[test]
fn an_address_that_only_this_machine_reaches_is_named_by_the_grant() {
    let services = Services::of("10.96.0.0/12");
    let reach = |hosts: &[&str], url: &str| {
        let grant = granted(Request {
            hosts: strings(hosts),
            ..request("observe-net.http-get")
        });
        let url = HttpUrl::parse(url).unwrap();
        grant.reach(&HTTP_GET.row, &url.demands(), &url, services)
    };
    for (hosts, url) in [
        (&["1*"][..], "http://169.254.169.254/"),
        (&["*:*", "127.0.0.1:1"], "http://127.0.0.1:80/"),
        (&["*"], "http://[::ffff:a9fe:a9fe]/"),
        (&["*host"], "http://localhost/"),
        (&["*"], "http://0x7f000001/"),
    ] {
        assert!(reach(hosts, url).is_err(), "{hosts:?} {url}");
    }
    for (host, url) in [
        ("127.0.0.1:*", "http://127.0.0.1:80/"),
        ("10.96.0.1", "http://10.96.0.1/"),
        ("[2001:db8::7]", "http://[2001:db8::7]/"),
    ] {
        assert_eq!(reach(&[host], url), Ok(Reach::All), "{url}");
    }
    let others = Ok(Reach::OtherMachines(services));
    for (host, url) in [
        ("*", "http://192.0.2.7/"),
        ("*", "http://evil.example/"),
        ("a.example", "http://a.example/"),
    ] {
        assert_eq!(reach(&[host], url), others, "{url}");
    }
}

#[test]
fn an_identity_of_the_host_is_shown_only_where_the_grant_amounts_to_that() {
    let judge = |path: &str, is_hosts| {
        let grant = granted(Request {
            hosts: strings(&["a.example"]),
            paths: strings(&["/var/lib/kubephase-plugins/p/**", "/etc/kubernetes/pki/*"]),
            ..request("observe-net.http-get-as")
        });
        grant.allows_identity(&HTTP_GET_AS.row, path, is_hosts)
    };
    assert_eq!(
        judge("/var/lib/kubephase-plugins/p/pki/x.key", false),
        Ok(())
    );
    assert!(judge("/var/lib/kubephase-plugins/p/pki/x.key", true).is_err());
    assert_eq!(judge("/etc/kubernetes/pki/x.key", true), Ok(()));
}

#[test]
fn what_only_the_distribution_may_do_is_never_granted() {
    let grant = granted(request("effects-core.wait-until"));
    let condition = kubephase_sdk::spec::Condition::NodeRegistered { name: "n".into() };
    assert!(
        grant
            .allows_effect(&Effect::Wait(kubephase_sdk::spec::WaitSpec {
                condition,
                timeout_seconds: 1
            }))
            .is_err()
    );
}
