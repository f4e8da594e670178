//! Merges documents into earlier documents of their kinds, field by field. Where two have different
//! values for a field, the later value is used.
use super::{Document, Problem, phases};
use crate::text::yaml::{Entries, Place, Yaml, YamlNode};
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

/// Merges a document into the documents before it. Returns a warning for each field whose value it
/// replaces; the warning names the later file first.
///
/// # Errors
/// An earlier document has the same kind in another version of its API, in which fields have other
/// meanings.
pub(super) fn merge(
    documents: &mut Vec<Document>,
    later: Document,
) -> Result<Vec<Problem>, Problem> {
    let mut earlier = documents.iter_mut();
    let Some(document) = earlier.find(|document| document.kind == later.kind) else {
        documents.push(later);
        return Ok(Vec::new());
    };
    if document.api_version != later.api_version {
        let message = format!(
            "this {} is of {}, and that of {} is of {}; documents of one kind are merged only in \
             one version: write both in the same",
            later.kind,
            later.api_version,
            document.file.display(),
            document.api_version
        );
        return Err(later.problem("apiVersion", message));
    }
    let mut merging = Merging {
        file: document.file.clone(),
        offset: document.offset,
        is_phases: document.kind == phases::KIND,
        replaced: Vec::new(),
    };
    if let (Yaml::Map(earlier), Yaml::Map(later)) = (&mut document.tree.yaml, later.tree.yaml) {
        merging.map("", earlier, *later);
    }
    Ok(merging.replaced)
}

/// The merge of one document.
struct Merging {
    /// the file of the earlier document
    file: PathBuf,
    /// lines of that file before the document
    offset: u64,
    /// whether it is a PhaseConfiguration
    is_phases: bool,
    replaced: Vec<Problem>,
}

/// A rule for merging two lists.
enum ListMerge {
    /// elements of one name become one, and all others are kept
    ByName(&'static str),
    /// all elements are kept
    Joined,
}

impl Merging {
    fn map(&mut self, path: &str, earlier: &mut Entries, later: Entries) {
        let mut added = Vec::new();
        for (key, node) in later.into_list() {
            let path = if path.is_empty() {
                key.name.clone()
            } else {
                format!("{path}.{}", key.name)
            };
            match earlier.last_mut(&key.name) {
                Some((earlier_key, value)) => {
                    self.value(&path, (&mut earlier_key.place, value), (key.place, node));
                }
                None => added.push((key, node)),
            }
        }
        earlier.extend(added);
    }

    /// Merges a value into an earlier one. Each has a place: that of its key, if it has one.
    fn value(
        &mut self,
        path: &str,
        earlier: (&mut Place, &mut YamlNode),
        later: (Place, YamlNode),
    ) {
        let ((earlier_place, earlier), (place, later)) = (earlier, later);
        let rule = self.list_rule(path);
        match (&mut earlier.yaml, later.yaml) {
            // A field without a value says nothing.
            (_, Yaml::Scalar(value)) if value.is_null() => {}
            (Yaml::Map(earlier), Yaml::Map(later)) => self.map(path, earlier, *later),
            (Yaml::List(earlier), Yaml::List(later)) if rule.is_some() => {
                self.list(path, rule, earlier, later);
            }
            (_, yaml) => {
                let later = YamlNode {
                    yaml,
                    place: later.place,
                };
                let (before, after) = (earlier.value(), later.value());
                if before == after {
                    return;
                }
                if !before.is_null() {
                    self.warn(path, earlier_place, &place);
                }
                (*earlier_place, *earlier) = (place, later);
            }
        }
    }

    fn list(
        &mut self,
        path: &str,
        rule: Option<ListMerge>,
        earlier: &mut Vec<YamlNode>,
        later: Vec<YamlNode>,
    ) {
        let field = match rule {
            Some(ListMerge::ByName(field)) => Some(field),
            _ => None,
        };
        let by_name = field.map(|field| places_by_name(earlier, field));
        let mut values: HashSet<String> = earlier.iter().map(text_of_value).collect();
        for item in later {
            let name = field.and_then(|field| item.text(field));
            let places = name.and_then(|name| by_name.as_ref()?.get(name));
            match places.map(Vec::as_slice) {
                Some(&[at]) => {
                    let mut place = earlier[at].place.clone();
                    let path = format!("{path}[{at}]");
                    self.value(
                        &path,
                        (&mut place, &mut earlier[at]),
                        (item.place.clone(), item),
                    );
                    values.insert(text_of_value(&earlier[at]));
                }
                _ => {
                    if values.insert(text_of_value(&item)) {
                        earlier.push(item);
                    }
                }
            }
        }
    }

    /// Returns how the lists of a field become one; `None` if the later list replaces the earlier.
    fn list_rule(&self, path: &str) -> Option<ListMerge> {
        const NAMED: &[&str] = &["extraArgs", "kubeletExtraArgs", "extraEnvs", "extraVolumes"];
        let field = path.rsplit('.').next().unwrap_or(path);
        match path {
            "plugins" if self.is_phases => Some(ListMerge::ByName("name")),
            "waivers" if self.is_phases => Some(ListMerge::ByName("check")),
            "disabledPhases" | "extraEdges" | "checks" | "rules" if self.is_phases => {
                Some(ListMerge::Joined)
            }
            _ if !self.is_phases && NAMED.contains(&field) => Some(ListMerge::ByName("name")),
            _ => None,
        }
    }

    fn warn(&mut self, path: &str, earlier: &Place, later: &Place) {
        let (file, offset): (&Path, u64) = match &earlier.file {
            Some(file) => (file, 0),
            None => (&self.file, self.offset),
        };
        let message = format!(
            "this value is used, and not that of {}:{}:{}",
            file.display(),
            earlier.line() + offset,
            earlier.column()
        );
        let mut warning = Problem::new(path, message).at(later.line(), later.column());
        warning.file = later.file.as_deref().map(Path::to_owned);
        self.replaced.push(warning);
    }
}

/// Returns the places of a list's elements by their names.
fn places_by_name(list: &[YamlNode], field: &str) -> HashMap<String, Vec<usize>> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, node) in list.iter().enumerate() {
        if let Some(name) = node.text(field) {
            places.entry(name.to_owned()).or_default().push(at);
        }
    }
    places
}

/// Returns the JSON of a node, by which equal values are found.
fn text_of_value(node: &YamlNode) -> String {
    node.value().to_string()
}

#[cfg(test)]
mod tests;
