//! All figures, one after the other.

use serde_json::{Value, json};

use super::Findings;
use super::cohort::Cohort;
use super::peers::{Beside, EMCEE, SCIPY, VECTORISED};
use super::ranks::Ranks;
use super::speed::{Timed, What};
use crate::cli::bench::figure::{Bound, Figure, Row};

/// What the least p-value adjusted by Holm has to reach.
const P: f64 = 0.01;
/// Share of measurements of the misspecified cohort that 80 % bands have to hold.
const COVERED: f64 = 0.7;
/// Milliseconds of 95 % of posteriors, and of a patient.
const POSTERIOR: f64 = 50.0;
const PATIENT: f64 = 300.0;
/// How many times ours emcee is to take.
const FASTER: f64 = 50.0;
/// How far medians may lie from emcee's, in widths of 90 % intervals: both are drawn.
const APART: f64 = 0.1;

/// What both seeds are called where their numbers do not matter.
pub(super) const SEEDS: [&str; 2] = ["first seed", "second seed"];

/// With and without straying, in the order of [`super::cohort::DISCREPANCIES`].
pub(super) const WAYS: [&str; 2] = ["without straying", "as the program has it"];

const RANKS: &str = "ranks of the truth among 99 draws, over all cases";
const COHORT: &str = "a scan 60 days after the last, 80 % band";
const FIT: &str = "posterior and score of held-out scans";

/// Rows of every parameter of every case.
pub(super) fn ranked(findings: &Findings) -> Vec<Value> {
    let of = |found: &Ranks| -> Vec<Value> {
        let rows = found.rows.iter().map(|r| {
            json!({
                "seed": found.seed, "case": r.case, "of": r.of, "draws": r.draws,
                "p_chi_square": r.chi_square, "p_ecdf": r.ecdf,
                "p_chi_square_holm": r.chi_square_holm, "p_ecdf_holm": r.ecdf_holm,
                "coverage": r.coverage(),
                "band": r.band.map(|ends| ends.map(|n| n as f64 / r.draws as f64)),
                "ok": r.chi_square_holm > P && r.ecdf_holm > P && r.outside() == 0,
            })
        });
        rows.collect()
    };
    findings.ranks.iter().flat_map(of).collect()
}

pub(super) fn figures(findings: &Findings) -> Vec<Row> {
    let seeds = SEEDS.into_iter().zip(&findings.ranks);
    let mut figures: Vec<Figure> = seeds.flat_map(|(set, ranks)| uniform(set, ranks)).collect();
    figures.extend(held(&findings.cohort));
    figures.extend(findings.timed.iter().flat_map(times));
    let mut rows: Vec<Row> = figures.into_iter().map(Row::Figure).collect();
    match &findings.peers {
        Ok(found) => rows.extend(beside(found).into_iter().map(Row::Figure)),
        Err(reason) => rows.extend([SCIPY, EMCEE].map(|peer| Row::Missing {
            set: "peers",
            quantity: "the same model",
            peer,
            reason: reason.clone(),
        })),
    }
    rows
}

fn uniform(set: &'static str, found: &Ranks) -> Vec<Figure> {
    let figure = |quantity: &str, ours| Figure::new(set, quantity, ours, "1", RANKS);
    let chi_square = found.least(|r| r.chi_square_holm);
    let ecdf = found.least(|r| r.ecdf_holm);
    let outside = found.outside() as f64;
    vec![
        figure("rows", found.rows.len() as f64),
        figure("least p of χ², by Holm", chi_square).aiming("uniform by χ²", Bound::Least(P)),
        figure("least p of the curve, by Holm", ecdf)
            .aiming("uniform by the curve", Bound::Least(P)),
        figure("coverages outside their band", outside)
            .aiming("coverages outside their band", Bound::Most(0.0)),
    ]
}

fn held(found: &Cohort) -> Vec<Figure> {
    let mut figures = Vec::new();
    for row in &found.rows {
        for (way, counts) in WAYS.into_iter().zip(row.counts) {
            for (place, n) in ["below", "inside", "above"].into_iter().zip(counts) {
                let share = n as f64 / found.lesions as f64;
                let mut figure =
                    Figure::new("misspecified", place, share, "1", COHORT).of(row.name, way);
                if (place, way) == ("inside", WAYS[1]) {
                    figure = figure.aiming("inside the 80 % band", Bound::Least(COVERED));
                }
                figures.push(figure);
            }
        }
    }
    figures
}

fn times(found: &Timed) -> Vec<Figure> {
    let (set, fit, aim) = match found.what {
        What::Model => (
            "speed",
            "one model, one thread",
            Some(("95 % of posteriors, ms", 0.95, POSTERIOR)),
        ),
        What::Average => ("speed", "usual models, two threads", None),
        What::Patient => (
            "patient",
            "one model, all threads",
            Some(("median of patients, one model, ms", 0.5, PATIENT)),
        ),
        What::PatientAverage => (
            "patient",
            "usual models, all threads",
            Some(("median of patients, usual models, ms", 0.5, PATIENT)),
        ),
    };
    [("median", 0.5), ("95 %", 0.95), ("largest", 1.0)]
        .into_iter()
        .map(|(name, share)| {
            let quantity = format!(
                "{name} of {} fits, {} scans",
                found.milliseconds.len(),
                found.scans
            );
            let figure =
                Figure::new(set, quantity, found.at(share), "ms", FIT).of(&*found.name, fit);
            match aim {
                Some((aim, of, most)) if of == share => figure.aiming(aim, Bound::Most(most)),
                _ => figure,
            }
        })
        .collect()
}

fn beside(found: &Beside) -> Vec<Figure> {
    let figure = |quantity: &str, ours, unit| {
        Figure::new("peers", quantity, ours, unit, FIT).of("exponential, doses", "one thread")
    };
    let [ours, theirs] = found.single;
    let [per_1000, plain, vectorised] = found.per_1000;
    let mut figures = vec![figure("one fit, median", ours, "ms").beside(SCIPY, theirs)];
    for (peer, theirs) in [(EMCEE, plain), (VECTORISED, vectorised)] {
        figures.push(figure("1000 effective draws, median", per_1000, "ms").beside(peer, theirs));
        figures.push(
            figure(&format!("time of {peer} in ours"), theirs / per_1000, "1")
                .aiming("times as fast as emcee", Bound::Least(FASTER)),
        );
    }
    figures.push(
        figure(
            "largest distance of medians in 90 % intervals of emcee",
            found.apart,
            "1",
        )
        .aiming("the same posterior as emcee", Bound::Most(APART)),
    );
    figures
}
