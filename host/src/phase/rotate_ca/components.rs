//! Restarts of the components of the control plane that read the authorities or their certificates
//! only when they start, by an annotation of their static Pods. A Pod that has the annotation of
//! the stage was restarted already, also if the run was killed after that.
use super::{Exchange, LABEL};
use crate::{
    phase::upgrade::{FirstGroup, PodChange, propose_changes},
    render::static_pod::{CONTROL_PLANE, manifest_path, mirror_reference},
    text::yaml as parse,
};
use kubephase_sdk::{
    Failure, Outcome,
    kubeadm::{ClusterAuthority, RotationStage},
    observe_cluster, observe_files, say,
    spec::exchange_file::SIGNER,
    yaml,
};
use serde_json::Value;

const HASH_ANNOTATION: &str = "kubernetes.io/config.hash";
const SIGNING_FLAG: &str = "--cluster-signing-cert-file=";

/// Returns the components that use an authority.
fn components_of(authority: ClusterAuthority) -> &'static [&'static str] {
    match authority {
        ClusterAuthority::Ca => &CONTROL_PLANE,
        // The controller manager serves requests that an API server passes on.
        ClusterAuthority::FrontProxyCa => &["kube-apiserver", "kube-controller-manager"],
        ClusterAuthority::EtcdCa => &["etcd", "kube-apiserver"],
    }
}

/// `…/components`: proposes to restart the components that use the authority, in two groups: etcd
/// and the API server, and when both are ready, the others.
pub(super) fn restart(exchange: &Exchange) -> Result<Outcome, Failure> {
    let mut changes = Vec::new();
    for component in components_of(exchange.rotation.authority) {
        let path = manifest_path(component);
        if observe_files::stat(&path)?.is_none() {
            say(format!(
                "[{LABEL}] {path} does not exist: {component} is not restarted"
            ));
            continue;
        }
        let manifest = observe_files::read_file(&path)?;
        let line = format!("[{LABEL}] Restarting {component}, and waiting until it is ready");
        changes.push(PodChange {
            component,
            manifest: StartOfStage::of(exchange).manifest(&manifest),
            replaced_hash: hash_to_replace(component, exchange)?,
            line: Some(line),
        });
    }
    propose_changes(&exchange.config, &changes, FirstGroup::ApiServer)?;
    Ok(Outcome::Settled)
}

/// Returns the hash of the Pod that runs, if it did not start in this stage.
fn hash_to_replace(component: &str, exchange: &Exchange) -> Result<Option<String>, Failure> {
    let node = &exchange.config.init.node_registration.name;
    let pod = observe_cluster::get_object(&mirror_reference(component, node))?;
    let pod: Value = pod
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let annotations = &pod["metadata"]["annotations"];
    let start = StartOfStage::of(exchange);
    let hash = annotations[HASH_ANNOTATION].as_str().map(str::to_owned);
    let is_of_stage = annotations[start.annotation].as_str() == start.value();
    Ok(hash.filter(|_| !is_of_stage))
}

/// The start of the components of a node in a stage.
struct StartOfStage<'a> {
    stage: RotationStage,
    /// the annotation of a static Pod with the stage in which it started
    annotation: &'static str,
    /// the certificates directory
    directory: &'a str,
    /// whether the controller manager signs with the authority
    signs: bool,
}

impl StartOfStage<'_> {
    fn of(exchange: &Exchange) -> StartOfStage<'_> {
        StartOfStage {
            stage: exchange.rotation.stage,
            annotation: exchange.annotations().stage,
            directory: &exchange.config.cluster.certificates_dir,
            signs: exchange.rotation.authority == ClusterAuthority::Ca,
        }
    }

    /// Returns the value of the annotation. The manifest of the last stage is the original one.
    fn value(&self) -> Option<&'static str> {
        (self.stage != RotationStage::Drop).then(|| self.stage.name())
    }

    /// Returns the manifest of a static Pod for the stage: with its annotation, and with the
    /// certificate that the controller manager signs with, which is not `ca.crt` while that has two
    /// authorities.
    fn manifest(&self, manifest: &[u8]) -> Vec<u8> {
        let Ok(mut pod) = parse::value(&String::from_utf8_lossy(manifest)) else {
            return manifest.to_vec();
        };
        match self.value() {
            Some(value) => pod["metadata"]["annotations"][self.annotation] = value.into(),
            None => remove_annotation(self.annotation, &mut pod),
        }
        if self.signs {
            self.choose_signer(&mut pod);
        }
        yaml::to_string(&pod).into_bytes()
    }

    fn choose_signer(&self, pod: &mut Value) {
        let directory = self.directory;
        let [shared, alone] =
            ["ca.crt", SIGNER].map(|name| format!("{SIGNING_FLAG}{directory}/{name}"));
        let wanted = match self.stage {
            RotationStage::Drop => &shared,
            _ => &alone,
        };
        let command = pod.pointer_mut("/spec/containers/0/command");
        for word in command.and_then(Value::as_array_mut).into_iter().flatten() {
            if *word == shared.as_str() || *word == alone.as_str() {
                *word = wanted.as_str().into();
            }
        }
    }
}

/// Removes an annotation, and the map of annotations if it was the only one.
fn remove_annotation(name: &str, pod: &mut Value) {
    let annotations = pod.pointer_mut("/metadata/annotations");
    let Some(annotations) = annotations.and_then(Value::as_object_mut) else {
        return;
    };
    annotations.remove(name);
    if annotations.is_empty()
        && let Some(metadata) = pod["metadata"].as_object_mut()
    {
        metadata.remove("annotations");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "apiVersion: v1
kind: Pod
metadata:
  name: m
spec:
  containers:
  - command:
    - kube-controller-manager
    - --client-ca-file=/pki/ca.crt
    - --cluster-signing-cert-file=/pki/ca.crt
    name: m
";

    fn of_stage(manifest: &[u8], stage: RotationStage) -> Vec<u8> {
        StartOfStage {
            stage,
            annotation: "kubephase.dev/authority-stage",
            directory: "/pki",
            signs: true,
        }
        .manifest(manifest)
    }

    #[test]
    fn only_what_signs_is_another_file_and_the_last_manifest_is_the_first() {
        let trust = of_stage(MANIFEST.as_bytes(), RotationStage::Trust);
        let text = String::from_utf8(trust.clone()).unwrap();
        assert!(
            text.contains("--cluster-signing-cert-file=/pki/ca-signer.crt\n"),
            "{text}"
        );
        assert!(text.contains("--client-ca-file=/pki/ca.crt\n"), "{text}");
        let reissue = of_stage(&trust, RotationStage::Reissue);
        assert_ne!(trust, reissue, "the Pod is restarted in each stage");
        let last = of_stage(&reissue, RotationStage::Drop);
        let first = parse::value(MANIFEST).unwrap();
        assert_eq!(
            parse::value(&String::from_utf8(last).unwrap()).unwrap(),
            first
        );
    }

    #[test]
    fn an_authority_of_the_operator_goes_on_signing() {
        let own = MANIFEST.replace("cert-file=/pki/ca.crt", "cert-file=/own/ca.crt");
        let trust = of_stage(own.as_bytes(), RotationStage::Trust);
        assert!(
            String::from_utf8(trust)
                .unwrap()
                .contains("cert-file=/own/ca.crt")
        );
    }

    #[test]
    fn a_manifest_that_is_not_yaml_stays() {
        assert_eq!(of_stage(b"{", RotationStage::Trust), b"{");
    }
}
