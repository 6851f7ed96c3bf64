//! One kind of vector figure: curves over days, drawn as SVG.
//!
//! Colours are classes (`c0`…`c5` for lesions, after the colour-blind-safe palette of Okabe and Ito,
//! darkened where thin lines need it; `cn` neutral), so that one stylesheet serves page, print and
//! dark mode. Nothing in a figure is told by colour alone: arms differ in dash and fill too.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::escape_xml;

/// Stylesheet of figures; a page includes it once.
pub(super) const CSS: &str = include_str!("../../assets/report/figure.css");

/// Number of lesion colours; further lesions begin again.
const PALETTE: usize = 6;

/// Whether a figure stands in a page with its stylesheet or alone in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Inside a page that has the stylesheet.
    Inline,
    /// A file of its own, stylesheet inside.
    Standalone,
}

impl Theme {
    /// The namespace that a file needs and that HTML supplies by itself.
    pub(super) const fn namespace(self) -> &'static str {
        match self {
            Self::Inline => "",
            Self::Standalone => " xmlns=\"http://www.w3.org/2000/svg\"",
        }
    }
}

/// Colour of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Color {
    /// That of a lesion, by its place in the list.
    Lesion(usize),
    /// Grey.
    Neutral,
}

impl Color {
    pub(super) fn class(self) -> String {
        match self {
            Self::Lesion(i) => format!("c{}", i % PALETTE),
            Self::Neutral => "cn".into(),
        }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dash {
    Solid,
    Dashed,
    Dotted,
}

impl Dash {
    const fn attribute(self) -> &'static str {
        match self {
            Self::Solid => "",
            Self::Dashed => " stroke-dasharray=\"7 4\"",
            Self::Dotted => " stroke-dasharray=\"1.5 4\"",
        }
    }
}

/// A line through points.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) points: Vec<[f64; 2]>,
    pub(super) color: Color,
    pub(super) dash: Dash,
    /// Text in the legend; empty for none.
    pub(super) label: String,
}

/// An area between two curves: day, low, high.
#[derive(Clone, Debug)]
pub(super) struct Area {
    pub(super) points: Vec<[f64; 3]>,
    pub(super) color: Color,
    pub(super) opacity: f64,
    /// Hatched instead of filled: not determined by data.
    pub(super) hatched: bool,
    pub(super) label: String,
}

/// Observed values with error bars.
#[derive(Clone, Debug)]
pub(super) struct Dots {
    /// Day, value, low, high.
    pub(super) points: Vec<[f64; 4]>,
    pub(super) color: Color,
    /// Triangles that point down, for sizes that lie below the value, in place of dots.
    pub(super) below: bool,
    pub(super) label: String,
}

/// A span of days, for example a treatment.
#[derive(Clone, Debug)]
pub(super) struct DaySpan {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) label: String,
}

/// A horizontal limit with its name, which stands in the right margin: three letters at most.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    pub(super) y: f64,
    pub(super) label: String,
}

/// A figure over days after baseline; built by [`super::growth_figure`] and [`super::sum_figure`].
#[derive(Clone, Debug)]
pub struct Figure {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) y_label: String,
    pub(super) x: [f64; 2],
    pub(super) y: [f64; 2],
    /// Date of day 0, for a second row of tick labels.
    pub(super) baseline: Option<Date>,
    pub(super) spans: Vec<DaySpan>,
    pub(super) areas: Vec<Area>,
    pub(super) lines: Vec<Line>,
    pub(super) dots: Vec<Dots>,
    pub(super) limits: Vec<Limit>,
    /// Day beyond which everything is faded.
    pub(super) horizon: Option<f64>,
    /// A remark inside the plot, for example that an arm is not identified.
    pub(super) remark: String,
}

/// Round numbers that divide `low`–`high` into about `n` parts: steps of 1, 2 or 5 times a power
/// of ten, the first at or above `low`.
#[must_use]
pub fn nice_ticks(low: f64, high: f64, n: usize) -> Vec<f64> {
    let range = high - low;
    if !range.is_finite() || range <= 0.0 || n == 0 {
        return Vec::new();
    }
    let rough = range / n as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .min_by(|a, b| (a - rough).abs().total_cmp(&(b - rough).abs()))
        .unwrap_or(power);
    let first = (low / step).ceil() as i64;
    let last = (high / step * (1.0 + 1e-12)).floor() as i64;
    (first..=last).take(1000).map(|i| i as f64 * step).collect()
}

/// Decimals that tell the ticks apart.
fn tick_decimals(ticks: &[f64]) -> usize {
    match ticks {
        [a, b, ..] => (-(b - a).log10().floor()).clamp(0.0, 6.0) as usize,
        _ => 0,
    }
}

