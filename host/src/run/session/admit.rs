//! The way of a call from a phase to the world: the row of the host function admits the call, then
//! the world answers it.
use super::{Hosted, Session, outlet::Answer};
use crate::{
    budget::Budget,
    wasm::gate::{Arguments, HostFunction, Origin, Row},
    world::{World, WorldResult},
};
use kubephase_wit::{Error, Failure, FailureCode, Stop};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// A call of a host function that the gate admitted.
pub(super) struct AdmittedCall<A> {
    pub row: &'static Row,
    pub arguments: A,
    /// the host's resources that the call may use
    pub budget: Budget,
}

impl Session {
    /// Returns the kind of phase that this session belongs to.
    pub(super) fn origin(&self) -> Origin {
        self.0.access.origin()
    }

    /// Whether the phase belongs to a third party's plugin.
    pub fn is_plugin(&self) -> bool {
        self.origin() == Origin::Plugin
    }

    /// Returns the name of the third party's plugin that has the phase; `None` if it is part of the
    /// program.
    pub fn third_party(&self) -> Option<&str> {
        self.0.access.third_party()
    }

    /// Admits a call: counts it, parses its arguments and checks the grant.
    ///
    /// # Errors
    /// `invalid` if an argument is not valid, `denied` if the call was not granted. The phase is
    /// stopped if it calls the function too often.
    pub(super) fn admit<A: Arguments>(
        &self,
        function: &'static HostFunction<A>,
        raw: A::Raw,
    ) -> Hosted<AdmittedCall<A>> {
        let admitted = self.parse(function, raw)?;
        let verdict = self
            .0
            .access
            .check_call(admitted.row, &admitted.arguments.demands());
        verdict.map_err(|message| Failure::new(FailureCode::Denied, message))?;
        Ok(admitted)
    }

    /// Counts a call and parses its arguments, without checking the grant. The grant of a proposal
    /// is checked when the proposal is carried out, because later calls may still change it.
    ///
    /// # Errors
    /// `invalid` if an argument is not valid. The phase is stopped if it calls the function too
    /// often.
    pub(super) fn parse<A: Arguments>(
        &self,
        function: &'static HostFunction<A>,
        raw: A::Raw,
    ) -> Hosted<AdmittedCall<A>> {
        let row = &function.row;
        let allowance = row.allowance;
        if self.is_plugin() {
            self.call().count(row)?;
        }
        let arguments = function
            .admit(raw, self.origin())
            .map_err(|why| Failure::new(FailureCode::Invalid, why))?;
        let time = allowance.time.min(self.time_left());
        Ok(AdmittedCall {
            row,
            arguments,
            budget: Budget::new(allowance.bytes_out, time, &self.0.shared.cancel),
        })
    }

    /// Admits a call of a lookup function, which has no failures. Returns `None` if an argument is
    /// not valid: no thing has such a name.
    ///
    /// # Errors
    /// The phase calls the function too often.
    pub(super) fn admit_lookup<A: Arguments>(
        &self,
        function: &'static HostFunction<A>,
        raw: A::Raw,
    ) -> Result<Option<AdmittedCall<A>>, Stop> {
        match self.admit(function, raw) {
            Ok(admitted) => Ok(Some(admitted)),
            Err(Error::Failure(_)) => Ok(None),
            Err(Error::Stop(stop)) => Err(stop),
        }
    }

    /// Asks the world for an admitted call, and keeps the answer for the phase's capsule. In a
    /// replay the capsule answers instead of the world. The answer is checked by
    /// [`Session::check_credential`].
    ///
    /// # Errors
    /// The failure of the world, `denied` if the answer holds a credential and is for a plugin, or
    /// `timeout` or `cancelled` if the call may no longer work.
    pub(super) fn observe<A: Arguments, T>(
        &self,
        admitted: &AdmittedCall<A>,
        ask: impl FnOnce(&dyn World, &AdmittedCall<A>) -> WorldResult<T>,
    ) -> Hosted<T>
    where
        T: Answer + Serialize + DeserializeOwned,
    {
        let _turn = self.turn_for_answer(admitted.row)?;
        let (call, arguments) = (admitted.row.capability(), admitted.arguments.record());
        let answer = self.0.source.observe(&call, arguments, || {
            admitted.budget.check(&call)?;
            let ask = || ask(self.0.shared.world.as_ref(), admitted);
            // The operator did not grant this call, so the time that the host waits for it counts
            // as the plugin's own.
            let is_free = admitted.row.is_free();
            let answer = match is_free.then(|| self.time_budget()).flatten() {
                Some(budget) => budget.used.add_work(ask),
                None => ask(),
            }?;
            self.check_answer(admitted, &answer)?;
            Ok(answer)
        })?;
        if self.is_plugin() {
            self.count_answer(answer.size())?;
        }
        Ok(answer)
    }

    /// Refuses an answer for a plugin that holds a credential.
    ///
    /// # Errors
    /// `denied`, with the call and the kind of the credential; `timeout` or `cancelled` if the time
    /// of the call ends before that is known.
    fn check_answer<A: Arguments>(
        &self,
        admitted: &AdmittedCall<A>,
        answer: &impl Answer,
    ) -> WorldResult<()> {
        self.check_credential(
            || {
                format!(
                    "the answer to {} of {}",
                    admitted.row.capability(),
                    admitted.arguments.record()
                )
            },
            answer,
            admitted.row.allowance.time,
        )
    }

    /// Asks the world for an admitted call of a function that has no failures. A failure stops the
    /// phase.
    ///
    /// # Errors
    /// The world fails.
    pub(super) fn observe_infallible<A: Arguments, T>(
        &self,
        admitted: &AdmittedCall<A>,
        ask: impl FnOnce(&dyn World, &AdmittedCall<A>) -> WorldResult<T>,
    ) -> Result<T, Stop>
    where
        T: Answer + Serialize + DeserializeOwned,
    {
        self.observe(admitted, ask).map_err(|error| match error {
            Error::Failure(failure) => Stop::msg(failure.to_text()),
            Error::Stop(stop) => stop,
        })
    }

    /// Returns the time that is left of this call of the phase.
    pub(super) fn time_left(&self) -> Duration {
        let spent = self
            .call()
            .began
            .map(|began| self.clock().now().saturating_duration_since(began))
            .unwrap_or_default();
        self.0.limits.deadline.saturating_sub(spent)
    }
}
