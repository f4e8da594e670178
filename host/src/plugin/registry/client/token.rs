//! Authorization: gets the password or the token that a registry asks for.
use super::{Challenge, Client, display_url};
use crate::{
    plugin::credentials::{Keyring, RegistryCredentials},
    secret::Secret,
};
use anyhow::{Context, Result, anyhow, bail};
use data_encoding::BASE64;
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

/// Bytes of a token server's answer that are read at most.
const MAX_TOKEN: usize = 64 << 10;

impl Client<'_> {
    /// Gets the authorization that the registry asks for in its answer to a request without
    /// authorization.
    pub(super) async fn authenticate(&mut self, headers: &HeaderMap) -> Result<()> {
        let challenges = Challenge::from_headers(headers);
        let registry = &self.reference.registry;
        let credentials = self
            .keyring
            .find(registry, &self.reference.repository)
            .await;
        let credentials =
            credentials.with_context(|| format!("cannot get the credentials of {registry}"))?;
        let mut authorization = match challenges.with_context(|| self.server())? {
            Challenge::Basic => match credentials {
                Some(RegistryCredentials::Password { user, password }) => basic(&user, &password)?,
                Some(RegistryCredentials::Identity(_)) => {
                    bail!("{} takes no tokens; log in with a password", self.server())
                }
                None => bail!(
                    "{} asks for credentials, and none were found for it{}",
                    self.server(),
                    self.credentials_hint()
                ),
            },
            Challenge::Bearer { realm, service } => {
                self.token(&realm, &service, credentials).await?
            }
        };
        authorization.set_sensitive(true);
        self.authorization = Some(authorization);
        Ok(())
    }

    /// Gets a token from the token server: in exchange for credentials, or an anonymous token.
    async fn token(
        &self,
        realm: &str,
        service: &str,
        credentials: Option<RegistryCredentials>,
    ) -> Result<HeaderValue> {
        let registry = &self.reference.registry;
        let realm = Url::parse(realm).map_err(|error| {
            anyhow!(
                "{} names a token server that is not a URL: {error}",
                self.server()
            )
        })?;
        let realm = self.check_url(realm)?;
        if !realm.username().is_empty() || realm.password().is_some() {
            bail!(
                "{} names a token server by a URL with a user, which is refused",
                self.server()
            );
        }
        if credentials.is_some() && !self.keyring.may_receive(registry, &realm) {
            bail!(
                "{} asks for its credentials to be sent to {}, another server; nothing was sent. \
                 {}",
                self.server(),
                display_url(&realm),
                Keyring::realm_advice(registry, &realm)
            );
        }
        let request = self.token_request(realm, service, credentials)?;
        let answer = self
            .send(request, self.until.min(Instant::now() + self.times.answer))
            .await?;
        if !answer.status().is_success() {
            return Err(self.refusal(answer).await);
        }
        let body = Secret::new(self.read_small(answer, MAX_TOKEN).await?);
        // The parser's message could quote the token.
        let token: Token = serde_json::from_slice(body.reveal())
            .map_err(|_| anyhow!("{} gave no token", self.server()))?;
        let Some(token) = token.token.or(token.access_token) else {
            bail!("{} gave no token", self.server())
        };
        let token = Secret::new(format!("Bearer {}", token.reveal()));
        HeaderValue::from_str(token.reveal()).map_err(|_| {
            anyhow!(
                "{} gave a token that is not valid in an HTTP header",
                self.server()
            )
        })
    }

    /// Makes the request for a token. Sends the credentials, if there are any.
    fn token_request(
        &self,
        realm: Url,
        service: &str,
        credentials: Option<RegistryCredentials>,
    ) -> Result<reqwest::RequestBuilder> {
        let scope = format!("repository:{}:{}", self.reference.repository, self.actions);
        let mut fields = vec![("scope", scope.as_str())];
        if !service.is_empty() {
            fields.push(("service", service));
        }
        Ok(match &credentials {
            Some(RegistryCredentials::Identity(token)) => {
                fields.extend([
                    ("grant_type", "refresh_token"),
                    ("client_id", "kubephase"),
                    ("refresh_token", token.reveal()),
                ]);
                let form = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(fields)
                    .finish();
                self.http
                    .post(realm)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form)
            }
            other => {
                let mut url = realm;
                url.query_pairs_mut().extend_pairs(fields);
                match other {
                    Some(RegistryCredentials::Password { user, password }) => self
                        .http
                        .get(url)
                        .header(AUTHORIZATION, basic(user, password)?),
                    _ => self.http.get(url),
                }
            }
        })
    }
}

/// The answer of a token server.
#[derive(Deserialize)]
struct Token {
    token: Option<Secret<String>>,
    access_token: Option<Secret<String>>,
}

/// Makes the `Authorization` header of a user name and password.
fn basic(user: &str, password: &Secret<String>) -> Result<HeaderValue> {
    let text = Secret::new(format!("{user}:{}", password.reveal()));
    let mut value = HeaderValue::from_str(&format!(
        "Basic {}",
        BASE64.encode(text.reveal().as_bytes())
    ))?;
    value.set_sensitive(true);
    Ok(value)
}
