//! Nodes and clusters in the stages of an exchange.
use super::super::{NodeRecord, Status};
use crate::{
    pki::{Certificate, CertificateTemplate, Key},
    secret::Secret,
};
use kubephase_sdk::{kubeadm::ClusterAuthority, spec::KeyAlgorithm};

/// An authority with its key. `time` is when it was made, in Unix seconds.
pub struct Made {
    pub certificate: Certificate,
    key: String,
}

pub fn make(time: i64) -> Made {
    let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let template = CertificateTemplate {
        not_before: time,
        not_after: 4_000_000_000,
        ..CertificateTemplate::with_common_name("kubernetes")
    };
    Made {
        certificate: Certificate::self_signed_authority(&template, &key).unwrap(),
        key: key.to_pem().unwrap().reveal().clone(),
    }
}

impl Made {
    pub fn key(&self) -> Option<Key> {
        Some(Key::from_pem(&Secret::new(self.key.clone())).unwrap())
    }

    fn fingerprint(&self) -> String {
        self.certificate.public_key_sha256()
    }

    /// Returns a certificate that the authority has signed.
    pub fn sign(&self) -> Certificate {
        let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let template = CertificateTemplate {
            not_before: 1,
            not_after: 4_000_000_000,
            ..CertificateTemplate::with_common_name("system:node:one")
        };
        let authority_key = self.key().unwrap();
        Certificate::issue(&template, &key, &self.certificate, &authority_key).unwrap()
    }
}

/// The old and the new authority of an exchange.
pub struct Authorities {
    pub old: Made,
    pub new: Made,
}

/// The progress that a node has recorded on its Node.
#[derive(Clone, Copy)]
pub enum Recorded {
    Nothing,
    Both,
    Reissued,
    OnlyNew,
}

impl Authorities {
    pub fn make() -> Authorities {
        Authorities {
            old: make(1_000),
            new: make(2_000),
        }
    }

    fn record(&self, recorded: Recorded, is_control_plane: bool) -> NodeRecord {
        let (old, new) = (self.old.fingerprint(), self.new.fingerprint());
        let (trusted, signed_by) = match recorded {
            Recorded::Nothing => (Vec::new(), String::new()),
            Recorded::Both => (vec![old.clone(), new], old),
            Recorded::Reissued => (vec![old, new.clone()], new),
            Recorded::OnlyNew => (vec![new.clone()], new),
        };
        NodeRecord {
            is_control_plane,
            trusted,
            signed_by,
        }
    }

    /// Returns the status of the control plane `one` of a cluster in which nothing has begun, with
    /// the other control plane `two` and the worker `worker`.
    pub fn status(&self, authority: ClusterAuthority) -> Status {
        let mut status = Status {
            authority,
            node: "one".to_owned(),
            is_control_plane: true,
            directory: "/pki".to_owned(),
            trusted: vec![self.old.certificate.clone()],
            key: self.old.key(),
            signed: vec![self.old.sign()],
            now: 1_000_000,
            ..Status::default()
        };
        if authority.concerns_workers() {
            status.of_cluster = vec![self.old.certificate.clone()];
        }
        self.recorded(status, [Recorded::Nothing; 3])
    }

    /// Returns the status with the records of `one`, `two` and `worker`.
    pub fn recorded(&self, mut status: Status, records: [Recorded; 3]) -> Status {
        let nodes = ["one", "two", "worker"].into_iter().zip(records);
        status.records = nodes
            .map(|(name, recorded)| (name.to_owned(), self.record(recorded, name != "worker")))
            .filter(|(_, record)| record.is_control_plane || status.authority.concerns_workers())
            .collect();
        status
    }

    /// Returns the status of `one` once it trusts both authorities.
    pub fn trusting_both(&self, authority: ClusterAuthority, records: [Recorded; 3]) -> Status {
        let both = vec![self.old.certificate.clone(), self.new.certificate.clone()];
        let status = self.status(authority);
        let of_cluster = match authority.concerns_workers() {
            true => both.clone(),
            false => Vec::new(),
        };
        let status = Status {
            trusted: both,
            of_cluster,
            next: vec![self.new.certificate.clone()],
            next_key: self.new.key(),
            ..status
        };
        self.recorded(status, records)
    }

    /// Returns the status of `one` once the new authority has signed everything.
    pub fn reissued(&self, authority: ClusterAuthority, records: [Recorded; 3]) -> Status {
        Status {
            key: self.new.key(),
            next: Vec::new(),
            next_key: None,
            signed: vec![self.new.sign()],
            ..self.trusting_both(authority, records)
        }
    }
}
