//! Null, which Go reads as the zero value.
use super::*;

fn init(fields: &str) -> String {
    let head = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n";
    format!("{head}{fields}\n---\n{CLUSTER}")
}

#[test]
fn a_null_in_a_list_or_map_is_the_zero_value() {
    for text in [
        init("skipPhases: [null]"),
        init("bootstrapTokens: [null, ~]"),
        init("nodeRegistration: {taints: [null]}"),
        init("nodeRegistration: {ignorePreflightErrors: [null]}"),
        format!("{CLUSTER}apiServer: {{extraVolumes: [null], extraEnvs: [~]}}\n"),
        format!("{CLUSTER}etcd:\n  local:\n    extraEnvs:\n    -\n"),
    ] {
        check(&text).unwrap_or_else(|problems| panic!("{text}: {problems}"));
    }
    let config = load(&init("nodeRegistration: {taints: [null]}"))
        .unwrap()
        .config;
    let taints = config.init.node_registration.taints.unwrap();
    assert_eq!((taints.len(), taints[0].key.as_str()), (1, ""));
}

#[test]
fn a_null_that_is_not_allowed_is_refused_with_its_place() {
    let kubelet = "---\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
    let proxy = "---\napiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";
    let cases = [
        (
            format!("{CLUSTER}{kubelet}syncFrequency: null\n"),
            "syncFrequency",
            7,
        ),
        (
            format!("{CLUSTER}{proxy}iptables:\n  syncPeriod: ~\n"),
            "iptables.syncPeriod",
            8,
        ),
        (
            format!("{CLUSTER}featureGates: {{x: null}}\n"),
            "featureGates",
            4,
        ),
    ];
    for (text, path, line) in cases {
        let problems = check(&text).unwrap_err();
        let first = &problems.0[0];
        assert_eq!(
            (first.path.as_str(), first.line),
            (path, Some(line)),
            "{problems}"
        );
    }
    for text in [
        format!("{CLUSTER}{kubelet}crashLoopBackOff: {{maxContainerRestartPeriod: null}}\n"),
        format!("{CLUSTER}{proxy}conntrack: {{tcpCloseWaitTimeout: null}}\n"),
        format!("{CLUSTER}certificateValidityPeriod: null\n"),
    ] {
        check(&text).unwrap_or_else(|problems| panic!("{text}: {problems}"));
    }
}
