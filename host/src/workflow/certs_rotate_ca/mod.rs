//! `certs rotate-ca`: exchanges an authority of a cluster. In each run this node completes one
//! stage. `status` reads the progress of the node and the cluster, `stage` and `begin` decide what
//! this run does, and `closing` says what comes next.
mod begin;
mod closing;
mod refusals;
mod stage;
mod status;

use super::upgrade::{NodeUpgrade, load_options};
use crate::{
    config::{self, Config, RotationFlags, UpgradeOptions},
    phase::rotate_ca,
    plan::spec::{PhaseSpec, WorkflowId},
    run::workflow::{LabelledLine, LoadInput, LoadedRun, Workflow},
};
use anyhow::Result;
use clap::{Arg, FromArgMatches};
use kubephase_sdk::kubeadm::{ClusterAuthority, RotationStage};
use kubephase_wit::Failure;
use refusals::external_etcd;
use stage::StageRequest;
use status::Status;
use std::collections::BTreeMap;

/// The workflow `certs rotate-ca`.
pub struct CertsRotateCa;

const ID: &str = "certs-rotate-ca";
const LABEL: &str = "rotate-ca";

impl Workflow for CertsRotateCa {
    fn id(&self) -> WorkflowId {
        WorkflowId::new(ID)
    }

    fn command(&self) -> &'static [&'static str] {
        &["certs", "rotate-ca"]
    }

    fn about(&self) -> &'static str {
        "Exchange an authority of the cluster without an outage, in three stages on each node"
    }

    fn flags(&self) -> Vec<Arg> {
        config::flags_of::<RotationFlags>()
    }

    fn phases(&self) -> Vec<PhaseSpec> {
        rotate_ca::phases()
    }

    fn load(&self, input: &LoadInput<'_>) -> Result<LoadedRun> {
        let flags = RotationFlags::from_arg_matches(input.arguments)?;
        let options = load_options(input, &[])?;
        let command = NodeUpgrade {
            workflow: ID,
            label: LABEL,
            options: UpgradeOptions {
                dry_run: Some(flags.dry_run),
                ..UpgradeOptions::default()
            },
            kubeconfig: flags.kubeconfig.as_deref(),
            kept: None,
            checks_versions: false,
        };
        let mut loaded = command.load(input, options)?;
        let authority = flags.exchanged_authority();
        let is_external = loaded.config.cluster.etcd.external.is_some();
        if is_external && authority == ClusterAuthority::EtcdCa {
            return Err(external_etcd().into_error());
        }
        let status = Status::read(authority, input.world.open()?, &loaded.config);
        let rotation = status
            .and_then(|status| {
                status.decide(&StageRequest {
                    stage: flags.named_stage(),
                    has_certificate_key: flags.certificate_key.is_some(),
                })
            })
            .map_err(Failure::into_error)?;
        let config = &mut loaded.config;
        config.upgrade = None;
        config.init.certificate_key = flags.certificate_key.unwrap_or_default();
        config.run.upload_certs = rotation.shares;
        config.rotation = Some(rotation);
        Ok(LoadedRun::new(loaded, &[]))
    }

    fn disabled_phases(&self, config: &Config, _is_whole: bool) -> BTreeMap<String, String> {
        let rotation = config.rotation.clone().unwrap_or_default();
        rotate_ca::disabled_phases(&rotation).into_iter().collect()
    }

    fn opening(&self, config: &Config) -> Vec<LabelledLine> {
        let rotation = config.rotation.clone().unwrap_or_default();
        let of = match rotation.authority {
            ClusterAuthority::Ca => String::new(),
            other => format!(" of the exchange of {other}"),
        };
        let does = match rotation.stage {
            RotationStage::Trust => "this node comes to trust the new authority beside the old one",
            RotationStage::Reissue => "the new authority signs the certificates of this node",
            RotationStage::Drop => "this node ceases to trust the old authority",
        };
        vec![LabelledLine::new(
            LABEL,
            format!("Stage {:?}{of}: {does}", rotation.stage.name()),
        )]
    }

    fn closing(&self, config: &Config, is_dry_run: bool) -> Option<String> {
        let rotation = config.rotation.clone().unwrap_or_default();
        (!is_dry_run).then(|| closing::words(&rotation))
    }
}
