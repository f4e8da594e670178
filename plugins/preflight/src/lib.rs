//! Local stand-in.
use kubephase_sdk::{Failure, Outcome, Phase, PhaseInfo};
pub struct Preflight;
impl Phase for Preflight {
    fn describe() -> PhaseInfo {
        PhaseInfo { name: "preflight".into(), summary: "stand-in".into(), annotations: Vec::new() }
    }
    fn run() -> Result<Outcome, Failure> {
        Ok(Outcome::Settled)
    }
}
kubephase_sdk::export!(Preflight);
