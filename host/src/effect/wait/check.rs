//! Checks whether a condition holds.
use crate::{
    arguments::HttpUrl,
    budget::Budget,
    effect::{
        Context,
        wait::{
            endpoint, kubelet_sync, not_ready,
            published::{are_published, published_authorities},
            remedy, retry, rollout, static_pod,
        },
    },
    pki::Certificate,
    program,
    render::static_pod::mirror_reference,
    world::{Cluster, Files, WorldResult, text_file::read_kubeconfig},
};
use kubephase_sdk::spec::{Condition, client_authorities};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::Value;
use std::time::Duration;

/// Time limit of one request to a health endpoint.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// Longest answer of a health endpoint that is read, in bytes.
const MAX_HEALTH_BYTES: usize = 1 << 20;

/// The result of a check that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// the condition holds; the flag says whether the check itself changed anything
    Holds {
        changed: bool,
    },
    NotYet,
}

impl Check {
    /// Returns the result of a check that changed nothing.
    fn unchanged(holds: bool) -> Check {
        if holds {
            Check::Holds { changed: false }
        } else {
            Check::NotYet
        }
    }
}

/// Returns the result of a check that fails until the condition holds.
fn holds(checked: WorldResult<()>) -> WorldResult<Check> {
    checked.map(|()| Check::unchanged(true))
}

/// Adds the remedy of a condition to a failure.
fn with_remedy(failure: Failure, condition: &Condition, context: &Context) -> Failure {
    Failure {
        remedy: Some(remedy(condition, context)),
        ..failure
    }
}

/// Checks a condition once.
///
/// # Errors
/// The condition cannot be checked. The failure is retryable if a later check may succeed.
pub(super) fn check(condition: &Condition, context: &Context) -> WorldResult<Check> {
    let cluster = context.world.cluster();
    match condition {
        Condition::Component { name, url } => check_component(name, url, context),
        Condition::Kubelet { url } => check_status(get_health(url, context).map_err(retry)?),
        Condition::KubeletSynced { node } => holds(kubelet_sync::check_kubelet(node, context)),
        Condition::NodeRegistered { name } => check_node(name, cluster),
        Condition::EtcdHealthy {} => check_etcd(context),
        Condition::Bootstrapped { kubeconfig } => {
            let files = context.world.files();
            Ok(Check::unchanged(has_certificate(kubeconfig, files)))
        }
        Condition::Containers { names } => check_containers(names, context),
        Condition::All { conditions } => check_all(conditions, context),
        Condition::StaticPod { .. }
        | Condition::StaticPodAnswers { .. }
        | Condition::StaticPodServes { .. } => check_static_pod(condition, context),
        Condition::AuthoritiesPublished { authorities } => {
            check_published_authorities(authorities, cluster)
        }
        Condition::ClientAuthorities {
            key,
            authorities,
            only,
        } => {
            let published = client_authorities_at(key, cluster)?;
            are_published(&published, authorities, *only).map(Check::unchanged)
        }
        Condition::ControlPlaneAnswers { url, authorities } => {
            let checked = endpoint::check_endpoint(url, authorities, context);
            holds(checked).map_err(|failure| with_remedy(failure, condition, context))
        }
        Condition::RolledOut { workload, name } => {
            let object = cluster.get(&rollout::reference(workload, name));
            holds(rollout::check(object.map_err(retry)?.as_ref()))
        }
        Condition::AdminReady {
            kubeconfig,
            super_admin,
        } => check_admin(kubeconfig, super_admin, context),
    }
}

/// Checks conditions, in their order. Each has to hold.
fn check_all(conditions: &[Condition], context: &Context) -> WorldResult<Check> {
    let mut changed = false;
    for condition in conditions {
        match check(condition, context)? {
            Check::Holds { changed: also } => changed |= also,
            Check::NotYet => return Ok(Check::NotYet),
        }
    }
    Ok(Check::Holds { changed })
}

