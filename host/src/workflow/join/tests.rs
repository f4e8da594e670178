use super::*;

fn command(id: Option<&'static str>, finds_cluster: bool, has_file: bool) -> SinglePhase<'static> {
    SinglePhase {
        id,
        finds_cluster,
        has_file,
    }
}

#[test]
fn a_command_without_flags_of_discovery_needs_the_kubeconfig_of_the_admin() {
    let etcd = |has_file| command(Some("etcd-join"), false, has_file);
    let kubelet = |has_file| command(Some("kubelet-start"), true, has_file);
    for (command, program, expected) in [
        (etcd(true), Program::Kubeadm, true),
        (etcd(true), Program::Kubephase, false),
        (etcd(false), Program::Kubephase, true),
        (kubelet(true), Program::Kubeadm, false),
        (kubelet(false), Program::Kubeadm, false),
        (kubelet(false), Program::Kubephase, true),
        (command(None, true, false), Program::Kubeadm, false),
    ] {
        assert_eq!(
            command.needs_admin_kubeconfig(program),
            expected,
            "{:?} {program:?} {}",
            command.id,
            command.has_file
        );
    }
}

#[test]
fn the_kubeconfig_of_the_admin_finds_the_cluster_if_nothing_else_does() {
    let named = JoinFlags {
        endpoint: Some("192.0.2.1:6443".into()),
        ..JoinFlags::default()
    };
    let unnamed = JoinFlags::default();
    let etcd = |has_file| command(Some("etcd-join"), false, has_file);
    let kubelet = command(Some("kubelet-start"), true, false);
    for program in [Program::Kubeadm, Program::Kubephase] {
        assert!(etcd(false).uses_admin_kubeconfig(&unnamed, program));
        assert!(!kubelet.uses_admin_kubeconfig(&named, program));
        assert!(!etcd(true).uses_admin_kubeconfig(&unnamed, program));
        assert!(!command(None, true, false).uses_admin_kubeconfig(&unnamed, program));
    }
    assert!(kubelet.uses_admin_kubeconfig(&unnamed, Program::Kubephase));
    assert!(
        !kubelet.uses_admin_kubeconfig(&unnamed, Program::Kubeadm),
        "kubeadm asks for a flag"
    );
}