const WIDTH: f64 = 720.0;
const PLOT_HEIGHT: f64 = 270.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 30.0;
const LEGEND_ROW: f64 = 19.0;
const BELOW: f64 = 56.0;

/// Width of a text in 12 px type, estimated from the number of characters.
fn text_width(text: &str) -> f64 {
    6.3 * text.chars().count() as f64
}

fn shorten(text: &str, width: f64) -> String {
    let fits = (width / 6.3).max(0.0) as usize;
    if text.chars().count() <= fits {
        text.to_owned()
    } else if fits < 4 {
        String::new()
    } else {
        let mut short: String = text.chars().take(fits - 1).collect();
        short.push('\u{2026}');
        short
    }
}

struct Canvas {
    out: String,
    x: [f64; 2],
    y: [f64; 2],
    top: f64,
}

impl Canvas {
    fn px(&self, day: f64) -> f64 {
        LEFT + (day - self.x[0]) / (self.x[1] - self.x[0]) * (WIDTH - LEFT - RIGHT)
    }

    /// Far outside values are held near the plot, so that coordinates stay small numbers.
    fn py(&self, value: f64) -> f64 {
        let t = (value - self.y[0]) / (self.y[1] - self.y[0]);
        self.top + PLOT_HEIGHT * (1.0 - t.clamp(-3.0, 4.0))
    }

    fn put(&mut self, args: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        self.out.write_fmt(args).unwrap_or_default();
    }

    fn path(&self, points: impl Iterator<Item = [f64; 2]>) -> String {
        let mut d = String::new();
        for (i, [x, y]) in points
            .filter(|p| p.iter().all(|v| v.is_finite()))
            .enumerate()
        {
            let letter = if i == 0 { 'M' } else { 'L' };
            write!(d, "{letter}{:.1} {:.1}", self.px(x), self.py(y)).unwrap_or_default();
        }
        d
    }
}

enum Key {
    Line(Color, Dash),
    Area(Color, f64, bool),
    Dots(Color),
    /// As dots, of sizes that lie below.
    Below(Color),
}

impl Figure {
    /// The figure as SVG. `id` makes references inside unique on a page; letters, digits, hyphens.
    #[must_use]
    pub fn svg(&self, id: &str, theme: Theme) -> String {
        let legend = self.legend();
        let rows = legend.last().map_or(0, |(row, _, _, _)| row + 1);
        let top = 16.0 + LEGEND_ROW * rows as f64;
        let height = top + PLOT_HEIGHT + BELOW;
        let mut c = Canvas {
            out: String::new(),
            x: self.x,
            y: self.y,
            top,
        };
        c.put(format_args!(
            "<svg{} class=\"fig\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>",
            theme.namespace(),
            escape_xml(&self.title),
            escape_xml(&self.description)
        ));
        if theme == Theme::Standalone {
            c.put(format_args!(
                "<style>{CSS}</style><rect width=\"{WIDTH}\" height=\"{height}\" style=\"fill:var(--paper)\"/>"
            ));
        }
        c.put(format_args!(
            "<defs><clipPath id=\"{id}-c\"><rect x=\"{LEFT}\" y=\"{top}\" width=\"{}\" height=\"{PLOT_HEIGHT}\"/></clipPath>",
            WIDTH - LEFT - RIGHT
        ));
        for area in self.areas.iter().filter(|a| a.hatched) {
            let class = area.color.class();
            c.put(format_args!(
                "<pattern id=\"{id}-h{class}\" class=\"{class}\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"7\" stroke=\"currentColor\" stroke-width=\"1.6\" stroke-opacity=\".55\"/></pattern>"
            ));
        }
        c.put(format_args!("</defs>"));
        self.draw_legend(&mut c, id, &legend);
        self.draw_axes(&mut c);
        c.put(format_args!("<g clip-path=\"url(#{id}-c)\">"));
        self.draw_spans(&mut c);
        self.draw_data(&mut c, id);
        c.put(format_args!("</g>"));
        self.draw_labels(&mut c);
        self.draw_dots(&mut c);
        c.put(format_args!("</svg>"));
        c.out
    }

    /// Row, x, key and text of each legend entry.
    fn legend(&self) -> Vec<(usize, f64, Key, &str)> {
        let dots = self.dots.iter().map(|d| {
            let key = if d.below {
                Key::Below(d.color)
            } else {
                Key::Dots(d.color)
            };
            (key, &d.label)
        });
        let lines = self
            .lines
            .iter()
            .map(|l| (Key::Line(l.color, l.dash), &l.label));
        let areas = self
            .areas
            .iter()
            .map(|a| (Key::Area(a.color, a.opacity, a.hatched), &a.label));
        let (mut row, mut x) = (0, LEFT);
        let mut out = Vec::new();
        for (key, label) in dots.chain(lines).chain(areas) {
            if label.is_empty() {
                continue;
            }
            let width = 30.0 + text_width(label) + 16.0;
            if x > LEFT && x + width > WIDTH - RIGHT {
                row += 1;
                x = LEFT;
            }
            out.push((row, x, key, label.as_str()));
            x += width;
        }
        out
    }

