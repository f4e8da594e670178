//! What one call of a phase proposed: effects in order, with their reasons and the order asked for.
use super::Effect;
use crate::world::Tried;
use kubephase_wit::Failure;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    pub effect: Effect,
    pub because: Option<String>,
    /// the line to print when it is carried out
    pub announce: Option<String>,
    /// the warning that is all that comes of it where it cannot be carried out; `{}` stands for why
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
    /// carried out even where one before it failed, so that nothing half-done stays
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub regardless: bool,
    /// earlier proposals of the same call, by position
    pub requires: Vec<u32>,
}

impl Proposal {
    pub fn new(effect: Effect) -> Self {
        Proposal { effect, because: None, announce: None, attempt: None, regardless: false, requires: Vec::new() }
    }
}

/// The order to carry proposals out in: that of proposing, but each after what it requires.
///
/// # Errors
/// `cycle` where proposals require each other.
pub fn order(proposals: &[Proposal]) -> Tried<Vec<usize>> {
    let mut order = Vec::with_capacity(proposals.len());
    let mut placed = vec![false; proposals.len()];
    while order.len() < proposals.len() {
        let ready = |at: &usize| !placed[*at] && proposals[*at].requires.iter().all(|earlier| placed.get(*earlier as usize) == Some(&true));
        let Some(next) = (0..proposals.len()).find(ready) else {
            return Err(Failure::new("cycle", "proposals require each other"));
        };
        placed[next] = true;
        order.push(next);
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(requires: &[u32]) -> Proposal {
        Proposal { requires: requires.to_vec(), ..Proposal::new(Effect::RemoveFile { path: "/m".into() }) }
    }

    #[test]
    fn keeps_the_order_of_proposing_but_for_what_is_required() {
        assert_eq!(order(&[proposal(&[]), proposal(&[]), proposal(&[0])]).unwrap(), [0, 1, 2]);
        assert_eq!(order(&[proposal(&[2]), proposal(&[]), proposal(&[])]).unwrap(), [1, 2, 0]);
        assert_eq!(order(&[proposal(&[1]), proposal(&[0])]).unwrap_err().code, "cycle");
        assert_eq!(order(&[proposal(&[7])]).unwrap_err().code, "cycle");
    }
}
