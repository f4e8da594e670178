//! The lines of a request that have a risk, each with the reason.
use crate::wasm::request::Request;
use crate::{
    wasm::gate::{Danger, Dimension, asked_nearby},
    world::reach::Services,
};
use serde_json::{Value, json};

impl Request {
    /// The risks of granting the request to a plugin, each with the line that has it. A line with several
    /// risks is there several times.
    pub fn risky_lines(&self, plugin: &str) -> Vec<(String, Danger)> {
        let mut found: Vec<(String, Danger)> = self
            .requests_by_line()
            .iter()
            .flat_map(|request| dangers(request, plugin))
            .collect();
        // The rule may judge patterns together that are harmless one by one.
        let together: Vec<(String, Danger)> = dangers(self, plugin)
            .into_iter()
            .filter(|(_, danger)| found.iter().all(|(_, by_line)| by_line.risk != danger.risk))
            .collect();
        found.extend(together);
        found
    }

    /// The lines of the request that have servers asked at addresses of this machine, or of Services
    /// of its cluster.
    pub fn nearby_lines(&self, services: Services) -> Vec<(String, Danger)> {
        let requests = self.requests_by_line();
        let dangers = |request: &Request| with_lines(request, asked_nearby(request, services));
        requests.iter().flat_map(dangers).collect()
    }

    /// The different warnings about the risks of those lines that count, in the order of the lines.
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
        let dimensions: Vec<Dimension> = Dimension::ALL
            .into_iter()
            .filter(|dimension| dimension.count(self) > 0)
            .collect();
        let whole = || vec![self.clone()];
        let [dimension] = dimensions.as_slice() else {
            return whole();
        };
        let Ok(Value::Object(mut fields)) = serde_json::to_value(self) else {
            return whole();
        };
        fields.remove(dimension.field());
        let of_pattern = |pattern: Value| {
            let mut fields = fields.clone();
            fields.insert(dimension.field().to_owned(), json!([pattern]));
            serde_json::from_value(Value::Object(fields))
        };
        let split: Result<Vec<Request>, _> = self
            .patterns(*dimension)
            .into_iter()
            .map(of_pattern)
            .collect();
        split.unwrap_or_else(|_| whole())
    }
}

/// The risks of a request, each with each line of the request.
fn dangers(request: &Request, plugin: &str) -> Vec<(String, Danger)> {
    with_lines(request, request.dangers(plugin))
}

fn with_lines(request: &Request, dangers: Vec<Danger>) -> Vec<(String, Danger)> {
    let of_danger = |danger: Danger| {
        let lines = request.lines().into_iter();
        lines.map(move |line| (line, danger.clone()))
    };
    dangers.into_iter().flat_map(of_danger).collect()
}
