//! Whether the API servers of the cluster answer at an address of the control plane.
use super::retry;
use crate::{
    backoff::{Backoff, NextTry},
    budget::Budget,
    cancel::Cancel,
    discovery::anonymous_kubeconfig,
    effect::Context,
    world::{WorldResult, text_file::read_text},
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use std::time::Duration;

/// Number of connections over which an API server has to answer. A load balancer leads each
/// connection to another server, and one of these may not have the name in its certificate.
const CONNECTIONS: usize = 10;
/// The pauses between the connections.
const BETWEEN: Backoff = Backoff::constant(Duration::from_millis(20), Duration::from_secs(5));

/// Checks that an API server answers over each of several new connections, whom it serves or not.
///
/// # Errors
/// Retryable if none answers over the first connection: the address may become usable later. Not
/// retryable if a further one fails, because a later check could meet only good servers.
pub(super) fn check_endpoint(url: &str, authorities: &str, context: &Context) -> WorldResult<()> {
    let pem = read_text(context.world.files(), authorities)?.unwrap_or_default();
    let nobody = anonymous_kubeconfig(url, Some(&pem));
    over_connections(context.cancel, &mut || {
        // The client of each call has a connection of its own.
        let cluster = context.world.cluster().as_holder_of(&nobody)?;
        match cluster.get(&ObjectRef::cluster_info()) {
            Err(failure)
                if !matches!(
                    failure.known_code(),
                    Some(FailureCode::Forbidden | FailureCode::Unauthorized)
                ) =>
            {
                Err(retry(failure))
            }
            _ => Ok(()),
        }
    })
}

/// Asks once for each connection.
fn over_connections(cancel: &Cancel, ask: &mut dyn FnMut() -> WorldResult<()>) -> WorldResult<()> {
    ask()?;
    let mut tries = BETWEEN.start();
    for number in 2..=CONNECTIONS {
        match tries.wait(cancel) {
            NextTry::Due => {}
            NextTry::Cancelled => {
                return Err(Budget::cancelled_failure("the wait for an API server"));
            }
            // The servers are slow; those that were asked answered.
            NextTry::OutOfTime => return Ok(()),
        }
        ask().map_err(|failure| Failure {
            retryable: false,
            message: format!(
                "an API server answers at the address, but not over every connection: number \
                 {number} of {CONNECTIONS} failed: {}",
                failure.message
            ),
            ..failure
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks servers in turn, of which some do not answer. Returns how many were asked, and the
    /// failure.
    fn ask(servers: &[bool]) -> (usize, Option<Failure>) {
        let mut asked = 0;
        let result = over_connections(&Cancel::never(), &mut || {
            asked += 1;
            match servers[(asked - 1) % servers.len()] {
                true => Ok(()),
                false => Err(Failure {
                    retryable: true,
                    ..Failure::new(FailureCode::Unavailable, "its certificate has no such name")
                }),
            }
        });
        (asked, result.err())
    }

    #[test]
    fn each_server_behind_the_address_has_to_answer() {
        assert_eq!(ask(&[true]), (CONNECTIONS, None));
        let (asked, failure) = ask(&[true, true, false]);
        let failure = failure.unwrap();
        assert_eq!(asked, 3);
        assert!(
            !failure.retryable,
            "a later check could meet only good ones"
        );
        assert!(
            failure
                .message
                .ends_with("number 3 of 10 failed: its certificate has no such name"),
            "{}",
            failure.message
        );
    }

    #[test]
    fn an_address_at_which_nothing_answers_is_asked_again_later() {
        let (asked, failure) = ask(&[false, true]);
        assert_eq!(asked, 1);
        assert!(failure.unwrap().retryable);
    }
}
