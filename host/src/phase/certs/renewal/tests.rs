use super::*;

#[test]
fn the_names_and_words_of_certificates_are_those_of_kubeadm() {
    let config = Config::<String>::default();
    let all = renewals(&config);
    let names: Vec<&str> = all.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "admin.conf",
            "apiserver",
            "apiserver-etcd-client",
            "apiserver-kubelet-client",
            "controller-manager.conf",
            "etcd-healthcheck-client",
            "etcd-peer",
            "etcd-server",
            "front-proxy-client",
            "scheduler.conf",
            "super-admin.conf",
        ]
    );
    for spec in &all {
        assert!(spec.title.starts_with("certificate "), "{}", spec.title);
    }
    assert_eq!(
        all[2].title,
        "certificate the apiserver uses to access etcd"
    );
    assert_eq!(all[2].authority, "etcd/ca");
    assert_eq!(
        authorities(&config),
        [
            ("ca", "ca"),
            ("etcd-ca", "etcd/ca"),
            ("front-proxy-ca", "front-proxy-ca")
        ]
    );
    assert_eq!(authority_name("etcd/ca"), "etcd-ca");
}

#[test]
fn an_external_etcd_leaves_its_certificates_out() {
    let mut config = Config::<String>::default();
    config.cluster.etcd.external = Some(Default::default());
    let names: Vec<String> = renewals(&config)
        .into_iter()
        .map(|spec| spec.name)
        .collect();
    assert!(!names.iter().any(|name| name.contains("etcd")), "{names:?}");
    assert_eq!(authorities(&config).len(), 2);
    let ids = |is_whole| -> Vec<String> {
        let disabled = disabled_phases(&config, is_whole).into_iter();
        disabled.map(|(id, _)| id).collect()
    };
    assert_eq!(
        ids(true),
        [
            "timer",
            "apiserver-etcd-client",
            "etcd-healthcheck-client",
            "etcd-peer",
            "etcd-server",
            "restart",
        ]
    );
    assert_eq!(ids(false), ["timer", "restart"]);
}

#[test]
fn a_component_is_restarted_only_with_its_own_kubeconfig() {
    assert_eq!(phases_of("apiserver"), ["apiserver"]);
    assert_eq!(phases_of("admin.conf"), ["admin-conf"]);
    assert_eq!(
        phases_of("scheduler.conf"),
        ["scheduler-conf", "restart/kube-scheduler"]
    );
}
