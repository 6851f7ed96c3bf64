//! All figures, one after the other.

use super::Findings;
use super::names::{group_name, method_name};
use super::peers::{Beside, GRID, SCIPY};
use super::published::{PACKAGE, REFIT, VAGHI};
use super::rates::Rates;
use super::tumours::{Ages, Group, Single, Tumours};
use crate::cli::bench::figure::{Bound, Figure, Row};
use crate::twin::population::age::{Accuracy, Method};
use crate::twin::population::{Law, Line, Shared};

/// How near medians of the Gompertz law have to come.
const NEAR: f64 = 0.03;
/// Least squared correlation of its parameters.
const R2: f64 = 0.92;
/// Half a unit of the last place that tumgr prints.
const LAST_PLACE: f64 = 5e-7;
/// How much more than the peer's a sum of squares may be.
const NO_WORSE: f64 = 1.0 + 1e-6;
/// How far estimates may lie from the peer's, whose derivatives are differences.
const DIFFERENCES: f64 = 1e-5;
/// How far −2 ln of a likelihood may lie from a sum on a grid.
const DEVIANCE: f64 = 0.01;

const SINGLY: &str = "each tumour by weighted least squares on volumes, σ = 0.21 max(V, 83)^0.84";
const JOINTLY: &str = "nonlinear mixed effects, EM with adaptive Gauss–Hermite quadrature";
const DATED: &str = "last three readings of each tumour, the population without it";
const CHOSEN: &str = "curves chosen as tumgr 0.0.4 chooses them";

pub(super) fn figures(findings: &Findings) -> Vec<Row> {
    let mut figures = Vec::new();
    for set in &findings.sets {
        figures.extend(set.singly.iter().flat_map(|single| singly(set, single)));
        figures.extend(line(set));
        figures.push(ranking(set));
        figures.extend(set.groups.iter().flat_map(|group| jointly(set, group)));
        figures.extend(set.ages.iter().flat_map(|ages| dated(set, ages)));
    }
    figures.extend(findings.rates.iter().flat_map(chosen));
    let mut rows: Vec<Row> = figures.into_iter().map(Row::Figure).collect();
    match &findings.peers {
        Ok(found) => rows.extend(beside(found).into_iter().map(Row::Figure)),
        Err(reason) => rows.push(Row::Missing {
            set: "all",
            quantity: "the same fits",
            peer: SCIPY,
            reason: reason.clone(),
        }),
    }
    rows
}

fn unit(law: &Law, parameter: usize) -> &'static str {
    match (law, parameter) {
        (Law::PowerLaw, 0) => "mm^(3-3γ)/d",
        (Law::PowerLaw, _) => "1",
        (Law::FreeExponential | Law::Logistic, 1) => "mm³",
        _ => "1/d",
    }
}

fn singly(tumours: &Tumours, single: &Single) -> Vec<Figure> {
    let cohort = &single.cohort;
    let law = cohort.law.name();
    let figure = |quantity: String, ours, unit| {
        Figure::new(tumours.set.name, quantity, ours, unit, SINGLY).of(law, "singly")
    };
    let published = tumours.set.laws.iter().find(|p| p.law == law);
    let mut found = Vec::new();
    for (j, spread) in cohort.spreads.iter().enumerate() {
        let name = spread.parameter;
        let mut median = figure(
            format!("median {name}"),
            spread.median,
            unit(&cohort.law, j),
        );
        if let Some(theirs) = published.and_then(|p| p.medians.get(j)) {
            median = median.beside(REFIT, *theirs);
            if cohort.law == Law::Gompertz {
                median = median.aiming("Gompertz medians", Bound::Share(NEAR));
            }
        }
        found.push(median);
        found.push(figure(format!("CV of {name}"), spread.cv, "1"));
    }
    let squares = figure(
        "weighted squares per reading".to_owned(),
        cohort.squares_per_reading,
        "1",
    );
    found.push(match published {
        Some(p) => squares.beside(REFIT, p.squares),
        None => squares,
    });
    found.push(figure("time".to_owned(), 1e3 * single.seconds, "ms"));
    found
}

