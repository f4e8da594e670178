//! The strategic-merge tags of the Kubernetes API as one table: which lists merge, and by which
//! field.

/// The way in which a field merges. By default a list is replaced, and an object is merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MergeRule {
    /// of a list: what identifies its elements; `None` for a list that is replaced
    pub merge: Option<MergeKey>,
    /// of an object: whether fields that the patch does not name in `$retainKeys` are removed
    pub retain_keys: bool,
}

/// The identity by which a patch finds an element of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MergeKey {
    /// this field of the element
    Field(&'static str),
    /// the element itself, if it is a scalar
    Scalar,
}

impl MergeRule {
    /// Returns the rule of a list whose elements are identified by a key.
    const fn list(key: MergeKey) -> MergeRule {
        MergeRule {
            merge: Some(key),
            retain_keys: false,
        }
    }
}

/// The path of the Pod's spec in each kind that has a Pod.
const POD_SPECS: [(&str, &str); 7] = [
    ("Pod", "spec"),
    ("Deployment", "spec.template.spec"),
    ("DaemonSet", "spec.template.spec"),
    ("ReplicaSet", "spec.template.spec"),
    ("StatefulSet", "spec.template.spec"),
    ("Job", "spec.template.spec"),
    ("CronJob", "spec.jobTemplate.spec.template.spec"),
];

/// Lists below a Pod's spec; [`CONTAINER`] has those below a container.
const POD: [(&str, &str); 9] = [
    ("containers", "name"),
    ("initContainers", "name"),
    ("ephemeralContainers", "name"),
    ("volumes", "name"),
    ("imagePullSecrets", "name"),
    ("hostAliases", "ip"),
    ("topologySpreadConstraints", "topologyKey"),
    ("resourceClaims", "name"),
    ("schedulingGates", "name"),
];
const CONTAINER: [(&str, &str); 4] = [
    ("ports", "containerPort"),
    ("env", "name"),
    ("volumeMounts", "mountPath"),
    ("volumeDevices", "devicePath"),
];
const CONTAINER_LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];
const RETAIN_KEYS: [&str; 2] = ["volumes", "resourceClaims"];

/// Lists of one kind only, by path.
const LISTS_OF_KINDS: [(&str, &str, MergeKey); 9] = [
    ("Node", "spec.podCIDRs", MergeKey::Scalar),
    ("Node", "status.addresses", MergeKey::Field("type")),
    ("Pod", "status.podIPs", MergeKey::Field("ip")),
    ("Pod", "status.hostIPs", MergeKey::Field("ip")),
    (
        "Pod",
        "status.resourceClaimStatuses",
        MergeKey::Field("name"),
    ),
    ("Service", "spec.ports", MergeKey::Field("port")),
    ("ServiceAccount", "secrets", MergeKey::Field("name")),
    (
        "PersistentVolumeClaim",
        "status.conditions",
        MergeKey::Field("type"),
    ),
    ("Namespace", "status.conditions", MergeKey::Field("type")),
];
const WITH_CONDITIONS: [&str; 8] = [
    "Node",
    "Pod",
    "Deployment",
    "DaemonSet",
    "ReplicaSet",
    "StatefulSet",
    "Job",
    "Service",
];

/// Returns the rule of a field. `path` has the names from the root of the object, without the
/// indices of lists.
pub(super) fn merge_rule(kind: &str, path: &[&str]) -> MergeRule {
    let dotted = path.join(".");
    if let Some((_, _, key)) = LISTS_OF_KINDS
        .iter()
        .find(|(row_kind, row_path, _)| *row_kind == kind && *row_path == dotted)
    {
        return MergeRule::list(*key);
    }
    match path {
        [.., "metadata", "ownerReferences"] => return MergeRule::list(MergeKey::Field("uid")),
        [.., "metadata", "finalizers"] => {
            return MergeRule::list(MergeKey::Scalar);
        }
        ["status", "conditions"] if WITH_CONDITIONS.contains(&kind) => {
            return MergeRule::list(MergeKey::Field("type"));
        }
        ["spec", "strategy"] if kind == "Deployment" => {
            return MergeRule {
                merge: None,
                retain_keys: true,
            };
        }
        _ => {}
    }
    let Some((_, pod)) = POD_SPECS.iter().find(|(row_kind, _)| *row_kind == kind) else {
        return MergeRule::default();
    };
    let Some(below) = dotted
        .strip_prefix(pod)
        .and_then(|rest| rest.strip_prefix('.'))
    else {
        return MergeRule::default();
    };
    if let Some((_, key)) = POD.iter().find(|(name, _)| *name == below) {
        return MergeRule {
            merge: Some(MergeKey::Field(key)),
            retain_keys: RETAIN_KEYS.contains(&below),
        };
    }
    match below.split_once('.') {
        Some((list, field)) if CONTAINER_LISTS.contains(&list) => CONTAINER
            .iter()
            .find(|(name, _)| *name == field)
            .map_or_else(MergeRule::default, |(_, key)| {
                MergeRule::list(MergeKey::Field(key))
            }),
        _ => MergeRule::default(),
    }
}
