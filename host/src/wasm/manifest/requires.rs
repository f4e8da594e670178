//! The versions that a plugin requires.
use anyhow::{Result, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version ranges (semver) that a plugin requires. Each is optional.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requires {
    /// versions of kubephase
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub host: Option<semver::VersionReq>,
    /// versions of the interface `kubephase:plugin`
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub interface: Option<semver::VersionReq>,
}

impl Requires {
    /// Checks that the ranges include this host and its interface.
    ///
    /// # Errors
    /// A range does not include the version; the message has the nearest version that it includes.
    pub fn check(&self, host: &semver::Version, interface: &semver::Version) -> Result<()> {
        for (what, range, version) in [
            ("kubephase", &self.host, host),
            ("the interface kubephase:plugin", &self.interface, interface),
        ] {
            if let Some(range) = range.as_ref().filter(|range| !range.matches(version)) {
                let hint = nearest(range)
                    .map(|version| format!("; the nearest version that would fit is {version}"))
                    .unwrap_or_default();
                bail!("it needs {what} {range}, this is {version}{hint}");
            }
        }
        Ok(())
    }
}

/// Returns the lowest version that a range itself names and includes.
fn nearest(range: &semver::VersionReq) -> Option<semver::Version> {
    range
        .comparators
        .iter()
        .map(|comparator| {
            semver::Version::new(
                comparator.major,
                comparator.minor.unwrap_or(0),
                comparator.patch.unwrap_or(0),
            )
        })
        .filter(|version| range.matches(version))
        .min()
}
