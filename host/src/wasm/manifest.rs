//! A plugin's manifest, `plugin.yaml`. The component holds it as a custom section, so that it can
//! be read without running the component. The manifest's schema has its own version, independent of
//! the version of the WIT interface.
mod risky_lines;

use super::{
    gate::{self, Danger, Dimension, Permit},
    inspect::MAX_MANIFEST,
    request::Request,
};
use crate::{
    arguments::{Line, ObjectName, PhaseId, Text},
    plan::{
        provided::PluginPhase,
        spec::{Kind, PhaseSpec, Source, WorkflowId},
    },
    text::sanitise,
};
use anyhow::{Result, anyhow, bail};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Map, Value, json};
use serde_yaml::Spanned;
use std::collections::{BTreeMap, BTreeSet};

/// Version of the manifest's schema that this build reads.
pub const SCHEMA: u32 = 1;

/// The manifest of a plugin.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub schema: u32,
    pub name: String,
    pub version: semver::Version,
    pub license: Line,
    pub description: Line,
    /// versions of kubephase and of the interface that it was made for
    pub requires: Requires,
    pub provides: Vec<PluginPhase>,
    /// JSON Schema of the plugin's settings
    pub settings: Value,
    pub grants: Vec<Request>,
}

/// The version ranges (semver) that a plugin requires. Each is optional.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requires {
    /// versions of kubephase
    #[serde(default)]
    pub host: Option<semver::VersionReq>,
    /// versions of the interface `kubephase:plugin`
    #[serde(default)]
    pub interface: Option<semver::VersionReq>,
}

impl Requires {
    /// Checks that the ranges include this host and its interface.
    ///
    /// # Errors
    /// The range that does not include the version, and the nearest version that it includes.
    pub fn check(&self, host: &semver::Version, interface: &semver::Version) -> Result<()> {
        for (what, range, version) in [
            ("kubephase", &self.host, host),
            ("the interface kubephase:plugin", &self.interface, interface),
        ] {
            if let Some(range) = range.as_ref().filter(|range| !range.matches(version)) {
                let nearest = nearest(range)
                    .map(|nearest| format!("; the nearest that would fit is {nearest}"))
                    .unwrap_or_default();
                bail!("it needs {what} {range}, this is {version}{nearest}");
            }
        }
        Ok(())
    }
}

/// Returns the lowest version that a range itself names and includes.
fn nearest(range: &semver::VersionReq) -> Option<semver::Version> {
    let version_of = |comparator: &semver::Comparator| {
        semver::Version::new(
            comparator.major,
            comparator.minor.unwrap_or(0),
            comparator.patch.unwrap_or(0),
        )
    };
    range
        .comparators
        .iter()
        .map(version_of)
        .filter(|version| range.matches(version))
        .min()
}

impl Request {
    /// The request as lines of JSON, which `kubephase.lock` holds and which are compared. Two
    /// requests have equal lines only if they ask for equal things.
    ///
    /// A line is an array of the capability, the dimension and one pattern. A request with patterns
    /// in several dimensions has one line: the capability and an object with the patterns of each
    /// dimension.
    pub fn lines(&self) -> Vec<String> {
        let dimensions: Vec<Dimension> = Dimension::ALL
            .into_iter()
            .filter(|dimension| dimension.count(self) > 0)
            .collect();
        match dimensions.as_slice() {
            [] => vec![json!([self.capability]).to_string()],
            [dimension] => self
                .patterns(*dimension)
                .into_iter()
                .map(|pattern| self.line(*dimension, pattern))
                .collect(),
            several => {
                let all: Map<String, Value> = several
                    .iter()
                    .map(|dimension| {
                        (
                            dimension.field().to_owned(),
                            self.patterns(*dimension).into(),
                        )
                    })
                    .collect();
                vec![json!([self.capability, all]).to_string()]
            }
        }
    }

    fn line(&self, dimension: Dimension, pattern: Value) -> String {
        let field = dimension.field();
        if self.private {
            json!([self.capability, field, pattern, "private"])
        } else {
            json!([self.capability, field, pattern])
        }
        .to_string()
    }

