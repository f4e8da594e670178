//! Health probes: HTTP requests to a port of the container.
use crate::render::last_flag_value;
use kubephase_sdk::kubeadm::{Arg, Config, Duration};
use serde_json::{Value, json};

/// The name of the port that probes go to.
pub(super) const PORT: &str = "probe-port";
/// Seconds before the first request of the liveness and startup probes, and between two requests.
const PERIOD_SECONDS: i64 = 10;
/// Time limit of the health check if the configuration has none (kubeadm's).
const DEFAULT_STARTUP: Duration = Duration::from_secs(240);

/// The probes of a component: their address, and the path of each.
pub(super) struct Probes<'a> {
    pub host: String,
    pub scheme: &'a str,
    pub liveness: &'a str,
    pub readiness: Option<&'a str>,
    pub startup: &'a str,
    pub startup_failures: i64,
}

impl Probes<'_> {
    /// Adds the probes to a container. `port` is the name of a port of the container, or a number.
    pub(super) fn add_to(&self, container: &mut Value, port: &Value) {
        let timing = (PERIOD_SECONDS, PERIOD_SECONDS);
        container["livenessProbe"] = self.probe(self.liveness, port, 8, timing);
        container["startupProbe"] = self.probe(self.startup, port, self.startup_failures, timing);
        if let Some(path) = self.readiness {
            container["readinessProbe"] = self.probe(path, port, 3, (0, 1));
        }
    }

    /// Returns a probe. The initial delay and the period are in seconds. Leaves out an initial
    /// delay and a number of failures of 0, and an empty host, as Go's JSON does (`omitempty`).
    fn probe(
        &self,
        path: &str,
        port: &Value,
        failures: i64,
        (initial_delay, period): (i64, i64),
    ) -> Value {
        let mut probe = json!({
            "httpGet": { "path": path, "port": port, "scheme": self.scheme },
            "timeoutSeconds": 15,
            "periodSeconds": period,
        });
        if !self.host.is_empty() {
            probe["httpGet"]["host"] = self.host.as_str().into();
        }
        for (name, value) in [
            ("initialDelaySeconds", initial_delay),
            ("failureThreshold", failures),
        ] {
            if value != 0 {
                probe[name] = value.into();
            }
        }
        probe
    }
}

/// Returns the number of failures of the startup probe for which the time limit of the health check
/// suffices.
pub(super) fn startup_failures(config: &Config) -> i64 {
    let timeouts = config.init.timeouts.as_ref();
    let limit = timeouts
        .and_then(|timeouts| timeouts.control_plane_component_health_check)
        .unwrap_or(DEFAULT_STARTUP);
    let period = Duration::from_secs(PERIOD_SECONDS).0;
    limit.0.div_euclid(period) + i64::from(limit.0.rem_euclid(period) != 0)
}

/// Returns the address at which to probe a component that listens on 127.0.0.1 unless the user sets
/// its flag `bind-address`.
pub(super) fn bind_address_to_probe(arguments: &[Arg]) -> String {
    address_to_probe(last_flag_value(arguments, "bind-address").unwrap_or("127.0.0.1"))
}

/// Returns the address at which to probe a component that listens at `address`. For a component
/// that listens at all addresses it is empty: the kubelet then uses the Pod's address.
pub(super) fn address_to_probe(address: &str) -> String {
    if ["0.0.0.0", "::"].contains(&address) {
        String::new()
    } else {
        address.into()
    }
}
