//! A plugin's manifest, `plugin.yaml`, kept in the component as a custom section so that it can be read without running
//! anything. The schema has a version of its own, apart from the interface's.
use super::{
    gate::{self, Gate},
    grant,
};
use crate::phase::catalog::{Kind, Workflow};
use anyhow::{Result, anyhow, bail};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;
use serde_yaml::Spanned;
use std::collections::BTreeMap;

/// Name of the custom section.
pub use crate::plugin::toolchain::MANIFEST as SECTION;
/// The schema that this build reads.
pub const SCHEMA: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub schema: u32,
    pub name: String,
    pub version: semver::Version,
    pub license: String,
    pub description: String,
    /// versions it was made for
    pub requires: Requires,
    pub provides: Vec<Provided>,
    /// JSON Schema of the settings
    pub settings: Value,
    pub grants: Vec<Request>,
}

/// Ranges of versions (semver), each of them optional.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requires {
    /// of kubephase
    #[serde(default)]
    pub host: Option<semver::VersionReq>,
    /// of the interface `kubephase:plugin`
    #[serde(default)]
    pub interface: Option<semver::VersionReq>,
}

impl Requires {
    /// Whether this host fits, and what would.
    ///
    /// # Errors
    /// The range that does not fit, and the nearest version that would.
    pub fn check(&self, host: &semver::Version, interface: &semver::Version) -> Result<()> {
        for (what, range, version) in [("kubephase", &self.host, host), ("the interface kubephase:plugin", &self.interface, interface)] {
            if let Some(range) = range.as_ref().filter(|range| !range.matches(version)) {
                let nearest = nearest(range).map(|nearest| format!("; the nearest that would fit is {nearest}")).unwrap_or_default();
                bail!("it needs {what} {range}, this is {version}{nearest}");
            }
        }
        Ok(())
    }
}

/// The lowest version of a range that its own words name.
fn nearest(range: &semver::VersionReq) -> Option<semver::Version> {
    let named = |comparator: &semver::Comparator| {
        semver::Version::new(comparator.major, comparator.minor.unwrap_or(0), comparator.patch.unwrap_or(0))
    };
    range.comparators.iter().map(named).filter(|version| range.matches(version)).min()
}

/// One phase that a plugin provides.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provided {
    pub id: String,
    pub title: String,
    pub kind: Kind,
    pub workflow: Vec<Workflow>,
    /// phases and groups that it waits for, where they are part of the run
    #[serde(default)]
    pub needs: Vec<String>,
    /// phases and groups that wait for it
    #[serde(default)]
    pub before: Vec<String>,
    #[serde(default)]
    pub replaces: Vec<String>,
    #[serde(default)]
    pub slot: Option<String>,
    #[serde(default)]
    pub failure_policy: FailurePolicy,
}

/// What it means when a phase cannot do its job (as opposed to finding something bad).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailurePolicy {
    #[default]
    Fail,
    Warn,
    Ignore,
}

/// One thing a plugin asks for, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// `interface.function`
    pub capability: String,
    /// for a person to judge by
    pub reason: String,
    /// path patterns, `*` within a component and `**` across them
    #[serde(default)]
    pub paths: Vec<String>,
    /// host name patterns, `host` for the usual port of a URL's scheme or `host:port`
    #[serde(default)]
    pub hosts: Vec<String>,
    /// a program, and patterns for its arguments
    #[serde(default)]
    pub commands: Vec<Vec<String>>,
    #[serde(default)]
    pub objects: Vec<ObjectPattern>,
}

impl Request {
    /// Each single thing that is asked for, as one line: what is locked, allowed and compared.
    pub fn lines(&self) -> Vec<String> {
        let objects = self.objects.iter().map(ObjectPattern::line);
        let commands = self.commands.iter().map(|command| command.join(" "));
        let what: Vec<String> = self.paths.iter().chain(&self.hosts).cloned().chain(commands).chain(objects).collect();
        if what.is_empty() {
            return vec![self.capability.clone()];
        }
        what.iter().map(|what| format!("{} {what}", self.capability)).collect()
    }
}

