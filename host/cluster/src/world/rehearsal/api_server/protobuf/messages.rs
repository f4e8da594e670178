//! Field numbers and names of the messages that are read. Fields that are not listed are skipped.
//! The numbers are those of the `generated.proto` files of Kubernetes.

/// The fields of a message that are read: their numbers, names and types.
pub(super) struct Message(pub(super) &'static [(u64, &'static str, FieldType)]);

/// The type of a field.
pub(super) enum FieldType {
    Text,
    Message(&'static Message),
    /// A map from text to text.
    Map,
}

/// Returns the fields that are read of an object of this kind; `None` if no field is read.
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
    Message(&[(1, "key", FieldType::Text), (2, "value", FieldType::Text)]);

const METADATA: Message = Message(&[
    (1, "name", FieldType::Text),
    (2, "generateName", FieldType::Text),
    (3, "namespace", FieldType::Text),
    (11, "labels", FieldType::Map),
    (12, "annotations", FieldType::Map),
]);
const RESOURCE_ATTRIBUTES: Message = Message(&[
    (1, "namespace", FieldType::Text),
    (2, "verb", FieldType::Text),
    (3, "group", FieldType::Text),
    (4, "version", FieldType::Text),
    (5, "resource", FieldType::Text),
    (6, "subresource", FieldType::Text),
    (7, "name", FieldType::Text),
]);
const PATH_ATTRIBUTES: Message =
    Message(&[(1, "path", FieldType::Text), (2, "verb", FieldType::Text)]);
const ACCESS: Message = Message(&[
    (
        1,
        "resourceAttributes",
        FieldType::Message(&RESOURCE_ATTRIBUTES),
    ),
    (
        2,
        "nonResourceAttributes",
        FieldType::Message(&PATH_ATTRIBUTES),
    ),
]);
const ACCESS_REVIEW: Message = Message(&[
    (1, "metadata", FieldType::Message(&METADATA)),
    (2, "spec", FieldType::Message(&ACCESS)),
]);
const METADATA_ONLY: Message = Message(&[(1, "metadata", FieldType::Message(&METADATA))]);
const CONFIG_MAP: Message = Message(&[
    (1, "metadata", FieldType::Message(&METADATA)),
    (2, "data", FieldType::Map),
]);
