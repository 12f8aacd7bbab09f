//! From one look at the server (and the look before) to lines of text.

use std::time::Duration;

use serde_json::Value;

use super::ServerSample;

/// People named in one group; the others are counted.
const NAMES_SHOWN: usize = 12;

/// The whole screen. Rates need the look before.
pub(super) fn screen(look: &ServerSample, before: Option<(Duration, &ServerSample)>) -> String {
    let mut out = String::new();
    head(&mut out, &look.stats);
    workers(
        &mut out,
        &look.stats,
        before.map(|(gone, look)| (gone, &look.stats)),
    );
    drops(
        &mut out,
        &look.stats,
        before.map(|(gone, look)| (gone, &look.stats)),
    );
    for room in &look.shown {
        inside(&mut out, room);
    }
    let hidden = look.rooms.len().saturating_sub(look.shown.len());
    if hidden > 0 {
        line(&mut out, &format!("… and {hidden} rooms more"));
    }
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn head(out: &mut String, stats: &Value) {
    let uptime_s = number(stats, "uptimeMs") / 1_000;
    let draining = if flag(stats, "draining") {
        "   DRAINING"
    } else {
        ""
    };
    line(
        out,
        &format!(
            "sideroom {}   up {}:{:02}:{:02}   rooms {}   breakouts {}   people {}{draining}\n",
            text(stats, "version"),
            uptime_s / 3_600,
            uptime_s / 60 % 60,
            uptime_s % 60,
            number(stats, "rooms"),
            number(stats, "breakouts"),
            number(stats, "participants"),
        ),
    );
}

fn workers(out: &mut String, stats: &Value, before: Option<(Duration, &Value)>) {
    line(
        out,
        "worker  people   in pkt/s  in Mbit/s  out pkt/s  out Mbit/s  busy",
    );
    for worker in list(stats, "workers") {
        let id = number(worker, "worker");
        let earlier = before.and_then(|(gone, stats)| {
            let same = |worker: &&Value| number(worker, "worker") == id;
            Some((gone, list(stats, "workers").iter().find(same)?))
        });
        let rate = |key: &str| rate(worker, earlier, key);
        let busy = worker
            .get("load")
            .and_then(Value::as_f64)
            .unwrap_or_default()
            * 100.0;
        line(
            out,
            &format!(
                "{id:>6}  {:>6}  {:>9.0}  {:>9.1}  {:>9.0}  {:>10.1}  {busy:>3.0}%",
                number(worker, "participants"),
                rate("packetsIn"),
                rate("bytesIn") * 8e-6,
                rate("packetsOut"),
                rate("bytesOut") * 8e-6,
            ),
        );
    }
    out.push('\n');
}

/// Drops by reason: those that grew since the last look come first, zeros are left out.
fn drops(out: &mut String, stats: &Value, before: Option<(Duration, &Value)>) {
    let mut found = Vec::new();
    for drop in list(stats, "drops") {
        let reason = text(drop, "reason");
        let earlier = before.and_then(|(gone, stats)| {
            let same = |drop: &&Value| text(drop, "reason") == reason;
            Some((gone, list(stats, "drops").iter().find(same)?))
        });
        found.push((
            rate(drop, earlier, "packets"),
            number(drop, "packets"),
            reason,
        ));
    }
    found.retain(|(_, total, _)| *total > 0);
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    if found.is_empty() {
        return;
    }
    line(out, "dropped                      pkt/s        total");
    for (rate, total, reason) in found {
        line(out, &format!("{reason:<24}  {rate:>8.0}  {total:>11}"));
    }
    out.push('\n');
}

fn inside(out: &mut String, room: &Value) {
    let people = list(room, "participants");
    let epoch = number(room, "epoch");
    line(
        out,
        &format!(
            "{}   {} people, epoch {epoch}",
            text(room, "name"),
            people.len()
        ),
    );
    group(
        out,
        "parent",
        "",
        people.iter().filter(|person| place(person) == "parent"),
    );
    for breakout in list(room, "breakouts") {
        let id = text(breakout, "id");
        let open = text(breakout, "state") != "BREAKOUT_STATE_CLOSED";
        let state = format!(
            " {}/{}{}",
            number(breakout, "occupancy"),
            number(breakout, "capacity"),
            if open { "" } else { " closed" }
        );
        let title = format!("{id} {}", text(breakout, "displayName"));
        group(
            out,
            &title,
            &state,
            people.iter().filter(|person| place(person) == id),
        );
    }
    out.push('\n');
}

fn group<'a>(out: &mut String, title: &str, state: &str, people: impl Iterator<Item = &'a Value>) {
    let names: Vec<String> = people.map(name).collect();
    let mut shown = names
        .iter()
        .take(NAMES_SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > NAMES_SHOWN {
        shown += &format!(" and {} more", names.len() - NAMES_SHOWN);
    }
    line(out, &format!("  {title}{state}: {shown}"));
}

fn place(person: &Value) -> &str {
    match text(person, "groupId") {
        "" => "parent",
        group => group,
    }
}

fn name(person: &Value) -> String {
    let lost = text(person, "connection") == "CONNECTION_LOST";
    let shown = match text(person, "displayName") {
        "" => text(person, "identity"),
        name => name,
    };
    // A name comes from a client: control characters, which could steer the terminal, are left out.
    let clean: String = shown.chars().filter(|c| !c.is_control()).collect();
    if lost { format!("({clean})") } else { clean }
}

fn rate(now: &Value, before: Option<(Duration, &Value)>, key: &str) -> f64 {
    let Some((gone, before)) = before else {
        return 0.0;
    };
    let grown = number(now, key).saturating_sub(number(before, key));
    grown as f64 / gone.as_secs_f64().max(0.001)
}

/// A field of proto3 JSON: large numbers are strings, and defaults are left out.
fn number(value: &Value, key: &str) -> u64 {
    match value.get(key) {
        Some(Value::Number(number)) => number.as_u64().unwrap_or_default(),
        Some(Value::String(digits)) => digits.parse().unwrap_or_default(),
        _ => 0,
    }
}

fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or_default()
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn look(packets: &str, dropped: &str) -> ServerSample {
        ServerSample {
            stats: json!({
                "version": "9.9.9", "uptimeMs": "3723000", "rooms": 1, "participants": 3,
                "breakouts": 1,
                "workers": [{ "participants": 3, "packetsIn": packets, "load": 0.42 }],
                "drops": [
                    { "reason": "parent_paused", "packets": dropped },
                    { "reason": "malformed" },
                ],
            }),
            rooms: vec![json!({ "name": "math" }), json!({ "name": "art" })],
            shown: vec![json!({
                "name": "math", "epoch": "17",
                "participants": [
                    { "displayName": "Ada", "groupId": "parent" },
                    { "identity": "bob", "groupId": "b1", "connection": "CONNECTION_LOST" },
                    { "displayName": "\u{1b}[2JEve", "groupId": "b1" },
                ],
                "breakouts": [{
                    "id": "b1", "displayName": "Left", "capacity": 4, "occupancy": 2,
                    "state": "BREAKOUT_STATE_CLOSED",
                }],
            })],
        }
    }

    #[test]
    fn a_look_shows_who_is_where_and_what_is_dropped() {
        let before = look("1000", "0");
        let text = screen(&look("3000", "50"), Some((Duration::from_secs(2), &before)));
        for expected in [
            "sideroom 9.9.9   up 1:02:03   rooms 1   breakouts 1   people 3\n",
            "     0       3       1000        0.0          0         0.0   42%\n",
            "parent_paused                   25           50\n",
            "math   3 people, epoch 17\n",
            "  parent: Ada\n",
            "  b1 Left 2/4 closed: (bob), [2JEve\n",
            "… and 1 rooms more\n",
        ] {
            assert!(
                text.contains(expected),
                "{expected:?} is missing in\n{text}"
            );
        }
        assert!(
            !text.contains("malformed"),
            "what never happened is left out"
        );
        assert!(
            !text.contains('\u{1b}'),
            "a name does not steer the terminal"
        );
    }

    #[test]
    fn an_empty_answer_is_drawn_too() {
        assert!(screen(&ServerSample::default(), None).starts_with("sideroom "));
    }
}
