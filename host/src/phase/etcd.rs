//! `etcd/local`: the data directory and static Pod of a stacked etcd.
use crate::render::{MANIFESTS, static_pod, yaml};
use kubephase_sdk::{Failure, Outcome, Phase, PhaseInfo, config, effects, effects_core, effects_files, kubeadm::Config, patched};

pub struct Local;

impl Phase for Local {
    fn describe() -> PhaseInfo {
        super::info("etcd/local", "Generates the static Pod of a stacked etcd")
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        let Some(etcd) = &config.cluster.etcd.local else {
            return Ok(Outcome::Skipped("etcd is external".into()));
        };
        let data = effects_files::make_dir(&etcd.data_dir)?;
        effects_files::file_mode(data, 0o700)?;
        let manifests = effects_files::make_dir(MANIFESTS)?;
        effects_files::file_mode(manifests, 0o700)?;
        let pod = patched("etcd", &static_pod::etcd(&config))?;
        let pod = effects_core::static_pod("etcd", yaml::to_string(&pod).as_bytes())?;
        effects::announce(pod, &format!("Creating static Pod manifest for local etcd in {MANIFESTS:?}"))?;
        Ok(Outcome::Settled)
    }
}
