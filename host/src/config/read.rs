//! Decodes documents, and collects their problems and warnings.
use super::{
    Document, Problem, Problems,
    component::{self, SchemaError, Struct},
    document_kinds::{KubeadmKind, is_known},
    v1beta3,
    validate::algorithm_problem,
};
use crate::text::sanitise;
use kubephase_sdk::release::Release;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// The strictness with which documents are read and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    /// Unknown and repeated fields are warnings (`init`, `join`, `reset`). Problems of this
    /// node are reported.
    Lenient,
    /// Unknown and repeated fields are problems (`config validate`, `config migrate`). Problems of
    /// this node are not reported, because the file may be for another node.
    Strict,
}

/// The beginning of the warning about a deprecated version of kubeadm's API.
const DEPRECATED: &str = "your configuration file uses a deprecated API spec";

/// The beginning of the warning about a document that the command does not read.
pub(super) const IGNORED: &str = "[config] WARNING: Ignored configuration document";

/// The problems and warnings found so far.
pub(super) struct Diagnostics {
    pub strictness: Strictness,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    /// whether a document could not be used, so that the other checks would mislead
    pub broken: bool,
    /// the release whose fields and values documents may have
    pub release: &'static Release,
    /// whether an API server of this node will listen on the address of the configuration
    pub serves_api: bool,
}

impl Diagnostics {
    pub fn new(strictness: Strictness) -> Self {
        Diagnostics {
            strictness,
            problems: Vec::new(),
            warnings: Vec::new(),
            broken: false,
            release: Release::newest(),
            serves_api: false,
        }
    }

    /// Adds a problem after which the document cannot be used.
    pub fn add_fatal(&mut self, problem: Problem) {
        self.problems.push(problem);
        self.broken = true;
    }

    /// Removes the warnings that a version of kubeadm's API is deprecated.
    pub fn forget_deprecations(&mut self) {
        self.warnings
            .retain(|warning| !warning.message.starts_with(DEPRECATED));
    }

    /// Warns about a document of a kind that the command does not read (kubeadm behaviour). The
    /// machine's own files are for all commands.
    pub fn warn_ignored(&mut self, document: &Document) {
        if document.is_of_machine {
            return;
        }
        let message = format!(
            "{IGNORED} with GroupVersionKind {}",
            sanitise::line(&document.gvk())
        );
        self.warnings.push(document.problem("kind", message));
    }

    /// Returns the warnings, each with the place of its field.
    ///
    /// # Errors
    /// There are problems; all are reported.
    pub fn finish(self, documents: &[Document]) -> Result<Vec<Problem>, Problems> {
        let problems = Problems(with_places(self.problems, documents));
        problems.or(with_places(self.warnings, documents))
    }

    /// Adds a problem that is a warning in lenient reading.
    fn report_by_strictness(&mut self, problem: Problem) {
        match self.strictness {
            Strictness::Lenient => self.warnings.push(problem),
            Strictness::Strict => self.problems.push(problem),
        }
    }

    /// Decodes a document of this kind, of version v1beta4 or v1beta3. Returns `None` if the
    /// document cannot be used. Returns the API server's timeout of a v1beta3 document, too.
    pub fn decode<T: DeserializeOwned>(
        &mut self,
        document: &Document,
        kind: &'static KubeadmKind,
    ) -> Option<(T, Option<Value>)> {
        let schema = if document.version() == "v1beta3" {
            kind.v1beta3
        } else {
            Some(kind.current)
        };
        let Some(schema) = schema else {
            let message = format!(
                "no kind {:?} is registered for version {:?}; it is known from v1beta4 on",
                document.kind, document.api_version
            );
            self.add_fatal(document.problem("apiVersion", message));
            return None;
        };
        let value = self.check_types(document, schema)?;
        let mut value = component::as_read(schema, value);
        let mut timeout = None;
        if document.version() == "v1beta3" {
            timeout = v1beta3::convert(&mut value);
        }
        self.remove_unknown_algorithm(document, &mut value);
        match serde_path_to_error::deserialize(value) {
            Ok(decoded) => Some((decoded, timeout)),
            Err(error) => {
                // The schema has refused all that is known to fail here.
                let message = format!(
                    "{} cannot be read: the field has a wrong type",
                    document.kind
                );
                self.add_fatal(document.problem(&error.path().to_string(), message));
                None
            }
        }
    }

    /// Removes an unknown encryption algorithm, and adds a problem. The field is an enumeration
    /// here and a string in kubeadm, where only validation refuses the value: without the removal,
    /// the document's other problems would not be reported.
    fn remove_unknown_algorithm(&mut self, document: &Document, value: &mut Value) {
        const PATH: &str = "encryptionAlgorithm";
        let given = value.get(PATH).and_then(Value::as_str);
        let Some(problem) = given.and_then(|given| algorithm_problem(given, self.release)) else {
            return;
        };
        if given != Some("") {
            self.problems.push(document.problem(PATH, problem.message));
        }
        value.as_object_mut().map(|document| document.remove(PATH));
    }

