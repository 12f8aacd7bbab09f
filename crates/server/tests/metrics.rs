//! Every metric is in the catalogue, described for operators, set somewhere, and used by the board and the
//! alerts under its right name; the same for configuration keys.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sideroom::metrics::CATALOGUE;

const OPERATING: &str = include_str!("../../../docs/operating.md");
const BOARD: &str = include_str!("../../../deploy/grafana/boards/sideroom.json");
const ALERTS: &str = include_str!("../../../deploy/prometheus/alerts.yaml");

/// Words that look like metrics, without the endings that Prometheus adds to histograms.
fn mentioned(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let metrics = words.filter(|word| word.starts_with("sideroom_"));
    metrics
        .map(|word| {
            word.trim_end_matches("_bucket")
                .trim_end_matches("_count")
                .to_owned()
        })
        .collect()
}

fn catalogue() -> BTreeSet<String> {
    CATALOGUE
        .iter()
        .map(|metric| metric.name.to_owned())
        .collect()
}

fn sources(directory: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn own_sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    found
}

#[test]
fn the_docs_describe_every_metric_and_no_other() {
    let described = mentioned(OPERATING);
    assert_eq!(
        described,
        catalogue(),
        "run over the tables of docs/operating.md"
    );
    for metric in CATALOGUE {
        let line = OPERATING
            .lines()
            .find(|line| line.starts_with(&format!("| `{}`", metric.name)));
        let line = line.unwrap_or_else(|| panic!("{} is not in the table", metric.name));
        assert!(
            line.contains(metric.help),
            "{line}\nsays something else than\n{}",
            metric.help
        );
        for label in metric.labels {
            assert!(
                line.contains(&format!("`{label}`")),
                "{line}\nlacks the label {label}"
            );
        }
    }
}

#[test]
fn the_board_and_the_alerts_use_metrics_that_exist() {
    let known = catalogue();
    for text in [BOARD, ALERTS] {
        let unknown: Vec<_> = mentioned(text).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "unknown metrics: {unknown:?}");
    }
    let board: serde_json::Value = serde_json::from_str(BOARD).unwrap();
    assert!(board["panels"].as_array().unwrap().len() > 20);
    let unshown: Vec<_> = known.difference(&mentioned(BOARD)).cloned().collect();
    assert!(
        unshown.iter().all(|name| name == "sideroom_build_info"),
        "not shown: {unshown:?}"
    );
}

/// A metric's name stands in the catalogue only; its constant is used; and if it is used in a function of
/// `metrics`, that function is called from outside.
#[test]
fn every_metric_is_set_somewhere() {
    let files = own_sources();
    let outside = |path: &Path| !path.to_string_lossy().contains("/src/metrics");
    for metric in CATALOGUE {
        let users: Vec<_> = files
            .iter()
            .filter(|(path, _)| !path.ends_with("metrics/catalogue.rs"))
            .filter(|(_, text)| text.contains(&format!("names::{}", metric.constant)))
            .collect();
        let described_only = ["BUILD_INFO"].contains(&metric.constant);
        assert!(
            !users.is_empty() || described_only,
            "{} is never set",
            metric.name
        );
        for (path, text) in &files {
            let strays = !path.ends_with("metrics/catalogue.rs") && text.contains(metric.name);
            assert!(
                !strays,
                "{} writes the name {} out",
                path.display(),
                metric.name
            );
        }
    }
    let (_, control) = files
        .iter()
        .find(|(path, _)| path.ends_with("metrics/control.rs"))
        .unwrap();
    let functions = control
        .lines()
        .filter_map(|line| line.strip_prefix("pub fn "));
    let functions = functions.map(|rest| rest.split('(').next().unwrap());
    for call in functions
        .map(|name| format!("metrics::{name}("))
        .chain(["NodeTotals {".into()])
    {
        let called = files
            .iter()
            .any(|(path, text)| outside(path) && text.contains(&call));
        assert!(called, "nobody calls {call}");
    }
}

#[test]
fn every_drop_reason_and_configuration_key_is_described() {
    for reason in sideroom_route::DropReason::ALL {
        let line = format!("| `{}` |", reason.name());
        assert!(
            OPERATING.contains(&line),
            "{} is not described",
            reason.name()
        );
    }
    let defaults: toml::Table = sideroom::config::Config::default()
        .to_toml()
        .parse()
        .unwrap();
    for (section, keys) in &defaults {
        for (key, value) in keys.as_table().unwrap() {
            let line = format!("| `{section}.{key}` | `{value}` |");
            assert!(OPERATING.contains(&line), "not described: {line}");
        }
    }
}

/// A key that nothing reads would be a lie.
#[test]
fn every_configuration_key_is_read() {
    let files = own_sources();
    let defaults: toml::Table = sideroom::config::Config::default()
        .to_toml()
        .parse()
        .unwrap();
    for (section, keys) in &defaults {
        for key in keys.as_table().unwrap().keys() {
            let used = files.iter().any(|(path, text)| {
                !path.ends_with("config.rs")
                    && !path.ends_with("config/validate.rs")
                    && text.contains(&format!(".{key}"))
            });
            assert!(used, "nothing reads {section}.{key}");
        }
    }
}
