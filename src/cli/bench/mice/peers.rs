//! The same fits by SciPy, and likelihoods of populations by sums on fine grids.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Settings;
use super::names::group_name;
use super::rates::Rates;
use super::tumours::{Group, Single, Tumours};
use crate::cli::bench::python;
use crate::twin::gd::{Case, Course, Verdict};
use crate::twin::population::{Law, Tumour};

pub(super) const SCIPY: &str = "scipy.optimize.curve_fit";
pub(super) const GRID: &str = "sum on a grid, numpy";

/// Script of the peers, kept with the source.
const SCRIPT: &str = include_str!("../../../../benches/peers/mice.py");
/// How often the peer's fits are timed.
const TIMES: usize = 3;
/// Sums of squares below this are rounding.
const ROUNDING: f64 = 1e-9;
/// Relative difference of sums of squares up to which two fits are the same minimum.
const SAME: f64 = 1e-6;
/// Parameters below this are compared by their difference.
const SMALL: f64 = 1e-3;

/// What the peers found.
pub(super) struct Beside {
    pub(super) cohorts: Vec<CohortBeside>,
    pub(super) populations: Vec<PopulationBeside>,
    pub(super) rates: Vec<RatesBeside>,
}

/// A law fitted to all tumours one by one, here and there.
pub(super) struct CohortBeside {
    pub(super) set: &'static str,
    pub(super) law: &'static str,
    /// Ours and theirs.
    pub(super) milliseconds: [f64; 2],
    /// Largest weighted sum of squares of ours in theirs.
    pub(super) squares: f64,
    /// Largest relative difference of parameters where both found the same minimum.
    pub(super) apart: f64,
}

/// −2 ln of the likelihood of a population.
pub(super) struct PopulationBeside {
    pub(super) set: &'static str,
    pub(super) model: String,
    pub(super) ours: f64,
    pub(super) theirs: f64,
}

/// Rates at one level of significance, here and there.
pub(super) struct RatesBeside {
    pub(super) set: &'static str,
    pub(super) milliseconds: [f64; 2],
    /// Cases for which another curve was chosen.
    pub(super) otherwise: usize,
    /// Largest relative difference of estimates.
    pub(super) apart: f64,
}

#[derive(Deserialize)]
struct Answer {
    cohorts: Vec<CohortAnswer>,
    populations: Vec<f64>,
    rates: Vec<RatesAnswer>,
}

#[derive(Deserialize)]
struct CohortAnswer {
    seconds: f64,
    fits: Vec<FitAnswer>,
}

#[derive(Deserialize)]
struct FitAnswer {
    parameters: Vec<f64>,
    squares: f64,
}

#[derive(Deserialize)]
struct RatesAnswer {
    seconds: f64,
    cases: Vec<CaseAnswer>,
}

#[derive(Deserialize)]
struct CaseAnswer {
    curve: Option<String>,
    parameters: Vec<f64>,
}

pub(super) fn measure(
    settings: &Settings,
    sets: &[Tumours],
    courses: &[Course],
    rates: &[Rates],
) -> Result<Beside, String> {
    let [script, job] = ["mice.py", "mice.json"].map(|name| settings.scratch.join(name));
    std::fs::write(&script, SCRIPT).map_err(|e| e.to_string())?;
    std::fs::write(&job, task(sets, courses, rates).to_string()).map_err(|e| e.to_string())?;
    let text = python::run(settings.peers, &script, &[job.as_ref()])?;
    let answer: Answer = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    Ok(Beside {
        cohorts: singly(sets)
            .zip(&answer.cohorts)
            .map(|((set, single), theirs)| cohort(set, single, theirs))
            .collect(),
        populations: groups(sets)
            .zip(&answer.populations)
            .map(|((set, group), theirs)| PopulationBeside {
                set: set.set.name,
                model: group_name(&group.model.law, group.model.shared),
                ours: group.fit.minus_two_ln_likelihood,
                theirs: *theirs,
            })
            .collect(),
        rates: rates
            .iter()
            .zip(&answer.rates)
            .map(|(ours, theirs)| rates_beside(ours, theirs))
            .collect(),
    })
}

fn singly(sets: &[Tumours]) -> impl Iterator<Item = (&Tumours, &Single)> {
    sets.iter()
        .flat_map(|set| set.singly.iter().map(move |single| (set, single)))
}