    /// Removes the fields that came after this release. Returns an error for each.
    fn remove_later_fields(&self, document: &Document, value: &mut Value) -> Vec<SchemaError> {
        let fields = self.release.configuration.unknown_fields.iter();
        fields
            .filter(|(kind, path)| document.kind == *kind && remove_field(value, path))
            .map(|(_, path)| SchemaError {
                path: (*path).to_owned(),
                message: format!("unknown field {path:?}"),
                unknown: true,
            })
            .collect()
    }

    /// Returns the document as JSON, or `None` if a field has a wrong type.
    pub fn check_types(&mut self, document: &Document, schema: &'static Struct) -> Option<Value> {
        for (path, key) in document.tree.repeated() {
            let message = format!(
                "strict decoding error: key {:?} already set in map",
                key.name
            );
            let problem = Problem::new(path, message);
            self.report_by_strictness(document.with_place(problem, &key.place));
        }
        let mut value = document.tree.value();
        let later = self.remove_later_fields(document, &mut value);
        let mut usable = true;
        for error in later
            .into_iter()
            .chain(component::check_against(schema, &value))
        {
            if error.unknown {
                self.report_by_strictness(document.problem(
                    &error.path,
                    format!("strict decoding error: {}", error.message),
                ));
            } else {
                usable = false;
                self.add_fatal(document.problem(&error.path, error.message));
            }
        }
        usable.then_some(value)
    }
}

/// Removes a field by its dotted path. Returns whether it was there.
fn remove_field(value: &mut Value, path: &str) -> bool {
    let (parents, name) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = parents
        .split('.')
        .filter(|name| !name.is_empty())
        .try_fold(value, |value, name| value.get_mut(name));
    let fields = parent.and_then(Value::as_object_mut);
    fields.is_some_and(|fields| fields.remove(name).is_some())
}

fn with_places(problems: Vec<Problem>, documents: &[Document]) -> Vec<Problem> {
    let first = documents.first();
    // Problems are of documents that were read. A file may have many others.
    let read = documents.iter();
    let read: Vec<&Document> = read.filter(|document| is_known(document)).collect();
    problems
        .into_iter()
        .map(|problem| with_place(problem, first, &read))
        .collect()
}

/// Returns the problem with the place of its field, in the document that has most of the path.
fn with_place(problem: Problem, first: Option<&Document>, documents: &[&Document]) -> Problem {
    if problem.line.is_some() || problem.path.is_empty() {
        return problem;
    }
    // kubeadm writes elements of lists as `tokens.0.ttl`; so does the tree.
    let best = documents
        .iter()
        .map(|document| (document, document.tree.find(&problem.path)))
        .max_by_key(|(_, (_, depth))| *depth);
    match best {
        Some((document, (place, depth))) if depth > 0 => document.with_place(problem, place),
        // The operator's file comes first, before those of the machine.
        _ => match first {
            Some(document) => problem.with_file(&document.file),
            None => problem,
        },
    }
}

/// Whether this version of kubeadm's API is supported. Adds a problem if it is not, and a warning
/// if it is deprecated.
pub(super) fn accepts_version(document: &Document, diagnostics: &mut Diagnostics) -> bool {
    let advice = "'kubeadm config migrate --old-config old-config-file --new-config \
        new-config-file', which will write the new, similar spec using a newer API version.";
    let (api, kind) = (&document.api_version, &document.kind);
    match document.version() {
        "v1beta4" => true,
        "v1beta3" => {
            let message = format!("{DEPRECATED}: {api:?} (kind: {kind:?}). Please use {advice}");
            diagnostics
                .warnings
                .push(document.problem("apiVersion", message));
            true
        }
        old @ ("v1alpha1" | "v1alpha2" | "v1alpha3" | "v1beta1" | "v1beta2") => {
            let release = BTreeMap::from([
                ("v1alpha1", "v1.11"),
                ("v1alpha2", "v1.12"),
                ("v1alpha3", "v1.14"),
                ("v1beta1", "v1.15"),
                ("v1beta2", "v1.22"),
            ])[old];
            let message = format!(
                "your configuration file uses an old API spec: {api:?} (kind: {kind:?}). Please \
                 use kubeadm {release} instead and run {advice}"
            );
            diagnostics.add_fatal(document.problem("apiVersion", message));
            false
        }
        _ => {
            diagnostics.add_fatal(document.problem(
                "apiVersion",
                format!(
                    "no kind {kind:?} is registered for version \
                        {api:?}; known are v1beta4 and v1beta3"
                ),
            ));
            false
        }
    }
}
