//! Chooses the figures of a set of measurements to list and compare.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// All results of a set, by the name of the file that they came from.
pub type Results = BTreeMap<String, Value>;

#[derive(Clone, Debug, Serialize)]
pub struct Metric {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    /// A rate, say, and not a cost.
    #[serde(skip)]
    pub more_is_better: bool,
    /// Compared with the baseline: ratios and other figures that depend little on the machine.
    #[serde(skip)]
    pub compared: bool,
}

impl Metric {
    fn cost(name: &str, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            value: (value * 1e4).round() / 1e4,
            unit,
            more_is_better: false,
            compared: true,
        }
    }

    fn rate(name: &str, value: f64, unit: &'static str) -> Self {
        Self {
            more_is_better: true,
            ..Self::cost(name, value, unit)
        }
    }

    /// Depends on the machine too much to be compared.
    fn informative(self) -> Self {
        Self {
            compared: false,
            ..self
        }
    }
}

/// The first report of a result of the load tool.
fn report<'a>(results: &'a Results, name: &str) -> Option<&'a Value> {
    results.get(name)?.pointer("/reports/0")
}

/// Something that only this scenario measures.
pub fn figure<'a>(results: &'a Results, name: &str, pointer: &str) -> Option<&'a Value> {
    report(results, name)?.get("figures")?.pointer(pointer)
}

/// Figures with each number of workers.
pub fn scaling(results: &Results) -> impl Iterator<Item = &Value> {
    let scaling = results
        .get("scaling")
        .and_then(|result| result.get("scaling"));
    scaling.and_then(Value::as_array).into_iter().flatten()
}

