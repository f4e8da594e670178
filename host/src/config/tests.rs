//! Loads whole files: the result is a resolved configuration, or all problems.
mod addresses;
mod join;
mod nulls;
mod phase_configuration;
mod rendered;
mod secrets;
mod values_from;

use super::*;
use crate::world::node::facts::NodeFacts;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn load(text: &str) -> Result<LoadedConfig, Problems> {
    let (_folder, path) = file(text);
    load_init(
        Some(&ConfigFile::at(&path)),
        &InitFlags::default(),
        &NodeFacts::default(),
    )
}

fn check(text: &str) -> Result<Vec<Problem>, Problems> {
    let (_folder, path) = file(text);
    validate(
        Some(&ConfigFile::at(&path)),
        ValidateOptions::default(),
        &NodeFacts::default(),
    )
    .map(|file| file.warnings)
}

const CLUSTER: &str =
    "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\n";

#[test]
fn fields_that_are_left_out_have_kubeadms_defaults() {
    let LoadedConfig {
        config,
        token_given,
        ..
    } = load(CLUSTER).unwrap();
    assert_eq!(config.cluster.networking.service_subnet, "10.96.0.0/12");
    assert_eq!(
        config.init.local_api_endpoint.advertise_address,
        "192.0.2.2"
    );
    assert_eq!(config.init.node_registration.name, "node-1");
    assert_eq!(config.run.control_plane_url, "https://192.0.2.2:6443");
    assert_eq!(config.run.dns_service_address, "10.96.0.10");
    assert!(
        !token_given
            && crate::secret::bootstrap_token::is_token(&config.init.bootstrap_tokens[0].token)
    );
}

#[test]
fn a_flag_or_a_field_asks_for_a_dry_run_and_phases_do_not_see_it() {
    let dry = CLUSTER.to_owned()
        + "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\ndryRun: true\n";
    for (text, flag, wanted) in [
        (CLUSTER, None, false),
        (CLUSTER, Some(true), true),
        (&dry, None, true),
        (&dry, Some(false), false),
    ] {
        let (_folder, path) = file(text);
        let flags = InitFlags {
            dry_run: flag,
            ..InitFlags::default()
        };
        let LoadedConfig {
            config, dry_run, ..
        } = load_init(Some(&ConfigFile::at(&path)), &flags, &NodeFacts::default()).unwrap();
        assert_eq!((dry_run, config.init.dry_run), (wanted, false), "{text}");
    }
    let joining = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ndryRun: \
        DRY\ndiscovery: {file: {kubeConfigPath: /dev/null}}\n";
    for (field, flag, wanted) in [
        ("false", None, false),
        ("false", Some(true), true),
        ("true", None, true),
        ("true", Some(false), false),
    ] {
        let (_folder, path) = file(&joining.replace("DRY", field));
        let flags = JoinFlags {
            dry_run: flag,
            ..JoinFlags::default()
        };
        assert_eq!(
            load_join(Some(&ConfigFile::at(&path)), &flags, &NodeFacts::default())
                .unwrap()
                .join
                .dry_run,
            wanted
        );
    }
}

#[test]
fn all_problems_are_reported_at_once_with_their_places() {
    let text = format!(
        "{CLUSTER}networking:\n  serviceSubnet: xx\n  podSubnet: bad\ncertificatesDir: \
         rel\nencryptionAlgorithm: DSA\nfeatureGates: {{Nope: true}}\n"
    );
    let Problems(problems) = load(&text).unwrap_err();
    let places: Vec<(&str, Option<u64>)> = problems
        .iter()
        .map(|problem| (problem.path.as_str(), problem.line))
        .collect();
    assert_eq!(
        places,
        [
            ("encryptionAlgorithm", Some(8)),
            ("networking.serviceSubnet", Some(5)),
            ("networking.podSubnet", Some(6)),
            ("certificatesDir", Some(7)),
            ("featureGates", Some(9))
        ]
    );
}

#[test]
fn unknown_fields_are_warnings_to_init_and_problems_to_validate() {
    let text = format!("{CLUSTER}podSubnet: 10.0.0.0/16\n");
    let warnings = load(&text).unwrap().warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.path == "podSubnet" && warning.line == Some(4))
    );
    assert!(
        check(&text)
            .unwrap_err()
            .to_string()
            .contains("unknown field \"podSubnet\"")
    );
}

#[test]
fn validate_accepts_a_file_that_describes_no_cluster() {
    for text in [
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: 9\n",
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n",
    ] {
        check(text).unwrap();
        assert!(load(text).is_err(), "init needs a cluster");
    }
}

#[test]
fn kinds_that_v1beta3_does_not_have_are_refused() {
    for kind in ["ResetConfiguration", "UpgradeConfiguration"] {
        let text = format!("apiVersion: kubeadm.k8s.io/v1beta3\nkind: {kind}\n");
        let refused = check(&text).unwrap_err().to_string();
        assert!(refused.contains("no kind"), "{refused}");
        check(&text.replace("v1beta3", "v1beta4")).unwrap();
    }
}

