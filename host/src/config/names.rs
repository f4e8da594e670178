//! Forms of names: RFC 1123, image references.

pub const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case \
    alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character \
    (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const WILDCARD: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid \
    DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end \
    with an alphanumeric character (e.g. '*.example.com', regex used for validation is \
    '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// What is wrong with a text as a DNS subdomain; empty where nothing is.
pub fn subdomain_problems(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > 253 {
        problems.push("must be no more than 253 characters".to_owned());
    }
    if !subdomain_form(text) {
        problems.push(SUBDOMAIN.to_owned());
    }
    problems
}

pub fn is_subdomain(text: &str) -> bool {
    subdomain_problems(text).is_empty()
}

fn subdomain_form(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.split('.').all(|label| {
        let bytes = label.as_bytes();
        bytes.first().copied().is_some_and(inner)
            && bytes.last().copied().is_some_and(inner)
            && bytes.iter().all(|byte| inner(*byte) || *byte == b'-')
    })
}

/// What is wrong with a text as a name of a certificate, beside being an address; empty where
/// nothing is.
pub fn san_problems(text: &str) -> Vec<String> {
    if let Some(below) = text.strip_prefix("*.") {
        return if is_subdomain(below) {
            Vec::new()
        } else {
            vec![WILDCARD.to_owned()]
        };
    }
    subdomain_problems(text)
}

/// Whether images can be named below it: an optional host with a port, then lower-case path
/// components.
pub fn is_repository(text: &str) -> bool {
    let (host, path) = match text.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            (Some(first), rest)
        }
        _ => (None, text),
    };
    let host_is_good = host.is_none_or(|host| {
        let (name, port) = host
            .rsplit_once(':')
            .map_or((host, None), |(name, port)| (name, Some(port)));
        let label = |label: &str| {
            let ends = label.starts_with(|c: char| c.is_ascii_alphanumeric())
                && label.ends_with(|c: char| c.is_ascii_alphanumeric());
            ends && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
            && name.split('.').all(label)
    });
    // A text without a path is a host all of whose images lie at its top, or one component.
    let component = |part: &str| {
        let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        part.starts_with(ends)
            && part.ends_with(ends)
            && part
                .chars()
                .all(|c| ends(c) || matches!(c, '.' | '_' | '-'))
    };
    let bare_host = host.is_none()
        && !text.contains('/')
        && text
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    host_is_good && (bare_host || path.split('/').all(component))
}

#[cfg(test)]
mod tests;