    fn draw_legend(&self, c: &mut Canvas, id: &str, legend: &[(usize, f64, Key, &str)]) {
        for (row, x, key, label) in legend {
            let y = 12.0 + LEGEND_ROW * *row as f64;
            match key {
                Key::Line(color, dash) => c.put(format_args!(
                    "<path class=\"line {}\" stroke-width=\"2\"{} d=\"M{x:.1} {y}h24\"/>",
                    color.class(),
                    dash.attribute()
                )),
                Key::Area(color, opacity, hatched) => {
                    let class = color.class();
                    let fill = if *hatched {
                        format!(" style=\"fill:url(#{id}-h{class})\"")
                    } else {
                        format!(" fill-opacity=\"{opacity}\"")
                    };
                    c.put(format_args!(
                        "<rect class=\"band {class}\"{fill} x=\"{x:.1}\" y=\"{:.1}\" width=\"24\" height=\"11\"/>",
                        y - 5.5
                    ));
                }
                Key::Below(color) => c.put(format_args!(
                    "<g class=\"{}\"><path class=\"dot\" d=\"M{:.1} {:.1}h10l-5 8z\"/></g>",
                    color.class(),
                    x + 7.0,
                    y - 4.0
                )),
                Key::Dots(color) => c.put(format_args!(
                    "<g class=\"{}\"><line class=\"bar\" x1=\"{cx:.1}\" x2=\"{cx:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/><circle class=\"dot\" cx=\"{cx:.1}\" cy=\"{y}\" r=\"3.6\"/></g>",
                    color.class(),
                    y - 8.0,
                    y + 8.0,
                    cx = x + 12.0
                )),
            }
            c.put(format_args!(
                "<text class=\"ink\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x + 30.0,
                y + 4.0,
                escape_xml(label)
            ));
        }
    }

