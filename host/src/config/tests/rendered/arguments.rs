//! The arguments of the components.
use super::{Config, complete, json, static_pod};
use crate::render::{command_line, join_path, last_flag_value};
use kubephase_sdk::kubeadm::Arg;

fn argument(name: &str, value: &str) -> Arg {
    Arg {
        name: name.into(),
        value: value.into(),
    }
}

#[test]
fn flags_and_paths_are_gos() {
    let users = [argument("v", "4"), argument("b", "x"), argument("v", "5")];
    assert_eq!(
        command_line([("z", "1"), ("b", "2"), ("a", "3")], &users),
        ["--a=3", "--z=1", "--v=4", "--b=x", "--v=5"]
    );
    assert_eq!(last_flag_value(&users, "v"), Some("5"));
    assert_eq!(
        join_path("/etc//kubernetes/./pki/", "ca.crt"),
        "/etc/kubernetes/pki/ca.crt"
    );
    assert_eq!(join_path("/a/../..", "b"), "/b");
}

fn warnings_about(modes: &str) -> Vec<String> {
    let mut config = Config::default();
    config.cluster.api_server.extra_args = vec![argument("authorization-mode", modes)];
    static_pod::authorization_warnings(&config)
}

#[test]
fn unusual_authorization_is_warned_about() {
    assert_eq!(warnings_about("Node,RBAC"), [""; 0]);
    assert_eq!(warnings_about("RBAC,Magic").len(), 2);
}

fn member(name: &str, peer_url: &str) -> static_pod::Member {
    static_pod::Member {
        name: name.into(),
        peer_url: peer_url.into(),
    }
}

#[test]
fn a_member_that_joins_names_the_others() {
    let mut config = Config::default();
    complete(&mut config, &json!({"hostname": "b", "caDirectories": []}));
    let pod = static_pod::etcd_of_joining_member(
        &config,
        &[
            member("a", "https://192.0.2.2:2380"),
            member("b", "https://192.0.2.3:2380"),
        ],
    );
    let command = pod["spec"]["containers"][0]["command"].as_array().unwrap();
    for flag in [
        "--initial-cluster=a=https://192.0.2.2:2380,b=https://192.0.2.3:2380",
        "--initial-cluster-state=existing",
    ] {
        assert!(command.contains(&flag.into()), "{flag}");
    }
}
