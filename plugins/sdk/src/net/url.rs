//! URLs. They are split and checked, and never written anew, because the user's text is passed on.
use std::net::{Ipv4Addr, Ipv6Addr};

/// A URL, or a reference without a scheme. A path (`/run/x.sock`) is such a reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    scheme: String,
    has_user: bool,
    /// with the port, and with brackets around an IPv6 address
    host: String,
    path: String,
}

/// A part of a URL. Each has its own rules for escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    User,
    Host,
    Zone,
    Path,
    Fragment,
}

impl Url {
    /// Parses a text.
    ///
    /// # Errors
    /// The text is not a URL. The message is in Go's words, and quotes at most three bytes of the
    /// text, or the host.
    pub fn parse(text: &str) -> Result<Url, String> {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let url = parse_without_fragment(text)?;
        unescape(fragment, Part::Fragment)?;
        Ok(url)
    }

    /// Returns the scheme in small letters; empty if there is none.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Returns the host, without a port and without the brackets of an IPv6 address; empty if there
    /// is none.
    pub fn host(&self) -> &str {
        let host = self.host_and_port().0;
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        inner.unwrap_or(host)
    }

    /// Whether there is a user name or a password before the host.
    pub fn has_user(&self) -> bool {
        self.has_user
    }

    /// Returns the digits of the port; empty if there is none. They may be too large for a port.
    pub fn port(&self) -> &str {
        self.host_and_port().1
    }

    /// Returns the path without escapes; empty if there is none.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn host_and_port(&self) -> (&str, &str) {
        match self.host.rsplit_once(':') {
            Some((host, port)) if is_digits(port) => (host, port),
            _ => (&self.host, ""),
        }
    }
}

fn parse_without_fragment(text: &str) -> Result<Url, String> {
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("net/url: invalid control character in URL".into());
    }
    let (scheme, rest) = split_scheme(text)?;
    let scheme = scheme.to_ascii_lowercase();
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    if !rest.starts_with('/') && text != "*" {
        if !scheme.is_empty() {
            // The rest, as in `mailto:somebody`, is not split.
            return Ok(Url {
                scheme,
                ..Url::default()
            });
        }
        let first = rest.split('/').next().unwrap_or_default();
        if first.contains(':') {
            return Err("first path segment in URL cannot contain colon".into());
        }
    }
    let has_authority = !scheme.is_empty() || !rest.starts_with("///");
    let after = rest.strip_prefix("//").filter(|_| has_authority);
    let (authority, path) = match after {
        Some(after) => after.split_at(after.find('/').unwrap_or(after.len())),
        None => ("", rest),
    };
    Ok(Url {
        host: parse_authority(&scheme, authority)?,
        has_user: authority.contains('@'),
        path: unescape(path, Part::Path)?,
        scheme,
    })
}

/// Splits a text at the colon behind its scheme. The scheme is empty if there is none.
fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    match text.split_once(':') {
        Some(("", _)) => Err("missing protocol scheme".into()),
        Some((scheme, rest)) if is_scheme(scheme) => Ok((scheme, rest)),
        _ => Ok(("", text)),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Parses the text between `//` and the path: the host, and the user before it.
fn parse_authority(scheme: &str, authority: &str) -> Result<String, String> {
    let Some((user, host)) = authority.rsplit_once('@') else {
        return parse_host(scheme, authority);
    };
    let host = parse_host(scheme, host)?;
    let is_of_user = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(is_of_user) {
        return Err("net/url: invalid userinfo".into());
    }
    unescape(user, Part::User)?;
    Ok(host)
}

/// Parses a host with its port.
fn parse_host(scheme: &str, host: &str) -> Result<String, String> {
    match host.rfind('[') {
        Some(0) => return parse_bracketed_host(host),
        Some(_) => return Err("invalid IP-literal".into()),
        None => {}
    }
    // Only a web server has one host: other schemes may have a list of them, with ports.
    let colon = if matches!(scheme, "http" | "https") {
        host.find(':')
    } else {
        host.rfind(':')
    };
    check_port(&host[colon.unwrap_or(host.len())..])?;
    unescape(host, Part::Host)
}

/// Parses `[address]` or `[address%25zone]`, which a port may follow.
fn parse_bracketed_host(host: &str) -> Result<String, String> {
    let (name, port) = host[1..].rsplit_once(']').ok_or("missing ']' in host")?;
    check_port(port)?;
    let (address, zone) = name.split_at(name.find("%25").unwrap_or(name.len()));
    let name = unescape(address, Part::Host)? + &unescape(zone, Part::Zone)?;
    let (address, has_zone) = match name.split_once('%') {
        Some((address, zone)) => (address, !zone.is_empty()),
        None => (name.as_str(), true),
    };
    if address.parse::<Ipv4Addr>().is_ok() {
        return Err("invalid IP-literal".into());
    }
    // Unlike addresses elsewhere, this one is read strictly.
    if address.parse::<Ipv6Addr>().is_err() || !has_zone {
        return Err(format!(
            "invalid host: ParseAddr({name:?}): unable to parse IP"
        ));
    }
    Ok(format!("[{name}]{port}"))
}

/// Checks what follows a host: nothing, or a colon and digits, of which there may be none.
fn check_port(text: &str) -> Result<(), String> {
    if text.is_empty() || text.strip_prefix(':').is_some_and(is_digits) {
        return Ok(());
    }
    Err(format!("invalid port {text:?} after host"))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Replaces the escapes (`%41`) of a part by their bytes. Bytes that are not UTF-8 are replaced by
/// U+FFFD.
fn unescape(text: &str, part: Part) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            if matches!(part, Part::Host | Part::Zone) && byte.is_ascii() && !is_of_host(byte) {
                let character = char::from(byte).to_string();
                return Err(format!("invalid character {character:?} in host name"));
            }
            bytes.push(byte);
            rest = after;
            continue;
        }
        let value = escaped_byte(after).filter(|value| may_escape(*value, part));
        let Some(value) = value else {
            let escape = String::from_utf8_lossy(&rest[..rest.len().min(3)]);
            return Err(format!("invalid URL escape {escape:?}"));
        };
        bytes.push(value);
        rest = &after[2..];
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the value of the two hexadecimal digits at the beginning of a text.
fn escaped_byte(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(0)? << 4 | digit(1)?).ok()
}

/// Whether an escape may stand for a byte in a part of a URL. A host may only escape what is not
/// ASCII, and the zone of an address only what it could have without an escape, or a blank. Both
/// may have the percent sign between the address and its zone.
fn may_escape(byte: u8, part: Part) -> bool {
    match part {
        Part::Host => !byte.is_ascii() || byte == b'%',
        Part::Zone => is_of_host(byte) || matches!(byte, b'%' | b' '),
        Part::User | Part::Path | Part::Fragment => true,
    }
}

fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}
