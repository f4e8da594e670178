//! Limits of a plugin's calls that the operator may lower and raise: deadline, processor time and
//! memory.
use crate::text::quantity;
use kubephase_sdk::duration::Duration as Span;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{ops::RangeInclusive, time::Duration};

/// Deadlines of a call that an operator may set.
const DEADLINES: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(300);
/// Processor times of all calls of a plugin that an operator may set.
const PROCESSOR_TIMES: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(600);
/// The largest number of bytes of memory that an operator may give a plugin.
pub const MEMORIES: RangeInclusive<usize> = (64 << 10)..=(512 << 20);

/// The limits that the operator set for one plugin: `limits` of its entry in the
/// PhaseConfiguration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// time that one call may take, including its calls of the host
    #[serde(serialize_with = "write_time", deserialize_with = "read_deadline")]
    #[schemars(with = "Span")]
    pub deadline: Duration,
    /// processor time that all calls of the plugin may take in a run, over all phases and rounds
    #[serde(
        rename = "processorTime",
        serialize_with = "write_time",
        deserialize_with = "read_processor_time"
    )]
    #[schemars(with = "Span")]
    pub processor_time: Duration,
    /// bytes over all memories and tables
    #[serde(with = "memory")]
    #[schemars(schema_with = "memory::schema")]
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            deadline: Duration::from_secs(30),
            processor_time: Duration::from_secs(3),
            memory: 64 << 20,
        }
    }
}

impl Limits {
    /// Whether the operator changed no limit.
    pub fn is_default(&self) -> bool {
        *self == Limits::default()
    }

    /// Returns the memory limit as Kubernetes writes quantities: `64Mi`.
    pub fn shown_memory(&self) -> String {
        let kibibytes = format!("{}Ki", self.memory >> 10);
        quantity::to_canonical(&kibibytes).unwrap_or(kibibytes)
    }
}

/// Writes a time as Go writes durations: `10s`.
fn write_time<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    Span(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)).serialize(serializer)
}

/// Reads a time as Go writes durations, and checks that it is within a range.
fn read_time<'de, D: Deserializer<'de>>(
    deserializer: D,
    range: RangeInclusive<Duration>,
) -> Result<Duration, D::Error> {
    let span = Span::deserialize(deserializer)?;
    let time = Duration::from_nanos(u64::try_from(span.0).unwrap_or(0));
    let (least, most) = range.into_inner();
    let within = (least..=most).contains(&time);
    within
        .then_some(time)
        .ok_or_else(|| D::Error::custom(format!("{span} is not between {least:?} and {most:?}")))
}

fn read_deadline<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    read_time(deserializer, DEADLINES)
}

fn read_processor_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    read_time(deserializer, PROCESSOR_TIMES)
}

/// Reads the memory limit as a Kubernetes quantity (`32Mi`), and writes it in bytes.
mod memory {
    use super::{Limits, MEMORIES, quantity};
    use schemars::{Schema, SchemaGenerator, json_schema};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "pattern": quantity::pattern(),
            "minLength": 1,
            "minimum": MEMORIES.start(),
            "maximum": MEMORIES.end(),
        })
    }

    pub fn serialize<S: Serializer>(memory: &usize, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(memory)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
        let given = serde_json::Value::deserialize(deserializer)?;
        let text = given
            .as_str()
            .map_or_else(|| given.to_string(), str::to_owned);
        let bytes = quantity::parse_bytes(&text).ok_or_else(|| {
            Error::custom(format!(
                "{text:?} is not a quantity of bytes; write it as 32Mi"
            ))
        })?;
        let [least, most] = [MEMORIES.start(), MEMORIES.end()].map(|memory| {
            Limits {
                memory: *memory,
                ..Limits::default()
            }
            .shown_memory()
        });
        let within = usize::try_from(bytes)
            .ok()
            .filter(|bytes| MEMORIES.contains(bytes));
        within.ok_or_else(|| Error::custom(format!("{text} is not between {least} and {most}")))
    }
}
