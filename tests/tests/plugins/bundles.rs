//! Bundles for machines without a network. The images are small ones that the tests push.
use crate::{
    PROGRAM, build_examples, example, plugin,
    registry::{Registry, shown_digest, start_registry},
    small_image::push_image,
    write_config,
};
use harness::{RunOutput, has_program, is_root, kubephase, run, workspace};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

/// A registry with the images of a configuration and with the plugin that it names.
struct Filled {
    folder: tempfile::TempDir,
    registry: Registry,
    config: String,
    images: Vec<String>,
}

impl Filled {
    /// `None` if the registry's program is missing.
    fn new() -> Option<Filled> {
        let folder = tempfile::tempdir().unwrap();
        let (registry, reference) = start_registry(folder.path())?;
        let authority = reference.split('/').nth(2).unwrap();
        let more = format!("imageRepository: {authority}/k8s\n");
        let config = write_config(folder.path(), &more);
        let list = ["config", "images", "list", "--config", &config];
        let list = run(kubephase(PROGRAM).args(list)).expect_success();
        let images: Vec<String> = list.lines().map(str::to_owned).collect();
        images.iter().for_each(|image| push_image(image));
        Some(Filled {
            folder,
            registry,
            config,
            images,
        })
    }

    /// Pushes the plugin time-sync to the registry, and adds it to the configuration.
    fn add_plugin(&self) {
        build_examples();
        let authority = self.images[0].split('/').next().unwrap();
        let source = format!("oci://{authority}/plugins/time-sync:0.1.0");
        let component = example("time-sync").display().to_string();
        plugin(&["push", &component, &source]).expect_success();
        let inspected = plugin(&["inspect", &source]).expect_success();
        let digest = shown_digest(&inspected);
        let add = ["add", &source, "--config", &self.config, "--allow"];
        let flags = ["--allow-cluster-admin", "--digest", digest];
        plugin(&[&add[..], &flags].concat()).expect_success();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn create(&self, name: &str) -> RunOutput {
        let create = ["bundle", "create", "--config", &self.config, "-o"];
        run(kubephase(PROGRAM).args(create).arg(self.path(name)))
    }

    /// Runs `init --dry-run` on a machine that has nothing in its cache.
    fn init(&self, bundle: Option<&Path>) -> RunOutput {
        let cache = tempfile::tempdir().unwrap();
        let mut command = kubephase(PROGRAM);
        command.env("KUBEPHASE_CACHE_DIR", cache.path());
        command.args(["init", "--dry-run", "--config", &self.config, "--node"]);
        command.arg(workspace().join("examples/single-node/node.yaml"));
        // The described machine has no service that sets its clock.
        command.arg("--ignore-preflight-errors=TimeSync");
        command.args(bundle.iter().flat_map(|path| [Path::new("--bundle"), path]));
        run(&mut command)
    }
}

/// Names of the files in a folder, without those of the registry.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with("registry")).collect();
    names.sort();
    names
}

