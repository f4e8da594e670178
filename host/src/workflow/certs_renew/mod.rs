//! `certs renew`: makes certificates of this node's control plane anew. The files of the node
//! suffice, so it also works after all certificates have expired.
pub mod configuration;
mod static_pods;

pub(super) use static_pods::add_files_of_static_pods;

use crate::{
    config::{self, Config, RenewalFlags},
    effect::pki,
    phase::certs::{kubelet_certificate::kubelet_kubeconfig, renewal},
    plan::spec::{PhaseSpec, WorkflowId},
    program::{self, Program},
    render::messages,
    run::workflow::{ClusterOfRehearsal, CommandShape, LoadInput, LoadedRun, Workflow},
    world::{Files, WorldResult},
};
use anyhow::{Result, bail};
use clap::{Arg, FromArgMatches};
use configuration::Source;
use kubephase_sdk::kubeadm::RenewalTimer;
use kubephase_wit::Failure;
use std::collections::BTreeMap;

/// The workflow `certs renew`.
pub struct CertsRenew;

impl Workflow for CertsRenew {
    fn id(&self) -> WorkflowId {
        WorkflowId::new("certs-renew")
    }

    fn command(&self) -> &'static [&'static str] {
        &["certs", "renew"]
    }

    fn about(&self) -> &'static str {
        "Renew certificates of this node's control plane, even if they do not expire soon"
    }

    fn shape(&self) -> CommandShape {
        CommandShape::Members {
            whole: "Renew all available certificates",
        }
    }

    fn selection(&self, name: &str) -> Vec<String> {
        renewal::phases_of(name)
    }

    fn flags(&self) -> Vec<Arg> {
        config::flags_of::<RenewalFlags>()
    }

    fn phases(&self) -> Vec<PhaseSpec> {
        renewal::phases()
    }

    fn load(&self, input: &LoadInput<'_>) -> Result<LoadedRun> {
        let flags = RenewalFlags::from_arg_matches(input.arguments)?;
        let source = Source {
            file: input.file,
            flags: &flags.certificates,
            node: input.node,
            world: input.world,
        };
        let mut loaded = source.load("renew", &|lines| input.say(lines))?;
        loaded.dry_run = flags.dry_run;
        // Components are restarted in the runtime that the kubelet uses.
        if let Some(socket) = config::socket_of_kubelet(input.world.open()?.files()) {
            loaded.config.init.node_registration.cri_socket = socket;
        }
        // kubeadm restarts nothing.
        let restart = !flags.no_restart && Program::current() == Program::Kubephase;
        let renewal = loaded.config.renewal.get_or_insert_default();
        renewal.restart = restart;
        renewal.expiring_within_days = flags.expiring_within;
        renewal.timer = flags.timer(&program::path()?);
        if let (Some(_), Some(name)) = (&renewal.timer, input.selected) {
            let all = program::command("certs renew all");
            bail!("the timer renews all certificates, not only {name}; use {all}");
        }
        Ok(LoadedRun::new(loaded, &[]))
    }

    fn disabled_phases(&self, config: &Config, is_whole: bool) -> BTreeMap<String, String> {
        renewal::disabled_phases(config, is_whole)
            .into_iter()
            .collect()
    }

    /// Warns of authorities that are not valid: certificates that they sign are not trusted.
    fn complete(&self, config: &mut Config, files: &dyn Files) -> Result<Vec<String>> {
        let now = jiff::Timestamp::now().as_second();
        let has_expired = kubelet_has_expired(config, files, now).map_err(Failure::into_error)?;
        config.renewal.get_or_insert_default().kubelet_has_expired = has_expired;
        Ok(pki::expired_authorities(files, config, now))
    }

    fn rehearsed_cluster(&self) -> ClusterOfRehearsal {
        ClusterOfRehearsal::Kept
    }

    fn closing(&self, config: &Config, is_dry_run: bool) -> Option<String> {
        let timer = config
            .renewal
            .as_ref()
            .and_then(|renewal| renewal.timer.as_ref());
        let words = if let Some(timer) = timer {
            match timer {
                RenewalTimer::Install { .. } => messages::TIMER_INSTALLED,
                RenewalTimer::Remove {} => messages::TIMER_REMOVED,
            }
        } else if renewal::restarts_components(config) {
            if config
                .renewal
                .as_ref()
                .is_some_and(|renewal| renewal.kubelet_has_expired)
            {
                messages::RENEWED_AFTER_EXPIRY
            } else {
                messages::RENEWED
            }
        } else {
            messages::RENEWED_WITHOUT_RESTART
        };
        // Nothing was renewed in a dry run.
        (!is_dry_run).then(|| words.to_owned())
    }
}

/// Whether the kubelet's client certificate has expired, while the node has the key of its
/// authority.
fn kubelet_has_expired(config: &Config, files: &dyn Files, now: i64) -> WorldResult<bool> {
    let key = format!("{}/ca.key", config.cluster.certificates_dir);
    if files.stat(&key)?.is_none() {
        return Ok(false);
    }
    let path = kubelet_kubeconfig(config);
    let certificate = pki::kubelet_client_certificate(&path, files)?;
    Ok(certificate.is_some_and(|certificate| certificate.not_after() < now))
}
