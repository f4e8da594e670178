//! Valid arguments for every function that takes texts, so that a case can make one of them
//! hostile.
use serde_json::{Value, json};

/// Valid arguments of a function, and how many of them, from the first on, are texts.
pub struct ValidArguments {
    pub values: Vec<Value>,
    pub texts: Vec<usize>,
}

/// Returns arguments that are all texts.
fn texts<const N: usize>(values: [&str; N]) -> ValidArguments {
    ValidArguments {
        values: values.map(Value::from).to_vec(),
        texts: (0..N).collect(),
    }
}

/// Returns arguments of which the first `count` are texts.
fn mixed(values: Value, count: usize) -> ValidArguments {
    let Value::Array(values) = values else {
        panic!("{values} is not a list of arguments");
    };
    ValidArguments {
        values,
        texts: (0..count).collect(),
    }
}

/// Returns valid arguments of a function; `None` if it takes no text that could be misused.
///
/// # Panics
/// If the gate table has a function that is not listed here.
pub fn valid_arguments(capability: &str) -> Option<ValidArguments> {
    if is_without_texts(capability) {
        return None;
    }
    let interface = capability.split('.').next().unwrap_or_default();
    let arguments = match interface {
        "input" | "report" => input_or_report(capability),
        "effects-files" | "effects-pki" | "effects-cluster" => file_or_object_proposal(capability),
        _ if interface.starts_with("effects-") => node_proposal(capability),
        _ => observation(capability),
    };
    Some(
        arguments.unwrap_or_else(|| {
            panic!("{capability} is new in the gate table: give it arguments here")
        }),
    )
}

/// Whether a function takes only numbers, or texts for people. The host prints such texts
/// (`../manifests/` and `../identity/` check them).
fn is_without_texts(capability: &str) -> bool {
    matches!(
        capability,
        "input.phase-id"
            | "input.round"
            | "input.settings"
            | "observe-net.port-free"
            | "observe-runtime.runtime-status"
            | "observe-runtime.runtime-config"
            | "effects.requires"
            | "effects-files.file-mode"
            | "effects-files.file-owner"
            | "report.message"
            | "report.submit"
            | "report.progress"
            | "effects.because"
            | "effects.announce"
    )
}

fn input_or_report(capability: &str) -> Option<ValidArguments> {
    Some(match capability {
        "input.config" => texts(["/cluster"]),
        "input.patched" => texts(["kube-apiserver", "{}"]),
        "input.fact" => texts(["preflight", "name"]),
        "report.set-fact" => texts(["name", "1"]),
        _ => return None,
    })
}

fn observation(capability: &str) -> Option<ValidArguments> {
    Some(match capability {
        "observe-node.node-fact" => texts(["cpus"]),
        "observe-node.sysctl" => texts(["net.ipv4.ip_forward"]),
        "observe-node.kernel-option" => texts(["BRIDGE"]),
        "observe-node.service" => texts(["kubelet"]),
        "observe-files.stat"
        | "observe-files.read-file"
        | "observe-files.list-dir"
        | "observe-pki.certificate"
        | "observe-pki.private-key"
        | "observe-pki.kubeconfig" => texts(["/var/lib/kubephase-plugins/hostile/x"]),
        "observe-net.resolve" => texts(["localhost"]),
        "observe-net.proxy-for" => texts(["https://example.com/"]),
        "observe-net.http-get" => mixed(json!(["http://127.0.0.1:1/", 100]), 1),
        "observe-net.http-get-as" => mixed(json!(["https://127.0.0.1:1/", "", "", "", 100]), 4),
        "observe-runtime.image-present" => texts(["registry.example/x:1"]),
        "observe-cluster.get-object" => texts(["v1", "ConfigMap", "default", "x"]),
        "observe-cluster.list-objects" => texts(["v1", "ConfigMap", "default", "a=b"]),
        "observe-command.run-command" => mixed(json!(["hostile-tool", ["fair"]]), 2),
        _ => return None,
    })
}

fn file_or_object_proposal(capability: &str) -> Option<ValidArguments> {
    let certificate = json!({
        "directory": "/var/lib/kubephase-plugins/hostile",
        "name": "x",
        "authority": "ca",
        "commonName": "reader",
        "algorithm": "ECDSA-P256",
        "validitySeconds": 60,
    });
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "namespace": "default"},
    });
    Some(match capability {
        "effects-files.write-file" => {
            mixed(json!(["/var/lib/kubephase-plugins/hostile/x", "x"]), 1)
        }
        "effects-files.make-dir" | "effects-files.remove-file" => {
            texts(["/var/lib/kubephase-plugins/hostile/x"])
        }
        "effects-files.set-mode" => {
            mixed(json!(["/var/lib/kubephase-plugins/hostile/x", 0o600]), 1)
        }
        "effects-pki.ensure-certificate" => texts([&certificate.to_string()]),
        "effects-pki.ensure-key-pair"
        | "effects-pki.ensure-kubeconfig"
        | "effects-pki.ensure-rotated-kubeconfig" => texts(["{}"]),
        "effects-cluster.apply-object" => texts([&object.to_string()]),
        "effects-cluster.patch-object" => texts(["v1", "ConfigMap", "default", "x", "{}"]),
        "effects-cluster.delete-object" => texts(["v1", "ConfigMap", "default", "x"]),
        "effects-cluster.if-exists" => ValidArguments {
            values: vec![json!(0), json!("update")],
            texts: vec![1],
        },
        _ => return None,
    })
}

fn node_proposal(capability: &str) -> Option<ValidArguments> {
    Some(match capability {
        "effects-command.execute" => mixed(json!(["hostile-tool", ["fair"]]), 2),
        "effects-node.ensure-service" => texts(["kubelet.service", "running"]),
        "effects-node.set-sysctl" => texts(["net.ipv4.ip_forward", "1"]),
        "effects-node.load-module" => texts(["br_netfilter"]),
        "effects-images.pull-image" => texts(["registry.example/x:1"]),
        _ => return None,
    })
}
