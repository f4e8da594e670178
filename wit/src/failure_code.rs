//! The codes of failures that the host gives.
use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// The code of a failure. These are the codes of the host; a plugin may use others.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FailureCode {
            $($(#[$doc])* $name,)*
        }

        impl FailureCode {
            /// Every code of the host.
            pub const ALL: &[FailureCode] = &[$(FailureCode::$name),*];

            /// Returns the code of the host with this text; `None` if the host has no such code.
            pub fn parse(text: &str) -> Option<FailureCode> {
                FailureCode::ALL.iter().copied().find(|code| code.as_str() == text)
            }

            /// Returns the code in the form of the interface.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(FailureCode::$name => $code,)*
                }
            }
        }
    };
}

codes! {
    /// An object of this name exists already.
    AlreadyExists = "already-exists";
    /// Another program uses the file or the resource at the moment.
    Busy = "busy";
    /// The run was cancelled.
    Cancelled = "cancelled";
    /// A program ended with a status other than 0.
    Command = "command";
    /// Another client changed the object in between.
    Conflict = "conflict";
    /// Proposals depend on each other in a circle.
    Cycle = "cycle";
    /// The grant, the file system or the host does not allow the call.
    Denied = "denied";
    /// The API server does not allow the request.
    Forbidden = "forbidden";
    /// A server reported a problem that another try does not avoid.
    GivenUp = "given-up";
    /// An argument, a file or an answer is not valid.
    Invalid = "invalid";
    /// The operating system reports an error.
    Io = "io";
    /// A limit on bytes, memory or numbers is reached.
    Limit = "limit";
    /// The disk is full.
    NoSpace = "no-space";
    /// A world that stands for a machine cannot know the answer.
    NotChecked = "not-checked";
    /// The file, the object or the name does not exist.
    NotFound = "not-found";
    /// A recording holds no answer, because the answer was a credential.
    NotRecorded = "not-recorded";
    /// The host stopped the call.
    Stopped = "stopped";
    /// A time limit is reached.
    Timeout = "timeout";
    /// The server does not know the client.
    Unauthorized = "unauthorized";
    /// A server cannot be reached, or does not work at the moment.
    Unavailable = "unavailable";
    /// The server does not have this function.
    Unimplemented = "unimplemented";
    /// The call has no proposal of this number.
    NoSuchEffect = "no-such-effect";
    /// The function does not apply to this kind of proposal.
    WrongKind = "wrong-kind";
    /// The file system is mounted read-only.
    ReadOnly = "read-only";
    /// A key does not belong to its certificate.
    WrongKey = "wrong-key";
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AsRef<str> for FailureCode {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<FailureCode> for String {
    fn eq(&self, code: &FailureCode) -> bool {
        self == code.as_str()
    }
}
