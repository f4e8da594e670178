//! The arguments of host functions: how each is parsed, measured and recorded.
mod certificate;
mod object;
mod owner;
mod plain;
mod server;

pub use object::Listing;
pub use owner::NewOwner;
pub use plain::Plain;
pub use server::Identity;

use super::pattern::Demand;
use crate::arguments::{
    AbsolutePath, Argument, CommandLine, FactName, FileName, HostName, HttpUrl, ImageName,
    KernelOption, ModuleName, PhaseId, Pointer, SysctlKey, Text, UnitName,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The kind of phase that makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// a built-in phase
    BuiltIn,
    /// a plugin that is not part of the program
    Plugin,
}

/// A type that the arguments of a host function are parsed into.
pub trait Arguments: Sized {
    /// The arguments as a phase hands them over.
    type Raw;
    /// The kind of each argument, as messages call it; empty if no argument is checked.
    const KINDS: &'static [&'static str];

    /// Returns the number of bytes that the arguments take.
    fn length(raw: &Self::Raw) -> usize;

    /// Parses the arguments.
    ///
    /// # Errors
    /// An argument is not valid; the message names it, and the rule that it breaks.
    fn parse(raw: Self::Raw, origin: Origin) -> Result<Self, String>;

    /// Returns the demands that a grant has to cover.
    fn demands(&self) -> Vec<Demand<'_>> {
        Vec::new()
    }

    /// Returns the arguments as a recording holds them.
    fn record(&self) -> Value;
}

impl Arguments for () {
    type Raw = ();
    const KINDS: &'static [&'static str] = &[];

    fn length((): &()) -> usize {
        0
    }

    fn parse((): (), _: Origin) -> Result<Self, String> {
        Ok(())
    }

    fn record(&self) -> Value {
        json!([])
    }
}

/// Implements [`Arguments`] for single texts. `demands` names the dimension in which a grant limits
/// the text.
macro_rules! single_text {
    ($($name:ident $(demands $dimension:ident)?;)*) => { $(
        impl Arguments for $name {
            type Raw = String;
            const KINDS: &'static [&'static str] = &[<$name as Argument>::WHAT];

            fn length(raw: &String) -> usize {
                raw.len()
            }

            fn parse(raw: String, _: Origin) -> Result<Self, String> {
                $name::parse(&raw)
            }

            $(fn demands(&self) -> Vec<Demand<'_>> {
                vec![Demand::$dimension(self.as_str())]
            })?

            fn record(&self) -> Value {
                json!([self.as_str()])
            }
        }
    )* };
}

single_text! {
    FactName;
    FileName;
    HostName demands HostName;
    ImageName demands Image;
    KernelOption;
    ModuleName demands Module;
    Pointer;
    SysctlKey demands KernelParameter;
    Text;
    UnitName demands Unit;
}

impl Arguments for AbsolutePath {
    type Raw = String;
    const KINDS: &'static [&'static str] = &[<AbsolutePath as Argument>::WHAT];

    fn length(raw: &String) -> usize {
        raw.len()
    }

    fn parse(raw: String, origin: Origin) -> Result<Self, String> {
        match origin {
            // A path of the operator's configuration may contain `..`.
            Origin::BuiltIn => AbsolutePath::clean(&raw),
            Origin::Plugin => AbsolutePath::parse(&raw),
        }
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        vec![Demand::Path(self.as_str())]
    }

    fn record(&self) -> Value {
        json!([self.as_str()])
    }
}

impl Arguments for HttpUrl {
    type Raw = String;
    const KINDS: &'static [&'static str] = &[<HttpUrl as Argument>::WHAT];

    fn length(raw: &String) -> usize {
        raw.len()
    }

    fn parse(raw: String, _: Origin) -> Result<Self, String> {
        HttpUrl::parse(&raw)
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        vec![Demand::Url(self)]
    }

    fn record(&self) -> Value {
        json!([self.as_str()])
    }
}

impl Arguments for CommandLine {
    type Raw = (String, Vec<String>);
    const KINDS: &'static [&'static str] = &["a program", "an argument"];

    fn length((program, arguments): &Self::Raw) -> usize {
        program.len() + arguments.iter().map(String::len).sum::<usize>()
    }

    fn parse((program, arguments): Self::Raw, _: Origin) -> Result<Self, String> {
        CommandLine::parse(&program, &arguments)
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        vec![Demand::Command(self)]
    }

    fn record(&self) -> Value {
        json!([self.program(), self.arguments()])
    }
}

/// The id of a phase, and the name of a fact that this phase set.
impl Arguments for (PhaseId, FactName) {
    type Raw = (String, String);
    const KINDS: &'static [&'static str] =
        &[<PhaseId as Argument>::WHAT, <FactName as Argument>::WHAT];

    fn length((phase, name): &Self::Raw) -> usize {
        phase.len() + name.len()
    }

    fn parse((phase, name): Self::Raw, _: Origin) -> Result<Self, String> {
        Ok((PhaseId::parse(&phase)?, FactName::parse(&name)?))
    }

    fn record(&self) -> Value {
        json!([self.0.as_str(), self.1.as_str()])
    }
}

/// Parses JSON that a phase hands over.
fn read<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    crate::arguments::json::read(json).map_err(|error| format!("the JSON cannot be read: {error}"))
}
