//! A document with the line and column of every node, so that messages can name the place of a
//! problem.
use serde_json::{Map, Value};
use std::{borrow::Cow, collections::HashSet, fmt, fmt::Write, path::Path, sync::Arc};

/// The largest number of repeated keys of a document that are reported.
const MAX_REPEATED: usize = 100;
/// The largest number of bytes of a name in the path of a field. A longer name is cut.
const MAX_NAME: usize = 256;

/// Returns the name of a field as paths have it.
pub fn short_name(name: &str) -> Cow<'_, str> {
    let end = name.floor_char_boundary(MAX_NAME);
    if end == name.len() {
        return name.into();
    }
    format!("{}…", &name[..end]).into()
}

/// A node with its place.
#[derive(Clone, Debug)]
pub struct YamlNode {
    pub yaml: Yaml,
    pub place: Place,
}

/// A line and a column, from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    // Small numbers: a document may have a million nodes, each with its place.
    line: u32,
    column: u32,
    /// the file whose line it is; `None` if the line is one of the document that has the tree
    pub file: Option<Arc<Path>>,
}

impl Place {
    /// Returns a place in the document that has the tree.
    pub fn new(line: u64, column: u64) -> Place {
        Place {
            line: small(line),
            column: small(column),
            file: None,
        }
    }

    /// Returns the line.
    pub fn line(&self) -> u64 {
        self.line.into()
    }

    /// Returns the column.
    pub fn column(&self) -> u64 {
        self.column.into()
    }

    /// Makes this a place in a file. `offset` is the number of lines before the document.
    fn set_file(&mut self, file: &Arc<Path>, offset: u64) {
        self.line = small(self.line() + offset);
        self.file = Some(file.clone());
    }
}

/// Returns a line or a column; the largest `u32` stands for all that are larger.
fn small(number: u64) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}

/// The content of a node.
#[derive(Clone)]
pub enum Yaml {
    Scalar(Value),
    List(Vec<YamlNode>),
    Map(Box<Entries>),
}

impl fmt::Debug for Yaml {
    /// Leaves out the values, as some of them are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Yaml::Scalar(_) => f.write_str("Scalar"),
            Yaml::List(items) => f.debug_list().entries(items).finish(),
            Yaml::Map(entries) => entries.fmt(f),
        }
    }
}

/// The entries of a map, in the order of the text, with repeated keys. An entry is found by its
/// name without looking at all others: a map may have hundreds of thousands.
#[derive(Clone, Debug)]
pub struct Entries {
    list: Vec<(EntryKey, YamlNode)>,
    /// places in the list, ordered by name and then by place
    by_name: Vec<usize>,
}

impl Entries {
    pub(super) fn new(list: Vec<(EntryKey, YamlNode)>) -> Self {
        let mut by_name: Vec<usize> = (0..list.len()).collect();
        by_name.sort_by(|a, b| list[*a].0.name.cmp(&list[*b].0.name));
        Entries { list, by_name }
    }

    /// Returns the last entry of this name.
    fn last(&self, name: &str) -> Option<&(EntryKey, YamlNode)> {
        self.position(name).map(|at| &self.list[at])
    }

    /// Returns the last entry of this name, to be changed.
    pub fn last_mut(&mut self, name: &str) -> Option<&mut (EntryKey, YamlNode)> {
        self.position(name).map(|at| &mut self.list[at])
    }

    /// Returns the place of the last entry of this name in the list.
    fn position(&self, name: &str) -> Option<usize> {
        let end = self
            .by_name
            .partition_point(|at| self.list[*at].0.name.as_str() <= name);
        let last = *self.by_name.get(end.checked_sub(1)?)?;
        (self.list[last].0.name == name).then_some(last)
    }

    /// Adds entries at the end.
    pub fn extend(&mut self, more: Vec<(EntryKey, YamlNode)>) {
        let mut list = std::mem::take(&mut self.list);
        list.extend(more);
        *self = Entries::new(list);
    }

    /// Returns the entries, in the order of the text.
    pub fn into_list(self) -> Vec<(EntryKey, YamlNode)> {
        self.list
    }
}

