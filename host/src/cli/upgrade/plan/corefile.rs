//! The checks of the Corefile: whether it can be migrated to the CoreDNS of the target.
use super::{checks::HealthCheck, cluster_versions};
use crate::{cli::print, world::Cluster};
use kubephase_sdk::{codes, corefile};
use kubephase_wit::{Failure, ObjectRef};

/// What kubeadm says before it names plugins.
const NOTICE: &str = "[preflight] The corefile contains plugins that kubeadm/CoreDNS does not know \
     how to migrate. Each plugin listed should be manually verified for compatibility with the \
     newer version of CoreDNS. Once ready, the upgrade can be initiated by skipping the preflight \
     check. During the upgrade, kubeadm will migrate the configuration while leaving the listed \
     plugin configs untouched, but cannot guarantee that they will work with the newer version of \
     CoreDNS.\n";

/// The CoreDNS of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    pub corefile: String,
    /// without `v`
    pub version: String,
}

/// Reads the Corefile and the version of CoreDNS; `None` if the cluster has no Corefile.
///
/// # Errors
/// The cluster cannot be read, or has several DNS addons.
pub fn read(cluster: &dyn Cluster) -> Result<Option<Installed>, String> {
    let map = cluster.get(&ObjectRef {
        api_version: "v1".into(),
        kind: "ConfigMap".into(),
        namespace: Some("kube-system".into()),
        name: "coredns".into(),
    });
    let Some(map) = map.map_err(|failure: Failure| failure.to_text())? else {
        return Ok(None);
    };
    let corefile = map["data"]["Corefile"].as_str();
    let corefile = corefile.ok_or("unable to find the CoreDNS Corefile data")?;
    let version = cluster_versions::dns(cluster)?;
    Ok(Some(Installed {
        corefile: corefile.to_owned(),
        version: version.trim_start_matches('v').to_owned(),
    }))
}

/// Returns both checks for a version of CoreDNS. Without a Corefile there is nothing to migrate.
pub fn checks(installed: Result<Option<Installed>, String>, target: &str) -> [HealthCheck; 2] {
    let target = target.trim_start_matches('v');
    let (unsupported, migration) = match installed {
        Ok(None) => (None, None),
        Ok(Some(installed)) => (
            unsupported(&installed, target),
            corefile::migrate(&installed.corefile, &installed.version, target).err(),
        ),
        Err(why) => (Some(why.clone()), Some(why)),
    };
    let migration = migration.map(|why| format!("CoreDNS will not be upgraded: {why}"));
    [
        HealthCheck::new(codes::COREDNS_UNSUPPORTED_PLUGINS, unsupported),
        HealthCheck::new(codes::COREDNS_MIGRATION, migration),
    ]
}

fn unsupported(installed: &Installed, target: &str) -> Option<String> {
    let found = corefile::unsupported(&installed.corefile, &installed.version, target);
    match found {
        Err(why) => Some(why),
        Ok(plugins) if plugins.is_empty() => None,
        Ok(plugins) => {
            print::out(NOTICE);
            Some(format!(
                "CoreDNS cannot migrate the following plugins:\n[{}]",
                plugins.join(" ")
            ))
        }
    }
}
