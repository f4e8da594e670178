//! Writes a request as lines, which the lock holds and which are compared with a new request.
use crate::wasm::{
    gate::{self, Danger, Dimension},
    request::Request,
};
use serde_json::{Map, Value, json};

impl Request {
    /// Returns the dimensions in which the request has patterns.
    pub(super) fn dimensions(&self) -> Vec<Dimension> {
        let all = Dimension::ALL.iter().copied();
        all.filter(|dimension| dimension.pattern_count(self) > 0)
            .collect()
    }

    /// Returns the request as lines of JSON. `kubephase.lock` holds them, to compare them with the
    /// lines of later versions. Two requests have equal lines only if they ask for equal things.
    ///
    /// A line is an array of the capability, the dimension and one pattern. A request with patterns
    /// in several dimensions has one line: the capability and an object with the patterns of each
    /// dimension.
    pub fn lines(&self) -> Vec<String> {
        match self.dimensions().as_slice() {
            [] => vec![json!([self.capability]).to_string()],
            [dimension] => self
                .patterns(*dimension)
                .into_iter()
                .map(|pattern| self.line(*dimension, pattern))
                .collect(),
            several => {
                let all: Map<String, Value> = several
                    .iter()
                    .map(|dimension| {
                        (
                            dimension.field().to_owned(),
                            self.patterns(*dimension).into(),
                        )
                    })
                    .collect();
                vec![json!([self.capability, all]).to_string()]
            }
        }
    }

    /// Returns the patterns of the request for people, each with the name of its dimension:
    /// `paths /etc/chrony.conf`.
    pub fn shown_patterns(&self) -> Vec<String> {
        let dimensions = self.dimensions().into_iter();
        let patterns = dimensions.flat_map(|dimension| {
            let patterns = self.patterns(dimension).into_iter();
            patterns.map(move |pattern| format!("{} {}", dimension.field(), shown(&pattern)))
        });
        patterns.collect()
    }

    /// Returns the line of one pattern.
    fn line(&self, dimension: Dimension, pattern: Value) -> String {
        let field = dimension.field();
        if self.private {
            json!([self.capability, field, pattern, "private"])
        } else {
            json!([self.capability, field, pattern])
        }
        .to_string()
    }

    /// Returns the patterns of the request in one dimension, as JSON.
    pub(super) fn patterns(&self, dimension: Dimension) -> Vec<Value> {
        match dimension {
            Dimension::Commands => self.commands.iter().map(|command| json!(command)).collect(),
            Dimension::Objects => self.objects.iter().map(|object| json!(object)).collect(),
            _ => dimension
                .patterns(self)
                .unwrap_or_default()
                .iter()
                .map(|text| json!(text))
                .collect(),
        }
    }

    /// Returns the risks of granting the request to the plugin of this name; empty for most
    /// requests.
    pub fn dangers(&self, plugin: &str) -> Vec<Danger> {
        gate::row(&self.capability)
            .map(|row| (row.risk.decide)(self, plugin))
            .unwrap_or_default()
    }
}

/// Returns a pattern as text: the words of a command, and the fields of an object.
fn shown(pattern: &Value) -> String {
    match pattern {
        Value::String(text) => text.clone(),
        Value::Array(words) => words.iter().map(shown).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            let fields = fields.map(|(name, value)| format!("{name} {}", shown(value)));
            fields.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
