//! The figures for people.

mod program;
mod text;

use std::fmt::Write as _;

use super::aims::Aim;
use super::bootstrap::{Interval, RESAMPLES, SEED};
use super::forecasters::{Findings, Forecaster, Gain};
use super::growth::Growth;
use super::parts::Part;
use super::program::Program;
use super::rows::RATIO;
use super::scores::Scores;
use crate::cli::bench::words::yes;
use crate::twin::forecast::Population;

/// Head of tables whose rows end in [`figures`].
const FORECASTERS: &str = "\n| Forecaster | MAE mm | CRPS mm | Interval score | Coverage of 80 % (below) | Width mm | Coverage of 95 % | Brier |\n|---|---|---|---|---|---|---|---|\n";

/// Longest time of fitting the published laws.
const SECONDS: f64 = 60.0;

/// All tables without what is said about them.
pub(super) fn tables(growth: &[Growth], findings: &Findings, program: Option<&Program>) -> String {
    let mut text = laws(growth);
    text.push_str(&forecasts(findings));
    if let Some(program) = program {
        text.push_str(&program::tables(program));
    }
    text
}

/// The tables with what is to be known about them.
pub(super) fn document(
    growth: &[Growth],
    findings: &Findings,
    program: Option<&Program>,
) -> String {
    let mut text = text::HEAD.to_owned();
    text.push_str(text::LAWS);
    text.push_str(&laws(growth));
    text.push_str(text::FORECASTS);
    text.push_str(&forecasts(findings));
    text.push_str(text::PARTS);
    for by in groups(&findings.parts) {
        text.push_str(&parts(by));
    }
    text.push_str(text::EVERY_SCAN);
    for by in groups(&findings.rolling) {
        text.push_str(&parts(by));
    }
    text.push_str(text::CHOICE);
    text.push_str(&choice(findings));
    match program {
        Some(program) => {
            text.push_str(text::PROGRAM);
            text.push_str(&program::tables(program));
        }
        None => text.push_str(text::NO_PROGRAM),
    }
    text.push_str(text::TAIL);
    text
}

/// The published laws of growth.
fn laws(growth: &[Growth]) -> String {
    let mut text = format!(
        "\n| Model | Here, listed lesions | Published | Ratio (≤ {RATIO}) | Here, all {} | Same error, trial 1 | MAE mm | Median mm | Time s | Reached |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
        growth.iter().map(|g| g.fitted).max().unwrap_or(0)
    );
    for g in growth {
        let ratio = g.mae_normvol / g.published;
        writeln!(
            text,
            "| {} | {:.6} | {:.6} | {ratio:.4} | {:.6} | {} of {} | {:.2} | {:.2} | {:.1} | {} |",
            g.model,
            g.mae_normvol,
            g.published,
            g.mae_normvol_all,
            g.agreeing[0],
            g.agreeing[1],
            g.mae_mm,
            g.median_ae_mm,
            g.seconds,
            yes(ratio <= RATIO)
        )
        .ok();
    }
    let seconds: f64 = growth.iter().map(|g| g.seconds).sum();
    writeln!(
        text,
        "\nThe whole table took {seconds:.1} s (aim ≤ {SECONDS} s) on {} threads: {}.",
        rayon::current_num_threads(),
        yes(seconds <= SECONDS)
    )
    .ok();
    text
}

