//! The way of a call from a phase to the world: through the row of its host function, and no other way.
use super::{Hosted, Session};
use crate::{
    wasm::{
        gate::{Arguments, HostFunction, Origin, Row},
        limits::MAX_ANSWERED_BYTES,
    },
    world::{Tried, World, budget::Budget},
};
use kubephase_wit::{Error, Failure, Stop};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// A call that the gate admitted.
pub(super) struct Admitted<A> {
    pub row: &'static Row,
    pub arguments: A,
    /// what the call may use of the host
    pub budget: Budget,
}

impl Session {
    /// Whose calls these are.
    pub(super) fn origin(&self) -> Origin {
        self.0.access.origin()
    }

    /// Whether these are calls of a plugin that is not part of the program.
    pub fn is_plugin(&self) -> bool {
        self.origin() == Origin::Plugin
    }

    /// Admits a call: it is counted, its arguments are parsed, and the grant is asked.
    ///
    /// # Errors
    /// `invalid` for arguments that do not fit, `denied` for what was not granted; the phase is stopped where it calls the
    /// function too often.
    pub(super) fn admit<A: Arguments>(&self, function: &'static HostFunction<A>, raw: A::Raw) -> Hosted<Admitted<A>> {
        let admitted = self.parse(function, raw)?;
        let verdict = self.0.access.call(admitted.row, &admitted.arguments.asks());
        verdict.map_err(|message| Failure::new("denied", message))?;
        Ok(admitted)
    }

    /// Admits a proposal: its arguments are parsed. What it asks for is decided when it is carried out, with all that was
    /// said about it.
    ///
    /// # Errors
    /// `invalid` for arguments that do not fit; the phase is stopped where it calls the function too often.
    pub(super) fn parse<A: Arguments>(&self, function: &'static HostFunction<A>, raw: A::Raw) -> Hosted<Admitted<A>> {
        let row = &function.row;
        let allowance = row.allowance;
        if self.is_plugin() {
            self.call().count(row)?;
        }
        let arguments = function.admit(raw, self.origin()).map_err(|why| Failure::new("invalid", why))?;
        let time = allowance.time.min(self.time_left());
        Ok(Admitted { row, arguments, budget: Budget::new(allowance.bytes_out, time, &self.0.shared.cancel) })
    }

    /// Admits a call of a function that cannot fail; none where its arguments do not fit, for there is nothing of that name.
    ///
    /// # Errors
    /// Where the phase calls the function too often.
    pub(super) fn admit_lookup<A: Arguments>(&self, function: &'static HostFunction<A>, raw: A::Raw) -> Result<Option<Admitted<A>>, Stop> {
        match self.admit(function, raw) {
            Ok(admitted) => Ok(Some(admitted)),
            Err(Error::Failure(_)) => Ok(None),
            Err(Error::Stop(stop)) => Err(stop),
        }
    }

    /// Asks the world for an admitted call; the answer is kept for the phase's capsule, and in a replay it is the answer of
    /// then.
    pub(super) fn observe<A: Arguments, T>(
        &self,
        admitted: &Admitted<A>,
        ask: impl FnOnce(&dyn World, &Admitted<A>) -> Tried<T>,
    ) -> Hosted<T>
    where
        T: Serialize + DeserializeOwned,
    {
        let ask = || {
            admitted.budget.check(&admitted.row.capability())?;
            ask(self.0.shared.world.as_ref(), admitted)
        };
        Ok(self.0.sight.look(&admitted.row.capability(), admitted.arguments.record(), ask)?)
    }

    /// The same, of what cannot fail.
    pub(super) fn look<A: Arguments, T>(
        &self,
        admitted: &Admitted<A>,
        ask: impl FnOnce(&dyn World, &Admitted<A>) -> Tried<T>,
    ) -> Result<T, Stop>
    where
        T: Serialize + DeserializeOwned,
    {
        self.observe(admitted, ask).map_err(|error| match error {
            Error::Failure(failure) => Stop::msg(failure.message),
            Error::Stop(stop) => stop,
        })
    }

    /// Hands an answer to the phase, as JSON.
    ///
    /// # Errors
    /// Where the phase was given too much already.
    pub(super) fn answer<T: Serialize>(&self, answer: &T) -> Result<String, Stop> {
        let text = super::json(answer)?;
        self.answered(text.len())?;
        Ok(text)
    }

    /// Counts bytes that are handed to the phase.
    ///
    /// # Errors
    /// Where the phase was given too much already.
    pub(super) fn answered(&self, bytes: usize) -> Result<(), Stop> {
        if !self.is_plugin() {
            return Ok(());
        }
        let mut call = self.call();
        super::spend(&mut call.answered_bytes, bytes, MAX_ANSWERED_BYTES, "answers")
    }

    /// How long the host may still work for this call of the phase.
    pub(super) fn time_left(&self) -> Duration {
        let spent = self.call().began.map(|began| began.elapsed()).unwrap_or_default();
        self.0.limits.deadline.saturating_sub(spent)
    }
}
