//! The folder of one test, with a plugin to add.
use crate::PROGRAM;
use harness::kubephase;
use std::{fs, path::PathBuf};

/// A folder with a configuration, a plugin, and a cache of its own.
pub struct PluginFolder(pub tempfile::TempDir);

impl PluginFolder {
    pub fn new(plugin: &[u8]) -> PluginFolder {
        let folder = PluginFolder(tempfile::tempdir().unwrap());
        fs::write(folder.path("plugin.wasm"), plugin).unwrap();
        let config = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: \
            ClusterConfiguration\nkubernetesVersion: v1.36.2\n";
        fs::write(folder.path("cluster.yaml"), config).unwrap();
        folder
    }

    /// Writes a test case for the plugin.
    pub fn write_case(&self) {
        let cases = self.path("cases");
        fs::create_dir(&cases).unwrap();
        let case = "name: it runs\nsettings: {atLeastMib: 1}\n";
        fs::write(cases.join("case.yaml"), case).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = kubephase(PROGRAM);
        command
            .current_dir(self.0.path())
            .env("KUBEPHASE_CACHE_DIR", self.path("cache"))
            .args(arguments);
        command
    }

    /// Returns the command that adds the plugin to the configuration.
    pub fn add(&self) -> std::process::Command {
        self.command(&["plugin", "add", "plugin.wasm", "--config", "cluster.yaml"])
    }

    /// Counts the compiled components in the cache.
    pub fn compiled_components(&self) -> usize {
        let entries = fs::read_dir(self.path("cache"))
            .into_iter()
            .flatten()
            .flatten();
        entries
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "cwasm"))
            .count()
    }
}