    fn patterns(&self, dimension: Dimension) -> Vec<Value> {
        match dimension {
            Dimension::Commands => self.commands.iter().map(|command| json!(command)).collect(),
            Dimension::Objects => self.objects.iter().map(|object| json!(object)).collect(),
            _ => dimension
                .texts(self)
                .unwrap_or_default()
                .iter()
                .map(|text| json!(text))
                .collect(),
        }
    }

    /// The risks of granting the request to the plugin of this name; empty for most requests.
    pub fn dangers(&self, plugin: &str) -> Vec<Danger> {
        gate::row(&self.capability)
            .map(|row| (row.risk.decide)(self, plugin))
            .unwrap_or_default()
    }
}

impl Manifest {
    /// Reads `plugin.yaml`.
    ///
    /// # Errors
    /// All problems of the manifest, each with line and field.
    pub fn parse(text: &str) -> Result<Manifest> {
        let mut reader = Reader::open(text)?;
        let schema = reader.field("schema").unwrap_or(SCHEMA);
        if schema != SCHEMA {
            // This version cannot judge the fields of another schema.
            bail!(
                "plugin.yaml, line {}: schema: {schema} is not a schema that this version reads; \
                 it reads {SCHEMA}",
                reader.line("schema")
            );
        }
        reader.unknown();
        let manifest = Manifest {
            schema,
            name: reader.required("name").unwrap_or_default(),
            version: reader
                .required("version")
                .unwrap_or(semver::Version::new(0, 0, 0)),
            license: reader.field("license").unwrap_or_default(),
            description: reader.field("description").unwrap_or_default(),
            requires: reader.field("requires").unwrap_or_default(),
            provides: reader.items("provides", check_provided),
            settings: reader.field("settings").unwrap_or_default(),
            grants: reader.items("grants", check_request),
        };
        if !manifest.name.is_empty() && !is_name(&manifest.name) {
            reader.problem(
                "name",
                format!(
                    "name: {:?} has to be of at most 63 lower-case letters, digits and dashes",
                    sanitise::quoted(&manifest.name)
                ),
            );
        }
        let observes_only = manifest
            .provides
            .iter()
            .all(|phase| phase.spec.kind == Kind::Check);
        let effects = manifest
            .grants
            .iter()
            .map(|request| &request.capability)
            .filter(|capability| capability.starts_with("effects-"));
        for capability in effects.filter(|_| observes_only) {
            let why = "is for phases and addons, and the plugin provides only checks, which change \
                nothing";
            reader.problem("grants", format!("grants: {capability} {why}"));
        }
        if !(manifest.settings.is_null() || manifest.settings.is_object()) {
            reader.problem("settings", "settings: has to be a JSON Schema".into());
        }
        if !reader.raw.contains_key("provides")
            || reader.raw["provides"]
                .value
                .as_array()
                .is_some_and(Vec::is_empty)
        {
            reader.problem(
                "provides",
                "provides: a plugin provides at least one phase".into(),
            );
        }
        reader.end(manifest)
    }

    /// Makes the manifest of a component that has none: one check, by the name and summary that the
    /// component gives itself.
    ///
    /// # Errors
    /// The name or the summary is not valid.
    pub(super) fn of_check(name: &str, summary: &str) -> Result<Manifest> {
        if !is_name(name) {
            bail!(
                "the component calls itself {:?}; a name is of lower-case letters, digits and \
                 dashes",
                sanitise::quoted(name)
            );
        }
        let summary =
            Line::parse(summary).map_err(|why| anyhow!("the component's summary: {why}"))?;
        Ok(Manifest {
            schema: SCHEMA,
            name: name.to_owned(),
            version: semver::Version::new(0, 0, 0),
            license: Line::default(),
            description: summary.clone(),
            requires: Requires::default(),
            provides: vec![PluginPhase {
                spec: PhaseSpec {
                    id: format!("preflight/{name}"),
                    title: summary.to_string(),
                    kind: Kind::Check,
                    ..PhaseSpec::default()
                },
                workflows: vec![WorkflowId::new("init")],
            }],
            settings: Value::Null,
            grants: Vec::new(),
        })
    }
}

