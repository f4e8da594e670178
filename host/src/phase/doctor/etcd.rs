//! `etcd-members`: whether the members of the cluster's etcd are those of its control plane, and
//! healthy.
use super::{cluster_needed, read, unseen};
use crate::phase::{etcd_join::list_members, upgrade::health::control_plane_selector};
use kubephase_sdk::{
    Failure, Finding, Outcome, cluster, codes,
    finding::{With, concern, fail, pass},
    observe_core, report,
    spec::{EtcdHealth, EtcdMember},
};
use serde_json::Value;

/// The phase `etcd-members`: checks the members of etcd, and their health.
///
/// # Errors
/// The host cannot answer a question.
pub fn check_etcd() -> Result<Outcome, Failure> {
    let (config, doctor) = read()?;
    if config.cluster.etcd.external.is_some() {
        return Ok(Outcome::Skipped("etcd is external".into()));
    }
    for code in [codes::ETCD_MEMBERS, codes::ETCD_HEALTH] {
        // The members are found by their Pods.
        if let Some(finding) = cluster_needed(code, &doctor) {
            report::submit(&finding);
        }
    }
    if !doctor.has_api() {
        return Ok(Outcome::Settled);
    }
    report::submit(&check_members());
    report::submit(&check_health());
    Ok(Outcome::Settled)
}

/// `EtcdMembers`: checks that the members of etcd are those of the control plane, and have votes.
fn check_members() -> Finding {
    let code = codes::ETCD_MEMBERS;
    let nodes = || cluster::list_objects("v1", "Node", None, Some(&control_plane_selector()));
    let (members, nodes) = match list_members().and_then(|members| Ok((members, nodes()?))) {
        Ok(found) => found,
        Err(failure) => return unseen(code, failure),
    };
    let problems = problems_of_members(&members, &nodes);
    let finding = match problems.as_slice() {
        [] => pass(code, format!("{} members", members.len())),
        problems => concern(code, problems.join("; ")).remedy(
            "a member that is gone for good counts against the majority: `etcdctl member list`, \
             and `etcdctl member remove ID` (in the container of etcd)",
        ),
    };
    let names = members.iter().map(|member| member.name.as_str());
    finding.evidence("members", names.collect::<Vec<_>>().join(" "))
}

/// Returns what is wrong with the members. `nodes` are the Nodes of the control plane.
fn problems_of_members(members: &[EtcdMember], nodes: &[Value]) -> Vec<String> {
    let names: Vec<&str> = nodes
        .iter()
        .filter_map(|node| node["metadata"]["name"].as_str())
        .collect();
    let mut problems = Vec::new();
    for member in members {
        let peers = member.peer_urls.join(" ");
        if member.name.is_empty() {
            problems.push(format!(
                "the member at {peers} was added and has never started"
            ));
        } else if member.learner {
            problems.push(format!("the member {} has no vote yet", member.name));
        } else if !names.contains(&member.name.as_str()) {
            let name = &member.name;
            problems.push(format!(
                "the member {name} ({peers}) belongs to no Node of the control plane"
            ));
        }
    }
    for node in names {
        if !members.iter().any(|member| member.name == node) {
            problems.push(format!("the Node {node} has no member"));
        }
    }
    problems
}

/// `EtcdHealth`: checks that all members of etcd are healthy.
fn check_health() -> Finding {
    let code = codes::ETCD_HEALTH;
    let health = match observe_core::etcd_health() {
        Ok(health) => health,
        Err(failure) => return unseen(code, failure),
    };
    let health: EtcdHealth = match serde_json::from_str(&health) {
        Ok(health) => health,
        Err(error) => return fail(code, format!("the health of etcd cannot be read: {error}")),
    };
    let (healthy, all) = (health.healthy, health.members);
    let summary = format!("{healthy} of {all} members are healthy");
    if healthy == all {
        return pass(code, summary);
    }
    let finding = if healthy * 2 > all {
        concern(
            code,
            format!("{summary}; one more loss may end the majority"),
        )
    } else {
        fail(code, format!("{summary}, so etcd takes no writes"))
    };
    finding.remedy(
        "start the members that are down: on their machines, `crictl ps -a --name etcd` and \
         `crictl logs CONTAINERID`; often a disk is full, or a certificate has expired",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_those_of_the_control_plane() {
        let node = |name: &str| json!({"metadata": {"name": name}});
        let member = |name: &str| EtcdMember {
            name: name.to_owned(),
            peer_urls: vec!["https://192.0.2.1:2380".into()],
            ..EtcdMember::default()
        };
        let both = [node("one"), node("two")];
        assert_eq!(
            problems_of_members(&[member("one"), member("two")], &both),
            Vec::<String>::new()
        );
        let learner = EtcdMember {
            learner: true,
            ..member("two")
        };
        assert_eq!(
            problems_of_members(&[member("gone"), learner, member("")], &both),
            [
                "the member gone (https://192.0.2.1:2380) belongs to no Node of the control plane",
                "the member two has no vote yet",
                "the member at https://192.0.2.1:2380 was added and has never started",
                "the Node one has no member",
            ]
        );
    }
}
