use super::*;

fn effect(kind: &str, target: &str) -> EffectSummary {
    EffectSummary {
        kind: kind.into(),
        target: target.into(),
        because: None,
        digest: "0".into(),
    }
}

#[test]
fn a_path_that_looks_like_several_or_like_a_reason_is_in_quotation_marks() {
    for (kind, target, shown) in [
        ("file", "/etc/x", "file /etc/x"),
        ("file", "/a (by hand): /b", "file \"/a (by hand): /b\""),
        ("command", "/usr/bin/x 'a b'", "command /usr/bin/x 'a b'"),
        ("object", "configmaps a/b", "object configmaps a/b"),
    ] {
        assert_eq!(describe_effect(&effect(kind, target)), shown);
    }
}
