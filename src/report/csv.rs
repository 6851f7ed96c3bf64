//! The measurement table as CSV (RFC 4180): one row per lesion and visit.

use crate::narrate::{lesion_labels, time_point_label};
use crate::units::{Bulk, Length};

use super::Report;

/// Column names. Sizes have one column per unit, so that no cell holds a number of unknown unit.
const COLUMNS: [&str; 31] = [
    "patient",
    "lesion_id",
    "lesion",
    "organ",
    "role",
    "nodal",
    "time_point_id",
    "time_point",
    "date",
    "day",
    "modality",
    "slice_thickness_mm",
    "drawn_diameter_mm",
    "drawn_diameter_px",
    "long_axis_mm",
    "long_axis_px",
    "short_axis_mm",
    "short_axis_px",
    "recist_mm",
    "recist_px",
    "recist_source",
    "volume_mm3",
    "volume_voxels",
    "partial_volume_mm3",
    "partial_volume_voxels",
    "confidence",
    "consistency",
    "engine",
    "mask_sha256",
    "status",
    "warnings",
];

/// The measurement table. Numbers have a decimal point and up to four decimals; fields of text that a
/// spreadsheet would run as a formula begin with an apostrophe.
#[must_use]
pub fn csv(report: &Report) -> String {
    let case = &report.case;
    let mut out = COLUMNS.join(",");
    out.push_str("\r\n");
    for (lesion, label) in case.lesions.iter().zip(lesion_labels(case)) {
        for (t, visit) in case.time_points.iter().enumerate() {
            let m = lesion.measure(t);
            let [drawn_mm, drawn_px] = length(m.and_then(|m| m.drawn));
            let [long_mm, long_px] = length(m.and_then(|m| m.long_axis));
            let [short_mm, short_px] = length(m.and_then(|m| m.short_axis));
            let [recist_mm, recist_px] = length(m.and_then(|m| m.counted));
            let [mm3, voxels] = bulk(m.and_then(|m| m.volume));
            let [partial_mm3, partial_voxels] = bulk(m.and_then(|m| m.partial_volume));
            let mut codes: Vec<String> = Vec::new();
            for warning in visit
                .warnings
                .iter()
                .chain(m.iter().flat_map(|m| &m.warnings))
            {
                let code = warning.code.as_str();
                if !codes.contains(&code) {
                    codes.push(code);
                }
            }
            let warnings = codes.join(";");
            let fields = [
                text(&case.patient),
                text(&lesion.id),
                text(&label),
                text(&lesion.organ),
                text(lesion.role.as_str()),
                lesion.nodal.to_string(),
                text(&visit.id),
                text(&time_point_label(t)),
                visit.date.map(|d| d.to_string()).unwrap_or_default(),
                number(visit.day.map(|d| d.0)),
                text(&visit.modality),
                number(visit.slice_thickness.map(|mm| mm.0)),
                drawn_mm,
                drawn_px,
                long_mm,
                long_px,
                short_mm,
                short_px,
                recist_mm,
                recist_px,
                text(m.map_or("", |m| &m.source)),
                mm3,
                voxels,
                partial_mm3,
                partial_voxels,
                number(m.and_then(|m| m.confidence)),
                number(m.and_then(|m| m.consistency)),
                text(m.map_or("", |m| &m.engine)),
                text(m.map_or("", |m| &m.mask_sha256)),
                if m.is_some() {
                    "measured"
                } else {
                    "not_measured"
                }
                .to_owned(),
                text(&warnings),
            ];
            out.push_str(&fields.join(","));
            out.push_str("\r\n");
        }
    }
    out
}

pub(super) fn length(length: Option<Length>) -> [String; 2] {
    match length {
        Some(Length::Mm(mm)) => [number(Some(mm.0)), String::new()],
        Some(Length::Px(px)) => [String::new(), number(Some(px.0))],
        None => [String::new(), String::new()],
    }
}

pub(super) fn bulk(bulk: Option<Bulk>) -> [String; 2] {
    match bulk {
        Some(Bulk::Mm3(mm3)) => [number(Some(mm3.0)), String::new()],
        Some(Bulk::Voxels(n)) => [String::new(), number(Some(n))],
        None => [String::new(), String::new()],
    }
}

pub(super) fn number(value: Option<f64>) -> String {
    let Some(value) = value.filter(|v| v.is_finite()) else {
        return String::new();
    };
    let digits = format!("{value:.4}");
    digits
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// A field of text: harmless in a spreadsheet, quoted where the format asks for it.
pub(super) fn text(value: &str) -> String {
    let formula = value.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]);
    let value = if formula {
        format!("'{value}")
    } else {
        value.to_owned()
    };
    if value.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text() {
        assert_eq!(text("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(text("@SUM(A1,A2)"), "\"'@SUM(A1,A2)\"");
        assert_eq!(text("a \"b\""), "\"a \"\"b\"\"\"");
        assert_eq!(number(Some(-3.25)), "-3.25");
        assert_eq!(number(Some(100.0)), "100");
        assert_eq!(number(Some(f64::NAN)), "");
    }
}
