use super::*;
use crate::world::files::RootedFiles;
use serde_json::json;
use std::os::unix::fs::{PermissionsExt, symlink};

struct Tree {
    folder: tempfile::TempDir,
    files: RootedFiles,
    config: Config,
    changed_paths: BTreeSet<String>,
}

impl Tree {
    fn new() -> Tree {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("root")).unwrap();
        let files = RootedFiles::open(&folder.path().join("root")).unwrap();
        let mut config = Config::default();
        config.run.kubeconfig_dir = "/etc/kubernetes".into();
        config.cluster.certificates_dir = "/etc/kubernetes/pki".into();
        Tree {
            folder,
            files,
            config,
            changed_paths: BTreeSet::new(),
        }
    }

    fn put(&self, path: &str, mode: u32) {
        self.files
            .write(path, path.as_bytes(), 0o600, None)
            .unwrap();
        fs::set_permissions(
            self.folder.path().join("root").join(&path[1..]),
            fs::Permissions::from_mode(mode),
        )
        .unwrap();
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn write(&self) -> Result<Vec<String>> {
        let unchanged_paths = BTreeSet::from(["/opt/found.conf".to_owned()]);
        let (files, config) = (&self.files, &self.config);
        write(
            &self.out(),
            &RunOutput {
                files,
                config,
                writes: &[],
                changed_paths: &self.changed_paths,
                unchanged_paths: &unchanged_paths,
            },
        )
    }

    fn mode(&self, path: &str) -> Option<u32> {
        Some(
            fs::symlink_metadata(self.out().join("files").join(&path[1..]))
                .ok()?
                .permissions()
                .mode()
                & 0o7777,
        )
    }
}

#[test]
fn files_of_the_run_in_any_directory_are_copied() {
    let mut tree = Tree::new();
    for (path, mode) in [
        ("/etc/cron.d/evil", 0o644),
        ("/etc/systemd/system/evil.service", 0o644),
        ("/etc/cni/net.d/10-x.conflist", 0o600),
        ("/opt/evil/run", 0o6755),
    ] {
        tree.put(path, mode);
        tree.changed_paths.insert(path.to_owned());
    }
    tree.put("/opt/found.conf", 0o640);
    tree.put("/opt/not-of-the-run", 0o644);
    tree.changed_paths.insert("/opt/removed-since".into());
    let notes = tree.write().unwrap();
    assert_eq!(tree.mode("/etc/cron.d/evil"), Some(0o644));
    assert_eq!(tree.mode("/etc/systemd/system/evil.service"), Some(0o644));
    assert_eq!(tree.mode("/etc/cni/net.d/10-x.conflist"), Some(0o600));
    assert_eq!(
        tree.mode("/opt/evil/run"),
        Some(0o755),
        "a copy has no special bit"
    );
    assert_eq!(
        notes,
        ["/opt/evil/run has the mode 6755; its copy has 0755"]
    );
    assert_eq!(tree.mode("/opt/found.conf"), Some(0o600));
    assert_eq!(
        (
            tree.mode("/opt/not-of-the-run"),
            tree.mode("/opt/removed-since")
        ),
        (None, None)
    );
}

#[test]
fn no_copy_has_a_wider_mode_than_the_original() {
    let tree = Tree::new();
    tree.put("/etc/kubernetes/encryption-config.yaml", 0o600);
    tree.put("/etc/kubernetes/pki/old-ca-key.pem", 0o600);
    tree.put("/etc/kubernetes/pki/ca.crt", 0o666);
    tree.put("/etc/kubernetes/admin.conf", 0o644);
    tree.put("/etc/kubernetes/tool", 0o4755);
    tree.put("/etc/kubernetes/pki/read-only.crt", 0o444);
    fs::set_permissions(
        tree.folder.path().join("root/etc/kubernetes/pki"),
        fs::Permissions::from_mode(0o700),
    )
    .unwrap();
    tree.write().unwrap();
    let names = [
        "encryption-config.yaml",
        "pki/old-ca-key.pem",
        "pki/ca.crt",
        "pki/read-only.crt",
        "admin.conf",
        "tool",
        "pki",
    ];
    let modes = names.map(|name| tree.mode(&format!("/etc/kubernetes/{name}")).unwrap());
    assert_eq!(modes, [0o600, 0o600, 0o644, 0o644, 0o600, 0o644, 0o700]);
}

