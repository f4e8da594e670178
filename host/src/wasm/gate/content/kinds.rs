//! The kinds of objects whose content is checked, and the fields that each may have.
use super::{
    Shape::{self, Any, Each, Fields, OneOf, Selector},
    metadata::METADATA,
    pod::{POD, TEMPLATE},
};

/// The fields of an object, beside those that every object has.
macro_rules! object {
    ($($field:literal: $shape:expr),* $(,)?) => {
        Fields(&[
            ("apiVersion", Any),
            ("kind", Any),
            ("metadata", METADATA),
            ("status", Any),
            $(($field, $shape)),*
        ])
    };
}

/// A kind that makes Pods from a template. `$selector` is the shape of its selector; the other
/// arguments are further fields of its `spec`.
macro_rules! workload {
    ($selector:expr; $($field:literal),* $(,)?) => {
        object! {
            "spec": Fields(&[("template", TEMPLATE), ("selector", $selector), $(($field, Any)),*]),
        }
    };
}

const MATCH_LABELS: Shape = Fields(&[("matchLabels", Selector)]);
const JOB: Shape = Fields(&[
    ("template", TEMPLATE),
    ("activeDeadlineSeconds", Any),
    ("backoffLimit", Any),
    ("backoffLimitPerIndex", Any),
    ("completionMode", Any),
    ("completions", Any),
    ("maxFailedIndexes", Any),
    ("parallelism", Any),
    ("podFailurePolicy", Any),
    ("podReplacementPolicy", Any),
    ("successPolicy", Any),
    ("suspend", Any),
    ("ttlSecondsAfterFinished", Any),
]);
const CRON_JOB: Shape = Fields(&[
    (
        "jobTemplate",
        Fields(&[("metadata", METADATA), ("spec", JOB)]),
    ),
    ("concurrencyPolicy", Any),
    ("failedJobsHistoryLimit", Any),
    ("schedule", Any),
    ("startingDeadlineSeconds", Any),
    ("successfulJobsHistoryLimit", Any),
    ("suspend", Any),
    ("timeZone", Any),
]);
/// An address within the cluster that the API server chooses, for Pods of the plugin.
const SERVICE: Shape = Fields(&[
    ("type", OneOf(&["ClusterIP"])),
    ("selector", Selector),
    ("ports", Each(&PORT)),
    ("clusterIP", OneOf(&["", "None"])),
    ("clusterIPs", Each(&OneOf(&["None"]))),
    ("internalTrafficPolicy", Any),
    ("ipFamilies", Any),
    ("ipFamilyPolicy", Any),
    ("publishNotReadyAddresses", Any),
    ("sessionAffinity", Any),
    ("sessionAffinityConfig", Any),
    ("trafficDistribution", Any),
]);
const PORT: Shape = Fields(&[
    ("appProtocol", Any),
    ("name", Any),
    ("port", Any),
    ("protocol", Any),
    ("targetPort", Any),
]);

/// A kind by its API group.
struct Kind {
    group: &'static str,
    kind: &'static str,
    has_pods: bool,
    shape: Shape,
}

const fn with_pods(group: &'static str, kind: &'static str, shape: Shape) -> Kind {
    Kind {
        group,
        kind,
        has_pods: true,
        shape,
    }
}

const fn without_pods(kind: &'static str, shape: Shape) -> Kind {
    Kind {
        group: "",
        kind,
        has_pods: false,
        shape,
    }
}

static KINDS: &[Kind] = &[
    with_pods("", "Pod", object! {"spec": POD}),
    with_pods("", "PodTemplate", object! {"template": TEMPLATE}),
    with_pods(
        "",
        "ReplicationController",
        workload! {Selector; "replicas", "minReadySeconds"},
    ),
    with_pods(
        "apps",
        "ReplicaSet",
        workload! {MATCH_LABELS; "replicas", "minReadySeconds"},
    ),
    with_pods(
        "apps",
        "Deployment",
        workload! {
            MATCH_LABELS;
            "replicas",
            "minReadySeconds",
            "paused",
            "progressDeadlineSeconds",
            "revisionHistoryLimit",
            "strategy",
        },
    ),
    with_pods(
        "apps",
        "StatefulSet",
        workload! {
            MATCH_LABELS;
            "replicas",
            "minReadySeconds",
            "ordinals",
            "podManagementPolicy",
            "revisionHistoryLimit",
            "serviceName",
            "updateStrategy",
        },
    ),
    with_pods(
        "apps",
        "DaemonSet",
        workload! {MATCH_LABELS; "minReadySeconds", "revisionHistoryLimit", "updateStrategy"},
    ),
    with_pods("batch", "Job", object! {"spec": JOB}),
    with_pods("batch", "CronJob", object! {"spec": CRON_JOB}),
    without_pods("Namespace", object! {}),
    without_pods(
        "ConfigMap",
        object! {"data": Any, "binaryData": Any, "immutable": Any},
    ),
    without_pods("Service", object! {"spec": SERVICE}),
    without_pods(
        "ServiceAccount",
        object! {"automountServiceAccountToken": Any},
    ),
];

/// Returns the entry of a kind; `None` for kinds whose content is not checked.
fn find_kind(api_version: &str, kind: &str) -> Option<&'static Kind> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    KINDS
        .iter()
        .find(|known| known.group == group && known.kind == kind)
}

/// Returns the shape that objects of a kind may have without `hostAccess`; `None` for kinds whose
/// content is not checked.
pub fn shape_of(api_version: &str, kind: &str) -> Option<&'static Shape> {
    find_kind(api_version, kind).map(|known| &known.shape)
}

/// Whether objects of a kind have Pods.
pub fn has_pods(api_version: &str, kind: &str) -> bool {
    find_kind(api_version, kind).is_some_and(|known| known.has_pods)
}

/// Returns the kinds whose content is checked, for messages.
pub fn checked_kinds() -> Vec<&'static str> {
    KINDS.iter().map(|known| known.kind).collect()
}