/// Populations that the script can sum out.
fn groups(sets: &[Tumours]) -> impl Iterator<Item = (&Tumours, &Group)> {
    let all = sets
        .iter()
        .flat_map(|set| set.groups.iter().map(move |group| (set, group)));
    all.filter(|(_, group)| {
        matches!(
            group.model.law,
            Law::Exponential | Law::Gompertz | Law::ReducedGompertz { .. }
        )
    })
}

/// Cases that were analysed, with their place.
fn analysed(rates: &Rates) -> impl Iterator<Item = (usize, &Case)> {
    let cases = rates.cases.iter().enumerate();
    cases.filter(|(_, case)| !matches!(case.verdict, Verdict::Excluded(_)))
}

/// What the script is to do.
fn task(sets: &[Tumours], courses: &[Course], rates: &[Rates]) -> Value {
    let cohorts: Vec<Value> = singly(sets)
        .map(|(set, single)| {
            json!({"law": single.cohort.law.name(), "tumours": tumours(&set.tumours)})
        })
        .collect();
    let populations: Vec<Value> = groups(sets)
        .map(|(set, group)| {
            let p = &group.fit.population;
            let tie = match p.law {
                Law::ReducedGompertz { slope, intercept } => Some([slope, intercept]),
                _ => None,
            };
            json!({
                "law": p.law.name(), "mean": p.mean, "covariance": p.covariance, "scale": p.scale,
                "tie": tie, "tumours": tumours(&set.tumours),
            })
        })
        .collect();
    let rates: Vec<Value> = rates
        .iter()
        .map(|rates| {
            let cases: Vec<Value> = analysed(rates)
                .map(|(i, _)| {
                    let readings = &courses[i].readings;
                    let days: Vec<f64> = readings.iter().map(|r| r.0.0).collect();
                    let values: Vec<f64> = readings.iter().map(|r| r.1).collect();
                    json!({"days": days, "values": values})
                })
                .collect();
            json!({"significance": rates.run.significance, "cases": cases})
        })
        .collect();
    json!({"times": TIMES, "cohorts": cohorts, "populations": populations, "rates": rates})
}

fn tumours(tumours: &[Tumour]) -> Vec<Value> {
    let tumour = |t: &Tumour| {
        let days: Vec<f64> = t.readings.iter().map(|r| r.day.0).collect();
        let volumes: Vec<f64> = t.readings.iter().map(|r| r.volume.0).collect();
        json!({"days": days, "volumes": volumes})
    };
    tumours.iter().map(tumour).collect()
}

fn cohort(set: &Tumours, single: &Single, theirs: &CohortAnswer) -> CohortBeside {
    let (mut squares, mut apart) = (0.0_f64, 0.0_f64);
    for (ours, theirs) in single.cohort.fits.iter().zip(&theirs.fits) {
        let ratio = (ours.squares + ROUNDING) / (theirs.squares + ROUNDING);
        squares = squares.max(ratio);
        if (ratio - 1.0).abs() < SAME {
            apart = apart.max(largest(&ours.parameters, &theirs.parameters));
        }
    }
    CohortBeside {
        set: set.set.name,
        law: single.cohort.law.name(),
        milliseconds: [single.seconds, theirs.seconds].map(|s| 1e3 * s),
        squares,
        apart,
    }
}

/// Largest difference, relative to theirs.
fn largest(ours: &[f64], theirs: &[f64]) -> f64 {
    let each = ours.iter().zip(theirs);
    each.map(|(a, b)| (a - b).abs() / b.abs().max(SMALL))
        .fold(0.0, f64::max)
}

fn rates_beside(ours: &Rates, theirs: &RatesAnswer) -> RatesBeside {
    let mut found = RatesBeside {
        set: ours.run.name,
        milliseconds: [ours.seconds, theirs.seconds].map(|s| 1e3 * s),
        otherwise: 0,
        apart: 0.0,
    };
    for ((_, case), theirs) in analysed(ours).zip(&theirs.cases) {
        let (curve, values) = match &case.verdict {
            Verdict::Fit {
                curve, estimates, ..
            } => (
                Some(curve.name()),
                estimates.iter().map(|e| e.value).collect(),
            ),
            _ => (None, Vec::new()),
        };
        if curve == theirs.curve.as_deref() {
            found.apart = found.apart.max(largest(&values, &theirs.parameters));
        } else {
            found.otherwise += 1;
        }
    }
    found
}
