//! The versions that a cluster can be upgraded to, as kubeadm finds them.
use super::{Allowed, is_older, is_release_candidate, parse};
use crate::release::Release;
use semver::Version;

/// A search for the versions that a cluster can be upgraded to.
pub struct Search<'a> {
    /// the newest API server of the cluster
    pub cluster: &'a Version,
    /// the kubeadm that upgrades, or that this program stands for
    pub kubeadm: &'a str,
    pub allowed: Allowed,
    /// resolves a label such as `stable-1.35`, or returns the version that the operator named
    pub resolve: &'a dyn Fn(&str) -> Result<String, String>,
}

/// A version that the cluster can be upgraded to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// kubeadm's words for it: `stable version`
    pub description: String,
    pub version: String,
    /// the kubeadm that upgrades to it
    pub kubeadm: String,
}

/// A note that the search makes on its way, for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// for standard output, behind `[upgrade/versions]`
    Line(String),
    Warning(String),
}

/// A version as text, and read.
#[derive(Clone)]
struct Found {
    text: String,
    version: Version,
}

impl Search<'_> {
    /// Returns the candidates, the nearest first, and notes in order.
    ///
    /// # Errors
    /// The version of kubeadm, or the newest pre-release version, cannot be read.
    pub fn run(&self) -> Result<(Vec<Candidate>, Vec<Note>), String> {
        let mut notes = vec![
            Note::Line(format!("Cluster version: {}", self.cluster)),
            Note::Line(format!("kubeadm version: {}", self.kubeadm)),
        ];
        let kubeadm = Found {
            text: self.kubeadm.to_owned(),
            version: parse(self.kubeadm)?,
        };
        let stable = self.stable(&kubeadm, &mut notes);
        let mut candidates = Vec::new();
        let mut is_minor_possible = is_older(self.cluster, &stable.version);
        if !is_older(&stable.version, self.cluster)
            && let Some(patch) = self.patch(&mut notes)
        {
            is_minor_possible = is_older(&patch.version, &stable.version);
            if is_older(self.cluster, &patch.version) {
                let needs_newer = is_older(&kubeadm.version, &patch.version);
                let newer = if needs_newer { &patch } else { &kubeadm };
                candidates.push(Candidate {
                    description: self.series(),
                    kubeadm: newer.text.clone(),
                    version: patch.text,
                });
            }
        }
        if is_minor_possible {
            candidates.push(candidate("stable version", &stable));
        }
        if self.allowed.experimental || self.allowed.release_candidates {
            candidates.extend(self.unstable(&mut notes)?);
        }
        Ok((candidates, notes))
    }

    fn series(&self) -> String {
        format!(
            "version in the v{}.{} series",
            self.cluster.major, self.cluster.minor
        )
    }

    fn find(&self, label: &str, description: &str) -> Result<Found, String> {
        let text = (self.resolve)(label).map_err(|why| {
            format!("Couldn't fetch latest {description} from the internet: {why}")
        })?;
        let version =
            parse(&text).map_err(|why| format!("Couldn't parse version {description}: {why}"))?;
        Ok(Found { text, version })
    }

    /// Returns the newest release. Without one it is the version of kubeadm.
    fn stable(&self, kubeadm: &Found, notes: &mut Vec<Note>) -> Found {
        match self.find("stable", "stable version") {
            Ok(found) => {
                notes.push(Note::Line(format!("Target version: {}", found.text)));
                found
            }
            Err(why) => {
                notes.extend([
                    Note::Warning(format!("[upgrade/versions] WARNING: {why}")),
                    Note::Warning(
                        "[upgrade/versions] WARNING: Falling back to current kubeadm version as \
                         latest stable version"
                            .to_owned(),
                    ),
                ]);
                kubeadm.clone()
            }
        }
    }

    /// Returns the newest patch of the cluster's minor.
    fn patch(&self, notes: &mut Vec<Note>) -> Option<Found> {
        let label = format!("stable-{}.{}", self.cluster.major, self.cluster.minor);
        let series = self.series();
        match self.find(&label, &series) {
            Ok(found) => {
                notes.push(Note::Line(format!("Latest {series}: {}", found.text)));
                Some(found)
            }
            Err(why) => {
                let warning = format!("[upgrade/versions] WARNING: {why}");
                notes.push(Note::Warning(warning));
                None
            }
        }
    }

    /// Returns the pre-release versions that the operator allows. The newest version of all may be
    /// an early one of the next minor. So the newest version of the minor before it is a candidate,
    /// too.
    fn unstable(&self, notes: &mut Vec<Note>) -> Result<Vec<Candidate>, String> {
        let latest = self.find("latest", "experimental version")?;
        let line = format!("Latest experimental version: {}", latest.text);
        notes.push(Note::Line(line));
        let minor = latest.version.minor.saturating_sub(1);
        let label = format!("latest-{}.{minor}", latest.version.major);
        let previous = self.find(&label, "previous version")?;
        let line = format!("Latest previous version: {}", previous.text);
        notes.push(Note::Line(line));
        let mut candidates = Vec::new();
        if self.allowed.release_candidates
            && is_release_candidate(&previous.version)
            && is_older(self.cluster, &previous.version)
        {
            candidates.push(candidate("release candidate version", &previous));
        }
        if self.allowed.experimental && is_older(self.cluster, &latest.version) {
            let is_first = latest.version.pre.as_str() == "alpha.0";
            let shown = if is_first { &previous } else { &latest };
            candidates.push(candidate("experimental version", shown));
        }
        Ok(candidates)
    }
}

fn candidate(description: &str, found: &Found) -> Candidate {
    Candidate {
        description: description.to_owned(),
        version: found.text.clone(),
        kubeadm: found.text.clone(),
    }
}

/// Returns the newest of some versions; `None` if there are none.
///
/// # Errors
/// One of the texts is not a version. The error is the first such text.
pub fn newest<'a>(versions: impl IntoIterator<Item = &'a str>) -> Result<Option<Version>, &'a str> {
    let mut newest: Option<Version> = None;
    for text in versions {
        let version = parse(text).map_err(|_| text)?;
        if newest
            .as_ref()
            .is_none_or(|newest| !is_older(&version, newest))
        {
            newest = Some(version);
        }
    }
    Ok(newest)
}

/// Returns the flag that allows an upgrade to a pre-release version; empty for a release.
pub fn allowing_flag(version: &Version) -> &'static str {
    if version.pre.is_empty() {
        ""
    } else if is_release_candidate(version) {
        "--allow-release-candidate-upgrades"
    } else {
        "--allow-experimental-upgrades"
    }
}

/// Resolves a label from the table of releases: `stable-1.35` is the recorded patch of this minor,
/// and `stable` that of the next minor of a cluster, or of its own if there is no next.
///
/// # Errors
/// The table has no release for the label.
pub fn from_table(label: &str, cluster: &Version) -> Result<String, String> {
    let recorded = |minor| Release::recorded().find(|release| release.minor == minor);
    let found = match label.strip_prefix("stable-1.") {
        Some(minor) => minor.parse().ok().and_then(recorded),
        None if label == "stable" => {
            recorded(cluster.minor.saturating_add(1)).or(recorded(cluster.minor))
        }
        None => None,
    };
    let known = Release::newest().kubeadm;
    found
        .map(|release| release.kubeadm.to_owned())
        .ok_or_else(|| {
            format!("no version is known for {label}; the newest known release is {known}")
        })
}
