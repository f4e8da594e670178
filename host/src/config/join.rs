//! The configuration with which a node joins: a JoinConfiguration, flags, or both. The rest of the
//! node's configuration is in the cluster; see `from_cluster`.
mod configuration;
mod discovery;
mod flags;

pub use configuration::{
    ControlPlane, Discovery, FileDiscovery, JoinConfiguration, TokenDiscovery,
};
pub use discovery::parse_ca_hash;
pub use flags::JoinFlags;

use super::{
    ConfigFile, Document, PhaseConfiguration, Problem, Problems, defaults, document_kinds,
    documents::GROUP,
    file::documents_of,
    flags::check_not_mixed,
    load::merge_ignored_checks,
    phases, phases_of_cluster,
    read::{Diagnostics, Strictness, accepts_version},
    validate as rules,
};
use crate::world::node::facts::NodeFacts;
use flags::set_flags;

/// The configuration of a node that joins, before the cluster is found.
#[derive(Debug)]
pub struct LoadedJoin {
    /// the configuration with its secrets
    pub join: JoinConfiguration,
    pub phases: PhaseConfiguration,
    /// the document of `phases`, if only the machine's own files have it
    pub machine_phases: Option<Document>,
    pub warnings: Vec<Problem>,
}

/// Reads, completes and validates the configuration of a node that joins.
///
/// # Errors
/// There are problems; all are reported.
pub fn load_join(
    file: Option<&ConfigFile>,
    flags: &JoinFlags,
    node: &NodeFacts,
) -> Result<LoadedJoin, Problems> {
    check_not_mixed(file, &flags.flags_instead_of_config())?;
    let mut diagnostics = Diagnostics::new(Strictness::Lenient);
    let documents = documents_of(file, &mut diagnostics)?;
    let (join, phases) = read_documents(documents, &mut diagnostics);
    let named = file.and_then(ConfigFile::operator_file);
    if let Some(file) = named
        && !documents.iter().any(is_of_operator)
    {
        let message = "no JoinConfiguration found in the supplied config: add a document with \
            `kind: JoinConfiguration`, or join with flags instead of --config";
        diagnostics.add_fatal(Problem::new("", message).with_file(file));
    }
    if diagnostics.broken {
        return Err(Problems(diagnostics.problems));
    }
    let mut join = join.unwrap_or_default();
    if named.is_none() {
        set_flags(&mut join, flags, &mut diagnostics);
    }
    if let Some(name) = &flags.node_name {
        join.node_registration.name.clone_from(name);
    }
    if !flags.skip_phases.is_empty() {
        join.skip_phases.clone_from(&flags.skip_phases);
    }
    join.dry_run = flags.dry_run.unwrap_or(join.dry_run);
    complete(&mut join, node, &mut diagnostics);
    if let Some(control_plane) = &join.control_plane {
        diagnostics.problems.extend(defaults::check_bind_address(
            &control_plane.local_api_endpoint,
            "controlPlane.localAPIEndpoint.advertiseAddress",
        ));
    }
    let registration = &mut join.node_registration;
    diagnostics.problems.extend(merge_ignored_checks(
        &mut registration.ignore_preflight_errors,
        &flags.ignore_preflight_errors,
    ));
    let warnings = diagnostics.finish(documents)?;
    Ok(LoadedJoin {
        join,
        phases,
        machine_phases: phases_of_cluster::of_machine(documents),
        warnings,
    })
}

/// Whether the document is a JoinConfiguration of the operator's file.
fn is_of_operator(document: &Document) -> bool {
    document.is_kubeadm("JoinConfiguration") && !document.is_of_machine
}

/// Reads the documents of a file. Returns its JoinConfiguration and its PhaseConfiguration. If the
/// JoinConfiguration cannot be used, the returned one has no values.
fn read_documents(
    documents: &[Document],
    diagnostics: &mut Diagnostics,
) -> (Option<JoinConfiguration>, PhaseConfiguration) {
    let (mut join, mut phases) = (None, PhaseConfiguration::default());
    for document in documents {
        match (document.group(), document.kind.as_str()) {
            (GROUP, "JoinConfiguration") => {
                join = Some(decode(document, diagnostics).unwrap_or_default());
            }
            (_, phases::KIND) => match phases::read(document) {
                Ok(read) => phases = read,
                Err(Problems(problems)) => diagnostics.problems.extend(problems),
            },
            _ => diagnostics.warn_ignored(document),
        }
    }
    (join, phases)
}

/// Decodes the document, without defaults.
pub(super) fn decode(
    document: &Document,
    diagnostics: &mut Diagnostics,
) -> Option<JoinConfiguration> {
    if !accepts_version(document, diagnostics) {
        return None;
    }
    diagnostics
        .decode(document, &document_kinds::JOIN)
        .map(|(join, _)| join)
}

/// Fills in the defaults, including those that depend on the node, and collects problems.
pub(super) fn complete(
    join: &mut JoinConfiguration,
    node: &NodeFacts,
    diagnostics: &mut Diagnostics,
) {
    defaults::complete_registration(&mut join.node_registration);
    defaults::complete_timeouts(&mut join.timeouts);
    if join.ca_cert_path.is_empty() {
        join.ca_cert_path = format!("{}/ca.crt", defaults::CERTIFICATES_DIR);
    }
    if join.discovery.tls_bootstrap_token.is_empty()
        && let Some(token) = &join.discovery.bootstrap_token
    {
        join.discovery.tls_bootstrap_token.clone_from(&token.token);
    }
    diagnostics.problems.extend(
        defaults::complete_on_node(&mut join.node_registration, node, &mut diagnostics.warnings)
            .err(),
    );
    diagnostics
        .problems
        .extend(rules::registration(&join.node_registration));
    if let Some(ControlPlane {
        local_api_endpoint: endpoint,
        certificate_key,
    }) = &mut join.control_plane
    {
        if endpoint.bind_port == 0 {
            endpoint.bind_port = defaults::BIND_PORT;
        }
        let path = "controlPlane.localAPIEndpoint";
        match defaults::choose_advertise_address(
            endpoint,
            node,
            &format!("{path}.advertiseAddress"),
            &mut diagnostics.warnings,
        ) {
            Ok(()) => diagnostics.problems.extend(rules::endpoint(path, endpoint)),
            Err(problem) => diagnostics.problems.push(problem),
        }
        diagnostics.problems.extend(rules::certificate_key(
            "controlPlane.certificateKey",
            certificate_key,
        ));
    }
    if let Some(file) = &mut join.discovery.file {
        file.replace_file_url();
    }
    discovery::check_discovery(&join.discovery, &mut diagnostics.problems);
    if !(join.ca_cert_path.starts_with('/') && join.ca_cert_path.ends_with(".crt")) {
        let message = "the ca certificate path must be an absolute path";
        diagnostics
            .problems
            .push(Problem::invalid("caCertPath", &join.ca_cert_path, message));
    }
}
