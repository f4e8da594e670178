//! A record of comma-separated values, read as Go's `encoding/csv` reads it. kubeadm reads the
//! values of its list flags in this way.

/// The parts of a record that is being read.
struct Reader<'a> {
    rest: &'a str,
    /// number of the line, from 1
    line: usize,
    /// the byte in the line that `rest` begins at, from 1
    column: usize,
    first_line: usize,
}

/// Returns the fields of the first record. A field in double quotes may have commas, newlines and
/// doubled quotes.
///
/// # Errors
/// A quote stands where none may be. The message says where, in Go's words.
pub fn first_record(text: &str) -> Result<Vec<String>, String> {
    let text = text.replace("\r\n", "\n");
    let start = text.trim_start_matches('\n');
    if start.is_empty() {
        return Err("EOF".to_owned());
    }
    let line = 1 + text.len() - start.len();
    let mut reader = Reader {
        rest: start,
        line,
        column: 1,
        first_line: line,
    };
    let mut fields = Vec::new();
    loop {
        let (field, is_last) = if reader.rest.starts_with('"') {
            reader.take(1);
            reader.read_quoted_field()?
        } else {
            reader.read_bare_field()?
        };
        fields.push(field);
        if is_last {
            return Ok(fields);
        }
    }
}

impl<'a> Reader<'a> {
    /// Takes this many bytes, all of one line.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        self.column += bytes;
        taken
    }

    /// Reads a field without quotes. Returns whether it ends the record.
    fn read_bare_field(&mut self) -> Result<(String, bool), String> {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        if let Some(quote) = self.rest[..end].find('"') {
            return Err(self.error(self.column + quote, "bare \" in non-quoted-field"));
        }
        let field = self.take(end).to_owned();
        Ok((field, !self.skip_comma()))
    }

    /// Reads the rest of a field that began with a quote. Returns whether it ends the record.
    fn read_quoted_field(&mut self) -> Result<(String, bool), String> {
        let misplaced = "extraneous or missing \" in quoted-field";
        let mut field = String::new();
        loop {
            let end = self.rest.find(['"', '\n']).unwrap_or(self.rest.len());
            field += self.take(end);
            if self.rest.starts_with('\n') {
                field.push('\n');
                self.rest = &self.rest[1..];
                (self.line, self.column) = (self.line + 1, 1);
                continue;
            }
            if self.rest.is_empty() {
                return Err(self.error(self.column, misplaced));
            }
            self.take(1);
            if self.rest.starts_with('"') {
                field += self.take(1);
            } else if self.skip_comma() {
                return Ok((field, false));
            } else if self.rest.is_empty() || self.rest.starts_with('\n') {
                return Ok((field, true));
            } else {
                return Err(self.error(self.column - 1, misplaced));
            }
        }
    }

    /// Takes a comma, if one is next.
    fn skip_comma(&mut self) -> bool {
        let is_next = self.rest.starts_with(',');
        if is_next {
            self.take(1);
        }
        is_next
    }

    fn error(&self, column: usize, what: &str) -> String {
        let place = format!("parse error on line {}, column {column}", self.line);
        if self.line == self.first_line {
            format!("{place}: {what}")
        } else {
            format!("record on line {}; {place}: {what}", self.first_line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::first_record;

    #[test]
    fn fields_are_gos() {
        for (text, fields) in [
            ("a", vec!["a"]),
            ("a,b", vec!["a", "b"]),
            ("a,,b,", vec!["a", "", "b", ""]),
            (",", vec!["", ""]),
            (" a , b", vec![" a ", " b"]),
            (r#""a,b",c"#, vec!["a,b", "c"]),
            (r#""a""b""#, vec![r#"a"b"#]),
            (r#""""#, vec![""]),
            (r#"a,"""#, vec!["a", ""]),
            ("\"a\nb\",c", vec!["a\nb", "c"]),
            ("a,b\nc,d", vec!["a", "b"]),
            ("\n\na", vec!["a"]),
            ("a\r\nb", vec!["a"]),
            (r#""é,ö",ü"#, vec!["é,ö", "ü"]),
        ] {
            assert_eq!(first_record(text).unwrap(), fields, "{text:?}");
        }
    }

    #[test]
    fn misplaced_quotes_are_refused_in_gos_words() {
        let bare = "bare \" in non-quoted-field";
        let misplaced = "extraneous or missing \" in quoted-field";
        for (text, place, what) in [
            (r#"a"b"#, "parse error on line 1, column 2", bare),
            (r#"x,"a",b""#, "parse error on line 1, column 8", bare),
            (r#""a"b"#, "parse error on line 1, column 3", misplaced),
            (r#""abc"#, "parse error on line 1, column 5", misplaced),
            ("\"", "parse error on line 1, column 2", misplaced),
            (
                "\"a\nb",
                "record on line 1; parse error on line 2, column 2",
                misplaced,
            ),
        ] {
            assert_eq!(
                first_record(text).unwrap_err(),
                format!("{place}: {what}"),
                "{text:?}"
            );
        }
        assert_eq!(first_record("\n").unwrap_err(), "EOF");
    }
}
