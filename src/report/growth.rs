//! The two figures of a report: growth of a lesion, and the sum of diameters.

use jiff::civil::Date;

use crate::narrate::{CaseSummary, Role, lesion_labels};
use crate::units::Length;

use super::figure::{Area, Color, Dash, DaySpan, Dots, Figure, Limit, Line};

/// An observed size in plotted units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Day after baseline.
    pub day: f64,
    /// Value.
    pub value: f64,
    /// Lower end of the measurement's 90 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Too small to measure: the value is the limit, and the size lies below it.
    pub below_limit: bool,
}

/// Quantiles of a curve on one day, in plotted units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveBand {
    /// Day after baseline.
    pub day: f64,
    /// 5 %.
    pub q05: f64,
    /// 25 %.
    pub q25: f64,
    /// Median.
    pub q50: f64,
    /// 75 %.
    pub q75: f64,
    /// 95 %.
    pub q95: f64,
}

/// A treated interval, days after baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Treated {
    /// First day.
    pub from: f64,
    /// Last day.
    pub to: f64,
    /// Name.
    pub name: String,
}

/// Growth curve of one lesion.
#[derive(Clone, Debug, PartialEq)]
pub struct GrowthCurve {
    /// Label of the lesion.
    pub lesion: String,
    /// Its place in the list of lesions, for its colour.
    pub color: usize,
    /// What is plotted, with unit, for example `Volume (mL)`.
    pub y_label: String,
    /// Date of day 0.
    pub baseline: Option<Date>,
    /// Observations.
    pub points: Vec<CurvePoint>,
    /// Model with treatment as recorded.
    pub factual: Vec<CurveBand>,
    /// The last value with the spread that other lesions showed, where no model has skill.
    pub local: Vec<CurveBand>,
    /// Model in the scenario; empty when none was asked.
    pub scenario: Vec<CurveBand>,
    /// Name of the scenario.
    pub scenario_label: String,
    /// Whether data determine the scenario's difference.
    pub identified: bool,
    /// What is said of a size too small to measure.
    pub limit: String,
    /// What acts: intervals, and days of single doses and fractions.
    pub treated: Vec<Treated>,
    /// Last observation carried forward.
    pub locf: Option<f64>,
    /// Day beyond which projections fade.
    pub horizon_day: Option<f64>,
}

/// End of an axis that begins at zero and holds `values` with a margin.
fn axis_end(values: impl Iterator<Item = f64>) -> f64 {
    let top = values.filter(|v| v.is_finite()).fold(0.0, f64::max);
    if top > 0.0 { top * 1.08 } else { 1.0 }
}

fn areas(band: &[CurveBand], color: Color, hatched: bool, label: &str) -> Vec<Area> {
    let ends = |f: fn(&CurveBand) -> [f64; 3]| band.iter().map(f).collect();
    let mut out = vec![Area {
        points: ends(|b| [b.day, b.q05, b.q95]),
        color,
        opacity: 0.16,
        hatched,
        label: label.into(),
    }];
    if !hatched {
        out.push(Area {
            points: ends(|b| [b.day, b.q25, b.q75]),
            color,
            opacity: 0.24,
            hatched: false,
            label: String::new(),
        });
    }
    out
}

