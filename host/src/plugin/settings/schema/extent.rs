//! Measures settings.
use anyhow::{Result, bail};
use serde_json::Value;

/// The largest number of nested levels in settings.
const MAX_DEPTH: usize = 64;
/// Bytes of text that count as much as a value.
const BYTES_OF_A_VALUE: u64 = 100;

/// The size of settings: nesting, number of values, and length of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    pub depth: usize,
    pub values: u64,
    /// the length of all texts and names together
    pub bytes: u64,
}

impl Extent {
    /// Measures settings.
    ///
    /// # Errors
    /// The settings are nested too deep.
    pub fn measure(settings: &Value) -> Result<Extent> {
        let mut extent = Extent::default();
        extent.add(settings, 0)?;
        Ok(extent)
    }

    /// Returns the number of values, where a long text counts as several.
    pub fn weight(&self) -> u64 {
        self.values.saturating_add(self.bytes / BYTES_OF_A_VALUE)
    }

    fn add(&mut self, value: &Value, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            bail!("its settings are nested more than {MAX_DEPTH} deep");
        }
        self.depth = self.depth.max(depth);
        self.values += 1;
        match value {
            Value::String(text) => self.bytes += text.len() as u64,
            Value::Array(items) => {
                for item in items {
                    self.add(item, depth + 1)?;
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.bytes += name.len() as u64;
                    self.add(value, depth + 1)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(())
    }
}