/// The key of an entry, with its place. A key that `<<` merges into the map has the place of the
/// `<<`.
#[derive(Clone, Debug)]
pub struct EntryKey {
    pub name: String,
    pub place: Place,
}

impl YamlNode {
    /// Returns the node as JSON. The last entry of a repeated key counts.
    pub fn value(&self) -> Value {
        match &self.yaml {
            Yaml::Scalar(value) => value.clone(),
            Yaml::List(items) => items.iter().map(YamlNode::value).collect(),
            Yaml::Map(entries) => Value::Object(
                entries
                    .list
                    .iter()
                    .map(|(key, node)| (key.name.clone(), node.value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// Makes the places of the node, and of all below it, places in a file. `offset` is the number
    /// of the file's lines before the document.
    pub fn set_file(&mut self, file: &Arc<Path>, offset: u64) {
        self.place.set_file(file, offset);
        match &mut self.yaml {
            Yaml::Scalar(_) => {}
            Yaml::List(items) => items
                .iter_mut()
                .for_each(|item| item.set_file(file, offset)),
            Yaml::Map(entries) => entries.list.iter_mut().for_each(|(key, node)| {
                key.place.set_file(file, offset);
                node.set_file(file, offset);
            }),
        }
    }

    /// Returns an entry of a map. The last entry of a repeated key counts.
    fn entry(&self, name: &str) -> Option<&(EntryKey, YamlNode)> {
        let Yaml::Map(entries) = &self.yaml else {
            return None;
        };
        entries.last(name)
    }

    /// Returns a field that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match &self.entry(name)?.1.yaml {
            Yaml::Scalar(value) => value.as_str(),
            Yaml::List(_) | Yaml::Map(_) => None,
        }
    }

    /// Returns the keys that their map has twice, with their paths; at most 100. A key that
    /// `<<` merges into the map counts like one that is written there (kubeadm behaviour).
    pub fn repeated(&self) -> Vec<(String, &EntryKey)> {
        let mut repeated = Vec::new();
        self.collect_repeated(&mut String::new(), &mut repeated);
        repeated
    }

    /// `path` is the path of this node. The function changes it and restores it, because a copy for
    /// each of very many nodes would cost too much.
    fn collect_repeated<'a>(
        &'a self,
        path: &mut String,
        repeated: &mut Vec<(String, &'a EntryKey)>,
    ) {
        let length = path.len();
        match &self.yaml {
            Yaml::Scalar(_) => {}
            Yaml::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    // Writing to a string cannot fail.
                    let _ = write!(path, "[{index}]");
                    item.collect_repeated(path, repeated);
                    path.truncate(length);
                }
            }
            Yaml::Map(entries) => {
                let mut seen = HashSet::with_capacity(entries.list.len());
                for (key, node) in &entries.list {
                    let separator = if length == 0 { "" } else { "." };
                    path.extend([separator, &*short_name(&key.name)]);
                    if !seen.insert(key.name.as_str()) && repeated.len() < MAX_REPEATED {
                        repeated.push((path.clone(), key));
                    }
                    node.collect_repeated(path, repeated);
                    path.truncate(length);
                }
            }
        }
    }

    /// Returns the place of a field, and the number of the path's parts that exist. If the field
    /// does not exist, returns the place of its nearest parent.
    pub fn find(&self, path: &str) -> (&Place, usize) {
        let parts = path
            .split(['.', '['])
            .map(|part| part.trim_end_matches(']'))
            .filter(|part| !part.is_empty());
        let (mut node, mut place, mut depth) = (self, &self.place, 0);
        for part in parts {
            let child = match &node.yaml {
                Yaml::Map(_) => node.entry(part).map(|(key, node)| (&key.place, node)),
                Yaml::List(items) => part
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index))
                    .map(|node| (&node.place, node)),
                Yaml::Scalar(_) => None,
            };
            let Some((child_place, child)) = child else {
                break;
            };
            (node, place, depth) = (child, child_place, depth + 1);
        }
        (place, depth)
    }
}
