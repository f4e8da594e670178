//! Follows aliases, merges maps and gives scalars their values.
use super::{
    Unreadable,
    events::{NodeContent, Raw},
    node::{Entries, EntryKey, Place, Yaml, YamlNode},
    scalar::Scalar,
};
use serde_json::{Number, Value};

/// Largest depth of lists and maps within each other, counting those behind aliases.
const DEEPEST: usize = 1000;
const NOT_A_MAP: &str = "`<<` merges maps; its value must be a map, or a list of maps";
/// In a document with at most this number of nodes, nearly all may stand behind aliases; with
/// [`MANY_NODES`] or more, only a tenth may (kubeadm behaviour).
const FEW_NODES: f64 = 400_000.0;
const MANY_NODES: f64 = 4_000_000.0;
/// The largest number of bytes of all scalars that may stand behind aliases.
const MAX_REPEATED_BYTES: usize = 16 << 20;
const TOO_LARGE: &str = "aliases make the document too large";

/// Builds the document whose root is `nodes[0]`.
pub(super) fn build(nodes: &[Raw]) -> Result<YamlNode, Unreadable> {
    let mut builder = Builder {
        nodes,
        aliases: Vec::new(),
        depth: 0,
        built: 0,
        repeated: 0,
        repeated_bytes: 0,
    };
    if nodes.is_empty() {
        return Ok(YamlNode {
            yaml: Yaml::Scalar(Value::Null),
            place: Place::new(1, 1),
        });
    }
    builder.node(0)
}

struct Builder<'a> {
    nodes: &'a [Raw],
    /// the aliases that are being followed
    aliases: Vec<usize>,
    depth: usize,
    built: u32,
    /// how many of the built nodes stand behind aliases
    repeated: u32,
    /// how many bytes their scalars have
    repeated_bytes: usize,
}

