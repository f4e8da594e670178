//! A tree as a plugin's effects reach it: no link is followed, and nothing of the host's is touched. What is judged is
//! what was opened, directory by directory, and the change is made through the same handles.
use super::{
    RootedFiles, UNFINISHED, failed,
    handle::{Identity, Opened, UNFOLLOWED, identity, is_searchable, meta},
    set,
    territory::{Survey, Territory},
};
use crate::world::{Files, OpenFile, Tried};
use kubephase_wit::{Failure, FileMeta};
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
};
use std::sync::OnceLock;

/// What a plugin's effect is about to do at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Look,
    Write { mode: u32 },
    MakeDirectory { mode: u32 },
    SetMode { mode: u32 },
    RemoveFile,
    RemoveDirectory,
}

/// What is done about directories that are missing on the way to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Make,
    Stop,
}

/// A name in an open directory, where a plugin may do what it is about to.
pub struct Spot<'a> {
    directory: OwnedFd,
    name: &'a str,
    /// what has the name now
    target: Option<Stat>,
    /// whether every local user may search all directories on the way
    searchable: bool,
}

/// Made for one effect: where the host's files lie is looked up once.
pub struct Confined<'a> {
    files: &'a RootedFiles,
    territories: Vec<&'a Territory>,
    surveys: OnceLock<Vec<Survey>>,
}

/// Permissions that a plugin may give. Neither set-user-ID nor set-group-ID is one of them.
const FILE_MODE: u32 = 0o777;
/// Others may remove only their own files from a directory with the sticky bit, so that one is harmless.
const DIRECTORY_MODE: u32 = 0o1777;

fn denied(message: String) -> Failure {
    Failure::new("denied", message)
}

fn is_host_owned(path: &str) -> Failure {
    let remedy = "a plugin cannot change static Pods, keys, kubeconfigs, or what the kubelet, etcd, the container runtime \
                  and this program keep";
    Failure { remedy: Some(remedy.into()), ..denied(format!("{path} belongs to the host, which a plugin's file effects do not reach")) }
}

/// The parts of a path that names a file and has no way around.
///
/// # Errors
/// `invalid` for any other path.
fn parts(path: &str) -> Tried<Vec<&str>> {
    let invalid = |why: &str| Failure::new("invalid", format!("{path:?} {why}"));
    let below = path.strip_prefix('/').ok_or_else(|| invalid("is not an absolute path"))?;
    let parts: Vec<&str> = below.split('/').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Err(invalid("is not the path of a file"));
    }
    if parts.iter().any(|part| matches!(*part, "." | "..") || part.contains('\0')) {
        return Err(invalid("has a part that is not a name"));
    }
    Ok(parts)
}

fn kind(of: &Stat) -> String {
    match FileType::from_raw_mode(of.st_mode) {
        FileType::RegularFile => "file",
        FileType::Directory => "directory",
        FileType::Symlink => "symbolic link",
        FileType::Socket => "socket",
        FileType::Fifo => "pipe",
        _ => "device",
    }
    .to_owned()
}

impl<'a> Confined<'a> {
    pub fn new(files: &'a RootedFiles, territory: &'a Territory) -> Self {
        Confined { files, territories: vec![territory], surveys: OnceLock::new() }
    }

    /// The same view without the places of another territory as well.
    pub fn with<'c>(&'c self, territory: &'c Territory) -> Confined<'c> {
        let territories = self.territories.iter().copied().chain([territory]).collect();
        Confined { files: self.files, territories, surveys: OnceLock::new() }
    }

    fn surveys(&self) -> Tried<&[Survey]> {
        if let Some(surveys) = self.surveys.get() {
            return Ok(surveys);
        }
        let surveys: Result<Vec<Survey>, Errno> = self.territories.iter().map(|territory| Survey::of(territory, self.files)).collect();
        let surveys = surveys.map_err(|errno| failed("look at the files of the host below", "/", errno.into()))?;
        Ok(self.surveys.get_or_init(|| surveys))
    }

    fn owns(&self, of: Identity) -> Tried<bool> {
        Ok(self.surveys()?.iter().any(|survey| survey.owns(of)))
    }

    /// Whether a name in a directory is the host's.
    fn owns_entry(&self, directory: &Stat, name: &str) -> Tried<bool> {
        Ok(self.surveys()?.iter().any(|survey| survey.owns_entry(identity(directory), name)))
    }

