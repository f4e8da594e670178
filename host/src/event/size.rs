//! The size of an event in memory.
use super::EventKind;
use crate::effect::Footprint;

/// The number of bytes that an event takes in addition to its texts.
const EVENT: usize = 256;

impl EventKind {
    /// Returns roughly the bytes of the texts that a phase may make long.
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

/// Returns the bytes of all texts of a list.
fn bytes_of(texts: &[String]) -> usize {
    texts.iter().map(String::len).sum()
}
