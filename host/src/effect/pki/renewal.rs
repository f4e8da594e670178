//! Renewal of certificates that exist, in files and in kubeconfigs, as kubeadm renews them.
use super::{
    authority::load_authority,
    external::is_externally_managed,
    new_certificate::{BACKDATE_SECONDS, CertificateNames},
    pair::{PairFiles, replace},
};
use crate::{
    effect::{Applied, Context, EffectOutcome},
    pki::{Certificate, Key, Kubeconfig},
    program,
    world::{
        Files, WorldResult,
        text_file::{read_kubeconfig, read_text},
    },
};
use kubephase_sdk::spec::{RenewalSpec, RenewedFile, WantedNames};
use kubephase_wit::{Failure, FailureCode};

/// A certificate that exists, with the file that holds it.
enum Existing<'a> {
    InFile(Certificate, PairFiles<'a>),
    InKubeconfig(Certificate, Kubeconfig, &'a str),
}

impl Existing<'_> {
    fn certificate(&self) -> &Certificate {
        match self {
            Existing::InFile(certificate, _) | Existing::InKubeconfig(certificate, ..) => {
                certificate
            }
        }
    }
}

/// Makes a certificate anew with a new key, however long the old certificate is still valid. If the
/// specification has names, does so only if the old certificate has other names. The lines are
/// kubeadm's, which have no label.
///
/// # Errors
/// The existing certificate or the authority cannot be used, or a file cannot be read or written.
/// Nothing is changed then.
pub fn renew(spec: &RenewalSpec, context: &Context) -> WorldResult<EffectOutcome> {
    let files = context.world.files();
    let (title, authority) = (&spec.title, &spec.authority);
    if !exists(spec, files)? {
        let skipped = Applied::Skipped("it does not exist".to_owned());
        return Ok(if spec.is_part_of_upgrade {
            skipped.into()
        } else {
            EffectOutcome::with_lines(skipped, [format!("[] MISSING! {title}")])
        });
    }
    let names = spec.names.as_ref().map(|names| wanted_names(spec, names));
    if let Some(names) = &names {
        if has_names(read(spec, files)?.certificate(), names) {
            return Ok(Applied::Unchanged.into());
        }
        if is_externally_managed(files, &spec.directory, authority)? {
            return Err(cannot_sign(spec));
        }
    }
    if is_externally_managed(files, &spec.directory, authority)? {
        return Ok(left_to_authority(spec));
    }
    if let RenewedFile::Certificate { base } = &spec.file {
        pair_of(spec, base).finish_interrupted(files)?;
    }
    let existing = read(spec, files)?;
    let (root, root_key) = load_authority(files, &spec.directory, authority)?;
    let root_key = root_key?;
    if let Some(lines) = reason_to_keep(spec, existing.certificate(), &root, context.started) {
        return Ok(EffectOutcome::with_lines(Applied::Unchanged, lines));
    }
    let failed = |why: String| {
        let message = format!("failed to renew certificate {}: {why}", spec.name);
        Failure::new(FailureCode::Invalid, message)
    };
    let key = Key::generate(spec.algorithm).map_err(failed)?;
    let validity =
        context.started - BACKDATE_SECONDS..context.started.saturating_add(spec.validity_seconds);
    let lines = names.as_ref().map(|names| new_names(spec, names));
    let warnings = names.as_ref().map(|names| names.warnings.clone());
    let names = names.map(|names| (names.dns_names, names.ip_addresses));
    let renewed = existing
        .certificate()
        .renew(&key, &root, &root_key, validity, names)
        .map_err(failed)?;
    write(existing, &renewed, &key, &root, files)?;
    let renewed = (!spec.is_part_of_upgrade).then(|| format!("[] {title} renewed"));
    Ok(EffectOutcome {
        warnings: warnings.unwrap_or_default(),
        ..EffectOutcome::with_lines(Applied::Changed, lines.or(renewed))
    })
}

/// Decides whether a certificate stays as it is, by the conditions of the specification. Returns
/// the lines about it; `None` if it has to be renewed. `now` is in seconds since 1970.
fn reason_to_keep(
    spec: &RenewalSpec,
    certificate: &Certificate,
    root: &Certificate,
    now: i64,
) -> Option<Vec<String>> {
    if spec.unless_signed && certificate.chains_to(root) {
        return Some(Vec::new());
    }
    let seconds = spec.expires_within_seconds?;
    let is_valid = certificate.not_after() > now.saturating_add(seconds);
    let line = format!("[] {} is valid for a while, and not renewed", spec.title);
    is_valid.then(|| vec![line])
}

/// Writes a renewed certificate and its key in place of the old ones.
fn write(
    existing: Existing,
    renewed: &Certificate,
    key: &Key,
    root: &Certificate,
    files: &dyn Files,
) -> WorldResult<()> {
    match existing {
        Existing::InFile(_, pair) => pair.write(renewed, key, files),
        Existing::InKubeconfig(_, kubeconfig, path) => {
            let key = key
                .to_pem()
                .map_err(|why| Failure::new(FailureCode::Invalid, why))?;
            let authorities = authorities_of(&kubeconfig, root);
            let changed = kubeconfig.with_client(&renewed.to_pem(), &key, &authorities);
            let text = changed.to_text();
            replace(files, path, text.reveal().as_bytes(), 0o600, 0)
        }
    }
}

/// Returns the result for a certificate whose authority is kept elsewhere.
fn left_to_authority(spec: &RenewalSpec) -> EffectOutcome {
    let RenewalSpec {
        title, authority, ..
    } = spec;
    let skipped = Applied::Skipped("the authority is kept elsewhere".to_owned());
    let line = if spec.is_part_of_upgrade {
        let name = &spec.name;
        format!("[upgrade/staticpods] External CA detected, {name} certificate can't be renewed")
    } else {
        format!("[] Detected external {authority}, {title} can't be renewed")
    };
    EffectOutcome::with_lines(skipped, [line])
}

