//! The fields of `metadata` that an object of a plugin may have.
use super::Shape::{self, Annotations, Any, Fields, Labels};

/// What says which object it is. Owners, finalizers and generated names are left out.
pub(super) const METADATA: Shape = Fields(&[
    ("name", Any),
    ("namespace", Any),
    ("labels", Labels),
    ("annotations", Annotations),
]);
