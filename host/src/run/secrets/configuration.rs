//! Masks the texts of a configuration that plugins need not see. The name and the content of a text
//! decide, and not its place.
pub(super) mod shapes;
pub(super) mod urls;

use super::{public_placeholder, secrets_of_proxy};
use crate::secret::{
    Secret,
    classify::{Credential, classify},
    names::sounds_secret,
};
use kubephase_sdk::node::is_proxy;
use serde_json::{Map, Value};

/// Fields with environment variables.
const ENVIRONMENT: &str = "extraEnvs";

/// The field with the proxies, which were masked before: the host knows the value of each
/// placeholder.
const PROXIES: &str = "proxyEnvironment";

/// The field with the headers by which a kubelet fetches static Pods.
const HEADERS: &str = "staticPodURLHeader";

/// Masks the secrets of a configuration. Returns the masked texts, except for values of environment
/// variables that are ordinary words.
pub(super) fn mask(configuration: &mut Value) -> Vec<Secret<String>> {
    let mut walk = Walk::default();
    walk.value("", configuration);
    walk.found
}

/// Masks the value of an argument if its name or its content shows that it is secret.
pub(super) fn mask_argument(name: &str, value: &mut String) {
    Walk::default().text(name, value, true);
}

#[derive(Default)]
struct Walk {
    found: Vec<Secret<String>>,
}

impl Walk {
    /// Masks a value. `field` is the name of the field that has the value.
    fn value(&mut self, field: &str, value: &mut Value) {
        match value {
            Value::String(text) => self.text(field, text, false),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(field, item)),
            Value::Object(fields) => self.fields(field, fields),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn fields(&mut self, field: &str, fields: &mut Map<String, Value>) {
        // An argument or an environment variable.
        let name = fields
            .get("name")
            .and_then(Value::as_str)
            .map(str::to_owned);
        if let (Some(name), Some(Value::String(value))) = (name, fields.get_mut("value")) {
            if field == ENVIRONMENT {
                return self.variable(&name, value);
            }
            return self.text(&name, value, true);
        }
        for (name, value) in fields {
            if name == PROXIES {
                continue;
            }
            if name == HEADERS {
                self.all(value);
            } else {
                self.value(name, value);
            }
        }
    }

    /// Masks all texts of a value.
    fn all(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                self.note(text);
                *text = public_placeholder("static-pod-url-header");
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.all(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.all(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Masks the value of an environment variable. Proxies were masked before.
    fn variable(&mut self, name: &str, value: &mut String) {
        if is_proxy(name) || value.is_empty() || is_masked(value) {
            return;
        }
        let is_secret = sounds_secret(name) || is_secret_content(name, value, true);
        let value = std::mem::replace(value, public_placeholder("environment"));
        if is_secret {
            self.note(&value);
        }
    }

    /// Masks a text of this name. `is_argument` says that the operator wrote the name, too.
    fn text(&mut self, name: &str, text: &mut String, is_argument: bool) {
        if text.is_empty() || is_masked(text) || matches!(text.as_str(), "true" | "false") {
            return;
        }
        let place = if is_argument { "argument" } else { "field" };
        if sounds_secret(name) || is_secret_content(name, text, is_argument) {
            self.note(text);
            *text = public_placeholder(place);
            return;
        }
        let shown = urls::without_secrets(text, shapes::is_plain_name(name));
        if is_argument && !shapes::is_plain_argument(name, &shown) {
            // A word of lower-case letters is not noted, because records also have it as an
            // ordinary word.
            if !text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            {
                self.note(text);
            }
            *text = public_placeholder(place);
            return;
        }
        if shown != *text {
            self.note(text);
            *text = shown;
        }
    }

    /// Notes a text as secret, and the secret parts of the URLs in it.
    fn note(&mut self, text: &str) {
        self.found.push(Secret::new(text.to_owned()));
        for url in urls::split(text).filter(|part| part.contains("://")) {
            self.found.extend(secrets_of_proxy(url));
            let query = url.split_once('?').map_or("", |(_, query)| query);
            let values = query.split('&').filter_map(|pair| pair.split_once('='));
            self.found
                .extend(values.map(|(_, value)| Secret::new(value.to_owned())));
        }
    }
}

/// Whether a text is `NAME=VALUE` or `NAME:VALUE` with the name of a secret.
fn assigns_secret(part: &str) -> bool {
    let assigned = part.split_once(['=', ':']);
    assigned.is_some_and(|(name, value)| !value.is_empty() && sounds_secret(name))
}

/// Whether a text has a placeholder already.
fn is_masked(text: &str) -> bool {
    text.contains("<secret:")
}

/// Whether the content of a text is secret, apart from the passwords of its URLs.
fn is_secret_content(name: &str, text: &str, is_argument: bool) -> bool {
    let text = urls::without_secrets(text, true);
    let assigns = text
        .split([',', ';', ' ', '\n'])
        .any(|part| !part.contains("://") && assigns_secret(part));
    match classify(format!("{name}: {text}").as_bytes()) {
        // Names of hosts can look like a bootstrap token.
        Some(Credential::BootstrapToken) => is_argument,
        Some(_) => true,
        None => is_argument && assigns,
    }
}
