//! `certs renew`: the certificates that are renewed, in kubeadm's order.
use super::{
    restarts::{self, RESTART, RESTARTED, expiring_within_days, restart_phase},
    table::{self, CERTIFICATES},
    timer,
};
use crate::{
    phase::key_algorithm,
    plan::spec::{MAKE_KEY, PhaseSpec},
};
use kubephase_sdk::{
    Failure, Outcome, config, effects_core, json,
    kubeadm::Config,
    say,
    spec::{RenewalSpec, RenewedFile, WantedNames},
};

/// Kubeconfigs whose certificate is renewed, with kubeadm's words. The kubelet renews its own.
const KUBECONFIGS: [(&str, &str); 4] = [
    (
        "admin.conf",
        "certificate embedded in the kubeconfig file for the admin to use and for kubeadm itself",
    ),
    (
        "super-admin.conf",
        "certificate embedded in the kubeconfig file for the super-admin",
    ),
    (
        "controller-manager.conf",
        "certificate embedded in the kubeconfig file for the controller manager to use",
    ),
    (
        "scheduler.conf",
        "certificate embedded in the kubeconfig file for the scheduler manager to use",
    ),
];

/// A certificate that can be renewed.
struct Renewable {
    name: &'static str,
    title: &'static str,
    /// base name of the authority that signs
    authority: &'static str,
    /// base name of the certificate; `None` if it is embedded in a kubeconfig
    base: Option<&'static str>,
    /// whether it is needed only if the cluster runs its own etcd
    belongs_to_etcd: bool,
}

impl Renewable {
    /// Whether a cluster with this configuration needs the certificate.
    fn is_needed<S>(&self, config: &Config<S>) -> bool {
        !self.belongs_to_etcd || config.cluster.etcd.external.is_none()
    }

    fn spec<S>(&self, config: &Config<S>) -> RenewalSpec {
        let file = match self.base {
            Some(base) => RenewedFile::Certificate {
                base: base.to_owned(),
            },
            None => RenewedFile::Kubeconfig {
                path: format!("{}/{}", config.run.kubeconfig_dir, self.name),
            },
        };
        let validity = config.cluster.certificate_validity_period;
        RenewalSpec {
            name: self.name.to_owned(),
            title: self.title.to_owned(),
            file,
            directory: config.cluster.certificates_dir.clone(),
            authority: self.authority.to_owned(),
            algorithm: key_algorithm(config),
            validity_seconds: validity.unwrap_or_default().as_secs(),
            is_part_of_upgrade: config.upgrade.is_some(),
            names: None,
            unless_signed: config.rotation.is_some(),
            expires_within_seconds: expiring_within_days(config)
                .map(|days| i64::from(days) * 24 * 3600),
        }
    }
}

/// Returns everything that can be renewed, in the order of the names (kubeadm's order).
fn renewables() -> Vec<Renewable> {
    let certificates = CERTIFICATES.iter().filter_map(|certificate| {
        Some(Renewable {
            name: certificate.phase,
            title: certificate.title.trim_start_matches("Generate the "),
            authority: certificate.authority?,
            base: Some(certificate.name),
            belongs_to_etcd: certificate.belongs_to_etcd(),
        })
    });
    let kubeconfigs = KUBECONFIGS.iter().map(|(name, title)| Renewable {
        name,
        title,
        authority: "ca",
        base: None,
        belongs_to_etcd: false,
    });
    let mut all: Vec<Renewable> = certificates.chain(kubeconfigs).collect();
    all.sort_by_key(|renewable| renewable.name);
    all
}

/// Returns the certificates of the cluster that can be renewed, in kubeadm's order.
pub fn renewals<S>(config: &Config<S>) -> Vec<RenewalSpec> {
    renewables()
        .iter()
        .filter(|renewable| renewable.is_needed(config))
        .map(|renewable| renewable.spec(config))
        .collect()
}

