//! Decides what this run does: which stage the node is ready for, and whether all nodes have
//! completed the previous stage.
use super::{
    refusals::{missing_nodes, not_under_way, refusal},
    status::{NodeRecord, Status},
};
use crate::{effect::pki::KUBELET_SERVING, phase::rotate_ca::command, pki::Certificate};
use kubephase_sdk::kubeadm::{Rotation, RotationStage};
use kubephase_wit::Failure;

/// The request of the command line that choose the stage.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StageRequest {
    pub stage: Option<RotationStage>,
    pub has_certificate_key: bool,
}

/// The two authorities of an exchange.
struct AuthorityPair<'a> {
    old: &'a Certificate,
    new: &'a Certificate,
}

impl Status {
    /// Decides what this run does.
    ///
    /// # Errors
    /// The node or another node is not ready. The remedy names what to run, and where.
    pub fn decide(&self, request: &StageRequest) -> Result<Rotation, Failure> {
        let mut all: Vec<&Certificate> = Vec::new();
        for authority in [&self.trusted, &self.next, &self.of_cluster]
            .into_iter()
            .flatten()
        {
            if !all.contains(&authority) {
                all.push(authority);
            }
        }
        all.sort_by_key(|authority| authority.not_before());
        if !self.is_control_plane && !self.authority.concerns_workers() {
            return Err(self.not_of_workers());
        }
        match all[..] {
            _ if self.trusted.is_empty() => Err(self.without_authority()),
            [current] => self.decide_with_one(current, request),
            [old, new] => self.decide_with_two(&AuthorityPair { old, new }, request),
            _ => Err(refusal(
                format!(
                    "{}, {}.crt beside it and the ConfigMap cluster-info have {} authorities \
                     together; the exchange knows an old and a new one",
                    self.path(),
                    self.authority.next(),
                    all.len()
                ),
                "remove the authorities that sign nothing".to_owned(),
            )),
        }
    }

    /// Returns the path of the certificate of the authority.
    fn path(&self) -> String {
        format!("{}/{}.crt", self.directory, self.authority.base())
    }

    /// Returns the command that continues the exchange, with the further arguments `rest`.
    pub(super) fn command(&self, rest: &str) -> String {
        command(self.authority, rest)
    }

    fn without_authority(&self) -> Failure {
        let path = self.path();
        refusal(
            format!("{path} has no authority"),
            format!("put the certificate of the cluster's authority at {path}"),
        )
    }

    fn not_of_workers(&self) -> Failure {
        refusal(
            format!(
                "this node is a worker: only members of the control plane have {}",
                self.authority
            ),
            format!("run {} on the control planes", self.command("")),
        )
    }

    fn record(&self) -> NodeRecord {
        self.records.get(&self.node).cloned().unwrap_or_default()
    }

    /// Returns the names of the other nodes whose record has a property, control planes first.
    pub(super) fn other_nodes(&self, holds: impl Fn(&NodeRecord) -> bool) -> Vec<&str> {
        let mut found: Vec<(&str, bool)> = self
            .records
            .iter()
            .filter(|(name, record)| **name != self.node && holds(record))
            .map(|(name, record)| (name.as_str(), record.is_control_plane))
            .collect();
        found.sort_by_key(|(_, is_control_plane)| !is_control_plane);
        found.into_iter().map(|(name, _)| name).collect()
    }

