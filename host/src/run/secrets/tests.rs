use super::*;
use crate::config::BootstrapToken;
use kubephase_sdk::kubeadm::Arg;
use serde_json::json;

fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar {
        name: name.into(),
        value: value.into(),
        value_from: None,
    }
}

fn argument(name: &str, value: &str) -> Arg {
    Arg {
        name: name.into(),
        value: value.into(),
    }
}

fn config() -> config::Config {
    let mut config = config::Config::default();
    config.init.bootstrap_tokens = vec![BootstrapToken {
        token: "abcdef.0123456789abcdef".into(),
        ..Default::default()
    }];
    config.init.certificate_key = Secret::new("00ff".repeat(16));
    config.run.proxy_environment = vec![
        variable("HTTPS_PROXY", "http://user:proxy-pass@p:1"),
        variable("no_proxy", "a,b"),
        variable("MY_PROXY", "proxy-other"),
    ];
    config.cluster.api_server.extra_envs = vec![
        variable("UPSTREAM", "https://u:env-pass@h/"),
        variable("GOGC", "50"),
    ];
    config.cluster.scheduler.extra_args = vec![
        argument("oidc-client-secret", "arg-pass"),
        argument("audit-log-path", "audit.log"),
    ];
    config.kubelet.document =
        json!({"staticPodURLHeader": {"Authorization": ["Bearer header-pass"]}});
    config
}

const SECRETS: &[&str] = &[
    "0123456789abcdef",
    "00ff00ff",
    "proxy-pass",
    "proxy-other",
    "env-pass",
    "arg-pass",
    "header-pass",
];

#[test]
fn plugins_see_no_secret_and_built_in_phases_see_only_the_proxies() {
    let MaskedConfig {
        for_plugins,
        for_built_ins,
        secrets,
        ..
    } = Secrets::mask(&config()).unwrap();
    let for_plugins = for_plugins.to_string();
    assert!(
        SECRETS.iter().all(|secret| !for_plugins.contains(secret)),
        "{for_plugins}"
    );
    assert!(
        for_plugins.contains("http://p:1")
            && for_plugins.contains("<secret:environment>")
            && !for_plugins.contains("\"50\"")
    );
    assert!(
        for_plugins.contains("<secret:argument>") && for_plugins.contains("audit.log"),
        "{for_plugins}"
    );
    assert_eq!(
        for_built_ins.run.proxy_environment,
        config().run.proxy_environment
    );
    assert_eq!(for_built_ins.init.bootstrap_tokens[0].id(), "abcdef");
    assert!(!format!("{secrets:?}").contains("0123456789"));
}

#[test]
fn only_sealed_placeholders_are_opened() {
    let MaskedConfig {
        for_plugins,
        for_built_ins,
        secrets,
        ..
    } = Secrets::mask(&config()).unwrap();
    let sealed = format!(
        "{} {}",
        for_built_ins.init.bootstrap_tokens[0].token, for_built_ins.init.certificate_key
    );
    let opened = secrets.open(&sealed).unwrap();
    assert_eq!(
        *opened.revealed.reveal(),
        format!("abcdef.0123456789abcdef {}", "00ff".repeat(16))
    );
    assert_eq!(
        opened.shown,
        format!(
            "{} {}",
            for_plugins["init"]["bootstrapTokens"][0]["token"]
                .as_str()
                .unwrap(),
            for_plugins["init"]["certificateKey"].as_str().unwrap()
        )
    );
    assert!(secrets.open(&opened.shown).is_none());
    let of_another_run = Secrets::mask(&config()).unwrap().for_built_ins;
    let of_another_run = of_another_run.init.certificate_key;
    assert!(secrets.open(&of_another_run).is_none());
    assert!(Secrets::default().open("<secret:token-0:>").is_none());
}

