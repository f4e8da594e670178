//! kubeadm's warning about a setting that differs from its recommendation.
use crate::text::user_info;
use serde_json::Value;

/// Returns kubeadm's warning about a setting that differs from its recommendation; `None` if they
/// are equal.
pub fn recommendation_warning(
    kind: &str,
    field: &str,
    default: &Value,
    given: &Value,
) -> Option<String> {
    let (default, given) = (as_go_prints(default), as_go_prints(given));
    (default != given).then(|| {
        format!(
            "The recommended value for {field:?} in {kind:?} is: \
        {default}; the provided value is: {given}"
        )
    })
}

/// Returns a value as Go prints it.
fn as_go_prints(value: &Value) -> String {
    match value {
        Value::String(text) => user_info::hide_user_info(text).into_owned(),
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(as_go_prints).collect::<Vec<_>>().join(" ")
        ),
        other => other.to_string(),
    }
}
