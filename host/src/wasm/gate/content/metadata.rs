//! The fields of `metadata` that an object of a plugin may have.
use super::Shape::{self, Annotations, Any, Fields, Labels};

/// The metadata that names and describes an object. Owners, finalizers and generated names are not
/// allowed.
pub(super) const METADATA: Shape = Fields(&[
    ("name", Any),
    ("namespace", Any),
    ("labels", Labels),
    ("annotations", Annotations),
]);
