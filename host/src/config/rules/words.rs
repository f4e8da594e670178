//! Words about mistakes.
use super::{functions::FunctionSignature, types::CelType};

/// Describes a call of a known function with the wrong values.
pub(super) fn describe_misuse(
    name: &str,
    receiver: Option<&CelType>,
    arguments: &[CelType],
    known: &[&FunctionSignature],
) -> String {
    let shown: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let with = match shown.as_slice() {
        [] => "without arguments".to_owned(),
        shown => format!("with {}", shown.join(" and ")),
    };
    let on = receiver.map_or(String::new(), |of| format!("on {of} "));
    let usage = known.iter().map(|function| {
        let receiver = function
            .receiver
            .map_or(String::new(), |of| format!("{of}."));
        format!("{receiver}{name}({})", function.arguments.join(", "))
    });
    let usage: Vec<String> = usage.collect();
    format!(
        "{name} cannot be called {on}{with}; it is {}",
        usage.join(" or ")
    )
}

/// Returns `; did you mean NAME?` with the nearest name; `None` if none is near.
pub(super) fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let scored = known.map(|known| {
        let near = strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
        (known, near)
    });
    let nearest = scored.max_by(|a, b| a.1.total_cmp(&b.1));
    let (known, _) = nearest.filter(|(_, near)| *near > 0.8)?;
    Some(format!("; did you mean {known}?"))
}
