//! Checks the requests of a manifest.
use crate::{
    arguments::{ObjectName, Text},
    text::sanitise,
    wasm::{
        gate::{self, Dimension, Permit},
        request::{ObjectPattern, Request},
    },
};

/// Largest number of patterns of a request in one dimension.
const MAX_PATTERNS: usize = 500;

/// Checks one request of a plugin.
pub(super) fn check_request(request: &Request, problem: &mut dyn FnMut(&str, String)) {
    let capability = &request.capability;
    if request.reason.is_empty() {
        problem("reason", format!("say why {capability:?} is needed"));
    }
    let Some(row) = gate::row(capability) else {
        return problem(
            "capability",
            format!(
                "\"{}\" is not a capability{}",
                sanitise::quoted(capability),
                gate::suggest_capability(capability)
            ),
        );
    };
    let dimensions = match row.permit {
        Permit::Free => {
            return problem(
                "capability",
                format!("every plugin may call {capability}; remove the request"),
            );
        }
        Permit::Core => {
            return problem(
                "capability",
                format!("{capability} is only for built-in phases"),
            );
        }
        Permit::Granted(dimensions) => dimensions,
    };
    for &dimension in Dimension::ALL {
        let (field, count) = (dimension.field(), dimension.pattern_count(request));
        if !dimensions.contains(&dimension) && count > 0 {
            problem(field, format!("{capability} is not bounded by {field}"));
        } else if dimensions.contains(&dimension) && count == 0 && !dimension.is_optional() {
            problem(
                field,
                format!(
                    "say which {field} {capability} is needed for ({})",
                    dimension.meaning()
                ),
            );
        } else if count > MAX_PATTERNS {
            problem(
                field,
                format!("{count} patterns are more than {MAX_PATTERNS}"),
            );
        }
        check_patterns(dimension, request, problem);
    }
    check_private(request, problem);
}

/// Checks the patterns of a request in one dimension.
fn check_patterns(dimension: Dimension, request: &Request, problem: &mut dyn FnMut(&str, String)) {
    let field = dimension.field();
    for pattern in dimension.patterns(request).unwrap_or_default() {
        check_text_pattern(dimension, pattern, &mut |why| problem(field, why));
    }
    if dimension == Dimension::Commands {
        for command in &request.commands {
            check_command(command, &mut |why| problem(field, why));
        }
    }
    if dimension == Dimension::Objects {
        for object in &request.objects {
            check_object(object, &request.capability, &mut |why| problem(field, why));
        }
    }
}

/// Checks a pattern that is a single text.
fn check_text_pattern(dimension: Dimension, pattern: &str, problem: &mut dyn FnMut(String)) {
    let spelling = match dimension {
        Dimension::CertificateNames => gate::check_name(pattern),
        Dimension::Usages => gate::check_usage(pattern),
        _ => Ok(()),
    };
    for why in [gate::check_pattern(pattern), spelling]
        .into_iter()
        .filter_map(Result::err)
    {
        problem(format!("{pattern:?}: {why}"));
    }
    let mut components = pattern.split('/').skip(1);
    let is_plain = pattern.starts_with('/')
        && components.all(|component| !matches!(component, "" | "." | ".."));
    if dimension.matches_paths() && !is_plain {
        problem(format!(
            "{pattern:?} has to be an absolute path, without empty components, `.` and `..`"
        ));
    }
}

/// Checks a pattern of commands.
fn check_command(command: &[String], problem: &mut dyn FnMut(String)) {
    let program = command.first().map(String::as_str).unwrap_or_default();
    if program.is_empty() || program.contains('*') {
        problem("a command has to begin with the name of a program, without wildcards".into());
    }
    for part in command {
        if part.len() > Text::LONGEST {
            problem(format!(
                "an argument must have at most {} bytes",
                Text::LONGEST
            ));
        }
        if let Err(why) = gate::check_ascii(part) {
            problem(format!("{part:?}: {why}"));
        }
    }
}

/// Checks a pattern of objects.
fn check_object(object: &ObjectPattern, capability: &str, problem: &mut dyn FnMut(String)) {
    let (version, kind) = (&object.api_version, &object.kind);
    if let Err(why) = ObjectName::parse_kind(version, kind, object.namespace.as_deref()) {
        problem(why);
    }
    for name in &object.names {
        if let Err(why) = gate::check_pattern(name) {
            problem(format!("{name:?}: {why}"));
        }
    }
    let is_patch = capability == "effects-cluster.patch-object";
    if gate::has_pods(version, kind) && !object.host_access && is_patch {
        problem(format!(
            "{kind}: the result of a patch depends on the rest of the object, so its grant needs \
             `hostAccess: true`"
        ));
    }
    if object.host_access && gate::shape_of(version, kind).is_none() {
        problem(format!(
            "{kind} ({version}): hostAccess is only for kinds whose content is checked: {}",
            gate::checked_kinds().join(", ")
        ));
    }
}

/// Checks `private`: only requests for files may have it, and each of their paths has to be exact.
fn check_private(request: &Request, problem: &mut dyn FnMut(&str, String)) {
    if !request.private {
        return;
    }
    if !request.capability.starts_with("observe-files.") {
        problem(
            "private",
            format!(
                "`private` is only for observe-files, not for {}",
                request.capability
            ),
        );
    }
    for path in request.paths.iter().filter(|path| path.contains('*')) {
        problem(
            "private",
            format!("{path:?} is a pattern; write the exact path of a private file"),
        );
    }
}