/// The growth curve of a lesion as a figure.
///
/// The vertical axis holds every observation and every median, and the bands up to the horizon as
/// far as twice the largest of these; what a band does beyond is cut off at the frame.
#[must_use]
pub fn growth_figure(curve: &GrowthCurve) -> Figure {
    let color = Color::Lesion(curve.color);
    let day_end = curve
        .points
        .iter()
        .map(|p| p.day)
        .chain(
            curve
                .factual
                .iter()
                .chain(&curve.scenario)
                .chain(&curve.local)
                .map(|b| b.day),
        )
        .filter(|d| d.is_finite())
        .fold(1.0, f64::max);
    let day_start = curve
        .points
        .iter()
        .map(|p| p.day)
        .filter(|d| d.is_finite())
        .fold(0.0, f64::min);
    let inside = |b: &&CurveBand| curve.horizon_day.is_none_or(|h| b.day <= h);
    let all = || {
        let models = curve.factual.iter().chain(&curve.scenario);
        models.chain(&curve.local)
    };
    let solid = axis_end(
        curve
            .points
            .iter()
            .map(|p| p.high)
            .chain(all().filter(inside).map(|b| b.q50))
            .chain(curve.locf),
    );
    let top = axis_end(all().filter(inside).map(|b| b.q95)).clamp(solid, 2.0 * solid);
    let mut areas_all = Vec::new();
    let mut lines = Vec::new();
    let median = |band: &[CurveBand]| band.iter().map(|b| [b.day, b.q50]).collect();
    if !curve.factual.is_empty() {
        areas_all.extend(areas(&curve.factual, color, false, "50 % and 90 % band"));
        lines.push(Line {
            points: median(&curve.factual),
            color,
            dash: Dash::Solid,
            label: "Model, as treated".into(),
        });
    }
    if !curve.local.is_empty() {
        areas_all.extend(areas(
            &curve.local,
            Color::Neutral,
            false,
            "50 % and 90 % of other lesions",
        ));
        lines.push(Line {
            points: median(&curve.local),
            color: Color::Neutral,
            dash: Dash::Solid,
            label: "Last value, spread of other lesions".into(),
        });
    }
    if !curve.scenario.is_empty() {
        let label = format!("What if: {}", curve.scenario_label);
        let band_label = if curve.identified {
            ""
        } else {
            "not identified (prior only)"
        };
        areas_all.extend(areas(
            &curve.scenario,
            Color::Neutral,
            !curve.identified,
            band_label,
        ));
        lines.push(Line {
            points: median(&curve.scenario),
            color: Color::Neutral,
            dash: Dash::Dashed,
            label,
        });
    }
    if let (Some(locf), Some(last)) = (curve.locf, curve.points.last()) {
        lines.push(Line {
            points: vec![[last.day, locf], [day_end, locf]],
            color: Color::Neutral,
            dash: Dash::Dotted,
            label: "Last observation carried forward".into(),
        });
    }
    let remark = if curve.scenario.is_empty() || curve.identified {
        String::new()
    } else {
        "NOT IDENTIFIED \u{2013} prior only".into()
    };
    Figure {
        title: format!("Growth of lesion {}", curve.lesion),
        description: format!(
            "{} over days after baseline: {} observations{}{}{}.",
            curve.y_label,
            curve.points.len(),
            if curve.factual.is_empty() {
                ""
            } else {
                ", model with 50 % and 90 % bands"
            },
            if curve.scenario.is_empty() {
                ""
            } else {
                ", what-if arm"
            },
            if remark.is_empty() {
                ""
            } else {
                " that the data do not identify"
            },
        ),
        y_label: curve.y_label.clone(),
        x: [day_start, day_end * 1.01],
        y: [0.0, top],
        baseline: curve.baseline,
        spans: curve
            .treated
            .iter()
            .map(|t| DaySpan {
                from: t.from,
                to: t.to,
                label: t.name.clone(),
            })
            .collect(),
        areas: areas_all,
        lines,
        dots: dots(curve, color),
        limits: Vec::new(),
        horizon: curve.horizon_day,
        remark,
    }
}

/// Measured sizes, and those below the limit, which are drawn at it.
fn dots(curve: &GrowthCurve, color: Color) -> Vec<Dots> {
    let of = |below: bool, label: String| Dots {
        points: curve
            .points
            .iter()
            .filter(|p| p.below_limit == below)
            .map(|p| [p.day, p.value, p.low, p.high])
            .collect(),
        color,
        below,
        label,
    };
    let measured = of(false, format!("{} measured", curve.lesion));
    let below = of(true, format!("{} {}", curve.lesion, curve.limit));
    [measured, below]
        .into_iter()
        .filter(|d| !d.below || !d.points.is_empty())
        .collect()
}

