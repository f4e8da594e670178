//! `kubeconfig`: makes kubeconfigs for other users of the cluster.
use super::{CliError, Exit, local_node, print};
use crate::{
    config::{self, InitFlags, MachineFolder},
    effect::pki::{KubeconfigCredential, kubeconfig_text},
    phase::key_algorithm,
    program::Program,
    render::kubeconfig::control_plane_url,
    secret::Secret,
    world::{
        node::{facts::NodeFacts, gather::gather},
        real,
    },
};
use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use kubephase_sdk::{duration::Duration, spec::KubeconfigSpec};
use kubephase_wit::Failure;

const YEAR: Duration = Duration::from_secs(8760 * 3600);

/// kubeadm's message about an empty name, with its two blanks.
const NO_COMMON_NAME: &str = "failure while creating  client certificate: unable to sign \
    certificate: must specify a CommonName";

/// The commands `kubeconfig …`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum KubeconfigCommand {
    /// Print a kubeconfig for another user, signed by the authority of this control plane
    User(UserFlags),
}

/// The flags of `kubeconfig user`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct UserFlags {
    /// Name of the user: the common name of its certificate
    #[arg(long, value_name = "NAME", required = true)]
    client_name: String,
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<String>,
    /// Groups of the user: the organizations of its certificate
    #[arg(long, value_name = "GROUP")]
    org: Vec<String>,
    /// Token to authenticate with, instead of a certificate
    #[arg(long, value_name = "TOKEN")]
    token: Option<Secret<String>>,
    /// How long the certificate is valid, from now on
    #[arg(long, value_name = "DURATION", default_value_t = YEAR)]
    validity_period: Duration,
}

/// Prints a kubeconfig.
///
/// # Errors
/// The configuration is not valid, or the authority cannot sign.
pub fn run(
    KubeconfigCommand::User(flags): &KubeconfigCommand,
    machine: &MachineFolder,
) -> Result<Exit> {
    if flags.client_name.is_empty() && Program::current() == Program::Kubephase {
        return Err(CliError::usage("--client-name must not be empty").into());
    }
    let file = config::config_file(flags.config.as_deref(), machine)?;
    // The command does not use the container runtime, so no runtime has to be found.
    let node = NodeFacts {
        cri_sockets: Vec::new(),
        ..gather().0
    };
    let loaded = config::load_without_server(file.as_ref(), &InitFlags::default(), &node)?;
    local_node::warn(&loaded.warnings);
    if flags.validity_period > YEAR {
        print::warning(&format!(
            "WARNING: the specified certificate validity period {} is longer than the default \
             duration {YEAR}, this may increase security risks.",
            flags.validity_period
        ));
    }
    let (server, warning) = control_plane_url(&loaded.config).map_err(|why| anyhow!(why))?;
    warning.iter().for_each(|warning| print::warning(warning));
    if flags.client_name.is_empty() {
        return Err(anyhow!(NO_COMMON_NAME));
    }
    let spec = KubeconfigSpec {
        path: format!("{}.conf", flags.client_name),
        cluster_name: loaded.config.cluster.cluster_name.clone(),
        server,
        common_name: flags.client_name.clone(),
        user: flags.client_name.clone(),
        organizations: flags.org.clone(),
        directory: loaded.config.cluster.certificates_dir.clone(),
        authority: "ca".into(),
        algorithm: key_algorithm(&loaded.config),
        validity_seconds: flags.validity_period.as_secs(),
        preferences: loaded.config.cluster.release().kubeconfig_preferences,
    };
    let token = flags.token.as_ref().filter(|token| !token.is_empty());
    let credential = token.map_or(
        KubeconfigCredential::Certificate {
            now: jiff::Timestamp::now().as_second(),
        },
        KubeconfigCredential::Token,
    );
    let text = kubeconfig_text(&spec, &real::files()?, credential).map_err(Failure::into_error)?;
    Ok(print::text(&format!("{}\n", text.reveal())))
}
