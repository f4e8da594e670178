//! The WIT package `kubephase:plugin` as Rust: the traits that the host implements, the trait that
//! every phase implements, and their types. All of it is generated from the interface, except for
//! the errors, [`Imports`] and the constructors of [`ObjectRef`].

mod generated {
    wasmtime::component::bindgen!({
        world: "engine",
        path: ".",
        imports: { default: trappable },
        trappable_error_type: { "kubephase:plugin/types.failure" => crate::Error },
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    });
}

mod failure_code;
mod object_ref;

pub use failure_code::FailureCode;
pub use generated::exports::kubephase::plugin as guest;
pub use generated::kubephase::plugin::*;
pub use types::*;

/// The reason why a call into the host ended the phase: a limit, the deadline, a cancelled run, a
/// trap.
pub use wasmtime::Error as Stop;

/// The error of a host function.
#[derive(Debug)]
pub enum Error {
    /// goes to the phase, which may handle it
    Failure(Failure),
    /// ends the phase
    Stop(Stop),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Error::Failure(failure)
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        Error::Stop(stop)
    }
}

impl Failure {
    /// Returns a failure that another try would not avoid.
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Failure {
            code: code.as_str().to_owned(),
            message: message.into(),
            retryable: false,
            remedy: None,
        }
    }

    /// Returns the code, or `None` if it is one that only a plugin uses.
    pub fn known_code(&self) -> Option<FailureCode> {
        FailureCode::parse(&self.code)
    }

    /// Returns the message, and on a second line the remedy, if there is one.
    pub fn to_text(&self) -> String {
        match &self.remedy {
            Some(remedy) => format!("{}\n{remedy}", self.message),
            None => self.message.clone(),
        }
    }

    /// Returns an error for the operator: the message, and the remedy on a line of its own.
    pub fn into_error(self) -> anyhow::Error {
        anyhow::Error::msg(self.to_text())
    }
}

macro_rules! imports { ($($interface:ident)*) => {
    /// All interfaces that a phase can import, as one object-safe trait.
    pub trait Imports: Send $(+ $interface::Host)* {}
    impl<T: Send $(+ $interface::Host)* + ?Sized> Imports for T {}

    /// Links every interface of `world core-plugin`.
    pub fn add_to_linker<T: 'static, D>(
        linker: &mut wasmtime::component::Linker<T>,
        get: fn(&mut T) -> D::Data<'_>,
    ) -> wasmtime::Result<()>
    where
        D: wasmtime::component::HasData,
        for<'a> D::Data<'a>: types::Host $(+ $interface::Host)*,
    {
        types::add_to_linker::<T, D>(linker, get)?;
        $($interface::add_to_linker::<T, D>(linker, get)?;)*
        Ok(())
    }
} }

imports!(
    input report
    observe_node observe_files observe_net observe_runtime observe_pki observe_cluster
    observe_command observe_core
    effects effects_files effects_pki effects_cluster effects_node effects_images effects_command
    effects_core
);

#[cfg(test)]
mod tests {
    use super::{Failure, FailureCode};

    #[test]
    fn an_error_keeps_the_remedy_of_its_failure() {
        let plain = Failure::new(FailureCode::Invalid, "the key is damaged");
        assert_eq!(plain.clone().into_error().to_string(), "the key is damaged");
        let failure = Failure {
            remedy: Some("remove it".into()),
            ..plain
        };
        assert_eq!(
            failure.into_error().to_string(),
            "the key is damaged\nremove it"
        );
    }
}