/// Checks a condition about a static Pod: whether its container runs and answers, or whether its
/// mirror shows that it is ready.
fn check_static_pod(condition: &Condition, context: &Context) -> WorldResult<Check> {
    match condition {
        Condition::StaticPodAnswers {
            component,
            node,
            replaced_hash,
            url,
        } => {
            let is_new = |hash: &str| hash != replaced_hash;
            check_started((component, node), &is_new, context)?;
            check_answer(component, url, context)
        }
        Condition::StaticPodServes {
            component,
            node,
            hash,
            url,
        } => {
            let is_wanted = |uid: &str| hash.as_ref().is_none_or(|hash| hash == uid);
            check_started((component, node), &is_wanted, context)?;
            check_answer(component, url, context)
        }
        Condition::StaticPod {
            component,
            node,
            images,
            replaced_hash,
        } => {
            let pod = mirror_pod(component, node, context.world.cluster())?;
            let replaced = replaced_hash.as_deref();
            holds(static_pod::check(pod.as_ref(), images, replaced))
        }
        _ => Ok(Check::NotYet),
    }
}

/// Checks that more than half of the members of etcd answer.
fn check_etcd(context: &Context) -> WorldResult<Check> {
    let (healthy, all) = context.world.etcd().health().map_err(retry)?;
    if healthy * 2 > all {
        return Ok(Check::unchanged(true));
    }
    Err(not_ready(format!(
        "etcd cluster is not healthy: {healthy} of its {all} members answer"
    )))
}

/// Returns the authorities under a key of the ConfigMap that extension API servers read; empty if
/// there are none.
fn client_authorities_at(key: &str, cluster: &dyn Cluster) -> WorldResult<String> {
    let map = cluster.get(&client_authorities::reference());
    let map = map.map_err(retry)?.unwrap_or_default();
    Ok(map["data"][key].as_str().unwrap_or_default().to_owned())
}

/// Checks that the kubelet has started a Pod of the component on the node that is wanted by its
/// hash.
fn check_started(
    (component, node): (&str, &str),
    is_wanted: &dyn Fn(&str) -> bool,
    context: &Context,
) -> WorldResult<()> {
    match context.world.runtime().containers() {
        Ok(containers) => static_pod::check_started(&containers, (component, node), is_wanted),
        // A runtime that cannot be asked counts as one that runs the Pod.
        Err(failure) if failure.code == FailureCode::NotChecked => Ok(()),
        Err(failure) => Err(retry(failure)),
    }
}

/// Checks that a component of the control plane answers.
fn check_answer(component: &str, url: &str, context: &Context) -> WorldResult<Check> {
    match component {
        "etcd" => {
            let serves = context.world.etcd().serves(url);
            serves.map(Check::unchanged).map_err(retry)
        }
        name => check_component(name, url, context),
    }
}

/// Returns the mirror Pod of a static Pod. Every failure is retryable: while the API server or its
/// etcd is replaced, a request can fail in any way.
fn mirror_pod(component: &str, node: &str, cluster: &dyn Cluster) -> WorldResult<Option<Value>> {
    let pod = cluster.get(&mirror_reference(component, node));
    pod.map_err(|failure| Failure {
        retryable: true,
        ..failure
    })
}

fn check_published_authorities(authorities: &str, cluster: &dyn Cluster) -> WorldResult<Check> {
    let published = cluster.get(&published_authorities()).map_err(retry)?;
    let pem = published
        .as_ref()
        .and_then(|map| map["data"]["ca.crt"].as_str());
    Ok(Check::unchanged(
        pem.is_some_and(|pem| pem.trim() == authorities.trim()),
    ))
}

/// Checks the health of a component of the control plane. The API server is asked with the admin
/// kubeconfig.
fn check_component(name: &str, url: &str, context: &Context) -> WorldResult<Check> {
    let status = if name == "kube-apiserver" {
        let cluster = context.world.cluster();
        cluster.probe(&context.config.run.kubeconfig, url)
    } else {
        get_health(url, context)
    };
    check_status(status.map_err(retry)?)
}

/// Requests a health endpoint. Returns the HTTP status.
fn get_health(url: &str, context: &Context) -> WorldResult<u16> {
    let url = HttpUrl::parse(url).map_err(|why| Failure::new(FailureCode::Invalid, why))?;
    let budget = Budget::new(MAX_HEALTH_BYTES, REQUEST_LIMIT, context.cancel);
    context.world.net().health(&url, &budget)
}