#[test]
fn values_are_blanked_in_records() {
    let secrets = Secrets::mask(&config()).unwrap().secrets;
    let mut record = json!({"a": ["token \
        abcdef.0123456789abcdef"], "b": "http://user:proxy-pass@p:1", "c": "00FF"});
    secrets.blank_value(&mut record);
    assert_eq!(
        record,
        json!({"a": ["token abcdef.<secret>"], "b": "<secret>", "c": "00FF"})
    );
}

/// Returns a configuration with this value as an argument of every component, as the value of a
/// variable, and in the kubelet's own document.
fn with_value(name: &str, value: &str) -> config::Config {
    let mut config = config::Config::default();
    let argument = Arg {
        name: name.into(),
        value: value.into(),
    };
    let cluster = &mut config.cluster;
    for component in [
        &mut cluster.api_server,
        &mut cluster.controller_manager,
        &mut cluster.scheduler,
    ] {
        component.extra_args = vec![argument.clone()];
        component.extra_envs = vec![EnvVar {
            name: name.into(),
            value: value.into(),
            value_from: None,
        }];
    }
    cluster.etcd.local = Some(kubephase_sdk::kubeadm::LocalEtcd {
        extra_args: vec![argument.clone()],
        ..Default::default()
    });
    config.init.node_registration.kubelet_extra_args = vec![argument];
    config.kubelet.document = json!({"unknown": [{(name): value}]});
    config.kube_proxy.document = json!({(name): [value]});
    config
}

#[test]
fn secrets_are_masked_by_name_and_by_content_in_all_fields() {
    for (name, value, secret) in [
        ("bootstrap-token", "CANARY", "CANARY"),
        ("oidc-issuer-url", "https://u:CANARY@h/", "CANARY"),
        (
            "oidc-issuer-url",
            "https://x/?access_token=CANARY",
            "CANARY",
        ),
        ("etcd-servers", "https://a:1,https://u:CANARY@b:1", "CANARY"),
        ("header", "Authorization: Bearer CANARY-CANARY", "CANARY"),
        ("key", "-----BEGIN PRIVATE KEY-----\nCANARY", "CANARY"),
        (
            "key",
            "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSQ==",
            "LS0tLS1CRUdJTi",
        ),
    ] {
        let MaskedConfig {
            for_plugins,
            secrets,
            ..
        } = Secrets::mask(&with_value(name, value)).unwrap();
        let shown = for_plugins.to_string();
        assert!(!shown.contains(secret), "{name} {value}: {shown}");
        let mut record = json!({ "a": format!("it says {value}") });
        secrets.blank_value(&mut record);
        assert!(!record.to_string().contains(secret), "{value}: {record}");
    }
}

#[test]
fn a_text_that_is_not_secret_is_not_masked() {
    for (name, value) in [
        ("enable-bootstrap-token-auth", "true"),
        ("etcd-servers", "https://a:2379,https://b:2379"),
        ("service-account-issuer", "https://kubernetes.default.svc"),
        ("hostname-override", "node-1"),
        ("feature-gates", "A=true,B=false"),
        ("oidc-client-secret-file", "/etc/secret"),
        ("runtime", "unix:///run/containerd/containerd.sock"),
    ] {
        let masked = Secrets::mask(&with_value(name, value)).unwrap();
        let shown = masked.for_plugins.to_string();
        // Values of environment variables are never shown.
        let quoted = format!("{value:?}");
        assert_eq!(shown.matches(&quoted).count(), 7, "{name} {value}: {shown}");
    }
    let mut config = Config::default();
    config.cluster.control_plane_endpoint = "master.acmeinternalcorp:6443".into();
    let masked = Secrets::mask(&config).unwrap().for_plugins;
    assert!(masked.to_string().contains("master.acmeinternalcorp"));
}

