//! The configuration of the commands about existing certificates: `certs renew` and
//! `certs check-expiration`.
use super::{
    ADMIN_KUBECONFIG, CERTIFICATES_DIR, ConfigFile, InitFlags, Loaded, Problem, Problems, load_init,
};
use crate::world::node::facts::NodeFacts;
use clap::Args;
use kubephase_sdk::{kubeadm::ClusterConfiguration, release::Release};

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
    #[arg(long, value_name = "FILE", default_value = ADMIN_KUBECONFIG)]
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
    /// Do not restart the components that use a renewed certificate only after a restart
    #[arg(long)]
    pub no_restart: bool,
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
            kubernetes_version: Some(Release::newest().kubeadm.to_owned()),
            cert_dir: Some(directory.to_owned()).filter(|directory| !directory.is_empty()),
            ..InitFlags::default()
        },
    };
    let mut loaded = load_init(file, &init_flags, &node)?;
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
