//! Names of hosts.

/// The largest number of bytes in a name.
const LONGEST: usize = 253;
const TOO_LONG: &str = "must be no more than 253 characters";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case \
    alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character \
    (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const WILDCARD: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid \
    DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end \
    with an alphanumeric character (e.g. '*.example.com', regex used for validation is \
    '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// Returns why a text is not a DNS subdomain (RFC 1123), in the words of Kubernetes; empty if the
/// text is a DNS subdomain.
pub fn subdomain_problems(text: &str) -> Vec<&'static str> {
    problems(text, has_dns_form(text), SUBDOMAIN)
}

/// Whether a text is a DNS subdomain.
pub fn is_subdomain(text: &str) -> bool {
    subdomain_problems(text).is_empty()
}

/// Returns why a text is neither a DNS subdomain nor a wildcard of one; empty if it is one of them.
pub fn san_problems(text: &str) -> Vec<&'static str> {
    let parent = text.strip_prefix("*.");
    let of_wildcard = problems(text, parent.is_some_and(has_dns_form), WILDCARD);
    let mut all = subdomain_problems(text);
    if all.is_empty() || of_wildcard.is_empty() {
        return Vec::new();
    }
    all.extend(of_wildcard);
    all
}

fn problems(text: &str, has_form: bool, form: &'static str) -> Vec<&'static str> {
    let too_long = (text.len() > LONGEST).then_some(TOO_LONG);
    too_long
        .into_iter()
        .chain((!has_form).then_some(form))
        .collect()
}

/// Whether a text has the form of a DNS subdomain, of any length.
pub fn has_dns_form(text: &str) -> bool {
    text.split('.').all(|label| {
        label.starts_with(is_lower_alphanumeric)
            && label.ends_with(is_lower_alphanumeric)
            && label.chars().all(|c| is_lower_alphanumeric(c) || c == '-')
    })
}

fn is_lower_alphanumeric(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}
