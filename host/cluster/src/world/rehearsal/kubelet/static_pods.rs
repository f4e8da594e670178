//! Reading static Pods.
use super::{CONFIG, KubeletStandIn};
use crate::{
    render::MANIFESTS,
    text::yaml,
    world::{WorldResult, text_file::read_text},
};
use serde_json::Value;

/// Returns the name of a static Pod.
pub(super) fn name_of(pod: &Value) -> &str {
    pod["metadata"]["name"].as_str().unwrap_or_default()
}

/// Returns the static Pod of a component.
pub(super) fn find_pod<'a>(pods: &'a [Value], name: &str) -> Option<&'a Value> {
    pods.iter().find(|pod| pod["metadata"]["name"] == name)
}

impl KubeletStandIn {
    /// Reads the static Pods of the node. A manifest that is not a Pod is ignored, as the kubelet
    /// does. An entry that cannot be read, such as a link to nothing, is skipped with a note.
    pub(super) fn read_static_pods(&self) -> WorldResult<Vec<Value>> {
        self.check_static_pod_path()?;
        let files = self.files();
        if files.stat(MANIFESTS)?.is_none() {
            return Ok(Vec::new());
        }
        let mut pods = Vec::new();
        for name in files.list(MANIFESTS)? {
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{MANIFESTS}/{name}");
            let text = match files.read(&path) {
                Ok(text) => text,
                Err(failure) => {
                    self.note(format!(
                        "the kubelet skips {path}, which it cannot read: {}",
                        failure.message
                    ));
                    continue;
                }
            };
            if let Ok(pod) = yaml::value(&String::from_utf8_lossy(&text))
                && pod["kind"] == "Pod"
            {
                pods.push(pod);
            }
        }
        Ok(pods)
    }

    /// Adds a note if the kubelet's configuration names another directory of static Pods. A real
    /// kubelet would find no Pods; the rehearsal goes on.
    fn check_static_pod_path(&self) -> WorldResult<()> {
        // The file is missing if the run leaves out the phase that writes it.
        let text = read_text(self.files(), CONFIG)?.unwrap_or_default();
        let config = yaml::value(&text).unwrap_or_default();
        let configured = config["staticPodPath"].as_str().unwrap_or(MANIFESTS);
        if configured == MANIFESTS {
            return Ok(());
        }
        self.note(format!(
            "the kubelet looks for static Pods in {configured}, while they are in {MANIFESTS}: it \
             would not start them"
        ));
        Ok(())
    }

    /// Adds a note, once: static Pods are read again and again.
    fn note(&self, note: String) {
        let mut state = self.state();
        if !state.notes.contains(&note) {
            state.notes.push(note);
        }
    }
}