    /// Decides what this run does if the node and the cluster know one authority: the exchange has
    /// not begun, or it is over.
    fn decide_with_one(
        &self,
        current: &Certificate,
        request: &StageRequest,
    ) -> Result<Rotation, Failure> {
        let fingerprint = current.public_key_sha256();
        let is_finished = |record: &NodeRecord| {
            record.trusted == [fingerprint.as_str()] && record.signed_by == fingerprint
        };
        let record = self.record();
        if let Some(begun) = self.exchange_of_others(&fingerprint) {
            return self.join_exchange(&begun, current, request);
        }
        if record.exists() && !is_finished(&record) {
            // The last run was stopped before it recorded that the node has completed the exchange.
            let of_last_stage = Rotation {
                authority: self.authority,
                stage: RotationStage::Drop,
                control_plane: self.is_control_plane,
                is_last_control_plane: self
                    .other_nodes(|record| record.is_control_plane && !is_finished(record))
                    .is_empty(),
                nodes_behind: self.nodes_behind(|record| !is_finished(record)),
                new_authority: current.to_pem(),
                ..Rotation::default()
            };
            return self
                .expect_stage(RotationStage::Drop, request)
                .map(|_| of_last_stage);
        }
        let unfinished = self.other_nodes(|record| record.exists() && !is_finished(record));
        if !unfinished.is_empty() {
            return Err(missing_nodes(
                "this node is through the exchange, but these nodes are not",
                &unfinished,
                self.authority,
            ));
        }
        match request.stage {
            _ if !self.is_control_plane => Err(not_under_way(self.authority, record.exists())),
            Some(RotationStage::Trust) => self.begin(current),
            None if !record.exists() => self.begin(current),
            _ => Err(not_under_way(self.authority, record.exists())),
        }
    }

    /// Returns the names of the other nodes that have not completed a stage, control planes first;
    /// `None` on a worker, which may not read their records.
    pub(super) fn nodes_behind(
        &self,
        is_behind: impl Fn(&NodeRecord) -> bool,
    ) -> Option<Vec<String>> {
        let names = self.other_nodes(is_behind).into_iter().map(str::to_owned);
        self.is_control_plane.then(|| names.collect())
    }

    /// Decides what this run does if the node or the cluster knows two authorities.
    fn decide_with_two(
        &self,
        pair: &AuthorityPair<'_>,
        request: &StageRequest,
    ) -> Result<Rotation, Failure> {
        let found = self.next_stage(pair);
        let stage = self.expect_stage(found, request)?;
        let (old, new) = (pair.old.public_key_sha256(), pair.new.public_key_sha256());
        let trusts_both = |record: &NodeRecord| record.trusted == [old.as_str(), new.as_str()];
        self.expect_other_nodes(stage, &new, trusts_both)?;
        let is_through = |record: &NodeRecord| match stage {
            RotationStage::Trust => record.trusted.contains(&new),
            RotationStage::Reissue => record.signed_by == new,
            RotationStage::Drop => record.trusted == [new.as_str()],
        };
        let others = self.other_nodes(|record| record.is_control_plane);
        let behind = self.other_nodes(|record| record.is_control_plane && !is_through(record));
        let lacks_key = self.is_control_plane && !self.has_key_of(pair.new);
        if lacks_key && !request.has_certificate_key {
            return Err(self.without_new_key());
        }
        let signs = [pair.old, pair.new].iter().any(|authority| {
            let key = self.key.as_ref();
            key.is_some_and(|key| authority.belongs_to(key))
        });
        if self.is_control_plane && !signs {
            return Err(self.external_authority());
        }
        if stage == RotationStage::Drop {
            self.expect_serving_certificate(pair.new)?;
        }
        let is_trust = stage == RotationStage::Trust;
        Ok(Rotation {
            authority: self.authority,
            stage,
            control_plane: self.is_control_plane,
            begins: false,
            fetches: is_trust && lacks_key,
            shares: is_trust && self.is_control_plane && !lacks_key && !others.is_empty(),
            is_last_control_plane: behind.is_empty(),
            nodes_behind: self.nodes_behind(|record| !is_through(record)),
            old_authority: pair.old.to_pem(),
            new_authority: pair.new.to_pem(),
        })
    }

    fn has_key_of(&self, authority: &Certificate) -> bool {
        let keys = [&self.key, &self.next_key];
        keys.into_iter()
            .flatten()
            .any(|key| authority.belongs_to(key))
    }