#[test]
fn links_are_left_out_with_a_note() {
    let tree = Tree::new();
    tree.put("/etc/kubernetes/admin.conf", 0o600);
    tree.put("/etc/elsewhere/secret", 0o600);
    let directory = tree.folder.path().join("root/etc/kubernetes");
    symlink(".", directory.join("loop")).unwrap();
    symlink("/", directory.join("top")).unwrap();
    symlink("../elsewhere/secret", directory.join("file")).unwrap();
    symlink("nowhere", directory.join("dangling")).unwrap();
    let notes = tree.write().unwrap();
    assert_eq!(
        notes,
        ["dangling", "file", "loop", "top"]
            .map(|name| format!("/etc/kubernetes/{name} is a link and not part of the output"))
    );
    let copied = marker::list_entries(&tree.out().join("files")).unwrap();
    assert_eq!(
        copied,
        ["etc", "etc/kubernetes", "etc/kubernetes/admin.conf"]
            .map(PathBuf::from)
            .into()
    );
}

#[test]
fn only_what_out_wrote_is_replaced() {
    let mut tree = Tree::new();
    tree.put("/etc/kubernetes/admin.conf", 0o600);
    fs::create_dir_all(tree.out().join("files")).unwrap();
    fs::write(tree.out().join("files/thesis.txt"), "years of work").unwrap();
    let refused = format!("{:#}", tree.write().unwrap_err());
    assert!(
        refused.contains("out/files was not written by --out"),
        "{refused}"
    );
    assert_eq!(
        fs::read_to_string(tree.out().join("files/thesis.txt")).unwrap(),
        "years of work"
    );
    fs::remove_dir_all(tree.out()).unwrap();
    fs::create_dir(tree.out()).unwrap();
    fs::write(tree.out().join("objects.yaml"), "mine").unwrap();
    assert!(tree.write().is_err());
    assert_eq!(
        fs::read_dir(tree.out()).unwrap().count(),
        1,
        "a refusal leaves nothing"
    );
    fs::remove_file(tree.out().join("objects.yaml")).unwrap();
    fs::write(tree.out().join("notes.txt"), "mine").unwrap();

    tree.write().unwrap();
    tree.put("/opt/new", 0o644);
    tree.changed_paths.insert("/opt/new".into());
    tree.write().unwrap();
    assert!(tree.mode("/opt/new").is_some());
    let mut names: Vec<_> = fs::read_dir(tree.out())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [".kubephase-out", "files", "notes.txt", "objects.yaml"]
    );

    // A file that a user put among the written files stays too.
    fs::write(tree.out().join("files/opt/thesis.txt"), "years of work").unwrap();
    let refused = format!("{:#}", tree.write().unwrap_err());
    assert!(
        refused.contains("files/opt/thesis.txt was not written by --out"),
        "{refused}"
    );
    assert_eq!(
        fs::read_to_string(tree.out().join("files/opt/thesis.txt")).unwrap(),
        "years of work"
    );
}

#[test]
fn a_result_that_cannot_be_written_leaves_the_earlier_one() {
    let tree = Tree::new();
    tree.put("/etc/kubernetes/admin.conf", 0o600);
    tree.write().unwrap();
    // A file that is too large to be read.
    fs::write(
        tree.folder.path().join("root/etc/kubernetes/unreadable"),
        vec![0; 65 << 20],
    )
    .unwrap();
    assert!(tree.write().is_err());
    assert!(tree.mode("/etc/kubernetes/admin.conf").is_some());
    assert_eq!(fs::read_dir(tree.out()).unwrap().count(), 3);
}

fn object_write(
    verb: &'static str,
    namespace: Option<&str>,
    body: serde_json::Value,
) -> ObjectWrite {
    ObjectWrite {
        verb,
        resource: "configmaps".into(),
        namespace: namespace.map(str::to_owned),
        name: "x".into(),
        body: body.to_string(),
    }
}

#[test]
fn each_write_is_a_document_after_its_verb() {
    let text = render_objects(&[
        object_write("CREATE", Some("kube-system"), json!({"kind": "ConfigMap"})),
        object_write("PATCH", None, json!({"a": 1})),
    ]);
    let expected = "# CREATE configmaps kube-system/x\nkind: ConfigMap\n---\n# PATCH \
        configmaps x\n# patchType: application/strategic-merge-patch+json\na: 1\n";
    assert_eq!(text, expected);
}
