//! The owner that a proposed file is to have.
use super::{Arguments, Origin};
use crate::arguments::UserId;
use serde_json::{Value, json};

/// The handle of a proposal, and the user and group that its file is to have.
#[derive(Debug)]
pub struct NewOwner {
    pub of: u32,
    pub user: UserId,
    pub group: UserId,
}

impl Arguments for NewOwner {
    type Raw = (u32, u32, u32);
    const KINDS: &'static [&'static str] = &[UserId::WHAT, UserId::WHAT];

    fn length(_: &Self::Raw) -> usize {
        size_of::<Self::Raw>()
    }

    fn parse((of, user, group): Self::Raw, _: Origin) -> Result<Self, String> {
        Ok(NewOwner {
            of,
            user: UserId::parse(user)?,
            group: UserId::parse(group)?,
        })
    }

    fn record(&self) -> Value {
        json!([self.of, self.user, self.group])
    }
}
