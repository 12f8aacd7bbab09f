//! Turns the JSON of a set of measurements into a page with pictures, and compares it with the last one
//! that was checked in.

pub mod metrics;
pub mod peers;
pub mod plot;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use self::metrics::Metric;
pub use self::metrics::Results;
use self::plot::{Series, bars, lines};
use crate::machine::Machine;

/// A figure that is worse than the baseline's by more than this share is listed.
const TOLERANCE: f64 = 0.1;

/// Reads every JSON file of a folder; skips files that are not JSON.
pub fn read(folder: &Path) -> io::Result<Results> {
    let mut results = Results::new();
    for entry in fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        let is_json = path.extension().is_some_and(|end| end == "json");
        if let (Some(name), true) = (name, is_json)
            && let Ok(value) = serde_json::from_str(&fs::read_to_string(&path)?)
        {
            results.insert(name.to_owned(), value);
        }
    }
    Ok(results)
}

/// Writes `latest.json`, `latest.md` and the charts into `folder`, and returns the regressions since
/// `baseline.json` there; `None` without a baseline.
pub fn write(results: &Results, folder: &Path) -> io::Result<Option<Vec<String>>> {
    fs::create_dir_all(folder)?;
    let metrics = metrics::of(results);
    let machine = Machine::read();
    let latest = json!({ "machine": machine, "metrics": metrics });
    fs::write(
        folder.join("latest.json"),
        serde_json::to_string_pretty(&latest)? + "\n",
    )?;
    let baseline = match fs::read_to_string(folder.join("baseline.json")) {
        Ok(text) => Some(serde_json::from_str::<Value>(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let worse = baseline.map(|baseline| compare(&metrics, &baseline));
    let mut pictures = Vec::new();
    for (name, picture) in pictures_of(results) {
        fs::write(folder.join(&name), picture)?;
        pictures.push(name);
    }
    let page = page(&machine, &metrics, &pictures, worse.as_deref());
    fs::write(folder.join("latest.md"), page)?;
    Ok(worse)
}

fn compare(metrics: &[Metric], baseline: &Value) -> Vec<String> {
    let known = baseline.get("metrics").and_then(Value::as_array);
    let value_of = |name: &str| {
        let known = known.into_iter().flatten();
        let mut named = known.filter(|metric| metric.get("name").is_some_and(|n| n == name));
        named.next()?.get("value")?.as_f64()
    };
    let worse = metrics.iter().filter_map(|metric| {
        let before = value_of(&metric.name).filter(|value| *value != 0.0)?;
        let change = metric.value / before - 1.0;
        let loss = if metric.more_is_better {
            -change
        } else {
            change
        };
        (loss > TOLERANCE && metric.compared).then(|| {
            let Metric {
                name, value, unit, ..
            } = metric;
            format!(
                "{name}: {value} {unit}, was {before} ({:+.0} %)",
                change * 100.0
            )
        })
    });
    worse.collect()
}

fn page(
    machine: &Machine,
    metrics: &[Metric],
    pictures: &[String],
    worse: Option<&[String]>,
) -> String {
    let mut page = String::from("# The last set of measurements\n\n");
    let commit = machine.commit.as_deref().unwrap_or("unknown");
    let _ = writeln!(
        page,
        "{} ({} cores), Linux {}, commit {commit}. Made by `make bench`; what each figure is and how \
         it is measured: [benches/README.md](../../benches/README.md).\n",
        machine.cpu, machine.cores, machine.kernel
    );
    page.push_str("| figure | value | |\n| --- | ---: | --- |\n");
    for metric in metrics {
        let _ = writeln!(
            page,
            "| {} | {} | {} |",
            metric.name, metric.value, metric.unit
        );
    }
    page.push_str("\n## Against the baseline\n\n");
    page.push_str(match worse {
        None => "There is none: copy `latest.json` to `baseline.json` to compare with this set.\n",
        Some([]) => "Nothing got worse by more than 10 %.\n",
        Some(_) => "",
    });
    for line in worse.unwrap_or_default() {
        let _ = writeln!(page, "- {line}");
    }
    page.push_str("\n## Pictures\n\n");
    for picture in pictures {
        let _ = writeln!(page, "![{picture}]({picture})\n");
    }
    page
}

fn pictures_of(results: &Results) -> Vec<(String, String)> {
    let mut pictures = Vec::new();
    let points = |target: &str| -> Vec<(f64, f64)> { metrics::cost_by_audience(results, target) };
    let cost = lines(
        "CPU of a forwarded packet against the audience",
        ("subscribers", "ns"),
        &[
            Series::new("sideroom", points("sideroom")),
            Series::new("bare path", points("bare")),
        ],
    );
    pictures.push(("cost.svg".to_owned(), cost));
    if let Some(moves) = metrics::figure(results, "breakouts", "/histogram_move_to_first_packet_ms")
    {
        let moves = pairs(moves);
        let title = "From asking for a move to the first packet of the new group";
        pictures.push(("moves.svg".to_owned(), bars(title, ("ms", "moves"), &moves)));
    }
    if let Some(Value::Object(states)) = metrics::figure(results, "gates", "/states") {
        let share = |state: &Value| state.get("server_cores").and_then(Value::as_f64);
        let states = states
            .iter()
            .map(|(name, state)| (name.clone(), share(state).unwrap_or(0.0)));
        let states: Vec<_> = states.map(|(name, cores)| (name, cores * 100.0)).collect();
        let title = "Share of a core while everybody is away and the parent talks";
        pictures.push((
            "gates.svg".to_owned(),
            bars(title, ("parent", "%"), &states),
        ));
    }
    let by_workers: Vec<_> = metrics::scaling(results)
        .filter_map(|scaled| {
            let rate = scaled.get("packets_per_cpu_s")?.as_f64()?;
            Some((scaled.get("workers")?.to_string(), rate))
        })
        .collect();
    if !by_workers.is_empty() {
        let title = "Forwarded packets for a second of CPU, by media workers";
        let axes = ("workers", "packets");
        pictures.push(("scaling.svg".to_owned(), bars(title, axes, &by_workers)));
    }
    if let Some(steps) = metrics::figure(results, "saturate", "/steps").and_then(Value::as_array) {
        let number = |step: &Value, name: &str| step.get(name).and_then(Value::as_f64);
        let line = |name: &str| -> Vec<(f64, f64)> {
            let points = steps.iter();
            points
                .filter_map(|s| Some((number(s, "packets_per_s")?, number(s, name)?)))
                .collect()
        };
        let title = "Delay through the server against forwarded packets a second";
        let p50 = Series::new("p50", line("delay_p50_ms"));
        let p99 = Series::new("p99", line("delay_p99_ms"));
        pictures.push((
            "saturate.svg".to_owned(),
            lines(title, ("packets/s", "ms"), &[p50, p99]),
        ));
    }
    pictures
}

fn pairs(value: &Value) -> Vec<(String, f64)> {
    let pairs = value.as_array().into_iter().flatten();
    let pairs = pairs.filter_map(|pair| Some((pair.get(0)?.to_string(), pair.get(1)?.as_f64()?)));
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_got_worse_is_told_and_what_got_better_is_not() {
        let metric = |name: &str, value, more_is_better| Metric {
            name: name.to_owned(),
            value,
            unit: "ns",
            more_is_better,
            compared: true,
        };
        let now = [
            metric("slower", 120.0, false),
            metric("faster", 50.0, false),
            metric("fewer", 80.0, true),
            metric("new", 1.0, false),
        ];
        let before = json!({ "metrics": [
            { "name": "slower", "value": 100.0 }, { "name": "faster", "value": 100.0 },
            { "name": "fewer", "value": 100.0 },
        ]});
        let worse = compare(&now, &before);
        assert_eq!(
            worse,
            [
                "slower: 120 ns, was 100 (+20 %)",
                "fewer: 80 ns, was 100 (-20 %)"
            ]
        );
    }

    /// The page and the listed regressions, with such a baseline.
    fn told(baseline: Option<&str>) -> io::Result<(String, Option<Vec<String>>)> {
        let name = format!(
            "page-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        );
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder)?;
        if let Some(text) = baseline {
            fs::write(folder.join("baseline.json"), text)?;
        }
        let worse = write(&Results::new(), &folder);
        let page = fs::read_to_string(folder.join("latest.md")).unwrap_or_default();
        fs::remove_dir_all(&folder)?;
        Ok((page, worse?))
    }

    #[test]
    fn a_page_says_whether_there_was_something_to_compare_with() {
        let (page, worse) = told(None).expect("a page");
        assert!(worse.is_none() && page.contains("There is none") && !page.contains("got worse"));
        let (page, worse) = told(Some(r#"{ "metrics": [] }"#)).expect("a page");
        assert!(worse.is_some_and(|worse| worse.is_empty()) && page.contains("Nothing got worse"));
        assert!(told(Some("no JSON")).is_err());
    }
}
