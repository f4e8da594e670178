//! Requests to a registry, and the time limits for its answers.
use http::{
    HeaderMap, HeaderValue, Method,
    header::{ACCEPT, CONTENT_TYPE},
};
use hyper::body::Bytes;
use std::time::Duration;
use url::Url;

/// The time limits of a registry.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The time for connecting, and for the head of an answer.
    pub answer: Duration,
    /// The time for a whole small answer: a manifest, a token.
    pub small: Duration,
    /// The time for all requests of one pull or push together.
    pub total: Duration,
    /// The span in which a download has to progress by [`Times::progress`].
    pub span: Duration,
    /// Bytes that have to arrive in each [`Times::span`].
    pub progress: usize,
}

impl Default for Times {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Times {
            answer: seconds(10),
            small: seconds(15),
            total: seconds(300),
            span: seconds(10),
            progress: 10 << 10,
        }
    }
}

/// A request to a registry.
#[derive(Clone)]
pub struct RegistryRequest {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
}

impl RegistryRequest {
    /// Returns a request without headers and body.
    pub fn new(method: Method, url: Url) -> RegistryRequest {
        RegistryRequest {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
        }
    }

    /// Sets the media types that the answer may have.
    #[must_use]
    pub fn accept(mut self, media_types: &[&'static str]) -> RegistryRequest {
        self.headers.extend(
            media_types
                .iter()
                .map(|media_type| (ACCEPT, HeaderValue::from_static(media_type))),
        );
        self
    }

    /// Sets the body and its media type.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: Bytes) -> RegistryRequest {
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body = Some(body);
        self
    }
}
