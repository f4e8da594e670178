//! The lines of a request that have a risk, each with the reason.
use crate::{
    wasm::{
        gate::{Danger, dangers_of_nearby_servers},
        request::Request,
    },
    world::reach::ClusterSubnets,
};
use serde_json::{Value, json};

impl Request {
    /// Returns the risks of granting the request to a plugin, each with the line that has it. A
    /// line with several risks is listed once for each.
    pub fn risky_lines(&self, plugin: &str) -> Vec<(String, Danger)> {
        let mut found: Vec<(String, Danger)> = self
            .requests_by_line()
            .iter()
            .flat_map(|request| dangers(request, plugin))
            .collect();
        // A rule may find a risk in several patterns together, each of which is harmless on its
        // own.
        let of_whole_request: Vec<(String, Danger)> = dangers(self, plugin)
            .into_iter()
            .filter(|(_, danger)| found.iter().all(|(_, by_line)| by_line.risk != danger.risk))
            .collect();
        found.extend(of_whole_request);
        found
    }

    /// Returns the lines of the request that ask servers at addresses of this machine, or of
    /// Services of its cluster.
    pub fn nearby_lines(&self, cluster_subnets: ClusterSubnets) -> Vec<(String, Danger)> {
        let requests = self.requests_by_line();
        requests
            .iter()
            .flat_map(|request| {
                with_lines(request, dangers_of_nearby_servers(request, cluster_subnets))
            })
            .collect()
    }

    /// Returns the warnings about the risks of lines, each once, in the order of the lines.
    /// `counts` returns whether a line counts.
    pub fn warnings(&self, plugin: &str, counts: impl Fn(&String) -> bool) -> Vec<String> {
        let mut warnings: Vec<String> = Vec::new();
        for (line, danger) in self.risky_lines(plugin) {
            let warning = danger.to_string();
            if counts(&line) && !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        warnings
    }

    /// Splits the request into requests of one line each.
    fn requests_by_line(&self) -> Vec<Request> {
        let dimensions = self.dimensions();
        let [dimension] = dimensions.as_slice() else {
            return vec![self.clone()];
        };
        let Ok(Value::Object(mut fields)) = serde_json::to_value(self) else {
            return vec![self.clone()];
        };
        fields.remove(dimension.field());
        let split: Result<Vec<Request>, _> = self
            .patterns(*dimension)
            .into_iter()
            .map(|pattern| {
                let mut fields = fields.clone();
                fields.insert(dimension.field().to_owned(), json!([pattern]));
                serde_json::from_value(Value::Object(fields))
            })
            .collect();
        split.unwrap_or_else(|_| vec![self.clone()])
    }
}

/// Returns the risks of a request, each with each line of the request.
fn dangers(request: &Request, plugin: &str) -> Vec<(String, Danger)> {
    with_lines(request, request.dangers(plugin))
}

/// Pairs each danger with each line of the request.
fn with_lines(request: &Request, dangers: Vec<Danger>) -> Vec<(String, Danger)> {
    let with_lines = dangers.into_iter().flat_map(|danger| {
        let lines = request.lines().into_iter();
        lines.map(move |line| (line, danger.clone()))
    });
    with_lines.collect()
}