#[test]
fn init_and_validate_refuse_a_wrong_type() {
    let text = format!(
        "{CLUSTER}---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: \
         InitConfiguration\nlocalAPIEndpoint:\n  bindPort: abc\n"
    );
    for problems in [load(&text).unwrap_err(), check(&text).unwrap_err()] {
        let problem = &problems.0[0];
        assert_eq!(
            (problem.path.as_str(), problem.line),
            ("localAPIEndpoint.bindPort", Some(8))
        );
    }
}

fn error_of_file(path: &Path) -> String {
    load_init(
        Some(&ConfigFile::at(path)),
        &InitFlags::default(),
        &NodeFacts::default(),
    )
    .unwrap_err()
    .to_string()
}

#[test]
fn a_path_that_is_not_a_configuration_file_has_a_message_that_says_why() {
    let folder = tempfile::tempdir().unwrap();
    assert!(error_of_file(folder.path()).contains("is a directory"));
    assert!(error_of_file(&folder.path().join("missing")).contains("unable to read"));
    fs::write(folder.path().join("empty"), "").unwrap();
    assert!(
        error_of_file(&folder.path().join("empty"))
            .contains("no InitConfiguration or ClusterConfiguration kind")
    );
    fs::write(folder.path().join("latin1"), b"a: \xe9\n").unwrap();
    assert!(
        error_of_file(&folder.path().join("latin1"))
            .contains("latin1:1:1: not YAML: this is not UTF-8")
    );
}

#[test]
fn flags_and_a_file_do_not_mix() {
    let (_folder, path) = file(CLUSTER);
    let flags = InitFlags {
        service_cidr: Some("10.0.0.0/16".into()),
        patches: Some("p".into()),
        phase: PhaseFlags {
            kubeconfig: Some("k".into()),
            scheduler_extra_args: vec![("a".into(), "1".into())],
            ..PhaseFlags::default()
        },
        ..InitFlags::default()
    };
    let message = load_init(Some(&ConfigFile::at(&path)), &flags, &NodeFacts::default())
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "can not mix '--config' with arguments [patches scheduler-extra-args service-cidr]"
    );
}

/// The images of a CI build come from the operator's repository, but the label is kept.
#[test]
fn a_ci_label_is_kept_whatever_the_repository_is() {
    let labels = [
        ("ci/v1.36.2", "", Some("ci/v1.36.2")),
        (
            "ci/1.36.2",
            "imageRepository: registry.example.com\n",
            Some("ci/v1.36.2"),
        ),
        ("release/v1.36.2", "", None),
        ("v1.36.2", "", None),
    ];
    for (label, more, kept) in labels {
        let config = load(&(CLUSTER.replace("v1.36.2", label) + more))
            .unwrap()
            .config;
        assert_eq!(config.run.ci_kubernetes_version.as_deref(), kept, "{label}");
        assert_eq!(
            config.run.ci_image_repository.is_some(),
            kept.is_some() && more.is_empty()
        );
        assert_eq!(config.cluster.kubernetes_version, "v1.36.2");
        let config = kubephase_sdk::kubeadm::Config {
            cluster: config.cluster,
            run: config.run,
            ..Default::default()
        };
        let objects = crate::render::objects::kubeadm_config(&config);
        let stored = objects[0]["data"]["ClusterConfiguration"].to_string();
        let expected = format!("kubernetesVersion: {}\\n", kept.unwrap_or("v1.36.2"));
        assert!(stored.contains(&expected), "{stored}");
    }
}

#[test]
fn v1beta3_is_converted() {
    let text = "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nkubernetesVersion: \
        v1.36.2\napiServer:\n  timeoutForControlPlane: 10m\n  extraArgs: {b: '2', a: '1'}\n";
    let LoadedConfig {
        config, warnings, ..
    } = load(text).unwrap();
    let names: Vec<&str> = config
        .cluster
        .api_server
        .extra_args
        .iter()
        .map(|arg| arg.name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(
        config
            .init
            .timeouts
            .unwrap()
            .control_plane_component_health_check
            .unwrap()
            .to_string(),
        "10m0s"
    );
    assert!(
        warnings
            .iter()
            .any(|warning| warning.message.contains("deprecated API spec"))
    );
}

#[test]
fn defaults_that_are_printed_can_be_read() {
    let text = init_defaults(&[
        "KubeletConfiguration".into(),
        "KubeProxyConfiguration".into(),
    ])
    .unwrap();
    check(&text).unwrap();
    assert!(init_defaults(&["Nope".into()]).is_err());
}

fn with_address(address: &str) -> String {
    format!(
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: \
         {{advertiseAddress: '{address}'}}\n---\n{CLUSTER}"
    )
}

#[test]
fn an_api_server_listens_only_on_an_address_that_can_be_reached() {
    for address in [
        "224.0.0.1",
        "255.255.255.255",
        "169.254.0.1",
        "fe80::1",
        "ff02::1",
    ] {
        let message = load(&with_address(address)).unwrap_err().to_string();
        assert!(
            message.contains(&format!("cannot use {address:?} as the bind address"))
                && message.contains(":3:"),
            "{message}"
        );
        check(&with_address(address)).unwrap();
    }
    for address in ["10.0.0.1", "fd00::1", "192.0.2.7"] {
        load(&with_address(address)).unwrap();
    }
}
