//! Axes, lines and marks in SVG.

use std::fmt::Write as _;

use crate::objective::{Metric, Verdict, show_micros};

/// Inner size of a plot, and room for its labels.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 30.0;
const RIGHT: f64 = 16.0;

/// Classes of things that are told apart by colour.
pub(super) const FILLS: [&str; 5] = ["f0", "f1", "f2", "f3", "f4"];

/// How values become places.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scale {
    Linear(f64, f64),
    Log(f64, f64),
}

impl Scale {
    /// The place of a value, from 0 to 1.
    pub(super) fn place(self, value: f64) -> f64 {
        let place = match self {
            Self::Linear(low, high) => (value - low) / (high - low),
            Self::Log(low, high) => (value / low).ln() / (high / low).ln(),
        };
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Values worth a line.
    fn ticks(self) -> Vec<f64> {
        match self {
            Self::Log(low, high) => decades(low, high),
            Self::Linear(low, high) => {
                let rough = (high - low) / 4.0;
                let step = 10_f64.powf(rough.max(f64::MIN_POSITIVE).log10().floor());
                let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|it| it * step);
                let step = step.into_iter().find(|it| *it >= rough).unwrap_or(rough);
                let ticks = std::iter::successors(Some(low), |it| Some(it + step));
                ticks.take_while(|it| *it <= high * 1.0001).take(12).collect()
            }
        }
    }
}

fn decades(low: f64, high: f64) -> Vec<f64> {
    let steps: &[f64] = if high / low > 200.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let mut ticks = Vec::new();
    let mut decade = 10_f64.powf(low.log10().floor());
    while decade <= high {
        ticks.extend(steps.iter().map(|it| it * decade).filter(|it| (low..=high).contains(it)));
        decade *= 10.0;
    }
    ticks
}

/// A range that holds all values, with a little air; for a log scale of times or rates.
pub(super) fn around(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let values = values.into_iter().filter(|it| it.is_finite() && *it > 0.0);
    let (low, high) = values
        .fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), it| (low.min(it), high.max(it)));
    if low > high { (1.0, 10.0) } else { (low / 1.3, (high * 1.3).max(low * 3.0)) }
}

/// A plot that is being drawn.
pub(super) struct Plot {
    x: Scale,
    y: Scale,
    body: String,
}

impl Plot {
    /// A plot with a grid for `y`; labels by `show`.
    pub(super) fn new(x: Scale, y: Scale, show: fn(f64) -> String) -> Self {
        let mut plot = Self { x, y, body: String::new() };
        for tick in y.ticks() {
            let (right, at) = (LEFT + WIDTH, plot.y(tick));
            plot.put(&format!("<path class=grid d='M{LEFT} {at:.1}H{right}'/><text x={} y={:.1} text-anchor=end>{}</text>", LEFT - 6.0, at + 4.0, show(tick)));
        }
        plot
    }

    pub(super) fn put(&mut self, svg: &str) {
        self.body.push_str(svg);
    }

    pub(super) fn x(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * WIDTH
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        TOP + (1.0 - self.y.place(value)) * HEIGHT
    }

    /// A label under the plot.
    pub(super) fn label(&mut self, at: f64, text: &str) {
        let (x, y) = (self.x(at), TOP + HEIGHT + 16.0);
        self.put(&format!("<text x={x:.1} y={y} text-anchor=middle>{text}</text>"));
    }

    /// Labels by the scale's own ticks.
    pub(super) fn labels(&mut self, show: impl Fn(f64) -> String) {
        for tick in self.x.ticks() {
            self.label(tick, &show(tick));
        }
    }

    pub(super) fn line(&mut self, class: &str, points: impl IntoIterator<Item = (f64, f64)>) {
        let mut path = String::new();
        for (x, y) in points.into_iter().filter(|(x, y)| x.is_finite() && y.is_finite()) {
            let letter = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{:.1} {:.1}", self.x(x), self.y(y));
        }
        self.put(&format!("<path class='l {class}' d='{path}'/>"));
    }

    pub(super) fn dot(&mut self, class: &str, x: f64, y: f64, title: &str) {
        let (x, y) = (self.x(x), self.y(y));
        self.put(&format!(
            "<circle class={class} cx={x:.1} cy={y:.1} r=3.5><title>{title}</title></circle>"
        ));
    }

    /// A level line with its name.
    pub(super) fn level(&mut self, class: &str, y: f64, name: &str) {
        let (at, right) = (self.y(y), LEFT + WIDTH);
        self.put(&format!("<path class='l dash {class}' d='M{LEFT} {at:.1}H{right}'/><text x={right} y={:.1} text-anchor=end>{name}</text>", at - 4.0));
    }

    /// What the colours mean, above the plot.
    pub(super) fn legend(&mut self, names: &[(&str, &str)]) {
        let mut x = LEFT;
        for (class, name) in names {
            self.put(&format!("<rect class={class} x={x} y=0 width=10 height=10 rx=2 /><text x={} y=9>{name}</text>", x + 14.0));
            #[expect(clippy::cast_precision_loss, reason = "a short word")]
            let width = name.len() as f64 * 6.2;
            x += 34.0 + width;
        }
    }

    pub(super) fn figure(self, caption: &str) -> String {
        let (width, height) = (LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM);
        format!(
            "<figure><figcaption>{caption}</figcaption><svg viewBox='0 0 {width} {height}' role=img>{}</svg></figure>",
            self.body
        )
    }
}

/// An interval and its limit on a small scale of its own.
pub(super) fn range(verdict: &Verdict) -> String {
    let limit = verdict.objective.limit;
    let Some(value) = verdict.value else { return String::new() };
    let (low, high) = (verdict.low.unwrap_or(value), verdict.high.unwrap_or(value));
    let scale = if verdict.objective.metric == Metric::Success {
        Scale::Linear(limit.min(low) - 0.02, 1.005)
    } else {
        let (low, high) = around([low, high, limit]);
        Scale::Log(low, high)
    };
    let at = |value: f64| scale.place(value) * 150.0;
    let fill = if verdict.pass { "f2" } else { "fbad" };
    let (from, to, dot, mark) = (at(low), at(high), at(value), at(limit));
    format!(
        "<svg class=range viewBox='0 0 150 16'><path class=grid d='M0 8H150'/><rect class={fill} x={from:.1} y=5 width={:.1} height=6 rx=3 opacity=.45 /><circle class={fill} cx={dot:.1} cy=8 r=4 /><path class='l limit' d='M{mark:.1} 1V15'/></svg>",
        (to - from).max(2.0)
    )
}

/// Microseconds, without the space that labels have no room for.
pub(super) fn time(micros: f64) -> String {
    match micros {
        it if it < 1e3 => format!("{it:.0} us"),
        it if it < 1e6 => format!("{} ms", short(it / 1e3)),
        it if it < 1e9 => format!("{} s", short(it / 1e6)),
        it => show_micros(it),
    }
}

fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_places_its_ends_at_its_ends() {
        for scale in [Scale::Linear(0.0, 8.0), Scale::Log(1.0, 1000.0)] {
            let (Scale::Linear(low, high) | Scale::Log(low, high)) = scale;
            assert!(scale.place(low).abs() < 1e-9 && (scale.place(high) - 1.0).abs() < 1e-9);
            assert!(scale.ticks().len() >= 3, "{scale:?} {:?}", scale.ticks());
        }
        assert!((Scale::Log(1.0, 100.0).place(10.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_scale_around_nothing_is_still_a_scale() {
        assert_eq!(around([]), (1.0, 10.0));
        assert_eq!(around([f64::NAN]), (1.0, 10.0));
    }
}