impl ObjectPattern {
    fn line(&self) -> String {
        let namespace = self.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let names = if self.names.is_empty() { "*".to_owned() } else { self.names.join(",") };
        format!("{} {} {namespace}{names}", self.api_version, self.kind)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectPattern {
    pub api_version: String,
    pub kind: String,
    /// none: objects without a namespace, and those in any
    #[serde(default)]
    pub namespace: Option<String>,
    /// name patterns; none: any
    #[serde(default)]
    pub names: Vec<String>,
}

impl Manifest {
    /// Reads `plugin.yaml`.
    ///
    /// # Errors
    /// Everything that is wrong with it, with line and field.
    pub fn parse(text: &str) -> Result<Manifest> {
        let mut reader = Reader::open(text)?;
        let schema = reader.field("schema").unwrap_or(SCHEMA);
        if schema != SCHEMA {
            // What follows is in words that this version does not know.
            bail!(
                "plugin.yaml, line {}: schema: {schema} is not a schema that this version reads; it reads {SCHEMA}",
                reader.line("schema")
            );
        }
        reader.unknown();
        let manifest = Manifest {
            schema,
            name: reader.required("name").unwrap_or_default(),
            version: reader.required("version").unwrap_or(semver::Version::new(0, 0, 0)),
            license: reader.field("license").unwrap_or_default(),
            description: reader.field("description").unwrap_or_default(),
            requires: reader.field("requires").unwrap_or_default(),
            provides: reader.items("provides", check_provided),
            settings: reader.field("settings").unwrap_or_default(),
            grants: reader.items("grants", check_request),
        };
        if !manifest.name.is_empty() && !is_name(&manifest.name) {
            reader.problem("name", format!("name: {:?} has to be of lower-case letters, digits and dashes", manifest.name));
        }
        if !(manifest.settings.is_null() || manifest.settings.is_object()) {
            reader.problem("settings", "settings: has to be a JSON Schema".into());
        }
        if !reader.raw.contains_key("provides") || reader.raw["provides"].value.as_array().is_some_and(Vec::is_empty) {
            reader.problem("provides", "provides: a plugin provides at least one phase".into());
        }
        reader.end(manifest)
    }

    /// Of a component without a manifest: a check by the name it gives itself.
    pub(super) fn of_check(name: &str, summary: &str) -> Result<Manifest> {
        if !is_name(name) {
            bail!("the component calls itself {name:?}; a name is of lower-case letters, digits and dashes");
        }
        Ok(Manifest {
            schema: SCHEMA,
            name: name.to_owned(),
            version: semver::Version::new(0, 0, 0),
            license: String::new(),
            description: summary.to_owned(),
            requires: Requires::default(),
            provides: vec![Provided {
                id: format!("preflight/{name}"),
                title: summary.to_owned(),
                kind: Kind::Check,
                workflow: vec![Workflow::Init],
                needs: Vec::new(),
                before: Vec::new(),
                replaces: Vec::new(),
                slot: None,
                failure_policy: FailurePolicy::Fail,
            }],
            settings: Value::Null,
            grants: Vec::new(),
        })
    }
}

pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn check_provided(provided: &Provided, problem: &mut dyn FnMut(&str, String)) {
    if !provided.id.split('/').all(is_name) {
        problem("id", format!("{:?} has to be of names with slashes between them", provided.id));
    }
    if provided.kind == Kind::Group {
        problem("kind", "has to be check, addon or phase".into());
    }
    if provided.workflow.is_empty() {
        problem("workflow", format!("{} runs in no workflow", provided.id));
    }
}

fn check_request(request: &Request, problem: &mut dyn FnMut(&str, String)) {
    let capability = &request.capability;
    if request.reason.trim().is_empty() {
        problem("reason", format!("say why {capability} is needed"));
    }
    let Some(gate) = gate::of(capability) else {
        return problem("capability", format!("there is no {capability}{}", gate::nearest(capability)));
    };
    match gate {
        Gate::Free => return problem("capability", format!("anyone may call {capability}; take it out")),
        Gate::Core => return problem("capability", format!("{capability} is for the distribution's own phases")),
        _ => {}
    }
    // A certificate's files go with the host that they are shown to.
    let paths_too = capability == "observe-net.http-get-as";
    for (field, given, wanted) in [
        ("paths", !request.paths.is_empty(), gate == Gate::Paths),
        ("hosts", !request.hosts.is_empty(), gate == Gate::Hosts),
        ("commands", !request.commands.is_empty(), gate == Gate::Commands),
        ("objects", !request.objects.is_empty(), gate == Gate::Objects),
    ] {
        if wanted && !given {
            problem(field, format!("say which {field} {capability} is needed for"));
        } else if given && !wanted && !(field == "paths" && paths_too) {
            problem(field, format!("{capability} is not bounded by {field}"));
        }
    }
    if request.commands.iter().any(Vec::is_empty) {
        problem("commands", "a command is a program and patterns for its arguments".into());
    }
    let names = request.objects.iter().flat_map(|object| &object.names);
    let patterns = request.paths.iter().chain(&request.hosts).chain(request.commands.iter().flatten()).chain(names);
    for pattern in patterns {
        if let Err(error) = grant::glob(pattern) {
            problem("pattern", format!("{pattern:?}: {}", error.kind()));
        }
    }
    for path in request.paths.iter().filter(|path| !path.starts_with('/')) {
        problem("paths", format!("{path:?} has to begin with a slash"));
    }
}

/// Tells the problems of one item, each by its field.
type Check<T> = fn(&T, &mut dyn FnMut(&str, String));

/// Gathers problems with their lines.
struct Reader {
    raw: BTreeMap<String, Spanned<Value>>,
    lines: Lines,
    problems: Vec<(u64, String)>,
}

/// Where the items of lists begin.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Lines {
    provides: Vec<Spanned<IgnoredAny>>,
    grants: Vec<Spanned<IgnoredAny>>,
}

const FIELDS: [&str; 9] = ["schema", "name", "version", "license", "description", "requires", "provides", "settings", "grants"];

impl Reader {
    fn open(text: &str) -> Result<Reader> {
        let raw = serde_yaml::from_str(text).map_err(|error| anyhow!("plugin.yaml: {error}"))?;
        // Where these are no lists, the fields themselves are told.
        Ok(Reader { raw, lines: serde_yaml::from_str(text).unwrap_or_default(), problems: Vec::new() })
    }

