//! A check that a service keeps the clock in time, because certificates and leases depend on it. If
//! the service is chrony, its distance from true time has to be small.
use kubephase_sdk::prelude::*;

check!(check_clock);

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    services: Vec<String>,
    max_offset_millis: f64,
}

fn check_clock() -> Checked<Vec<Finding>> {
    let Settings {
        services,
        max_offset_millis,
    } = settings()?;
    let Some(service) = services.iter().find(|name| is_active(name)) else {
        let remedy = "install and start chrony: `apt-get install chrony`";
        return Ok(vec![
            fail("TimeSync", "no service keeps the clock in time")
                .evidence("services", services.join(" "))
                .remedy(remedy),
        ]);
    };
    let synced = pass("TimeSync", format!("{service} keeps the clock in time"));
    if service != "chronyd" && service != "chrony" {
        return Ok(vec![synced]);
    }
    Ok(vec![synced, check_offset(max_offset_millis)])
}

/// Whether a service runs. A service whose state the host cannot answer counts as stopped.
fn is_active(name: &str) -> bool {
    node::service(name)
        .ok()
        .flatten()
        .is_some_and(|state| state.active)
}

/// Compares the distance from true time, according to `chronyc tracking`, with a limit.
fn check_offset(max_millis: f64) -> Finding {
    let output = observe_command::run_command("chronyc", &["tracking".into()]);
    let line = output.as_ref().ok().and_then(|output| {
        output
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("System time"))
    });
    let seconds = line.and_then(|line| {
        line.trim_start_matches([' ', ':'])
            .split(' ')
            .next()?
            .parse::<f64>()
            .ok()
    });
    match seconds.map(|seconds| seconds * 1e3) {
        None => could_not_run("TimeOffset", "chronyc did not say how far off the clock is"),
        Some(offset) if offset <= max_millis => {
            pass("TimeOffset", format!("{offset:.1} ms off")).evidence("offsetMillis", offset)
        }
        Some(offset) => concern(
            "TimeOffset",
            format!("{offset:.1} ms off, {max_millis} are let pass"),
        )
        .evidence("offsetMillis", offset),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_has_the_expected_result() {
        kubephase_sdk::testing::run_cases::<super::Plugin>("cases");
    }
}
