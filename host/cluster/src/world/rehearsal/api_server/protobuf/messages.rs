//! Field numbers and names of the messages that are read.

/// Field numbers, names and kinds of a message.
pub(super) struct Message(pub(super) &'static [(u64, &'static str, FieldKind)]);

/// The kind of a field.
pub(super) enum FieldKind {
    Text,
    Message(&'static Message),
    /// A map from text to text.
    Map,
}

/// Returns the message of a kind; `None` if the kind is not read here.
pub(super) fn message_of(kind: &str) -> Option<&'static Message> {
    match kind {
        "SelfSubjectAccessReview" => Some(&ACCESS_REVIEW),
        "SelfSubjectReview" | "Namespace" | "ServiceAccount" => Some(&METADATA_ONLY),
        "ConfigMap" => Some(&CONFIG_MAP),
        _ => None,
    }
}

/// An entry of a map.
pub(super) const ENTRY: Message =
    Message(&[(1, "key", FieldKind::Text), (2, "value", FieldKind::Text)]);

const METADATA: Message = Message(&[
    (1, "name", FieldKind::Text),
    (2, "generateName", FieldKind::Text),
    (3, "namespace", FieldKind::Text),
    (11, "labels", FieldKind::Map),
    (12, "annotations", FieldKind::Map),
]);
const RESOURCE_ATTRIBUTES: Message = Message(&[
    (1, "namespace", FieldKind::Text),
    (2, "verb", FieldKind::Text),
    (3, "group", FieldKind::Text),
    (4, "version", FieldKind::Text),
    (5, "resource", FieldKind::Text),
    (6, "subresource", FieldKind::Text),
    (7, "name", FieldKind::Text),
]);
const PATH_ATTRIBUTES: Message =
    Message(&[(1, "path", FieldKind::Text), (2, "verb", FieldKind::Text)]);
const ACCESS: Message = Message(&[
    (
        1,
        "resourceAttributes",
        FieldKind::Message(&RESOURCE_ATTRIBUTES),
    ),
    (
        2,
        "nonResourceAttributes",
        FieldKind::Message(&PATH_ATTRIBUTES),
    ),
]);
const ACCESS_REVIEW: Message = Message(&[
    (1, "metadata", FieldKind::Message(&METADATA)),
    (2, "spec", FieldKind::Message(&ACCESS)),
]);
const METADATA_ONLY: Message = Message(&[(1, "metadata", FieldKind::Message(&METADATA))]);
const CONFIG_MAP: Message = Message(&[
    (1, "metadata", FieldKind::Message(&METADATA)),
    (2, "data", FieldKind::Map),
]);
