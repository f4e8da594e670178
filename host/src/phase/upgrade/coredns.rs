//! `preflight` of an upgrade: whether the Corefile of the cluster can be migrated to the new
//! version of CoreDNS.
use super::read;
use crate::{phase::preflight::report_problem, render::images};
use kubephase_sdk::{
    Failure, ObjectRef, Outcome, cluster, codes, corefile::MigrationProblems, image::version_text,
    say,
};
use serde_json::Value;

/// Label selector of CoreDNS's Deployment.
const LABEL: &str = "k8s-app=kube-dns";

/// `CoreDNSUnsupportedPlugins` and `CoreDNSMigration`: checks that kubeadm knows the plugins of the
/// Corefile, and that the Corefile can be migrated.
///
/// # Errors
/// The host cannot answer a question.
pub(super) fn check_corefile() -> Result<Outcome, Failure> {
    let (config, _) = read()?;
    let image = images::coredns(&config.cluster);
    let Some((corefile, from)) = find_installed()? else {
        return Ok(Outcome::Skipped("the cluster has no CoreDNS".into()));
    };
    if config.cluster.dns.disabled {
        return Ok(Outcome::Skipped("dns.disabled".into()));
    }
    let to = version_text(&image);
    let problems = MigrationProblems::find(&corefile, &from, to);
    if let Some(notice) = problems.notice {
        say(format!("[preflight] {notice}"));
    }
    for (code, problem) in [
        (codes::COREDNS_UNSUPPORTED_PLUGINS, problems.plugins),
        (codes::COREDNS_MIGRATION, problems.migration),
    ] {
        report_problem(code, problem);
    }
    Ok(Outcome::Settled)
}

/// Returns the Corefile of the cluster, and the version of its CoreDNS; `None` without CoreDNS.
fn find_installed() -> Result<Option<(String, String)>, Failure> {
    let system = "kube-system";
    let map = cluster::get_object(&ObjectRef::config_map(system, "coredns"))?;
    let Some(map) = map else {
        return Ok(None);
    };
    let found = cluster::list_objects("apps/v1", "Deployment", Some(system), Some(LABEL))?;
    let image = found.first().and_then(image_of);
    let corefile = map["data"]["Corefile"].as_str().unwrap_or_default();
    Ok(image.map(|image| (corefile.to_owned(), version_text(image).to_owned())))
}

fn image_of(deployment: &Value) -> Option<&str> {
    let containers = deployment.pointer("/spec/template/spec/containers")?;
    containers.as_array()?.first()?["image"].as_str()
}
