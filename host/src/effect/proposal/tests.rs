use super::*;
use crate::effect::RemoveFile;

fn proposal(requires: &[u32]) -> Proposal {
    Proposal {
        requires: requires.to_vec(),
        ..Proposal::new(Effect::from(RemoveFile { path: "/m".into() }))
    }
}

#[test]
fn proposals_keep_their_order_except_that_required_ones_come_first() {
    assert_eq!(
        order(&[proposal(&[]), proposal(&[]), proposal(&[0])]).unwrap(),
        [0, 1, 2]
    );
    assert_eq!(
        order(&[proposal(&[2]), proposal(&[]), proposal(&[])]).unwrap(),
        [1, 2, 0]
    );
    assert_eq!(
        order(&[proposal(&[1]), proposal(&[0])]).unwrap_err().code,
        kubephase_wit::FailureCode::Cycle
    );
    assert_eq!(
        order(&[proposal(&[7])]).unwrap_err().code,
        kubephase_wit::FailureCode::Cycle
    );
    assert_eq!(order(&[proposal(&[1, 1]), proposal(&[])]).unwrap(), [1, 0]);
}

/// Each requires the one after it, so that the order is the reverse.
#[test]
fn a_long_chain_is_ordered() {
    let count = 100_000;
    let proposals: Vec<Proposal> = (1..=count)
        .map(|next| {
            if next < count {
                proposal(&[next])
            } else {
                proposal(&[])
            }
        })
        .collect();
    assert!(
        order(&proposals)
            .unwrap()
            .into_iter()
            .eq((0..count as usize).rev())
    );
}
