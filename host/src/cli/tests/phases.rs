//! The commands of single phases, and their flags.
use super::*;
use crate::{
    run::workflow::{LoadInput, WorldBefore},
    workflow::init::Init,
    world::{World, node::facts::NodeFacts},
};
use std::cell::RefCell;

fn phase(line: &str) -> PhaseRequest {
    workflow(line).phase.expect(line)
}

#[test]
fn phases_are_commands_and_paths() {
    for line in [
        "init phase certs apiserver --cert-dir /p --root r",
        "init phase certs/apiserver --cert_dir=/p --root r",
        "init --cert-dir /p phase --root r certs apiserver",
    ] {
        let request = workflow(line);
        let all: InitFlags = flags(&request);
        assert_eq!(request.phase.unwrap().id, "certs/apiserver");
        assert_eq!(all.cert_dir.as_deref(), Some("/p"));
        assert_eq!(request.place.root.as_deref(), Some(Path::new("r")));
    }
    for (line, id) in [
        ("init phase certs all", "certs"),
        ("init phase certs/all", "certs"),
        ("init phase uploadconfig kubeadm", "upload-config/kubeadm"),
        ("init phase bootstraptoken", "bootstrap-token"),
        // All checks are one command, as in kubeadm.
        ("init phase preflight --config x", "preflight"),
        ("init phase preflight/resources", "preflight/resources"),
        // A group within a group is one phase of kubeadm.
        (
            "join phase control-plane-prepare certs --config x --node-name n",
            "control-plane-prepare/certs",
        ),
        (
            "join phase control-plane-prepare kubeconfig all --config x",
            "control-plane-prepare/kubeconfig",
        ),
    ] {
        assert_eq!(phase(line).id, id);
    }
    assert_eq!(phase::unknown_flags(&CATALOG), []);
}

/// A world that must not be opened.
struct NoWorld;

impl WorldBefore for NoWorld {
    fn open(&self) -> anyhow::Result<&dyn World> {
        panic!("nothing is to be looked at")
    }
}

/// Loads the configuration of a command of `init`.
fn load(line: &str) -> anyhow::Result<crate::config::Config> {
    let request = workflow(line);
    let phase_flags = request.phase.map(|phase| phase.flags).unwrap_or_default();
    let loaded = Init.load(&LoadInput {
        check_node: &|_| Ok(()),
        arguments: &request.arguments.0,
        file: None,
        phase_flags: &phase_flags,
        node: &NodeFacts::default(),
        selected: Some("control-plane"),
        takes_flag: &|_| true,
        world: &NoWorld,
        lines: &RefCell::default(),
    })?;
    Ok(loaded.loaded.config)
}

#[test]
fn further_arguments_of_a_component_are_part_of_its_configuration() {
    for command in ["apiserver", "all"] {
        let line = format!(
            "init phase control-plane {command} --kubernetes-version v1.36.2 \
             --apiserver-extra-args a=1,b= --apiserver-extra-args c=2"
        );
        let arguments = load(&line).unwrap().cluster.api_server.extra_args;
        let arguments: Vec<(&str, &str)> = arguments
            .iter()
            .map(|argument| (argument.name.as_str(), argument.value.as_str()))
            .collect();
        assert_eq!(arguments, [("a", "1"), ("b", ""), ("c", "2")]);
    }
    let version = "--kubernetes-version v1.36.2";
    let line = format!(
        "init phase control-plane controller-manager {version} --controller-manager-extra-args \
         a=1"
    );
    let cluster = load(&line).unwrap().cluster;
    assert_eq!(cluster.controller_manager.extra_args.len(), 1);
    let line = format!("init phase control-plane scheduler {version} --scheduler-extra-args a=1");
    assert_eq!(load(&line).unwrap().cluster.scheduler.extra_args.len(), 1);
    // The flags are validated like the same arguments in the configuration file.
    let line = format!("init phase control-plane scheduler {version} --scheduler-extra-args =1");
    let refused = format!("{:#}", load(&line).unwrap_err());
    assert!(refused.contains("scheduler.extraArgs"), "{refused}");
}

#[test]
fn deprecated_flags_are_named_with_what_replaces_them() {
    let line = "init phase control-plane all --scheduler-extra-args a=1 --apiserver-extra-args b=2";
    assert_eq!(
        phase(line).flags.deprecations(),
        [("apiserver", "apiServer"), ("scheduler", "scheduler")].map(|(flag, field)| format!(
            "Flag --{flag}-extra-args has been deprecated, use \
             'ClusterConfiguration.{field}.extraArgs' instead. This flag will be removed in a \
             future version"
        ))
    );
    assert!(
        phase("init phase control-plane all")
            .flags
            .deprecations()
            .is_empty()
    );
}

/// Each addon has kubeadm's flags for the objects that it installs, and `all` has all of them.
#[test]
fn each_addon_has_flags_of_its_own() {
    let of_dns = ["--service-cidr 10.0.0.0/16", "--feature-gates A=true"];
    let of_proxy = [
        "--pod-network-cidr 10.1.0.0/16",
        "--apiserver-bind-port 7443",
        "--apiserver-advertise-address 192.0.2.1",
        "--control-plane-endpoint lb:6443",
    ];
    let of_both = ["--image-repository r", "--kubeconfig k", "--dry-run"];
    let accepts =
        |addon: &str, flag: &str| run(&format!("init phase addon {addon} {flag}")).is_ok();
    for (flags, addons) in [
        (&of_dns[..], [true, false]),
        (&of_proxy[..], [false, true]),
        (&of_both[..], [true, true]),
    ] {
        for flag in flags {
            assert!(accepts("all", flag), "{flag}");
            let accepted = ["coredns", "kube-proxy"].map(|addon| accepts(addon, flag));
            assert_eq!(accepted, addons, "{flag}");
        }
    }
}
