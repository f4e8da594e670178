mod escapes;
mod samples;

use super::*;
use data_encoding::BASE64;
use samples::{
    TOKEN, encodings, gzip, kubeconfig, pem, pkcs1, pkcs8, plain, public_key, sec1, utf16,
};
use serde_json::json;

#[test]
fn credentials_are_found_without_an_encoding() {
    for (kind, content) in plain() {
        assert_eq!(
            classify(&content),
            Some(kind),
            "{}",
            String::from_utf8_lossy(&content)
        );
    }
}

#[test]
fn credentials_are_found_in_every_encoding_and_in_two_of_them() {
    for (kind, content) in plain() {
        for (name, encode) in encodings() {
            let once = encode(&content);
            assert_eq!(
                classify(&once),
                Some(kind),
                "{name} of {}",
                String::from_utf8_lossy(&content)
            );
            for (outer, again) in encodings() {
                let twice = again(&once);
                assert!(
                    classify(&twice).is_some(),
                    "{outer} of {name} of {}",
                    String::from_utf8_lossy(&content)
                );
            }
        }
    }
}

#[test]
fn texts_are_found_in_utf_16_and_with_a_byte_order_mark() {
    for (kind, content) in plain() {
        let Ok(text) = String::from_utf8(content) else {
            continue;
        };
        if text.contains('\u{0}') {
            continue;
        }
        for big_endian in [true, false] {
            for mark in [true, false] {
                assert_eq!(
                    classify(&utf16(&text, big_endian, mark)),
                    Some(kind),
                    "{text}"
                );
            }
        }
        assert_eq!(
            classify(format!("\u{feff}{text}").as_bytes()),
            Some(kind),
            "{text}"
        );
    }
}

#[test]
fn credentials_are_found_wherever_they_begin() {
    for before in 0..9 {
        let prefix = "x".repeat(before);
        let keys = [pkcs8(), sec1(), pkcs1(), pem("PRIVATE KEY").into_bytes()];
        for key in keys {
            let shifted = format!("{prefix}{}", BASE64.encode(&key));
            assert!(classify(shifted.as_bytes()).is_some(), "{shifted}");
            let binary = [prefix.as_bytes(), &key].concat();
            assert!(classify(&binary).is_some(), "{before} bytes before a key");
        }
    }
}

#[test]
fn strings_of_documents_are_judged_as_documents() {
    let kubeconfig = kubeconfig(&json!({"token": "t"}))
        .to_string()
        .replace("token", "t\\u006fken");
    let config_map = json!({"kind": "ConfigMap", "data": {"kubeconfig": kubeconfig}}).to_string();
    assert_eq!(
        classify(config_map.as_bytes()),
        Some(Credential::Kubeconfig)
    );
}

#[test]
fn ordinary_content_holds_no_credential() {
    let certificate = rcgen::generate_simple_self_signed(["node-1".to_owned()])
        .unwrap()
        .cert;
    let pod = json!({
        "kind": "Pod",
        "spec": {
            "containers": [{
                "args": [
                    "--token-auth-file=/etc/x",
                    "--service-account-key-file=/etc/kubernetes/pki/sa.pub",
                ],
            }],
        },
    });
    let in_cluster = "kind: Config\nusers:\n- name: default\n  user:\n    tokenFile: \
        /var/run/secrets/kubernetes.io/serviceaccount/token\n";
    let texts = [
        String::new(),
        "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nHOME_URL=\"https://www.example.org/\"\n"
            .into(),
        "127.0.0.1 localhost\n192.0.2.2 node-1.example.com\n".into(),
        certificate.pem(),
        BASE64.encode(certificate.pem().as_bytes()),
        pod.to_string(),
        in_cluster.into(),
        json!({"auths": {}, "credHelpers": {"r.example": "helper"}}).to_string(),
        json!({"users": [{"name": "a", "user": {}}]}).to_string(),
        "kind: EncryptionConfiguration\nresources:\n- providers:\n  - identity: {}\n".into(),
        "kind: SecretProviderClass\ndata: {a: b}\n".into(),
        format!("sha256:{}", "0a".repeat(32)),
        "net.ipv4.ip_forward = 1\nkernel.perf_event_paranoid = 2\n".into(),
        "git clone https://github.example/a/b.git@v1\nssh://git@host/path\n".into(),
        "the quick brown fox jumps over the lazy dog and runs on ".repeat(200),
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            public_key()
        ),
    ];
    for text in texts {
        assert_eq!(classify(text.as_bytes()), None, "{text}");
    }
    assert_eq!(classify(certificate.der()), None);
    assert_eq!(classify(&gzip(certificate.pem().as_bytes())), None);
    let noise: Vec<u8> = (0..1u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    assert_eq!(classify(&noise), Some(Credential::Undecided));
}

