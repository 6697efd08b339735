//! Plots in SVG: rates by users with the curves through them, bursts by their size, errors by time.

use std::fmt::Write as _;

use capacity::curve::{Curve, Level, REACH};

use crate::calibration::{Operation, real};
use crate::history::Entry;

/// Inner size, and room for labels.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 34.0;
const RIGHT: f64 = 16.0;

/// Points of a curve.
const POINTS: usize = 80;

/// Lines across.
const LINES: usize = 4;

struct Plot {
    body: String,
    x_max: f64,
    y_max: f64,
}

impl Plot {
    fn new(x_max: f64, y_max: f64) -> Self {
        let mut plot = Self { body: String::new(), x_max, y_max };
        for line in 0..=LINES {
            let share = real(line) / real(LINES);
            let (y, x) = (plot.y(y_max * share), plot.x(x_max * share));
            let (label, below) = (short(y_max * share), short(x_max * share));
            plot.put(&format!(
                "<path class=grid d='M{LEFT} {y:.1}h{WIDTH}'/><text x={:.0} y={:.1} text-anchor=end>{label}</text>\
                 <text x={x:.1} y={:.1} text-anchor=middle>{below}</text>",
                LEFT - 6.0,
                y + 4.0,
                TOP + HEIGHT + 16.0
            ));
        }
        plot
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (value / self.x_max).clamp(0.0, 1.0) * WIDTH
    }

    fn y(&self, value: f64) -> f64 {
        TOP + HEIGHT - (value / self.y_max).clamp(0.0, 1.0) * HEIGHT
    }

    fn put(&mut self, svg: &str) {
        self.body.push_str(svg);
    }

    fn line(&mut self, class: &str, points: impl Iterator<Item = (f64, f64)>) {
        let mut path = String::new();
        for (place, (x, y)) in points.enumerate() {
            let command = if place == 0 { 'M' } else { 'L' };
            // Writing to a string cannot fail.
            let _ = write!(path, "{command}{:.1} {:.1}", self.x(x), self.y(y));
        }
        self.put(&format!("<path class='l {class}' d='{path}'/>"));
    }

    fn dots(&mut self, points: impl Iterator<Item = (f64, f64)>) {
        for (x, y) in points {
            let (x, y) = (self.x(x), self.y(y));
            self.put(&format!("<circle class=f0 cx={x:.1} cy={y:.1} r=4 />"));
        }
    }

    fn key(&mut self, place: usize, fill: &str, text: &str) {
        let (x, y) = (LEFT + 8.0 + 130.0 * real(place), TOP - 6.0);
        self.put(&format!(
            "<circle class={fill} cx={x:.0} cy={:.0} r=4 /><text x={:.0} y={y:.0}>{text}</text>",
            y - 4.0,
            x + 8.0
        ));
    }

    fn figure(self, caption: &str, below: &str) -> String {
        let (width, height) = (LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM);
        format!(
            "<figure style='max-width:540px'><figcaption>{caption}</figcaption><svg viewBox='0 0 {width:.0} {height:.0}' role=img>{}\
             <text x={:.0} y={:.0} text-anchor=end>{below}</text></svg></figure>",
            self.body,
            LEFT + WIDTH,
            TOP + HEIGHT + 30.0
        )
    }
}

fn short(value: f64) -> String {
    if value >= 1000.0 {
        format!("{:.1}k", value / 1000.0)
    } else if value >= 10.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

/// Measured rates, the three curves, the band of the believed one, and where nobody knows.
pub(super) fn capacity(levels: &[Level], curve: &Curve) -> String {
    let most = levels.iter().map(|it| it.rate).fold(0.0, f64::max) * 1.2;
    let reach = REACH * real(curve.measured);
    let mut plot = Plot::new(reach * 1.2, most.max(1.0));
    let (end, top) = (plot.x(reach), plot.y(plot.y_max));
    plot.put(&format!(
        "<rect x={end:.1} y={top:.1} width={:.1} height={HEIGHT} class=fvoid opacity=.12 /><text x={:.1} y={:.1}>unknown</text>",
        LEFT + WIDTH - end,
        end + 4.0,
        top + 14.0
    ));
    let at = |point: usize| 1.0 + (reach - 1.0) * real(point) / real(POINTS);
    if let Some(best) = curve.models.first() {
        let off = best.held_out_error.abs();
        for side in [1.0 - off, 1.0 + off] {
            let points = (0..=POINTS).map(|it| (at(it), best.model.rate(at(it)) * side));
            plot.line("soft dash", points);
        }
    }
    for (place, it) in curve.models.iter().enumerate() {
        plot.line(
            &format!("s{place}"),
            (0..=POINTS).map(|point| (at(point), it.model.rate(at(point)))),
        );
        let text = format!("{} {:+.1} %", it.model.name(), it.held_out_error * 100.0);
        plot.key(place, &format!("f{place}"), &text);
    }
    plot.dots(levels.iter().map(|it| (real(it.users), it.rate)));
    plot.figure(
        "Requests a second, by users",
        "users; errors are those of the top level, when left out",
    )
}

/// The 95th percentiles of bursts.
pub(super) fn bursts(operation: &Operation) -> String {
    let people = operation.people.iter().map(|&it| real(it));
    let points: Vec<_> = people.zip(operation.burst_ms.iter().copied()).collect();
    let most = points.iter().map(|it| it.1).fold(0.0, f64::max) * 1.2;
    let mut plot = Plot::new(54.0, most.max(0.1));
    plot.line("s0", points.iter().copied());
    plot.dots(points.iter().copied());
    plot.figure("95th percentile of bursts, ms, by people at once", "people")
}

/// How far predictions were off, the latest on the right, in percent.
pub(super) fn errors(history: &[Entry]) -> String {
    let judged = history.iter().flat_map(|it| &it.rows).filter(|it| it.holds.is_some());
    let errors: Vec<_> = judged.filter_map(|it| it.error).filter(|it| it.is_finite()).collect();
    if errors.is_empty() {
        return String::new();
    }
    let most = errors.iter().map(|it| it.abs() * 100.0).fold(30.0, f64::max);
    let mut plot = Plot::new(real(errors.len()), most);
    plot.line("limit dash", [(0.0, 15.0), (real(errors.len()), 15.0)].into_iter());
    plot.dots(errors.iter().enumerate().map(|(place, it)| (real(place) + 0.5, it.abs() * 100.0)));
    plot.figure("How far predictions were off, in percent", "in the order of their making")
}
