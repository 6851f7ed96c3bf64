//! Tables of real lesions, and of groups of lesions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Run;
use super::stats::{dice, interval, line, optional, with_offer};
use crate::cli::bench::segment::Row;

pub(super) fn real(text: &mut String, run: &Run<'_>) {
    line!(
        text,
        "\n## Real lesions\n\nThe reference is the largest connected part, which is the given share of it. T: parameters \
         were chosen with it in sight. Sizes in mm, or in px where the spacing is unknown. \"Offered\": the drag one \
         slice off when the offer of a better slice is taken. HD95, volume, diameter, confidence and consistency are \
         those of the exact drag.\n\n\
         | lesion | | size | slices | share | drag | slice by slice | ±2 px | one slice off | offered | after 2 | 3 | 5 | HD95 | volume | diameter | confidence | consistency | Slicer's GrowCut | ConfidenceConnected |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    );
    let real: Vec<&Row> = run.rows.iter().filter(|r| r.set == "real").collect();
    for r in &real {
        let Some(first) = r.drags.first() else {
            continue;
        };
        let slices = r.slice_mm.map_or("?".to_owned(), |s| format!("{s:.1}"));
        line!(
            text,
            "| {} | {} | {:.0} | {slices} | {:.2} | {:.3} | {} | {:.3} | {:.3} | {} | {:.3} | {:.3} | {:.3} | {:.1} | {:+.0} % | {:+.0} % | {:.2} | {:.2} | {} | {} |",
            r.name,
            if r.is_for_tuning { "T" } else { "" },
            r.diameter,
            r.share,
            first.score.dice,
            optional(r.by_slice),
            dice(r, 1),
            dice(r, 2),
            optional(r.drags.get(2).and_then(|d| d.offered)),
            r.corrected.dice[1],
            r.corrected.dice[2],
            r.corrected.dice[4],
            first.score.hd95,
            100.0 * first.score.volume,
            100.0 * first.score.diameter,
            first.confidence,
            r.consistency,
            optional(r.slicer),
            optional(r.connected),
        );
    }
    for (name, reason) in run.missing {
        line!(text, "| {name} | | missing: {reason} |");
    }
    line!(
        text,
        "\n| mean Dice | lesions | drag | slice by slice where better | ±2 px | one slice off | with offers | after 2 | 3 | 5 | 3, strokes alone | 5, strokes alone | Slicer's GrowCut | ConfidenceConnected |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    );
    let is_solid = |r: &Row| r.slice_mm.is_some();
    type Kind = fn(&Row) -> bool;
    let kinds: [(&str, Kind); 6] = [
        ("not tuned on", |r| !r.is_for_tuning),
        ("– of known spacing", |r| {
            !r.is_for_tuning && r.slice_mm.is_some()
        }),
        ("– of unknown spacing (glioblastomas)", |r| {
            !r.is_for_tuning && r.slice_mm.is_none()
        }),
        ("tuned on", |r| r.is_for_tuning),
        ("all", |_| true),
        ("all of known spacing", is_solid),
    ];
    for (name, kind) in kinds {
        let chosen: Vec<&Row> = real.iter().copied().filter(|r| kind(r)).collect();
        if chosen.is_empty() {
            continue;
        }
        let of = |value: &dyn Fn(&Row) -> Option<f64>| interval(&chosen, value);
        line!(
            text,
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            chosen.len(),
            of(&|r| Some(dice(r, 0))),
            of(&|r| Some(r.by_slice.map_or(dice(r, 0), |d| d.max(dice(r, 0))))),
            of(&|r| Some(dice(r, 1))),
            of(&|r| Some(dice(r, 2))),
            of(&|r| Some(with_offer(r))),
            of(&|r| Some(r.corrected.dice[1])),
            of(&|r| Some(r.corrected.dice[2])),
            of(&|r| Some(r.corrected.dice[4])),
            of(&|r| Some(r.corrected.alone[2])),
            of(&|r| Some(r.corrected.alone[4])),
            of(&|r| r.slicer),
            of(&|r| r.connected),
        );
    }
    let taken: usize = real.iter().map(|r| r.corrected.n_taken).sum();
    let steps = real.iter().flat_map(|r| r.corrected.dice.windows(2));
    let (n, down) = steps.fold((0usize, 0usize), |(n, down), w| {
        (n + 1, down + usize::from(w[1] < w[0] - 0.005))
    });
    line!(
        text,
        "\nOf {n} corrections of real lesions {down} lowered the Dice by more than 0.005; {taken} times what \
         was offered, slice by slice or divided anew, was nearer to the reference and taken."
    );
}

pub(super) fn by_size(row: &Row) -> &'static str {
    match row.diameter {
        d if d < 15.0 => "< 15",
        d if d <= 40.0 => "15–40",
        _ => "> 40",
    }
}

pub(super) fn by_slice(row: &Row) -> &'static str {
    match row.slice_mm {
        None => "unknown",
        Some(s) if s <= 1.5 => "≤ 1.5 mm",
        Some(s) if s <= 3.0 => "1.5–3 mm",
        Some(_) => "> 3 mm",
    }
}

pub(super) fn groups<'a>(
    text: &mut String,
    title: &str,
    rows: impl Iterator<Item = &'a Row>,
    key: fn(&Row) -> &'static str,
) {
    let mut groups: BTreeMap<&'static str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(row);
    }
    line!(
        text,
        "\n### {title}\n\n| | lesions | drag | ±2 px | one slice off | after 3 | Slicer's GrowCut |\n|---|---|---|---|---|---|---|"
    );
    for (name, rows) in groups {
        let of = |value: &dyn Fn(&Row) -> Option<f64>| interval(&rows, value);
        line!(
            text,
            "| {name} | {} | {} | {} | {} | {} | {} |",
            rows.len(),
            of(&|r| Some(dice(r, 0))),
            of(&|r| Some(dice(r, 1))),
            of(&|r| Some(dice(r, 2))),
            of(&|r| Some(r.corrected.dice[2])),
            of(&|r| r.slicer),
        );
    }
}
