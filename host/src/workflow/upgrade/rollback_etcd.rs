//! `upgrade rollback --etcd`: decides whether the data of etcd can be put back to the state before
//! the upgrade.
use crate::{
    phase::upgrade::backups::{BackupKind, MEMBERS},
    run::workflow::LabelledLine,
    text::yaml,
    world::{Cluster, Files, fixed_objects::FixedObjects, real::etcd_pods, text_file::read_text},
};
use anyhow::{Result, anyhow};
use kubephase_sdk::kubeadm::Rollback;
use kubephase_wit::Failure;
use serde_json::Value;

/// Marks the rollback as one that puts the data of etcd back, too.
///
/// # Errors
/// The last upgrade made no copy of the data.
pub fn choose(rollback: &mut Rollback) -> Result<()> {
    if rollback.etcd_data.is_empty() {
        return Err(anyhow!(
            "--etcd: the last upgrade of this machine made no copy of etcd's data, because it did \
             not replace etcd and ran without --snapshot; without --etcd, everything else goes \
             back"
        ));
    }
    rollback.restores_etcd = true;
    Ok(())
}

/// Returns the objects that the upgrade kept in its backups. They are read in place of the cluster
/// if no API server answers.
///
/// # Errors
/// A backup cannot be read.
pub fn kept_objects(rollback: &Rollback, files: &dyn Files) -> Result<FixedObjects> {
    let mut objects = Vec::new();
    for path in rollback.configuration.iter().chain(&rollback.addons) {
        let text = read_text(files, path).map_err(Failure::into_error)?;
        let text = text.unwrap_or_default();
        objects.push(yaml::value(&text).map_err(|why| anyhow!("{path}: {why}"))?);
    }
    Ok(FixedObjects(objects))
}

/// Returns the line that names the time at which the data were copied.
pub fn line(rollback: &Rollback) -> LabelledLine {
    let time = BackupKind::time_of(&rollback.etcd_data).unwrap_or_default();
    let path = &rollback.etcd_data;
    let line = format!("etcd gets the data that it had at {time} (local time): {path}");
    LabelledLine::new("upgrade/rollback", line)
}

/// Refuses to put the data back if the cluster shows several members of etcd.
///
/// # Errors
/// etcd has several members, or the cluster does not say how many.
pub fn refuse_shown_members(cluster: &dyn Cluster) -> Result<()> {
    let pods = etcd_pods(cluster).map_err(Failure::into_error)?;
    let names: Vec<String> = pods.into_iter().map(|pod| pod.name).collect();
    refuse_several(&names)
}

/// Refuses to put the data back if the list of members, which the upgrade kept beside the copy, has
/// several.
///
/// # Errors
/// etcd had several members, or the list cannot be read.
pub fn refuse_kept_members(rollback: &Rollback, files: &dyn Files) -> Result<()> {
    let directory = rollback.etcd_data.rsplit_once('/').unwrap_or_default().0;
    let path = format!("{directory}/{MEMBERS}");
    let text = read_text(files, &path).map_err(Failure::into_error)?;
    let text = text.ok_or_else(|| {
        anyhow!("--etcd: {path}, the list of the members of etcd, does not exist any more")
    })?;
    let members = yaml::value(&text).map_err(|why| anyhow!("{path}: {why}"))?;
    let members = members.as_array().into_iter().flatten();
    let name = |member: &Value| member["name"].as_str().unwrap_or_default().to_owned();
    refuse_several(&members.map(name).collect::<Vec<String>>())
}

/// Refuses if there are several members: the others would continue with newer data, and the member
/// would have lost entries that it has confirmed to them.
fn refuse_several(names: &[String]) -> Result<()> {
    if names.len() <= 1 {
        return Ok(());
    }
    Err(anyhow!(
        "--etcd: etcd has {} members ({}), and their data can only go back together, which this \
         command does not do. By hand: stop all members by moving etcd.yaml and \
         kube-apiserver.yaml out of /etc/kubernetes/manifests on each machine of the control \
         plane; on each, restore the same snapshot with `etcdutl snapshot restore`, with the \
         --name, --initial-cluster and --initial-advertise-peer-urls of its etcd.yaml; then move \
         the manifests back. A snapshot is saved by `upgrade apply --snapshot`",
        names.len(),
        names.join(", ")
    ))
}