    fn is_above(&self, of: Identity) -> Tried<bool> {
        Ok(self.surveys()?.iter().any(|survey| survey.is_above(of)))
    }

    /// Goes down to the directory of a path, one name after the other. None where a directory is missing.
    fn spot<'p>(&self, path: &'p str, missing: Missing) -> Tried<Option<Spot<'p>>> {
        let failed = |errno: Errno| failed("open", path, errno.into());
        let mut parts = parts(path)?;
        let name = parts.pop().unwrap_or_default();
        let spelled = format!("/{}{name}", parts.iter().map(|part| format!("{part}/")).collect::<String>());
        let is_owned = self.territories.iter().any(|territory| territory.owns(&spelled));
        if is_owned || self.surveys()?.iter().any(|survey| survey.owns_path(&spelled)) {
            return Err(is_host_owned(path));
        }
        let mut directory = self.files.at(".", OFlags::PATH | OFlags::DIRECTORY).map_err(failed)?;
        let mut searchable = self.files.is_scratch() || is_searchable(fs::fstat(&directory).map_err(failed)?.st_mode);
        let mut stat = fs::fstat(&directory).map_err(failed)?;
        for part in parts {
            if self.owns_entry(&stat, part)? {
                return Err(is_host_owned(path));
            }
            let next = match (fs::openat(&directory, part, UNFOLLOWED, Mode::empty()), missing) {
                (Err(Errno::NOENT), Missing::Stop) => return Ok(None),
                (Err(Errno::NOENT), Missing::Make) => self.files.make_below(&directory, part, super::PARENT_MODE).map_err(failed)?,
                (opened, _) => opened.map_err(failed)?,
            };
            stat = fs::fstat(&next).map_err(failed)?;
            if self.owns(identity(&stat))? {
                return Err(is_host_owned(path));
            }
            if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
                return Err(denied(format!(
                    "{path} leads through {part:?}, which is a {}; a plugin's effects follow no link",
                    kind(&stat)
                )));
            }
            searchable &= is_searchable(stat.st_mode);
            directory = next;
        }
        if self.owns_entry(&stat, name)? {
            return Err(is_host_owned(path));
        }
        let target = match fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if self.owns(identity(&stat))? => return Err(is_host_owned(path)),
            Ok(stat) => Some(stat),
            Err(Errno::NOENT) => None,
            Err(errno) => return Err(failed(errno)),
        };
        Ok(Some(Spot { directory, name, target, searchable }))
    }

    /// Whether a plugin may do this at a path, as far as this tree is concerned.
    ///
    /// # Errors
    /// `denied` with the reason; what else keeps the path from being opened.
    pub fn check(&self, path: &str, deed: Deed) -> Tried<()> {
        match self.spot(path, Missing::Stop)? {
            Some(spot) => self.judge(path, &spot, deed),
            None => judge_mode(path, deed),
        }
    }

    fn judge(&self, path: &str, spot: &Spot, deed: Deed) -> Tried<()> {
        judge_mode(path, deed)?;
        if deed != Deed::Look && spot.name.starts_with('.') && spot.name.ends_with(UNFINISHED) {
            return Err(denied(format!("{path} has a name that the host gives to files it has not finished")));
        }
        let Some(target) = &spot.target else { return Ok(()) };
        let of = FileType::from_raw_mode(target.st_mode);
        let fits = match deed {
            Deed::Look => true,
            Deed::Write { .. } => of == FileType::RegularFile,
            Deed::MakeDirectory { .. } | Deed::RemoveDirectory => of == FileType::Directory,
            Deed::SetMode { .. } => matches!(of, FileType::RegularFile | FileType::Directory),
            Deed::RemoveFile => matches!(of, FileType::RegularFile | FileType::Symlink),
        };
        if !fits {
            return Err(denied(format!("{path} is a {}, which this effect of a plugin does not touch", kind(target))));
        }
        match deed {
            Deed::SetMode { .. } if of == FileType::RegularFile => judge_links(path, target),
            Deed::SetMode { .. } | Deed::RemoveDirectory if self.is_above(identity(target))? => {
                Err(denied(format!("{path} holds files of the host, so a plugin may not change it")))
            }
            _ => Ok(()),
        }
    }

    /// A place where the deed may be done, with its directories made if it makes something.
    fn prepare<'p>(&self, path: &'p str, deed: Deed) -> Tried<Option<Spot<'p>>> {
        judge_mode(path, deed)?;
        let makes = matches!(deed, Deed::Write { .. } | Deed::MakeDirectory { .. });
        let spot = self.spot(path, if makes { Missing::Make } else { Missing::Stop })?;
        if let Some(spot) = &spot {
            self.judge(path, spot, deed)?;
        }
        Ok(spot)
    }

    fn remove_entry(&self, path: &str, deed: Deed, flags: AtFlags) -> Tried<()> {
        let Some(spot) = self.prepare(path, deed)? else { return Ok(()) };
        if spot.target.is_none() {
            return Ok(());
        }
        self.files.unlink_in(&spot.directory, spot.name, flags).map_err(|error| failed("remove", path, error))
    }

    fn open_spot(&self, path: &str) -> Tried<Opened> {
        let missing = || failed("open", path, Errno::NOENT.into());
        let spot = self.prepare(path, Deed::Look)?.ok_or_else(missing)?;
        let handle = fs::openat(&spot.directory, spot.name, UNFOLLOWED, Mode::empty());
        let opened = Opened::held(handle.map_err(|errno| failed("open", path, errno.into()))?, path, path, spot.searchable)?;
        if self.owns(opened.identity())? {
            return Err(is_host_owned(path));
        }
        Ok(opened)
    }
}

