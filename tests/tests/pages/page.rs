//! A page, and what it names.
use regex::Regex;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// The folders of the repository; a text in backticks that begins with one of them is a path.
const FOLDERS: [&str; 7] = [
    "host/",
    "plugins/",
    "wit/",
    "examples/",
    "tests/",
    ".ci/",
    ".cargo/",
];
/// Folders without pages of the repository.
const FOREIGN: [&str; 3] = ["target", "node_modules", "venv"];

static FENCED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?ms)^ *```.*?^ *```$").expect("a valid pattern"));
static CODE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("`([^`\n]+)`").expect("a valid pattern"));
static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\]\(([^)\s]+)\)").expect("a valid pattern"));
static HEADING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^#+ (.+)$").expect("a valid pattern"));
static SYMBOLS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"`([^`\n]+)`:((?:\s+`[^`\n]+`,?)+)").expect("a valid pattern"));

pub struct Page {
    /// its path below the root of the repository
    pub name: String,
    pub file: PathBuf,
    /// its text without blocks of code
    prose: String,
}

impl Page {
    /// Reads all pages of the repository.
    pub fn all() -> Vec<Page> {
        let root = harness::workspace();
        let mut pages = vec![Page::read(&root.join("README.md"))];
        let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_dir() && !path.is_symlink() && !FOREIGN.contains(&name.as_str()) {
                    folders.push(path);
                } else if name.ends_with(".md") {
                    pages.push(Page::read(&path));
                }
            }
        }
        pages
    }

    pub fn read(file: &Path) -> Page {
        Page::parse(file, &fs::read_to_string(file).unwrap())
    }

    /// Reads the text of a page.
    pub fn parse(file: &Path, text: &str) -> Page {
        let root = harness::workspace();
        let name = file.strip_prefix(&root).unwrap_or(file);
        Page {
            name: name.display().to_string(),
            file: file.to_owned(),
            prose: FENCED.replace_all(text, "").into_owned(),
        }
    }

    /// Returns the links to other pages, and within this page.
    pub fn links(&self) -> impl Iterator<Item = String> {
        let links = LINK.captures_iter(&self.prose);
        let links = links.map(|found| found[1].to_owned());
        links.filter(|link| !link.contains("://"))
    }

    /// Returns the paths of the repository in backticks.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        let spans = CODE.captures_iter(&self.prose);
        spans
            .map(|found| found[1].to_owned())
            .filter(|text| is_path(text))
    }

    /// Returns each path that is followed by symbols, with each of its symbols.
    pub fn symbols(&self) -> impl Iterator<Item = (String, String)> {
        let lists = SYMBOLS.captures_iter(&self.prose);
        let lists = lists.filter(|found| is_path(&found[1]));
        lists.flat_map(|found| {
            let symbols: Vec<(String, String)> = CODE
                .captures_iter(&found[2])
                .map(|symbol| (found[1].to_owned(), symbol[1].to_owned()))
                .collect();
            symbols
        })
    }

    /// Returns the anchors of the headings, as GitHub makes them.
    pub fn anchors(&self) -> impl Iterator<Item = String> {
        let headings = HEADING.captures_iter(&self.prose);
        headings.map(|found| {
            let heading = found[1].to_lowercase().replace(' ', "-");
            heading
                .chars()
                .filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter))
                .collect()
        })
    }

    /// Returns where a path leads: from the root of the repository, or from the page's own folder.
    pub fn locate(&self, path: &str) -> Option<PathBuf> {
        let own = self.file.parent()?.join(path);
        [harness::workspace().join(path), own]
            .into_iter()
            .find(|candidate| candidate.exists())
    }
}

fn is_path(text: &str) -> bool {
    let is_pattern = [" ", "*", "…", "NAME"]
        .iter()
        .any(|part| text.contains(part));
    let is_below = FOLDERS.iter().any(|folder| text.starts_with(folder));
    is_below && !is_pattern
}
