//! The configuration of the commands about existing certificates: `certs renew`,
//! `certs rotate-ca` and `certs check-expiration`.
use super::{
    ADMIN_KUBECONFIG, CERTIFICATES_DIR, ConfigFile, InitFlags, Loaded, Problem, Problems,
    absolute_path, load_without_server, own_version,
};
use crate::{secret::Secret, world::node::facts::NodeFacts};
use clap::Args;
use kubephase_sdk::kubeadm::{ClusterAuthority, ClusterConfiguration, RenewalTimer, RotationStage};

/// The flags of commands about existing certificates, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateFlags {
    /// Directory of the certificates, also where the cluster's configuration names another; not
    /// used with --config [default: /etc/kubernetes/pki]
    #[arg(long, value_name = "DIR")]
    pub cert_dir: Option<String>,
    /// Configuration file, instead of the configuration that the cluster keeps
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// Kubeconfig to talk to the cluster with
    #[arg(long, value_name = "FILE", default_value = ADMIN_KUBECONFIG,
          value_parser = absolute_path)]
    pub kubeconfig: String,
}

/// Flags of `certs renew`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct RenewalFlags {
    #[command(flatten)]
    pub certificates: CertificateFlags,
    /// Change nothing; tell what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Renew only certificates that are valid for at most this number of days
    #[arg(long, value_name = "DAYS")]
    pub expiring_within: Option<u32>,
    /// With `all`: renew nothing now; install a timer of systemd that renews certificates before
    /// they expire
    #[arg(long, conflicts_with_all = ["remove_timer", "expiring_within"])]
    pub install_timer: bool,
    /// Do not restart the components that use a renewed certificate only after a restart
    #[arg(long)]
    pub no_restart: bool,
    /// With `all`: renew nothing now; remove the timer
    #[arg(long, conflicts_with = "expiring_within")]
    pub remove_timer: bool,
}

impl RenewalFlags {
    /// Returns what happens to the timer; `None` if nothing does. `program` is the path of this
    /// program.
    pub fn timer(&self, program: &str) -> Option<RenewalTimer> {
        let install = self.install_timer.then(|| RenewalTimer::Install {
            program: program.to_owned(),
        });
        install.or(self.remove_timer.then_some(RenewalTimer::Remove {}))
    }
}

/// Flags of `certs rotate-ca`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct RotationFlags {
    /// The authority that is exchanged
    #[arg(
        value_name = "AUTHORITY", default_value = "ca",
        value_parser = ["ca", "front-proxy-ca", "etcd-ca"]
    )]
    pub authority: String,
    /// Key with which the new authority is fetched from the cluster, on another control plane than
    /// the first
    #[arg(long, value_name = "KEY")]
    pub certificate_key: Option<Secret<String>>,
    /// Configuration file with an UpgradeConfiguration, for its timeouts
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// Change nothing; tell what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Kubeconfig to talk to the cluster with [default: /etc/kubernetes/admin.conf on a member of
    /// the control plane, /etc/kubernetes/kubelet.conf on a worker]
    #[arg(long, value_name = "FILE", value_parser = absolute_path)]
    pub kubeconfig: Option<String>,
    /// Stage to go through, which is refused if the node is not ready for it [default: the next
    /// stage of this node]
    #[arg(long, value_name = "STAGE", value_parser = ["trust", "reissue", "drop"])]
    pub stage: Option<String>,
}

impl RotationFlags {
    /// Returns the authority that is exchanged.
    pub fn exchanged_authority(&self) -> ClusterAuthority {
        ClusterAuthority::ALL
            .into_iter()
            .find(|authority| authority.name() == self.authority)
            .unwrap_or_default()
    }

    /// Returns the stage that the operator names.
    pub fn named_stage(&self) -> Option<RotationStage> {
        let name = self.stage.as_deref()?;
        RotationStage::ALL
            .into_iter()
            .find(|stage| stage.name() == name)
    }
}

/// Makes the configuration from a file; without one, from the configuration that the cluster keeps;
/// without that, from the defaults. The directory of the flag, or the default one, replaces the
/// cluster's (kubeadm behaviour).
///
/// # Errors
/// Every problem that was found.
pub fn load_for_certificates(
    file: Option<&ConfigFile>,
    flags: &CertificateFlags,
    stored: Option<(ClusterConfiguration, Vec<Problem>)>,
    node: &NodeFacts,
) -> Result<Loaded, Problems> {
    // These commands use neither the container runtime nor an address of the node.
    let default_address = NodeFacts::default().default_route_interface_address;
    let node = NodeFacts {
        cri_sockets: Vec::new(),
        default_route_interface_address: node.default_route_interface_address.or(default_address),
        ..node.clone()
    };
    let directory = flags.cert_dir.as_deref().unwrap_or(CERTIFICATES_DIR);
    let init_flags = match file.and_then(ConfigFile::operator_file) {
        Some(_) => InitFlags::default(),
        None => InitFlags {
            kubernetes_version: Some(own_version().to_owned()),
            cert_dir: Some(directory.to_owned()).filter(|directory| !directory.is_empty()),
            ..InitFlags::default()
        },
    };
    let mut loaded = load_without_server(file, &init_flags, &node)?;
    if let Some((stored, warnings)) = stored {
        let renewal = loaded.config.renewal.get_or_insert_default();
        renewal
            .kept_certificates_dir
            .clone_from(&stored.certificates_dir);
        loaded.config.cluster = stored;
        loaded.warnings.extend(warnings);
        if !directory.is_empty() {
            directory.clone_into(&mut loaded.config.cluster.certificates_dir);
        }
    }
    let run = &mut loaded.config.run;
    "certs-renew".clone_into(&mut run.workflow);
    run.kubeconfig.clone_from(&flags.kubeconfig);
    Ok(Loaded {
        // These commands do not use the configuration's token.
        token_given: true,
        ..loaded
    })
}
