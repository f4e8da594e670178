//! `kubelet`: whether the kubelet runs and is healthy.
use super::{read, unseen};
use crate::render::kubelet;
use kubephase_sdk::{
    Failure, Finding, Outcome, codes,
    finding::{With, could_not_run, fail, pass, skipped},
    node, node_fact, observe_core, report,
};

/// The phase `kubelet`: checks that the kubelet runs and is healthy.
///
/// # Errors
/// The host cannot answer a question.
pub fn check_kubelet() -> Result<Outcome, Failure> {
    let (config, _) = read()?;
    report::submit(&check_service()?);
    let code = codes::KUBELET_HEALTH;
    let Some(url) = kubelet::health_url(&config) else {
        let why = "healthzPort of the KubeletConfiguration is 0";
        report::submit(&skipped(code, why));
        return Ok(Outcome::Settled);
    };
    report::submit(&check_health(&url).evidence("url", &url));
    Ok(Outcome::Settled)
}

fn check_service() -> Result<Finding, Failure> {
    let code = codes::KUBELET_SERVICE;
    let Some(service) = node::service("kubelet")? else {
        let why = "this machine has no init system that is known here (systemd, OpenRC)";
        return Ok(could_not_run(code, why));
    };
    if !service.exists {
        let message = "this machine has no service of the kubelet";
        return Ok(fail(code, message).remedy(
            "install the package of the kubelet, in the version of the cluster or up to three \
             minors older",
        ));
    }
    if service.active {
        return Ok(pass(code, "it is active"));
    }
    Ok(fail(code, "the service of the kubelet does not run")
        .evidence("enabled", service.enabled)
        .remedy(commands()?))
}

fn check_health(url: &str) -> Finding {
    let code = codes::KUBELET_HEALTH;
    match observe_core::component_health(url) {
        Ok(200) => pass(code, "it is healthy"),
        Ok(status) => fail(
            code,
            format!("the kubelet is not healthy: it answers {status}"),
        )
        .remedy("look at its log: `journalctl -u kubelet -n 50 --no-pager`"),
        Err(failure) => {
            let finding = unseen(code, failure);
            let remedy = finding.remedy.clone();
            finding.remedy(remedy.unwrap_or_else(|| {
                "start the kubelet; if it ends again, its log says why: `journalctl -u kubelet -n \
                 50 --no-pager`"
                    .to_owned()
            }))
        }
    }
}

/// Returns the commands that start the service, and show why it does not run.
fn commands() -> Result<String, Failure> {
    let is_openrc = node_fact::<String>("initSystem")?.as_deref() == Some("openrc");
    Ok(if is_openrc {
        "`rc-service kubelet start`; if it ends again, its log says why: `tail -n 50 \
         /var/log/kubelet/kubelet.log`"
    } else {
        "`systemctl enable --now kubelet`; if it ends again, its log says why: `journalctl -u \
         kubelet -n 50 --no-pager`"
    }
    .to_owned())
}
