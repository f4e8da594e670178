//! Challenges: a registry's demand for authorization, in the headers of its answer.
use anyhow::{Result, bail};
use http::{HeaderMap, header::WWW_AUTHENTICATE};

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
                let param = |wanted: &str| {
                    let found = challenge
                        .params
                        .iter()
                        .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                    found
                        .map(|(_, value)| value.to_unescaped())
                        .unwrap_or_default()
                };
                if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    return Ok(Challenge::Bearer {
                        realm: param("realm"),
                        service: param("service"),
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
