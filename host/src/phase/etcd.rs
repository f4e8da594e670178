//! `etcd/local`: the data directory and static Pod of a stacked etcd.
use crate::render::static_pod;
use kubephase_sdk::{Failure, Outcome, config, effects_files, kubeadm::Config};

/// The phase `etcd/local`: proposes the data directory and the static Pod of etcd.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn write_static_pod() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let Some(etcd) = &config.cluster.etcd.local else {
        return Ok(Outcome::Skipped("etcd is external".into()));
    };
    let data = effects_files::make_dir(&etcd.data_dir)?;
    effects_files::file_mode(data, 0o700)?;
    let line = format!(
        "Creating static Pod manifest for local etcd in {:?}",
        crate::render::MANIFESTS
    );
    super::propose_static_pod("etcd", static_pod::etcd(&config), &config, &line)?;
    Ok(Outcome::Settled)
}
