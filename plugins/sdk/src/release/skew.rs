//! Checks which versions may be together in a cluster.
use super::{Release, major_and_minor};

/// The versions that meet in a run, as text: `v1.36.2`. An empty text means that the version is not
/// known or that there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skew<'a> {
    /// the version that the run sets up, or that the joined cluster is meant to have
    pub target: &'a str,
    /// the oldest and the newest member of the running control plane
    pub lowest: &'a str,
    pub highest: &'a str,
    /// the kubelet of this node
    pub kubelet: &'a str,
}

/// The reason why versions may not be together. The texts are kubeadm's, except that of
/// [`SkewProblem::ControlPlaneTooFar`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkewProblem {
    /// the target is older than every release of the table
    TargetTooOld(String),
    /// the kubelet is older than the control plane supports
    KubeletTooOld(String),
    /// the kubelet is newer than the control plane
    KubeletTooNew(String),
    /// the target is more than one minor away from a member of the running control plane
    ControlPlaneTooFar(String),
}

impl std::fmt::Display for SkewProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (SkewProblem::TargetTooOld(text)
        | SkewProblem::KubeletTooOld(text)
        | SkewProblem::KubeletTooNew(text)
        | SkewProblem::ControlPlaneTooFar(text)) = self;
        f.write_str(text)
    }
}

impl Skew<'_> {
    /// Returns the first rule that the versions break; `None` if they may be together.
    pub fn problem(&self) -> Option<SkewProblem> {
        self.target_problem()
            .or_else(|| self.control_plane_problem())
            .or_else(|| self.kubelet_problem())
    }

    /// Returns the problem if the target is older than the oldest release.
    pub fn target_problem(&self) -> Option<SkewProblem> {
        let target = major_and_minor(self.target)?;
        let oldest = Release::oldest();
        (target < (1, oldest.minor)).then(|| {
            let (minimum, target) = (oldest.first_version(), self.target);
            SkewProblem::TargetTooOld(format!(
                "this version of kubeadm only supports deploying clusters with the control plane \
                 version >= {minimum}. Current version: {target}. Set kubernetesVersion to \
                 v{minimum} or later"
            ))
        })
    }

    /// Returns the problem if members of one control plane are more than one minor apart.
    fn control_plane_problem(&self) -> Option<SkewProblem> {
        let (target_major, target) = major_and_minor(self.target)?;
        let far = [self.lowest, self.highest].into_iter().find(|running| {
            major_and_minor(running)
                .is_some_and(|(major, minor)| major != target_major || minor.abs_diff(target) > 1)
        })?;
        Some(SkewProblem::ControlPlaneTooFar(format!(
            "an API server of version {far} runs in the cluster: one of version {} may be at most \
             one minor version older or newer; upgrade the control plane one minor version at a \
             time",
            self.target
        )))
    }

    /// Returns the problem if the kubelet is newer than the oldest API server that it may talk to,
    /// or too many minors older than the target.
    pub fn kubelet_problem(&self) -> Option<SkewProblem> {
        let kubelet = major_and_minor(self.kubelet)?;
        let plain = self.kubelet.trim_start_matches('v');
        let release = Release::of(self.target);
        let oldest = release.minor - release.checks.older_kubelets;
        if kubelet < (1, oldest) {
            return Some(SkewProblem::KubeletTooOld(format!(
                "Kubelet version {plain:?} is lower than kubeadm can support. Please upgrade \
                 kubelet"
            )));
        }
        let server = if self.lowest.is_empty() {
            self.target
        } else {
            self.lowest
        };
        let (major, minor) = major_and_minor(server)?;
        // kubeadm compares major and minor separately.
        (kubelet.0 > major || kubelet.1 > minor).then(|| {
            let server = server.trim_start_matches('v');
            SkewProblem::KubeletTooNew(format!(
                "the kubelet version is higher than the control plane version. This is not a \
                 supported version skew and may lead to a malfunctional cluster. Kubelet version: \
                 {plain:?} Control plane version: {server:?}"
            ))
        })
    }
}
