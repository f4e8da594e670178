//! `cluster/api-server` and `cluster/configuration`: whether the API server answers, and whether
//! the cluster keeps what machines that join or are upgraded need.
use super::{cluster_needed, read, report_all, unseen};
use crate::{
    pki::{Certificate, Kubeconfig},
    program,
};
use kubephase_sdk::{
    Failure, Finding, ObjectRef, Outcome, Verdict, cluster, codes,
    finding::{With, concern, fail, pass},
    kubeadm::{Config, Doctor},
    observe_files, pki, report,
};
use serde_json::Value;

/// The phase `cluster/api-server`: checks that the API server answers this node.
///
/// # Errors
/// The host cannot answer a question.
pub fn check_api_server() -> Result<Outcome, Failure> {
    let (config, doctor) = read()?;
    let path = &config.run.kubeconfig;
    let server = pki::kubeconfig(path).ok().flatten();
    let server = server.map(|facts| facts.server).unwrap_or_default();
    let code = codes::API_SERVER;
    let finding = if doctor.has_api() {
        pass(code, format!("{server} answers"))
    } else {
        fail(code, &doctor.api_problem).remedy(remedy(&doctor, &server))
    };
    report::submit(
        &finding
            .evidence("kubeconfig", path)
            .evidence("server", server),
    );
    Ok(Outcome::Settled)
}

fn remedy(doctor: &Doctor, server: &str) -> String {
    if !doctor.api_remedy.is_empty() {
        return doctor.api_remedy.clone();
    }
    if doctor.control_plane {
        return "the findings about kube-apiserver, etcd and the kubelet of this machine say what \
                keeps it from answering; mend those first"
            .to_owned();
    }
    format!(
        "check from this machine that {server} can be reached (`curl -k {server}/livez`): its \
         name, the route, a firewall, the load balancer; then run `{}` on a member of the control \
         plane",
        program::command("doctor")
    )
}

/// The phase `cluster/configuration`: checks that the cluster keeps its configuration, and that
/// machines that join find the cluster.
///
/// # Errors
/// The host cannot answer a question.
pub fn check_configuration() -> Result<Outcome, Failure> {
    let (config, doctor) = read()?;
    let maps = [
        (
            codes::KUBEADM_CONFIG,
            "kube-system",
            "kubeadm-config",
            "ClusterConfiguration",
        ),
        (
            codes::KUBELET_CONFIG,
            "kube-system",
            "kubelet-config",
            "kubelet",
        ),
    ];
    for (code, namespace, name, key) in maps {
        let finding = cluster_needed(code, &doctor);
        let finding = finding.unwrap_or_else(|| check_map(code, namespace, name, key));
        report::submit(&match doctor.configuration_problem.as_str() {
            problem if is_own_problem(code, problem, &finding) => {
                let edit = format!("kubectl -n {namespace} edit configmap {name}");
                fail(code, problem).remedy(format!("correct it with `{edit}`"))
            }
            _ => finding,
        });
    }
    if !doctor.control_plane {
        // The credentials of a kubelet may not read it; machines that join read it without any.
        return Ok(Outcome::Settled);
    }
    let code = codes::CLUSTER_INFO;
    let finding = cluster_needed(code, &doctor);
    report_all([finding.unwrap_or_else(|| check_cluster_info(&config))]);
    Ok(Outcome::Settled)
}

/// Whether a problem of the configuration comes from the content of this ConfigMap, which exists.
fn is_own_problem(code: &str, problem: &str, finding: &Finding) -> bool {
    !problem.is_empty() && code == codes::KUBEADM_CONFIG && finding.verdict == Verdict::Pass
}

/// Checks a ConfigMap with the configuration of the cluster.
fn check_map(code: &str, namespace: &str, name: &str, key: &str) -> Finding {
    let upload = if name == "kubelet-config" {
        "init phase upload-config kubelet"
    } else {
        "init phase upload-config kubeadm"
    };
    let remedy = format!(
        "without it no machine can join or be upgraded; write it anew with `{}`",
        program::command(&format!("{upload} --config FILE"))
    );
    let map = match cluster::get_object(&ObjectRef::config_map(namespace, name)) {
        Ok(Some(map)) => map,
        Ok(None) => {
            let message = format!("the ConfigMap {namespace}/{name} does not exist");
            return fail(code, message).remedy(remedy);
        }
        Err(failure) => return unseen(code, failure),
    };
    if map["data"][key].as_str().is_none_or(str::is_empty) {
        let message = format!("the ConfigMap {namespace}/{name} has no {key}");
        return fail(code, message).remedy(remedy);
    }
    pass(code, format!("the ConfigMap {namespace}/{name} is there"))
}

/// `ClusterInfo`: checks the ConfigMap by which machines that join find the cluster.
fn check_cluster_info(config: &Config) -> Finding {
    let code = codes::CLUSTER_INFO;
    let remedy = format!(
        "machines that join with a token trust what it says; write it anew with `{}`",
        program::command("init phase bootstrap-token")
    );
    let map = match cluster::get_object(&ObjectRef::cluster_info()) {
        Ok(Some(map)) => map,
        Ok(None) => {
            let message = "the ConfigMap kube-public/cluster-info does not exist, so machines can \
                join by a file only";
            return concern(code, message).remedy(remedy);
        }
        Err(failure) => return unseen(code, failure),
    };
    let problems = problems_of_cluster_info(&map, config);
    if problems.is_empty() {
        return pass(code, "it names the control plane and its authority");
    }
    fail(code, problems.join("; ")).remedy(remedy)
}

fn problems_of_cluster_info(map: &Value, config: &Config) -> Vec<String> {
    let text = map["data"]["kubeconfig"].as_str().unwrap_or_default();
    let kubeconfig = match Kubeconfig::parse(text, "the kubeconfig in cluster-info") {
        Ok(kubeconfig) => kubeconfig,
        Err(failure) => return vec![failure.message],
    };
    let Some(entry) = kubeconfig.main_cluster() else {
        return vec!["its kubeconfig names no cluster".to_owned()];
    };
    let mut problems = Vec::new();
    let (server, wanted) = (
        entry["server"].as_str().unwrap_or_default(),
        config.run.control_plane_url.as_str(),
    );
    // Without a controlPlaneEndpoint, each member of the control plane names itself.
    let has_endpoint = !config.cluster.control_plane_endpoint.is_empty();
    if has_endpoint && server != wanted {
        problems.push(format!("it names the server {server} instead of {wanted}"));
    }
    let path = format!("{}/ca.crt", config.cluster.certificates_dir);
    let own = keys(&observe_files::read_file(&path).unwrap_or_default());
    let pem = kubeconfig.data(entry, "certificate-authority", &|_| Ok(Vec::new()));
    let published = keys(&pem.ok().flatten().unwrap_or_default());
    if published.is_empty() {
        problems.push("it names no authority".to_owned());
    } else if !own.is_empty() && !own.iter().any(|key| published.contains(key)) {
        problems.push(format!("its authority is not the one of {path}"));
    }
    problems
}

/// Returns the digests of the public keys of all certificates in a PEM text.
fn keys(pem: &[u8]) -> Vec<String> {
    let all = Certificate::parse_all(&String::from_utf8_lossy(pem)).unwrap_or_default();
    let certificates = all.into_iter().map(Certificate::from_der);
    certificates
        .map(|certificate| certificate.public_key_sha256())
        .collect()
}
