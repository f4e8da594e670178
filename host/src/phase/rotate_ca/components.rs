//! Restarts of what reads the authorities or its certificate only when it starts: the components of
//! the control plane, by an annotation of their static Pods, and kube-proxy and CoreDNS. A Pod that
//! has the annotation of the stage was restarted already, also if the run was killed after that.
use super::{Exchange, LABEL};
use crate::{
    phase::{
        upgrade::{images_of, limit_of_manifests},
        wait_control_plane::propose_wait,
    },
    render::{
        objects::TRUSTED_AUTHORITIES,
        static_pod::{CONTROL_PLANE, manifest_path},
    },
    text::yaml as parse,
};
use kubephase_sdk::{
    Failure, ObjectRef, Outcome, effects, effects_cluster, effects_core,
    kubeadm::RotationStage,
    observe_cluster, observe_files, say,
    spec::{Condition, exchange_file::SIGNER},
    yaml,
};
use serde_json::{Value, json};

/// The annotation of a static Pod with the stage of the exchange in which it started.
const STAGE_ANNOTATION: &str = "kubephase.dev/authority-stage";
const HASH_ANNOTATION: &str = "kubernetes.io/config.hash";
const SIGNING_FLAG: &str = "--cluster-signing-cert-file=";

/// `…/components`
pub(super) fn restart(exchange: &Exchange) -> Result<Outcome, Failure> {
    let stage = exchange.rotation.stage;
    for component in CONTROL_PLANE {
        let path = manifest_path(component);
        if observe_files::stat(&path)?.is_none() {
            say(format!(
                "[{LABEL}] {path} does not exist: {component} is not restarted"
            ));
            continue;
        }
        let manifest = observe_files::read_file(&path)?;
        let directory = &exchange.config.cluster.certificates_dir;
        let changed = manifest_of_stage(&manifest, stage, directory);
        let pod = effects_core::static_pod(component, &changed)?;
        let line = format!("[{LABEL}] Restarting {component}, and waiting until it is ready");
        effects::announce(pod, &line)?;
        let condition = Condition::StaticPod {
            component: component.to_owned(),
            node: exchange.config.init.node_registration.name.clone(),
            images: images_of(&changed),
            replaced_hash: hash_to_replace(component, exchange)?,
        };
        propose_wait(condition, limit_of_manifests(&exchange.config).as_secs())?;
    }
    Ok(Outcome::Settled)
}

/// Returns the hash of the Pod that runs, if it did not start in this stage.
fn hash_to_replace(component: &str, exchange: &Exchange) -> Result<Option<String>, Failure> {
    let pod = observe_cluster::get_object(&ObjectRef {
        api_version: "v1".into(),
        kind: "Pod".into(),
        namespace: Some("kube-system".into()),
        name: format!(
            "{component}-{}",
            exchange.config.init.node_registration.name
        ),
    })?;
    let pod: Value = pod
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let annotations = &pod["metadata"]["annotations"];
    let wanted = annotation_of(exchange.rotation.stage);
    let hash = annotations[HASH_ANNOTATION].as_str().map(str::to_owned);
    let is_of_stage = annotations[STAGE_ANNOTATION].as_str() == wanted;
    Ok(hash.filter(|_| !is_of_stage))
}

/// Returns the value of the annotation. The manifest of the last stage is the original one.
fn annotation_of(stage: RotationStage) -> Option<&'static str> {
    (stage != RotationStage::Drop).then(|| stage.name())
}

/// Returns the manifest of a static Pod for a stage: with its annotation, and with the certificate
/// that the controller manager signs with, which is not `ca.crt` while that has two authorities.
fn manifest_of_stage(manifest: &[u8], stage: RotationStage, directory: &str) -> Vec<u8> {
    let Ok(mut pod) = parse::value(&String::from_utf8_lossy(manifest)) else {
        return manifest.to_vec();
    };
    match annotation_of(stage) {
        Some(value) => pod["metadata"]["annotations"][STAGE_ANNOTATION] = value.into(),
        None => {
            let annotations = pod.pointer_mut("/metadata/annotations");
            if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
                annotations.remove(STAGE_ANNOTATION);
                if annotations.is_empty()
                    && let Some(metadata) = pod["metadata"].as_object_mut()
                {
                    metadata.remove("annotations");
                }
            }
        }
    }
    let [shared, alone] =
        ["ca.crt", SIGNER].map(|name| format!("{SIGNING_FLAG}{directory}/{name}"));
    let wanted = match stage {
        RotationStage::Drop => &shared,
        _ => &alone,
    };
    let command = pod.pointer_mut("/spec/containers/0/command");
    for word in command.and_then(Value::as_array_mut).into_iter().flatten() {
        if *word == shared.as_str() || *word == alone.as_str() {
            *word = wanted.as_str().into();
        }
    }
    yaml::to_string(&pod).into_bytes()
}

/// `…/workloads`: the last control plane of a stage restarts them, once the controller manager
/// publishes the authorities of the stage.
pub(super) fn restart_workloads(exchange: &Exchange) -> Result<Outcome, Failure> {
    if !exchange.rotation.is_last_control_plane {
        return Ok(Outcome::Skipped(
            "the last control plane that goes through this stage restarts them".into(),
        ));
    }
    let condition = Condition::AuthoritiesPublished {
        authorities: exchange.authorities()?,
    };
    propose_wait(condition, limit_of_manifests(&exchange.config).as_secs())?;
    let (trusted, _) = exchange.fingerprints()?;
    let patch = json!({ "spec": { "template": { "metadata": { "annotations": {
        TRUSTED_AUTHORITIES: trusted.join(","),
    } } } } });
    for (kind, name) in [("DaemonSet", "kube-proxy"), ("Deployment", "coredns")] {
        let reference = ObjectRef {
            api_version: "apps/v1".into(),
            kind: kind.into(),
            namespace: Some("kube-system".into()),
            name: name.into(),
        };
        if observe_cluster::get_object(&reference)?.is_some() {
            effects_cluster::patch_object(&reference, &patch.to_string())?;
        }
    }
    Ok(Outcome::Settled)
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
        manifest_of_stage(manifest, stage, "/pki")
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