/// a on b under the Gompertz law.
fn line(tumours: &Tumours) -> Vec<Figure> {
    let figure = |quantity, ours, unit| {
        Figure::new(tumours.set.name, quantity, ours, unit, SINGLY).of("gompertz", "singly")
    };
    tumours
        .gompertz()
        .and_then(|cohort| cohort.line)
        .map_or_else(Vec::new, |line| {
            vec![
                figure("slope of a on b", line.slope, "1"),
                figure("intercept of a on b", line.intercept, "1/d"),
                figure("R2 of a on b", line.r2, "1")
                    .beside(REFIT, tumours.set.r2)
                    .aiming("R² of a and b", Bound::Least(R2)),
            ]
        })
}

/// How many laws stand elsewhere than in the published order, laws without a published figure left out.
fn ranking(tumours: &Tumours) -> Figure {
    let published = tumours.set.laws;
    let ours = tumours
        .singly
        .iter()
        .map(|single| single.cohort.law.name())
        .filter(|law| published.iter().any(|p| p.law == *law));
    let elsewhere = published
        .iter()
        .zip(ours)
        .filter(|(published, law)| published.law != *law)
        .count();
    Figure::new(
        tumours.set.name,
        "laws out of the published order",
        elsewhere as f64,
        "1",
        "laws by weighted squares per reading",
    )
    .aiming("laws out of the published order", Bound::Most(0.0))
}

/// R² of a on b over the most probable parameters, which lean to their mean.
pub(super) fn r2_of_modes(group: &Group) -> Option<f64> {
    let modes = &group.fit.modes;
    let column = |j: usize| -> Vec<f64> { modes.iter().map(|m| m[j]).collect() };
    (group.model.law == Law::Gompertz).then(|| Line::through(&column(1), &column(0)).r2)
}

fn jointly(tumours: &Tumours, group: &Group) -> Vec<Figure> {
    let population = &group.fit.population;
    let law = population.law;
    let name = group_name(&law, group.model.shared);
    let figure = |quantity: String, ours, unit| {
        Figure::new(tumours.set.name, quantity, ours, unit, JOINTLY).of(&*name, "population")
    };
    let mut found = Vec::new();
    let each = population
        .typical()
        .into_iter()
        .zip(population.deviations());
    for (j, (typical, deviation)) in each.enumerate() {
        let parameter = law.parameters()[j];
        found.push(figure(
            format!("typical {parameter}"),
            typical,
            unit(&law, j),
        ));
        found.push(figure(format!("omega of {parameter}"), deviation, "1"));
    }
    if let Law::ReducedGompertz { slope, intercept } = law {
        found.push(figure("k".to_owned(), slope, "1"));
        if group.model.shared == Shared::SlopeAndIntercept {
            found.push(figure("c".to_owned(), intercept, "1/d"));
        }
    }
    let fit = &group.fit;
    for (quantity, ours, unit) in [
        ("s", population.scale, "1"),
        ("weighted squares per reading", fit.squares_per_reading, "1"),
        ("-2 ln L", fit.minus_two_ln_likelihood, "1"),
        ("AIC", fit.aic, "1"),
        ("BIC", fit.bic, "1"),
        ("EM steps", fit.steps as f64, "1"),
        ("time", 1e3 * group.seconds, "ms"),
    ] {
        found.push(figure(quantity.to_owned(), ours, unit));
    }
    if let Some(r2) = r2_of_modes(group) {
        found.push(figure("R2 of a on b, modes".to_owned(), r2, "1"));
    }
    let unrest = if fit.converged { 0.0 } else { 1.0 };
    found.push(
        figure("fits that did not come to rest".to_owned(), unrest, "1")
            .aiming("populations not at rest", Bound::Most(0.0)),
    );
    found
}

fn dated(tumours: &Tumours, ages: &Ages) -> Vec<Figure> {
    let name = group_name(&ages.law, ages.shared);
    let figure = |quantity: String, ours, unit| {
        Figure::new(tumours.set.name, quantity, ours, unit, DATED)
            .of(&*name, method_name(ages.method))
    };
    let a: &Accuracy = &ages.accuracy;
    let mut error = figure("mean error of age".to_owned(), a.error, "1");
    let mut width = figure("mean width of 95 %".to_owned(), a.width.0, "d");
    if let Some([theirs, wide]) = published_age(tumours, ages) {
        error = error.beside(VAGHI, theirs);
        width = width.beside(VAGHI, wide);
    }
    vec![
        error,
        figure("standard error of it".to_owned(), a.standard_error, "1"),
        figure("median error of age".to_owned(), a.median_error, "1"),
        figure("without an age".to_owned(), a.infinite as f64, "1"),
        width,
        figure(
            format!("wider than {:.0} d", Accuracy::WIDEST.0),
            a.wider as f64,
            "1",
        ),
        figure("coverage of 95 %".to_owned(), a.coverage, "1"),
    ]
}

