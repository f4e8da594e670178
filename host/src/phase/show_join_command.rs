//! `show-join-command`: what to do next, and the commands with which nodes join (kubeadm's words:
//! scripts read them).
use super::bootstrap_token::read_admin_kubeconfig;
use crate::render::messages::{self, ControlPlaneJoin, JoinTarget};
use kubephase_sdk::{Failure, Outcome, config, kubeadm::Config, say};

pub fn show_commands() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let admin = read_admin_kubeconfig(&config.run.kubeconfig)?;
    let withheld = |value: &str, withhold: bool| {
        if withhold {
            messages::WITHHELD.to_owned()
        } else {
            value.to_owned()
        }
    };
    let key = withheld(
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
    let join = JoinTarget::of_cluster(&admin);
    for token in &config.init.bootstrap_tokens {
        let token = withheld(&token.token, config.run.skip_token_print);
        say(format!(
            "[] {}",
            messages::initialized(&config.run.kubeconfig, &join, &token, control_plane)
        ));
    }
    Ok(Outcome::Settled)
}