impl Builder<'_> {
    fn node(&mut self, at: usize) -> Result<YamlNode, Unreadable> {
        self.count(at)?;
        let nodes = self.nodes;
        let raw = &nodes[at];
        let yaml = match &raw.content {
            NodeContent::Alias(target) => {
                return self.behind_alias(at, |builder| builder.node(*target));
            }
            NodeContent::Scalar(scalar) => {
                self.count_bytes(at, scalar)?;
                Yaml::Scalar(as_json(scalar.value().map_err(|why| raw.refusal(why))?))
            }
            NodeContent::List(items) => {
                let items = self.one_level_deeper(raw, |builder| {
                    items.iter().map(|item| builder.node(*item)).collect()
                })?;
                Yaml::List(items)
            }
            NodeContent::Map(children) => {
                // Most maps are small, and there may be very many.
                let mut entries = Vec::with_capacity(children.len() / 2);
                self.one_level_deeper(raw, |builder| {
                    builder.entries(children, None, &mut entries)
                })?;
                Yaml::Map(Entries::new(entries).into())
            }
        };
        Ok(YamlNode {
            yaml,
            place: raw.place(),
        })
    }

    /// Adds the entries of a map. They have the place of `merged`, if it merges them into another.
    fn entries(
        &mut self,
        children: &[usize],
        merged: Option<&Raw>,
        entries: &mut Vec<(EntryKey, YamlNode)>,
    ) -> Result<(), Unreadable> {
        let nodes = self.nodes;
        for pair in children.chunks_exact(2) {
            let key = &nodes[pair[0]];
            let place = merged.unwrap_or(key);
            if matches!(&key.content, NodeContent::Scalar(scalar) if scalar.is_merge()) {
                self.merge(pair[1], place, entries)?;
                continue;
            }
            let name = self.name(pair[0])?;
            let key = EntryKey {
                name,
                place: place.place(),
            };
            entries.push((key, self.node(pair[1])?));
        }
        Ok(())
    }

    /// Returns the name of a key.
    fn name(&mut self, at: usize) -> Result<String, Unreadable> {
        self.count(at)?;
        let raw = &self.nodes[at];
        let content = match &raw.content {
            NodeContent::Alias(target) => &self.nodes[*target].content,
            content => content,
        };
        match content {
            NodeContent::Scalar(scalar) => {
                self.count_bytes(at, scalar)?;
                scalar.key().map_err(|why| raw.refusal(why))
            }
            _ => Err(raw.refusal("a key cannot be a list or a map")),
        }
    }

    /// Adds the entries of the maps that `<<` names. The later ones replace the earlier ones, as
    /// they do in kubeadm.
    fn merge(
        &mut self,
        at: usize,
        place: &Raw,
        entries: &mut Vec<(EntryKey, YamlNode)>,
    ) -> Result<(), Unreadable> {
        let nodes = self.nodes;
        match &nodes[at].content {
            NodeContent::List(items) => {
                self.count(at)?;
                let mut items = items.iter().rev();
                items.try_for_each(|item| self.merge_map(*item, place, entries))
            }
            _ => self.merge_map(at, place, entries),
        }
    }

    fn merge_map(
        &mut self,
        at: usize,
        place: &Raw,
        entries: &mut Vec<(EntryKey, YamlNode)>,
    ) -> Result<(), Unreadable> {
        self.count(at)?;
        let nodes = self.nodes;
        match &nodes[at].content {
            NodeContent::Map(children) => self.one_level_deeper(place, |builder| {
                builder.entries(children, Some(place), entries)
            }),
            NodeContent::Alias(target) => match &nodes[*target].content {
                NodeContent::Map(children) => self.behind_alias(at, |builder| {
                    builder.one_level_deeper(place, |builder| {
                        builder.entries(children, Some(place), entries)
                    })
                }),
                _ => Err(place.refusal(NOT_A_MAP)),
            },
            _ => Err(place.refusal(NOT_A_MAP)),
        }
    }

    /// Refuses a document if too large a part of it stands behind aliases, by kubeadm's measure.
    fn count(&mut self, at: usize) -> Result<(), Unreadable> {
        self.built += 1;
        self.repeated += u32::from(!self.aliases.is_empty());
        if self.repeated <= 100 || self.built <= 1000 {
            return Ok(());
        }
        let built = f64::from(self.built);
        let many = ((built - FEW_NODES) / (MANY_NODES - FEW_NODES)).clamp(0.0, 1.0);
        if f64::from(self.repeated) / built <= 0.99 - 0.89 * many {
            return Ok(());
        }
        Err(self.nodes[at].refusal(TOO_LARGE))
    }

    /// Counts the bytes of a scalar that `at` or an alias around it repeats.
    fn count_bytes(&mut self, at: usize, scalar: &Scalar) -> Result<(), Unreadable> {
        let is_alias = matches!(self.nodes[at].content, NodeContent::Alias(_));
        if is_alias || !self.aliases.is_empty() {
            self.repeated_bytes = self.repeated_bytes.saturating_add(scalar.text.len());
        }
        if self.repeated_bytes > MAX_REPEATED_BYTES {
            return Err(self.nodes[at].refusal(TOO_LARGE));
        }
        Ok(())
    }

    fn behind_alias<T>(
        &mut self,
        alias: usize,
        work: impl FnOnce(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<T, Unreadable> {
        if self.aliases.contains(&alias) {
            return Err(self.nodes[alias].refusal("an alias stands within what it repeats"));
        }
        self.aliases.push(alias);
        let nodes = self.nodes;
        let result = self.one_level_deeper(&nodes[alias], work);
        self.aliases.pop();
        result
    }

    fn one_level_deeper<T>(
        &mut self,
        place: &Raw,
        work: impl FnOnce(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<T, Unreadable> {
        if self.depth == DEEPEST {
            return Err(place.refusal("lists and maps are nested too deep"));
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }
}

impl Raw {
    fn place(&self) -> Place {
        Place::new(self.line.into(), self.column.into())
    }

    fn refusal(&self, why: &str) -> Unreadable {
        Unreadable::new(why, self.line.into(), self.column.into())
    }
}

/// Returns the value as it is in JSON that Go wrote: `1.0` and `1e3` are whole numbers there.
fn as_json(value: Value) -> Value {
    let whole = value
        .as_f64()
        .filter(|number| value.is_f64() && number.fract() == 0.0);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and in range"
    )]
    match whole {
        Some(number) if (-9.2e18..9.2e18).contains(&number) => Number::from(number as i64).into(),
        Some(number) if (0.0..1.8e19).contains(&number) => Number::from(number as u64).into(),
        _ => value,
    }
}