impl Manifest {
    /// Returns where the plugin's phases come from. `embedded` says whether the plugin is part of
    /// the program.
    pub fn source(&self, embedded: bool) -> Source {
        Source::Plugin {
            name: self.name.clone(),
            version: self.version.to_string(),
            embedded,
        }
    }
}

/// Whether a text is a name of a plugin or slot: 1 to 63 lower-case letters, digits and dashes.
pub fn is_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Largest number of phases of a plugin, and of requests.
const MAX_ITEMS: usize = 200;
/// Problems of a manifest that a message has.
const MAX_PROBLEMS: usize = 50;
/// Largest number of patterns of a request in one dimension.
const MAX_PATTERNS: usize = 500;

fn check_provided(phase: &PluginPhase, problem: &mut dyn FnMut(&str, String)) {
    let PluginPhase { spec, workflows } = phase;
    let ids = [
        ("id", std::slice::from_ref(&spec.id)),
        ("needs", &spec.needs),
        ("before", &spec.before),
        ("replaces", &spec.replaces),
    ];
    for (field, ids) in ids {
        for id in ids {
            if let Err(why) = PhaseId::parse(id) {
                problem(field, why);
            }
        }
    }
    check_lists(phase, problem);
    if let Some(slot) = spec.slot.as_ref().filter(|slot| !is_name(slot)) {
        problem(
            "slot",
            format!("{slot:?} has to be of lower-case letters, digits and dashes"),
        );
    }
    if spec.is_group() {
        problem("kind", "has to be check, addon or phase".into());
    }
    let is_preflight = spec.id.split('/').next() == Some("preflight");
    if is_preflight && matches!(spec.kind, Kind::Phase | Kind::Addon) {
        problem(
            "kind",
            "has to be check: phases of the group preflight change nothing".into(),
        );
    }
    if workflows.is_empty() {
        problem("workflow", format!("{:?} runs in no workflow", spec.id));
    }
    for workflow in workflows {
        if !is_name(workflow.as_str()) {
            problem(
                "workflow",
                format!(
                    "{:?} has to be of lower-case letters, digits and dashes",
                    workflow.as_str()
                ),
            );
        }
    }
}

