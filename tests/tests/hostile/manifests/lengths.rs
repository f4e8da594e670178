//! Long texts and lists in manifests.
use crate::support::{Trial, guest};
use std::fs;

#[test]
fn long_manifests_are_refused_soon() {
    let good = Trial::check().manifest();
    let many = |field: &str| {
        let items: Vec<String> = (0..300).map(|index| format!("phase-{index}")).collect();
        format!("title: A, {field}: [{}]", items.join(", "))
    };
    let trial = Trial::check();
    for (field, hostile) in [
        (
            "grants: []",
            format!(
                "grants: [{{capability: {}, reason: r}}]",
                "a".repeat(5 << 20)
            ),
        ),
        (
            "grants: []",
            format!(
                "grants: [{{capability: {}, reason: r}}]",
                "a".repeat(200 << 10)
            ),
        ),
        (
            "description: A test.",
            format!("description: {}", "a".repeat(300 << 10)),
        ),
        ("title: Misuse the host", many("needs")),
        ("title: Misuse the host", many("before")),
        (
            "workflow: [init]",
            format!("workflow: [{}]", "init, ".repeat(300)),
        ),
        ("workflow: [init]", "workflow: [init, init]".to_owned()),
        (
            "title: Misuse the host",
            "title: A, needs: [certs, certs]".to_owned(),
        ),
    ] {
        let manifest = good.replacen(field, &hostile, 1);
        assert_ne!(manifest, good, "{field}");
        let component = guest::component(&manifest);
        fs::write(trial.folder().join("hostile.wasm"), component).unwrap();
        let result = trial.run(&["plugin", "inspect", "hostile.wasm"]);
        assert_ne!(result.status, 0, "{field}: {}", result.output());
        assert!(
            result.output().len() < 8000,
            "{field}: {} bytes are printed",
            result.output().len()
        );
        assert!(
            result.elapsed.as_secs() < 15,
            "{field}: {:?}",
            result.elapsed
        );
    }
}
