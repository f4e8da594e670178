//! The checks of the Corefile: whether it can be migrated to the CoreDNS of the target.
use super::{checks::HealthCheck, cluster_versions};
use crate::{cli::print, world::Cluster};
use kubephase_sdk::{codes, corefile::MigrationProblems};
use kubephase_wit::{Failure, ObjectRef};

/// The CoreDNS of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledCoreDns {
    pub corefile: String,
    /// the version of CoreDNS, without `v`
    pub version: String,
}

/// Reads the Corefile and the version of CoreDNS; `None` if the cluster has no Corefile.
///
/// # Errors
/// The cluster cannot be read, or has several DNS addons.
pub fn read(cluster: &dyn Cluster) -> Result<Option<InstalledCoreDns>, String> {
    let map = cluster.get(&ObjectRef::config_map("kube-system", "coredns"));
    let Some(map) = map.map_err(|failure: Failure| failure.to_text())? else {
        return Ok(None);
    };
    let corefile = map["data"]["Corefile"].as_str();
    let corefile = corefile.ok_or("unable to find the CoreDNS Corefile data")?;
    let version = cluster_versions::dns(cluster)?;
    Ok(Some(InstalledCoreDns {
        corefile: corefile.to_owned(),
        version: version.trim_start_matches('v').to_owned(),
    }))
}

/// Returns both checks for a version of CoreDNS. Without a Corefile there is nothing to migrate.
pub fn checks(
    installed: Result<Option<InstalledCoreDns>, String>,
    target: &str,
) -> [HealthCheck; 2] {
    let problems = match installed {
        Ok(None) => MigrationProblems::default(),
        Ok(Some(InstalledCoreDns { corefile, version })) => {
            MigrationProblems::find(&corefile, &version, target.trim_start_matches('v'))
        }
        Err(why) => MigrationProblems::unreadable(why),
    };
    if let Some(notice) = problems.notice {
        print::text(&format!("[preflight] {notice}\n"));
    }
    [
        HealthCheck::new(codes::COREDNS_UNSUPPORTED_PLUGINS, problems.plugins),
        HealthCheck::new(codes::COREDNS_MIGRATION, problems.migration),
    ]
}