/// A mode that a plugin may not give is refused wherever it is.
fn judge_mode(path: &str, deed: Deed) -> Tried<()> {
    let (mode, allowed) = match deed {
        Deed::Write { mode } => (mode, FILE_MODE),
        Deed::MakeDirectory { mode } | Deed::SetMode { mode } => (mode, DIRECTORY_MODE),
        Deed::Look | Deed::RemoveFile | Deed::RemoveDirectory => return Ok(()),
    };
    if mode & !allowed == 0 {
        return Ok(());
    }
    Err(denied(format!("{path} would get mode {mode:04o}; a plugin may only give permissions to read, write and execute")))
}

/// A file with several names may be a key of the host under another one.
fn judge_links(path: &str, of: &Stat) -> Tried<()> {
    if of.st_nlink > 1 {
        return Err(denied(format!("{path} is a hard link: the file has {} names, so a plugin may not change it", of.st_nlink)));
    }
    Ok(())
}

impl Files for Confined<'_> {
    fn open(&self, path: &str) -> Tried<Box<dyn OpenFile + '_>> {
        Ok(Box::new(self.open_spot(path)?))
    }

    fn confined<'c>(&'c self, territory: &'c Territory) -> Box<dyn Files + 'c> {
        Box::new(self.with(territory))
    }

    fn stat(&self, path: &str) -> Tried<Option<FileMeta>> {
        Ok(self.prepare(path, Deed::Look)?.and_then(|spot| spot.target).as_ref().map(meta))
    }

    fn read(&self, path: &str) -> Tried<Vec<u8>> {
        self.open_spot(path)?.read(super::MAX_READ)
    }

    fn real_path(&self, path: &str) -> Tried<String> {
        Ok(self.open_spot(path)?.real_path())
    }

    fn list(&self, path: &str) -> Tried<Vec<String>> {
        self.open_spot(path)?.list()
    }

    fn write(&self, path: &str, content: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        let Some(spot) = self.prepare(path, Deed::Write { mode })? else { return Err(failed("write", path, Errno::NOENT.into())) };
        self.files.write_in(&spot.directory, spot.name, content, mode, owner).map_err(|error| failed("write", path, error))
    }

    fn make_dir(&self, path: &str, mode: u32) -> Tried<()> {
        let failed = |errno: Errno| failed("make the directory", path, errno.into());
        match self.prepare(path, Deed::MakeDirectory { mode })? {
            Some(Spot { target: Some(_), .. }) => Ok(()),
            Some(spot) => self.files.make_below(&spot.directory, spot.name, mode).map(drop).map_err(failed),
            None => Err(failed(Errno::NOENT)),
        }
    }

    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        let failed = |errno: Errno| failed("set the mode of", path, errno.into());
        let spot = self.prepare(path, Deed::SetMode { mode })?.ok_or_else(|| failed(Errno::NOENT))?;
        let handle = fs::openat(&spot.directory, spot.name, UNFOLLOWED, Mode::empty()).map_err(failed)?;
        // The name may lead to another file than a moment ago, so what is held is judged once more.
        let target = fs::fstat(&handle).map_err(failed)?;
        if self.owns(identity(&target))? {
            return Err(is_host_owned(path));
        }
        self.judge(path, &Spot { target: Some(target), ..spot }, Deed::SetMode { mode })?;
        set(&handle, mode, owner).map_err(|error| super::failed("set the mode of", path, error))?;
        self.files.sync(&handle).map_err(|error| super::failed("set the mode of", path, error))
    }

    fn give(&self, path: &str, _owner: (u32, u32)) -> Tried<bool> {
        Err(denied(format!("{path} is not given away: a plugin changes the owner of single files alone")))
    }

    fn remove(&self, path: &str) -> Tried<()> {
        self.remove_entry(path, Deed::RemoveFile, AtFlags::empty())
    }

    fn remove_all(&self, path: &str) -> Tried<()> {
        Err(denied(format!("{path} is not removed: a plugin removes single files alone")))
    }

    fn remove_dir(&self, path: &str) -> Tried<()> {
        self.remove_entry(path, Deed::RemoveDirectory, AtFlags::REMOVEDIR)
    }
}

