//! Nodes with valid credentials that cannot get their name or their keys.
use crate::inviting_cluster::{CERTIFICATE_KEY, InvitingCluster};
use harness::RunOutput;
use kubephase_wit::ObjectRef;
use serde_json::{Value, json};

/// Returns a Node that is ready, under the name of a machine that joins.
fn ready_node(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    })
}

/// Returns `controlPlane` of a `JoinConfiguration` with this certificate key.
pub fn control_plane(key: &str) -> Value {
    json!({
        "certificateKey": key,
        "localAPIEndpoint": {"advertiseAddress": "192.0.2.3"},
    })
}

/// Checks that a join failed in a phase, with a reason and a remedy.
#[track_caller]
fn expect_failed_phase(output: &RunOutput, reason: &str, remedy: &str) {
    let printed = output.printed();
    assert_eq!(output.status, 5, "{printed}");
    for part in [reason, remedy] {
        assert!(output.stderr.contains(part), "{part}: {printed}");
    }
    assert!(!printed.contains(CERTIFICATE_KEY), "the key is printed");
}

#[test]
fn a_name_that_another_node_has_is_refused_with_a_remedy() {
    let cluster = InvitingCluster::start();
    cluster.as_admin(|api| api.create(&ready_node("taken")));
    expect_failed_phase(
        &cluster.join_with_valid_credentials("taken", &json!(null)),
        "a Node with name \"taken\" and status \"Ready\" already exists",
        "kubectl delete node taken",
    );
}

#[test]
fn keys_of_the_control_plane_that_cannot_be_fetched_are_errors_with_a_remedy() {
    let cluster = InvitingCluster::start();
    let upload = "kubephase init phase upload-certs --upload-certs";
    let wrong_key = CERTIFICATE_KEY.replace("e6a2", "ffff");
    let output = cluster.join_with_valid_credentials("newcomer", &control_plane(&wrong_key));
    expect_failed_phase(
        &output,
        "error decoding secret data with provided key",
        upload,
    );
    assert!(!output.stderr.contains(&wrong_key) && !output.stdout.contains(&wrong_key));
    expect_failed_phase(
        &cluster.join_with_valid_credentials("newcomer", &control_plane("")),
        "/etc/kubernetes/pki/ca.crt is missing",
        "give the certificate key that `init --upload-certs` printed",
    );
    let secret = ObjectRef::secret("kube-system", "kubeadm-certs");
    cluster.as_admin(|api| api.delete(&secret, None));
    expect_failed_phase(
        &cluster.join_with_valid_credentials("newcomer", &control_plane(CERTIFICATE_KEY)),
        "Secret \"kubeadm-certs\" was not found in the \"kube-system\" Namespace",
        upload,
    );
}
