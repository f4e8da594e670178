use super::*;
use crate::config::BootstrapToken;
use serde_json::json;

fn config() -> config::Config {
    let mut config = config::Config::default();
    config.init.bootstrap_tokens = vec![BootstrapToken {
        token: "abcdef.0123456789abcdef".into(),
        ..Default::default()
    }];
    config.init.certificate_key = Secret::new("00ff".repeat(16));
    let variable = |name: &str, value: &str| EnvVar {
        name: name.into(),
        value: value.into(),
        value_from: None,
    };
    config.run.proxy_environment = vec![
        variable("HTTPS_PROXY", "http://user:proxy-pass@p:1"),
        variable("no_proxy", "a,b"),
        variable("MY_PROXY", "proxy-other"),
    ];
    config.cluster.api_server.extra_envs = vec![
        variable("UPSTREAM", "https://u:env-pass@h/"),
        variable("GOGC", "50"),
    ];
    let argument = |name: &str, value: &str| Arg {
        name: name.into(),
        value: value.into(),
    };
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
fn plugins_see_no_secret_and_built_in_phases_see_the_proxies_alone() {
    let Masked {
        for_plugins,
        for_built_ins,
        secrets,
    } = Secrets::mask(&config());
    let for_plugins = serde_json::to_string(&for_plugins).unwrap();
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
    let Masked {
        for_plugins,
        for_built_ins,
        secrets,
    } = Secrets::mask(&config());
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
            for_plugins.init.bootstrap_tokens[0].token, for_plugins.init.certificate_key
        )
    );
    assert!(secrets.open(&opened.shown).is_none());
    let of_another_run = Secrets::mask(&config()).for_built_ins.init.certificate_key;
    assert!(secrets.open(&of_another_run).is_none());
    assert!(Secrets::default().open("<secret:token-0:>").is_none());
}

#[test]
fn values_are_blanked_in_records() {
    let secrets = Secrets::mask(&config()).secrets;
    let mut record = json!({"a": ["token \
        abcdef.0123456789abcdef"], "b": "http://user:proxy-pass@p:1", "c": "00FF"});
    secrets.blank_value(&mut record);
    assert_eq!(
        record,
        json!({"a": ["token abcdef.<secret>"], "b": "<secret>", "c": "00FF"})
    );
}