#[cfg(test)]
mod tests {
    use crate::world::{Files, Territory, files::RootedFiles};
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::{
        fs::{self, hard_link},
        os::unix::fs::{PermissionsExt, symlink},
        path::Path,
    };

    fn tree() -> (tempfile::TempDir, RootedFiles) {
        let root = tempfile::tempdir().unwrap();
        let files = RootedFiles::open(root.path()).unwrap();
        (root, files)
    }

    /// As of a node: keys, kubeconfigs, and the kubelet's data.
    fn territory() -> Territory {
        let mut territory = Territory::default();
        territory.add("/var/lib/kubelet");
        territory.add_linked_directory("/etc/kubernetes/pki");
        territory.add_kubeconfig_directory("/etc/kubernetes");
        territory
    }

    /// Every change that a plugin may propose at a path is refused.
    fn assert_is_out_of_reach(files: &dyn Files, path: &str) {
        let territory = territory();
        let attempts = [
            files.confined(&territory).write(path, b"evil", 0o644, None),
            files.confined(&territory).make_dir(path, 0o755),
            files.confined(&territory).set_mode(path, 0o666, None),
            files.confined(&territory).remove(path),
            files.confined(&territory).remove_dir(path),
            files.confined(&territory).remove_all(path),
            files.confined(&territory).give(path, (1, 1)).map(drop),
            files.confined(&territory).stat(path).map(drop),
            files.confined(&territory).read(path).map(drop),
            files.confined(&territory).list(path).map(drop),
            files.confined(&territory).open(path).map(drop),
        ];
        for (at, attempt) in attempts.into_iter().enumerate() {
            assert_eq!(attempt.map_err(|failure| failure.code), Err("denied".to_owned()), "attempt {at} at {path}");
        }
    }

    #[test]
    fn what_is_nobody_elses_is_written_and_removed() {
        let (root, files) = tree();
        let (territory, path) = (territory(), "/etc/cni/net.d/10-bridge.conf");
        let plugin = || files.confined(&territory);
        assert!(plugin().stat(path).unwrap().is_none());
        plugin().write(path, b"{}", 0o644, None).unwrap();
        assert_eq!(plugin().read(path).unwrap(), b"{}");
        plugin().write(path, b"[]", 0o600, None).unwrap();
        assert_eq!(fs::read(root.path().join(&path[1..])).unwrap(), b"[]");
        assert_eq!(plugin().list("/etc/cni/net.d").unwrap(), ["10-bridge.conf"]);
        plugin().set_mode(path, 0o640, None).unwrap();
        assert_eq!(plugin().stat(path).unwrap().unwrap().mode, 0o640);
        plugin().make_dir("/opt/cni/bin", 0o700).unwrap();
        assert_eq!(files.stat("/opt/cni/bin").unwrap().unwrap().mode, 0o700);
        assert_eq!(files.stat("/opt/cni").unwrap().unwrap().mode, 0o755);
        plugin().make_dir("/opt/cni/bin", 0o755).unwrap();
        plugin().remove(path).unwrap();
        plugin().remove(path).unwrap();
        plugin().remove("/none/there").unwrap();
        assert_eq!(plugin().set_mode("/none/there", 0o644, None).unwrap_err().code, "not-found");
        assert_eq!(plugin().open("/none/there").err().unwrap().code, "not-found");
        plugin().write("/etc/kubernetes/audit/policy.yaml", b"", 0o644, None).unwrap();
        plugin().write("/etc/kubernetes/notes.txt", b"", 0o644, None).unwrap();
    }

