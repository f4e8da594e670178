//! Files that stand in for the files which all members of a control plane share. A dry run of a
//! join makes them on a machine that lacks them, so that it can show everything else (kubeadm
//! behaviour). The join itself does not make them: a new authority would make another cluster.
use super::{prepare::PreparedRun, secrets::Secrets};
use crate::{
    cancel::Cancel,
    effect::{
        Context,
        pki::{ensure_certificate, ensure_key_pair},
    },
    phase::certs,
    plan::spec::is_within,
    world::{Files, World, WorldResult, rehearsal::StandIns},
};
use anyhow::Result;
use kubephase_sdk::spec::{CertificateSpec, KeyPairSpec};
use kubephase_wit::Failure;
use std::time::Duration;

/// The shared certificates and keys that a machine lacks.
#[derive(Default)]
pub(super) struct MissingSharedFiles {
    authorities: Vec<CertificateSpec>,
    service_account: Option<KeyPairSpec>,
}

impl MissingSharedFiles {
    /// Finds the files that a dry run has to make. A file does not count as missing if a phase
    /// brings it, or if a check of the run reports it.
    ///
    /// # Errors
    /// A file cannot be looked at.
    pub fn find(prepared: &PreparedRun, files: &dyn Files) -> Result<MissingSharedFiles> {
        if !is_needed(prepared) {
            return Ok(MissingSharedFiles::default());
        }
        let config = Secrets::mask(&prepared.config)?.for_built_ins;
        let (authorities, service_account) =
            certs::shared_specs(&config).map_err(Failure::into_error)?;
        let mut missing = MissingSharedFiles::default();
        for authority in authorities {
            let base = format!("{}/{}", authority.directory, authority.name);
            if lacks(&base, &["crt", "key"], files).map_err(Failure::into_error)? {
                missing.authorities.push(authority);
            }
        }
        let base = format!("{}/{}", service_account.directory, service_account.name);
        if lacks(&base, &["key", "pub"], files).map_err(Failure::into_error)? {
            missing.service_account = Some(service_account);
        }
        Ok(missing)
    }

    /// Describes the files that stand in for missing files; `None` if no file is missing.
    pub fn describe(&self, prepared: &PreparedRun) -> Option<StandIns> {
        let authorities = self.authorities.iter();
        let mut files: Vec<String> = authorities
            .map(|spec| format!("{}/{}.crt", spec.directory, spec.name))
            .collect();
        let keys = self.service_account.iter();
        files.extend(keys.map(|spec| format!("{}/{}.key", spec.directory, spec.name)));
        let lacks_authority = self.authorities.iter().any(|spec| spec.name == "ca");
        (!files.is_empty()).then(|| StandIns {
            files,
            unknown_kubeconfig: lacks_authority.then(|| prepared.config.run.kubeconfig.clone()),
        })
    }

    /// Makes the files that are missing.
    ///
    /// # Errors
    /// A file cannot be made.
    pub fn make(
        &self,
        prepared: &PreparedRun,
        world: &dyn World,
        cancel: &Cancel,
    ) -> WorldResult<()> {
        let context = Context {
            world,
            config: &prepared.config,
            started: jiff::Timestamp::now().as_second(),
            dependency_changed: false,
            made: &|_| false,
            may_widen: &|_| true,
            territory: None,
            grant: None,
            cancel,
            command_time: Duration::ZERO,
        };
        for authority in &self.authorities {
            ensure_certificate(authority, &context, world.files())?;
        }
        if let Some(service_account) = &self.service_account {
            ensure_key_pair(service_account, &context, world.files())?;
        }
        Ok(())
    }
}

/// Whether the run uses shared files that no phase of the run brings and that no check of the run
/// asks for.
fn is_needed(prepared: &PreparedRun) -> bool {
    let PreparedRun { config, plan, .. } = prepared;
    let runs = |id: &str| plan.running_phases().any(|node| is_within(node.id(), id));
    let has_key = !config.init.certificate_key.is_empty();
    let is_brought = has_key && runs("control-plane-prepare/download-certs");
    let is_checked = !has_key && runs("preflight");
    let uses_files = runs(certs::SHARED) || runs("control-plane-prepare/kubeconfig");
    config.join.is_some() && uses_files && !is_brought && !is_checked
}

/// Whether none of the files with these endings exists.
fn lacks(base: &str, endings: &[&str], files: &dyn Files) -> WorldResult<bool> {
    for ending in endings {
        if files.stat(&format!("{base}.{ending}"))?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
