//! Axes, lines and marks in SVG.

use std::fmt::Write as _;

use crate::page::{Html, escape};

/// Inner size of a plot, and the margins for its labels.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 34.0;
const RIGHT: f64 = 16.0;

/// Width of a letter of a label.
const LETTER: f64 = 6.2;

/// Classes of filled marks, one for each colour.
pub const FILLS: [&str; 5] = ["f0", "f1", "f2", "f3", "f4"];

/// The mapping from values to positions, between a lowest and a highest value.
#[derive(Clone, Copy, Debug)]
pub enum Scale {
    /// Equal differences are equally long.
    Linear(f64, f64),
    /// Equal ratios are equally long.
    Log(f64, f64),
}

impl Scale {
    /// The position of a value, from 0 to 1.
    pub fn place(self, value: f64) -> f64 {
        let place = match self {
            Self::Linear(low, high) => (value - low) / (high - low),
            Self::Log(low, high) => (value / low).ln() / (high / low).ln(),
        };
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }

    fn ticks(self) -> Vec<f64> {
        match self {
            Self::Log(low, high) => decades(low, high),
            Self::Linear(low, high) => {
                let rough = (high - low) / 4.0;
                let decade = 10_f64.powf(rough.max(f64::MIN_POSITIVE).log10().floor());
                let steps = [1.0, 2.0, 5.0, 10.0].map(|it| it * decade);
                let step = steps.into_iter().find(|it| *it >= rough).unwrap_or(rough);
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

/// A range around all positive values with a margin, for a logarithmic scale.
pub fn around(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let values = values.into_iter().filter(|it| it.is_finite() && *it > 0.0);
    let (low, high) = values
        .fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), it| (low.min(it), high.max(it)));
    if low > high { (1.0, 10.0) } else { (low / 1.3, (high * 1.3).max(low * 3.0)) }
}

/// A plot that is being drawn.
pub struct Plot {
    x: Scale,
    y: Scale,
    body: Html,
}

impl Plot {
    /// A plot with a horizontal grid, whose labels are written by `show`.
    pub fn new(x: Scale, y: Scale, show: impl Fn(f64) -> String) -> Self {
        let mut plot = Self { x, y, body: String::new() };
        for tick in y.ticks() {
            let at = plot.y(tick);
            plot.put(&format!("<path class=grid d='M{LEFT} {at:.1}h{WIDTH}'/>"));
            plot.text(LEFT - 6.0, at + 4.0, "end", &show(tick));
        }
        plot
    }

    /// Adds SVG as it is.
    pub fn put(&mut self, svg: &str) {
        self.body.push_str(svg);
    }

    /// Adds text at a position of the drawing.
    pub fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let text = escape(text);
        self.put(&format!("<text x={x:.1} y={y:.1} text-anchor={anchor}>{text}</text>"));
    }

    /// The horizontal position of a value.
    pub fn x(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * WIDTH
    }

    /// The vertical position of a value.
    pub fn y(&self, value: f64) -> f64 {
        TOP + (1.0 - self.y.place(value)) * HEIGHT
    }

    /// A label below the plot.
    pub fn label(&mut self, at: f64, text: &str) {
        self.text(self.x(at), TOP + HEIGHT + 16.0, "middle", text);
    }

    /// Labels below the plot at the scale's own ticks.
    pub fn labels(&mut self, show: impl Fn(f64) -> String) {
        for tick in self.x.ticks() {
            self.label(tick, &show(tick));
        }
    }

    /// A line through points; those that are not finite are left out.
    pub fn line(&mut self, class: &str, points: impl IntoIterator<Item = (f64, f64)>) {
        let mut path = String::new();
        for (x, y) in points.into_iter().filter(|(x, y)| x.is_finite() && y.is_finite()) {
            let letter = if path.is_empty() { 'M' } else { 'L' };
            // Writing to a string cannot fail.
            let _ = write!(path, "{letter}{:.1} {:.1}", self.x(x), self.y(y));
        }
        self.put(&format!("<path class='l {class}' d='{path}'/>"));
    }

    /// A point with a title that is shown under the pointer.
    pub fn dot(&mut self, class: &str, x: f64, y: f64, title: &str) {
        let (x, y, title) = (self.x(x), self.y(y), escape(title));
        self.put(&format!(
            "<circle class={class} cx={x:.1} cy={y:.1} r=3.5><title>{title}</title></circle>"
        ));
    }

    /// A rectangle between two corners in values, at least `width_min` wide.
    pub fn area(&mut self, class: &str, from: (f64, f64), to: (f64, f64), title: &str) {
        let (left, right) = (self.x(from.0), self.x(to.0));
        let (top, bottom) = (self.y(to.1), self.y(from.1));
        let (width, height, title) = ((right - left).max(0.7), bottom - top, escape(title));
        self.put(&format!(
            "<rect {class} x={left:.1} y={top:.1} width={width:.2} height={height:.2}>\
             <title>{title}</title></rect>"
        ));
    }

    /// A horizontal line with a name.
    pub fn level(&mut self, class: &str, y: f64, name: &str) {
        let at = self.y(y);
        self.put(&format!("<path class='l dash {class}' d='M{LEFT} {at:.1}h{WIDTH}'/>"));
        self.text(LEFT + WIDTH, at - 4.0, "end", name);
    }

    /// The meaning of the colours, above the plot.
    pub fn legend(&mut self, names: &[(&str, &str)]) {
        let mut x = LEFT;
        for (class, name) in names {
            self.put(&format!("<rect class={class} x={x} y=0 width=10 height=10 rx=2 />"));
            self.text(x + 14.0, 9.0, "start", name);
            #[expect(clippy::cast_precision_loss, reason = "a short word")]
            let width = name.len() as f64 * LETTER;
            x += 34.0 + width;
        }
    }

    /// The finished figure; the caption is markup.
    pub fn figure(self, caption: &str) -> Html {
        let (width, height) = (LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM);
        format!(
            "<figure><figcaption>{caption}</figcaption><svg viewBox='0 0 {width} {height}' role=img>{}\
             </svg></figure>",
            self.body
        )
    }
}

/// An interval, its middle and a limit, on a small scale of its own.
pub fn interval(scale: Scale, [low, value, high]: [f64; 3], limit: f64, holds: bool) -> Html {
    let at = |value: f64| scale.place(value) * 150.0;
    let fill = if holds { "f2" } else { "fbad" };
    let (from, to, dot, mark) = (at(low), at(high), at(value), at(limit));
    format!(
        "<svg class=range viewBox='0 0 150 16'><path class=grid d='M0 8H150'/><rect class={fill} \
         x={from:.1} y=5 width={:.1} height=6 rx=3 opacity=.45 /><circle class={fill} cx={dot:.1} \
         cy=8 r=4 /><path class='l limit' d='M{mark:.1} 1V15'/></svg>",
        (to - from).max(2.0)
    )
}

/// Microseconds as a short label.
pub fn time(micros: f64) -> String {
    let short = |value: f64| format!("{value:.1}").trim_end_matches(".0").to_owned();
    match micros {
        it if it < 1e3 => format!("{it:.0} us"),
        it if it < 1e6 => format!("{} ms", short(it / 1e3)),
        it => format!("{} s", short(it / 1e6)),
    }
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
    fn a_value_outside_of_a_scale_is_at_its_end() {
        assert!((Scale::Linear(0.0, 1.0).place(2.0) - 1.0).abs() < 1e-9);
        assert!(Scale::Linear(1.0, 1.0).place(f64::NAN).abs() < 1e-9);
    }

    #[test]
    fn a_scale_around_nothing_is_still_a_scale() {
        assert_eq!(around([]), (1.0, 10.0));
        assert_eq!(around([f64::NAN]), (1.0, 10.0));
    }

    #[test]
    fn a_scale_holds_all_values_with_a_margin() {
        let (low, high) = around([2.0, 8.0]);
        assert!(low < 2.0 && high > 8.0);
    }

    #[test]
    fn a_line_goes_through_the_points_that_are_finite() {
        let mut plot = Plot::new(Scale::Linear(0.0, 1.0), Scale::Linear(0.0, 1.0), time);
        plot.line("s0", [(0.0, 0.0), (0.5, f64::NAN), (1.0, 1.0)]);

        let figure = plot.figure("a line");

        assert!(figure.contains("d='M56.0 218.0L456.0 18.0'"), "{figure}");
        assert!(!figure.contains("NaN"));
    }

    #[test]
    fn labels_and_titles_are_escaped() {
        let mut plot = Plot::new(Scale::Linear(0.0, 1.0), Scale::Linear(0.0, 1.0), time);
        plot.label(0.5, "<a>");
        plot.dot("f0", 0.5, 0.5, "<b>");
        plot.level("limit", 0.5, "<c>");
        plot.legend(&[("f0", "<d>")]);

        let figure = plot.figure("");

        assert!(!["<a>", "<b>", "<c>", "<d>"].iter().any(|it| figure.contains(it)), "{figure}");
    }

    #[test]
    fn times_have_the_unit_that_keeps_them_short() {
        assert_eq!([250.0, 1500.0, 20_000.0, 2e6].map(time), ["250 us", "1.5 ms", "20 ms", "2 s"]);
    }

    #[test]
    fn an_interval_that_fails_is_drawn_as_a_fault() {
        let draw = |holds| interval(Scale::Linear(0.0, 1.0), [0.2, 0.4, 0.6], 0.5, holds);
        assert!(draw(false).contains("fbad") && !draw(true).contains("fbad"));
    }
}
