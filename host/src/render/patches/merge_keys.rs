//! Which lists merge, and by what: the strategic-merge tags of the Kubernetes API, as one table.

/// How a field merges; a field that is not here is replaced if it is a list, merged if it is an
/// object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MergeRule {
    /// lists: their elements are told apart by this field; of scalars: by themselves
    pub merge: Option<MergeKey>,
    /// objects: what the patch does not name in `$retainKeys` goes
    pub retain_keys: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MergeKey {
    Field(&'static str),
    Scalar,
}

/// Where a kind keeps its Pod, if it has one.
const POD_SPECS: [(&str, &str); 7] = [
    ("Pod", "spec"),
    ("Deployment", "spec.template.spec"),
    ("DaemonSet", "spec.template.spec"),
    ("ReplicaSet", "spec.template.spec"),
    ("StatefulSet", "spec.template.spec"),
    ("Job", "spec.template.spec"),
    ("CronJob", "spec.jobTemplate.spec.template.spec"),
];

/// Below a Pod's spec; for the fields of containers see [`CONTAINER`].
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

/// Of one kind only, by path.
const OF_KIND: [(&str, &str, MergeKey); 9] = [
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

/// The rule of a field, `path` being the names from the root of the object, list indices left out.
pub(super) fn merge_rule(kind: &str, path: &[&str]) -> MergeRule {
    let by = |field| MergeRule {
        merge: Some(MergeKey::Field(field)),
        retain_keys: false,
    };
    let dotted = path.join(".");
    if let Some((_, _, key)) = OF_KIND
        .iter()
        .find(|(of, at, _)| *of == kind && *at == dotted)
    {
        return MergeRule {
            merge: Some(*key),
            retain_keys: false,
        };
    }
    match path {
        [.., "metadata", "ownerReferences"] => return by("uid"),
        [.., "metadata", "finalizers"] => {
            return MergeRule {
                merge: Some(MergeKey::Scalar),
                retain_keys: false,
            };
        }
        ["status", "conditions"] if WITH_CONDITIONS.contains(&kind) => return by("type"),
        ["spec", "strategy"] if kind == "Deployment" => {
            return MergeRule {
                merge: None,
                retain_keys: true,
            };
        }
        _ => {}
    }
    let Some((_, pod)) = POD_SPECS.iter().find(|(of, _)| *of == kind) else {
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
            .map_or_else(MergeRule::default, |(_, key)| by(key)),
        _ => MergeRule::default(),
    }
}