    fn line(&self, field: &str) -> u64 {
        self.raw.get(field).map_or(1, |value| value.referenced.line())
    }

    fn problem(&mut self, field: &str, what: String) {
        self.problems.push((self.line(field), what));
    }

    fn unknown(&mut self) {
        let unknown: Vec<String> = self.raw.keys().filter(|key| !FIELDS.contains(&key.as_str())).cloned().collect();
        for key in unknown {
            self.problem(&key, format!("there is no field {key}; there are {}", FIELDS.join(", ")));
        }
    }

    fn field<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        let value = self.raw.get(field)?.value.clone();
        serde_json::from_value(value).map_err(|error| self.problem(field, format!("{field}: {error}"))).ok()
    }

    fn required<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        if !self.raw.contains_key(field) {
            self.problem(field, format!("{field}: has to be given"));
        }
        self.field(field)
    }

    fn items<T: DeserializeOwned>(&mut self, field: &str, check: Check<T>) -> Vec<T> {
        let items: Vec<Value> = self.field(field).unwrap_or_default();
        let mut read = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            let lines = if field == "provides" { &self.lines.provides } else { &self.lines.grants };
            let line = lines.get(at).map_or_else(|| self.line(field), |item| item.referenced.line());
            match serde_json::from_value(item) {
                Ok(item) => {
                    check(&item, &mut |part, what| self.problems.push((line, format!("{field}[{at}].{part}: {what}"))));
                    read.push(item);
                }
                Err(error) => self.problems.push((line, format!("{field}[{at}]: {error}"))),
            }
        }
        read
    }

    fn end(mut self, manifest: Manifest) -> Result<Manifest> {
        if self.problems.is_empty() {
            return Ok(manifest);
        }
        self.problems.sort();
        bail!(self.problems.iter().map(|(line, what)| format!("plugin.yaml, line {line}: {what}")).collect::<Vec<_>>().join("\n"))
    }
}

#[cfg(test)]
mod tests;
