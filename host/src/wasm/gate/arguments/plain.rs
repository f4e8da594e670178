//! Arguments that the gate only measures.
use super::{Arguments, Origin};
use crate::wasm::gate::pattern::Demand;
use serde::Serialize;
use serde_json::{Value, json};

/// A text, and a value that the gate does not check.
impl<A: Arguments<Raw = String>, T: Length> Arguments for (A, Plain<T>) {
    type Raw = (String, T);
    const KINDS: &'static [&'static str] = A::KINDS;

    fn length((text, rest): &Self::Raw) -> usize {
        A::length(text) + rest.length()
    }

    fn parse((text, rest): Self::Raw, origin: Origin) -> Result<Self, String> {
        Ok((A::parse(text, origin)?, Plain(rest)))
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        self.0.demands()
    }

    fn record(&self) -> Value {
        self.0.record()
    }
}

/// A value that the gate does not check: bytes of a file, a number, the handle of a proposal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plain<T>(pub T);

impl<T: Length + Serialize> Arguments for Plain<T> {
    type Raw = T;
    const KINDS: &'static [&'static str] = &[];

    fn length(raw: &T) -> usize {
        raw.length()
    }

    fn parse(raw: T, _: Origin) -> Result<Self, String> {
        Ok(Plain(raw))
    }

    fn record(&self) -> Value {
        json!([self])
    }
}

/// A value whose size in bytes is known.
pub trait Length {
    /// Returns the number of bytes that the value takes.
    fn length(&self) -> usize;
}

impl Length for u16 {
    fn length(&self) -> usize {
        size_of::<u16>()
    }
}

impl Length for u32 {
    fn length(&self) -> usize {
        size_of::<u32>()
    }
}

impl Length for String {
    fn length(&self) -> usize {
        self.len()
    }
}

impl Length for Vec<u8> {
    fn length(&self) -> usize {
        self.len()
    }
}

impl<A: Length, B: Length> Length for (A, B) {
    fn length(&self) -> usize {
        self.0.length() + self.1.length()
    }
}
