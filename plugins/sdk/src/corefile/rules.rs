//! What a version of CoreDNS does with plugins and their options, as types.

/// A version of CoreDNS.
#[derive(Debug)]
pub struct Version {
    pub version: &'static str,
    /// the plugins whose rules are not those of the version before; `None` for a plugin that the
    /// rules do not know any more
    pub changed: &'static [(&'static str, Option<Rules>)],
    pub whole: Option<CorefileChange>,
}

/// A change of the whole Corefile, which rules for single plugins cannot say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorefileChange {
    /// before the others: the transfers of `kubernetes` become the plugin `transfer`
    CopyTransfers,
    /// after the others: each `forward` for a domain gets a server of its own
    SplitForwards,
}

/// What a version does with a plugin.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub status: Status,
    /// the new name
    pub rename: Option<&'static str>,
    /// A server that lacks the new plugin gets it if it has one of these.
    pub add_beside: &'static [&'static str],
    /// options that do not change
    pub known: &'static [&'static str],
    /// options that change
    pub changed: &'static [(&'static str, OptionRule)],
    /// addresses are options as well
    pub takes_addresses: bool,
}

/// What a version does with an option.
#[derive(Clone, Copy, Debug)]
pub struct OptionRule {
    pub status: Status,
    pub action: Action,
    /// the line of the option that a plugin without it gets
    pub add: &'static str,
}

/// How well a version supports a plugin or an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Supported,
    /// still works
    Deprecated,
    /// is there without effect
    Ignored,
    /// CoreDNS does not start with it
    Removed,
    /// became part of the default
    NewDefault,
}

impl Status {
    /// Returns the word in messages.
    pub fn word(self) -> &'static str {
        match self {
            Status::Supported => "",
            Status::Deprecated => "deprecated",
            Status::Ignored => "ignored",
            Status::Removed => "removed",
            Status::NewDefault => "newdefault",
        }
    }
}

/// What becomes of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Keep,
    Remove,
    /// all arguments but the first go
    FirstArgument,
    /// the option goes if its first argument is `https_google`
    RemoveHttpsGoogle,
    /// `policy least_conn` becomes `force_tcp`
    PolicyToForceTcp,
    /// `protocol force_tcp …` becomes `force_tcp`; every other goes
    ProtocolToForceTcp,
}

/// Returns the rule of an option that is not new.
pub const fn option(status: Status, action: Action) -> OptionRule {
    OptionRule {
        status,
        action,
        add: "",
    }
}

/// Returns the rules of a plugin with these options and no change.
pub const fn kept(known: &'static [&'static str]) -> Rules {
    Rules {
        status: Status::Supported,
        rename: None,
        add_beside: &[],
        known,
        changed: &[],
        takes_addresses: false,
    }
}

impl Rules {
    /// Returns the rule of an option; `None` if the rules do not know it.
    pub fn option(&self, name: &str) -> Option<OptionRule> {
        let changed = self.changed.iter().find(|(option, _)| *option == name);
        let is_known = self.known.contains(&name) || (self.takes_addresses && has_address(name));
        let known = is_known.then(|| option(Status::Supported, Action::Keep));
        changed.map(|(_, rule)| *rule).or(known)
    }

    /// Returns the options that became part of the default.
    pub fn new_options(&self) -> impl Iterator<Item = (&'static str, OptionRule)> + use<> {
        let options = self.changed.iter().copied();
        options.filter(|(_, rule)| rule.status == Status::NewDefault)
    }
}

/// Whether a text has something like an address in it: `10.0.0.1`, or `fd00:1::1`.
fn has_address(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let mut runs = text.split(|one: char| !one.is_ascii_hexdigit() && one != ':');
    parts.windows(4).any(has_v4) || runs.any(has_v6)
}

/// Whether four texts, between which were dots, have numbers at these dots.
fn has_v4(parts: &[&str]) -> bool {
    let is_number = |part: &&str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    parts[0].ends_with(|last: char| last.is_ascii_digit())
        && parts[1..3].iter().all(is_number)
        && parts[3].starts_with(|first: char| first.is_ascii_digit())
}

/// Whether digits and colons have a colon behind a digit, and another before one, with something
/// between the two.
fn has_v6(run: &str) -> bool {
    let inner = run.trim_matches(':');
    let colons = inner.find(':').zip(inner.rfind(':'));
    colons.is_some_and(|(first, last)| last > first + 1)
}
