//! What a run did, as its journal says.
use serde_json::Value;
use std::{fs, path::Path};

/// Returns the components whose static Pod a phase of the newest run in a tree wrote, and what the
/// phase waited for, in order.
pub fn static_pods_and_waits(tree: &Path, phase: &str) -> Vec<String> {
    let journals = fs::read_dir(tree.join("var/lib/kubephase")).unwrap();
    let mut paths: Vec<_> = journals.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.display().to_string().contains("journal-"));
    paths.sort();
    let text = fs::read_to_string(paths.last().unwrap()).unwrap();
    let effects = text.lines().filter_map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        if event["event"] != "effect" || event["phase"] != phase {
            return None;
        }
        let target = event["effect"]["target"].as_str()?;
        match event["effect"]["kind"].as_str()? {
            "static-pod" => {
                let name = target.rsplit_once('/')?.1.strip_suffix(".yaml")?;
                Some(name.to_owned())
            }
            "wait" => Some(target.split(" at ").next()?.to_owned()),
            _ => None,
        }
    });
    effects.collect()
}
