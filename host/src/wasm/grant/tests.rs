mod certificates;
mod objects;

use super::*;
use crate::{
    arguments::{CommandLine, HostName, HttpUrl, Line, ObjectName},
    effect::{Effect, IfExists, Object, RemoveFile, files::File},
    wasm::{gate::*, request::ObjectPattern},
    world::reach::{ClusterSubnets, Reach},
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

/// The plugin's own namespace.
const OWN: &str = "kubephase-plugin-p";

/// Returns a grant of one request.
fn grant_with_request(request: Request) -> Grant {
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
            .contains("only for built-in phases")
    );
    assert_eq!(grant.allows(&SERVICE.row, &[]), Ok(()));
}

fn shows_file(grant: &Grant, name: &str, real: &str, is_public: bool) -> bool {
    grant.allows(&READ_FILE.row, &path(name).demands()).is_ok()
        && grant
            .allows_file(&READ_FILE.row, &path(name), real, is_public)
            .is_ok()
}

#[test]
fn a_file_is_shown_where_its_pattern_its_place_and_its_mode_allow_it() {
    let grant = grant_with_request(Request {
        paths: strings(&["/etc/**", "/root/**", "/proc/**"]),
        ..request("observe-files.read-file")
    });
    assert!(shows_file(
        &grant,
        "/etc/os-release",
        "/etc/os-release",
        true
    ));
    assert!(
        !shows_file(&grant, "/etc/os-release", "/usr/lib/os-release", true),
        "a link leads out of the pattern"
    );
    assert!(
        !shows_file(&grant, "/etc/own", "/etc/own", false),
        "not every user may read it"
    );
    assert!(!shows_file(
        &grant,
        "/usr/lib/os-release",
        "/usr/lib/os-release",
        true
    ));
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
        assert!(!shows_file(&grant, hidden, hidden, true), "{hidden}");
        assert!(
            !shows_file(&grant, "/etc/link", hidden, true),
            "a link to {hidden}"
        );
    }
    assert!(shows_file(&grant, "/proc/cpuinfo", "/proc/cpuinfo", true));
}

