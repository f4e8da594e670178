//! The exchange of an authority of the cluster, which comes to its end before anything else writes
//! the static Pods.
use crate::{
    phase::rotate_ca,
    render::{objects::exchange_annotations, static_pod},
    text::yaml,
    world::{Files, text_file::read_text},
};
use anyhow::{Result, anyhow};
use kubephase_sdk::kubeadm::ClusterAuthority;
use kubephase_wit::Failure;

/// Refuses to write the static Pods again while the node exchanges an authority: they say how far
/// it is, and which certificate the controller manager signs with.
///
/// # Errors
/// The authority that is exchanged, and the command that goes on; or a manifest cannot be read.
pub fn refuse_during_exchange(files: &dyn Files) -> Result<()> {
    let path = static_pod::manifest_path("kube-apiserver");
    let text = read_text(files, &path).map_err(Failure::into_error)?;
    let pod = yaml::value(&text.unwrap_or_default()).unwrap_or_default();
    let annotations = &pod["metadata"]["annotations"];
    let mut all = ClusterAuthority::ALL.into_iter();
    let exchanged =
        all.find(|authority| annotations[exchange_annotations(*authority).stage].is_string());
    match exchanged {
        Some(authority) => Err(anyhow!(
            "the authority {authority} is being exchanged on this machine; go on with `{}` until \
             that is over",
            rotate_ca::command(authority, "")
        )),
        None => Ok(()),
    }
}
