//! Figures that were measured beside the lesions: as a table, and as CSV (RFC 4180) with one row per
//! figure.

use crate::measure::{Figure, FigureMeasures};
use crate::units::Area;
use crate::volume::Intensity;

use super::Report;
use super::csv::{bulk, length, number, text};
use super::tables::{Cell, Row, Table};

/// A figure that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredFigure {
    /// Identifier of the measurement.
    pub id: String,
    /// Label of the visit, for example `Follow-up 1`.
    pub time_point: String,
    /// Date of the visit; empty where unknown.
    pub date: String,
    /// Modality of the series.
    pub modality: String,
    /// What it is of; may be empty.
    pub label: String,
    /// The figure, LPS mm.
    pub figure: Figure,
    /// What it measures; `None` where the image was not loaded.
    pub measures: Option<FigureMeasures>,
    /// The same in lines of words and numbers with units; empty where the image was not loaded.
    pub lines: Vec<String>,
}

/// The figures as a table for readers, visit by visit.
pub(super) fn figures(report: &Report) -> Table {
    let row = |figure: &MeasuredFigure| {
        let kind = figure.figure.kind().word();
        let what = if figure.label.is_empty() {
            kind.to_owned()
        } else {
            format!("{} ({kind})", figure.label)
        };
        let visit = [&*figure.time_point, &*figure.date];
        let lines = if figure.lines.is_empty() {
            &["image not loaded".to_owned()][..]
        } else {
            &figure.lines
        };
        Row {
            head: Cell::lines([what]),
            cells: vec![
                Cell::lines(visit.into_iter().filter(|line| !line.is_empty())),
                Cell::lines([&*figure.modality]),
                Cell::lines(lines.iter().map(|line| &**line)),
            ],
            color: -1,
        }
    };
    Table {
        caption: "Other measurements".into(),
        columns: ["Figure", "Visit", "Modality", "Measured"]
            .map(|c| vec![c.to_owned()])
            .into(),
        rows: report.figures.iter().map(row).collect(),
        per_visit: false,
    }
}

/// Column names. Sizes have one column per unit, so that no cell holds a number of unknown unit.
const COLUMNS: [&str; 26] = [
    "patient",
    "measurement_id",
    "time_point",
    "date",
    "modality",
    "kind",
    "label",
    "length_mm",
    "length_px",
    "short_mm",
    "short_px",
    "angle_deg",
    "area_mm2",
    "area_px2",
    "volume_mm3",
    "volume_voxels",
    "n_voxels",
    "n_without_value",
    "value_unit",
    "mean",
    "sd",
    "min",
    "max",
    "median",
    "peak",
    "status",
];

/// The table of figures, in the form of [`super::csv()`].
#[must_use]
pub fn figures_csv(report: &Report) -> String {
    let mut out = COLUMNS.join(",");
    out.push_str("\r\n");
    for row in &report.figures {
        let m = row.measures.unwrap_or_default();
        let [length_mm, length_px] = length(m.length);
        let [short_mm, short_px] = length(m.short);
        let [mm3, voxels] = bulk(m.volume);
        let [mm2, px2] = match m.area {
            Some(Area::Mm2(mm2)) => [number(Some(mm2.0)), String::new()],
            Some(Area::Px2(n)) => [String::new(), number(Some(n))],
            None => [String::new(), String::new()],
        };
        let values = m.values.as_ref();
        let value = |x: Option<Intensity>| number(x.map(|x| x.value));
        let fields = [
            text(&report.case.patient),
            text(&row.id),
            text(&row.time_point),
            text(&row.date),
            text(&row.modality),
            text(row.figure.kind().word()),
            text(&row.label),
            length_mm,
            length_px,
            short_mm,
            short_px,
            number(m.angle.map(|a| a.0)),
            mm2,
            px2,
            mm3,
            voxels,
            values.map(|v| v.n.to_string()).unwrap_or_default(),
            values.map(|v| v.n_void.to_string()).unwrap_or_default(),
            text(values.map_or("", |v| v.mean.unit.symbol())),
            value(values.map(|v| v.mean)),
            value(values.map(|v| v.sd)),
            value(values.map(|v| v.min)),
            value(values.map(|v| v.max)),
            value(values.map(|v| v.median)),
            value(values.and_then(|v| v.peak).map(|p| p.value)),
            if row.measures.is_some() {
                "measured"
            } else {
                "image_not_loaded"
            }
            .to_owned(),
        ];
        out.push_str(&fields.join(","));
        out.push_str("\r\n");
    }
    out
}