#[test]
fn a_private_file_is_shown_where_the_grant_names_exactly_it() {
    let grant = grant_with_request(Request {
        paths: strings(&["/etc/own/secret.yaml"]),
        private: true,
        ..request("observe-files.read-file")
    });
    let named = path("/etc/own/secret.yaml");
    assert_eq!(
        grant.allows_file(&READ_FILE.row, &named, &named, false),
        Ok(())
    );
    let other = grant_with_request(Request {
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

fn write_anywhere(path: &str) -> Result<(), String> {
    let grant = grant_with_request(Request {
        paths: strings(&["/**"]),
        ..request("effects-files.write-file")
    });
    grant.allows_effect(&Effect::from(File {
        path: path.into(),
        content: vec![],
        mode: 0o644,
        owner: None,
    }))
}

#[test]
fn no_grant_reaches_the_directory_of_another_plugin() {
    assert_eq!(write_anywhere("/var/lib/kubephase-plugins/p/x"), Ok(()));
    for path in [
        "/var/lib/kubephase-plugins/other/x",
        "/var/lib/kubephase-plugins/other",
    ] {
        let refused = write_anywhere(path).unwrap_err();
        assert!(
            refused.contains("directory of the plugin other"),
            "{refused}"
        );
    }
    let remove = grant_with_request(Request {
        paths: strings(&["/**"]),
        ..request("effects-files.remove-file")
    });
    let path = "/var/lib/kubephase-plugins/other/x".to_owned();
    assert!(
        remove
            .allows_effect(&Effect::from(RemoveFile { path }))
            .is_err()
    );
}

#[test]
fn each_function_is_granted_for_itself() {
    let grant = grant_with_request(Request {
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
    let write = Effect::from(File {
        path: "/etc/x".into(),
        content: vec![],
        mode: 0o644,
        owner: None,
    });
    assert!(
        grant.allows_effect(&write).is_err(),
        "looking is not writing"
    );
    let grant = grant_with_request(Request {
        commands: vec![strings(&["rm", "*"])],
        ..request("observe-command.run-command")
    });
    let command = CommandLine::parse("rm", &strings(&["x"])).unwrap();
    assert_eq!(grant.allows(&RUN_COMMAND.row, &command.demands()), Ok(()));
    assert!(grant.allows_effect(&Effect::from(command)).is_err());
}

fn connection(host: &str, file: &str) -> Request {
    Request {
        hosts: strings(&[host]),
        paths: strings(&[file]),
        ..request("observe-net.http-get-as")
    }
}

fn identity(host: &str, file: &str) -> Identity {
    Identity {
        url: HttpUrl::parse(&format!("https://{host}/")).unwrap(),
        authority: None,
        certificate: Some(path(file)),
        key: None,
    }
}

#[test]
fn the_dimensions_of_one_request_hold_together() {
    let grant = Grant::new(
        "p",
        vec![
            connection("a.example", "/etc/a/**"),
            connection("b.example", "/etc/b/**"),
        ],
    );
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

fn decide_reach(
    cluster_subnets: ClusterSubnets,
    hosts: &[&str],
    url: &str,
) -> Result<Reach, String> {
    let grant = grant_with_request(Request {
        hosts: strings(hosts),
        ..request("observe-net.http-get")
    });
    let url = HttpUrl::parse(url).unwrap();
    grant.decide_reach(&HTTP_GET.row, &url.demands(), &url, cluster_subnets)
}

#[test]
fn an_address_that_only_this_machine_reaches_is_named_by_the_grant() {
    let cluster_subnets = ClusterSubnets::parse("10.96.0.0/12");
    for (hosts, url) in [
        (&["1*"][..], "http://169.254.169.254/"),
        (&["*:*", "127.0.0.1:1"], "http://127.0.0.1:80/"),
        (&["*"], "http://[::ffff:a9fe:a9fe]/"),
        (&["*host"], "http://localhost/"),
        (&["*"], "http://0x7f000001/"),
    ] {
        assert!(
            decide_reach(cluster_subnets, hosts, url).is_err(),
            "{hosts:?} {url}"
        );
    }
    for (host, url) in [
        ("127.0.0.1:*", "http://127.0.0.1:80/"),
        ("10.96.0.1", "http://10.96.0.1/"),
        ("[2001:db8::7]", "http://[2001:db8::7]/"),
    ] {
        assert_eq!(
            decide_reach(cluster_subnets, &[host], url),
            Ok(Reach::All),
            "{url}"
        );
    }
    let others = Ok(Reach::OtherMachines(cluster_subnets));
    for (host, url) in [
        ("*", "http://192.0.2.7/"),
        ("*", "http://evil.example/"),
        ("a.example", "http://a.example/"),
    ] {
        assert_eq!(decide_reach(cluster_subnets, &[host], url), others, "{url}");
    }
}

fn judge_identity(path: &str, is_hosts: bool) -> Result<(), String> {
    let grant = grant_with_request(Request {
        hosts: strings(&["a.example"]),
        paths: strings(&["/var/lib/kubephase-plugins/p/**", "/etc/kubernetes/pki/*"]),
        ..request("observe-net.http-get-as")
    });
    grant.allows_identity(&HTTP_GET_AS.row, path, is_hosts)
}

#[test]
fn an_identity_of_the_host_is_shown_only_where_the_grant_amounts_to_that() {
    assert_eq!(
        judge_identity("/var/lib/kubephase-plugins/p/pki/x.key", false),
        Ok(())
    );
    assert!(judge_identity("/var/lib/kubephase-plugins/p/pki/x.key", true).is_err());
    assert_eq!(judge_identity("/etc/kubernetes/pki/x.key", true), Ok(()));
}

#[test]
fn functions_for_built_in_phases_are_never_granted() {
    let grant = grant_with_request(request("effects-core.wait-until"));
    let condition = kubephase_sdk::spec::Condition::NodeRegistered { name: "n".into() };
    assert!(
        grant
            .allows_effect(&Effect::from(kubephase_sdk::spec::WaitSpec {
                condition,
                timeout_seconds: 1
            }))
            .is_err()
    );
}
