//! `certs check-expiration`.
use crate::{
    cli::{
        Exit, RunPlace,
        initial_world::InitialWorld,
        local_node,
        output::{FormatFlags, OutputObject, table},
        print,
    },
    config::{CertificateFlags, Config, MachineFolder, config_file},
    effect::pki::{
        authority_certificate, existing_certificate, expired_authorities, has_file,
        is_externally_managed,
    },
    phase::certs::renewal,
    pki::Certificate,
    run::workflow::{LabelledLine, WorldBefore},
    workflow::certs_renew::configuration::Source,
    world::{Files, node::gather::gather},
};
use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use kubephase_sdk::spec::RenewalSpec;
use kubephase_wit::Failure;
use serde::Serialize;
use std::{fmt::Write, path::PathBuf};

#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpirationFlags {
    #[command(flatten)]
    certificates: CertificateFlags,
    #[command(flatten)]
    output: FormatFlags,
    /// Scratch root of a rehearsal, whose certificates are shown
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

/// Prints until when each certificate and each authority is valid.
///
/// # Errors
/// The configuration is not valid, or a certificate cannot be read.
pub fn run(flags: &ExpirationFlags, machine: &MachineFolder) -> Result<Exit> {
    let printer = flags.output.printer()?;
    let node = gather().0;
    let place = RunPlace {
        root: flags.root.clone(),
        ..RunPlace::default()
    };
    let world = InitialWorld::new(&place, &node);
    let file = config_file(flags.certificates.config.as_deref(), machine)?;
    let source = Source {
        file: file.as_ref(),
        flags: &flags.certificates,
        node: &node,
        world: &world,
    };
    let is_text = printer.is_none();
    let loaded = source.load("check-expiration", &|lines: Vec<LabelledLine>| {
        if is_text {
            lines.iter().for_each(print::line);
        }
    })?;
    local_node::warn(&loaded.warnings);
    let files = world.open()?.files();
    let now = Timestamp::now();
    expired_authorities(files, &loaded.config, now.as_second())
        .iter()
        .for_each(|warning| print::warning(warning));
    let info = Expirations::read(&loaded.config, files, now).map_err(Failure::into_error)?;
    Ok(print::text(&match printer {
        Some(printer) => printer.print(&[OutputObject::new("CertificateExpirationInfo", info)])?,
        None => info.to_text(),
    }))
}

/// kubeadm's object `CertificateExpirationInfo`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Expirations {
    certificates: Vec<Expiration>,
    certificate_authorities: Vec<Expiration>,
}

/// One certificate of kubeadm's object.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Expiration {
    name: String,
    expiration_date: Option<Timestamp>,
    /// seconds
    residual_time: i64,
    externally_managed: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    ca_name: String,
    missing: bool,
}

impl Expirations {
    fn read(config: &Config, files: &dyn Files, now: Timestamp) -> Result<Self, Failure> {
        let directory = &config.cluster.certificates_dir;
        let certificate = |spec: &RenewalSpec| {
            let file = existing_certificate(spec, files);
            // The error of the authority comes first (kubeadm behaviour).
            if matches!(file, Ok(None)) {
                return Ok(Expiration::missing(&spec.name));
            }
            let is_external = is_externally_managed(files, directory, &spec.authority)?;
            let found = file?.map(|file| Expiration::new(&spec.name, &file, is_external, now));
            Ok(Expiration {
                ca_name: renewal::authority_name(&spec.authority).to_owned(),
                ..found.unwrap_or_default()
            })
        };
        let authority = |(name, base): (&str, &str)| {
            if !has_file(&format!("{directory}/{base}.crt"), files)? {
                return Ok(Expiration::missing(name));
            }
            let is_external = is_externally_managed(files, directory, base)?;
            let root = authority_certificate(files, directory, base)?;
            Ok(Expiration::new(name, &root, is_external, now))
        };
        Ok(Expirations {
            certificates: renewal::renewals(config)
                .iter()
                .map(certificate)
                .collect::<Result<_, Failure>>()?,
            certificate_authorities: renewal::authorities(config)
                .into_iter()
                .map(authority)
                .collect::<Result<_, Failure>>()?,
        })
    }

    /// Returns kubeadm's two tables. kubeadm writes them as one table, in which an empty line ends
    /// the columns of the first part.
    fn to_text(&self) -> String {
        let mut text = String::from(
            "CERTIFICATE\tEXPIRES\tRESIDUAL TIME\tCERTIFICATE AUTHORITY\tEXTERNALLY MANAGED\n",
        );
        for certificate in &self.certificates {
            certificate.write_row(&mut text, true);
        }
        text += "\nCERTIFICATE AUTHORITY\tEXPIRES\tRESIDUAL TIME\tEXTERNALLY MANAGED\n";
        for authority in &self.certificate_authorities {
            authority.write_row(&mut text, false);
        }
        table(&text)
    }
}

impl Expiration {
    fn missing(name: &str) -> Expiration {
        Expiration {
            name: name.to_owned(),
            missing: true,
            ..Expiration::default()
        }
    }

    fn new(name: &str, certificate: &Certificate, is_external: bool, now: Timestamp) -> Expiration {
        let not_after = certificate.fields().validity().not_after.timestamp();
        // Every year of a certificate fits into a timestamp.
        let date = Timestamp::from_second(not_after).unwrap_or(Timestamp::MAX);
        Expiration {
            name: name.to_owned(),
            expiration_date: Some(date),
            // Go's whole seconds, rounded towards zero.
            residual_time: date.duration_since(now).as_secs(),
            externally_managed: is_external,
            ..Expiration::default()
        }
    }

    /// Appends a row of kubeadm's table. Only certificates that an authority signs have a column
    /// for the authority.
    fn write_row(&self, text: &mut String, has_authority: bool) {
        let between = if has_authority { "\t" } else { "" };
        // Writing to a string cannot fail.
        let _ = match self.expiration_date {
            None => writeln!(text, "!MISSING! {}\t\t\t{between}", self.name),
            Some(date) => writeln!(
                text,
                "{}\t{}\t{}\t{}{between}{:<8}",
                self.name,
                date.strftime("%b %d, %Y %H:%M UTC"),
                format_residual(self.residual_time),
                self.ca_name,
                if self.externally_managed { "yes" } else { "no" }
            ),
        };
    }
}

/// Formats a residual time in the one or two largest units, as Kubernetes does in tables.
fn format_residual(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let two = |large: i64, letter: char, small: i64, second: char| match small {
        0 => format!("{large}{letter}"),
        _ => format!("{large}{letter}{small}{second}"),
    };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(seconds / MINUTE, 'm', seconds % MINUTE, 's'),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(seconds / HOUR, 'h', seconds % HOUR / MINUTE, 'm'),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(seconds / DAY, 'd', seconds % DAY / HOUR, 'h'),
        _ if seconds < 2 * YEAR => format!("{}d", seconds / DAY),
        _ if seconds < 8 * YEAR => two(seconds / YEAR, 'y', seconds % YEAR / DAY, 'd'),
        _ => format!("{}y", seconds / YEAR),
    }
}

#[cfg(test)]
mod tests;
