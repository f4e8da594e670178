//! Keys, certificates and kubeconfigs as values, and signatures: nothing here touches a file of the
//! node.

mod certificate;
pub mod jws;
pub mod key;
mod kubeconfig;
#[cfg(test)]
pub mod loopback;
mod request;
pub mod signature;
#[cfg(test)]
mod tests;

pub use certificate::{Certificate, CertificateTemplate};
pub use key::Key;
pub use kubeconfig::Kubeconfig;
pub use request::CertificateRequest;