/// Checks that the lists of a phase are short and have nothing twice.
fn check_lists(phase: &PluginPhase, problem: &mut dyn FnMut(&str, String)) {
    let PluginPhase { spec, workflows } = phase;
    let workflows: Vec<String> = workflows
        .iter()
        .map(|workflow| workflow.as_str().to_owned())
        .collect();
    for (field, items) in [
        ("workflow", &workflows),
        ("needs", &spec.needs),
        ("before", &spec.before),
        ("replaces", &spec.replaces),
    ] {
        if items.len() > MAX_ITEMS {
            problem(
                field,
                format!("{} items are more than {MAX_ITEMS}", items.len()),
            );
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = items.iter().find(|item| !seen.insert(item.as_str())) {
            problem(
                field,
                format!("{:?} is there twice", sanitise::quoted(twice)),
            );
        }
    }
}

fn check_request(request: &Request, problem: &mut dyn FnMut(&str, String)) {
    let capability = &request.capability;
    if request.reason.is_empty() {
        problem("reason", format!("say why {capability:?} is needed"));
    }
    let Some(row) = gate::row(capability) else {
        return problem(
            "capability",
            format!(
                "there is no {:?}{}",
                sanitise::quoted(capability),
                gate::nearest(capability)
            ),
        );
    };
    let dimensions = match row.permit {
        Permit::Free => {
            return problem(
                "capability",
                format!("every plugin may call {capability}; take it out"),
            );
        }
        Permit::Core => {
            return problem(
                "capability",
                format!("{capability} is for the distribution's own phases"),
            );
        }
        Permit::Granted(dimensions) => dimensions,
    };
    for dimension in Dimension::ALL {
        let (field, count) = (dimension.field(), dimension.count(request));
        if !dimensions.contains(&dimension) && count > 0 {
            problem(field, format!("{capability} is not bounded by {field}"));
        } else if dimensions.contains(&dimension) && count == 0 && !dimension.is_optional() {
            problem(
                field,
                format!(
                    "say which {field} {capability} is needed for ({})",
                    dimension.meaning()
                ),
            );
        } else if count > MAX_PATTERNS {
            problem(
                field,
                format!("{count} patterns are more than {MAX_PATTERNS}"),
            );
        }
        check_patterns(dimension, request, problem);
    }
    check_private(request, problem);
}

fn check_patterns(dimension: Dimension, request: &Request, problem: &mut dyn FnMut(&str, String)) {
    let field = dimension.field();
    for pattern in dimension.texts(request).unwrap_or_default() {
        if let Err(why) = gate::check_pattern(pattern) {
            problem(field, format!("{pattern:?}: {why}"));
        }
        let spelled = match dimension {
            Dimension::Names => gate::check_name(pattern),
            Dimension::Usages => gate::check_usage(pattern),
            _ => Ok(()),
        };
        if let Err(why) = spelled {
            problem(field, format!("{pattern:?}: {why}"));
        }
        if dimension.has_paths()
            && (!pattern.starts_with('/')
                || pattern
                    .split('/')
                    .skip(1)
                    .any(|component| matches!(component, "" | "." | "..")))
        {
            problem(
                field,
                format!(
                    "{pattern:?} has to be an absolute path, without empty components, `.` and `..`"
                ),
            );
        }
    }
    if dimension == Dimension::Commands {
        for command in &request.commands {
            if command
                .first()
                .is_none_or(|program| program.is_empty() || program.contains('*'))
            {
                problem(
                    field,
                    "a command is a program, and patterns for its arguments".into(),
                );
            }
            for part in command {
                if part.len() > Text::LONGEST {
                    problem(
                        field,
                        format!("an argument has at most {} bytes", Text::LONGEST),
                    );
                }
                if let Err(why) = gate::check_ascii(part) {
                    problem(field, format!("{part:?}: {why}"));
                }
            }
        }
    }
    if dimension == Dimension::Objects {
        for object in &request.objects {
            if let Err(why) = ObjectName::parse_kind(
                &object.api_version,
                &object.kind,
                object.namespace.as_deref(),
            ) {
                problem(field, why);
            }
            for name in &object.names {
                if let Err(why) = gate::check_pattern(name) {
                    problem(field, format!("{name:?}: {why}"));
                }
            }
            let has_pods = gate::has_pods(&object.api_version, &object.kind);
            let is_judged = gate::shape_of(&object.api_version, &object.kind).is_some();
            if has_pods
                && !object.host_access
                && request.capability == "effects-cluster.patch-object"
            {
                let why = "what comes of a patch depends on the rest of the object, so its grant \
                    says `hostAccess: true`";
                problem(field, format!("{}: {why}", object.kind));
            }
            if object.host_access && !is_judged {
                problem(
                    field,
                    format!(
                        "{} ({}): hostAccess is for kinds whose content is judged: {}",
                        object.kind,
                        object.api_version,
                        gate::judged_kinds().join(", ")
                    ),
                );
            }
        }
    }
}

/// Checks `private`: only requests for files may have it, and each of their paths has to be exact.
fn check_private(request: &Request, problem: &mut dyn FnMut(&str, String)) {
    if !request.private {
        return;
    }
    if !request.capability.starts_with("observe-files.") {
        problem(
            "private",
            format!("{} has no private files", request.capability),
        );
    }
    for path in request.paths.iter().filter(|path| path.contains('*')) {
        problem(
            "private",
            format!("{path:?} is a pattern; a private file is named exactly"),
        );
    }
}

/// A function that reports the problems of one item, each with its field.
type Check<T> = fn(&T, &mut dyn FnMut(&str, String));

/// A reader of a manifest's fields that collects problems with their lines.
struct Reader {
    raw: BTreeMap<String, Spanned<Value>>,
    lines: Lines,
    problems: Vec<(u64, String)>,
}

/// The positions at which the items of lists begin.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Lines {
    provides: Vec<Spanned<IgnoredAny>>,
    grants: Vec<Spanned<IgnoredAny>>,
}

