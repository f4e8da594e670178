//! The users and groups of the host that a rootless control plane runs as: entries of `/etc/passwd` and `/etc/group`.
use crate::{
    render::static_pod::rootless::{SA_KEY_READERS, USER_NAMES},
    world::{Files, Tried},
};

/// Removes them by kubeadm's names, and nothing else of these files; whether there were any.
pub fn remove(files: &dyn Files) -> Tried<bool> {
    let users = USER_NAMES.map(|(_, name)| name);
    let groups = [users.as_slice(), &[SA_KEY_READERS]].concat();
    Ok(without("/etc/passwd", &users, files)? | without("/etc/group", &groups, files)?)
}

/// The file without its lines of these names; the others stay as they are, byte for byte.
fn without(path: &str, names: &[&str], files: &dyn Files) -> Tried<bool> {
    let Some(meta) = files.stat(path)? else { return Ok(false) };
    let before = files.read(path)?;
    let named = |line: &&[u8]| line.split(|byte| *byte == b':').next().is_some_and(|name| names.iter().any(|own| own.as_bytes() == name));
    let after: Vec<u8> = before.split_inclusive(|byte| *byte == b'\n').filter(|line| !named(line)).flatten().copied().collect();
    if after == before {
        return Ok(false);
    }
    files.write(&files.real_path(path)?, &after, meta.mode, Some((meta.uid, meta.gid))).map(|()| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::files::RootedFiles;

    const PASSWD: &[u8] = b"root:x:0:0:root:/root:/bin/bash\nkubeadm-etcd:x:100:101:::/bin/false\nkubeadm-etcd2:x:900:900:::/bin/false\nkubeadm-kas:x:101:102:::/bin/false\nkubeadm-kcm:x:102:103:::/bin/false\nada:x:1000:1000:M\xfcller:/home/ada:/bin/sh\nkubeadm-ks:x:103:104:::/bin/false";
    const GROUP: &[u8] = b"root:x:0:\n\n# kubeadm-ks:\nkubeadm-etcd:x:101:\nkubeadm-kas:x:102:\nkubeadm-kcm:x:103:\nkubeadm-ks:x:104:\nkubeadm-sa-key-readers:x:105:kubeadm-kas,kubeadm-kcm\nstaff:x:50:kubeadm-kas\n";

    #[test]
    fn only_kubeadms_names_are_removed_and_every_other_line_stays() {
        let root = tempfile::tempdir().unwrap();
        let files = RootedFiles::open(root.path()).unwrap();
        assert!(!remove(&files).unwrap(), "there is nobody");
        files.write("/etc/passwd", PASSWD, 0o640, None).unwrap();
        files.write("/etc/group.d", GROUP, 0o644, None).unwrap();
        std::os::unix::fs::symlink("group.d", root.path().join("etc/group")).unwrap();
        assert!(remove(&files).unwrap());
        let passwd: &[u8] =
            b"root:x:0:0:root:/root:/bin/bash\nkubeadm-etcd2:x:900:900:::/bin/false\nada:x:1000:1000:M\xfcller:/home/ada:/bin/sh\n";
        assert_eq!(files.read("/etc/passwd").unwrap(), passwd);
        assert_eq!(files.stat("/etc/passwd").unwrap().unwrap().mode, 0o640);
        assert_eq!(files.read("/etc/group").unwrap(), b"root:x:0:\n\n# kubeadm-ks:\nstaff:x:50:kubeadm-kas\n");
        assert!(root.path().join("etc/group").is_symlink(), "a link stays one");
        assert!(!remove(&files).unwrap(), "they are gone");
    }
}