    fn draw_axes(&self, c: &mut Canvas) {
        let top = c.top;
        let bottom = top + PLOT_HEIGHT;
        let right = WIDTH - RIGHT;
        let ticks = nice_ticks(self.y[0], self.y[1], 5);
        let decimals = tick_decimals(&ticks);
        for &t in &ticks {
            let y = c.py(t);
            c.put(format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{t:.decimals$}</text>",
                LEFT - 8.0,
                y + 4.0
            ));
        }
        let days = nice_ticks(self.x[0], self.x[1], 5);
        let decimals = tick_decimals(&days);
        for &day in &days {
            let x = c.px(day);
            c.put(format_args!(
                "<line class=\"axis\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{bottom}\" y2=\"{:.1}\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 5.0,
                bottom + 18.0,
                format!("{day:.decimals$}").replace('-', "\u{2212}")
            ));
            // Dates are written only where whole days let them be exact.
            let date = self
                .baseline
                .filter(|_| decimals == 0 && day.abs() < 1e6)
                .and_then(|d| d.checked_add(jiff::Span::new().days(day as i64)).ok());
            if let Some(date) = date {
                c.put(format_args!(
                    "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" style=\"font-size:10px\">{date}</text>",
                    bottom + 31.0
                ));
            }
        }
        c.put(format_args!(
            "<path class=\"axis\" d=\"M{LEFT} {:.1}V{bottom}H{right}\"/><text class=\"ink\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">Days after baseline</text><text class=\"ink\" transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            top,
            (LEFT + right) / 2.0,
            bottom + 49.0,
            top + PLOT_HEIGHT / 2.0,
            escape_xml(&self.y_label)
        ));
    }

    fn draw_spans(&self, c: &mut Canvas) {
        let top = c.top;
        for s in &self.spans {
            let (a, b) = (c.px(s.from), c.px(s.to));
            c.put(format_args!(
                "<rect class=\"span\" x=\"{a:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{PLOT_HEIGHT}\"/><path class=\"span-edge\" d=\"M{a:.1} {:.1}v{PLOT_HEIGHT}\"/>",
                top,
                (b - a).max(2.0),
                top
            ));
        }
    }

    fn draw_data(&self, c: &mut Canvas, id: &str) {
        let top = c.top;
        for a in &self.areas {
            let up = a.points.iter().map(|p| [p[0], p[2]]);
            let down = a.points.iter().rev().map(|p| [p[0], p[1]]);
            let d = c.path(up.chain(down));
            let class = a.color.class();
            let fill = if a.hatched {
                format!(" style=\"fill:url(#{id}-h{class})\"")
            } else {
                format!(" fill-opacity=\"{}\"", a.opacity)
            };
            c.put(format_args!(
                "<path class=\"band {class}\"{fill} d=\"{d}Z\"/>"
            ));
        }
        for l in &self.lines {
            let d = c.path(l.points.iter().copied());
            c.put(format_args!(
                "<path class=\"line {}\" stroke-width=\"2\"{} d=\"{d}\"/>",
                l.color.class(),
                l.dash.attribute()
            ));
        }
        if let Some(horizon) = self.horizon.filter(|h| *h < self.x[1]) {
            let x = c.px(horizon);
            c.put(format_args!(
                "<rect class=\"veil\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{PLOT_HEIGHT}\"/><path class=\"limit\" d=\"M{x:.1} {:.1}v{PLOT_HEIGHT}\"/>",
                top,
                WIDTH - RIGHT - x,
                top
            ));
        }
        for limit in &self.limits {
            let y = c.py(limit.y);
            c.put(format_args!(
                "<path class=\"limit\" d=\"M{LEFT} {y:.1}H{}\"/>",
                WIDTH - RIGHT
            ));
        }
    }

    fn draw_labels(&self, c: &mut Canvas) {
        let top = c.top;
        // Names of overlapping spans go below each other.
        let mut ends: Vec<f64> = Vec::new();
        for s in &self.spans {
            let x = c.px(s.from).max(LEFT) + 4.0;
            let label = shorten(&s.label, WIDTH - RIGHT - x);
            let row = ends.iter().position(|e| *e < x).unwrap_or(ends.len());
            let end = x + text_width(&label) + 8.0;
            match ends.get_mut(row) {
                Some(e) => *e = end,
                None => ends.push(end),
            }
            c.put(format_args!(
                "<text class=\"halo\" x=\"{x:.1}\" y=\"{:.1}\" style=\"font-size:11px\">{}</text>",
                top + 13.0 + 14.0 * row as f64,
                escape_xml(&label)
            ));
        }
        for limit in &self.limits {
            c.put(format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\" style=\"font-size:11px\">{}</text>",
                WIDTH - RIGHT + 4.0,
                c.py(limit.y) + 4.0,
                escape_xml(&limit.label)
            ));
        }
        if let Some(horizon) = self.horizon.filter(|h| *h < self.x[1]) {
            let x = c.px(horizon);
            let (x, anchor) = if x + 60.0 < WIDTH - RIGHT {
                (x + 5.0, "start")
            } else {
                (x - 5.0, "end")
            };
            c.put(format_args!(
                "<text class=\"halo\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" style=\"font-size:11px\">horizon</text>",
                top + PLOT_HEIGHT - 8.0
            ));
        }
        if !self.remark.is_empty() {
            c.put(format_args!(
                "<text class=\"halo ink\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" style=\"font-weight:600\">{}</text>",
                WIDTH - RIGHT - 6.0,
                top + 30.0,
                escape_xml(&self.remark)
            ));
        }
    }

    fn draw_dots(&self, c: &mut Canvas) {
        for d in &self.dots {
            c.put(format_args!("<g class=\"{}\">", d.color.class()));
            for &[day, value, low, high] in &d.points {
                if ![day, value, low, high].iter().all(|v| v.is_finite()) {
                    continue;
                }
                let (x, y) = (c.px(day), c.py(value));
                let (a, b) = (c.py(low), c.py(high.min(self.y[1])));
                if (b - a).abs() > 0.5 {
                    c.put(format_args!(
                        "<path class=\"bar\" d=\"M{x:.1} {a:.1}V{b:.1}M{l:.1} {a:.1}h8M{l:.1} {b:.1}h8\"/>",
                        l = x - 4.0
                    ));
                }
                if d.below {
                    c.put(format_args!(
                        "<path class=\"dot\" d=\"M{:.1} {:.1}h10l-5 8z\"/>",
                        x - 5.0,
                        y - 4.0
                    ));
                } else {
                    c.put(format_args!(
                        "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.2\"/>"
                    ));
                }
            }
            c.put(format_args!("</g>"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(
            nice_ticks(0.0, 30.0, 6),
            [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0]
        );
        let t = nice_ticks(0.0, 0.37, 5);
        assert!(
            t.iter().all(|v| (0.0..=0.37).contains(v)) && t.len() >= 4,
            "{t:?}"
        );
        assert!(nice_ticks(3.0, 3.0, 5).is_empty());
        assert!(nice_ticks(0.0, f64::NAN, 5).is_empty());
        assert_eq!(tick_decimals(&[0.0, 0.05]), 2);
        assert_eq!(tick_decimals(&[0.0, 20.0]), 0);
    }
}
