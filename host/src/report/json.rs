//! `-o json`: one event a line.
use crate::{
    event::{Event, Subscriber},
    text::json::write_line,
};
use std::io::Write;

/// Writes each event as one line of JSON. A reader that goes away ends the writing, not the run.
pub struct JsonPrinter<W> {
    out: W,
    gone: bool,
}

impl<W: Write + Send> JsonPrinter<W> {
    pub fn new(out: W) -> Self {
        JsonPrinter { out, gone: false }
    }
}

impl<W: Write + Send> Subscriber for JsonPrinter<W> {
    fn on_event(&mut self, event: &Event) {
        if !self.gone {
            self.gone = write_line(&mut self.out, event).is_err();
        }
    }
}

#[cfg(test)]
mod tests;