fn check_status(status: u16) -> WorldResult<Check> {
    if status == 200 {
        Ok(Check::unchanged(true))
    } else {
        Err(not_ready(format!("it answered {status}")))
    }
}

/// Checks that the kubelet has registered and labelled its Node.
fn check_node(name: &str, cluster: &dyn Cluster) -> WorldResult<Check> {
    let node = cluster.get(&ObjectRef::node(name))?;
    let is_labelled = node.is_some_and(|node| has_hostname(&node));
    Ok(Check::unchanged(is_labelled))
}

/// Whether the kubelet has labelled its Node.
fn has_hostname(node: &Value) -> bool {
    node.pointer("/metadata/labels/kubernetes.io~1hostname")
        .is_some()
}

/// Checks that a container runs for each of these names. A runtime that cannot be asked counts as
/// one that runs them.
fn check_containers(names: &[String], context: &Context) -> WorldResult<Check> {
    let containers = match context.world.runtime().containers() {
        Ok(containers) => containers,
        Err(failure) if failure.code == FailureCode::NotChecked => {
            return Ok(Check::unchanged(true));
        }
        Err(failure) => return Err(retry(failure)),
    };
    let all_run = names.iter().all(|name| {
        containers
            .iter()
            .any(|container| container.running && container.name == *name)
    });
    Ok(Check::unchanged(all_run))
}

/// Whether the kubelet's own kubeconfig names a certificate that exists.
fn has_certificate(path: &str, files: &dyn Files) -> bool {
    let Some(kubeconfig) = read_kubeconfig(files, path).ok().flatten() else {
        return false;
    };
    let Some((_, user)) = kubeconfig.user() else {
        return false;
    };
    match kubeconfig.data(user, "client-certificate", &|path| files.read(path)) {
        Ok(Some(pem)) => Certificate::from_pem(&String::from_utf8_lossy(&pem)).is_ok(),
        _ => false,
    }
}

/// Checks that the holder of admin.conf may administer the cluster. The binding takes effect only
/// after the API server has created the role that the binding names, and the namespaces.
fn check_admin(kubeconfig: &str, super_admin: &str, context: &Context) -> WorldResult<Check> {
    let changed = bind_admins(kubeconfig, super_admin, context)?;
    match context
        .world
        .cluster()
        .probe(kubeconfig, "/api/v1/namespaces/kube-public")
    {
        Ok(200) => Ok(Check::Holds { changed }),
        Ok(status) => Err(not_ready(format!(
            "the API server is not done with its own roles and namespaces: it answered {status}"
        ))),
        Err(failure) => Err(retry(failure)),
    }
}

/// Creates the binding that lets the holder of admin.conf administer the cluster, as kubeadm does:
/// with admin.conf itself if its user may do so, otherwise with super-admin.conf. Returns whether
/// the binding is new.
fn bind_admins(kubeconfig: &str, super_admin: &str, context: &Context) -> WorldResult<bool> {
    let cluster = context.world.cluster();
    let as_admin = cluster.with_kubeconfig(kubeconfig).map_err(retry)?;
    match create_binding(&*as_admin) {
        Err(failure) if failure.code == FailureCode::Forbidden => {
            if context.world.files().stat(super_admin)?.is_some() {
                return create_binding(&*cluster.with_kubeconfig(super_admin)?);
            }
            if context.world.bind_admins() {
                return Ok(true);
            }
            let message = "the ClusterRoleBinding for the kubeadm:cluster-admins Group is missing \
                but there is no super-admin.conf to create it";
            Err(Failure {
                remedy: Some(format!(
                    "create it with: {}",
                    program::command("init phase kubeconfig super-admin")
                )),
                ..Failure::new(FailureCode::Forbidden, message)
            })
        }
        outcome => outcome,
    }
}

/// Creates the binding. Returns whether it is new.
fn create_binding(cluster: &dyn Cluster) -> WorldResult<bool> {
    match cluster.create(&crate::render::objects::cluster_admin_binding()) {
        Ok(_) => Ok(true),
        Err(failure) if failure.code == FailureCode::AlreadyExists => Ok(false),
        Err(failure) => Err(retry(failure)),
    }
}