#[test]
fn a_run_with_a_bundle_needs_no_registry() {
    let Some(mut filled) = Filled::new() else {
        return;
    };
    filled.add_plugin();
    for name in ["bundle.tar", "bundle"] {
        let printed = filled.create(name).expect_success();
        assert!(
            printed.contains("Added the plugin time-sync:0.1.0"),
            "{printed}"
        );
        for image in &filled.images {
            assert!(
                printed.contains(&format!("Added the image {image}")),
                "{printed}"
            );
        }
        let again = filled.create(name);
        assert!(
            again.status == 1 && again.stderr.contains("exists already"),
            "{}",
            again.stderr
        );
    }
    let index = fs::read_to_string(filled.path("bundle").join("index.json")).unwrap();
    for part in [
        filled.images[0].as_str(),
        "org.opencontainers.image.ref.name",
        "application/vnd.kubephase.plugin.v1",
        "kubephase.lock",
    ] {
        assert!(index.contains(part), "{part}: {index}");
    }
    filled.registry.stop();
    let without = filled.init(None);
    assert!(
        without.status == 6 && without.stderr.contains("cannot pull"),
        "{}",
        without.stderr
    );
    for name in ["bundle.tar", "bundle"] {
        let printed = filled.init(Some(&filled.path(name))).expect_success();
        let line = "[bundle] The cache has the plugin time-sync:0.1.0";
        assert!(printed.contains(line), "{printed}");
        assert!(printed.contains("[WARNING TimeSync]"), "{printed}");
    }
    let damaged = fs::read_dir(filled.path("bundle/blobs/sha256")).unwrap();
    damaged.for_each(|blob| fs::write(blob.unwrap().path(), "x").unwrap());
    let refused = filled.init(Some(&filled.path("bundle")));
    assert!(
        refused.status == 1 && refused.stderr.contains("has 1 bytes"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_bundle_that_fails_leaves_nothing() {
    let Some(filled) = Filled::new() else {
        return;
    };
    let before = names(filled.folder.path());
    let create = ["bundle", "create", "--config", &filled.config, "-o"];
    for (flags, words) in [
        (
            ["--image", "127.0.0.1:1/x:1"],
            "cannot pull 127.0.0.1:1/x:1",
        ),
        (
            ["--platform", "linux/riscv64"],
            "it is not there for linux/riscv64, only for linux/",
        ),
        (["--platform", "riscv64"], "is not a platform"),
    ] {
        let mut command = kubephase(PROGRAM);
        command
            .args(create)
            .arg(filled.path("bundle.tar"))
            .args(flags);
        let output = run(&mut command);
        assert!(
            output.status == 1 && output.stderr.contains(words),
            "{}",
            output.stderr
        );
        assert_eq!(names(filled.folder.path()), before);
    }
}

/// A containerd of its own; dropping it ends the program.
struct Containerd {
    child: Child,
    socket: String,
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Containerd {
    /// Starts containerd with everything in a folder.
    fn start(folder: &Path) -> Containerd {
        let shown = folder.display();
        let socket = format!("{shown}/containerd.sock");
        let config = folder.join("containerd.toml");
        let text = format!(
            "version = 2\nroot = \"{shown}/root\"\nstate = \"{shown}/state\"\n[grpc]\naddress = \
             \"{socket}\"\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\nsnapshotter = \
             \"native\"\n[plugins.\"io.containerd.grpc.v1.cri\".cni]\nconf_dir = \"{shown}/cni\"\n"
        );
        fs::write(&config, text).unwrap();
        let child = Command::new("containerd")
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let containerd = Containerd { child, socket };
        while !containerd.ctr(&["version"]).status.success() {
            thread::yield_now();
        }
        containerd
    }

    fn ctr(&self, args: &[&str]) -> std::process::Output {
        let mut command = Command::new("ctr");
        command.args(["--address", &self.socket, "--namespace", "k8s.io"]);
        command.args(args).output().unwrap()
    }
}

#[test]
fn containerd_gets_the_images_of_a_bundle() {
    if !has_program("containerd") || !has_program("ctr") || !is_root() {
        return;
    }
    let Some(filled) = Filled::new() else {
        return;
    };
    filled.create("bundle.tar").expect_success();
    let containerd = Containerd::start(filled.folder.path());
    let socket = format!("unix://{}", containerd.socket);
    let load = || {
        let mut command = kubephase(PROGRAM);
        command.args(["bundle", "load", "--cri-socket", &socket]);
        run(command.arg(filled.path("bundle.tar")))
    };
    let printed = load().expect_success();
    let listed = containerd.ctr(&["images", "ls", "-q"]).stdout;
    let listed = String::from_utf8(listed).unwrap();
    for image in &filled.images {
        assert!(
            printed.contains(&format!("Loaded the image {image}")),
            "{printed}"
        );
        assert!(listed.lines().any(|line| line == image), "{listed}");
    }
    let again = load().expect_success();
    assert!(
        !again.contains("Loaded") && again.contains("is there already"),
        "{again}"
    );
}
