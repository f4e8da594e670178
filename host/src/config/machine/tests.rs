use super::*;
use crate::requirements::is_root;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

/// A scratch tree with the folder of the machine's configuration.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Tree {
        let tree = Tree(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(tree.drop_ins()).unwrap();
        tree
    }

    fn drop_ins(&self) -> PathBuf {
        self.0.path().join(FOLDER).join(DROP_INS)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.drop_ins().join(name);
        std::fs::write(&path, text).unwrap();
        set_mode(&path, 0o644);
        path
    }

    fn folder(&self) -> MachineFolder {
        MachineFolder::at_root(self.0.path())
    }

    /// Returns the message of the only problem.
    fn problem(&self) -> String {
        let Err(problems) = self.folder().read() else {
            panic!("the folder was read");
        };
        problems.to_string()
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn names(files: &[MachineFile]) -> Vec<String> {
    let name = |file: &MachineFile| {
        file.path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned()
    };
    files.iter().map(name).collect()
}

#[test]
fn files_are_read_by_name_and_other_files_are_left() {
    let tree = Tree::new();
    for name in [
        "20-b.yaml",
        "10-a.yaml",
        "9.yaml",
        "notes.txt",
        ".hidden.yaml",
        "x.yaml.rpmsave",
    ] {
        tree.write(name, name);
    }
    let files = tree.folder().read().unwrap_or_default();
    assert_eq!(names(&files), ["10-a.yaml", "20-b.yaml", "9.yaml"]);
    assert_eq!(files[0].content, b"10-a.yaml");
    assert_eq!(tree.folder().list().unwrap().len(), 3);
}

#[test]
fn without_the_folder_there_are_no_files() {
    let empty = tempfile::tempdir().unwrap();
    for folder in [
        MachineFolder::at_root(empty.path()),
        MachineFolder::at_root(&empty.path().join("not-there")),
        MachineFolder::none(),
    ] {
        assert!(folder.list().unwrap().is_empty());
        assert!(folder.read().unwrap_or_default().is_empty());
        assert!(folder.read_lock().unwrap_or_default().is_none());
    }
}

#[test]
fn files_that_others_can_write_are_refused() {
    let tree = Tree::new();
    let path = tree.write("10.yaml", "a: 1");
    set_mode(&path, 0o666);
    let problem = tree.problem();
    let expected = format!(
        "{}: others than root can write it (mode 0666): chmod go-w {}",
        path.display(),
        path.display()
    );
    assert!(problem.starts_with(&expected), "{problem}");
    assert!(problem.contains("--no-conf-d"), "{problem}");
    set_mode(&path, 0o600);
    assert!(tree.folder().read().is_ok());
}

#[test]
fn folders_that_others_can_write_are_refused() {
    let tree = Tree::new();
    tree.write("10.yaml", "a: 1");
    for folder in [tree.drop_ins(), tree.0.path().join(FOLDER)] {
        set_mode(&folder, 0o777);
        let problem = tree.problem();
        assert!(problem.starts_with(&format!("{}: others than root", folder.display())));
        assert!(tree.folder().list().is_err());
        set_mode(&folder, 0o755);
    }
}

#[test]
fn files_of_another_user_are_refused() {
    if !is_root() {
        return;
    }
    let tree = Tree::new();
    let path = tree.write("10.yaml", "a: 1");
    chown(&path, Some(4242), None).unwrap();
    let problem = tree.problem();
    assert!(problem.contains("belongs to the user 4242"), "{problem}");
    chown(&path, Some(0), None).unwrap();
    chown(tree.drop_ins(), Some(4242), None).unwrap();
    let problem = tree.problem();
    assert!(problem.contains("belongs to the user 4242"), "{problem}");
}

#[test]
fn a_group_other_than_roots_may_not_write() {
    if !is_root() {
        return;
    }
    let tree = Tree::new();
    let path = tree.write("10.yaml", "a: 1");
    set_mode(&path, 0o664);
    assert!(tree.folder().read().is_ok());
    chown(&path, None, Some(4242)).unwrap();
    assert!(tree.problem().contains("mode 0664"));
}

#[test]
fn links_are_followed_within_the_folder_only() {
    let tree = Tree::new();
    let file = tree.write("real", "a: 1");
    symlink("real", tree.drop_ins().join("10.yaml")).unwrap();
    assert_eq!(tree.folder().read().unwrap_or_default()[0].content, b"a: 1");
    let outside = tree.0.path().join("outside.yaml");
    std::fs::write(&outside, "b: 1").unwrap();
    for target in [
        outside.as_path(),
        &file,
        Path::new("../../../outside.yaml"),
        Path::new(".."),
    ] {
        let link = tree.drop_ins().join("20.yaml");
        symlink(target, &link).unwrap();
        let problem = tree.problem();
        assert!(
            problem.contains("a link that leads out of its folder"),
            "{problem}"
        );
        std::fs::remove_file(link).unwrap();
    }
    symlink("10.yaml", tree.drop_ins().join("20.yaml")).unwrap();
    assert!(tree.problem().contains("20.yaml: it cannot be read"));
}

#[test]
fn a_folder_that_is_a_link_is_refused() {
    let tree = Tree::new();
    let elsewhere = tree.0.path().join("elsewhere");
    std::fs::rename(tree.drop_ins(), &elsewhere).unwrap();
    symlink(&elsewhere, tree.drop_ins()).unwrap();
    assert!(tree.problem().contains("must not be a link"));
}

#[test]
fn what_is_not_a_file_is_refused_at_once() {
    let tree = Tree::new();
    let pipe = tree.drop_ins().join("10.yaml");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(tree.problem().contains("not a regular file"));
    std::fs::remove_file(&pipe).unwrap();
    std::fs::create_dir(&pipe).unwrap();
    assert!(tree.problem().contains("not a regular file"));
}

#[test]
fn a_file_that_is_too_long_is_refused() {
    let tree = Tree::new();
    tree.write("10.yaml", &" ".repeat(LONGEST_INPUT + 1));
    assert!(tree.problem().contains("it is longer than 4 MiB"));
}

#[test]
fn the_lock_is_checked_as_the_files_are() {
    let tree = Tree::new();
    let lock = tree.0.path().join(FOLDER).join(LOCK);
    std::fs::write(&lock, "version: 1").unwrap();
    set_mode(&lock, 0o644);
    let read = tree.folder().read_lock().unwrap_or_default();
    assert_eq!(read.unwrap().content, b"version: 1");
    set_mode(&lock, 0o646);
    assert!(tree.folder().read_lock().is_err());
}

#[test]
fn the_lock_of_the_machines_files_is_above_them() {
    for (config, folder) in [
        ("/etc/kubephase/conf.d/10.yaml", "/etc/kubephase"),
        (
            "/scratch/etc/kubephase/conf.d/10.yaml",
            "/scratch/etc/kubephase",
        ),
        ("/home/me/conf.d/10.yaml", "/home/me/conf.d"),
        ("/home/me/cluster.yaml", "/home/me"),
        ("cluster.yaml", ""),
    ] {
        assert_eq!(
            lock_folder(Path::new(config)),
            Path::new(folder),
            "{config}"
        );
    }
}
