//! `upgrade rollback --etcd`: whether the data of etcd can go back.
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

/// Notes that the data of etcd go back.
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

/// Returns the objects that the upgrade kept, which stand for a cluster whose API server does not
/// answer.
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

/// Returns the line that says from when the data are.
pub fn line(rollback: &Rollback) -> LabelledLine {
    let time = BackupKind::time_of(&rollback.etcd_data).unwrap_or_default();
    let path = &rollback.etcd_data;
    let line = format!("etcd gets the data that it had at {time} (local time): {path}");
    LabelledLine::new("upgrade/rollback", line)
}

/// Refuses to take back the data of one member of several, as the cluster shows its members.
///
/// # Errors
/// etcd has several members, or the cluster does not say how many.
pub fn refuse_shown_members(cluster: &dyn Cluster) -> Result<()> {
    let pods = etcd_pods(cluster).map_err(Failure::into_error)?;
    let names: Vec<String> = pods.into_iter().map(|pod| pod.name).collect();
    refuse_several(&names)
}

/// Refuses to take back the data of one member of several, by the list of the members that the
/// upgrade kept beside the copy.
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

/// Refuses the data of one member of several: the others would go on with newer data, and the
/// member would have lost what it promised them.
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