    #[test]
    fn no_link_is_followed_anywhere_in_a_path() {
        let (root, files) = tree();
        files.write("/etc/cron.d/job", b"theirs", 0o600, None).unwrap();
        for (link, target) in [("opt/evil", "/etc/cron.d"), ("opt/relative", "../etc"), ("opt/file", "/etc/cron.d/job")] {
            fs::create_dir_all(root.path().join("opt")).unwrap();
            symlink(target, root.path().join(link)).unwrap();
        }
        let territory = territory();
        for path in ["/opt/evil/job", "/opt/relative/cron.d/job", "/opt/file"] {
            let plugin = || files.confined(&territory);
            assert_eq!(plugin().write(path, b"evil", 0o644, None).unwrap_err().code, "denied", "{path}");
            assert_eq!(plugin().set_mode(path, 0o666, None).unwrap_err().code, "denied", "{path}");
            assert!(plugin().read(path).is_err(), "{path}");
        }
        for path in ["/opt/evil/new", "/opt/evil/new/below", "/opt/relative/new"] {
            assert_eq!(files.confined(&territory).write(path, b"evil", 0o644, None).unwrap_err().code, "denied", "{path}");
            assert_eq!(files.confined(&territory).make_dir(path, 0o755).unwrap_err().code, "denied", "{path}");
        }
        assert_eq!(files.confined(&territory).remove("/opt/evil/job").unwrap_err().code, "denied");
        assert_eq!(files.list("/etc").unwrap(), ["cron.d"]);
        assert_eq!(files.list("/etc/cron.d").unwrap(), ["job"]);
        assert_eq!(files.read("/etc/cron.d/job").unwrap(), b"theirs");
        assert_eq!(files.stat("/etc/cron.d/job").unwrap().unwrap().mode, 0o600);
        files.confined(&territory).remove("/opt/file").unwrap();
        assert!(files.stat("/etc/cron.d/job").unwrap().is_some(), "the link goes, not the file");
    }

    #[test]
    fn what_the_host_owns_is_out_of_reach_by_every_name() {
        let (root, files) = tree();
        files.write("/etc/kubernetes/pki/etcd/ca.key", b"key", 0o600, None).unwrap();
        files.write("/etc/kubernetes/admin.conf", b"admin", 0o600, None).unwrap();
        files.write("/data/keys/sa.key", b"key", 0o600, None).unwrap();
        files.write("/data/kubelet/config.yaml", b"", 0o600, None).unwrap();
        files.write("/data/scheduler.conf", b"", 0o600, None).unwrap();
        fs::create_dir_all(root.path().join("var/lib")).unwrap();
        for (link, target) in [
            ("var/lib/kubelet", "/links/kubelet"),
            ("links", "/data"),
            ("etc/kubernetes/pki/sa.key", "/data/keys/sa.key"),
            ("etc/kubernetes/scheduler.conf", "../../data/scheduler.conf"),
            ("etc/kubernetes/pki/later", "/data/later"),
        ] {
            symlink(target, root.path().join(link)).unwrap();
        }
        for path in [
            "/etc/kubernetes/pki",
            "/etc/kubernetes/pki/etcd/ca.key",
            "/etc/kubernetes/pki/new",
            "/etc/kubernetes//pki/new",
            "/etc/kubernetes/admin.conf",
            "/etc/kubernetes/kubelet.conf",
            "/etc/kubernetes/kubelet.conf/below",
            "/var/lib/kubelet",
            "/var/lib/kubelet/config.yaml",
            "/data/kubelet",
            "/data/kubelet/config.yaml",
            "/data/kubelet/new/below",
            "/data/keys/sa.key",
            "/data/scheduler.conf",
            "/data/later",
            "/data/later/below",
            "/links",
        ] {
            assert_is_out_of_reach(&files, path);
        }
        let territory = territory();
        for path in ["/etc/kubernetes", "/etc", "/data"] {
            assert_eq!(files.confined(&territory).set_mode(path, 0o777, None).unwrap_err().code, "denied", "{path}");
            assert_eq!(files.confined(&territory).remove_dir(path).unwrap_err().code, "denied", "{path}");
        }
        files.confined(&territory).write("/data/keys/mine", b"", 0o644, None).unwrap();
    }

