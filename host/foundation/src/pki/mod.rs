//! Keys, certificates, kubeconfigs and signatures as values. Nothing here touches a file of the
//! node: `effect::pki` does.

mod certificate;
mod chain;
pub mod jws;
pub mod key;
mod kubeconfig;
mod name;
mod renewal;
mod request;
pub mod signature;
mod signing;
mod template;
#[cfg(test)]
mod tests;

pub use certificate::{Certificate, MAX_CERTIFICATES};
pub use chain::MAX_SIGNATURE_CHECKS;
pub use key::Key;
pub use kubeconfig::{Kubeconfig, KubeconfigProblem, problem_of_kubeconfig, tls_name};
pub use request::CertificateRequest;
pub use template::CertificateTemplate;

/// Returns the path at which a new certificate is kept until its key is written. If a run is
/// interrupted between the two files, the next run takes the certificate from there.
pub fn announced_path(certificate: &str) -> String {
    let (directory, name) = certificate.rsplit_once('/').unwrap_or(("", certificate));
    format!("{directory}/.{name}.announced")
}