fn wanted_names(spec: &RenewalSpec, wanted: &WantedNames) -> CertificateNames {
    CertificateNames::new(&spec.name, &wanted.dns_names, &wanted.ip_addresses)
}

/// Whether a certificate is valid for these names and for no others.
fn has_names(certificate: &Certificate, wanted: &CertificateNames) -> bool {
    let (dns_names, mut addresses) = certificate.distinct_names();
    let mut wanted_addresses = wanted.ip_addresses.clone();
    addresses.sort();
    wanted_addresses.sort();
    dns_names == wanted.dns_names && addresses == wanted_addresses
}

/// Returns the line about a certificate that has other names now.
fn new_names(spec: &RenewalSpec, names: &CertificateNames) -> String {
    let addresses: Vec<String> = names.ip_addresses.iter().map(ToString::to_string).collect();
    format!(
        "The {} is valid for DNS names [{}] and IPs [{}] now",
        spec.title,
        names.dns_names.join(" "),
        addresses.join(" ")
    )
}

/// Returns the failure if other names are wanted and the authority's key is not on this node.
fn cannot_sign(spec: &RenewalSpec) -> Failure {
    let RenewalSpec {
        title, authority, ..
    } = spec;
    Failure {
        remedy: Some(format!(
            "have the {title} made where the key of {authority} is, and copy it here: `{}` makes \
             requests for it",
            program::command("certs generate-csr")
        )),
        ..Failure::new(
            FailureCode::Invalid,
            format!(
                "the {title} is valid for other names than the configuration wants, and the key \
                 of its authority {authority} is not on this node"
            ),
        )
    }
}

/// Returns the authorities that a renewed kubeconfig trusts: the one that signs, and while the
/// authority of the cluster is exchanged, the other one as well.
fn authorities_of(kubeconfig: &Kubeconfig, root: &Certificate) -> String {
    let trusted = kubeconfig.authorities(&|_| Ok(Vec::new())).ok().flatten();
    let trusted = Certificate::parse_all(&trusted.unwrap_or_default()).unwrap_or_default();
    if trusted.contains(&root.der) {
        let trusted = trusted.into_iter().map(Certificate::from_der);
        trusted.map(|authority| authority.to_pem()).collect()
    } else {
        root.to_pem()
    }
}

/// Returns a certificate that can be renewed; `None` if it does not exist.
///
/// # Errors
/// The certificate cannot be read.
pub fn existing_certificate(
    spec: &RenewalSpec,
    files: &dyn Files,
) -> WorldResult<Option<Certificate>> {
    if !exists(spec, files)? {
        return Ok(None);
    }
    Ok(Some(read(spec, files)?.certificate().clone()))
}

/// Whether the file of a certificate exists.
fn exists(spec: &RenewalSpec, files: &dyn Files) -> WorldResult<bool> {
    let [path, ..] = &paths_of(spec)[..] else {
        return Ok(false);
    };
    has_file(path, files)
}

/// Whether there is a file at a path. A directory does not count (kubeadm behaviour).
///
/// # Errors
/// The path cannot be looked at.
pub fn has_file(path: &str, files: &dyn Files) -> WorldResult<bool> {
    let found = files.stat(path)?;
    Ok(found.is_some_and(|file| file.kind != "directory"))
}

/// Returns the paths that a renewal changes. The first is the path of the certificate, or of the
/// kubeconfig that holds it.
pub(super) fn paths_of(spec: &RenewalSpec) -> Vec<String> {
    match &spec.file {
        RenewedFile::Certificate { base } => {
            let pair = pair_of(spec, base);
            vec![pair.path("crt"), pair.path("key")]
        }
        RenewedFile::Kubeconfig { path } => vec![path.clone()],
    }
}

fn pair_of<'a>(spec: &'a RenewalSpec, base: &'a str) -> PairFiles<'a> {
    PairFiles {
        directory: &spec.directory,
        base,
    }
}

fn read<'a>(spec: &'a RenewalSpec, files: &dyn Files) -> WorldResult<Existing<'a>> {
    match &spec.file {
        RenewedFile::Certificate { base } => {
            let pair = pair_of(spec, base);
            let crt = pair.path("crt");
            let pem = read_text(files, &crt)?.unwrap_or_default();
            let certificate = Certificate::from_pem(&pem).map_err(|why| {
                let message = format!(
                    "failed to load existing certificate {base}: error reading {crt}: {why}"
                );
                unreadable(message, &crt)
            })?;
            Ok(Existing::InFile(certificate, pair))
        }
        RenewedFile::Kubeconfig { path } => {
            let kubeconfig = read_kubeconfig(files, path).map_err(|failure| Failure {
                message: format!("failed to load kubeConfig file {path}: {}", failure.message),
                ..failure
            })?;
            let kubeconfig = kubeconfig.ok_or_else(|| {
                let message = format!("failed to load kubeConfig file {path}: it does not exist");
                Failure::new(FailureCode::NotFound, message)
            })?;
            let certificate = kubeconfig
                .client_certificate(path)
                .map_err(|why| unreadable(why, path))?;
            Ok(Existing::InKubeconfig(certificate, kubeconfig, path))
        }
    }
}

/// Returns the failure for a file that cannot be read or renewed.
fn unreadable(message: String, path: &str) -> Failure {
    Failure {
        remedy: Some(format!(
            "put a valid file at {path}, or move {path} away and have it made with `init phase`"
        )),
        ..Failure::new(FailureCode::Invalid, message)
    }
}
