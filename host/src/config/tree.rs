//! YAML with the line and column of every node, so that messages can name the place of a problem.
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_yaml::Spanned;
use std::{collections::HashMap, fmt};

/// A node with its line and column, from 1.
#[derive(Debug)]
pub struct Node {
    pub yaml: Yaml,
    pub line: u64,
    pub column: u64,
}

/// The content of a node.
pub enum Yaml {
    Scalar(Value),
    List(Vec<Node>),
    Map(Entries),
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
#[derive(Debug)]
pub struct Entries {
    list: Vec<(Key, Node)>,
    /// places in the list, ordered by name and then by place
    by_name: Vec<usize>,
}

impl Entries {
    fn new(list: Vec<(Key, Node)>) -> Self {
        let mut by_name: Vec<usize> = (0..list.len()).collect();
        by_name.sort_by(|a, b| list[*a].0.name.cmp(&list[*b].0.name));
        Entries { list, by_name }
    }

    /// The last entry of this name.
    fn last(&self, name: &str) -> Option<&(Key, Node)> {
        let end = self
            .by_name
            .partition_point(|at| self.list[*at].0.name.as_str() <= name);
        let last = &self.list[*self.by_name.get(end.checked_sub(1)?)?];
        (last.0.name == name).then_some(last)
    }
}

/// The key of an entry, with its line and column, from 1.
#[derive(Debug)]
pub struct Key {
    pub name: String,
    pub line: u64,
    pub column: u64,
}

/// Parses one document.
///
/// # Errors
/// The text is not YAML: the reason, with line and column if they are known.
pub fn parse(text: &str) -> Result<Node, (String, Option<(u64, u64)>)> {
    let options = serde_yaml::options! { duplicate_keys: serde_yaml::DuplicateKeyPolicy::LastWins };
    serde_yaml::from_str_with_options(text, options).map_err(|error| {
        let place = error
            .location()
            .map(|location| (location.line(), location.column()));
        // The first line has the reason; the rest shows the text around it.
        let reason = error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned();
        (reason, place)
    })
}

impl Node {
    /// Returns the node as JSON. The last entry of a repeated key counts.
    pub fn value(&self) -> Value {
        match &self.yaml {
            Yaml::Scalar(value) => value.clone(),
            Yaml::List(items) => items.iter().map(Node::value).collect(),
            Yaml::Map(entries) => Value::Object(
                entries
                    .list
                    .iter()
                    .map(|(key, node)| (key.name.clone(), node.value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// Returns an entry of a map. The last entry of a repeated key counts.
    fn entry(&self, name: &str) -> Option<&(Key, Node)> {
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

    /// Returns the keys that their map has twice, with their paths.
    pub fn repeated(&self) -> Vec<(String, &Key)> {
        let mut repeated = Vec::new();
        self.collect_repeated("", &mut repeated);
        repeated
    }

    fn collect_repeated<'a>(&'a self, path: &str, repeated: &mut Vec<(String, &'a Key)>) {
        match &self.yaml {
            Yaml::Scalar(_) => {}
            Yaml::List(items) => items.iter().enumerate().for_each(|(index, item)| {
                item.collect_repeated(&format!("{path}[{index}]"), repeated);
            }),
            Yaml::Map(entries) => {
                // The earliest line of each key so far.
                let mut lines: HashMap<&str, u64> = HashMap::with_capacity(entries.list.len());
                for (key, node) in &entries.list {
                    let key_path = if path.is_empty() {
                        key.name.clone()
                    } else {
                        format!("{path}.{}", key.name)
                    };
                    let earliest = lines.entry(&key.name).or_insert(key.line);
                    // An entry that `<<` merges in comes after the entry that overrides it, but is
                    // on an earlier line.
                    if *earliest < key.line {
                        repeated.push((key_path.clone(), key));
                    }
                    *earliest = key.line.min(*earliest);
                    node.collect_repeated(&key_path, repeated);
                }
            }
        }
    }

    /// Returns the line and the column of a field, and the number of the path's parts that exist.
    /// If the field does not exist, the place is that of its nearest parent.
    pub fn find(&self, path: &str) -> (u64, u64, usize) {
        let parts = path
            .split(['.', '['])
            .map(|part| part.trim_end_matches(']'))
            .filter(|part| !part.is_empty());
        let (mut node, mut place, mut depth) = (self, (self.line, self.column), 0);
        for part in parts {
            let child = match &node.yaml {
                Yaml::Map(_) => node
                    .entry(part)
                    .map(|(key, node)| ((key.line, key.column), node)),
                Yaml::List(items) => part
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index))
                    .map(|node| ((node.line, node.column), node)),
                Yaml::Scalar(_) => None,
            };
            let Some((child_place, child)) = child else {
                break;
            };
            (node, place, depth) = (child, child_place, depth + 1);
        }
        (place.0, place.1, depth)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Yaml>::deserialize(deserializer)?;
        Ok(Node {
            line: spanned.referenced.line(),
            column: spanned.referenced.column(),
            yaml: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<String>::deserialize(deserializer)?;
        Ok(Key {
            line: spanned.referenced.line(),
            column: spanned.referenced.column(),
            name: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Yaml;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Yaml, E> {
        // `1.0` and `1e3` are whole numbers, too.
        #[allow(
            clippy::cast_possible_truncation,
            reason = "checked to be whole and in range"
        )]
        let whole =
            (value.fract() == 0.0 && value.abs() < 9e15).then(|| Number::from(value as i64));
        Ok(Yaml::Scalar(
            whole
                .or_else(|| Number::from_f64(value))
                .map_or(Value::Null, Value::Number),
        ))
    }

    fn visit_str<E>(self, value: &str) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Yaml, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Yaml::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Yaml, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Yaml::Map(Entries::new(map)))
    }
}

#[cfg(test)]
mod tests;