const FIELDS: [&str; 9] = [
    "schema",
    "name",
    "version",
    "license",
    "description",
    "requires",
    "provides",
    "settings",
    "grants",
];

impl Reader {
    fn open(text: &str) -> Result<Reader> {
        if text.len() > MAX_MANIFEST {
            bail!("plugin.yaml is larger than {} KiB", MAX_MANIFEST >> 10);
        }
        // The parser quotes the manifest.
        let raw = serde_yaml::from_str(text).map_err(|error| {
            let error = error.to_string();
            anyhow!("plugin.yaml: {}", sanitise::line(&error))
        })?;
        // If a field is not a list, its problems get the line of the field.
        Ok(Reader {
            raw,
            lines: serde_yaml::from_str(text).unwrap_or_default(),
            problems: Vec::new(),
        })
    }

    fn line(&self, field: &str) -> u64 {
        self.raw
            .get(field)
            .map_or(1, |value| value.referenced.line())
    }

    fn problem(&mut self, field: &str, what: String) {
        self.problems.push((self.line(field), what));
    }

    fn unknown(&mut self) {
        let unknown: Vec<String> = self
            .raw
            .keys()
            .filter(|key| !FIELDS.contains(&key.as_str()))
            .cloned()
            .collect();
        for key in unknown {
            self.problem(
                &key,
                format!("there is no field {key:?}; there are {}", FIELDS.join(", ")),
            );
        }
    }

    fn field<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        let value = self.raw.get(field)?.value.clone();
        serde_json::from_value(value)
            .map_err(|error| self.problem(field, format!("{field}: {error}")))
            .ok()
    }

    fn required<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        if !self.raw.contains_key(field) {
            self.problem(field, format!("{field}: has to be given"));
        }
        self.field(field)
    }

    fn items<T: DeserializeOwned>(&mut self, field: &str, check: Check<T>) -> Vec<T> {
        let mut items: Vec<Value> = self.field(field).unwrap_or_default();
        if items.len() > MAX_ITEMS {
            self.problem(
                field,
                format!("{field}: {} items are more than {MAX_ITEMS}", items.len()),
            );
            items.truncate(MAX_ITEMS);
        }
        let mut read = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            let lines = if field == "provides" {
                &self.lines.provides
            } else {
                &self.lines.grants
            };
            let line = lines
                .get(at)
                .map_or_else(|| self.line(field), |item| item.referenced.line());
            match serde_path_to_error::deserialize(&item) {
                Ok(item) => {
                    check(&item, &mut |part, what| {
                        self.problems
                            .push((line, format!("{field}[{at}].{part}: {what}")))
                    });
                    read.push(item);
                }
                Err(error) => {
                    let part = match error.path().to_string() {
                        path if path == "." => String::new(),
                        path => format!(".{path}"),
                    };
                    self.problems
                        .push((line, format!("{field}[{at}]{part}: {}", error.inner())));
                }
            }
        }
        read
    }

    fn end(mut self, manifest: Manifest) -> Result<Manifest> {
        if self.problems.is_empty() {
            return Ok(manifest);
        }
        self.problems.sort();
        let more = self.problems.len().saturating_sub(MAX_PROBLEMS);
        let told = self.problems.iter().take(MAX_PROBLEMS);
        // Parsers quote the manifest, so each problem is made one line.
        let mut told: Vec<String> = told
            .map(|(line, what)| format!("plugin.yaml, line {line}: {}", sanitise::line(what)))
            .collect();
        if more > 0 {
            told.push(format!("plugin.yaml has {more} problems more"));
        }
        bail!(told.join("\n"))
    }
}

#[cfg(test)]
mod tests;
