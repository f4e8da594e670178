//! Finds text that looks random: text whose pairs of characters are rarer in ordinary texts than in
//! random ones. The samples say what is ordinary. To show a file that is refused by mistake, add
//! some lines like its own to the samples.
use super::places;
use std::sync::LazyLock;

/// Ordinary texts.
const SAMPLES: &[u8] = include_bytes!("samples.txt");

/// The score of one bit.
const BIT: i32 = 8;

/// The score at which a text is random, 40 bits: 32 random bytes in base64 have over 100.
const RANDOM: i32 = 40 * BIT;

/// The bits that white space takes off: random texts have little of it.
const WHITE_SPACE: i32 = BIT;

/// The score where a letter that is not ASCII begins or ends.
const FOREIGN: i32 = 2 * BIT;

/// Distance in bytes within which a pair counts as repeated.
const HABIT: usize = 256;

/// Different characters that random texts have, at least: those of base64.
const RANDOM_CHARACTERS: f64 = 64.0;

/// Number of pairs in the samples that weigh as much as what is known of all pairs of their
/// classes.
const SMOOTHING: f64 = 24.0;

/// Digits of the shortest number that is judged as a number and not by its pairs.
const MIN_NUMBER: usize = 4;

/// Digits of the parts of a UUID.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

/// Characters of a UUID.
const UUID_LENGTH: usize = 36;

/// Digits of the shortest hexadecimal number that can be a key.
const MIN_KEY: usize = 32;

/// Letters and digits of the shortest mixture of them that is random.
const MIN_MIXTURE: usize = 26;

/// Changes from letters to digits, or back, of such a mixture.
const MIN_CHANGES: usize = 4;

/// Ends of the names of numbers that are not keys.
const NUMBER_NAMES: &[&str] = &[
    "id",
    "ids",
    "uuid",
    "guid",
    "digest",
    "checksum",
    "sum",
    "hash",
    "sha1",
    "sha256",
    "sha384",
    "sha512",
    "md5",
    "commit",
    "revision",
    "rev",
    "fingerprint",
    "version",
    "serial",
    "srcversion",
];

/// The score of each pair of ASCII characters.
type Scores = [[i8; 128]; 128];

static SCORES: LazyLock<Box<Scores>> = LazyLock::new(|| learn(SAMPLES));

/// Returns where random text is found, from a place on.
pub(super) fn find(text: &[u8], from: usize) -> Option<usize> {
    let (mut score, mut at) = (0, from);
    let mut pairs = Pairs::default();
    while let Some(&byte) = text.get(at) {
        let starts_token = at == 0 || !text[at - 1].is_ascii_alphanumeric();
        if byte.is_ascii_alphanumeric() && starts_token {
            let length = token_length(&text[at..]);
            let token = &text[at..at + length];
            if let Some(uuid) = length
                .checked_sub(UUID[0])
                .filter(|it| is_uuid(&text[at + it..]))
            {
                at += uuid + UUID_LENGTH;
                continue;
            }
            if is_number(token) {
                if token.len() >= MIN_KEY && !is_in_plain_place(text, at, token.len()) {
                    return Some(at);
                }
                at += length;
                continue;
            }
            if is_mixture(token) {
                return Some(at);
            }
        }
        if let Some(next) = text.get(at + 1) {
            score = (score + pairs.score(byte, *next, at)).max(0);
        }
        if score >= RANDOM {
            return Some(at);
        }
        at += 1;
    }
    None
}

fn token_length(text: &[u8]) -> usize {
    let end = text.iter().position(|byte| !byte.is_ascii_alphanumeric());
    end.unwrap_or(text.len())
}

/// The last place of each pair of ASCII characters.
struct Pairs(Vec<usize>);

impl Default for Pairs {
    fn default() -> Self {
        Pairs(vec![0; 128 * 128])
    }
}

impl Pairs {
    /// Returns the score of a pair at a place. A rare pair that is repeated has a lower score.
    fn score(&mut self, byte: u8, next: u8, at: usize) -> i32 {
        if next.is_ascii_whitespace() {
            return -WHITE_SPACE;
        }
        if !byte.is_ascii() || !next.is_ascii() {
            let is_edge = byte.is_ascii() != next.is_ascii();
            return if is_edge { FOREIGN } else { 0 };
        }
        let score = i32::from(SCORES[usize::from(byte)][usize::from(next)]);
        let last = &mut self.0[usize::from(byte) * 128 + usize::from(next)];
        let is_habit = *last > 0 && at - *last < HABIT;
        *last = at;
        if is_habit {
            score.min(score / 4)
        } else {
            score
        }
    }
}

