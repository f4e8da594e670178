//! `show-join-command`: what to do next, and the commands with which nodes join (kubeadm's words: scripts read them).
use super::bootstrap_token::admin;
use crate::render::messages;
use kubephase_sdk::{Failure, Outcome, Phase, PhaseInfo, config, kubeadm::Config, say};

pub struct ShowJoinCommand;

impl Phase for ShowJoinCommand {
    fn describe() -> PhaseInfo {
        super::info("show-join-command", "Shows the commands with which nodes join")
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        let admin = admin(&config.run.kubeconfig)?;
        for token in &config.init.bootstrap_tokens {
            say(format!("[] {}", messages::initialized(&config, &admin, &token.token)));
        }
        Ok(Outcome::Settled)
    }
}