/// Sum of diameters with the RECIST 1.1 thresholds, and the diameters it is made of. `None` when
/// no sum, or fewer than two, can be put on a day, or when units are mixed.
#[must_use]
pub fn sum_figure(case: &CaseSummary) -> Option<Figure> {
    let day = |t: usize| case.time_points.get(t).and_then(|p| p.day).map(|d| d.0);
    let sums: Vec<(f64, Length)> = case
        .responses
        .iter()
        .enumerate()
        .filter_map(|(t, r)| Some((day(t)?, r.as_ref()?.sum)))
        .collect();
    let unit = sums.first()?.1.symbol();
    if sums.len() < 2 || sums.iter().any(|(_, s)| s.symbol() != unit) {
        return None;
    }
    let baseline = sums[0].1.value();
    let nadir = sums[..sums.len() - 1]
        .iter()
        .map(|(_, s)| s.value())
        .fold(f64::INFINITY, f64::min);
    let mut limits = vec![Limit {
        y: 0.7 * baseline,
        label: "PR".into(),
    }];
    // The 5 mm rule has no meaning in pixels.
    let progress = if unit == "mm" {
        (1.2 * nadir).max(nadir + 5.0)
    } else {
        1.2 * nadir
    };
    limits.push(Limit {
        y: progress,
        label: "PD".into(),
    });
    let mut lines = vec![Line {
        points: sums.iter().map(|(d, s)| [*d, s.value()]).collect(),
        color: Color::Neutral,
        dash: Dash::Solid,
        label: String::new(),
    }];
    let mut dots = vec![Dots {
        points: sums
            .iter()
            .map(|(d, s)| [*d, s.value(), s.value(), s.value()])
            .collect(),
        color: Color::Neutral,
        below: false,
        label: "Sum of diameters".into(),
    }];
    for ((i, lesion), label) in case.lesions.iter().enumerate().zip(lesion_labels(case)) {
        if lesion.role != Role::Target {
            continue;
        }
        let points: Vec<[f64; 2]> = (0..case.time_points.len())
            .filter_map(|t| {
                let l = lesion.measure(t)?.counted?;
                (l.symbol() == unit).then_some([day(t)?, l.value()])
            })
            .collect();
        dots.push(Dots {
            points: points.iter().map(|p| [p[0], p[1], p[1], p[1]]).collect(),
            color: Color::Lesion(i),
            below: false,
            label: if lesion.nodal {
                format!("{label} (short axis)")
            } else {
                label
            },
        });
        lines.push(Line {
            points,
            color: Color::Lesion(i),
            dash: Dash::Solid,
            label: String::new(),
        });
    }
    let end = sums.iter().map(|(d, _)| *d).fold(1.0, f64::max);
    let top = axis_end(
        sums.iter()
            .map(|(_, s)| s.value())
            .chain(limits.iter().map(|l| l.y)),
    );
    Some(Figure {
        title: "Sum of target diameters".into(),
        description: format!(
            "Sum of target diameters in {unit} at {} visits with the thresholds of RECIST 1.1, and the diameters that it is made of.",
            sums.len()
        ),
        y_label: format!("Diameter ({unit})"),
        x: [0.0, end * 1.02],
        y: [0.0, top],
        baseline: case.time_points.first().and_then(|t| t.date),
        spans: case
            .treatments
            .iter()
            .filter_map(|t| {
                let from = t.day?.0;
                Some(DaySpan {
                    from,
                    to: t.lasting.map_or(end, |d| (from + d.0).min(end)),
                    label: t.name.clone(),
                })
            })
            .collect(),
        areas: Vec::new(),
        lines,
        dots,
        limits,
        horizon: None,
        remark: String::new(),
    })
}
