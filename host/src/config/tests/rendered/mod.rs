//! Compares the rendered files and objects with those that kubeadm wrote for recorded
//! configurations.
mod arguments;
mod messages;
mod objects;
mod recorded;

use crate::render::{
    kubelet,
    patches::{KUBELET, Patches},
    static_pod, typed,
};
use kubephase_sdk::{
    kubeadm::Config,
    release::Release,
    spec::{ControlPlaneUsers, User},
    yaml,
};
use recorded::{Case, cases, complete};
use serde_json::{Value, json};

/// Notes the lines in which two texts differ.
fn compare(differences: &mut Vec<String>, what: &str, ours: &str, theirs: &str) {
    if ours != theirs {
        differences.push(format!(
            "{what}\n  ours\n    {}\n  theirs\n    {}",
            lines_missing_in(theirs, ours),
            lines_missing_in(ours, theirs)
        ));
    }
}

/// Returns the first lines of `text` that `other` does not have.
fn lines_missing_in(other: &str, text: &str) -> String {
    text.lines()
        .filter(|line| !other.lines().any(|found| found == *line))
        .take(8)
        .collect::<Vec<_>>()
        .join("\n    ")
}

fn check_no_differences(differences: &[String]) {
    assert!(
        differences.is_empty(),
        "{} differ\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// The users and groups of a rootless control plane in the recordings.
const USERS: ControlPlaneUsers = ControlPlaneUsers {
    etcd: User { uid: 103, gid: 106 },
    kube_apiserver: User { uid: 104, gid: 107 },
    kube_controller_manager: User { uid: 105, gid: 108 },
    kube_scheduler: User { uid: 106, gid: 109 },
    sa_key_readers: 110,
};

/// Renders the files of a recorded case: the path of each, and its content.
fn rendered_files(case: &Case) -> Vec<(String, String)> {
    let config = &case.config;
    let patches = case.patches().map(|(patches, _)| patches);
    let (document, _) = kubelet::document(config);
    let document = match &patches {
        Some(patches) => patches.apply(KUBELET, document).unwrap().0,
        None => document,
    };
    let kubelet_files = [
        ("kubeadm-flags.env", kubelet::flags_env(config, false)),
        (
            "instance-config.yaml",
            kubelet::instance_config(config).unwrap_or_default(),
        ),
        (
            "config.yaml",
            kubelet::node_config(config, document).unwrap().0,
        ),
    ];
    let mut files: Vec<_> = kubelet_files
        .into_iter()
        .map(|(name, content)| (format!("var/lib/kubelet/{name}"), content))
        .collect();
    for (component, render) in static_pod::COMPONENTS {
        let mut pod = render(config);
        if config.cluster.feature_gates.get("RootlessControlPlane") == Some(&true) {
            static_pod::rootless::run_as(&mut pod, component, &USERS);
        }
        if let Some(patches) = &patches {
            pod = typed::normalize_pod(
                patches.apply(component, pod).unwrap().0,
                config.cluster.release(),
            )
            .unwrap();
        }
        files.push((
            format!("etc/kubernetes/manifests/{component}.yaml"),
            yaml::to_string(&pod),
        ));
    }
    files
}

#[test]
fn files_are_kubeadms_to_the_byte() {
    let mut differences = Vec::new();
    for case in cases() {
        for (path, ours) in rendered_files(&case) {
            let Some(theirs) = case.text(&format!("files/{path}")) else {
                continue;
            };
            // The serializer quotes a leading colon where Go does not.
            let ours = ours.replace("\"::1\"", "::1");
            let what = format!("{}: {path}", case.name);
            compare(&mut differences, &what, &ours, &theirs);
        }
    }
    check_no_differences(&differences);
}

#[test]
fn warnings_about_components_are_kubeadms() {
    for case in cases() {
        let recorded = case.text("warnings.txt").unwrap_or_default();
        let theirs: Vec<_> = recorded
            .lines()
            .filter_map(|line| line.strip_prefix("W] The recommended"))
            .collect();
        let ours: Vec<_> = case
            .warnings
            .iter()
            .filter_map(|line| line.strip_prefix("The recommended"))
            .collect();
        assert_eq!(ours, theirs, "{}", case.name);
    }
}

#[test]
fn images_are_listed_in_kubeadms_order() {
    let mut config = Config::default();
    complete(&mut config, &json!({"hostname": "h", "caDirectories": []}));
    let list = [
        "registry.k8s.io/kube-apiserver:v1.36.2",
        "registry.k8s.io/kube-controller-manager:v1.36.2",
        "registry.k8s.io/kube-scheduler:v1.36.2",
        "registry.k8s.io/kube-proxy:v1.36.2",
        "registry.k8s.io/coredns/coredns:v1.14.2",
        "registry.k8s.io/pause:3.10.2",
        "registry.k8s.io/etcd:3.6.8-0",
    ];
    assert_eq!(crate::render::images::all(&config), list);
    config.cluster.image_repository = "registry.example.com/k8s".into();
    config.cluster.kubernetes_version = "v1.37.0-alpha.1+abc".into();
    config.run.ci_image_repository = Some("gcr.io/k8s-staging-ci-images".into());
    let images = crate::render::images::all(&config);
    assert_eq!(
        images[0],
        "gcr.io/k8s-staging-ci-images/kube-apiserver:v1.37.0-alpha.1_abc"
    );
    assert_eq!(images[4], "registry.example.com/k8s/coredns:v1.14.2");
}

/// Returns the scheduler's manifest with a patch.
fn patched_scheduler(patch: &str) -> Result<Value, String> {
    let mut config = Config::default();
    complete(&mut config, &json!({"hostname": "h", "caDirectories": []}));
    let files = vec![("kube-scheduler.yaml".to_string(), patch.as_bytes().to_vec())];
    let (patches, _) = Patches::load("p", files, Release::newest().patch_targets).unwrap();
    let pod = static_pod::kube_scheduler(&config);
    typed::normalize_pod(
        patches.apply("kube-scheduler", pod).unwrap().0,
        Release::newest(),
    )
}

#[test]
fn a_patched_pod_is_written_as_go_writes_it() {
    let pod = patched_scheduler(
        "noSuch: 1\nspec:\n  containers:\n  - name: kube-scheduler\n    resources: \
            {requests: {cpu: 0.5}}\n  - name: x",
    )
    .unwrap();
    assert!(pod.get("noSuch").is_none());
    assert_eq!(
        pod["spec"]["containers"][0]["resources"]["requests"]["cpu"],
        "500m"
    );
    assert_eq!(pod["spec"]["containers"][1]["resources"], json!({}));
    let error = patched_scheduler("spec: {containers: oops}").unwrap_err();
    assert!(
        error.starts_with("failed to unmarshal patched manifest: spec.containers: "),
        "{error}"
    );
}

#[test]
fn the_source_of_a_variable_is_written_as_go_writes_it() {
    for (source, written) in [
        (
            "{resourceFieldRef: {resource: limits.cpu}}",
            json!({"resource": "limits.cpu", "divisor": "0"}),
        ),
        (
            "{resourceFieldRef: {divisor: 1024Mi}}",
            json!({"resource": "", "divisor": "1Gi"}),
        ),
        ("{configMapKeyRef: {key: k}}", json!({"key": "k"})),
        (
            "{secretKeyRef: {name: some, optional: false}}",
            json!({"key": "", "name": "some", "optional": false}),
        ),
    ] {
        let pod = patched_scheduler(&format!(
            "spec: {{containers: [{{name: x, env: [{{name: A, valueFrom: {source}}}]}}]}}"
        ));
        let pod = pod.unwrap_or_else(|error| panic!("{source}: {error}"));
        let containers = pod["spec"]["containers"].as_array().unwrap();
        let patched = containers
            .iter()
            .find(|container| container["name"] == "x")
            .unwrap();
        let from = patched["env"][0]["valueFrom"].as_object().unwrap();
        assert_eq!(from.values().next(), Some(&written), "{source}");
    }
}
