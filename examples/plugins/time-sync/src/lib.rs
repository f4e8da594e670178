//! The clock is kept in time: a service that does so runs, and where chrony can be asked, it is not
//! far off. Certificates and leases depend on it.
use kubephase_sdk::prelude::*;

check!(time);

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    services: Vec<String>,
    max_offset_millis: f64,
}

fn time() -> Checked<Vec<Finding>> {
    let Settings {
        services,
        max_offset_millis,
    } = settings()?;
    let runs = |name: &&String| {
        observe_node::service(name)
            .ok()
            .flatten()
            .is_some_and(|state| state.contains("\"active\":true"))
    };
    let Some(service) = services.iter().find(runs) else {
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
    Ok(vec![synced, offset(max_offset_millis)])
}

/// What `chronyc tracking` says of the distance to true time.
fn offset(most: f64) -> Finding {
    let said = observe_command::run_command("chronyc", &["tracking".into()]);
    let line = said.as_ref().ok().and_then(|said| {
        said.stdout
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
        Some(off) if off <= most => {
            pass("TimeOffset", format!("{off:.1} ms off")).evidence("offsetMillis", off)
        }
        Some(off) => concern(
            "TimeOffset",
            format!("{off:.1} ms off, {most} are let pass"),
        )
        .evidence("offsetMillis", off),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_comes_out_as_expected() {
        kubephase_sdk::testing::run_cases::<super::Plugin>("cases");
    }
}