#[test]
fn what_is_compressed_in_another_way_is_not_decided() {
    for begin in [
        &b"\xfd7zXZ\0\0\x04"[..],
        b"\x28\xb5\x2f\xfd\x04\0",
        b"BZh91AY&SY\0",
        b"PK\x03\x04\x14\0",
        b"\xfe\xed\xfe\xed\0\0\0\x02",
    ] {
        assert_eq!(classify(begin), Some(Credential::Undecided), "{begin:?}");
        let wrapped = BASE64.encode(&[begin, &[7; 40]].concat());
        assert_eq!(classify(wrapped.as_bytes()), Some(Credential::Undecided));
    }
}

#[test]
fn work_is_bounded_whatever_the_content_is() {
    let bomb = gzip(&vec![b'a'; 64 << 20]);
    assert_eq!(classify(&bomb), Some(Credential::Undecided));
    let aliases = (1..30).fold(
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
        |text, n| {
            let before = n - 1;
            format!(
                "{text}a{n}: &a{n} [*a{before}, *a{before}, *a{before}, *a{before}, *a{before}, \
            *a{before}]\n"
            )
        },
    );
    for content in [
        aliases.into_bytes(),
        vec![b'['; 1 << 20],
        b"{\"a\":".repeat(100_000),
        vec![0x30; 1 << 20],
        b"0\x80".repeat(1 << 19),
        b"30".repeat(1 << 20),
        b"A".repeat(4 << 20),
        vec![0; 8 << 20],
        b"- ".repeat(1 << 19),
        gzip(&gzip(&gzip(&gzip(b"x")))),
    ] {
        let _ = classify(&content);
    }
}

#[test]
fn a_value_far_from_its_name_is_not_shown_either() {
    for between in [" ".repeat(33), "\"".repeat(40), "\t".repeat(500)] {
        for text in [
            format!("user = u\npassword={between}hunter2\n"),
            format!("user = u\npassword{between}=hunter2\n"),
        ] {
            assert!(classify(text.as_bytes()).is_some(), "{text}");
        }
    }
    let long = format!("password={}\n", "word-".repeat(1000));
    assert!(classify(long.as_bytes()).is_some());
}

/// Each value in a line is judged, however many there are.
#[test]
fn lines_with_many_values_after_names_of_secrets_are_judged_in_linear_time() {
    for line in [
        "password=//",
        "pass=insta ",
        "pass=    ",
        "token:=",
        "\"token\" : ",
    ] {
        let _ = classify(line.repeat((2 << 20) / line.len()).as_bytes());
    }
    let spaces = [&b"password="[..], &vec![b' '; 4 << 20]].concat();
    assert_eq!(classify(&spaces), None);
}

#[test]
fn content_too_large_to_be_parsed_is_still_searched() {
    let mut large = b"a: b\n".repeat(1 << 20);
    assert_eq!(classify(&large), None);
    large.extend(TOKEN.as_bytes());
    assert_eq!(classify(&large), Some(Credential::BootstrapToken));
}

#[test]
fn documents_that_take_much_memory_are_not_judged() {
    let large = format!("[{}0]", r#"{"":0},"#.repeat(100_000));
    assert_eq!(classify(large.as_bytes()), Some(Credential::Undecided));
    let ordinary = format!("[{}0]", r#"{"name":"x"},"#.repeat(10_000));
    assert_eq!(classify(ordinary.as_bytes()), None);
}

#[test]
fn what_is_not_judged_in_time_is_not_decided() {
    use crate::cancel::Cancel;
    use std::time::{Duration, Instant};
    let heavy = b"QUFB".repeat(1 << 20);
    let over = Budget::new(0, Duration::ZERO, &Cancel::never());
    assert_eq!(classify_within(b"x", &over), Some(Credential::Undecided));
    let value = serde_json::json!({"a": "x"});
    assert_eq!(
        classify_value_within(&value, &over),
        Some(Credential::Undecided)
    );
    let cancel = Cancel::new();
    let budget = Budget::new(0, Duration::MAX, &cancel);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let judged = scope.spawn(|| classify_within(&heavy, &budget));
        cancel.request();
        assert_eq!(judged.join().unwrap(), Some(Credential::Undecided));
    });
    let elapsed = began.elapsed();
    assert!(elapsed < Duration::from_secs(3), "{elapsed:?}");
}

#[test]
fn a_value_that_has_its_name_beside_it_is_judged_by_the_name() {
    let key = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1";
    let joined = serde_json::json!({"AWS_SECRET_ACCESS_KEY": key});
    assert!(classify_value_within(&joined, &Budget::unlimited()).is_some());
    for field in ["name", "key"] {
        let pair = serde_json::json!([{field: "AWS_SECRET_ACCESS_KEY", "value": key}]);
        assert_eq!(
            classify_value_within(&pair, &Budget::unlimited()),
            classify_value_within(&joined, &Budget::unlimited()),
            "{pair}"
        );
    }
}
