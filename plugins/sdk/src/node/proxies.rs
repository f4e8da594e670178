//! Proxy variables of the environment.

/// Whether an environment variable names a proxy. kubeadm passes all of these to the Pods of the
/// control plane.
pub fn is_proxy(name: &str) -> bool {
    name.to_lowercase().ends_with("_proxy")
}

/// Whether an environment variable is a proxy variable that most programs read, in either case.
pub fn is_common_proxy(name: &str) -> bool {
    ["http_proxy", "https_proxy", "no_proxy", "all_proxy"].contains(&name.to_lowercase().as_str())
}

/// Returns a proxy, or a list of hosts, without parts that may be secret: user names, passwords,
/// queries and fragments. For URLs in messages the host has its own function, which keeps paths and
/// digests with an `@`.
pub fn without_user_info(proxy: &str) -> String {
    // In a URL a comma is part of a password; elsewhere it separates the entries of a list.
    if proxy.contains("://") {
        return strip_entry(proxy);
    }
    let entries: Vec<String> = proxy.split(',').map(strip_entry).collect();
    entries.join(",")
}

/// Returns one proxy or host without parts that may be secret.
fn strip_entry(entry: &str) -> String {
    let (scheme, rest) = match entry.find("://") {
        Some(index) => entry.split_at(index + "://".len()),
        None => ("", entry),
    };
    // A password may have characters that would end a host, so everything up to the last `@` is
    // removed.
    let host = rest.rsplit('@').next().unwrap_or_default();
    let host = host.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}{host}")
}
