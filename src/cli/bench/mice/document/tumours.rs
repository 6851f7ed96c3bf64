//! The tumours of one table.

use std::fmt::Write as _;

use super::milliseconds;
use crate::cli::bench::mice::figures::{published_age, r2_of_modes};
use crate::cli::bench::mice::names::{group_title, method_title, title};
use crate::cli::bench::mice::tumours::{Group, Tumours};
use crate::cli::bench::words::joined;
use crate::twin::population::age::Accuracy;
use crate::twin::population::{Law, Shared};

pub(super) fn tables(found: &Tumours) -> String {
    let mut out = format!(
        "\n### {}: {} tumours, {} readings\n",
        found.set.title,
        found.tumours.len(),
        found.readings()
    );
    out.push_str(&singly(found));
    out.push_str(&jointly(found));
    if !found.ages.is_empty() {
        out.push_str(&dated(found));
    }
    out
}

fn singly(found: &Tumours) -> String {
    let mut out = "\n| One by one | Medians | Refit | CV | Weighted squares per reading | Refit | Time |\n|---|---|---|---|---|---|---|\n".to_owned();
    for single in &found.singly {
        let cohort = &single.cohort;
        let law = cohort.law.name();
        let published = found.set.laws.iter().find(|p| p.law == law);
        let cv: Vec<String> = cohort
            .spreads
            .iter()
            .map(|s| format!("{:.0} %", 100.0 * s.cv))
            .collect();
        writeln!(
            out,
            "| {} | {} | {} | {} | {:.2} | {} | {} |",
            title(&cohort.law),
            joined(cohort.spreads.iter().map(|s| s.median)),
            published.map_or_else(String::new, |p| joined(p.medians.iter().copied())),
            cv.join(" / "),
            cohort.squares_per_reading,
            published.map_or_else(String::new, |p| p.squares.to_string()),
            milliseconds(single.seconds)
        )
        .ok();
    }
    if let Some(line) = found.gompertz().and_then(|cohort| cohort.line) {
        writeln!(
            out,
            "\nGompertz: a = {:.3} b + {:.3}, R² {:.4} (refit {}).",
            line.slope, line.intercept, line.r2, found.set.r2
        )
        .ok();
    }
    out
}

fn jointly(found: &Tumours) -> String {
    let mut out = "\n| As a population | Typical | ω | Shared | s | −2 ln L | AIC | BIC | R²(a, b) of modes | EM steps | Time |\n|---|---|---|---|---|---|---|---|---|---|---|\n".to_owned();
    for group in &found.groups {
        let (fit, population) = (&group.fit, &group.fit.population);
        writeln!(
            out,
            "| {} | {} | {} | {} | {:.3} | {:.2} | {:.2} | {:.2} | {} | {}{} | {} |",
            group_title(&group.model.law, group.model.shared),
            joined(population.typical()),
            joined(population.deviations()),
            shared(group),
            population.scale,
            fit.minus_two_ln_likelihood,
            fit.aic,
            fit.bic,
            r2_of_modes(group).map_or_else(String::new, |r2| format!("{r2:.4}")),
            fit.steps,
            if fit.converged {
                ""
            } else {
                ", **not at rest**"
            },
            milliseconds(group.seconds)
        )
        .ok();
    }
    out
}

fn shared(group: &Group) -> String {
    match (group.fit.population.law, group.model.shared) {
        (Law::ReducedGompertz { slope, .. }, Shared::Slope) => format!("k {slope:.3}"),
        (Law::ReducedGompertz { slope, intercept }, Shared::SlopeAndIntercept) => {
            format!("k {slope:.3}, c {intercept:.3}")
        }
        _ => String::new(),
    }
}

fn dated(found: &Tumours) -> String {
    let mut out = format!(
        "\n| Beginning from three readings | Method | Mean error (s.e.) | Published | Median | No age | Mean width of 95 % | Published | Wider than {:.0} d | Coverage |\n|---|---|---|---|---|---|---|---|---|---|\n",
        Accuracy::WIDEST.0
    );
    for ages in &found.ages {
        let a = &ages.accuracy;
        let published = published_age(found, ages);
        let width = if a.width.0.is_finite() {
            format!("{:.1} d", a.width.0)
        } else {
            "–".to_owned()
        };
        writeln!(
            out,
            "| {} | {} | {:.1} % ({:.1}) | {} | {:.1} % | {} | {width} | {} | {} | {:.0} % |",
            group_title(&ages.law, ages.shared),
            method_title(ages.method),
            100.0 * a.error,
            100.0 * a.standard_error,
            published.map_or_else(String::new, |p| format!("{:.1} %", 100.0 * p[0])),
            100.0 * a.median_error,
            a.infinite,
            published.map_or_else(String::new, |p| format!("{} d", p[1])),
            a.wider,
            100.0 * a.coverage
        )
        .ok();
    }
    writeln!(
        out,
        "\nFitting each of these populations without each of its tumours, and the ages, took {:.1} s.",
        found.age_seconds
    )
    .ok();
    out
}
