//! Answers of the host as bytes.
use kubephase_sdk::{CommandOutput, Effect, Failure, FileMeta, HttpReply};

/// The answer of the host, as bytes.
pub type Answer = Result<Vec<u8>, Failure>;

/// Turns the value that a host function returns into bytes.
pub trait IntoAnswer {
    fn into_answer(self) -> Answer;
}

impl IntoAnswer for () {
    fn into_answer(self) -> Answer {
        Ok(Vec::new())
    }
}

impl IntoAnswer for bool {
    fn into_answer(self) -> Answer {
        Ok(self.to_string().into_bytes())
    }
}

impl IntoAnswer for u32 {
    fn into_answer(self) -> Answer {
        Ok(self.to_string().into_bytes())
    }
}

impl IntoAnswer for String {
    fn into_answer(self) -> Answer {
        Ok(self.into_bytes())
    }
}

impl IntoAnswer for Vec<u8> {
    fn into_answer(self) -> Answer {
        Ok(self)
    }
}

impl IntoAnswer for Vec<String> {
    fn into_answer(self) -> Answer {
        Ok(self.join("\n").into_bytes())
    }
}

impl IntoAnswer for Effect {
    fn into_answer(self) -> Answer {
        self.id.into_answer()
    }
}

impl IntoAnswer for FileMeta {
    fn into_answer(self) -> Answer {
        Ok(format!("{} {:o} {} bytes", self.kind, self.mode, self.size).into_bytes())
    }
}

impl IntoAnswer for CommandOutput {
    fn into_answer(self) -> Answer {
        Ok(format!("{} {}{}", self.status, self.stdout, self.stderr).into_bytes())
    }
}

impl IntoAnswer for HttpReply {
    fn into_answer(self) -> Answer {
        Ok([format!("{} ", self.status).into_bytes(), self.body].concat())
    }
}

impl<T: IntoAnswer> IntoAnswer for Option<T> {
    fn into_answer(self) -> Answer {
        self.map_or_else(|| Ok(b"none".to_vec()), IntoAnswer::into_answer)
    }
}

impl<T: IntoAnswer> IntoAnswer for Result<T, Failure> {
    fn into_answer(self) -> Answer {
        self.and_then(IntoAnswer::into_answer)
    }
}
