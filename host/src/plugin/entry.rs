//! A plugin's entry in the configuration file, put in and taken out of the text as a person would, comments and all. What
//! comes out is read again, and written only if it says what was meant.
#![allow(clippy::disallowed_methods, reason = "the configuration is the operator's file")]
use crate::config::{self, PhaseConfiguration};
use anyhow::{Context, Result, bail};
use std::{fs, path::Path};

const DOCUMENT: &str = "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";

/// Names a plugin in the configuration, and what it stands in for.
///
/// # Errors
/// Where the file cannot be edited; it is then as it was.
pub fn add(config: &Path, name: &str, source: &str, replaces: &[String]) -> Result<()> {
    edit(config, &format!("plugins: [{{name: {name}, source: {source}}}] and replaces of {replaces:?}"), |text, phases| {
        if let Some(old) = phases.plugins.iter().find(|entry| entry.name == name) {
            let mut wanted = phases.clone();
            if let Some(entry) = wanted.plugins.iter_mut().find(|entry| entry.name == name) {
                entry.source = source.to_owned();
            }
            return Ok((text.replacen(&old.source, source, 1), wanted));
        }
        let mut wanted = phases.clone();
        wanted.plugins.push(config::PluginEntry { name: name.to_owned(), source: source.to_owned(), ..Default::default() });
        let mut text = insert(text, "plugins", &format!("- name: {name}\n  source: {source}\n"));
        for phase in replaces.iter().filter(|phase| !phases.replaces.contains_key(*phase)) {
            wanted.replaces.insert(phase.clone(), name.to_owned());
            text = insert(&text, "replaces", &format!("  {phase}: {name}\n"));
        }
        Ok((text, wanted))
    })
}

/// Takes a plugin out, and what it stood in for.
///
/// # Errors
/// Where there is none of that name, or the file cannot be edited; it is then as it was.
pub fn remove(config: &Path, name: &str) -> Result<()> {
    edit(config, &format!("plugin {name} taken out"), |text, phases| {
        if !phases.plugins.iter().any(|entry| entry.name == name) {
            let known: Vec<&str> = phases.plugins.iter().map(|entry| entry.name.as_str()).collect();
            bail!("{} names no plugin {name}; it names [{}]", config.display(), known.join(", "));
        }
        let mut wanted = phases.clone();
        wanted.plugins.retain(|entry| entry.name != name);
        wanted.replaces.retain(|_, by| by != name);
        let mut kept: Vec<&str> = Vec::new();
        let (mut section, mut skipping) = ("", false);
        for line in text.lines() {
            let indented = line.starts_with([' ', '-', '#']) || line.is_empty();
            if !indented {
                section = line.split(':').next().unwrap_or_default();
                skipping = false;
            }
            if section == "plugins" && line.trim_start().starts_with("- ") {
                let value = line.split("name:").nth(1).unwrap_or_default();
                skipping = value.split([',', '}']).next().is_some_and(|value| value.trim() == name);
            }
            let replaced = section == "replaces" && line.split_once(": ").is_some_and(|(_, by)| by.trim() == name);
            if !skipping && !replaced {
                kept.push(line);
            }
        }
        // A section that holds nothing any more goes too.
        let text: Vec<&str> = (0..kept.len())
            .filter(|at| {
                let empty = kept.get(at + 1).is_none_or(|next| !next.starts_with([' ', '-', '#']));
                !(empty && matches!(kept[*at].trim_end(), "plugins:" | "replaces:"))
            })
            .map(|at| kept[at])
            .collect();
        Ok((text.join("\n") + "\n", wanted))
    })
}

/// Puts lines below a key of a document, at its end where it has no such key.
fn insert(text: &str, key: &str, lines: &str) -> String {
    let heading = format!("{key}:\n");
    match text.split_once(&format!("\n{heading}")) {
        Some((before, after)) => {
            let list = |line: &&str| line.starts_with([' ', '-', '#']);
            let section: usize = after.lines().take_while(list).map(|line| line.len() + 1).sum();
            let indent = after.lines().find(|line| line.trim_start().starts_with("- ")).and_then(|line| line.find('-')).unwrap_or(0);
            let lines: String = lines
                .lines()
                .map(|line| if key == "plugins" { format!("{}{line}\n", " ".repeat(indent)) } else { format!("{line}\n") })
                .collect();
            let (section, rest) = after.split_at(section.min(after.len()));
            format!("{before}\n{heading}{section}{}{lines}{rest}", if section.is_empty() || section.ends_with('\n') { "" } else { "\n" })
        }
        None => format!("{}{heading}{lines}", if text.ends_with('\n') || text.is_empty() { text.to_owned() } else { format!("{text}\n") }),
    }
}

