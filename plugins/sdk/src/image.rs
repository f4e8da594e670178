//! References of container images.

/// Returns the tag of an image, without its digest; `None` if it has none. The port of a registry
/// is not a tag.
pub fn tag(image: &str) -> Option<&str> {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let (_, tag) = name.rsplit_once(':')?;
    (!tag.contains('/')).then_some(tag)
}

/// Returns the version in the tag of an image, without `v`; empty if the image has no tag.
pub fn version_text(image: &str) -> &str {
    tag(image).unwrap_or_default().trim_start_matches('v')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_neither_the_digest_nor_the_port_of_the_registry() {
        for (image, expected) in [
            ("registry.k8s.io/kube-apiserver:v1.35.4", Some("v1.35.4")),
            (
                "registry.k8s.io/kube-apiserver:v1.35.4@sha256:0a",
                Some("v1.35.4"),
            ),
            ("registry.k8s.io/kube-apiserver@sha256:0a", None),
            ("r:5000/coredns:1.9.3", Some("1.9.3")),
            ("r:5000/coredns", None),
            ("coredns:own", Some("own")),
            ("coredns", None),
            ("", None),
        ] {
            assert_eq!(tag(image), expected, "{image}");
        }
        assert_eq!(
            version_text("r:5000/coredns/coredns:v1.14.2@sha256:0a"),
            "1.14.2"
        );
        for (image, version) in [
            ("registry.k8s.io/coredns/coredns:v1.14.2", "1.14.2"),
            ("r:5000/coredns:1.9.3", "1.9.3"),
            ("r:5000/coredns", ""),
            ("coredns", ""),
        ] {
            assert_eq!(version_text(image), version);
        }
    }
}
