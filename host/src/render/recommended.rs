//! kubeadm's warning about a setting that differs from its own choice.
use crate::text::user_info;
use serde_json::Value;

/// kubeadm's warning for a setting it would have made otherwise; none where the two are equal.
pub fn recommendation_warning(
    kind: &str,
    field: &str,
    default: &Value,
    given: &Value,
) -> Option<String> {
    let (default, given) = (plain(default), plain(given));
    (default != given).then(|| {
        format!(
            "The recommended value for {field:?} in {kind:?} is: \
        {default}; the provided value is: {given}"
        )
    })
}

/// A value as Go prints it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => user_info::hidden(text).into_owned(),
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(plain).collect::<Vec<_>>().join(" ")
        ),
        other => other.to_string(),
    }
}
