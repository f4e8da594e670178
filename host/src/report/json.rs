//! `-o json`: one event a line.
use crate::{
    event::{Event, Subscriber},
    text::json::write_line,
};
use std::io::Write;

/// Writes each event as one line of JSON. If the output is closed, it stops writing, and the run
/// goes on.
pub struct JsonPrinter<W> {
    out: W,
    /// whether the output is closed
    is_closed: bool,
}

impl<W: Write + Send> JsonPrinter<W> {
    /// Returns a printer that writes to `out`.
    pub fn new(out: W) -> Self {
        JsonPrinter {
            out,
            is_closed: false,
        }
    }
}

impl<W: Write + Send> Subscriber for JsonPrinter<W> {
    fn on_event(&mut self, event: &Event) {
        if !self.is_closed {
            self.is_closed = write_line(&mut self.out, event).is_err();
        }
    }
}

#[cfg(test)]
mod tests;