    /// Returns the next stage of this node. The record of the node is the last step of each stage,
    /// so a recorded stage is complete.
    fn next_stage(&self, pair: &AuthorityPair<'_>) -> RotationStage {
        let (old, new) = (pair.old.public_key_sha256(), pair.new.public_key_sha256());
        let record = self.record();
        if self.trusted == [pair.new.clone()] {
            return RotationStage::Drop;
        }
        let has_files = [pair.old, pair.new]
            .iter()
            .all(|authority| self.trusted.contains(authority));
        let is_trusted = has_files
            && record.trusted == [old, new.clone()]
            && (!self.is_control_plane || self.has_key_of(pair.new));
        if !is_trusted {
            return RotationStage::Trust;
        }
        let is_signed = !self.signed.is_empty()
            && self
                .signed
                .iter()
                .all(|certificate| certificate.chains_to(pair.new));
        let signs = !self.is_control_plane
            || self
                .key
                .as_ref()
                .is_some_and(|key| pair.new.belongs_to(key));
        if record.signed_by == new && is_signed && signs {
            RotationStage::Drop
        } else {
            RotationStage::Reissue
        }
    }

    /// Returns the stage of this run. A stage that the node has completed may be repeated until
    /// this node begins the next stage.
    pub(super) fn expect_stage(
        &self,
        found: RotationStage,
        request: &StageRequest,
    ) -> Result<RotationStage, Failure> {
        let stage = request.stage.unwrap_or(found);
        // `next_key` has the key of the new authority until that key begins to sign.
        let signs_with_old = !self.is_control_plane || self.next_key.is_some();
        let is_repeated = match (stage, found) {
            (RotationStage::Trust, RotationStage::Reissue) => signs_with_old,
            (RotationStage::Reissue, RotationStage::Drop) => self.trusted.len() > 1,
            _ => false,
        };
        if stage == found || is_repeated {
            return Ok(stage);
        }
        let why = if stage > found {
            "is not ready for it"
        } else {
            "is through it"
        };
        Err(refusal(
            format!("the stage {stage} is refused: this node {why}; its next stage is {found}"),
            format!("run {}", self.command(&format!("--stage {found}"))),
        ))
    }

    /// Refuses to begin a stage before all nodes have completed the previous stage. A worker may
    /// not read the records of other nodes, and need not: control planes sign with the new
    /// authority only after all nodes trust it, and `cluster-info` names only the new authority
    /// after all certificates are signed by it.
    fn expect_other_nodes(
        &self,
        stage: RotationStage,
        new: &str,
        trusts_both: impl Fn(&NodeRecord) -> bool,
    ) -> Result<(), Failure> {
        let behind = match stage {
            RotationStage::Trust => Vec::new(),
            RotationStage::Reissue => {
                self.other_nodes(|record| !trusts_both(record) && record.signed_by != new)
            }
            RotationStage::Drop => self.other_nodes(|record| record.signed_by != new),
        };
        if self.is_control_plane && !behind.is_empty() {
            return Err(missing_nodes(
                &format!("this node is ready for the stage {stage}, but these nodes are not"),
                &behind,
                self.authority,
            ));
        }
        if !self.is_control_plane && stage == RotationStage::Drop && self.of_cluster.len() > 1 {
            return Err(refusal(
                "this node is ready for the stage drop, which a control plane begins".to_owned(),
                format!(
                    "run {} on a control plane, then here again",
                    self.command("")
                ),
            ));
        }
        Ok(())
    }

    /// Refuses to drop the old authority while the kubelet serves with a certificate that it has
    /// signed: clients that check the certificate would not trust it any more.
    fn expect_serving_certificate(&self, new: &Certificate) -> Result<(), Failure> {
        match &self.kubelet_serving {
            Some(certificate) if !certificate.chains_to(new) => Err(refusal(
                format!(
                    "the kubelet of this node serves with a certificate that the old authority \
                     signed, {KUBELET_SERVING}"
                ),
                format!(
                    "remove {KUBELET_SERVING}, restart the kubelet, approve its request (kubectl \
                     get csr; kubectl certificate approve NAME), then run {} again",
                    self.command("")
                ),
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn without_new_key(&self) -> Failure {
        let next = self.authority.next();
        refusal(
            format!("this node does not have the key of the new authority, {next}.key"),
            format!(
                "run {} on a control plane that has it, then the command that it prints here; or \
                 copy {next}.crt and {next}.key from there to {}",
                self.command("--stage trust"),
                self.directory
            ),
        )
    }
}

#[cfg(test)]
mod tests;
