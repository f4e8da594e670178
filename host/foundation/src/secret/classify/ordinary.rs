//! Decides whether content is ordinary: text of words and numbers, certificates, and encodings of
//! such content. The other modules of the classifier recognise credentials by their form. This
//! module recognises content that is not a credential, and does not decide about any other content.
mod groups;
mod pieces;
mod places;
mod public;
mod randomness;

use super::{
    Credential, Search, Verdict, assignments, der, encodings, escapes,
    text::{decode_latin_1, is_text, is_wide_text},
};
use std::borrow::Cow;

/// The first bytes of a gzip stream.
const GZIP: &[u8] = &[0x1f, 0x8b, 0x08];

impl Search<'_> {
    /// Refuses content unless it is ordinary, and so is everything that it encodes, through up to
    /// `depth` encodings.
    ///
    /// # Errors
    /// `Undecided` if the content is not ordinary, or the credential that an encoding holds.
    pub(super) fn require_ordinary(&mut self, content: &[u8], depth: u8) -> Verdict {
        self.work = self
            .work
            .checked_sub(content.len())
            .ok_or(Credential::Undecided)?;
        self.check_time()?;
        if der::is_public(content) {
            return Ok(());
        }
        if content.starts_with(GZIP) {
            let depth = depth.checked_sub(1).ok_or(Credential::Undecided)?;
            let unpacked = encodings::gunzip_whole(content, self.work)?;
            return self.require_ordinary(&unpacked, depth);
        }
        let decoded = encodings::decode_utf16(content).or_else(|| decode_latin_1(content));
        let text = match decoded {
            Some(text) => Cow::Owned(text.into_bytes()),
            None => Cow::Borrowed(content),
        };
        if !is_text(&text) {
            return Err(Credential::Undecided);
        }
        let text = encodings::unescape_white_space(&text);
        let text = public::cut_public_content(&text);
        assignments::search(&text)?;
        pieces::search(&text)?;
        groups::search(&text)?;
        self.decoded_texts(&text, depth)?;
        if let Some(unescaped) = escapes::unescape(&text).filter(|text| is_text(text)) {
            let depth = depth.checked_sub(1).ok_or(Credential::Undecided)?;
            self.require_ordinary(&unescaped, depth)?;
        }
        let mut from = 0;
        while let Some(at) = randomness::find(&text, from) {
            from = self.explain(&text, from..at, depth)?;
        }
        Ok(())
    }

    /// Judges the texts that runs of base64 and hexadecimal decode to. Such a text may repeat
    /// itself so much that its encoding does not look random.
    fn decoded_texts(&mut self, text: &[u8], depth: u8) -> Verdict {
        encodings::decode_runs(text, &mut |decoded| {
            if !is_text(decoded) && !is_wide_text(decoded) {
                return Ok(());
            }
            let depth = depth.checked_sub(1).ok_or(Credential::Undecided)?;
            self.require_ordinary(decoded, depth)
        })
    }

    /// Looks for an encoding of ordinary content that explains random text. The text begins within
    /// `place` and goes on after it. Returns where the encoding ends.
    fn explain(
        &mut self,
        text: &[u8],
        place: std::ops::Range<usize>,
        depth: u8,
    ) -> Result<usize, Credential> {
        let depth = depth.checked_sub(1).ok_or(Credential::Undecided)?;
        let is_in_run: [fn(u8) -> bool; 2] = [encodings::is_standard_base64, |byte| {
            encodings::is_standard_base64(byte) || byte.is_ascii_whitespace()
        }];
        for is_in_run in is_in_run {
            let before = text[place.clone()].iter().rev();
            let begin = place.end - before.take_while(|byte| is_in_run(**byte)).count();
            let after = text[place.end..].iter();
            let end = place.end + after.take_while(|byte| is_in_run(**byte)).count();
            // A shorter run may decode to ordinary content by chance.
            if end == place.end || end - begin < encodings::MIN_BASE64 {
                continue;
            }
            let decoded = encodings::decode_whole_base64(&text[begin..end]);
            if decoded.is_some_and(|it| self.require_ordinary(&it, depth).is_ok()) {
                return Ok(end);
            }
        }
        Err(Credential::Undecided)
    }
}

#[cfg(test)]
mod tests;
