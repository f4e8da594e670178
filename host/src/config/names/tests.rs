use super::*;

#[test]
fn names_as_kubernetes_takes_them() {
    assert!(
        is_subdomain("node-1.example.com")
            && !is_subdomain("_z")
            && !is_subdomain("Upper")
            && !is_subdomain("a..b")
            && !is_subdomain(&"a".repeat(254))
    );
    assert!(
        san_problems("*.example.com").is_empty() && !san_problems("a.*.example.com").is_empty()
    );
    for good in [
        "registry.k8s.io",
        "registry.example.com:5000/k8s",
        "localhost:5000",
        "quay.io/a/b_c",
        "plain",
    ] {
        assert!(is_repository(good), "{good}");
    }
    for bad in ["https://registry.example.com", "a//b", "UPPER/x", "-a/b"] {
        assert!(!is_repository(bad), "{bad}");
    }
}
