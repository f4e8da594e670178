//! References to objects of the API.
use super::{names::Selector, refusal};
use kubephase_wit::ObjectRef;

/// A reference to one object, or to all objects of a kind if it has no name. Every part is one
/// segment of the API's URL.
///
/// Group and namespace follow RFC 1123. A name follows the rules that the API has for path segments
/// (`ValidatePathSegmentName`: neither `.` nor `..`, no `/`, no `%`) and has only characters that
/// some kind of object allows: those of RFC 1123, and the upper-case letters, colons and
/// underscores of RBAC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    api_version: String,
    kind: String,
    namespace: Option<String>,
    name: Option<String>,
}

impl ObjectName {
    /// Parses the reference of one object.
    ///
    /// # Errors
    /// A part of the reference breaks a rule; the message states both.
    pub fn parse(reference: &ObjectRef) -> Result<Self, String> {
        Ok(ObjectName {
            name: Some(parse_name(&reference.name)?),
            ..Self::parse_kind(
                &reference.api_version,
                &reference.kind,
                reference.namespace.as_deref(),
            )?
        })
    }

    /// Parses the reference of all objects of a kind.
    ///
    /// # Errors
    /// A part of the reference breaks a rule; the message states both.
    pub fn parse_kind(
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
    ) -> Result<Self, String> {
        let is_kind = kind.len() <= 63
            && kind.starts_with(|c: char| c.is_ascii_alphabetic())
            && kind.chars().all(|c| c.is_ascii_alphanumeric());
        if !is_kind {
            return Err(refusal(
                kind,
                "a kind of objects",
                "it must have 1 to 63 letters and digits, and begin with a letter",
            ));
        }
        let is_version = match api_version.split_once('/') {
            Some((group, version)) => is_subdomain(group) && is_label(version),
            None => is_label(api_version),
        };
        if !is_version {
            return Err(refusal(
                api_version,
                "an apiVersion",
                "it must be VERSION or GROUP/VERSION, both by RFC 1123",
            ));
        }
        if let Some(namespace) = namespace.filter(|namespace| !is_label(namespace)) {
            return Err(refusal(
                namespace,
                "a namespace",
                "it must be a label by RFC 1123: 1 to 63 lower-case letters, digits and dashes",
            ));
        }
        let namespace = namespace.map(str::to_owned);
        Ok(ObjectName {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace,
            name: None,
        })
    }

    /// Returns the group and version: `v1`, `apps/v1`.
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// Returns the kind: `ConfigMap`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the namespace; `None` if the reference names none.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Returns the name of the object; `None` if the reference means all objects of the kind.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the reference in the form of the WIT interface. The name is empty if the reference
    /// means all objects of the kind.
    pub fn to_ref(&self) -> ObjectRef {
        ObjectRef {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone().unwrap_or_default(),
        }
    }

    /// Parses a label selector.
    ///
    /// # Errors
    /// The text breaks a rule, which the message states.
    pub fn selector(text: Option<&str>) -> Result<Option<Selector>, String> {
        text.map(Selector::parse).transpose()
    }
}

fn parse_name(name: &str) -> Result<String, String> {
    if !name.is_empty()
        && name.len() <= 253
        && !matches!(name, "." | "..")
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._:-".contains(c))
        && !name.starts_with('-')
    {
        return Ok(name.to_owned());
    }
    Err(refusal(
        name,
        "the name of an object",
        "it must have 1 to 253 letters, digits and `._:-`, and be neither `.` nor `..`",
    ))
}

/// Whether a text is a label by RFC 1123.
fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a text is a subdomain by RFC 1123.
fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}
