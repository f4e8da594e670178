//! The checks before an upgrade: whether a Corefile can be migrated.
use super::{migrate, unsupported};

/// What kubeadm prints before it names plugins that it does not know.
const NOTICE: &str = "The corefile contains plugins that kubeadm/CoreDNS does not know how to \
    migrate. Each plugin listed should be manually verified for compatibility with the newer \
    version of CoreDNS. Once ready, the upgrade can be initiated by skipping the preflight check. \
    During the upgrade, kubeadm will migrate the configuration while leaving the listed plugin \
    configs untouched, but cannot guarantee that they will work with the newer version of CoreDNS.";

/// The problems of a migration, in kubeadm's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationProblems {
    /// the problem that the check `CoreDNSUnsupportedPlugins` reports
    pub plugins: Option<String>,
    /// the explanation that the operator gets before plugins are named
    pub notice: Option<&'static str>,
    /// the problem that the check `CoreDNSMigration` reports
    pub migration: Option<String>,
}

impl MigrationProblems {
    /// Tries to migrate a Corefile from one version of CoreDNS to another.
    pub fn find(corefile: &str, from: &str, to: &str) -> MigrationProblems {
        let migration = migrate(corefile, from, to).err();
        let migration = migration.map(refuse_migration);
        let (plugins, notice) = match unsupported(corefile, from, to) {
            Err(why) => (Some(why), None),
            Ok(names) if names.is_empty() => (None, None),
            Ok(names) => (Some(name_plugins(&names)), Some(NOTICE)),
        };
        MigrationProblems {
            plugins,
            notice,
            migration,
        }
    }

    /// Returns the problems of a Corefile that cannot be read.
    pub fn unreadable(why: String) -> MigrationProblems {
        MigrationProblems {
            plugins: Some(why.clone()),
            notice: None,
            migration: Some(refuse_migration(why)),
        }
    }
}

fn refuse_migration(why: String) -> String {
    format!("CoreDNS will not be upgraded: {why}")
}

fn name_plugins(names: &[String]) -> String {
    let names = names.join(" ");
    format!("CoreDNS cannot migrate the following plugins:\n[{names}]")
}
