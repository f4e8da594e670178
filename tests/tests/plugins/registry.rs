//! A registry on loopback: Debian's docker-registry.
use crate::{build_examples, example, plan, plugin, write_config};
use harness::has_program;
use std::{fs, path::Path, process::Command};

/// A running registry; dropping it ends the program.
pub struct Registry(std::process::Child);

impl Registry {
    /// Ends the program.
    pub fn stop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts Debian's docker-registry. Returns it with the reference of a plugin in it; `None` if the
/// program is not installed.
pub fn start_registry(folder: &Path) -> Option<(Registry, String)> {
    if !has_program("docker-registry") {
        return None;
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let config = folder.join("registry.yaml");
    let store = folder.join("registry").display().to_string();
    fs::write(
        &config,
        format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: \
        {store}}}}}\nhttp: {{addr: 127.0.0.1:{port}}}\n"
        ),
    )
    .unwrap();
    let child = Command::new("docker-registry")
        .arg("serve")
        .arg(&config)
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let registry = Registry(child);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::yield_now();
    }
    Some((
        registry,
        format!("oci://127.0.0.1:{port}/plugins/time-sync"),
    ))
}

/// Returns the digest that a report of `plugin inspect` shows.
pub fn shown_digest(inspected: &str) -> &str {
    let mut words = inspected.split_whitespace();
    let digest = words.find(|word| word.starts_with("sha256:"));
    digest.expect("inspect shows the digest")
}

#[test]
fn a_plugin_is_pulled_from_a_registry_once() {
    build_examples();
    let folder = tempfile::tempdir().unwrap();
    let Some((registry, reference)) = start_registry(folder.path()) else {
        return;
    };
    let (config, tagged) = (
        write_config(folder.path(), ""),
        format!("{reference}:0.1.0"),
    );
    let pushed =
        plugin(&["push", &example("time-sync").display().to_string(), &tagged]).expect_success();
    assert!(pushed.contains("sha256:"), "{pushed}");
    let inspected = plugin(&["inspect", &tagged]).expect_success();
    assert!(inspected.contains("run programs that only read"));
    plugin(&[
        "add",
        &tagged,
        "--config",
        &config,
        "--digest",
        shown_digest(&inspected),
        "--allow",
        "--allow-cluster-admin",
    ])
    .expect_success();
    let locked = fs::read_to_string(folder.path().join("kubephase.lock")).unwrap();
    assert!(
        locked.contains("sourceDigest: ") && locked.contains(&tagged),
        "{locked}"
    );
    let missing = plugin(&["inspect", &format!("{reference}:9.9.9")]);
    assert!(
        missing.status != 0 && missing.stderr.contains("cannot pull"),
        "{}",
        missing.stderr
    );
    drop(registry);
    // The cache has the plugin, so no run needs the registry.
    plugin(&["verify", "--config", &config]).expect_success();
    let plan = plan(&config);
    assert!(plan.contains("time-sync"), "{plan}");
}
