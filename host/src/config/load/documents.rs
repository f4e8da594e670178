//! Reads the documents of a configuration file for `init`.
use crate::config::{
    Config, Document, PhaseConfiguration, Problems,
    component::ComponentKind,
    document_kinds,
    documents::GROUP,
    phases,
    read::{Diagnostics, accepts_version},
    validate,
};
use kubephase_sdk::kubeadm::ClusterConfiguration;
use serde_json::Value;

/// The documents of a file, without defaults.
#[derive(Default)]
pub(in crate::config) struct Documents {
    pub config: Config,
    pub phases: PhaseConfiguration,
    pub kubelet: Option<Value>,
    pub kube_proxy: Option<Value>,
    /// whether the operator's file has an InitConfiguration or a ClusterConfiguration
    pub has_init_or_cluster: bool,
    /// `apiServer.timeoutForControlPlane` of v1beta3, which v1beta4 has in another document
    pub api_server_timeout: Option<Value>,
}

impl Documents {
    /// Reads documents, and reports their problems.
    pub fn read(documents: &[Document], diagnostics: &mut Diagnostics) -> Documents {
        let mut read = Documents::default();
        for document in documents {
            match (document.group(), document.kind.as_str()) {
                (GROUP, "InitConfiguration") if accepts_version(document, diagnostics) => {
                    read.has_init_or_cluster |= !document.is_of_machine;
                    let tokens = validate::empty_tokens(&document.tree.value());
                    diagnostics.problems.extend(tokens);
                    read.config.init = diagnostics
                        .decode(document, &document_kinds::INIT)
                        .map(|(init, _)| init)
                        .unwrap_or_default();
                }
                (GROUP, "ClusterConfiguration") if accepts_version(document, diagnostics) => {
                    read.has_init_or_cluster |= !document.is_of_machine;
                    let decoded: Option<(ClusterConfiguration, _)> =
                        diagnostics.decode(document, &document_kinds::CLUSTER);
                    (read.config.cluster, read.api_server_timeout) = decoded.unwrap_or_default();
                }
                // `accepts_version` reported the problem.
                (GROUP, "InitConfiguration" | "ClusterConfiguration") => {
                    read.has_init_or_cluster = true
                }
                (_, "KubeletConfiguration") => {
                    read.kubelet = component_document(document, ComponentKind::Kubelet, diagnostics)
                }
                (_, "KubeProxyConfiguration") => {
                    read.kube_proxy =
                        component_document(document, ComponentKind::KubeProxy, diagnostics)
                }
                (_, phases::KIND) => match phases::read(document) {
                    Ok(phases) => read.phases = phases,
                    Err(Problems(problems)) => diagnostics.problems.extend(problems),
                },
                _ => diagnostics.warn_ignored(document),
            }
        }
        read
    }
}

/// Returns a component's document, if its version is supported and its fields have the right types.
pub(in crate::config) fn component_document(
    document: &Document,
    kind: ComponentKind,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    if document.api_version != kind.api_version() {
        let message = format!(
            "unsupported apiVersion {:?}, you may have to do manual conversion to {:?} and run \
             kubeadm again",
            document.api_version,
            kind.api_version()
        );
        diagnostics.add_fatal(document.problem("apiVersion", message));
        return None;
    }
    diagnostics.check_types(document, kind.schema())
}
