//! One document against its schema: what of it is wrong, and how much that matters.
use super::{
    Document, Problem, Problems,
    component::{self, Struct},
    v1beta3,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// How strictly documents are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    /// unknown and repeated fields are warnings (`init`)
    Lenient,
    /// they are problems (`config validate`)
    Strict,
}

pub(super) const IGNORED: &str = "[config] WARNING: Ignored configuration document";

/// Problems and warnings as they are found.
pub(super) struct Diagnostics {
    pub strictness: Strictness,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    /// a document could not be used at all: nothing more can be said of the rest
    pub broken: bool,
}

impl Diagnostics {
    pub fn new(strictness: Strictness) -> Self {
        Diagnostics {
            strictness,
            problems: Vec::new(),
            warnings: Vec::new(),
            broken: false,
        }
    }

    /// A problem after which its document cannot be used.
    pub fn fatal(&mut self, problem: Problem) {
        self.problems.push(problem);
        self.broken = true;
    }

    /// A document of a kind that is nothing to the command (kubeadm behaviour).
    pub fn ignored(&mut self, document: &Document) {
        let message = format!("{IGNORED} with GroupVersionKind {}", document.gvk());
        self.warnings.push(document.problem("kind", message));
    }

    /// The warnings, each at the place of its field.
    ///
    /// # Errors
    /// Every problem that was found.
    pub fn settled(self, documents: &[Document]) -> Result<Vec<Problem>, Problems> {
        let placed = |found: Vec<Problem>| {
            found
                .into_iter()
                .map(|problem| placed(problem, documents))
                .collect()
        };
        if self.problems.is_empty() {
            Ok(placed(self.warnings))
        } else {
            Err(Problems(placed(self.problems)))
        }
    }

    fn minor(&mut self, problem: Problem) {
        match self.strictness {
            Strictness::Lenient => self.warnings.push(problem),
            Strictness::Strict => self.problems.push(problem),
        }
    }

    /// Reads a document against its schema; none where it cannot be used.
    pub fn decode<T: DeserializeOwned>(
        &mut self,
        document: &Document,
        current: &'static Struct,
        old: Option<&'static Struct>,
    ) -> Option<(T, Option<Value>)> {
        let mut value = self.checked(
            document,
            if document.version() == "v1beta3" {
                old?
            } else {
                current
            },
        )?;
        let mut timeout = None;
        if document.version() == "v1beta3" {
            timeout = v1beta3::convert(&mut value);
        }
        self.algorithm(document, &mut value);
        drop_nulls(&mut value);
        match serde_json::from_value(value) {
            Ok(decoded) => Some((decoded, timeout)),
            Err(error) => {
                self.fatal(document.problem("", format!("{}: {error}", document.kind)));
                None
            }
        }
    }

    /// The algorithm is an enumeration here and a string there: another one is a problem of
    /// validation, and what else is wrong can still be told.
    fn algorithm(&mut self, document: &Document, value: &mut Value) {
        const KNOWN: [&str; 5] = [
            "ECDSA-P256",
            "ECDSA-P384",
            "RSA-2048",
            "RSA-3072",
            "RSA-4096",
        ];
        const PATH: &str = "encryptionAlgorithm";
        let Some(given) = value
            .get(PATH)
            .and_then(Value::as_str)
            .filter(|given| !KNOWN.contains(given))
            .map(str::to_owned)
        else {
            return;
        };
        if !given.is_empty() {
            let message = format!(
                "Invalid value: {given:?}: Invalid encryption algorithm {given:?}. Must be one of \
                 [{}]",
                KNOWN.join(" ")
            );
            self.problems.push(document.problem(PATH, message));
        }
        value.as_object_mut().map(|document| document.remove(PATH));
    }

    /// The document as JSON, if its types are right.
    pub fn checked(&mut self, document: &Document, schema: &'static Struct) -> Option<Value> {
        for (path, key) in document.tree.repeated() {
            let message = format!(
                "strict decoding error: key {:?} already set in map",
                key.name
            );
            self.minor(document.placed(Problem::new(path, message), key.line, key.column));
        }
        let value = document.tree.value();
        let mut usable = true;
        for error in component::against(schema, &value) {
            if error.unknown {
                self.minor(document.problem(
                    &error.path,
                    format!("strict decoding error: {}", error.message),
                ));
            } else {
                usable = false;
                self.fatal(document.problem(&error.path, error.message));
            }
        }
        usable.then_some(value)
    }
}

/// A problem at the place of its field, in whichever document has most of the path.
fn placed(problem: Problem, documents: &[Document]) -> Problem {
    if problem.line.is_some() || problem.path.is_empty() {
        return problem;
    }
    // kubeadm writes elements of lists as `tokens.0.ttl`; so does the tree.
    let found = documents
        .iter()
        .map(|document| (document, document.tree.find(&problem.path)))
        .max_by_key(|(_, (_, _, depth))| *depth);
    match found {
        Some((document, (line, column, depth))) if depth > 0 => {
            document.placed(problem, line, column)
        }
        Some((document, _)) => Problem {
            file: Some(document.file.clone()),
            ..problem
        },
        None => problem,
    }
}

/// Go takes null for what is not there.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Whether this version of kubeadm's API is read; a problem or warning where it is not, or not for
/// long.
pub(super) fn known_version(document: &Document, diagnostics: &mut Diagnostics) -> bool {
    let advice = "'kubeadm config migrate --old-config old-config-file --new-config \
        new-config-file', which will write the new, similar spec using a newer API version.";
    let (api, kind) = (&document.api_version, &document.kind);
    match document.version() {
        "v1beta4" => true,
        "v1beta3" => {
            let message = format!(
                "your configuration file uses a deprecated API spec: {api:?} (kind: {kind:?}). \
                 Please use {advice}"
            );
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
            diagnostics.fatal(document.problem("apiVersion", message));
            false
        }
        _ => {
            diagnostics.fatal(document.problem(
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
