//! Manifests of static Pods, compared.
use crate::text::yaml;
use serde_json::Value;

/// Flags of etcd that matter only when a member begins. A member that joined has those of its
/// join, and a new manifest has those of a first member.
const ONLY_AT_BEGIN: [&str; 2] = ["--initial-cluster=", "--initial-cluster-state="];

/// Whether two manifests mean the same Pod, apart from flags that matter only when a member of etcd
/// begins.
pub(in crate::phase) fn are_equal(one: &[u8], other: &[u8]) -> bool {
    comparable(one) == comparable(other)
}

/// Returns a Pod without what has no meaning in a manifest.
fn comparable(manifest: &[u8]) -> Value {
    let mut pod = parse(manifest);
    if let Some(fields) = pod.as_object_mut() {
        fields.remove("status");
    }
    let containers = pod.pointer_mut("/spec/containers");
    for container in containers
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(command) = container["command"].as_array_mut() {
            command.retain(|word| {
                let word = word.as_str().unwrap_or_default();
                !ONLY_AT_BEGIN.iter().any(|flag| word.starts_with(flag))
            });
        }
    }
    remove_empty(&mut pod);
    pod
}

/// Removes fields without a value: null, `{}` and `[]`.
fn remove_empty(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(remove_empty);
            fields.retain(|_, value| {
                let is_empty = value.is_null()
                    || value.as_object().is_some_and(|fields| fields.is_empty())
                    || value.as_array().is_some_and(Vec::is_empty);
                !is_empty
            });
        }
        Value::Array(items) => items.iter_mut().for_each(remove_empty),
        _ => {}
    }
}

/// Returns a manifest as a Pod; null if it cannot be read.
pub(in crate::phase) fn parse(manifest: &[u8]) -> Value {
    yaml::value(&String::from_utf8_lossy(manifest)).unwrap_or_default()
}

/// Returns the images of a manifest's containers, in their order.
pub(in crate::phase) fn images(manifest: &[u8]) -> Vec<String> {
    let pod = parse(manifest);
    let containers = pod["spec"]["containers"].as_array();
    let images = containers.into_iter().flatten();
    images
        .filter_map(|container| Some(container["image"].as_str()?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubephase_sdk::release::upgrade;

    const POD: &str = "kind: Pod\nmetadata: {name: etcd, creationTimestamp: null}\nspec:\n  \
        containers:\n  - image: r/etcd:3.6.8-0\n    command: [etcd, --name=a, \
        --initial-cluster=a=https://192.0.2.2:2380]\n    resources: {}\nstatus: {}\n";

    #[test]
    fn only_what_means_another_pod_differs() {
        let joined = POD.replace(
            "--initial-cluster=a=https://192.0.2.2:2380",
            "--initial-cluster=b=x, --initial-cluster-state=existing",
        );
        let bare = POD
            .replace("status: {}\n", "")
            .replace("    resources: {}\n", "");
        for same in [joined, bare] {
            assert!(are_equal(POD.as_bytes(), same.as_bytes()), "{same}");
        }
        for other in [
            POD.replace("3.6.8-0", "3.6.9-0"),
            POD.replace("--name=a", "--name=b"),
            POD.replace("name: etcd", "name: other"),
        ] {
            assert!(!are_equal(POD.as_bytes(), other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn images_and_their_versions_are_read() {
        assert_eq!(images(POD.as_bytes()), ["r/etcd:3.6.8-0"]);
        assert!(images(b"no manifest").is_empty());
        let version = |image| upgrade::version_of_image(image);
        assert_eq!(
            version("r/etcd:3.6.8-0@sha256:0a"),
            version("r/etcd:3.6.8-0")
        );
        assert!(version("r/etcd:3.6.6-0") < version("r:5000/etcd:3.6.8-0"));
        assert_eq!(version("r/etcd:v3.6.8_1").unwrap().build.as_str(), "1");
        assert_eq!(version("r/etcd:latest"), None);
        assert_eq!(version("r/etcd"), None);
    }
}
