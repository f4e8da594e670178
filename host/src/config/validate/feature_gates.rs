//! The feature gates of kubeadm.
use std::collections::BTreeMap;

/// The feature gates that exist.
pub(super) const FEATURE_GATES: &[&str] = &[
    "NodeLocalCRISocket",
    "PublicKeysECDSA",
    "RootlessControlPlane",
];

/// Parses the gates of a flag: `A=true,B=false`.
///
/// # Errors
/// A pair is not `GATE=true|false`, or the gate is unknown. The messages are kubeadm's.
pub fn parse_feature_gates(text: &str) -> Result<BTreeMap<String, bool>, String> {
    text.split(',')
        .filter(|part| !part.is_empty())
        .map(parse_feature_gate)
        .collect()
}

/// Parses one gate: `A=true`.
fn parse_feature_gate(pair: &str) -> Result<(String, bool), String> {
    let (key, value) = pair
        .split_once('=')
        .ok_or_else(|| format!("missing bool value for feature-gate key:{pair}"))?;
    let (key, value) = (key.trim(), value.trim());
    if !FEATURE_GATES.contains(&key) {
        return Err(format!("unrecognized feature-gate key: {key}"));
    }
    match value.to_lowercase().as_str() {
        "true" | "t" | "1" => Ok((key.to_owned(), true)),
        "false" | "f" | "0" => Ok((key.to_owned(), false)),
        _ => Err(format!(
            "invalid value {value} for feature-gate key: {key}, use true|false instead"
        )),
    }
}
