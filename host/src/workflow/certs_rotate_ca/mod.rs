//! `certs rotate-ca`: exchanges the authority of a cluster. Each run brings this node through one
//! stage. `status` reads how far the node and the cluster are, `stage` decides what this run does.
mod refusals;
mod stage;
mod status;

use super::upgrade::{NodeUpgrade, load_options};
use crate::{
    config::{self, Config, RotationFlags, UpgradeOptions},
    phase::rotate_ca,
    plan::spec::{PhaseSpec, WorkflowId},
    program,
    run::workflow::{
        ClusterOfRehearsal, LabelledLine, LoadInput, LoadedRun, PlaceFlags, RehearsalPlace, Trees,
        Workflow,
    },
};
use anyhow::Result;
use clap::{Arg, FromArgMatches};
use kubephase_sdk::kubeadm::RotationStage;
use kubephase_wit::Failure;
use stage::Wish;
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
        "Exchange the cluster's CA without an outage, in three stages on each node"
    }

    fn flags(&self) -> Vec<Arg> {
        config::flags_of::<RotationFlags>()
    }

    fn has_phase_flags(&self) -> bool {
        false
    }

    fn place_flags(&self) -> PlaceFlags {
        PlaceFlags::Place
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
        let status = Status::read(input.world.open()?, &loaded.config);
        let rotation = status
            .and_then(|status| {
                status.decide(&Wish {
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
        let does = match rotation.stage {
            RotationStage::Trust => "this node comes to trust the new authority beside the old one",
            RotationStage::Reissue => "the new authority signs the certificates of this node",
            RotationStage::Drop => "this node ceases to trust the old authority",
        };
        vec![LabelledLine::new(
            LABEL,
            format!("Stage {:?}: {does}", rotation.stage.name()),
        )]
    }

    fn rehearsed_cluster(&self) -> ClusterOfRehearsal {
        ClusterOfRehearsal::KeptOrReal
    }

    fn uses_rehearsed_node(&self) -> bool {
        true
    }

    fn rehearsed_trees(&self, place: &RehearsalPlace<'_>) -> Trees {
        place.trees_of_kept_machine()
    }

    fn closing(&self, config: &Config, is_dry_run: bool) -> Option<String> {
        let rotation = config.rotation.clone().unwrap_or_default();
        let command = program::command("certs rotate-ca");
        let text = match rotation.stage {
            RotationStage::Trust => format!(
                "This node trusts the old and the new authority of the cluster.\n\nRun {command} \
                 on every other node: on the control planes first, then on the workers. Restart \
                 your own workloads that talk to the API (kubectl rollout restart), because they \
                 read the authorities only when they start. Kubeconfigs that people have need the \
                 authorities of ca.crt as well. Then run it on a control plane again, for the next \
                 stage."
            ),
            RotationStage::Reissue => format!(
                "The new authority has signed the certificates of this node.\n\nRun {command} on \
                 every other node: on the control planes first, then on the workers. Give new \
                 kubeconfigs to people who have one that the old authority signed ({}). Then run \
                 it on a control plane again, for the last stage.",
                program::command("kubeconfig user")
            ),
            RotationStage::Drop => format!(
                "This node trusts only the new authority.\n\nRun {command} on every node that was \
                 not through this stage. Machines that join need the new hash of the authority: \
                 {}",
                program::command("token create --print-join-command")
            ),
        };
        (!is_dry_run).then_some(text)
    }
}
