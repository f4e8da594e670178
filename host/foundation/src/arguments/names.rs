//! Names whose characters are checked one by one: units, modules, images, hosts, phases, codes,
//! facts, kernel options, pointers and selectors.
use super::{Argument, checked_text, refusal};
use crate::text::sanitise::is_trick;
use serde::{Deserialize, Serialize};

/// Whether a text has 1 to `longest` bytes, `first` allows its first character, and `rest` allows
/// all others.
fn is_word(
    text: &str,
    longest: usize,
    first: impl Fn(char) -> bool,
    rest: impl Fn(char) -> bool,
) -> bool {
    text.len() <= longest
        && text.chars().next().is_some_and(first)
        && text.chars().skip(1).all(rest)
}

/// Returns a test that allows ASCII letters, digits, and the characters of `others`.
fn ascii_alphanumeric_or(others: &'static str) -> impl Fn(char) -> bool {
    move |c| c.is_ascii_alphanumeric() || others.contains(c)
}

/// Whether a text is a part of the id of a phase.
fn is_phase_name(text: &str) -> bool {
    is_word(
        text,
        63,
        |c| c.is_ascii_lowercase() || c.is_ascii_digit(),
        |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    )
}

/// The name of a service or unit of the init system: `kubelet`, `getty@tty1.service`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitName(String);

checked_text!(UnitName);

impl Argument for UnitName {
    const WHAT: &'static str = "a unit name";

    fn parse(text: &str) -> Result<Self, String> {
        if is_word(
            text,
            255,
            ascii_alphanumeric_or("_"),
            ascii_alphanumeric_or(":_.@-"),
        ) {
            return Ok(UnitName(text.to_owned()));
        }
        Err(refusal(
            text,
            Self::WHAT,
            "it must have 1 to 255 letters, digits and `:_.@-`, and begin with a letter, a digit \
             or `_`",
        ))
    }
}

/// The name of a kernel module: `br_netfilter`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModuleName(String);

checked_text!(ModuleName);

impl Argument for ModuleName {
    const WHAT: &'static str = "the name of a kernel module";

    fn parse(text: &str) -> Result<Self, String> {
        if is_word(
            text,
            64,
            |c| c.is_ascii_alphanumeric(),
            |c| c.is_ascii_alphanumeric() || "_-".contains(c),
        ) {
            return Ok(ModuleName(text.to_owned()));
        }
        Err(refusal(
            text,
            Self::WHAT,
            "it must have 1 to 64 letters, digits, `_` and `-`, and begin with a letter or digit",
        ))
    }
}

/// The name of a container image, with tag or digest: `registry.example.com/pause:3.10`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageName(String);

checked_text!(ImageName);

impl Argument for ImageName {
    const WHAT: &'static str = "the name of an image";

    fn parse(text: &str) -> Result<Self, String> {
        if is_word(
            text,
            512,
            // The registry of an image may be an IPv6 address in brackets.
            ascii_alphanumeric_or("[_"),
            ascii_alphanumeric_or("._:/@+[]-"),
        ) {
            return Ok(ImageName(text.to_owned()));
        }
        Err(refusal(
            text,
            Self::WHAT,
            "it must have 1 to 512 letters, digits and `._:/@+[]-`, and begin with a letter, a \
             digit, `_` or `[`",
        ))
    }
}

/// The name or address of a host: `registry.example.com`, `192.0.2.1`, `2001:db8::1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

checked_text!(HostName);

impl Argument for HostName {
    const WHAT: &'static str = "a host name or address";

    fn parse(text: &str) -> Result<Self, String> {
        let is_name = is_word(
            text,
            253,
            ascii_alphanumeric_or("_"),
            ascii_alphanumeric_or("._-"),
        ) && !text.contains("..");
        if is_name || text.parse::<std::net::Ipv6Addr>().is_ok() {
            return Ok(HostName(text.to_owned()));
        }
        Err(refusal(
            text,
            Self::WHAT,
            "it must have 1 to 253 letters, digits, `.`, `-` and `_`, or be an IPv6 address",
        ))
    }
}

