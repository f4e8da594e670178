//! The JSON that crosses to the host, typed: certificates, kubeconfigs, waits, and the facts that
//! come back. Every type ignores unknown fields, so that either side may be older than the other.
//!
//! Functions that take and return these types are in [`pki`](crate::pki) and [`node`](crate::node).

mod cleanup;
mod component;
mod etcd;
mod exchange;
mod job;
mod pki;
mod renewal;
mod shared_keys;
mod users;
mod wait;

pub use cleanup::ClearSpec;
pub use component::ComponentState;
pub use etcd::{EtcdDataSpec, EtcdHealth, EtcdMember, EtcdMemberSpec};
pub use exchange::{ExchangeSpec, exchange_file};
pub use job::TrialJobSpec;
pub use pki::{
    CertificateFacts, CertificateSpec, KeyAlgorithm, KeyPairSpec, KubeconfigFacts, KubeconfigSpec,
    PrivateKeyFacts, RotatedKubeconfigSpec, Usage,
};
pub use renewal::{RenewalSpec, RenewedFile, RestartSpec, WantedNames};
pub use shared_keys::{BootstrapTokenSpec, FetchKeysSpec, ShareKeysSpec};
pub use users::{ControlPlaneUsers, User};
pub use wait::{Condition, WaitSpec, client_authorities};
