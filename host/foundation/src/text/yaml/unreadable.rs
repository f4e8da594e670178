//! The reason why a text cannot be read as YAML, in words for a person who has to correct it.
use granit_parser::{ErrorKind, ScanError};
use std::fmt;

pub(super) const TAB: &str = "a tab is not allowed here; indent with spaces";
pub(super) const UNKNOWN_ESCAPE: &str = "there is no such escape in a text in double quotes; write \
    the character itself, or two backslashes";
pub(super) const SURROGATE: &str =
    "an escape names half of a character; write the character itself";

/// The reason why a text cannot be read, and its place. It quotes nothing of the text, which may
/// have secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub reason: String,
    /// from 1
    pub line: u64,
    /// from 1
    pub column: u64,
}

impl Unreadable {
    pub(super) fn new(reason: impl Into<String>, line: u64, column: u64) -> Unreadable {
        Unreadable {
            reason: reason.into(),
            line,
            column,
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl From<ScanError> for Unreadable {
    fn from(error: ScanError) -> Unreadable {
        let place = error.marker();
        Unreadable::new(
            reason(error.kind()),
            place.line() as u64,
            place.col() as u64 + 1,
        )
    }
}

/// Returns what is wrong. Kinds without words of their own have those of the YAML specification.
fn reason(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::UnclosedFlowCollection { open } => {
            return format!("the bracket '{open}' is not closed");
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return format!("the bracket '{open}' is closed by '{close}'");
        }
        _ => {}
    }
    let plain = of_brackets(kind)
        .or_else(|| of_lines(kind))
        .or_else(|| of_values(kind));
    if let Some(plain) = plain {
        return plain.to_owned();
    }
    let message = kind.to_string();
    // Some messages begin with what the parser was doing.
    let problem = message
        .split_once(", ")
        .filter(|_| message.starts_with("while "));
    let problem = problem.map_or(message.as_str(), |(_, problem)| problem);
    problem.replace("scalar", "value").replace("node", "value")
}

fn of_brackets(kind: &ErrorKind) -> Option<&'static str> {
    use ErrorKind as E;
    Some(match kind {
        E::UnexpectedEofFlowSequence
        | E::UnexpectedEofFlowMapping
        | E::UnexpectedEofImplicitFlowMapping => "a bracket is not closed",
        E::MisplacedFlowCollectionEnd => "a bracket is closed that was not opened",
        E::ExpectedFlowMappingSeparator => "a ',' or '}' is missing before this",
        E::ExpectedFlowSequenceSeparator => "a ',' or ']' is missing before this",
        E::BlockEntryInFlowCollection => "`- ` cannot stand within brackets",
        E::RecursionLimitExceeded => "lists and maps are nested more than 255 levels deep",
        _ => return None,
    })
}

/// Problems of how lines follow each other.
fn of_lines(kind: &ErrorKind) -> Option<&'static str> {
    use ErrorKind as E;
    Some(match kind {
        kind if is_tab(kind) => TAB,
        E::ExpectedBlockMappingKey | E::InvalidIndentation => {
            "a key of the map was expected here; check the indentation"
        }
        E::ExpectedBlockSequenceEntry => {
            "an element of the list, `- `, was expected here; check the indentation"
        }
        E::BlockSequenceEntryNotAllowed => "a list cannot begin here; check the indentation",
        E::MappingKeyNotAllowed => "a key, `? `, cannot begin here; check the indentation",
        E::SimpleKeyExpected | E::InvalidSimpleKey => {
            "this is not a key: it has no ':' behind it on its line"
        }
        E::UnexpectedEof | E::UnexpectedEofBlockSequence | E::UnexpectedEofBlockMapping => {
            "the document ends too early"
        }
        E::ExpectedDocumentStart => {
            "text stands behind the end of the document; check the indentation"
        }
        E::MissingDocumentEndBeforeDirective => {
            "a line may begin with `%` only before a document; quote the value"
        }
        E::UnsupportedYamlMajorVersion => {
            "this version of YAML is not known; remove the line that begins with `%YAML`"
        }
        E::DocumentIndicatorInQuotedScalar => "a line within quotes begins with `---` or `...`",
        E::InvalidBlockScalarHeader => "the text of a block, `|` or `>`, begins on the next line",
        _ => return None,
    })
}

/// Problems of one value.
fn of_values(kind: &ErrorKind) -> Option<&'static str> {
    use ErrorKind as E;
    Some(match kind {
        E::UnclosedQuotedScalar => "a quote is not closed",
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            "there is text behind a closed quote"
        }
        E::UnknownQuotedScalarEscape => UNKNOWN_ESCAPE,
        E::InvalidQuotedScalarHexEscape | E::InvalidLowSurrogateHexEscape => {
            "an escape has too few hexadecimal digits"
        }
        E::InvalidLowSurrogate
        | E::MissingLowSurrogate
        | E::UnpairedLowSurrogate
        | E::InvalidUnicodeEscape => SURROGATE,
        E::MappingValueNotAllowed => {
            "a ':' is not allowed here; quote the value, or check the indentation"
        }
        E::ExpectedNodeContent => "a value was expected here",
        E::UnexpectedCharacter { .. } => "a value cannot begin with this character; quote it",
        E::UnknownAnchor => "an alias, `*name`, has no anchor, `&name`, before it",
        E::MissingAnchorOrAliasName => {
            "`&` and `*` need a name behind them; quote the value if it is text"
        }
        E::UndeclaredTagHandle => "the prefix of a tag is not declared",
        E::ExpectedTagBang | E::MissingTagUri | E::InvalidTagTerminator => {
            "`!` begins a tag, and this is not one; quote the value if it is text"
        }
        _ => return None,
    })
}

/// Whether a tab is what was refused.
pub(super) fn is_tab(kind: &ErrorKind) -> bool {
    use ErrorKind as E;
    matches!(
        kind,
        E::TabNotAllowed
            | E::TabInBlockIndentation
            | E::TabAtBlockScalarStart
            | E::TabInIndentation
            | E::TabInPlainScalar
    )
}

/// Whether a document has ended where the problem is.
pub(super) fn is_behind_document(kind: &ErrorKind) -> bool {
    use ErrorKind as E;
    matches!(
        kind,
        E::ExpectedDocumentStart | E::MissingDocumentEndBeforeDirective
    )
}
