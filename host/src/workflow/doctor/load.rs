//! Loads the configuration of `doctor`: the one that the cluster keeps, or, if the cluster does not
//! answer, what the files of the node say.
use super::super::certs_renew::add_files_of_static_pods;
use crate::{
    config::{self, ADMIN_KUBECONFIG, DoctorFlags, LoadedConfig, LoadedUpgrade, UpgradeTarget},
    program,
    run::workflow::LoadInput,
    world::World,
};
use anyhow::Result;
use kubephase_sdk::kubeadm::{Doctor, Duration, Timeouts};
use kubephase_wit::{Failure, FailureCode};
use std::path::absolute;

/// The kubeconfig of the kubelet: the only one on a worker.
const KUBELET_KUBECONFIG: &str = "/etc/kubernetes/kubelet.conf";

/// Loads the configuration. A cluster that does not answer, or keeps no valid configuration, is not
/// an error here: the phases report it.
///
/// # Errors
/// The operator's file has problems; all are reported.
pub fn load(input: &LoadInput<'_>, flags: &DoctorFlags) -> Result<LoadedConfig> {
    let world = input.world.open()?;
    let own = config::phases_for_doctor(input.file)?;
    // A machine whose manifests this user may not look at is examined as a worker.
    let mut doctor = Doctor {
        control_plane: config::is_control_plane(world.files()).unwrap_or(false),
        expiring_within_days: flags.expiring_within,
        ..Doctor::default()
    };
    let given = flags.kubeconfig.as_deref().filter(|path| !path.is_empty());
    let usual = if doctor.control_plane {
        ADMIN_KUBECONFIG
    } else {
        KUBELET_KUBECONFIG
    };
    let kubeconfig = absolute(given.unwrap_or(usual))?;
    let kubeconfig = kubeconfig.to_string_lossy().into_owned();
    let reading = Reading {
        input,
        flags,
        world,
        kubeconfig,
    };
    let mut loaded = reading.load(own, &mut doctor)?;
    let config = &mut loaded.config;
    config.init.skip_phases.clear();
    // With a time of 0, each request is tried once: a cluster that does not answer now is a
    // finding, and not a reason to wait.
    let timeouts = config.init.timeouts.get_or_insert_with(Timeouts::default);
    timeouts.kubernetes_api_call = Some(Duration(0));
    super::ID.clone_into(&mut config.run.workflow);
    config.doctor = Some(doctor);
    loaded.dry_run = true;
    loaded.token_given = true;
    Ok(loaded)
}

/// The places from which the configuration is read.
struct Reading<'a> {
    input: &'a LoadInput<'a>,
    flags: &'a DoctorFlags,
    world: &'a dyn World,
    kubeconfig: String,
}

impl Reading<'_> {
    fn load(&self, own: LoadedUpgrade, doctor: &mut Doctor) -> Result<LoadedConfig> {
        let phases = own.phases.clone();
        if let Err(failure) = self.ask_server(doctor.control_plane) {
            doctor.api_remedy = failure.remedy.unwrap_or_default();
            doctor.api_problem = failure.message;
        } else {
            match self.load_from_cluster(own) {
                Ok(loaded) => return Ok(loaded),
                Err(error) => doctor.configuration_problem = format!("{error:#}"),
            }
        }
        let files = self.world.files();
        let file = self.input.file;
        let mut loaded =
            config::load_without_cluster(file, &self.kubeconfig, files, self.input.node)?;
        if doctor.control_plane {
            add_files_of_static_pods(&mut loaded.config, files);
            loaded.config.renewal = None;
        }
        let options = self.flags.options()?;
        let registration = &mut loaded.config.init.node_registration;
        registration.ignore_preflight_errors = options.ignore_preflight_errors;
        loaded.config.init.patches = options.patches;
        loaded.phases = phases;
        Ok(loaded)
    }

    /// Asks the API server once whether it serves this user.
    fn ask_server(&self, is_control_plane: bool) -> Result<(), Failure> {
        if self.world.files().stat(&self.kubeconfig)?.is_none() {
            return Err(self.missing_kubeconfig(is_control_plane));
        }
        let cluster = self.world.cluster().with_kubeconfig(&self.kubeconfig)?;
        match cluster.probe(&self.kubeconfig, "/api/v1")? {
            200..=299 | 403 => Ok(()),
            401 => Err(Failure {
                remedy: Some(
                    "the certificate of the kubeconfig has expired, or is of another cluster: see \
                     the findings about certificates"
                        .to_owned(),
                ),
                ..Failure::new(
                    FailureCode::Unauthorized,
                    "the API server does not accept the credentials of the kubeconfig (401)",
                )
            }),
            status => Err(Failure::new(
                FailureCode::Unavailable,
                format!("the API server answers {status}"),
            )),
        }
    }

    fn missing_kubeconfig(&self, is_control_plane: bool) -> Failure {
        let remedy = if is_control_plane {
            format!(
                "name another one with --kubeconfig, or make it with `{}`",
                program::command("init phase kubeconfig admin")
            )
        } else {
            "if this machine is to be part of a cluster, run `init` or `join` on it; if it is, put \
             the file of a backup there, or name another one with --kubeconfig"
                .to_owned()
        };
        let message = format!("{} does not exist", self.kubeconfig);
        Failure {
            remedy: Some(remedy),
            ..Failure::new(FailureCode::NotFound, message)
        }
    }

    fn load_from_cluster(&self, own: LoadedUpgrade) -> Result<LoadedConfig> {
        let cluster = self.world.cluster().with_kubeconfig(&self.kubeconfig);
        let cluster = cluster.map_err(Failure::into_error)?;
        config::upgrade_from_cluster(
            own,
            UpgradeTarget {
                workflow: super::ID,
                options: self.flags.options()?,
                kubeconfig: self.kubeconfig.clone(),
                cluster: cluster.as_ref(),
                files: self.world.files(),
                node: self.input.node,
                stamp: String::new(),
            },
        )
    }
}