/// The id of a phase or group: lower-case names with slashes between them, `certs/apiserver`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhaseId(String);

checked_text!(PhaseId);

impl Argument for PhaseId {
    const WHAT: &'static str = "the id of a phase";

    fn parse(text: &str) -> Result<Self, String> {
        if text.len() <= 253 && text.split('/').all(is_phase_name) {
            return Ok(PhaseId(text.to_owned()));
        }
        Err(refusal(
            text,
            Self::WHAT,
            "it must have lower-case letters, digits and dashes, with slashes between the names",
        ))
    }
}

/// The code of a finding, which waivers and users name it by: `NumCPU`, `Port-6443`,
/// `DirAvailable--var-lib-etcd`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FindingCode(String);

checked_text!(FindingCode);

impl Argument for FindingCode {
    const WHAT: &'static str = "the code of a finding";

    fn parse(text: &str) -> Result<Self, String> {
        if is_word(text, 256, char::is_alphanumeric, |c| {
            c.is_alphanumeric() || "._:-".contains(c)
        }) {
            return Ok(FindingCode(text.to_owned()));
        }
        Err(refusal(
            text,
            Self::WHAT,
            "it must have 1 to 256 letters, digits and `._:-`, and begin with a letter or digit",
        ))
    }
}

/// The name of a fact: `memoryMib`, `api-ready`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FactName(String);

checked_text!(FactName);

impl Argument for FactName {
    const WHAT: &'static str = "the name of a fact";

    fn parse(text: &str) -> Result<Self, String> {
        if is_word(
            text,
            128,
            |c| c.is_ascii_alphanumeric(),
            |c| c.is_ascii_alphanumeric() || "._/-".contains(c),
        ) {
            return Ok(FactName(text.to_owned()));
        }
        Err(refusal(
            text,
            Self::WHAT,
            "it must have 1 to 128 letters, digits and `._/-`, and begin with a letter or digit",
        ))
    }
}

/// The name of an option of the kernel's configuration, without `CONFIG_`: `CGROUP_PIDS`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KernelOption(String);

checked_text!(KernelOption);

impl Argument for KernelOption {
    const WHAT: &'static str = "the name of a kernel option";

    fn parse(text: &str) -> Result<Self, String> {
        if is_word(
            text,
            128,
            |c| c.is_ascii_alphanumeric(),
            |c| c.is_ascii_alphanumeric() || c == '_',
        ) {
            return Ok(KernelOption(text.to_owned()));
        }
        Err(refusal(
            text,
            Self::WHAT,
            "it must have 1 to 128 letters, digits and `_`",
        ))
    }
}

/// A JSON pointer (RFC 6901) into the configuration. The empty pointer means the whole
/// configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pointer(String);

checked_text!(Pointer);

impl Argument for Pointer {
    const WHAT: &'static str = "a JSON pointer";

    fn parse(text: &str) -> Result<Self, String> {
        if text.len() <= 1024
            && (text.is_empty() || text.starts_with('/'))
            && !text.chars().any(is_trick)
        {
            return Ok(Pointer(text.to_owned()));
        }
        Err(refusal(
            text,
            Self::WHAT,
            "it must be empty or begin with a slash, and have at most 1024 bytes",
        ))
    }
}

/// A label selector of the API: `app=web,tier!=cache`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Selector(String);

checked_text!(Selector);

impl Argument for Selector {
    const WHAT: &'static str = "a label selector";

    fn parse(text: &str) -> Result<Self, String> {
        if text.len() <= 1024
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._/=!,() -".contains(c))
        {
            return Ok(Selector(text.to_owned()));
        }
        Err(refusal(
            text,
            Self::WHAT,
            "it must have at most 1024 letters, digits and `._/=!,() -`",
        ))
    }
}
