//! The differences between the minor releases of Kubernetes, as data. The row of a minor says what
//! kubeadm of that minor writes, accepts and checks. Code asks the row of the version that it sets
//! up, and never compares versions itself.
mod parts;
mod skew;
mod table;
#[cfg(test)]
mod tests;
#[cfg(not(target_arch = "wasm32"))]
pub mod upgrade;

pub use parts::{
    CgroupV1, Checks, Configuration, EtcdFlags, FeatureGate, Images, Kernels, Kubelet, Release,
    Setting, Source, Stage, StaticPods, gate,
};
pub use skew::{Skew, SkewProblem};
pub use table::RELEASES;

impl Release {
    /// Returns the row of a version of Kubernetes: `v1.34.9`, `1.34.0-rc.1`, also behind `ci/` or
    /// `release/`. A label such as `stable-1`, an empty text, and a version that is newer than
    /// every recorded row have the newest recorded row; an older version has the oldest row.
    pub fn of(version: &str) -> &'static Release {
        let Some(version) = major_and_minor(version) else {
            return Release::newest();
        };
        Release::recorded()
            .rev()
            .find(|release| (1, release.minor) <= version)
            .unwrap_or_else(Release::oldest)
    }

    /// Returns the newest row that was recorded with kubeadm of its minor. It is the release that
    /// this program acts for, and that labels such as `stable-1` mean.
    pub fn newest() -> &'static Release {
        Release::recorded()
            .next_back()
            .unwrap_or_else(Release::oldest)
    }

    /// Returns the oldest row.
    pub fn oldest() -> &'static Release {
        &RELEASES[0]
    }

    /// Returns the rows that were recorded with kubeadm of their minor, the oldest first.
    pub fn recorded() -> impl DoubleEndedIterator<Item = &'static Release> {
        RELEASES
            .iter()
            .filter(|release| release.source == Source::Recorded)
    }

    /// Whether this minor is older than the minor of a version. False if the version cannot be
    /// read.
    pub fn is_older_than(&self, version: &str) -> bool {
        major_and_minor(version).is_some_and(|other| (1, self.minor) < other)
    }

    /// Returns the first version of the minor: `1.36.0`.
    pub fn first_version(&self) -> String {
        format!("1.{}.0", self.minor)
    }

    /// Returns a feature gate that kubeadm of this minor accepts; `None` if kubeadm does not know
    /// it.
    pub fn accepted_gate(&self, name: &str) -> Option<&'static FeatureGate> {
        self.gate(name).filter(|gate| gate.stage != Stage::Removed)
    }

    /// Returns what kubeadm of this minor says about a feature gate of a running cluster: that it
    /// does not know it, or that it is deprecated. `None` if it says nothing.
    pub fn gate_notice(&self, name: &str) -> Option<String> {
        match self.accepted_gate(name) {
            None => Some(format!("Unknown feature gate flag: {name}")),
            Some(gate) if gate.stage == Stage::Deprecated => Some(ECDSA_DEPRECATED.to_owned()),
            Some(_) => None,
        }
    }

    /// Whether the minor of a version was recorded with its kubeadm.
    pub fn is_recorded(version: &str) -> bool {
        let minor = major_and_minor(version);
        Release::recorded().any(|release| Some((1, release.minor)) == minor)
    }

    /// Whether the feature of a gate is on, for a value of the user or without one. A gate that
    /// decides nothing any more keeps its default.
    pub fn is_enabled(&self, name: &str, set: Option<bool>) -> bool {
        self.gate(name).is_some_and(|gate| match set {
            Some(value) if gate.decides => value,
            _ => gate.default,
        })
    }

    fn gate(&self, name: &str) -> Option<&'static FeatureGate> {
        self.feature_gates.iter().find(|gate| gate.name == name)
    }

    /// Whether kubeadm of this minor knows a field of a document, by kind and dotted path, which
    /// the newest recorded minor knows.
    pub fn knows_field(&self, kind: &str, path: &str) -> bool {
        !self.configuration.unknown_fields.contains(&(kind, path))
    }
}

/// kubeadm's words about [`gate::ECDSA`], which is the only deprecated gate.
const ECDSA_DEPRECATED: &str = "The PublicKeysECDSA feature gate is deprecated and will be removed \
     when v1beta3 is removed. v1beta4 supports a new option \
     'ClusterConfiguration.EncryptionAlgorithm'.";

/// Returns the major and minor version of a text such as `v1.36.2`, also behind `ci/` or
/// `release/`; `None` if it does not begin with two numbers.
pub fn major_and_minor(text: &str) -> Option<(u64, u64)> {
    let text = (text.strip_prefix("ci/").or(text.strip_prefix("release/"))).unwrap_or(text);
    let mut parts = text
        .strip_prefix('v')
        .unwrap_or(text)
        .split(['.', '-', '+', '~']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
