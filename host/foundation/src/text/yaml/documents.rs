//! The documents of a file, split exactly as kubeadm's reader splits them.
use super::{Unreadable, source::decode};

/// A document of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentText {
    /// lines of the file before it
    pub offset: u64,
    pub text: String,
}

/// Returns the documents of a file. A separator without text before it belongs to the text after it
/// (kubeadm behaviour): two in a row make no empty document, except at the start of the file. A
/// file in UTF-16 is not split, and so only its first document counts.
///
/// # Errors
/// The file is not text, or a line that begins with `---` is not a separator.
pub fn documents(file: &[u8]) -> Result<Vec<DocumentText>, Unreadable> {
    let (text, is_wide) = decode(file)?;
    if is_wide {
        // kubeadm's reader of lines breaks the last character of such a file.
        if file.starts_with(&[0xff, 0xfe]) && !text.contains("\n---") && !text.contains("\n...") {
            let reason = "this is UTF-16; save the file as UTF-8";
            return Err(Unreadable::new(reason, 1, 1));
        }
        return Ok(vec![DocumentText { offset: 0, text }]);
    }
    split(&text)
}

fn split(text: &str) -> Result<Vec<DocumentText>, Unreadable> {
    let mut parts = Vec::new();
    let (mut offset, mut buffer) = (0, String::new());
    for (number, line) in (0..).zip(text.split_inclusive('\n')) {
        let is_separator =
            is_separator(line).map_err(|reason| Unreadable::new(reason, number + 1, 1))?;
        if is_separator && !buffer.is_empty() {
            let text = std::mem::take(&mut buffer);
            parts.push(DocumentText { offset, text });
            continue;
        }
        if buffer.is_empty() {
            offset = number;
        }
        buffer.push_str(line);
    }
    if !buffer.is_empty() {
        parts.push(DocumentText {
            offset,
            text: buffer,
        });
    }
    Ok(parts)
}

/// Whether a line separates documents: `---`, with a comment at most.
fn is_separator(line: &str) -> Result<bool, &'static str> {
    match line.strip_prefix("---").map(str::trim) {
        None => Ok(false),
        Some(after) if after.is_empty() || after.starts_with('#') => Ok(true),
        Some(_) => Err(
            "a line that begins with `---` separates documents, and may have nothing \
                        but a comment behind it",
        ),
    }
}
