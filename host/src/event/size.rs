//! How large an event is in memory.
use super::EventKind;
use crate::effect::Footprint;

/// Bytes of an event beside its texts.
const EVENT: usize = 256;

impl EventKind {
    /// The bytes that the texts take which a phase may make long, roughly.
    pub(super) fn bytes(&self) -> usize {
        let of_all = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
        let texts = match self {
            EventKind::Message { text, .. } | EventKind::Progress { text, .. } => text.len(),
            EventKind::Finding { finding, .. } => {
                let evidence = finding.evidence.iter();
                finding.summary.len()
                    + evidence
                        .map(|(name, value)| name.len() + value.len())
                        .sum::<usize>()
            }
            EventKind::Intended { targets, .. } => of_all(targets),
            EventKind::Effect {
                made,
                directories,
                footprint,
                ..
            } => {
                let later = footprint.iter().flat_map(Footprint::texts);
                of_all(made) + of_all(directories) + later.map(str::len).sum::<usize>()
            }
            _ => 0,
        };
        EVENT + texts
    }
}
