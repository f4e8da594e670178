//! Forms of names: RFC 1123, image references.

/// kubeadm's message about a text that is not a DNS subdomain.
pub const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case \
    alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character \
    (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const WILDCARD: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid \
    DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end \
    with an alphanumeric character (e.g. '*.example.com', regex used for validation is \
    '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// Returns why a text is not a DNS subdomain; empty if it is.
pub fn subdomain_problems(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > 253 {
        problems.push("must be no more than 253 characters".to_owned());
    }
    if !has_subdomain_form(text) {
        problems.push(SUBDOMAIN.to_owned());
    }
    problems
}

/// Whether a text is a DNS subdomain.
pub fn is_subdomain(text: &str) -> bool {
    subdomain_problems(text).is_empty()
}

fn has_subdomain_form(text: &str) -> bool {
    text.split('.').all(|label| {
        label.starts_with(is_lower_alphanumeric)
            && label.ends_with(is_lower_alphanumeric)
            && label.chars().all(|c| is_lower_alphanumeric(c) || c == '-')
    })
}

fn is_lower_alphanumeric(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// Returns why a text is neither a DNS subdomain nor a wildcard; empty if it is one of them.
pub fn san_problems(text: &str) -> Vec<String> {
    if let Some(parent) = text.strip_prefix("*.") {
        return if is_subdomain(parent) {
            Vec::new()
        } else {
            vec![WILDCARD.to_owned()]
        };
    }
    subdomain_problems(text)
}

/// Whether a text is an image repository: an optional host with a port, then lower-case path
/// components.
pub fn is_repository(text: &str) -> bool {
    let (host, path) = match text.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            (Some(first), rest)
        }
        _ => (None, text),
    };
    // A text without a slash is either a path of one component, or a host with a port.
    let bare_host = host.is_none()
        && !text.contains('/')
        && text
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    host.is_none_or(is_registry_host) && (bare_host || path.split('/').all(is_path_component))
}

/// Whether a text is a host with an optional port.
fn is_registry_host(host: &str) -> bool {
    let (name, port) = host
        .rsplit_once(':')
        .map_or((host, None), |(name, port)| (name, Some(port)));
    port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        && name.split('.').all(is_host_label)
}

fn is_host_label(label: &str) -> bool {
    label.starts_with(|c: char| c.is_ascii_alphanumeric())
        && label.ends_with(|c: char| c.is_ascii_alphanumeric())
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn is_path_component(part: &str) -> bool {
    part.starts_with(is_lower_alphanumeric)
        && part.ends_with(is_lower_alphanumeric)
        && part
            .chars()
            .all(|c| is_lower_alphanumeric(c) || matches!(c, '.' | '_' | '-'))
}

#[cfg(test)]
mod tests;
