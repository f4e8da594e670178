//! `diff`: what it prints, and its exit codes.
use crate::{Cluster, IGNORED, manifests};
use serde_json::{Value, json};
use std::fs;

#[test]
fn equal_configurations_have_no_difference() {
    let cluster = Cluster::of_one();
    let output = cluster.diff("");
    assert_eq!(output.status, 0, "{}", output.printed());
    assert!(
        output.stdout.contains("Nothing has to be changed"),
        "{}",
        output.printed()
    );
}

#[test]
fn fields_and_files_that_differ_are_printed_and_nothing_changes() {
    let cluster = Cluster::of_one();
    let before = manifests(&cluster.root());
    let state = fs::read(cluster.root().join("var/lib/kubephase/cluster.jsonl")).unwrap();
    cluster.write(&[
        (
            "value: /var/log/kubernetes/audit.log\n",
            "value: /var/log/kubernetes/other.log\n",
        ),
        ("maxPods: 200", "maxPods: 150"),
    ]);
    let output = cluster.diff("");
    let text = output.printed();
    assert_eq!(output.status, 1, "{text}");
    for line in [
        "  ClusterConfiguration apiServer.extraArgs[audit-log-path]: \
         \"/var/log/kubernetes/audit.log\" becomes \"/var/log/kubernetes/other.log\"",
        "  KubeletConfiguration maxPods: 200 becomes 150",
        "  static-pod /etc/kubernetes/manifests/kube-apiserver.yaml (control-plane)",
        "-    - --audit-log-path=/var/log/kubernetes/audit.log",
        "+    - --audit-log-path=/var/log/kubernetes/other.log",
        "-maxPods: 200",
        "+maxPods: 150",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    let output = cluster.diff("-o json");
    assert_eq!(output.status, 1, "{}", output.printed());
    let object: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(object["kind"], "ConfigurationDifference");
    assert_eq!(
        object["fields"][1],
        json!({"document": "KubeletConfiguration", "path": "maxPods", "old": 200, "new": 150,
               "consequence": {"kind": "applied",
                               "phases": ["kubelet-config", "upload-config/kubelet"]}})
    );
    assert_eq!(before, manifests(&cluster.root()));
    assert_eq!(
        state,
        fs::read(cluster.root().join("var/lib/kubephase/cluster.jsonl")).unwrap()
    );
}

#[test]
fn a_change_by_hand_is_a_difference_from_what_the_cluster_keeps() {
    let cluster = Cluster::of_one();
    let path = cluster
        .root()
        .join("etc/kubernetes/manifests/kube-scheduler.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("--leader-elect=true", "--leader-elect=false"),
    )
    .unwrap();
    let output = cluster.run(&cluster.root(), "diff");
    let text = output.printed();
    assert_eq!(output.status, 1, "{text}");
    assert!(text.contains("+    - --leader-elect=true"), "{text}");
}

#[test]
fn secrets_of_the_old_and_of_the_new_configuration_are_not_printed() {
    let cluster = Cluster::of_one();
    let with_proxy = |password: &str| {
        let variable = format!(
            "apiServer:\n  extraEnvs:\n  - name: HTTPS_PROXY\n    value: \
             http://user:{password}@proxy.example.com:3128\n"
        );
        cluster.write(&[("apiServer:\n", &variable)]);
    };
    with_proxy("Kx8v-Qz2LmW4");
    cluster.apply("").expect_success();
    with_proxy("Rt5n-Yp7BcD9");
    for form in ["text", "json", "yaml"] {
        let output = cluster.diff(&format!("-o {form}"));
        let text = output.printed();
        assert_eq!(output.status, 1, "{text}");
        assert!(text.contains("HTTPS_PROXY"), "{text}");
        assert!(!text.contains("Kx8v") && !text.contains("Rt5n"), "{text}");
    }
    let text = cluster.apply("").printed();
    assert!(!text.contains("Kx8v") && !text.contains("Rt5n"), "{text}");
}

/// Writes a kubeconfig whose user is authenticated by a program, with the credentials of the
/// administrator. Returns its path on the machine.
fn write_exec_kubeconfig(cluster: &Cluster) -> &'static str {
    let path = |name: &str| cluster.root().join("etc/kubernetes").join(name);
    let text = fs::read_to_string(path("admin.conf")).unwrap();
    let mut kubeconfig: Value = serde_yaml::from_str(&text).unwrap();
    let user = kubeconfig["users"][0]["user"].take();
    let decode = |field: &str| {
        let data = user[field].as_str().unwrap();
        let bytes = data_encoding::BASE64.decode(data.as_bytes()).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {
            "clientCertificateData": decode("client-certificate-data"),
            "clientKeyData": decode("client-key-data"),
        },
    });
    let answer = cluster.path("credential.json");
    fs::write(&answer, credential.to_string()).unwrap();
    kubeconfig["users"][0]["user"] = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "cat",
        "args": [answer],
        "interactiveMode": "Never",
    }});
    fs::write(path("exec.conf"), kubeconfig.to_string()).unwrap();
    "/etc/kubernetes/exec.conf"
}

#[test]
fn programs_authenticate_the_user_of_the_operators_kubeconfig_and_of_no_other() {
    let cluster = Cluster::of_one();
    let path = write_exec_kubeconfig(&cluster);
    for line in [
        format!("diff --config cluster.yaml --kubeconfig {path}"),
        format!("apply --config cluster.yaml --yes {IGNORED} --kubeconfig {path}"),
        format!("plan apply --config cluster.yaml --kubeconfig {path}"),
    ] {
        let output = cluster.run(&cluster.root(), &line);
        assert_eq!(output.status, 0, "{line}: {}", output.printed());
    }
    let own = cluster.root().join("etc/kubernetes/admin.conf");
    fs::copy(cluster.root().join("etc/kubernetes/exec.conf"), own).unwrap();
    let output = cluster.diff("");
    let text = output.printed();
    assert!(output.status > 1, "{text}");
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(
        words
            .join(" ")
            .contains("only the kubeconfig of --kubeconfig or --discovery-file may name a program"),
        "{text}"
    );
}

#[test]
fn errors_have_other_codes_than_a_difference() {
    let cluster = Cluster::of_one();
    let unknown = cluster.diff("-o table");
    assert_eq!(unknown.status, 2, "{}", unknown.printed());
    let without = cluster.diff("--kubeconfig /nowhere");
    assert_eq!(without.status, 7, "{}", without.printed());
}
