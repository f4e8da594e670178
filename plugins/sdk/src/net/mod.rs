//! Addresses, networks, ports, host names and URLs, read by the rules of Kubernetes.
//!
//! Kubernetes reads them with Go's libraries and with looser copies of these. The parsers of Rust's
//! libraries accept other texts, and read some texts as other values: `010.0.0.1` is not an address
//! to [`std::net`], and `1.2.3` is `1.2.0.3` to browsers. This module reads all such texts of a
//! configuration, so that all parts of the program agree about them.
mod address;
mod host_port;
mod names;
mod network;
mod url;

pub use address::parse_address;
pub use host_port::{host_port, parse_endpoint, parse_port, split_host_port};
pub use names::{has_dns_form, is_subdomain, san_problems, subdomain_problems};
pub use network::Network;
pub use url::Url;

#[cfg(test)]
mod tests;
