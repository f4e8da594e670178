//! Writes the result of a run for `--out DIR`: `DIR/files/…` with the files that the run would
//! leave, with their modes, and `DIR/objects.yaml` with all writes to the API, in order. If writing
//! fails, the result of an earlier run stays.
//!
//! `DIR/.kubephase-out` lists the files that an earlier run wrote there. Only these are replaced or
//! removed.
#![allow(
    clippy::disallowed_methods,
    reason = "the result is the operator's, not the node's"
)]
use crate::{config::Config, effect::Sent, world::Files};
use anyhow::{Context, Result, anyhow, bail};
use kubephase_sdk::yaml;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Name of the file in the output directory that lists what `--out` wrote.
const MARKER: &str = ".kubephase-out";
/// The names that `--out` writes in the output directory, beside the marker.
const RESULTS: [&str; 2] = ["files", "objects.yaml"];
/// Mode bits that no copy has: set-user-ID, set-group-ID, sticky.
const SPECIAL_BITS: u32 = 0o7000;

/// What a run leaves behind.
#[derive(Clone, Copy)]
pub struct RunOutput<'a> {
    pub files: &'a dyn Files,
    pub config: &'a Config,
    /// writes to the API, in order
    pub sent: &'a [Sent],
    /// paths of files and directories that the run made or changed
    pub made: &'a BTreeSet<String>,
    /// paths of files and directories that were as the run wants them
    pub found: &'a BTreeSet<String>,
}

/// The content of the marker file.
#[derive(Default, Deserialize, Serialize)]
struct Marker {
    /// explains the file to people
    note: String,
    /// paths of the files below `files/`, relative to it
    files: BTreeSet<PathBuf>,
}

impl Marker {
    /// Reads the marker of an output directory; none if `--out` never wrote there.
    fn read(out: &Path) -> Result<Option<Marker>> {
        let path = out.join(MARKER);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(anyhow!("cannot read {}: {error}", path.display())),
        };
        serde_json::from_slice(&text).map(Some).with_context(|| {
            format!(
                "{} is damaged; remove it and what an earlier --out wrote beside it",
                path.display()
            )
        })
    }

    fn of(files: &Path) -> Result<Marker> {
        let note = "Written by --out. The next run with --out replaces files/ and objects.yaml."
            .to_owned();
        Ok(Marker {
            note,
            files: entries(files)?,
        })
    }

    fn write(&self, at: &Path) -> Result<()> {
        put(
            at,
            (serde_json::to_string_pretty(self)? + "\n").as_bytes(),
            0o600,
        )
    }
}

/// Lists everything below a directory, with paths relative to it. Links are not followed.
fn entries(root: &Path) -> Result<BTreeSet<PathBuf>> {
    fn walk(root: &Path, below: &Path, found: &mut BTreeSet<PathBuf>) -> std::io::Result<()> {
        for entry in fs::read_dir(root.join(below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                walk(root, &path, found)?;
            }
            found.insert(path);
        }
        Ok(())
    }
    let mut found = BTreeSet::new();
    walk(root, Path::new(""), &mut found)
        .with_context(|| format!("cannot look through {}", root.display()))?;
    Ok(found)
}

/// Directories that are copied with all they hold, and those of which only the files at their top
/// are copied.
fn directories(config: &Config) -> (Vec<String>, Vec<String>) {
    let whole = vec![
        crate::render::KUBERNETES_DIRECTORY.to_owned(),
        config.run.kubeconfig_dir.clone(),
        config.cluster.certificates_dir.clone(),
    ];
    (whole, vec![crate::render::KUBELET_DIR.to_owned()])
}

/// Refuses an output directory in which the result of a run would replace files that `--out` did
/// not write. This is checked before the run, and again before its result is written.
///
/// # Errors
/// `out` is not a directory, or holds a `files/` or `objects.yaml` that `--out` did not write.
pub fn check(out: &Path) -> Result<()> {
    if out.exists() && !out.is_dir() {
        bail!(
            "{} is not a directory; --out names the directory to write to",
            out.display()
        );
    }
    let there: Vec<PathBuf> = RESULTS
        .iter()
        .map(|name| out.join(name))
        .filter(|path| path.symlink_metadata().is_ok())
        .collect();
    let Some(first) = there.first() else {
        return Ok(());
    };
    let Some(marker) = Marker::read(out)? else {
        bail!(
            "{} was not written by --out, which would replace it; name another directory",
            first.display()
        );
    };
    let files = out.join(RESULTS[0]);
    if !files.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
        return Ok(());
    }
    match entries(&files)?.difference(&marker.files).next() {
        Some(other) => bail!(
            "{} was not written by --out; move it away, or name another directory",
            files.join(other).display()
        ),
        None => Ok(()),
    }
}

