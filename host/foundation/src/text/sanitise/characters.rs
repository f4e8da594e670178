//! Which characters act on a terminal or cannot be seen, by the properties that Unicode gives them.
use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed,
    props::{DefaultIgnorableCodePoint, GeneralCategory},
};

static CATEGORIES: CodePointMapDataBorrowed<'static, GeneralCategory> = CodePointMapData::new();
/// Characters that programs draw as nothing: fillers, variation selectors, tags. Their category
/// does not matter.
static DRAWN_AS_NOTHING: CodePointSetDataBorrowed<'static> =
    CodePointSetData::new::<DefaultIgnorableCodePoint>();
/// Characters that Unicode describes as empty, and that have neither a category nor a property
/// which says so: the Braille pattern without dots, the Khitan filler, two blank hieroglyphs, and
/// the note without a head.
const EMPTY: [char; 5] = [
    '\u{2800}',
    '\u{16fe4}',
    '\u{13441}',
    '\u{13442}',
    '\u{1d159}',
];

/// Marks that may be drawn over one character. Languages need no more; many reach into the lines
/// above and below.
const MAX_MARKS: usize = 2;

/// Whether a character acts on a terminal or on the order of other characters, or cannot be seen.
/// Characters without a meaning in Unicode count as well, because a later version of Unicode may
/// draw them in any way.
pub fn is_trick(c: char) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned,
    };
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(
        CATEGORIES.get(c),
        Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned
    ) || DRAWN_AS_NOTHING.contains(c)
        || EMPTY.contains(&c)
}

/// Whether a character is drawn as a space.
pub(super) fn is_space(c: char) -> bool {
    c == ' ' || !c.is_ascii() && CATEGORIES.get(c) == GeneralCategory::SpaceSeparator
}

/// Finds the tricks of a text, character by character: those of [`is_trick`], and marks that would
/// be drawn over text before this one, or over a character that has two marks already.
#[derive(Debug)]
pub struct Tricks {
    /// marks on the last character
    marks: usize,
}

impl Default for Tricks {
    fn default() -> Self {
        Tricks { marks: MAX_MARKS }
    }
}

impl Tricks {
    /// Whether the next character of the text is a trick.
    pub fn is_next_trick(&mut self, c: char) -> bool {
        if is_trick(c) {
            // The character is shown as an escape, and no mark belongs over an escape.
            self.marks = MAX_MARKS;
            return true;
        }
        if c.is_ascii() {
            self.marks = 0;
            return false;
        }
        match CATEGORIES.get(c) {
            GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark => {
                self.marks += 1;
                self.marks > MAX_MARKS
            }
            GeneralCategory::SpacingMark => false,
            _ => {
                self.marks = 0;
                false
            }
        }
    }
}