/// Mean error and width where they are published: for the law with one shared number, by the published
/// protocol and by likelihood.
pub(super) fn published_age(tumours: &Tumours, ages: &Ages) -> Option<[f64; 2]> {
    let published = tumours.set.age.as_ref()?;
    match (ages.shared, ages.method) {
        (Shared::Slope, Method::BayesianFirstTwice) => Some(published.bayesian),
        (Shared::Slope, Method::Likelihood) => Some(published.likelihood),
        _ => None,
    }
}

fn chosen(rates: &Rates) -> Vec<Figure> {
    let figure =
        |quantity: String, ours, unit| Figure::new(rates.run.name, quantity, ours, unit, CHOSEN);
    let mut found: Vec<Figure> = rates
        .summary
        .counts
        .iter()
        .map(|(name, n)| {
            let published = rates.run.counts.iter().find(|(theirs, _)| theirs == name);
            figure(format!("cases: {name}"), *n as f64, "1")
                .beside(PACKAGE, published.map_or(0.0, |(_, n)| *n as f64))
                .aiming("counts", Bound::Apart(0.0))
        })
        .collect();
    let summary = &rates.summary;
    for (rate, published) in [summary.g, summary.d, summary.phi]
        .iter()
        .zip(&rates.run.rates)
    {
        let unit = if published.name == "phi" { "1" } else { "1/d" };
        found.push(
            figure(format!("{}: n", published.name), rate.n as f64, "1")
                .beside(PACKAGE, published.n as f64)
                .aiming("counts", Bound::Apart(0.0)),
        );
        let ours = [
            ("median", rate.median),
            ("lower quartile", rate.quartiles.0),
            ("upper quartile", rate.quartiles.1),
            ("mean", rate.mean),
            ("SD", rate.sd),
        ];
        for ((what, ours), theirs) in ours.into_iter().zip(published.values) {
            let value = figure(format!("{}: {what}", published.name), ours, unit);
            let value = value.beside(PACKAGE, theirs);
            found.push(if what == "median" {
                value.aiming(
                    "medians, to the last printed place",
                    Bound::Apart(LAST_PLACE),
                )
            } else {
                value
            });
        }
    }
    found.push(figure("time".to_owned(), 1e3 * rates.seconds, "ms"));
    found
}

fn beside(found: &Beside) -> Vec<Figure> {
    const ONCE_MORE: &str = "the same fits by SciPy, from one start, within the same bounds";
    const SUMMED: &str = "random effects summed out on a fine grid, at our estimates";
    let mut figures = Vec::new();
    for c in &found.cohorts {
        let figure = |quantity: &str, ours, unit| {
            Figure::new(c.set, quantity, ours, unit, ONCE_MORE).of(c.law, "singly, beside SciPy")
        };
        figures.push(figure("time", c.milliseconds[0], "ms").beside(SCIPY, c.milliseconds[1]));
        figures.push(
            figure("largest weighted squares in the peer's", c.squares, "1").aiming(
                "weighted squares no larger than SciPy's",
                Bound::Most(NO_WORSE),
            ),
        );
        figures.push(
            figure("largest relative difference of parameters", c.apart, "1")
                .aiming("parameters as SciPy's", Bound::Most(DIFFERENCES)),
        );
    }
    for p in &found.populations {
        figures.push(
            Figure::new(p.set, "-2 ln L", p.ours, "1", SUMMED)
                .of(&*p.model, "population, beside a sum")
                .beside(GRID, p.theirs)
                .aiming("likelihoods as summed on grids", Bound::Apart(DEVIANCE)),
        );
    }
    for r in &found.rates {
        let figure =
            |quantity: &str, ours, unit| Figure::new(r.set, quantity, ours, unit, ONCE_MORE);
        figures.push(figure("time", r.milliseconds[0], "ms").beside(SCIPY, r.milliseconds[1]));
        figures.push(
            figure("cases with another curve", r.otherwise as f64, "1")
                .aiming("curves as SciPy's", Bound::Most(0.0)),
        );
        figures.push(
            figure("largest relative difference of estimates", r.apart, "1")
                .aiming("estimates as SciPy's", Bound::Most(DIFFERENCES)),
        );
    }
    figures
}
