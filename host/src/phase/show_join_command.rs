//! `show-join-command`: prints what to do next, and the commands with which nodes join. The words
//! are kubeadm's, because scripts read them.
use super::bootstrap_token::read_admin_kubeconfig;
use crate::render::messages::{self, ControlPlaneJoin, JoinTarget};
use kubephase_sdk::{Failure, Outcome, config, kubeadm::Config, say};

/// The phase `show-join-command`: prints the commands with which nodes join.
///
/// # Errors
/// `not-found` if the admin's kubeconfig does not exist, `invalid` if it cannot be parsed; or the
/// host cannot answer a question.
pub fn show_commands() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let admin = read_admin_kubeconfig(&config.run.kubeconfig)?;
    let key = unless_withheld(
        &config.init.certificate_key,
        config.run.skip_certificate_key_print,
    );
    let control_plane = match (
        config.cluster.control_plane_endpoint.is_empty(),
        config.run.upload_certs,
    ) {
        (true, _) => ControlPlaneJoin::No,
        (false, false) => ControlPlaneJoin::Copied,
        (false, true) => ControlPlaneJoin::Uploaded(&key),
    };
    let join = JoinTarget::from_kubeconfig(&admin);
    for token in &config.init.bootstrap_tokens {
        let token = unless_withheld(&token.token, config.run.skip_token_print);
        say(format!(
            "[] {}",
            messages::initialized(&config.run.kubeconfig, &join, &token, control_plane)
        ));
    }
    Ok(Outcome::Settled)
}

fn unless_withheld(value: &str, withhold: bool) -> String {
    let shown = if withhold { messages::WITHHELD } else { value };
    shown.to_owned()
}