/// Returns how a certificate gets the names that the configuration wants; `None` if the cluster
/// does not need the certificate.
///
/// # Errors
/// An address of the configuration cannot be used.
pub fn renewal_with_names(name: &str, config: &Config) -> Result<Option<RenewalSpec>, Failure> {
    let row = CERTIFICATES.iter().find(|row| row.phase == name);
    let found = renewals(config).into_iter().find(|spec| spec.name == name);
    let (Some(row), Some(spec)) = (row, found) else {
        return Ok(None);
    };
    let wanted = super::certificate_spec(row, config)?;
    Ok(Some(RenewalSpec {
        names: Some(WantedNames {
            dns_names: wanted.dns_names,
            ip_addresses: wanted.ip_addresses,
        }),
        ..spec
    }))
}

/// Returns the authorities of the cluster in the order of their names: kubeadm's name of each, and
/// its base name.
pub fn authorities<S>(config: &Config<S>) -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<_> = table::authorities(config)
        .map(|certificate| (certificate.phase, certificate.name))
        .collect();
    all.sort_unstable();
    all
}

/// Returns kubeadm's name of an authority.
pub fn authority_name(base: &str) -> &str {
    table::row(base).map_or(base, |certificate| certificate.phase)
}

/// Returns the phases of `certs renew`. Each waits for the phase before it, so that a failure
/// leaves the later certificates unchanged (kubeadm behaviour). Components are restarted when all
/// certificates are renewed, because a component works only if the components that it talks to do.
pub fn phases() -> Vec<PhaseSpec> {
    let (mut all, mut previous): (Vec<PhaseSpec>, Option<String>) = (Vec::new(), None);
    for renewable in renewables() {
        let (id, name) = (phase_id(renewable.name), renewable.name);
        let title = format!("Renew the {}", renewable.title);
        let phase = PhaseSpec::phase(&id, &title, &[], move || renew(&renewable))
            .aliases(&[name])
            .expected_millis(MAKE_KEY);
        all.push(match &previous {
            Some(previous) => phase.needs(&[previous]),
            None => phase,
        });
        previous = Some(id);
    }
    all.extend(restarts::phases(&previous.unwrap_or_default(), phase_id));
    all.extend(timer::phases());
    all
}

/// Returns the id of the phase that renews a certificate. Ids have no dots; kubeadm's name is the
/// name of the command.
fn phase_id(name: &str) -> String {
    name.replace('.', "-")
}

/// Returns the phases that run to renew one certificate: its own, and the restart of the component
/// that uses it.
pub fn phases_of(name: &str) -> Vec<String> {
    let restarts = RESTARTED.iter().filter(|row| row.kubeconfig == name);
    std::iter::once(phase_id(name))
        .chain(restarts.map(restart_phase))
        .collect()
}

/// Whether the run restarts components that read their certificate only when they start.
pub fn restarts_components<S>(config: &Config<S>) -> bool {
    let renewal = config.renewal.as_ref();
    renewal.is_some_and(|renewal| renewal.restart)
}

/// Returns the phases that a run leaves out, each with the reason. `is_whole` is false if a single
/// certificate was named: kubeadm then reports it as missing.
pub fn disabled_phases<S>(config: &Config<S>, is_whole: bool) -> Vec<(String, String)> {
    let mut disabled = timer::disabled_phases(config);
    if timer::is_wanted(config) {
        let all = renewables().into_iter().map(|row| phase_id(row.name));
        let all = all.chain([RESTART.to_owned()]);
        disabled.extend(all.map(|id| (id, "a change of the timer".to_owned())));
        return disabled;
    }
    if config.cluster.etcd.external.is_some() && is_whole {
        let of_etcd = renewables().into_iter().filter(|row| row.belongs_to_etcd);
        disabled.extend(of_etcd.map(|row| (phase_id(row.name), "etcd.external".to_owned())));
    }
    if !restarts_components(config) {
        disabled.push((RESTART.to_owned(), "--no-restart".to_owned()));
    }
    disabled
}

fn renew(renewable: &Renewable) -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if !renewable.is_needed(&config) {
        say(format!("[] MISSING! {}", renewable.title));
        return Ok(Outcome::Skipped("etcd is external".into()));
    }
    effects_core::renew_certificate(&json(&renewable.spec(&config)))?;
    Ok(Outcome::Settled)
}

#[cfg(test)]
mod tests;
