//! Finds secret settings of plugins in texts by their usual spellings: as they are, in base64, in
//! hexadecimal, percent-encoded and with escapes, in capital or small letters. Long texts are
//! looked for in pieces, so that a part of one is found too.
use crate::{
    arguments::Text,
    secret::{SHORTEST_BLANKED, Secret},
};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use data_encoding::{BASE64, BASE64URL, Encoding, HEXLOWER};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::{collections::BTreeSet, fmt};

/// Bytes of the longest piece of a text.
const LONGEST_PIECE: usize = 512;
/// Bytes of the shortest line that is a piece of its own. Shorter lines of a secret, such as
/// `clusters:`, are in ordinary texts too.
const SHORTEST_LINE: usize = 16;
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
    /// Returns the spellings of texts whose total length is limited
    /// ([`crate::wasm::limits::MAX_ALL_SECRET_SETTINGS`]). Very short texts are left out, because
    /// they occur in ordinary words.
    pub fn of(texts: &[Secret<String>]) -> Spellings {
        let texts = texts.iter().map(Secret::reveal);
        let spellings: BTreeSet<String> = texts
            .flat_map(|text| pieces(text))
            .filter(|piece| piece.len() >= SHORTEST_BLANKED)
            .flat_map(spellings_of)
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

/// Splits a text at its line ends, and its long lines, into pieces. Short lines stay with the lines
/// before or after them, and the long lines among these are pieces of their own, too.
fn pieces(text: &str) -> Vec<&str> {
    let is_long = |part: &str| part.trim().len() >= SHORTEST_LINE;
    let text = text.trim();
    let (mut pieces, mut begin) = (Vec::new(), 0);
    let line_ends = text.match_indices('\n').map(|(at, _)| at);
    for end in line_ends.chain([text.len()]) {
        let is_split = is_long(&text[begin..end]) && is_long(&text[end..]);
        if !is_split && end < text.len() {
            continue;
        }
        let part = text[begin..end].trim();
        split_line(part, &mut pieces);
        if part.contains('\n') {
            let lines = part.lines().filter(|line| is_long(line));
            lines.for_each(|line| split_line(line.trim(), &mut pieces));
        }
        begin = end;
    }
    pieces
}

/// Adds the pieces of a line.
fn split_line<'a>(mut line: &'a str, pieces: &mut Vec<&'a str>) {
    while !line.is_empty() {
        let (piece, more) = line.split_at(end_of_piece(line));
        pieces.push(piece);
        line = more;
    }
}

/// Returns where the first piece of a line ends. The pieces have about the same length.
fn end_of_piece(line: &str) -> usize {
    let count = line.len().div_ceil(LONGEST_PIECE);
    line.ceil_char_boundary(line.len().div_ceil(count.max(1)))
}

/// Returns the spellings of a text.
fn spellings_of(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_owned(), HEXLOWER.encode(text.as_bytes())];
    let quoted = Value::from(text).to_string();
    spellings.push(quoted[1..quoted.len() - 1].to_owned());
    // The form in which people see it. A long text would be cut.
    spellings.extend(Text::parse(text).ok().map(String::from));
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

    /// Blanks a secret in a text.
    fn blanked(secret: &str, text: &str) -> String {
        let mut text = text.to_owned();
        Spellings::of(&[secret.into()]).replace_in(&mut text, "_");
        text
    }

    #[test]
    fn a_secret_with_control_characters_and_quotes_is_found_with_and_without_escapes() {
        let secret = "a\"canary\r\u{1b}[0m";
        for text in [
            secret.to_owned(),
            Value::from(secret).to_string(),
            Text::parse(secret).unwrap().into(),
        ] {
            let blanked = blanked(secret, &text);
            assert!(!blanked.contains("canary"), "{blanked}");
        }
    }

    #[test]
    fn a_long_secret_is_found_in_whole_and_in_part() {
        let line = |number: usize| format!("  {number:03}-canary-of-a-key-{number:03}  ");
        let lines: String = (0..600).map(|number| line(number) + "\r\n").collect();
        let one_line = lines.replace(['\r', '\n', ' '], "");
        // Spaces and line ends stay.
        let visible = |text: &str| text.replace([' ', '\r', '\n', '_'], "");
        let other: String = (0..3000).map(|number| format!("ä{number}☸")).collect();
        for secret in [&lines, &one_line, &other] {
            let whole = blanked(secret, &format!("it is {secret} there"));
            assert_eq!(visible(&whole), "itisthere");
            let encoded = BASE64.encode(format!("x{secret}").as_bytes());
            let left = visible(&blanked(secret, &encoded)).len();
            assert!(left < encoded.len() / 2, "{left} of {}", encoded.len());
        }
        assert_eq!(blanked(&lines, &format!("<{}>", line(7).trim())), "<_>");
        // A piece of a long line.
        let part = &one_line[2000..5000];
        assert!(blanked(&one_line, part).len() < 1100);
    }

    #[test]
    fn short_lines_of_a_secret_stay_together() {
        let secret = "kind: Config\nuser:\n  token: canary-of-a-token\nend\n";
        let usual = "kind: Config of a user: the end";
        assert_eq!(blanked(secret, usual), usual);
        for text in [
            secret,
            "  token: canary-of-a-token",
            &secret.replace('\n', "\\n"),
        ] {
            let shown = blanked(secret, text);
            assert!(!shown.contains("canary"), "{shown}");
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
