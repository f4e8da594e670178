//! The revision of an object: with it, a change can be refused if the object has changed since it
//! was read.
use serde_json::{Map, Value, json};

/// The fields of an object's metadata that say which object it is, and in which state.
const FIELDS: [&str; 2] = ["uid", "resourceVersion"];

/// The identity and the version of an object that was read; `None` for a field that the object does
/// not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revision([Option<String>; 2]);

impl Revision {
    /// Returns the revision of an object.
    pub fn of_object(object: &Value) -> Revision {
        let metadata = &object["metadata"];
        Revision(FIELDS.map(|field| metadata[field].as_str().map(str::to_owned)))
    }

    /// Writes this revision into a manifest or a patch: the API server refuses it for any other
    /// revision.
    pub fn put_on(&self, manifest: &mut Value) {
        if !manifest["metadata"].is_object() {
            manifest["metadata"] = json!({});
        }
        for (field, value) in self.fields() {
            manifest["metadata"][field] = value.into();
        }
    }

    /// Returns the preconditions that a deletion of this revision has in `DeleteOptions`.
    pub fn preconditions(&self) -> Value {
        self.fields()
            .map(|(field, value)| (field.to_owned(), value.into()))
            .collect::<Map<_, _>>()
            .into()
    }

    fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let values = self.0.iter().map(Option::as_deref);
        let fields = FIELDS.into_iter().zip(values);
        fields.filter_map(|(field, value)| Some((field, value?)))
    }
}
