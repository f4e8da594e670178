//! `upgrade apply --to VERSION`: an upgrade over several minors is a chain of upgrades of one minor
//! each. Each part is a run of its own, and is decided about when the part before it is done. A
//! part that was interrupted is run again before the next one.
use crate::{config, program, run::workflow::LabelledLine, world::Cluster};
use anyhow::{Result, anyhow};
use kubephase_sdk::release::upgrade::{parse, steps};
use semver::Version;
use std::collections::BTreeMap;

/// The next part of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainPart {
    /// the version that the cluster has: that of its newest API server, or of its configuration if
    /// an upgrade was interrupted before it stored that
    from: String,
    /// the version that this part upgrades to
    pub version: String,
    /// the versions of the parts after it
    pub later: Vec<String>,
}

impl ChainPart {
    /// Finds the next part on the way to a version.
    ///
    /// # Errors
    /// The target is not a version, the cluster shows no API server, or machines of the control
    /// plane have to follow to the present minor first.
    pub fn next(to: &str, cluster: &dyn Cluster) -> Result<ChainPart> {
        let servers = config::api_server_versions(cluster)?;
        // A configuration that cannot be read is refused when the part is loaded.
        let stored = config::stored_cluster_configuration(cluster).ok();
        let stored = stored.and_then(|(stored, _)| parse(&stored.kubernetes_version).ok());
        ChainPart::from_versions(to, &servers, stored.as_ref())
    }

    /// Finds it by the versions of the API servers, and by the version in the configuration of the
    /// cluster. An upgrade replaces the API server first and stores the configuration when all
    /// static Pods are new, so an older minor there is that of an upgrade which was interrupted.
    fn from_versions(
        to: &str,
        servers: &BTreeMap<String, Version>,
        stored: Option<&Version>,
    ) -> Result<ChainPart> {
        let newest = servers.values().max().ok_or_else(|| {
            anyhow!(
                "the cluster shows no Pod of an API server with a version, so the way to {to} is \
                 not known; name the next version instead of --to"
            )
        })?;
        let reached = match stored {
            Some(stored) if stored.minor < newest.minor => stored,
            _ => newest,
        };
        let mut later = steps(reached, to).map_err(|why| anyhow!("--to: {why}"))?;
        let version = later.remove(0);
        let part = ChainPart {
            from: format!("v{reached}"),
            version,
            later,
        };
        if parse(&part.version).is_ok_and(|next| next.cmp_precedence(newest).is_lt()) {
            return Err(anyhow!(
                "the cluster has v{newest} already, which is newer than {}; to go back to where \
                 the last upgrade began, run {}",
                part.version,
                program::command("upgrade rollback")
            ));
        }
        part.refuse_older(newest, servers)?;
        Ok(part)
    }

    /// Refuses another minor while machines of the control plane have not reached the present one.
    fn refuse_older(&self, newest: &Version, servers: &BTreeMap<String, Version>) -> Result<()> {
        let is_next_minor = parse(&self.version).is_ok_and(|next| next.minor > newest.minor);
        let older = servers
            .iter()
            .filter(|(_, version)| version.minor < newest.minor);
        let names: Vec<&str> = older.map(|(name, _)| name.as_str()).collect();
        if !is_next_minor || names.is_empty() {
            return Ok(());
        }
        Err(anyhow!(
            "API servers may differ by one minor only. Before {}, upgrade these machines to {}: \
             {}. Run on each: {}. Then run this command again",
            self.version,
            self.from,
            names.join(", "),
            program::command("upgrade node")
        ))
    }

    /// Returns the line that shows the whole chain.
    pub fn line(&self) -> LabelledLine {
        let (from, version) = (&self.from, &self.version);
        let mut text = format!("This part of the upgrade goes from {from:?} to {version:?}");
        if !self.later.is_empty() {
            text += &format!("; then follows {}", self.later.join(", "));
        }
        LabelledLine::new("upgrade/chain", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(versions: &[&str]) -> BTreeMap<String, Version> {
        let named = versions.iter().enumerate();
        named
            .map(|(number, version)| (format!("cp-{}", number + 1), parse(version).unwrap()))
            .collect()
    }

    #[test]
    fn a_chain_goes_on_when_all_machines_have_the_minor() {
        let next = |servers: &[&str]| {
            let part = ChainPart::from_versions("v1.36.2", &self::servers(servers), None);
            part.map(|part| (part.version, part.later.len()))
                .map_err(|why| why.to_string())
        };
        let (version, later) = next(&["v1.34.0", "v1.34.1"]).unwrap();
        assert!(version.starts_with("v1.35."), "{version}");
        assert_eq!(later, 1);
        let last = Ok(("v1.36.2".to_owned(), 0));
        assert_eq!(next(&["v1.35.6", "v1.35.4"]), last);
        // The last part can be repeated while other machines follow.
        assert_eq!(next(&["v1.36.2", "v1.35.4"]), last);
        let refused = next(&["v1.35.6", "v1.34.0", "v1.34.0"]).unwrap_err();
        let expected = "Before v1.36.2, upgrade these machines to v1.35.6: cp-2, cp-3. Run on each";
        assert!(refused.contains(expected), "{refused}");
        assert!(next(&[]).unwrap_err().contains("no Pod of an API server"));
    }

    #[test]
    fn a_part_that_was_interrupted_is_run_again() {
        let next = |stored: &str| {
            let servers = servers(&["v1.35.6", "v1.34.0"]);
            ChainPart::from_versions("v1.36", &servers, parse(stored).ok().as_ref())
        };
        let part = next("v1.34.0").unwrap();
        assert_eq!(part.from, "v1.34.0");
        assert!(part.version.starts_with("v1.35."), "{part:?}");
        assert_eq!(part.later.len(), 1);
        // When the configuration is stored, the other machine has to follow.
        let refused = next("v1.35.6").unwrap_err().to_string();
        assert!(refused.contains("upgrade these machines"), "{refused}");
    }
}
