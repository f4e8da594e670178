//! Types for the rules by which a version of CoreDNS treats plugins and their options.

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
    /// after the rules for single plugins: each `forward` for a domain gets a server of its own
    SplitForwards,
}

/// The rules of one version of CoreDNS for one of its plugins.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub status: Status,
    /// the new name
    pub rename: Option<&'static str>,
    /// A server that has one of these plugins, but not the new plugin, gets the new plugin.
    pub add_beside: &'static [&'static str],
    /// options that do not change
    pub known: &'static [&'static str],
    /// options that change
    pub changed: &'static [(&'static str, OptionRule)],
    /// addresses are options as well
    pub takes_addresses: bool,
}

/// The rule of one version of CoreDNS for an option of a plugin.
#[derive(Clone, Copy, Debug)]
pub struct OptionRule {
    pub status: Status,
    pub action: Action,
    /// the line that is added to a plugin without the option, if the option is new
    pub add: &'static str,
}

/// The support of one version of CoreDNS for a plugin or an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Supported,
    /// still works
    Deprecated,
    /// accepted without effect
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

/// The change that a migration makes to an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Keep,
    Remove,
    /// removes all arguments except the first
    FirstArgument,
    /// removes the option if its first argument is `https_google`
    RemoveHttpsGoogle,
    /// turns `policy least_conn` into `force_tcp`
    PolicyToForceTcp,
    /// turns `protocol force_tcp …` into `force_tcp`; removes any other `protocol`
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

/// Whether four neighbouring parts of a text, split at its dots, have an IPv4 address around the
/// dots, with or without further text before and after it.
fn has_v4(parts: &[&str]) -> bool {
    let is_number = |part: &&str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    parts[0].ends_with(|last: char| last.is_ascii_digit())
        && parts[1..3].iter().all(is_number)
        && parts[3].starts_with(|first: char| first.is_ascii_digit())
}

/// Whether a run of hexadecimal digits and colons has two colons inside, with something between the
/// first and the last.
fn has_v6(run: &str) -> bool {
    let inner = run.trim_matches(':');
    let colons = inner.find(':').zip(inner.rfind(':'));
    colons.is_some_and(|(first, last)| last > first + 1)
}
