//! Opened files: their real path, whether other users may read them, and their content. `reading`
//! has files that are refused or too large.
use crate::world::{Files, files::RootedFiles};
use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{PermissionsExt, symlink},
        process::CommandExt,
    },
    path::Path,
    process::{Command, Stdio},
};

mod reading;

fn tree() -> (tempfile::TempDir, RootedFiles) {
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    (root, files)
}

#[test]
fn an_opened_file_says_where_it_really_lies() {
    let (root, files) = tree();
    files
        .write("/etc/pki/ca.key", b"secret", 0o600, None)
        .unwrap();
    symlink("/etc/pki", root.path().join("absolute")).unwrap();
    symlink("../absolute/ca.key", root.path().join("etc/relative")).unwrap();
    for path in [
        "/etc/pki/ca.key",
        "/absolute/ca.key",
        "/etc/relative",
        "/etc/../etc/pki//ca.key",
    ] {
        let opened = files.open(path).unwrap();
        assert_eq!(opened.real_path(), "/etc/pki/ca.key", "{path}");
        assert_eq!(
            (
                opened.meta().mode,
                opened.meta().kind.as_str(),
                opened.is_public()
            ),
            (0o600, "file", false)
        );
    }
    assert_eq!(files.open("/absolute").unwrap().list().unwrap(), ["ca.key"]);
    assert_eq!(files.open("/").unwrap().real_path(), "/");
    assert_eq!(
        files.open("/none").err().unwrap().code,
        kubephase_wit::FailureCode::NotFound
    );
    assert_eq!(
        files.open("/etc/pki/ca.key/below").err().unwrap().code,
        kubephase_wit::FailureCode::NotFound
    );
}

#[test]
fn an_opened_file_is_read_even_if_its_name_leads_elsewhere_now() {
    let (root, files) = tree();
    files.write("/harmless", b"harmless", 0o644, None).unwrap();
    files.write("/secret", b"secret", 0o600, None).unwrap();
    let opened = files.open("/harmless").unwrap();
    fs::remove_file(root.path().join("harmless")).unwrap();
    symlink("/secret", root.path().join("harmless")).unwrap();
    assert_eq!(opened.read(100).unwrap(), b"harmless");
}

#[test]
fn links_of_the_kernel_below_proc_are_not_followed() {
    let machine = RootedFiles::open(Path::new("/")).unwrap();
    for path in [
        "/proc/self/root/etc",
        "/proc/self/cwd",
        "/proc/self/exe",
        "/proc/self/fd/0",
        "/proc/thread-self/root",
    ] {
        assert_eq!(
            machine.open(path).err().unwrap().code,
            kubephase_wit::FailureCode::Denied,
            "{path}"
        );
    }
    let environment = machine.open("/proc/self/environ").unwrap();
    assert_eq!(
        environment.real_path(),
        format!("/proc/{}/environ", std::process::id())
    );
    assert!(!environment.is_public());
    let status = machine.open("/proc/self/status").unwrap();
    assert!(status.is_public() && status.meta().size == 0);
    assert!(
        String::from_utf8(status.read(1 << 20).unwrap())
            .unwrap()
            .starts_with("Name:")
    );
    assert_eq!(
        status.read(10).unwrap_err().code,
        kubephase_wit::FailureCode::Limit,
        "a file of /proc has the size 0, so its bytes are counted while they are read"
    );
}

/// Whether the user `nobody` can read a file with `cat`, or list a directory with `ls`.
fn can_nobody_read(path: &Path) -> bool {
    let (program, arguments): (_, &[_]) = if path.is_dir() {
        ("ls", &["-l"])
    } else {
        ("cat", &[])
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(path)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.uid(65534).gid(65534).status().unwrap().success()
}

#[test]
fn a_file_is_public_exactly_if_another_user_can_read_it() {
    if !crate::requirements::is_root() {
        return;
    }
    let (root, files) = tree();
    let modes = [0o755, 0o711, 0o754, 0o744, 0o750, 0o700];
    for outer in modes {
        for inner in modes {
            for mode in [0o644, 0o604, 0o640, 0o600, 0o004, 0o000] {
                let directory = format!("/{outer:o}/{inner:o}");
                let path = format!("{directory}/{mode:o}");
                files.write(&path, b"text", mode, None).unwrap();
                files.set_mode(&directory, inner, None).unwrap();
                files.set_mode(&format!("/{outer:o}"), outer, None).unwrap();
                for path in [path, directory] {
                    let real_path = root.path().join(path.trim_start_matches('/'));
                    assert_eq!(
                        files.open(&path).unwrap().is_public(),
                        can_nobody_read(&real_path),
                        "{path}"
                    );
                }
            }
        }
    }
    symlink("/700/755/644", root.path().join("link")).unwrap();
    assert!(
        !files.open("/link").unwrap().is_public(),
        "the directories of the real path count"
    );
}
