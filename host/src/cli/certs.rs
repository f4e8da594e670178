//! `certs`: makes keys and certificate requests for a control plane, and shows until when its
//! certificates are valid.
mod expiration;

use super::{Exit, local_node, print};
use crate::{
    config::{self, Config, InitFlags, KUBECONFIG_DIR, MachineFolder},
    effect::{
        pki::{
            refuse_existing_kubeconfig_request, refuse_existing_request, write_kubeconfig_request,
            write_request,
        },
        shared_keys,
    },
    phase,
    run::secrets::Secrets,
    world::{
        Files,
        node::{facts::NodeFacts, gather::gather},
        real,
    },
};
use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use kubephase_wit::Failure;

pub use expiration::ExpirationFlags;

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum CertsCommand {
    /// Print a new key for `init --certificate-key`
    CertificateKey,
    /// Show until when the certificates of this node's control plane are valid
    CheckExpiration(ExpirationFlags),
    /// Make the keys of all certificates and kubeconfigs, and requests for their certificates,
    /// which an authority elsewhere signs
    GenerateCsr(GenerateCsrFlags),
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct GenerateCsrFlags {
    /// Directory for keys and requests, instead of the configuration's
    #[arg(
        long,
        value_name = "DIR",
        default_value = "",
        hide_default_value = true
    )]
    cert_dir: String,
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<String>,
    /// Directory for kubeconfigs
    #[arg(long, value_name = "DIR", default_value = KUBECONFIG_DIR)]
    kubeconfig_dir: String,
}

/// Carries out a command.
///
/// # Errors
/// The configuration is not valid, or a file exists already or cannot be written.
pub fn run(command: &CertsCommand, machine: &MachineFolder) -> Result<Exit> {
    match command {
        CertsCommand::CertificateKey => {
            let key = shared_keys::random_key();
            Ok(print::text(&format!("{}\n", key.reveal())))
        }
        CertsCommand::CheckExpiration(flags) => expiration::run(flags, machine),
        CertsCommand::GenerateCsr(flags) => generate_csr(flags, machine),
    }
}

fn generate_csr(flags: &GenerateCsrFlags, machine: &MachineFolder) -> Result<Exit> {
    let file = config::config_file(flags.config.as_deref(), machine)?;
    // The command does not use the container runtime.
    let node = NodeFacts {
        cri_sockets: Vec::new(),
        ..gather().0
    };
    let mut loaded = config::load_without_server(file.as_ref(), &InitFlags::default(), &node)?;
    local_node::warn(&loaded.warnings);
    if flags.kubeconfig_dir.is_empty() {
        return Err(anyhow!("invalid argument: kubeConfigDir was empty"));
    }
    let Config { cluster, run, .. } = &mut loaded.config;
    let shown = Directories {
        certificates: match flags.cert_dir.as_str() {
            "" => cluster.certificates_dir.clone(),
            named => named.to_owned(),
        },
        kubeconfigs: flags.kubeconfig_dir.clone(),
    };
    cluster.certificates_dir =
        config::absolute_path(&shown.certificates).map_err(|why| anyhow!(why))?;
    run.kubeconfig_dir = config::absolute_path(&shown.kubeconfigs).map_err(|why| anyhow!(why))?;
    write_requests(&loaded.config, &shown, &real::files()?)
}

/// The directories as the operator named them, for messages.
struct Directories {
    certificates: String,
    kubeconfigs: String,
}

/// Writes the keys of all certificates and kubeconfigs, and requests for their certificates. Writes
/// nothing if one of the files exists.
fn write_requests(config: &Config, shown: &Directories, files: &dyn Files) -> Result<Exit> {
    let config = Secrets::mask(config)?.for_built_ins;
    let certificates = phase::certs::leaf_specs(&config).map_err(Failure::into_error)?;
    let (kubeconfigs, endpoint_warning) =
        phase::kubeconfig::request_specs(&config).map_err(|why| anyhow!(why))?;
    // A closed output is not an error, so every line has the same exit code.
    let exit = print::text(&header(&shown.certificates));
    for spec in &certificates {
        refuse_existing_request(spec, files).map_err(Failure::into_error)?;
    }
    for spec in &kubeconfigs {
        refuse_existing_kubeconfig_request(spec, files).map_err(Failure::into_error)?;
    }
    for spec in &certificates {
        let warnings = write_request(spec, files).map_err(Failure::into_error)?;
        warnings.iter().for_each(|warning| print::warning(warning));
        print::text(&format!("  {}\n", spec.name));
    }
    endpoint_warning
        .iter()
        .for_each(|warning| print::warning(warning));
    print::text(&header(&shown.kubeconfigs));
    for spec in &kubeconfigs {
        write_kubeconfig_request(spec, files).map_err(Failure::into_error)?;
        let name = spec.path.rsplit('/').next().unwrap_or_default();
        print::text(&format!("  {name}\n"));
    }
    Ok(exit)
}

fn header(directory: &str) -> String {
    format!("generating keys and CSRs in {directory}\n")
}

#[cfg(test)]
mod tests;