#[test]
fn an_argument_is_shown_only_if_its_name_or_form_is_not_secret() {
    for (name, value) in [
        ("psk", "CANARY-1"),
        ("cred", "CANARY-2"),
        ("pin", "CANARY3"),
        ("license", "hunter-CANARY"),
        ("some-arg", "--password CANARY"),
        ("some-arg", r#"{"password": "CANARY"}"#),
        ("some-arg", "pass=CANARY"),
        ("some-arg", "a=b|password=CANARY"),
        ("some-arg", "mysql u:CANARY@tcp(h:3306)/db"),
        ("some-arg", "u:CANARY@h:3306"),
        ("some-arg", "//u:CANARY@h/"),
        ("some-arg", r"https:\/\/u:CANARY@h"),
        ("some-arg", "X-Api-Key CANARY"),
        ("some-arg", "https://h/;password=CANARY"),
        ("audit-webhook", "https://h/hooks/CANARY/path"),
        ("audit-webhook", "https://h.example,https://h/CANARY"),
        ("node-labels", "x=y password=CANARY"),
    ] {
        let mut config = with_value(name, value);
        (config.kubelet.document, config.kube_proxy.document) = (json!({}), json!({}));
        let shown = Secrets::mask(&config).unwrap().for_plugins.to_string();
        assert!(!shown.contains("CANARY"), "{name} {value}: {shown}");
    }
}

#[test]
fn arguments_of_harmless_forms_are_shown() {
    for value in [
        "10",
        "-1",
        "0.5",
        "10%",
        "512Mi",
        "4m0s",
        "1h30m",
        "Webhook",
        "Node,RBAC",
        "10.96.0.0/12",
        "fd00::/108,10.0.0.0/8",
        "::1",
        "0.0.0.0",
        "192.0.2.2:6443",
        "[::1]:6443",
        "node-1.example.com:10250",
        "https://kubernetes.default.svc.cluster.local",
        "https://192.0.2.2:2379,https://192.0.2.3:2379",
        "/etc/kubernetes/pki/ca.crt",
        "GracefulNodeShutdown=true,Other=false",
        "TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "VersionTLS13",
    ] {
        let shown = Secrets::mask(&with_value("some-arg", value)).unwrap();
        let shown = shown.for_plugins.to_string();
        assert_eq!(
            shown.matches(&format!("{value:?}")).count(),
            7,
            "{value}: {shown}"
        );
    }
}

#[test]
fn only_the_hosts_of_proxies_are_shown() {
    for (name, value) in [
        ("MY_PROXY", "a://h/CANARY token=CANARY"),
        ("HTTPS_PROXY", "http://u:CANARY@h:3128/?x=CANARY"),
        ("HTTPS_PROXY", "http://h/CANARY"),
        ("http_proxy", "u:CANARY@h:3128"),
        ("http_proxy", "password=CANARY"),
        ("OTHER", "a://h x=CANARY"),
    ] {
        assert!(
            !shown_value(name, value).contains("CANARY"),
            "{name}={value}"
        );
    }
    assert_eq!(
        shown_value("NO_PROXY", "10.0.0.0/8,.svc"),
        "10.0.0.0/8,.svc"
    );
}

/// For each form of a proxy that plugins see, the host knows the whole proxy. It puts the whole
/// proxy into objects of its own addons.
#[test]
fn every_proxy_that_plugins_see_is_known_to_the_host() {
    let mut config = config::Config::default();
    for (name, value) in [
        ("NO_PROXY", ".example.com,172.30.0.0/16,10.128.0.0/14"),
        (
            "HTTPS_PROXY",
            "http://user:word@proxy.example:3128/path?key=x",
        ),
        ("FTP_PROXY", "anything"),
    ] {
        config.run.proxy_environment.push(EnvVar {
            name: name.into(),
            value: value.into(),
            ..EnvVar::default()
        });
    }
    let masked = Secrets::mask(&config).unwrap();
    let shown = masked.for_plugins["run"]["proxyEnvironment"].as_array();
    for (shown, real) in shown.unwrap().iter().zip(&config.run.proxy_environment) {
        let is_known = masked
            .proxies
            .iter()
            .any(|(seen, known)| shown["value"] == *seen.value && known == real);
        assert!(is_known || shown["value"] == *real.value, "{shown}");
    }
}
