//! A Corefile as a value: servers, their plugins, and the options of these.
use std::iter::Peekable;

/// The spaces before a plugin. An option has twice as many.
const INDENT: &str = "    ";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Corefile {
    pub servers: Vec<Server>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// domains and ports
    pub keys: Vec<String>,
    pub plugins: Vec<Plugin>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plugin {
    pub name: String,
    pub arguments: Vec<String>,
    pub options: Vec<Setting>,
}

/// An option of a plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub arguments: Vec<String>,
}

impl Plugin {
    pub fn named(name: &str) -> Plugin {
        Plugin {
            name: name.to_owned(),
            ..Plugin::default()
        }
    }

    pub fn has_option(&self, name: &str) -> bool {
        self.options.iter().any(|option| option.name == name)
    }
}

impl Server {
    pub fn has_plugin(&self, name: &str) -> bool {
        self.plugins.iter().any(|plugin| plugin.name == name)
    }
}

/// A word of a Corefile.
#[derive(Debug)]
struct Token {
    text: String,
    /// the line on which it begins
    line: usize,
}

impl Token {
    /// Returns the line on which the word ends.
    fn last_line(&self) -> usize {
        self.line + self.text.matches('\n').count()
    }
}

impl Corefile {
    /// Reads a Corefile.
    ///
    /// # Errors
    /// Braces do not match, or something stands in a block of an option or outside of a server,
    /// which a migration would lose.
    pub fn parse(text: &str) -> Result<Corefile, String> {
        let mut tokens = tokens(text).into_iter().peekable();
        let mut corefile = Corefile::default();
        let mut depth = 0_usize;
        while let Some(token) = tokens.next() {
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => {
                    let outer = depth.checked_sub(1);
                    depth = outer.ok_or_else(|| unreadable(&token, "a brace closes no block"))?;
                }
                _ => corefile.add(depth, token, &mut tokens)?,
            }
        }
        Ok(corefile)
    }

    fn add(
        &mut self,
        depth: usize,
        token: Token,
        rest: &mut Peekable<impl Iterator<Item = Token>>,
    ) -> Result<(), String> {
        let stray = |token: &Token| unreadable(token, "a block has no server before it");
        let arguments = arguments_of(&token, rest);
        let server = self.servers.last_mut();
        match depth {
            0 => {
                let keys = std::iter::once(token.text).chain(arguments).collect();
                let plugins = Vec::new();
                self.servers.push(Server { keys, plugins });
            }
            1 => server.ok_or_else(|| stray(&token))?.plugins.push(Plugin {
                name: token.text,
                arguments,
                options: Vec::new(),
            }),
            2 => {
                let plugin = server.and_then(|server| server.plugins.last_mut());
                plugin.ok_or_else(|| stray(&token))?.options.push(Setting {
                    name: token.text,
                    arguments,
                });
            }
            _ => {
                return Err(unreadable(
                    &token,
                    "an option has a block, which a migration would lose",
                ));
            }
        }
        Ok(())
    }
}

fn unreadable(token: &Token, why: &str) -> String {
    format!(
        "line {} of the Corefile, at {:?}: {why}",
        token.line, token.text
    )
}

/// Returns the words on the line of a word, up to a brace that opens a block.
fn arguments_of(first: &Token, rest: &mut Peekable<impl Iterator<Item = Token>>) -> Vec<String> {
    let mut line = first.last_line();
    let mut arguments = Vec::new();
    while let Some(token) = rest.next_if(|next| next.line == line && next.text != "{") {
        line = token.last_line();
        arguments.push(token.text);
    }
    arguments
}

/// Splits a Corefile into words as CoreDNS does. A comment ends with its line. Only after a word
/// without a space before the `#`, it ends at its first space, and the words behind that space are
/// read: `a#b c` has the words `a` and `c`.
fn tokens(text: &str) -> Vec<Token> {
    let mut characters = text.strip_prefix('\u{feff}').unwrap_or(text).chars();
    let mut line = 1;
    std::iter::from_fn(|| next_token(&mut characters, &mut line)).collect()
}

fn next_token(characters: &mut std::str::Chars<'_>, line: &mut usize) -> Option<Token> {
    let (mut word, mut is_comment) = (String::new(), false);
    let mut start = *line;
    for character in characters.by_ref() {
        match character {
            '\r' => {}
            _ if character.is_whitespace() => {
                if character == '\n' {
                    *line += 1;
                    is_comment = false;
                }
                if !word.is_empty() {
                    break;
                }
            }
            '#' => is_comment = true,
            _ if is_comment => {}
            '"' if word.is_empty() => {
                start = *line;
                let text = quoted(characters, line)?;
                return Some(Token { text, line: start });
            }
            _ => {
                if word.is_empty() {
                    start = *line;
                }
                word.push(character);
            }
        }
    }
    (!word.is_empty()).then_some(Token {
        text: word,
        line: start,
    })
}

/// Reads up to the closing quote. Only quotes can be escaped. A text without a closing quote ends
/// with the file.
fn quoted(characters: &mut std::str::Chars<'_>, line: &mut usize) -> Option<String> {
    let (mut text, mut is_escaped) = (String::new(), false);
    for character in characters {
        match character {
            '\\' if !is_escaped => {
                is_escaped = true;
                continue;
            }
            '"' if !is_escaped => return Some(text),
            '\n' => *line += 1,
            _ => {}
        }
        if is_escaped && character != '"' {
            text.push('\\');
        }
        text.push(character);
        is_escaped = false;
    }
    (!text.is_empty()).then_some(text)
}

impl std::fmt::Display for Corefile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, server) in self.servers.iter().enumerate() {
            let between = if index > 0 { "\n" } else { "" };
            write!(f, "{between}{}", words(&server.keys))?;
            if !server.plugins.is_empty() {
                f.write_str(" {\n")?;
                server
                    .plugins
                    .iter()
                    .try_for_each(|plugin| plugin.write(f))?;
                f.write_str("}\n")?;
            }
        }
        Ok(())
    }
}

impl Plugin {
    fn write(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{INDENT}{}", line(&self.name, &self.arguments))?;
        if !self.options.is_empty() {
            f.write_str(" {\n")?;
            for option in &self.options {
                let text = line(&option.name, &option.arguments);
                writeln!(f, "{INDENT}{INDENT}{text}")?;
            }
            write!(f, "{INDENT}}}")?;
        }
        f.write_str("\n")
    }
}

fn line(name: &str, arguments: &[String]) -> String {
    if arguments.is_empty() {
        name.to_owned()
    } else {
        format!("{name} {}", words(arguments))
    }
}

/// Joins words. Those with spaces, and empty ones, are quoted.
fn words(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
    words.join(" ")
}

fn quote(word: &str) -> String {
    let needs_quotes = word.is_empty() || word.split_whitespace().nth(1).is_some();
    if needs_quotes {
        format!("\"{}\"", word.replace('"', "\\\""))
    } else {
        word.to_owned()
    }
}
