//! `-o json`: one event a line.
use crate::{
    event::{Event, Subscriber},
    text::json::write_line,
};
use std::io::Write;

/// Writes each event as one line of JSON. A reader that goes away ends the writing, not the run.
pub struct Json<W> {
    out: W,
    gone: bool,
}

impl<W: Write + Send> Json<W> {
    pub fn new(out: W) -> Self {
        Json { out, gone: false }
    }
}

impl<W: Write + Send> Subscriber for Json<W> {
    fn on_event(&mut self, event: &Event) {
        if !self.gone {
            self.gone = write_line(&mut self.out, event).is_err();
        }
    }
}

#[cfg(test)]
mod tests;
