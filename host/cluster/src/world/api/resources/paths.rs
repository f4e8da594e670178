//! Paths of objects.
use crate::world::WorldResult;
use kubephase_wit::{Failure, FailureCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// Characters that are percent-encoded: all but the unreserved characters of RFC 3986, and the
/// colon of RBAC names.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

/// Returns a segment of a path, percent-encoded so that no text can end the path or add a segment
/// to it.
fn segment(text: &str) -> WorldResult<PercentEncode<'_>> {
    if matches!(text, "" | "." | "..") {
        return Err(Failure::new(
            FailureCode::Invalid,
            format!("{text:?} is not the name of anything in the API"),
        ));
    }
    Ok(utf8_percent_encode(text, ENCODED))
}

/// Returns the path of the resources of an API version: `/api/v1`, `/apis/apps/v1`.
///
/// # Errors
/// `invalid` if it is neither a version nor a group and a version.
pub fn prefix_of(api_version: &str) -> WorldResult<String> {
    match api_version.split('/').collect::<Vec<_>>().as_slice() {
        [version] => Ok(format!("/api/{}", segment(version)?)),
        [group, version] => Ok(format!("/apis/{}/{}", segment(group)?, segment(version)?)),
        _ => Err(Failure::new(
            FailureCode::Invalid,
            format!("{api_version:?} is not an apiVersion"),
        )),
    }
}

pub(super) fn object_path(
    prefix: &str,
    plural: &str,
    namespace: Option<&str>,
    name: Option<&str>,
) -> WorldResult<String> {
    let namespace = namespace
        .map(|namespace| Ok(format!("/namespaces/{}", segment(namespace)?)))
        .transpose()?
        .unwrap_or_default();
    let name = name
        .map(|name| Ok(format!("/{}", segment(name)?)))
        .transpose()?
        .unwrap_or_default();
    Ok(format!("{prefix}{namespace}/{}{name}", segment(plural)?))
}