/// Forecasters, what ours gains, and what was to be reached.
fn forecasts(findings: &Findings) -> String {
    let mut text = FORECASTERS.to_owned();
    for Forecaster { title, scores, .. } in &findings.forecasters {
        writeln!(text, "| {title} {}", figures(scores)).ok();
    }
    if let Some(ours) = findings.forecasters.last() {
        writeln!(
            text,
            "\nBrier score of who says that a lesion progresses if it did on the last scan: {:.4}.",
            ours.scores.locf_brier
        )
        .ok();
    }
    writeln!(
        text,
        "\n| Gain of ours, mean [95 %] | CRPS mm | Interval score | Brier |\n|---|---|---|---|"
    )
    .ok();
    for gain in &findings.gains {
        let Gain {
            title,
            crps_mm,
            interval_score,
            brier,
            ..
        } = gain;
        writeln!(
            text,
            "| over {title} | {} | {} | {} |",
            interval(crps_mm, 3),
            interval(interval_score, 2),
            interval(brier, 4)
        )
        .ok();
    }
    writeln!(
        text,
        "\nPaired bootstrap over lesions, {RESAMPLES} samples, seed {SEED}. Mean absolute error less that of the last\n\
         reading: {} mm.",
        interval(&findings.mae_gap, 3)
    )
    .ok();
    writeln!(
        text,
        "\n| Aim | Bound | Measured | Reached |\n|---|---|---|---|"
    )
    .ok();
    for aim in &findings.aims {
        writeln!(
            text,
            "| {} | {} | {:.3} | {} |",
            aim.quantity,
            bound(aim),
            aim.value,
            yes(aim.ok)
        )
        .ok();
    }
    text
}

/// Parts that are split by the same.
fn groups(parts: &[Part]) -> impl Iterator<Item = &[Part]> {
    parts.chunk_by(|a, b| a.by == b.by)
}

fn parts(parts: &[Part]) -> String {
    let by = parts.first().map_or("", |part| part.by);
    let title: String = by.chars().take(1).flat_map(char::to_uppercase).collect();
    let title = title + by.get(1..).unwrap_or_default();
    let mut text = format!(
        "\n| {title} | Cases | MAE mm | CRPS mm | Interval score | Coverage of 80 % | Brier |\n|---|---|---|---|---|---|---|\n"
    );
    for Part {
        part,
        locf,
        oncotwin,
        ..
    } in parts
    {
        let two = |value: fn(&Scores) -> f64, digits: usize| {
            format!("{:.digits$} → {:.digits$}", value(locf), value(oncotwin))
        };
        writeln!(
            text,
            "| {part} | {} | {:.3} | {} | {} | {} % | {} |",
            oncotwin.cases,
            oncotwin.mae_mm,
            two(|s| s.crps_mm, 3),
            two(|s| s.interval_score, 2),
            two(|s| 100.0 * s.coverage80, 1),
            two(|s| s.brier, 4),
        )
        .ok();
    }
    text
}

/// How each trial was forecast.
fn choice(findings: &Findings) -> String {
    let mut text =
        "\n| Trial | Terms | From scan | Inner CRPS mm: 5 terms from scan 2, from 3; 7 from 2, 3; 8 from 2, 3 |\n|---|---|---|---|\n"
            .to_owned();
    for fold in &findings.folds {
        let inner: Vec<String> = fold.inner_crps.iter().map(|c| format!("{c:.4}")).collect();
        writeln!(
            text,
            "| {} | {} | {} | {} |",
            fold.study,
            fold.chosen.terms,
            fold.chosen.least_scans,
            inner.join(", ")
        )
        .ok();
    }
    writeln!(
        text,
        "\nOver all trials: {} terms from scan {}. Learnt so from all trials, the table is the one in the program: {}.",
        findings.chosen.terms,
        findings.chosen.least_scans,
        yes(findings.table == *Population::laleh_2022())
    )
    .ok();
    text
}

fn figures(s: &Scores) -> String {
    format!(
        "| {:.3} | {:.3} | {:.2} | {:.1} % ({:.1}) | {:.2} | {:.1} % | {:.4} |",
        s.mae_mm,
        s.crps_mm,
        s.interval_score,
        100.0 * s.coverage80,
        100.0 * s.below80,
        s.width80_mm,
        100.0 * s.coverage95,
        s.brier
    )
}

fn interval(i: &Interval, digits: usize) -> String {
    // Without the sign of a zero.
    let [mean, low, high] = [i.mean, i.low, i.high].map(|v| v + 0.0);
    format!("{mean:.digits$} [{low:.digits$}, {high:.digits$}]")
}

fn bound(aim: &Aim) -> String {
    match (aim.least, aim.most) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("> {least}"),
        (None, Some(most)) => format!("≤ {most}"),
        (None, None) => String::new(),
    }
}
