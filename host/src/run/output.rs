//! `--out DIR`: what a run would leave behind, as files: `DIR/files/…` with their modes, `DIR/objects.yaml` with
//! everything written to the API in order. All of it appears at once, or nothing does.
#![allow(clippy::disallowed_methods, reason = "the result is the operator's, not the node's")]
use crate::{effect::Sent, world::Files};
use anyhow::{Context, Result, anyhow, bail};
use kubephase_sdk::{kubeadm::Config, yaml};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Directories that are taken with all they hold, and those of which only the files at their top are taken.
fn directories(config: &Config) -> (Vec<String>, Vec<String>) {
    let whole =
        vec![crate::render::KUBERNETES_DIRECTORY.to_owned(), config.run.kubeconfig_dir.clone(), config.cluster.certificates_dir.clone()];
    (whole, vec![crate::render::KUBELET_DIR.to_owned()])
}

/// Whether a result can be written to `out` at all, before a run is made for it.
///
/// # Errors
/// Where it is something else than a directory.
pub fn check(out: &Path) -> Result<()> {
    if out.exists() && !out.is_dir() {
        bail!("{} is not a directory; --out names the directory to write to", out.display());
    }
    Ok(())
}

/// Writes both below `out`, replacing what an earlier run wrote there.
///
/// # Errors
/// Where something could not be read or written; `out` is then as it was.
pub fn write(out: &Path, files: &dyn Files, config: &Config, sent: &[Sent], made: &BTreeSet<String>) -> Result<()> {
    check(out)?;
    let new = !out.exists();
    fs::create_dir_all(out).with_context(|| format!("cannot make the directory {}", out.display()))?;
    let staging = tempfile::Builder::new().prefix(".kubephase-").tempdir_in(out);
    let staging = staging.with_context(|| format!("cannot write to {}", out.display()))?;
    let copied = Copy { target: &staging.path().join("files"), files, made }
        .all(config)
        .and_then(|()| put(&staging.path().join("objects.yaml"), objects(sent).as_bytes(), 0o600));
    if copied.is_err() {
        drop(staging);
        if new {
            // Whatever else stands in the way, the first failure is what is told.
            let _ = fs::remove_dir(out);
        }
        return copied.with_context(|| format!("nothing was left in {}", out.display()));
    }
    for name in ["files", "objects.yaml"] {
        let (from, to) = (staging.path().join(name), out.join(name));
        if to.is_dir() {
            fs::remove_dir_all(&to)?;
        }
        fs::rename(&from, &to).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(())
}

/// A copy of what a run leaves.
struct Copy<'a> {
    target: &'a Path,
    files: &'a dyn Files,
    /// what the run made; the rest was there before
    made: &'a BTreeSet<String>,
}

impl Copy<'_> {
    fn all(&self, config: &Config) -> Result<()> {
        let (whole, top) = directories(config);
        for path in whole {
            self.copy(&path, true)?;
        }
        for path in top {
            self.copy(&path, false)?;
        }
        if let Some(etcd) = &config.cluster.etcd.local
            && let Some(meta) = stat(self.files, &etcd.data_dir)?
        {
            // The data itself is the cluster's, not init's.
            make_dir(&below(self.target, &etcd.data_dir), meta.mode)?;
        }
        Ok(())
    }

    /// A directory, what it holds and the modes of both.
    fn copy(&self, path: &str, deep: bool) -> Result<()> {
        let Some(meta) = stat(self.files, path)? else { return Ok(()) };
        let to = below(self.target, path);
        let mode = self.mode(path, &meta);
        match meta.kind.as_str() {
            "directory" => {
                make_dir(&to, mode)?;
                for name in self.files.list(path).map_err(|failure| anyhow!(failure.message))? {
                    let entry = format!("{path}/{name}");
                    if deep || stat(self.files, &entry)?.is_some_and(|meta| meta.kind == "file") {
                        self.copy(&entry, deep)?;
                    }
                }
                Ok(())
            }
            "file" => put(&to, &self.files.read(path).map_err(|failure| anyhow!(failure.message))?, mode),
            _ => Ok(()),
        }
    }

    /// What was there before is copied as init would have written it (kubeadm's dry run does the same): the copy is ours,
    /// whatever became of the original's mode on its way here.
    fn mode(&self, path: &str, meta: &kubephase_wit::FileMeta) -> u32 {
        let private = [".key", ".conf"].iter().any(|ending| path.ends_with(ending));
        match meta.kind.as_str() {
            _ if self.made.contains(path) => meta.mode,
            "directory" if meta.mode & 0o777 == 0o700 => meta.mode,
            "directory" => 0o755,
            _ if private => 0o600,
            _ => 0o644,
        }
    }
}

fn stat(files: &dyn Files, path: &str) -> Result<Option<kubephase_wit::FileMeta>> {
    files.stat(path).map_err(|failure| anyhow!(failure.message))
}

fn below(target: &Path, path: &str) -> PathBuf {
    target.join(path.trim_start_matches('/'))
}

fn make_dir(path: &Path, mode: u32) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path).with_context(|| format!("cannot make {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).with_context(|| format!("cannot set the mode of {}", path.display()))
}

fn put(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
        std::io::Write::write_all(&mut file, content)?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Everything that was written to the API, each document below a comment `# VERB resource [namespace/]name`.
pub fn objects(sent: &[Sent]) -> String {
    let document = |sent: &Sent| {
        let name = sent.namespace.iter().map(|namespace| format!("{namespace}/")).chain([sent.name.clone()]).collect::<String>();
        let kind = if sent.verb == "PATCH" { "# patchType: application/strategic-merge-patch+json\n" } else { "" };
        let body = if sent.body.is_null() { String::new() } else { yaml::to_string(&sent.body) };
        format!("# {} {} {name}\n{kind}{body}", sent.verb, sent.resource)
    };
    sent.iter().map(document).collect::<Vec<_>>().join("---\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_write_is_a_document_below_its_verb() {
        let sent = |verb, namespace: Option<&str>, body| Sent {
            verb,
            resource: "configmaps".into(),
            namespace: namespace.map(str::to_owned),
            name: "x".into(),
            body,
        };
        let text = objects(&[sent("CREATE", Some("kube-system"), json!({"kind": "ConfigMap"})), sent("PATCH", None, json!({"a": 1}))]);
        let expected = "# CREATE configmaps kube-system/x\nkind: ConfigMap\n---\n# PATCH configmaps x\n# patchType: application/strategic-merge-patch+json\na: 1\n";
        assert_eq!(text, expected);
    }
}
