//! Challenges: a registry's demand for authorization, in the headers of its answer.
use anyhow::{Result, bail};
use http::{HeaderMap, header::WWW_AUTHENTICATE};
use http_auth::ChallengeRef;

/// The kind of authorization that a registry asks for.
pub(super) enum Challenge {
    Basic,
    Bearer { realm: String, service: String },
}

impl Challenge {
    /// Returns the first challenge of the answer that this client can meet.
    ///
    /// # Errors
    /// The answer has no such challenge.
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Challenge> {
        for header in headers.get_all(WWW_AUTHENTICATE) {
            let Ok(text) = header.to_str() else { continue };
            for challenge in http_auth::parse_challenges(text).unwrap_or_default() {
                if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    return Ok(Challenge::Bearer {
                        realm: parameter(&challenge, "realm"),
                        service: parameter(&challenge, "service"),
                    });
                }
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    return Ok(Challenge::Basic);
                }
            }
        }
        bail!(
            "it asks for credentials in a way that kubephase does not know; it knows Basic and \
             Bearer"
        )
    }
}

/// Returns a parameter of a challenge, or an empty text.
fn parameter(challenge: &ChallengeRef<'_>, name: &str) -> String {
    challenge
        .params
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_unescaped())
        .unwrap_or_default()
}