/// CPU nanoseconds of a forwarded packet by audience, from the files `fanout-N`.
pub fn cost_by_audience(results: &Results, target: &str) -> Vec<(f64, f64)> {
    let field = match target {
        "bare" => "/against_cpu_ns_per_packet/median",
        _ => "/cpu_ns_per_packet/median",
    };
    let mut points: Vec<(f64, f64)> = results
        .iter()
        .filter_map(|(name, result)| {
            let audience = name.strip_prefix("fanout-")?.parse().ok()?;
            Some((audience, result.pointer(field)?.as_f64()?))
        })
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

/// All figures that the results hold.
pub fn of(results: &Results) -> Vec<Metric> {
    let mut metrics = Vec::new();
    floor(results, &mut metrics);
    for (name, result) in results
        .iter()
        .filter(|(name, _)| name.starts_with("fanout"))
    {
        fan_out(name, result, &mut metrics);
    }
    let number = |name: &str, pointer: &str| figure(results, name, pointer)?.as_f64();
    if let Some(rate) = number("saturate", "/best_packets_per_s") {
        metrics.push(Metric::rate("highest rate without loss", rate, "packets/s"));
    }
    for (what, pointer) in [
        ("move to answer, p99", "/move_to_answer/p99_ms"),
        ("move to first packet, p50", "/move_to_first_packet/p50_ms"),
        ("move to first packet, p99", "/move_to_first_packet/p99_ms"),
        (
            "move of everybody to answer, p99",
            "/group_moves/move_to_answer/p99_ms",
        ),
    ] {
        if let Some(ms) = number("breakouts", pointer) {
            metrics.push(Metric::cost(what, ms, "ms"));
        }
    }
    for name in ["breakouts", "soak"] {
        let leaks = report(results, name).and_then(|report| report.pointer("/traffic/leaks"));
        if let Some(leaks) = leaks.and_then(Value::as_f64) {
            metrics.push(Metric::cost(&format!("leaks in {name}"), leaks, "packets"));
        }
    }
    if let Some(share) = number("gates", "/share_of_live/paused") {
        metrics
            .push(Metric::cost("cost of a paused parent, of a live one", share, "").informative());
    }
    if let Some(kib) = number("join", "/resident_kib_each") {
        metrics.push(Metric::cost("memory of a participant", kib, "KiB"));
    }
    if let Some(growth) = number("churn", "/memory_growth") {
        let growth = Metric::cost("memory after joins and leaves, growth", growth, "share");
        metrics.push(growth.informative());
    }
    for scaled in scaling(results) {
        let number = |name: &str| scaled.get(name).and_then(Value::as_f64);
        if let (Some(workers), Some(capacity), Some(copies)) =
            (number("workers"), number("capacity"), number("copies"))
            && workers > 1.0
        {
            let capacity_name = format!("capacity of {workers} workers, of one's");
            metrics.push(Metric::rate(&capacity_name, capacity, "times"));
            let copies_name = format!("copies between {workers} workers, of a published packet");
            metrics.push(Metric::cost(&copies_name, copies, "").informative());
        }
    }
    if let Some(share) = number("join", "/idle_core_share_each") {
        let percent = share * 100.0;
        metrics.push(Metric::cost("an idle participant, of a core", percent, "%").informative());
    }
    metrics
}

fn floor(results: &Results, metrics: &mut Vec<Metric>) {
    let bursts = results.get("floor").and_then(|floor| floor.get("bursts"));
    for burst in bursts.and_then(Value::as_array).into_iter().flatten() {
        let median = burst
            .pointer("/cpu_ns_per_packet/median")
            .and_then(Value::as_f64);
        let size = burst.get("burst").and_then(Value::as_u64);
        if let (Some(size), Some(median)) = (size, median) {
            let name = format!("floor, bursts of {size}");
            metrics.push(Metric::cost(&name, median, "ns/packet").informative());
        }
    }
}

fn fan_out(name: &str, result: &Value, metrics: &mut Vec<Metric>) {
    let number = |pointer: &str| result.pointer(pointer).and_then(Value::as_f64);
    if let Some(cost) = number("/cpu_ns_per_packet/median") {
        let told = format!("{name}, CPU");
        metrics.push(Metric::cost(&told, cost, "ns/packet").informative());
    }
    if let Some(ratio) = number("/ratio") {
        let told = format!("{name}, CPU to the bare path's");
        metrics.push(Metric::cost(&told, ratio, "times"));
    }
    let rounds = |pointer: &str| median_of_rounds(result, pointer);
    for (what, value, unit) in [
        ("loss", rounds("/traffic/loss"), "share"),
        (
            "delay through the server, p99",
            rounds("/traffic/delay_server/p99_ms"),
            "ms",
        ),
        (
            "delay with the tool's own part, p99",
            rounds("/traffic/delay/p99_ms"),
            "ms",
        ),
        (
            "delay beyond the bare path's, p99",
            number("/added_delay/p99_ms"),
            "ms",
        ),
    ] {
        if let Some(value) = value {
            metrics.push(Metric::cost(&format!("{name}, {what}"), value, unit));
        }
    }
}

/// The median over the rounds of the server that was driven first.
fn median_of_rounds(result: &Value, pointer: &str) -> Option<f64> {
    let reports = result.get("reports")?.as_array()?;
    let target = reports.first()?.get("target");
    let ours = reports
        .iter()
        .filter(|report| report.get("target") == target);
    let mut values: Vec<_> = ours
        .filter_map(|report| report.pointer(pointer)?.as_f64())
        .collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_found_where_the_tools_put_them() {
        let mut results = Results::new();
        let floor = json!({ "bursts": [{ "burst": 4, "cpu_ns_per_packet": { "median": 700.0 } }] });
        results.insert("floor".to_owned(), floor);
        for (name, cost) in [("fanout-100", 900.0), ("fanout-20", 1_200.0)] {
            let report = |target: &str, p99: f64| json!({ "target": target, "traffic": { "loss": 0.0, "delay": { "p99_ms": p99 } } });
            let rounds = [
                report("sideroom", 8.5),
                report("bare", 1.0),
                report("sideroom", 2.5),
                report("bare", 1.0),
                report("sideroom", 1.5),
            ];
            let result = json!({ "reports": rounds, "ratio": 1.25,
                "cpu_ns_per_packet": { "median": cost } });
            results.insert(name.to_owned(), result);
        }
        let scaled = json!({ "workers": 2, "capacity": 1.9, "copies": 1.0 });
        results.insert("scaling".to_owned(), json!({ "scaling": [scaled] }));
        let metrics = of(&results);
        let named = |name: &str| metrics.iter().find(|metric| metric.name == name);
        assert_eq!(
            named("floor, bursts of 4").map(|metric| metric.value),
            Some(700.0)
        );
        assert_eq!(
            named("fanout-20, CPU to the bare path's").map(|metric| metric.value),
            Some(1.25)
        );
        assert_eq!(
            named("fanout-20, delay with the tool's own part, p99").map(|metric| metric.value),
            Some(2.5)
        );
        assert_eq!(
            named("capacity of 2 workers, of one's").map(|metric| metric.value),
            Some(1.9)
        );
        let costs = cost_by_audience(&results, "sideroom");
        assert_eq!(costs, [(20.0, 1_200.0), (100.0, 900.0)]);
    }
}