/// Writes what a run leaves below `out`, in the place of what an earlier run wrote there. Returns
/// notes about what is not as the run would leave it.
///
/// # Errors
/// Where something could not be read or written; `out` is then as it was.
pub fn write(out: &Path, output: &RunOutput<'_>) -> Result<Vec<String>> {
    check(out)?;
    let is_new = !out.exists();
    fs::create_dir_all(out)
        .with_context(|| format!("cannot make the directory {}", out.display()))?;
    let staging = tempfile::Builder::new()
        .prefix(".kubephase-")
        .tempdir_in(out);
    let staging = staging.with_context(|| format!("cannot write to {}", out.display()))?;
    let written = stage(staging.path(), output)
        .and_then(|notes| replace(out, staging.path()).map(|()| notes));
    if written.is_err() {
        drop(staging);
        if is_new {
            // Undoing may fail too; the first failure is the one that is reported.
            let _ = fs::remove_dir(out);
        }
    }
    written.with_context(|| format!("nothing was written to {}", out.display()))
}

/// Makes the result in a directory of its own.
fn stage(staging: &Path, output: &RunOutput<'_>) -> Result<Vec<String>> {
    let target = staging.join(RESULTS[0]);
    make_dir(&target, 0o755)?;
    let mut copy = Copy {
        target: &target,
        output,
        notes: Vec::new(),
        copied: BTreeSet::new(),
    };
    copy.all()?;
    put(
        &staging.join(RESULTS[1]),
        objects(output.sent).as_bytes(),
        0o600,
    )?;
    Marker::of(&target)?.write(&staging.join(MARKER))?;
    Ok(copy.notes)
}

/// Moves the earlier result aside and the new one to its place; where a move fails, all are undone.
fn replace(out: &Path, staging: &Path) -> Result<()> {
    let aside = tempfile::Builder::new()
        .prefix(".kubephase-earlier-")
        .tempdir_in(out);
    let aside = aside.with_context(|| format!("cannot write to {}", out.display()))?;
    let names = [MARKER, RESULTS[0], RESULTS[1]];
    let is_there = |name: &&&str| out.join(name).symlink_metadata().is_ok();
    let earlier = names
        .iter()
        .filter(is_there)
        .map(|name| (out.join(name), aside.path().join(name)));
    let moves: Vec<(PathBuf, PathBuf)> = earlier
        .chain(
            names
                .iter()
                .map(|name| (staging.join(name), out.join(name))),
        )
        .collect();
    for (done, (from, to)) in moves.iter().enumerate() {
        if let Err(error) = fs::rename(from, to) {
            let why = format!(
                "cannot move {} to {}: {error}",
                from.display(),
                to.display()
            );
            let undone = moves[..done]
                .iter()
                .rev()
                .try_for_each(|(from, to)| fs::rename(to, from));
            return Err(match undone {
                Ok(()) => anyhow!(why),
                // The earlier result is never removed where it is not in its place.
                Err(_) => anyhow!(
                    "{why}; the result of the earlier run is in {}",
                    aside.keep().display()
                ),
            });
        }
    }
    Ok(())
}

/// A copy of what a run leaves.
struct Copy<'a> {
    target: &'a Path,
    output: &'a RunOutput<'a>,
    notes: Vec<String>,
    /// paths that were copied or left out already
    copied: BTreeSet<String>,
}

