//! Finds secret settings of plugins in texts by their usual spellings: as they are, in base64, in
//! hexadecimal and percent-encoded, in capital or small letters.
use super::MIN_BLANKED;
use crate::secret::Secret;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use data_encoding::{BASE64, BASE64URL, Encoding, HEXLOWER};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::{collections::BTreeSet, fmt};

/// The characters that most programs encode in a URL.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The spellings of secret texts.
#[derive(Clone, Default)]
pub(super) struct Spellings(Option<AhoCorasick>);

impl fmt::Debug for Spellings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<spellings of secrets>")
    }
}

impl Spellings {
    /// Returns the spellings of texts that are not long together. Very short texts are left out,
    /// because they occur in ordinary words.
    pub fn of(texts: &[Secret<String>]) -> Spellings {
        let texts = texts.iter().map(Secret::reveal);
        let spellings: BTreeSet<String> = texts
            .filter(|text| text.len() >= MIN_BLANKED)
            .flat_map(|text| spellings_of(text))
            .collect();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            // The other kinds may take much more memory.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(spellings)
            .expect("the texts are not long together");
        Spellings(Some(automaton))
    }

    /// Whether a text holds one of the secrets.
    pub fn are_in(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|found| found.is_match(text))
    }

    /// Replaces the secrets in a text.
    pub fn replace_in(&self, text: &mut String, by: &str) {
        let Some(automaton) = &self.0 else { return };
        let mut replaced = String::new();
        automaton.replace_all_with(text, &mut replaced, |_, _, replaced| {
            replaced.push_str(by);
            true
        });
        *text = replaced;
    }
}

/// Returns the spellings of a text.
fn spellings_of(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_owned(), HEXLOWER.encode(text.as_bytes())];
    for set in [NON_ALPHANUMERIC, RESERVED] {
        spellings.push(utf8_percent_encode(text, set).to_string());
    }
    for encoding in [BASE64, BASE64URL] {
        spellings.extend((0..3).map(|shift| within_base64(&encoding, text, shift)));
    }
    spellings
}

/// Returns the characters that a text has within a longer text in base64, where it begins `shift`
/// bytes after a multiple of three. Other bytes decide about the first and last character too, so
/// these are left out.
fn within_base64(encoding: &Encoding, text: &str, shift: usize) -> String {
    let bytes = [&[0; 3][..shift], text.as_bytes()].concat();
    let (first, end) = ((shift * 8).div_ceil(6), bytes.len() * 8 / 6);
    encoding.encode(&bytes)[first..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "Zq7+canary/9xK";

    fn spellings() -> Spellings {
        Spellings::of(&[SECRET.into(), "short".into()])
    }

    #[test]
    fn a_secret_is_found_in_every_usual_spelling() {
        let mut texts = vec![
            SECRET.to_owned(),
            SECRET.to_lowercase(),
            SECRET.to_uppercase(),
            HEXLOWER.encode(SECRET.as_bytes()),
            HEXLOWER.encode(SECRET.as_bytes()).to_uppercase(),
            "Zq7%2Bcanary%2F9xK".to_owned(),
        ];
        for before in ["", "a", "pw", "pw="] {
            for encoding in [BASE64, BASE64URL] {
                texts.push(encoding.encode(format!("{before}{SECRET}:end").as_bytes()));
            }
        }
        for text in texts {
            let name = format!("/own/x-{text}-y");
            assert!(spellings().are_in(&name), "{name}");
            let mut blanked = name.clone();
            spellings().replace_in(&mut blanked, "<secret>");
            assert!(blanked.contains("<secret>"), "{blanked}");
            assert!(!spellings().are_in(&blanked), "{blanked}");
        }
    }

    #[test]
    fn other_texts_stay() {
        for text in ["", "/own/short", "Zq7+canary", "canary/9xK", "ünïcode ☸"] {
            assert!(!spellings().are_in(text), "{text}");
            assert!(!Spellings::default().are_in(text), "{text}");
            let mut same = text.to_owned();
            spellings().replace_in(&mut same, "<secret>");
            assert_eq!(same, text);
        }
        assert_eq!(
            format!("{:?}", spellings()),
            "<spellings of secrets>",
            "printing it shows no secret"
        );
    }
}
