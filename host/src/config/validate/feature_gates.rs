//! The feature gates of kubeadm.
use crate::text::go_number::parse_bool;
use kubephase_sdk::release::Release;
use std::collections::BTreeMap;

/// Parses the gates of a flag, for this release: `A=true,B=false`.
///
/// # Errors
/// A pair is not `GATE=true|false`, or the gate is unknown. The messages are kubeadm's.
pub fn parse_feature_gates(
    text: &str,
    release: &Release,
) -> Result<BTreeMap<String, bool>, String> {
    text.split(',')
        .filter(|part| !part.is_empty())
        .map(|pair| parse_feature_gate(pair, release))
        .collect()
}

/// Parses one gate: `A=true`.
fn parse_feature_gate(pair: &str, release: &Release) -> Result<(String, bool), String> {
    let (key, value) = pair
        .split_once('=')
        .ok_or_else(|| format!("missing bool value for feature-gate key:{pair}"))?;
    let (key, value) = (key.trim(), value.trim());
    if release.accepted_gate(key).is_none() {
        return Err(format!("unrecognized feature-gate key: {key}"));
    }
    match parse_bool(value) {
        Some(is_on) => Ok((key.to_owned(), is_on)),
        None => Err(format!(
            "invalid value {value} for feature-gate key: {key}, use true|false instead"
        )),
    }
}