type Edit<'a> = dyn Fn(&str, &PhaseConfiguration) -> Result<(String, PhaseConfiguration)> + 'a;

fn edit(config: &Path, meant: &str, change: impl Fn(&str, &PhaseConfiguration) -> Result<(String, PhaseConfiguration)>) -> Result<()> {
    let change: &Edit<'_> = &change;
    let text = fs::read_to_string(config).with_context(|| format!("cannot read {}", config.display()))?;
    let phases = config::phases_of(config)?;
    // Our document may be one of several.
    let mut documents: Vec<String> = text.split_inclusive("\n---\n").map(str::to_owned).collect();
    let ours = documents.iter().position(|document| document.lines().any(|line| line.trim_end() == "kind: PhaseConfiguration"));
    let at = ours.unwrap_or_else(|| {
        if let Some(last) = documents.last_mut() {
            if !last.ends_with('\n') {
                last.push('\n');
            }
            last.push_str("---\n");
        }
        documents.push(DOCUMENT.to_owned());
        documents.len() - 1
    });
    let (body, end) = match documents[at].strip_suffix("---\n") {
        Some(body) => (body.to_owned(), "---\n"),
        None => (documents[at].clone(), ""),
    };
    let (changed, wanted) = change(&body, &phases)?;
    documents[at] = changed + end;
    let folder = config.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::Builder::new().prefix(".kubephase-").suffix(".yaml").tempfile_in(folder);
    let written = written.with_context(|| format!("cannot write beside {}", config.display()))?;
    fs::write(written.path(), documents.concat())?;
    match config::phases_of(written.path()) {
        Ok(found) if found.same(&wanted) => {}
        _ => bail!("{} cannot be edited as it is written; edit it yourself: {meant}", config.display()),
    }
    fs::set_permissions(written.path(), fs::metadata(config)?.permissions())?;
    written.persist(config).with_context(|| format!("cannot write {}", config.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\n";

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cluster.yaml");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn entries_come_and_go_and_comments_stay() {
        for text in [
            CLUSTER.to_owned(),
            format!("# ours\n{CLUSTER}---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n# kept\nparallelism: 3\n"),
            format!(
                "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nplugins:\n  # first\n  - name: a\n    source: a.wasm\n    settings:\n      x: 1\n  - {{name: b, source: b.wasm}}\nparallelism: 2\n---\n{CLUSTER}"
            ),
        ] {
            let (_folder, path) = file(&text);
            add(&path, "mine", "./mine.wasm", &["addon/kube-proxy".into()]).unwrap();
            let phases = config::phases_of(&path).unwrap();
            assert_eq!(phases.plugins.last().map(|entry| entry.source.as_str()), Some("./mine.wasm"));
            assert_eq!(phases.replaces["addon/kube-proxy"], "mine");
            add(&path, "mine", "./other.wasm", &[]).unwrap();
            assert_eq!(config::phases_of(&path).unwrap().plugins.last().map(|entry| entry.source.as_str()), Some("./other.wasm"));
            remove(&path, "mine").unwrap();
            let left = fs::read_to_string(&path).unwrap();
            assert!(text.lines().all(|line| left.contains(line)), "{left}");
            assert!(!left.contains("mine"), "{left}");
        }
    }

    #[test]
    fn what_cannot_be_edited_is_left_alone() {
        let text = format!("{CLUSTER}---\n{{apiVersion: kubephase.dev/v1alpha1, kind: PhaseConfiguration}}\n");
        let (_folder, path) = file(&text);
        assert!(add(&path, "mine", "mine.wasm", &[]).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert!(remove(&path, "nobody").unwrap_err().to_string().contains("names no plugin nobody"));
    }
}