    #[test]
    fn a_path_with_a_way_around_is_refused() {
        let (_root, files) = tree();
        let territory = territory();
        for path in ["", "/", "//", "etc/x", "/etc/../x", "/./x", "/etc/..", "/a\0b", "/opt/kubernetes/../../etc/kubernetes/pki/x"] {
            let refused = files.confined(&territory).write(path, b"", 0o644, None).unwrap_err().code;
            assert!(["invalid", "denied"].contains(&refused.as_str()), "{path:?}: {refused}");
        }
        assert_eq!(files.list("/").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn modes_that_lend_rights_are_refused() {
        let (_root, files) = tree();
        let territory = territory();
        files.write("/opt/tool", b"", 0o755, None).unwrap();
        for mode in [0o4755, 0o2755, 0o6000, 0o100_755, 0o20666] {
            let plugin = || files.confined(&territory);
            assert_eq!(plugin().write("/opt/tool", b"evil", mode, None).unwrap_err().code, "denied", "{mode:o}");
            assert_eq!(plugin().set_mode("/opt/tool", mode, None).unwrap_err().code, "denied", "{mode:o}");
            assert_eq!(plugin().make_dir("/opt/new", mode).unwrap_err().code, "denied", "{mode:o}");
        }
        assert_eq!(files.list("/opt").unwrap(), ["tool"]);
        assert_eq!(files.stat("/opt/tool").unwrap().unwrap().mode, 0o755);
    }

    #[test]
    fn what_is_not_a_plain_file_of_one_name_is_left_alone() {
        let (root, files) = tree();
        let territory = territory();
        files.write("/etc/kubernetes/pki/ca.key", b"key", 0o600, None).unwrap();
        files.make_dir("/opt/directory", 0o755).unwrap();
        hard_link(root.path().join("etc/kubernetes/pki/ca.key"), root.path().join("opt/hard")).unwrap();
        files.write("/opt/other", b"", 0o600, None).unwrap();
        hard_link(root.path().join("opt/other"), root.path().join("opt/second")).unwrap();
        mknodat(CWD, root.path().join("opt/pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let plugin = || files.confined(&territory);
        assert_eq!(plugin().set_mode("/opt/hard", 0o666, None).unwrap_err().code, "denied");
        let refused = plugin().set_mode("/opt/second", 0o666, None).unwrap_err();
        assert!(refused.message.contains("2 names"), "{refused:?}");
        for path in ["/opt/directory", "/opt/pipe"] {
            assert_eq!(plugin().write(path, b"", 0o644, None).unwrap_err().code, "denied", "{path}");
            assert_eq!(plugin().remove(path).unwrap_err().code, "denied", "{path}");
        }
        assert_eq!(plugin().set_mode("/opt/pipe", 0o666, None).unwrap_err().code, "denied");
        assert_eq!(plugin().make_dir("/opt/pipe", 0o755).unwrap_err().code, "denied");
        assert_eq!(plugin().write("/opt/.admin.conf.unfinished", b"", 0o644, None).unwrap_err().code, "denied");
        let mode = |path: &str| fs::metadata(root.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("etc/kubernetes/pki/ca.key"), mode("opt/other"), mode("opt/pipe")), (0o600, 0o600, 0o600));
    }

    /// The machine itself has no scratch root around it; nothing of it is changed here.
    #[test]
    fn the_machines_own_tree_is_judged_in_the_same_way() {
        let machine = RootedFiles::open(Path::new("/")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let owned = folder.path().join("owned");
        fs::create_dir_all(owned.join("below")).unwrap();
        symlink(&owned, folder.path().join("link")).unwrap();
        let mut territory = Territory::default();
        territory.add(&format!("{}/link", folder.path().display()));
        let plugin = || machine.confined(&territory);
        for name in ["owned/x", "owned/below/x", "link/x", "link", "owned"] {
            let path = format!("{}/{name}", folder.path().display());
            assert_eq!(plugin().write(&path, b"", 0o644, None).unwrap_err().code, "denied", "{path}");
        }
        let mine = format!("{}/mine", folder.path().display());
        plugin().write(&mine, b"x", 0o644, None).unwrap();
        assert_eq!(machine.read(&mine).unwrap(), b"x");
    }
}
