//! The cluster that a command uses. Its kubeconfig is the file that the operator names, or the file
//! that kubectl and kubeadm would find.
use crate::{
    config::ADMIN_KUBECONFIG,
    effect::pki::{AuthorityFile, kubeconfig_facts, require_usable_kubeconfig},
    program::Program,
    run::threads::Threads,
    world::{api::ApiClient, real},
};
use anyhow::{Result, anyhow};
use clap::Args;
use kubephase_sdk::spec::KubeconfigFacts;
use std::path::{PathBuf, absolute};

/// The flags of commands that use a cluster.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterFlags {
    /// Kubeconfig to talk to the cluster with [default: the first that exists of $KUBECONFIG or
    /// ~/.kube/config, and /etc/kubernetes/admin.conf]
    #[arg(long, value_name = "FILE", global = true)]
    pub kubeconfig: Option<PathBuf>,
    /// Change nothing; print what would be done
    #[arg(long, global = true)]
    pub dry_run: bool,
}

/// A cluster that requests can be sent to.
pub struct Connection {
    pub api: ApiClient,
    pub kubeconfig: KubeconfigFacts,
    _runtime: Threads,
}

impl ClusterFlags {
    /// Reads the kubeconfig, and checks other arguments. Under the name `kubeadm` a kubeconfig that
    /// cannot be used is told before a wrong argument (kubeadm behaviour).
    ///
    /// # Errors
    /// As [`Self::connect`], or that of the check.
    pub fn connect_and_check<T>(
        &self,
        check: impl FnOnce() -> Result<T>,
    ) -> Result<(Connection, T)> {
        if Program::current() == Program::Kubeadm {
            return Ok((self.connect()?, check()?));
        }
        let checked = check()?;
        Ok((self.connect()?, checked))
    }

    /// Reads the kubeconfig. Does not connect to the API server yet.
    ///
    /// # Errors
    /// The kubeconfig is missing or cannot be used.
    pub fn connect(&self) -> Result<Connection> {
        // Only a file that the operator named may name programs to run.
        let given = self
            .kubeconfig
            .clone()
            .filter(|path| !path.as_os_str().is_empty());
        let is_named = given.is_some();
        let path = absolute(given.unwrap_or_else(|| {
            first_existing(&kubeconfig_candidates(
                std::env::var_os("KUBECONFIG"),
                std::env::home_dir(),
            ))
        }))?;
        let path = path.to_string_lossy();
        let files = real::files()?;
        require_usable_kubeconfig(&files, &path, self.loading())
            .map_err(|why| unusable_kubeconfig(&path, &why.to_string()))?;
        let facts = kubeconfig_facts(&files, &path, AuthorityFile::Any);
        let facts = facts.map_err(|failure| unusable_kubeconfig(&path, &failure.to_text()))?;
        let kubeconfig = facts.unwrap_or_default();
        let runtime = Threads::start()?;
        let api = real::cluster(runtime.handle(), &path)?;
        let api = if is_named { api.with_programs() } else { api };
        Ok(Connection {
            api,
            kubeconfig,
            _runtime: runtime,
        })
    }

    /// Returns what kubeadm says before the reason why a file is not a kubeconfig.
    fn loading(&self) -> &'static str {
        if self.dry_run {
            "failed to load kubeconfig"
        } else {
            "failed to load admin kubeconfig"
        }
    }
}

/// Returns the error of a kubeconfig that cannot be used, with what to do.
fn unusable_kubeconfig(path: &str, why: &str) -> anyhow::Error {
    let found = if why.contains(path) {
        String::new()
    } else {
        format!("the kubeconfig is {path}: ")
    };
    anyhow!(
        "{why}\n{found}name the cluster's with --kubeconfig; on a control plane, root has \
         {ADMIN_KUBECONFIG}"
    )
}

/// Returns the paths at which a kubeconfig may be, in the order of the search.
fn kubeconfig_candidates(
    listed: Option<std::ffi::OsString>,
    home: Option<PathBuf>,
) -> Vec<PathBuf> {
    let listed: Vec<PathBuf> = listed
        .iter()
        .flat_map(std::env::split_paths)
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    let own = if listed.is_empty() {
        home.map(|home| home.join(".kube/config"))
    } else {
        None
    };
    listed
        .into_iter()
        .chain(own)
        .chain([ADMIN_KUBECONFIG.into()])
        .collect()
}

/// Returns the first path that exists. If there is none, returns the first path, so that the error
/// names it.
fn first_existing(places: &[PathBuf]) -> PathBuf {
    places
        .iter()
        .find(|path| path.exists())
        .or(places.first())
        .map_or_else(|| ADMIN_KUBECONFIG.into(), PathBuf::clone)
}

#[cfg(test)]
mod tests;
