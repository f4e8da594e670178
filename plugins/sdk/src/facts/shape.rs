//! The types of facts: their JSON type, and what documents them.
use std::{collections::BTreeMap, fmt, net::IpAddr};

/// The JSON type of a fact, or of a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Boolean,
    /// a whole number
    Number,
    Text,
    List(&'static Shape),
    /// an object with any names, whose values have one type
    Map(&'static Shape),
    /// an object with these fields, of which some may be missing
    Object(&'static [FactField]),
}

/// A field of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactField {
    /// its name in JSON
    pub name: &'static str,
    /// its JSON type
    pub shape: Shape,
    /// the unit of its value; empty if it has none
    pub unit: &'static str,
    /// what it says
    pub meaning: &'static str,
}

/// Where a fact comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactSource {
    /// on a machine, this file, program or call
    Machine(&'static str),
    /// only a description has it, and no machine
    Description,
}

/// A fact of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// the name to ask for; also the field in a description of a node (`--node FILE`)
    pub name: &'static str,
    /// its JSON type
    pub shape: Shape,
    /// the unit of its value; empty if it has none
    pub unit: &'static str,
    /// where it comes from
    pub source: FactSource,
    /// what the fact says
    pub meaning: &'static str,
}

/// A Rust type that is a fact, or a part of one.
pub trait FactType {
    /// its JSON type
    const SHAPE: Shape;
    /// the type of a value that is there
    type Value;
}

macro_rules! simple_types {
    ($($of:ty => $shape:expr;)*) => {
        $(impl FactType for $of {
            const SHAPE: Shape = $shape;
            type Value = Self;
        })*
    };
}

simple_types! {
    bool => Shape::Boolean;
    u8 => Shape::Number;
    u16 => Shape::Number;
    u32 => Shape::Number;
    u64 => Shape::Number;
    i32 => Shape::Number;
    String => Shape::Text;
    IpAddr => Shape::Text;
    (u32, u32) => Shape::List(&Shape::Number);
}

impl<T: FactType> FactType for Option<T> {
    const SHAPE: Shape = T::SHAPE;
    type Value = T::Value;
}

impl<T: FactType> FactType for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);
    type Value = Self;
}

impl<T: FactType> FactType for BTreeMap<String, T> {
    const SHAPE: Shape = Shape::Map(&T::SHAPE);
    type Value = Self;
}

impl Shape {
    /// Returns the type of several values.
    fn plural(self) -> String {
        match self {
            Shape::Boolean => "booleans".into(),
            Shape::Number => "numbers".into(),
            Shape::Text => "strings".into(),
            Shape::List(of) => format!("lists of {}", of.plural()),
            Shape::Map(of) => format!("maps of {}", of.plural()),
            Shape::Object(_) => "objects".into(),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Boolean => f.write_str("boolean"),
            Shape::Number => f.write_str("number"),
            Shape::Text => f.write_str("string"),
            Shape::List(of) => f.write_str(&of.plural()),
            Shape::Map(of) => write!(f, "map of {}", of.plural()),
            Shape::Object(_) => f.write_str("object"),
        }
    }
}