impl Copy<'_> {
    fn all(&mut self) -> Result<()> {
        let (whole, top) = directories(self.output.config);
        for path in whole {
            self.copy(&path, true)?;
        }
        for path in top {
            self.copy(&path, false)?;
        }
        if let Some(etcd) = &self.output.config.cluster.etcd.local
            && let Some(meta) = stat(self.output.files, &etcd.data_dir)?
        {
            // The data itself is the cluster's, not init's.
            make_dir(&below(self.target, &etcd.data_dir), plain(meta.mode))?;
        }
        // Wherever else the run made something: plugins write to /etc/cron.d, /etc/cni/net.d, /opt
        // and other places.
        let (made, found) = (self.output.made, self.output.found);
        for path in made
            .iter()
            .chain(found)
            .filter(|path| path.starts_with('/'))
        {
            if self.copied.contains(path) {
                continue;
            }
            match stat(self.output.files, path)? {
                Some(meta) if meta.kind == "directory" => {
                    let mode = self.mode(path, &meta);
                    make_dir(&below(self.target, path), mode)?;
                }
                Some(_) => self.copy(path, false)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Copies a file, or a directory and what it holds. A link below a directory is left out with a
    /// note: it may lead anywhere.
    fn copy(&mut self, path: &str, deep: bool) -> Result<()> {
        let files = self.output.files;
        let Some(meta) = stat(files, path)? else {
            return Ok(());
        };
        if !self.copied.insert(path.to_owned()) {
            return Ok(());
        }
        let (to, mode) = (below(self.target, path), self.mode(path, &meta));
        match meta.kind.as_str() {
            "directory" => {
                make_dir(&to, mode)?;
                let real = files
                    .real_path(path)
                    .map_err(|failure| anyhow!(failure.message))?;
                for name in files
                    .list(path)
                    .map_err(|failure| anyhow!(failure.message))?
                {
                    let entry = format!("{}/{name}", path.trim_end_matches('/'));
                    if is_link(
                        files,
                        &entry,
                        &format!("{}/{name}", real.trim_end_matches('/')),
                    ) {
                        self.notes
                            .push(format!("{entry} is a link and not part of the output"));
                    } else if deep || stat(files, &entry)?.is_some_and(|meta| meta.kind == "file") {
                        self.copy(&entry, deep)?;
                    }
                }
                Ok(())
            }
            "file" => {
                if let Some(parent) = to.parent() {
                    fs::create_dir_all(parent)
                        .with_context(|| format!("cannot make {}", parent.display()))?;
                }
                put(
                    &to,
                    &files
                        .read(path)
                        .map_err(|failure| anyhow!(failure.message))?,
                    mode,
                )
            }
            _ => Ok(()),
        }
    }

    /// The mode of a copy: of what the run made, the mode that the run gives it. What was there
    /// before is copied as init would have written it (kubeadm's dry run does the same), but no
    /// wider for other users than it was. No copy has a special bit.
    fn mode(&mut self, path: &str, meta: &kubephase_wit::FileMeta) -> u32 {
        if self.output.made.contains(path) {
            if meta.mode & SPECIAL_BITS != 0 {
                self.notes.push(format!(
                    "{path} has the mode {:04o}; its copy has {:04o}",
                    meta.mode,
                    plain(meta.mode)
                ));
            }
            return plain(meta.mode);
        }
        let is_private = [".key", ".conf"]
            .iter()
            .any(|ending| path.ends_with(ending));
        match meta.kind.as_str() {
            // The copy is its owner's to read, to write and to remove.
            "directory" => meta.mode & 0o055 | 0o700,
            _ if is_private => 0o600,
            _ => meta.mode & 0o044 | 0o600,
        }
    }
}

/// The mode without its special bits.
fn plain(mode: u32) -> u32 {
    mode & 0o7777 & !SPECIAL_BITS
}

/// Whether an entry of a directory is a link, or leads nowhere. `place` is where the entry is, all
/// links above it followed.
fn is_link(files: &dyn Files, entry: &str, place: &str) -> bool {
    files.real_path(entry).map_or(true, |real| real != place)
}

fn stat(files: &dyn Files, path: &str) -> Result<Option<kubephase_wit::FileMeta>> {
    files.stat(path).map_err(|failure| anyhow!(failure.message))
}

fn below(target: &Path, path: &str) -> PathBuf {
    target.join(path.trim_start_matches('/'))
}

fn make_dir(path: &Path, mode: u32) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot set the mode of {}", path.display()))
}

fn put(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        std::io::Write::write_all(&mut file, content)?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Everything that was written to the API, each document below a comment `# VERB resource
/// [namespace/]name`.
pub fn objects(sent: &[Sent]) -> String {
    let document = |sent: &Sent| {
        let name = sent
            .namespace
            .iter()
            .map(|namespace| format!("{namespace}/"))
            .chain([sent.name.clone()])
            .collect::<String>();
        let kind = if sent.verb == "PATCH" {
            "# patchType: application/strategic-merge-patch+json\n"
        } else {
            ""
        };
        let body = match serde_json::from_str(&sent.body) {
            Ok(Value::Null) | Err(_) => String::new(),
            Ok(body) => yaml::to_string(&body),
        };
        format!("# {} {} {name}\n{kind}{body}", sent.verb, sent.resource)
    };
    sent.iter().map(document).collect::<Vec<_>>().join("---\n")
}

#[cfg(test)]
mod tests;
