//! How large an event is in memory.
use super::EventKind;
use crate::effect::Footprint;

/// Bytes of an event beside its texts.
const EVENT: usize = 256;

impl EventKind {
    /// The bytes that the texts take which a phase may make long, roughly.
    pub(super) fn bytes(&self) -> usize {
        let texts = match self {
            EventKind::Message { text, .. } | EventKind::Progress { text, .. } => text.len(),
            EventKind::Finding { finding, .. } => {
                let evidence = finding.evidence.iter();
                finding.summary.len()
                    + evidence
                        .map(|(name, value)| name.len() + value.len())
                        .sum::<usize>()
            }
            EventKind::Intended { targets, .. } => bytes_of(targets),
            EventKind::Effect {
                made,
                directories,
                footprint,
                ..
            } => {
                let later = footprint.iter().flat_map(Footprint::texts);
                bytes_of(made) + bytes_of(directories) + later.map(str::len).sum::<usize>()
            }
            _ => 0,
        };
        EVENT + texts
    }
}

/// The bytes of all texts of a list.
fn bytes_of(texts: &[String]) -> usize {
    texts.iter().map(String::len).sum()
}
