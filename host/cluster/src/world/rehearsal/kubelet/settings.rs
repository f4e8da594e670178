//! Settings with which a kubelet does not start.
use super::{CONFIG, KubeletStandIn};
use crate::{
    text::yaml,
    world::{WorldResult, text_file::read_text},
};
use kubephase_sdk::kubelet_unit::FLAGS_FILE;

/// Returns why a kubelet with the files of the node ends as soon as it starts; `None` if it runs.
/// Of the rules of a real kubelet, those are checked that a rehearsal can know.
///
/// # Errors
/// A file cannot be read.
pub(super) fn problem(kubelet: &KubeletStandIn) -> WorldResult<Option<String>> {
    let flags = read_text(kubelet.files(), FLAGS_FILE)?.unwrap_or_default();
    let mut words = flags.split(['"', ' ', '\n']);
    if let Some(flag) = words.find(|word| kubelet.is_unknown(word)) {
        return Ok(Some(format!("unknown flag: {flag}")));
    }
    let text = read_text(kubelet.files(), CONFIG)?.unwrap_or_default();
    let config = yaml::value(&text).unwrap_or_default();
    let max_pods = config["maxPods"].as_i64();
    Ok(max_pods.filter(|number| *number < 0).map(|number| {
        format!(
            "invalid configuration: maxPods (--max-pods) {number} must not be a negative number"
        )
    }))
}
