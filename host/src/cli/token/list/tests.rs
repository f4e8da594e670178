use super::*;
use crate::{render::objects::token_secret, secret::Secret};
use kubephase_sdk::kubeadm::Duration;

const NOW: i64 = 1_790_000_000;

fn token(id: &str, ttl: i64) -> BootstrapToken {
    let given = BootstrapToken {
        token: Secret::new(format!("{id}.0123456789abcdef")),
        description: "for \u{1b}[31mWednesday".into(),
        ttl: Some(Duration::from_secs(ttl)),
        usages: ["signing", "authentication"].map(str::to_owned).to_vec(),
        groups: ["system:bootstrappers:a", "system:bootstrappers:b"]
            .map(str::to_owned)
            .to_vec(),
        ..BootstrapToken::default()
    };
    parse_token_secret(&token_secret(&given, NOW).unwrap().manifest).unwrap()
}

fn shown(tokens: &[BootstrapToken], printer: Option<&Printer>) -> String {
    format_list(tokens, printer, Timestamp::from_second(NOW + 10).unwrap()).unwrap()
}

#[test]
fn tables_are_kubeadms() {
    let plain = BootstrapToken {
        token: "zzzzzz.0123456789abcdef".into(),
        ..BootstrapToken::default()
    };
    let described = BootstrapToken {
        description: String::new(),
        ..token("abcdef", 86_400)
    };
    let text = shown(&[described, plain], None);
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "TOKEN                     TTL         EXPIRES                USAGES                   \
             DESCRIPTION                                                EXTRA GROUPS",
            "abcdef.0123456789abcdef   23h         2026-09-22T14:13:20Z   authentication,signing   \
             <none>                                                     \
             system:bootstrappers:a,system:bootstrappers:b",
            "zzzzzz.0123456789abcdef   <forever>   <never>   <none>                   \
             <none>                                                     <none>",
        ]
    );
    assert_eq!(shown(&[], None), "");
    assert!(
        shown(&[token("abcdef", 5)], None).contains("<invalid>"),
        "it ran out"
    );
    assert!(
        shown(&[token("abcdef", 86_400)], None).contains(r"for \u{1b}[31mWednesday"),
        "a terminal is safe"
    );
}

#[test]
fn objects_are_kubeadms() {
    let all = [
        token("abcdef", 86_400),
        BootstrapToken {
            token: "zzzzzz.0123456789abcdef".into(),
            ..BootstrapToken::default()
        },
    ];
    assert_eq!(
        shown(&all[1..], Some(&Printer::Json)),
        "{\n    \"kind\": \"BootstrapToken\",\n    \"apiVersion\": \
         \"output.kubeadm.k8s.io/v1alpha3\",\n    \"token\": \"zzzzzz.0123456789abcdef\"\n}\n"
    );
    let yaml = shown(&all, Some(&Printer::Yaml));
    assert!(
        yaml.contains("\n---\n")
            && yaml.contains("expires: \"2026-09-22T14:13:20Z\"\n")
            && !yaml.contains("ttl"),
        "{yaml}"
    );
}

/// The time of expiry is in the Secret in whole seconds, so a moment after it was made a token has
/// less than its whole lifetime left.
#[test]
fn a_second_that_has_begun_is_not_left() {
    let half_a_second_later = Timestamp::from_millisecond(NOW * 1000 + 500).unwrap();
    let text = format_list(&[token("abcdef", 86_400)], None, half_a_second_later).unwrap();
    assert!(text.contains(" 23h "), "{text}");
}

#[test]
fn the_rest_of_a_lifetime_is_printed_in_one_unit() {
    let texts = [
        -2, -1, 0, 59, 60, 3599, 3600, 86_399, 86_400, 31_535_999, 31_536_000,
    ]
    .map(format_ttl);
    assert_eq!(
        texts,
        [
            "<invalid>",
            "0s",
            "0s",
            "59s",
            "1m",
            "59m",
            "1h",
            "23h",
            "1d",
            "364d",
            "1y"
        ]
    );
}
