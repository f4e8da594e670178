use super::*;

#[test]
fn a_repository_is_what_stands_before_the_name_of_an_image() {
    for good in [
        "registry.k8s.io",
        "registry.example.com:5000/k8s",
        "Registry.Example.com/k8s",
        "UPPER",
        "UPPER/x",
        "localhost:5000",
        "[2001:db8::1]:5000/k8s",
        "quay.io/a/b_c",
        "a__b/c--d/e.f",
        "plain",
    ] {
        assert!(is_repository(good), "{good}");
    }
    for bad in [
        "",
        "https://registry.example.com",
        "a//b",
        "/a",
        "a/",
        "a/B",
        "-a/b",
        "a-/b",
        "a/b:tag",
        "a:port/b",
        "x/a___b",
        "x/a..b",
        "x/a._b",
        "a b",
        "a\n",
        "ä",
    ] {
        assert!(!is_repository(bad), "{bad:?}");
    }
}
