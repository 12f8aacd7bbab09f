//! Small pictures in SVG: lines and bars.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 60.0;
const COLOURS: [&str; 4] = ["#2563eb", "#d97706", "#059669", "#9333ea"];

/// One line of a picture.
pub struct Series {
    name: String,
    points: Vec<(f64, f64)>,
}

impl Series {
    /// Points in the order of their x.
    pub fn new(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self {
            name: name.to_owned(),
            points,
        }
    }
}

fn begin(title: &str, (x, y): (&str, &str)) -> String {
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let bottom = HEIGHT - 12.0;
    text(&mut picture, (WIDTH / 2.0, 22.0), "middle", title);
    text(&mut picture, (WIDTH / 2.0, bottom), "middle", x);
    text(&mut picture, (8.0, TOP - 6.0), "start", y);
    picture
}

fn text(picture: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        picture,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

/// Lines across, with their values, from 0 to `top`.
fn grid(picture: &mut String, top: f64) {
    for step in 0..=4 {
        let value = top * f64::from(step) / 4.0;
        let y = height_of(value, top);
        let _ = writeln!(
            picture,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>",
            WIDTH - RIGHT
        );
        text(picture, (LEFT - 6.0, y + 4.0), "end", &short(value));
    }
}

fn height_of(value: f64, top: f64) -> f64 {
    HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)
}

fn short(value: f64) -> String {
    match value {
        v if v >= 10_000.0 => format!("{:.0}k", v / 1_000.0),
        v if v >= 10.0 || v == 0.0 => format!("{v:.0}"),
        v => format!("{v:.2}"),
    }
}

/// Above 0, so that there is something to divide by.
fn top_of(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::max).max(1e-9) * 1.1
}

/// Lines through points.
pub fn lines(title: &str, axes: (&str, &str), series: &[Series]) -> String {
    let points = || series.iter().flat_map(|series| &series.points);
    let top = top_of(points().map(|point| point.1));
    let right = top_of(points().map(|point| point.0)) / 1.1;
    let place = |(x, y): (f64, f64)| {
        let x = LEFT + x / right * (WIDTH - LEFT - RIGHT);
        (x, height_of(y, top))
    };
    let mut picture = begin(title, axes);
    grid(&mut picture, top);
    for step in 0..=4 {
        let value = right * f64::from(step) / 4.0;
        let (x, _) = place((value, 0.0));
        text(
            &mut picture,
            (x, HEIGHT - BOTTOM + 18.0),
            "middle",
            &short(value),
        );
    }
    for ((series, colour), row) in series.iter().zip(COLOURS).zip(0..) {
        let path = series.points.iter().map(|point| {
            let (x, y) = place(*point);
            format!("{x:.1},{y:.1}")
        });
        let path: Vec<_> = path.collect();
        let _ = writeln!(
            picture,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        let at = (WIDTH - RIGHT, TOP + 14.0 * f64::from(row));
        let _ = write!(picture, "<g fill=\"{colour}\">");
        text(&mut picture, at, "end", &series.name);
        picture.push_str("</g>\n");
    }
    picture + "</svg>\n"
}

/// One bar for each name.
pub fn bars(title: &str, axes: (&str, &str), values: &[(String, f64)]) -> String {
    let top = top_of(values.iter().map(|value| value.1));
    let room = (WIDTH - LEFT - RIGHT) / values.len().max(1) as f64;
    // Many bars do not have room for all of their names.
    let every = values.len().div_ceil(14).max(1);
    let mut picture = begin(title, axes);
    grid(&mut picture, top);
    for (at, (name, value)) in values.iter().enumerate() {
        let x = LEFT + room * at as f64;
        let y = height_of(*value, top);
        let _ = writeln!(
            picture,
            "<rect x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
            x + room * 0.1,
            room * 0.8,
            HEIGHT - BOTTOM - y,
            COLOURS[0]
        );
        if at % every == 0 {
            let under = (x + room / 2.0, HEIGHT - BOTTOM + 18.0);
            text(&mut picture, under, "middle", name);
        }
    }
    picture + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_whole_and_bounded_whatever_they_show() {
        let series = [
            Series::new("a & b", vec![(0.0, 0.0), (200.0, 1_500.0)]),
            Series::new("none", Vec::new()),
        ];
        let picture = lines("title", ("x", "y"), &series);
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
        assert!(picture.contains("a &amp; b") && !picture.contains("NaN"));
        let picture = bars("title", ("x", "y"), &[]);
        assert!(picture.ends_with("</svg>\n") && !picture.contains("inf"));
        let many: Vec<_> = (0..100).map(|at| (at.to_string(), f64::from(at))).collect();
        assert_eq!(bars("t", ("x", "y"), &many).matches("<rect").count(), 101);
    }
}
