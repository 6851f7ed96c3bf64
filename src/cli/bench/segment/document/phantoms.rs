//! Tables of phantoms, clicks and confidence.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Run;
use super::stats::{dice, line, mean, percentile, share, with_offer};
use crate::cli::bench::segment::score::Score;
use crate::cli::bench::segment::{Click, Drag, FAILURE, Row};

pub(super) fn phantoms(text: &mut String, run: &Run<'_>) {
    let chosen: Vec<&Row> = run.rows.iter().filter(|r| r.set == "phantom").collect();
    line!(
        text,
        "\n## Phantoms\n\n{} of the {} cases of the {} half of the suite (radius at most {} mm): longest axes of {:.0} to \
         {:.0} mm, slices 1 to 6 mm apart, noise, blur and partial volume. Mean Dice, 5th percentile in brackets. \
         \"Offered\": drags in the neighbouring slice for which a better one was offered; the mean when offers are \
         taken.\n\n\
         | class | cases | drag | ±2 px | one slice off | offered | with offers | volume | by shares | diameter | after 3 | consistency | Slicer's GrowCut |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|",
        chosen.len(),
        run.n_phantoms,
        run.half,
        run.largest,
        chosen
            .iter()
            .map(|r| r.diameter)
            .fold(f64::INFINITY, f64::min),
        chosen.iter().map(|r| r.diameter).fold(0.0, f64::max),
    );
    let mut classes: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &chosen {
        classes.entry(&row.group).or_default().push(row);
    }
    classes.insert("~ all", chosen.clone());
    for (name, rows) in classes {
        let of =
            |value: &dyn Fn(&Row) -> f64| -> Vec<f64> { rows.iter().map(|r| value(r)).collect() };
        let both = |v: Vec<f64>| format!("{:.3} ({:.2})", mean(&v), percentile(&v, 0.05));
        let is_offered = |r: &&&Row| r.drags.get(2).is_some_and(|d| d.offered.is_some());
        let first = |r: &Row, value: fn(&Score) -> f64| {
            r.drags.first().map_or(0.0, |d| value(&d.score).abs())
        };
        let shares: Vec<f64> = rows
            .iter()
            .filter_map(|r| r.by_shares.map(f64::abs))
            .collect();
        line!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {:.0} % | {:.0} % | {:.0} % | {:.3} | {:.2} | {} |",
            name.trim_start_matches("~ "),
            rows.len(),
            both(of(&|r| dice(r, 0))),
            both(of(&|r| dice(r, 1))),
            both(of(&|r| dice(r, 2))),
            share(rows.iter().filter(is_offered).count(), rows.len()),
            both(of(&with_offer)),
            100.0 * mean(&of(&|r| first(r, |s| s.volume))),
            100.0 * mean(&shares),
            100.0 * mean(&of(&|r| first(r, |s| s.diameter))),
            mean(&of(&|r| r.corrected.dice[2])),
            mean(&of(&|r| r.consistency)),
            both(of(&|r| r.slicer.unwrap_or(0.0))),
        );
    }
    line!(
        text,
        "\nVolume, volume by shares of border voxels, and diameter: mean absolute error of the exact drag."
    );
    offers(text, &chosen);
}

/// How well offers of a better slice hit the drags that need one.
fn offers(text: &mut String, rows: &[&Row]) {
    let off: Vec<&Drag> = rows.iter().filter_map(|r| r.drags.get(2)).collect();
    let failing = |d: &&&Drag| d.score.dice < FAILURE;
    let offered: Vec<&Drag> = off
        .iter()
        .copied()
        .filter(|d| d.offered.is_some())
        .collect();
    let better = |d: &&&Drag| d.offered.is_some_and(|o| o > d.score.dice + 0.005);
    let worse = |d: &&&Drag| d.offered.is_some_and(|o| o < d.score.dice - 0.005);
    let n_failing = off.iter().filter(failing).count();
    let n_met = offered.iter().filter(failing).count();
    line!(
        text,
        "\nOf {} drags one slice off {n_failing} fail (Dice below {FAILURE}); a better slice is offered for {n_met} of \
         these ({}), and {} offers are made in all: {} make the mask better, {} make it worse.",
        off.len(),
        share(n_met, n_failing),
        offered.len(),
        offered.iter().filter(better).count(),
        offered.iter().filter(worse).count(),
    );
}

/// What became of clicks.
pub(super) struct Clicks {
    pub(super) n: usize,
    /// Dice of those that made a mask.
    pub(super) accepted: Vec<f64>,
    /// Accepted, and a failure.
    pub(super) wrong: usize,
    /// Refused, and would have been a failure.
    pub(super) rightly: usize,
    /// Refused, and would have been good.
    pub(super) needlessly: usize,
}