/// Whether a text begins with a UUID. In the names of control groups, a UUID has underscores.
fn is_uuid(text: &[u8]) -> bool {
    let Some(text) = text.get(..UUID_LENGTH) else {
        return false;
    };
    let parts = text.split(|byte| matches!(byte, b'-' | b'_'));
    parts.clone().map(<[u8]>::len).eq(UUID) && parts.flatten().all(u8::is_ascii_hexdigit)
}

/// Whether a token is a hexadecimal number, of letters of one case. A long number that repeats a
/// single digit does not count.
fn is_number(token: &[u8]) -> bool {
    token.len() >= MIN_NUMBER
        && token.iter().any(|byte| *byte != token[0])
        && (is_hex(token, false) || is_hex(token, true))
}

/// Whether all bytes are hexadecimal digits, with letters of one case.
fn is_hex(token: &[u8], upper: bool) -> bool {
    token.iter().all(|byte| {
        byte.is_ascii_digit() || (byte.is_ascii_hexdigit() && byte.is_ascii_uppercase() == upper)
    })
}

/// Whether a token changes between letters and digits as random ones do.
fn is_mixture(token: &[u8]) -> bool {
    let changes = token.windows(2);
    let changes = changes.filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit());
    token.len() >= MIN_MIXTURE && changes.count() >= MIN_CHANGES
}

/// Whether a long number is in a place where numbers are not keys: a digest after its algorithm, a
/// part of a path, the identity of a machine, a line of checksums, the value of a name that says
/// so.
fn is_in_plain_place(text: &[u8], at: usize, length: usize) -> bool {
    let before = &text[..at];
    let line = before
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let after = &text[at + length..];
    if line.is_empty() {
        // An identity of a machine, an address of IPv6, or a line of `sha256sum`.
        return length == MIN_KEY || matches!(after, [b' ', b' ' | b'*', name, ..] if *name > b' ');
    }
    let word = line
        .rsplit(u8::is_ascii_whitespace)
        .next()
        .unwrap_or_default();
    if word.contains(&b'/') && matches!(word.last(), Some(b'/' | b'-')) {
        return true;
    }
    if places::is_digest(line, length) {
        return true;
    }
    let line = places::text_before_list(before, line).unwrap_or(line);
    let between = line
        .iter()
        .rev()
        .take_while(|byte| is_between(**byte))
        .count();
    let name = line[..line.len() - between].to_ascii_lowercase();
    between > 0
        && (NUMBER_NAMES
            .iter()
            .any(|end| name.ends_with(end.as_bytes()))
            || std::str::from_utf8(&name).is_ok_and(places::ends_with_digest_name))
}

/// Whether a byte may stand between a name and its value.
fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'\\' | b'=' | b':')
}

/// Learns the scores of pairs from samples.
fn learn(samples: &[u8]) -> Box<Scores> {
    let mut pairs = vec![[0_u32; 128]; 128];
    let mut classes = [[1_u32; CLASSES]; CLASSES];
    for pair in samples
        .windows(2)
        .filter(|pair| pair.iter().all(u8::is_ascii_graphic))
    {
        pairs[usize::from(pair[0])][usize::from(pair[1])] += 1;
        classes[class(pair[0]).0][class(pair[1]).0] += 1;
    }
    let mut scores = Box::new([[0; 128]; 128]);
    for byte in 0x21..0x7f {
        let counted = &pairs[usize::from(byte)];
        let all = f64::from(counted.iter().sum::<u32>());
        let of_class = &classes[class(byte).0];
        let all_of_class = f64::from(of_class.iter().sum::<u32>());
        for next in (0x21..0x7f).filter(|next| *next != byte) {
            let (next_class, members) = class(next);
            let expected = f64::from(of_class[next_class]) / all_of_class / members;
            let counted = f64::from(counted[usize::from(next)]);
            let probability = (counted + SMOOTHING * expected) / (all + SMOOTHING);
            let bits = -(probability * RANDOM_CHARACTERS).log2();
            let score = (bits.clamp(-4.0, 5.0) * f64::from(BIT)).round();
            #[expect(clippy::cast_possible_truncation, reason = "it was clamped")]
            let score = score as i8;
            scores[usize::from(byte)][usize::from(next)] = score;
        }
    }
    scores
}

/// Classes of characters.
const CLASSES: usize = 4;

/// Returns the class of a character, and how many characters the class has.
fn class(byte: u8) -> (usize, f64) {
    match byte {
        b'a'..=b'z' => (0, 26.0),
        b'A'..=b'Z' => (1, 26.0),
        b'0'..=b'9' => (2, 10.0),
        _ => (3, 32.0),
    }
}
