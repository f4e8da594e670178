//! The client of the API. It blocks, so it is called from plain threads.
//!
//! `connection` makes a connection from a kubeconfig, `requests` sends requests and retries them,
//! `answers` reads answers and turns errors into failures, `methods` is the client as
//! [`Cluster`](crate::world::Cluster).
mod answers;
mod connection;
mod methods;
mod requests;
#[cfg(test)]
mod tests;

use super::{Credentials, Resolver, RetryLimit};
use crate::{
    arguments::json,
    secret::Secret,
    world::{Files, WorldResult},
};
use connection::CachedConnection;
use kubephase_wit::{Failure, FailureCode};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// Limits of an answer. A list of two thousand Pods fits.
const ANSWER: AnswerLimits = AnswerLimits {
    text: 24 << 20,
    values: 96 << 20,
};
/// Limits of an answer for a kubeconfig that is given as text. Its server may not be trusted yet,
/// and is asked only for single objects. No object is larger than etcd's 1.5 MiB.
const ANSWER_TO_TEXT: AnswerLimits = AnswerLimits {
    text: 4 << 20,
    values: json::MAX_DOCUMENT,
};

/// Limits of an answer of the server.
#[derive(Clone, Copy)]
struct AnswerLimits {
    /// Bytes of the text.
    text: usize,
    /// Bytes of memory for the values of the text.
    values: usize,
}

/// A client of the API. Blocks; to be called from plain threads.
#[derive(Clone)]
pub struct ApiClient {
    handle: Handle,
    files: Arc<dyn Files>,
    credentials: Credentials,
    resolver: Arc<dyn Resolver>,
    retry_limit: RetryLimit,
    answer_limits: AnswerLimits,
    /// The kubeconfig that the operator named on the command line, if any. Programs that
    /// authenticate its user (`exec`, `auth-provider`) are run; those of another kubeconfig are
    /// not.
    operator_credentials: Option<Credentials>,
    /// Whether the server only returns the result of changes, without making them.
    dry_run: bool,
    connection: Arc<Mutex<Option<CachedConnection>>>,
}

impl ApiClient {
    /// Returns a client. `files` has the kubeconfig if it is a file, and the files that it names.
    pub fn new(
        handle: Handle,
        files: Arc<dyn Files>,
        credentials: Credentials,
        resolver: Arc<dyn Resolver>,
        retry_limit: RetryLimit,
    ) -> Self {
        ApiClient {
            handle,
            files,
            credentials,
            resolver,
            retry_limit,
            answer_limits: ANSWER,
            operator_credentials: None,
            dry_run: false,
            connection: Arc::default(),
        }
    }

    /// Returns this client, changed so that it runs the programs by which its kubeconfig
    /// authenticates the user. Only for a kubeconfig that the operator named on the command line.
    #[must_use]
    pub fn with_programs(self) -> ApiClient {
        let credentials = self.credentials.clone();
        self.with_programs_of(credentials)
    }

    /// Returns this client, changed so that it runs such programs whenever it uses this kubeconfig,
    /// and not when it uses another.
    #[must_use]
    pub fn with_programs_of(self, credentials: Credentials) -> ApiClient {
        ApiClient {
            operator_credentials: Some(credentials),
            ..self
        }
    }

    /// Returns this client, changed so that it changes nothing in the cluster: the server returns
    /// the result of each change without making it (server-side dry run, `dryRun=All`).
    #[must_use]
    pub fn with_dry_run(self) -> ApiClient {
        ApiClient {
            dry_run: true,
            ..self
        }
    }

    /// Returns a client for this server with other credentials. Each request is tried once.
    fn with_credentials(&self, credentials: Credentials) -> ApiClient {
        let connection = if credentials == self.credentials {
            self.connection.clone()
        } else {
            Arc::default()
        };
        let answer_limits = if matches!(credentials, Credentials::Text(_)) {
            ANSWER_TO_TEXT
        } else {
            ANSWER
        };
        let retry_limit = RetryLimit {
            duration: Duration::ZERO,
            ..self.retry_limit.clone()
        };
        ApiClient {
            credentials,
            connection,
            retry_limit,
            answer_limits,
            ..self.clone()
        }
    }

    /// Returns a client for this server with the credentials of a kubeconfig of the node.
    ///
    /// # Errors
    /// `not-found` if the file does not exist.
    pub fn with_file(&self, path: &str) -> WorldResult<ApiClient> {
        if self.files.stat(path)?.is_none() {
            return Err(Failure::new(
                FailureCode::NotFound,
                format!("{path} does not exist"),
            ));
        }
        Ok(self.with_credentials(Credentials::File(path.to_owned())))
    }

    /// Returns a client for this server with the credentials of a kubeconfig that is given as text.
    pub fn with_text(&self, kubeconfig: &Secret<String>) -> ApiClient {
        self.with_credentials(Credentials::from_text(kubeconfig))
    }
}