impl Clicks {
    pub(super) fn of<'a>(clicks: impl Iterator<Item = &'a Click>) -> Self {
        let mut all = Self {
            n: 0,
            accepted: Vec::new(),
            wrong: 0,
            rightly: 0,
            needlessly: 0,
        };
        for click in clicks {
            all.n += 1;
            let failed = click.dice < FAILURE;
            match (&click.refusal, failed) {
                (None, _) => {
                    all.accepted.push(click.dice);
                    all.wrong += usize::from(failed);
                }
                (Some(_), true) => all.rightly += 1,
                (Some(_), false) => all.needlessly += 1,
            }
        }
        all
    }

    /// Clicks whose mask is or would have been a failure.
    pub(super) const fn bad(&self) -> usize {
        self.wrong + self.rightly
    }
}

pub(super) fn clicks(text: &mut String, run: &Run<'_>) {
    line!(
        text,
        "\n## Clicks\n\nThree clicks on each lesion, at least half as deep as its deepest place. A refused click is made \
         all the same, to learn whether its mask would have been a failure (Dice below {FAILURE}).\n\n\
         | class | clicks | accepted | mean Dice of accepted | accepted failures | failures refused | good ones refused |\n|---|---|---|---|---|---|---|"
    );
    let mut classes: BTreeMap<&str, Vec<&Click>> = BTreeMap::new();
    for row in run.rows {
        if row.set == "phantom" {
            classes.entry(&row.group).or_default().extend(&row.clicks);
            classes
                .entry("~ all phantoms")
                .or_default()
                .extend(&row.clicks);
        } else {
            classes
                .entry("~ real lesions")
                .or_default()
                .extend(&row.clicks);
        }
    }
    for (name, clicks) in classes {
        let all = Clicks::of(clicks.iter().copied());
        let dice = if all.accepted.is_empty() {
            "–".to_owned()
        } else {
            format!("{:.3}", mean(&all.accepted))
        };
        line!(
            text,
            "| {} | {} | {} | {dice} | {} | {} of {} | {} of {} |",
            name.trim_start_matches("~ "),
            all.n,
            all.accepted.len(),
            all.wrong,
            all.rightly,
            all.bad(),
            all.needlessly,
            all.n - all.bad(),
        );
    }
}

pub(super) fn confidence(text: &mut String, run: &Run<'_>) {
    line!(
        text,
        "\n## Confidence of drags\n\nBelow 0.5 a mask counts for nothing. All hands together.\n\n\
         | | masks | Dice ≥ {FAILURE}, trusted | Dice ≥ {FAILURE}, not trusted | failures, trusted | failures, not trusted |\n|---|---|---|---|---|---|"
    );
    type Kind = fn(&Row) -> bool;
    let kinds: [(&str, Kind); 3] = [
        ("real, not tuned on", |r| {
            r.set == "real" && !r.is_for_tuning
        }),
        ("real, tuned on", |r| r.set == "real" && r.is_for_tuning),
        ("phantoms", |r| r.set == "phantom"),
    ];
    for (name, kind) in kinds {
        let mut counts = [0usize; 4];
        for drag in run.rows.iter().filter(|r| kind(r)).flat_map(|r| &r.drags) {
            let failed = drag.score.dice < FAILURE;
            counts[2 * usize::from(failed) + usize::from(drag.confidence < 0.5)] += 1;
        }
        let [a, b, c, d] = counts;
        line!(
            text,
            "| {name} | {} | {a} | {b} | {c} | {d} |",
            a + b + c + d
        );
    }
    line!(
        text,
        "\n### Consistency of exact drags\n\nMean Dice of the mask with those of six drags a pixel or two beside; how many \
         masks of each range, and their mean Dice with the reference.\n\n\
         | consistency | real, not tuned on | mean Dice | phantoms | mean Dice |\n|---|---|---|---|---|"
    );
    for (low, high) in [
        (0.0, 0.7),
        (0.7, 0.8),
        (0.8, 0.85),
        (0.85, 0.9),
        (0.9, 1.01),
    ] {
        let of = |kind: Kind| {
            let chosen = run.rows.iter().filter(|r| kind(r));
            let within = chosen.filter(|r| (low..high).contains(&r.consistency));
            let dice: Vec<f64> = within.map(|r| dice(r, 0)).collect();
            match dice.len() {
                0 => "0 | –".to_owned(),
                n => format!("{n} | {:.3}", mean(&dice)),
            }
        };
        line!(
            text,
            "| {low:.2}–{:.2} | {} | {} |",
            f64::min(high, 1.0),
            of(kinds[0].1),
            of(kinds[2].1)
        );
    }
}
