//! Whole files in, resolved configurations or all their problems out.
use super::*;
use crate::{
    run::secrets::{Masked, Secrets},
    world::node::facts::NodeFacts,
};
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

fn load(text: &str) -> Result<Loaded, Problems> {
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
        Some(&path),
        ValidateOptions::default(),
        &NodeFacts::default(),
    )
}

const CLUSTER: &str =
    "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\n";

#[test]
fn what_is_left_out_is_kubeadms_default() {
    let Loaded {
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
fn a_dry_run_is_asked_for_by_flag_or_field_and_phases_do_not_get_to_know() {
    let dry = CLUSTER.to_owned()
        + "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\ndryRun: true\n";
    for (text, flag, wanted) in [
        (CLUSTER, false, false),
        (CLUSTER, true, true),
        (&dry, false, true),
    ] {
        let (_folder, path) = file(text);
        let flags = InitFlags {
            dry_run: flag,
            ..InitFlags::default()
        };
        let Loaded {
            config, dry_run, ..
        } = load_init(Some(&ConfigFile::at(&path)), &flags, &NodeFacts::default()).unwrap();
        assert_eq!((dry_run, config.init.dry_run), (wanted, false), "{text}");
    }
    let joining = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ndryRun: \
        DRY\ndiscovery: {file: {kubeConfigPath: /dev/null}}\n";
    for (field, flag, wanted) in [
        ("false", false, false),
        ("false", true, true),
        ("true", false, true),
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
fn all_problems_are_told_at_once_and_where() {
    let text = format!(
        "{CLUSTER}networking:\n  serviceSubnet: xx\n  podSubnet: bad\ncertificatesDir: \
         rel\nencryptionAlgorithm: DSA\nfeatureGates: {{Nope: true}}\n"
    );
    let Problems(problems) = load(&text).unwrap_err();
    let told: Vec<(&str, Option<u64>)> = problems
        .iter()
        .map(|problem| (problem.path.as_str(), problem.line))
        .collect();
    assert_eq!(
        told,
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
fn a_wrong_type_is_refused_by_both() {
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

#[test]
fn secrets_are_in_no_message() {
    let secret = "0123456789abcdeg!";
    let text = format!(
        "{CLUSTER}---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: \
         InitConfiguration\nbootstrapTokens:\n- token: abcdef.{secret}\n"
    );
    let told = load(&text).unwrap_err().to_string();
    assert!(
        told.contains("bootstrapTokens[0].token") && !told.contains(secret),
        "{told}"
    );
}

/// By a file with every field that is a secret. Only what the host reveals on purpose has one.
#[test]
fn no_secret_of_a_configuration_is_printed_or_given_to_a_phase() {
    const TOKEN: &str = "abcdef.canary0123456789";
    const KEY: &str = "ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11";
    #[track_caller]
    fn assert_clean(text: &str) {
        assert!(
            !text.contains("canary") && !text.contains("ca9a5e"),
            "{text}"
        );
    }
    let head = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ";
    let plugin = "plugins: [{name: p, source: p.wasm, settings: {password: canary-setting}}]";
    let (_folder, path) = file(&format!(
        "{CLUSTER}---\n{head}InitConfiguration\nbootstrapTokens: [{{token: {TOKEN}}}]\ncertificateKey: {KEY}\n\
         ---\n{head}JoinConfiguration\ndiscovery: {{tlsBootstrapToken: {TOKEN}, bootstrapToken: \
         {{token: {TOKEN}, apiServerEndpoint: 'a:1', unsafeSkipCAVerification: \
         true}}}}\ncontrolPlane: {{certificateKey: {KEY}}}\n\
         ---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n{plugin}\n"
    ));
    let (file, node) = (
        ConfigFile::at(&path),
        NodeFacts {
            addresses: vec!["192.0.2.2".parse().unwrap()],
            ..NodeFacts::default()
        },
    );
    let loaded = load_init(Some(&file), &InitFlags::default(), &node).unwrap();
    assert_eq!(loaded.config.init.bootstrap_tokens[0].token.reveal(), TOKEN);
    assert_eq!(loaded.config.init.certificate_key.reveal(), KEY);
    let joining = load_join(Some(&file), &JoinFlags::default(), &node).unwrap();
    assert_eq!(joining.join.discovery.tls_bootstrap_token.reveal(), TOKEN);
    assert_eq!(
        joining
            .join
            .control_plane
            .as_ref()
            .unwrap()
            .certificate_key
            .reveal(),
        KEY
    );
    assert_clean(&format!(
        "{loaded:?} {joining:?} {:?} {:?} {file:?}",
        loaded.config, joining.join
    ));

    let joined = Join {
        bootstrap_kubeconfig: "canary-kubeconfig".into(),
        ..Join::default()
    };
    let config = Config {
        init: joining.join.as_init(),
        join: Some(joined),
        ..Config::default()
    };
    for config in [&loaded.config, &config] {
        let Masked {
            for_plugins,
            for_built_ins,
            secrets,
            ..
        } = Secrets::mask(config).unwrap();
        let for_built_ins_text = serde_json::to_string(&for_built_ins).unwrap();
        assert_clean(&format!(
            "{for_plugins} {for_built_ins:?} {for_built_ins_text}"
        ));
        assert_clean(&format!("{config:?} {secrets:?}"));
    }
}

#[test]
fn files_that_are_none_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let load = |path: &std::path::Path| {
        load_init(
            Some(&ConfigFile::at(path)),
            &InitFlags::default(),
            &NodeFacts::default(),
        )
        .unwrap_err()
        .to_string()
    };
    assert!(load(folder.path()).contains("is a directory"));
    assert!(load(&folder.path().join("missing")).contains("unable to read"));
    fs::write(folder.path().join("empty"), "").unwrap();
    assert!(
        load(&folder.path().join("empty"))
            .contains("no InitConfiguration or ClusterConfiguration kind")
    );
    fs::write(folder.path().join("latin1"), b"a: \xe9\n").unwrap();
    assert!(load(&folder.path().join("latin1")).contains("latin1:1:1: not UTF-8"));
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
    let told = load_init(Some(&ConfigFile::at(&path)), &flags, &NodeFacts::default())
        .unwrap_err()
        .to_string();
    assert_eq!(
        told,
        "can not mix '--config' with arguments [patches scheduler-extra-args service-cidr]"
    );
}

#[test]
fn v1beta3_is_carried_over() {
    let text = "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nkubernetesVersion: \
        v1.36.2\napiServer:\n  timeoutForControlPlane: 10m\n  extraArgs: {b: '2', a: '1'}\n";
    let Loaded {
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
fn our_own_document_is_read_strictly() {
    let text = format!(
        "{CLUSTER}---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nwaivers:\n- \
         {{check: NumCPU, reason: a laptop, expires: 2027-01-01}}\n"
    );
    assert_eq!(load(&text).unwrap().phases.waivers[0].check, "NumCPU");
    let told = load(&text.replace("waivers", "wavers"))
        .unwrap_err()
        .to_string();
    assert!(told.contains("wavers") && told.contains(":7:1:"), "{told}");
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

#[test]
fn an_api_server_listens_where_it_can_be_reached() {
    let with = |address: &str| {
        format!(
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: \
             {{advertiseAddress: '{address}'}}\n---\n{CLUSTER}"
        )
    };
    for address in [
        "224.0.0.1",
        "255.255.255.255",
        "169.254.0.1",
        "fe80::1",
        "ff02::1",
    ] {
        let told = load(&with(address)).unwrap_err().to_string();
        assert!(
            told.contains(&format!("cannot use {address:?} as the bind address"))
                && told.contains(":3:"),
            "{told}"
        );
        check(&with(address)).unwrap();
    }
    for address in ["10.0.0.1", "fd00::1", "192.0.2.7"] {
        load(&with(address)).unwrap();
    }
}

#[test]
fn the_phase_configurations_of_the_pages_can_be_read() {
    let page = include_str!("../../USING.md");
    let blocks: Vec<&str> = page
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```")?.0))
        .collect();
    let ours: Vec<&&str> = blocks
        .iter()
        .filter(|block| block.contains("kind: PhaseConfiguration"))
        .collect();
    assert!(ours.len() >= 2);
    for block in ours {
        load(&format!("{CLUSTER}---\n{block}")).unwrap();
    }
}

#[test]
fn what_is_wrong_with_an_entry_of_a_plugin_is_told_where_it_is() {
    let entry = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nplugins:\n- \
        name: a\n  source: a.wasm\n";
    for (more, path, line, told) in [
        (
            "limits: {memory: 1Gi}",
            "plugins[0].limits.memory",
            10,
            "1Gi is not between 64Ki and 512Mi",
        ),
        (
            "limits: {memory: much}",
            "plugins[0].limits.memory",
            10,
            "\"much\" is not a quantity of bytes",
        ),
        (
            "limits: {deadline: 1h}",
            "plugins[0].limits.deadline",
            10,
            "1h0m0s is not between 10ms and 300s",
        ),
        (
            "limits: {deadline: 10}",
            "plugins[0].limits.deadline",
            10,
            "",
        ),
        (
            "limits: {cpu: 1}",
            "plugins[0].limits.cpu",
            10,
            "unknown field `cpu`",
        ),
        (
            "signer: me",
            "plugins[0].signer",
            10,
            "\"me\" is not a minisign public key",
        ),
    ] {
        let Problems(problems) = load(&format!("{CLUSTER}{entry}  {more}\n")).unwrap_err();
        assert_eq!(
            (problems[0].path.as_str(), problems[0].line),
            (path, Some(line)),
            "{more}"
        );
        assert!(
            problems[0].message.contains(told),
            "{more}: {}",
            problems[0].message
        );
    }
    let phases = load(&format!(
        "{CLUSTER}{entry}  limits: {{deadline: 10s, memory: 32Mi}}\n"
    ))
    .unwrap()
    .phases;
    let limits = crate::config::plugin_limits::Limits {
        deadline: std::time::Duration::from_secs(10),
        memory: 32 << 20,
    };
    assert_eq!(phases.plugins[0].limits, limits);
    // As the cluster keeps it, it is read again.
    let kept: PhaseConfiguration =
        serde_json::from_value(phases.to_cluster_document().unwrap()).unwrap();
    assert!(kept.is_same_as(&phases));
}

#[test]
fn mistakes_in_a_phase_configuration_are_refused_in_plain_words() {
    let head = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";
    for (body, words) in [
        ("parallelism: 0\n", "0 is not a number of phases"),
        ("parallelism: many\n", "\"many\" is not a number of phases"),
        (
            "waivers: [{check: a, reason: b, expires: soon}]\n",
            "\"soon\" is not a date",
        ),
        (
            "rules: []\nrules: []\n",
            "key \"rules\" is already set in this map",
        ),
    ] {
        let message = load(&format!("{CLUSTER}{head}{body}"))
            .unwrap_err()
            .to_string();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_port_that_does_not_exist_is_refused_before_the_cluster_is_sought() {
    let flags = JoinFlags {
        endpoint: Some("192.0.2.2:99999".into()),
        token: Some("abcdef.0123456789abcdef".into()),
        discovery_token_unsafe_skip_ca_verification: true,
        ..JoinFlags::default()
    };
    let message = load_join(None, &flags, &NodeFacts::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("port 99999 must be a valid number"),
        "{message}"
    );
}

#[test]
fn the_kubeconfig_of_a_discovery_is_a_file_unless_a_server_has_it() {
    for (given, path) in [
        ("/root/discovery.conf", Some("/root/discovery.conf")),
        ("file:///root/discovery.conf", Some("/root/discovery.conf")),
        ("discovery.conf", Some("discovery.conf")),
        ("https://10.0.0.1/discovery.conf", None),
        ("", None),
    ] {
        let discovery = FileDiscovery {
            kube_config_path: given.into(),
        };
        assert_eq!(discovery.path(), path.map(Path::new), "{given}");
    }
}
