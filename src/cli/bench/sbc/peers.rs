//! The same model by SciPy and emcee.

use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Settings;
use super::speed::{DOSED, pool};
use crate::cli::bench::measured::failure;
use crate::cli::bench::python;
use crate::cli::output::Failure;
use crate::jobs::JobContext;
use crate::twin::calibration::made_up;
use crate::twin::{self, Error, FitParams, LesionSeries, NoiseRow, Scale, Treatments};

pub(super) const SCIPY: &str = "scipy.optimize.curve_fit";
pub(super) const EMCEE: &str = "emcee";
pub(super) const VECTORISED: &str = "emcee, vectorised";

/// Script of the peers, kept with the source.
const SCRIPT: &str = include_str!("../../../../benches/peers/sbc.py");
/// How often each fit is timed; the median counts.
const TIMES: usize = 3;
/// Scans of the lesions.
const SCANS: usize = 6;
/// Lesions that are fitted, and those of them that are drawn from, at most.
const LESIONS: usize = 40;
const SAMPLED: usize = 10;
/// Of emcee.
const WALKERS: usize = 32;
const BURN_IN: usize = 500;
const STEPS: usize = 5000;

/// What the peers found, beside ours.
pub(super) struct Beside {
    /// Lesions of curve_fit that came to an end, and of all.
    pub(super) fitted: [usize; 2],
    /// Lesions that emcee drew from.
    pub(super) sampled: usize,
    /// Median milliseconds of a posterior of ours, and of a fit of SciPy.
    pub(super) single: [f64; 2],
    /// Median milliseconds per 1000 effective draws: ours, emcee's one draw at a time, emcee's with all
    /// walkers in one array.
    pub(super) per_1000: [f64; 3],
    /// Largest distance of medians of parameters, in widths of emcee's 90 % intervals.
    pub(super) apart: f64,
}

#[derive(Deserialize)]
struct Answer {
    curve_fit: Vec<Option<f64>>,
    emcee: Vec<Sampled>,
    vectorised: Vec<Sampled>,
}

#[derive(Deserialize)]
struct Sampled {
    per_1000: f64,
    /// 5, 50 and 95 % of each parameter.
    quantiles: Vec<[f64; 3]>,
}

/// A fit of ours.
struct Own {
    milliseconds: f64,
    effective: f64,
    medians: Vec<f64>,
}

pub(super) fn measure(
    settings: &Settings,
    job: &JobContext,
) -> Result<Result<Beside, String>, Failure> {
    job.progress.step("peers");
    let lesions = (settings.draws / 25).clamp(1, LESIONS);
    let lesions = chosen(settings.seeds[0], lesions).map_err(|e| failure(&e))?;
    let own = pool(1)?
        .install(|| {
            let each = lesions.iter().map(|(series, plan)| own(series, plan, job));
            each.collect::<Result<Vec<Own>, Error>>()
        })
        .map_err(|e| failure(&e))?;
    Ok(asked(settings, &lesions).map(|answer| beside(&own, &answer)))
}

/// Lesions that a script without readers, slices, volumes and limits of detection can fit, too.
fn chosen(seed: u64, count: usize) -> Result<Vec<(LesionSeries, Treatments)>, Error> {
    let mut found = Vec::with_capacity(count);
    let mut index = 0;
    while found.len() < count {
        let (series, treatments) = made_up(DOSED, SCANS, seed, index)?;
        index += 1;
        let is_plain = series.observations.iter().all(|o| {
            o.size.scale() == Scale::DiameterMm
                && o.size.value() > 0.0
                && o.reader.as_deref() == Some("A")
                && o.slice.is_some_and(|s| s.0 < 5.0)
        });
        if is_plain {
            found.push((series, treatments));
        }
    }
    Ok(found)
}

fn own(series: &LesionSeries, treatments: &Treatments, job: &JobContext) -> Result<Own, Error> {
    let params = FitParams {
        models: vec![DOSED.model],
        ..FitParams::default()
    };
    let start = Instant::now();
    let mut fit = twin::fit(series, treatments, &params, &job.silent())?;
    let mut times = vec![1e3 * start.elapsed().as_secs_f64()];
    for _ in 1..TIMES {
        let start = Instant::now();
        fit = twin::fit(series, treatments, &params, &job.silent())?;
        times.push(1e3 * start.elapsed().as_secs_f64());
    }
    let model = fit.models.first();
    Ok(Own {
        milliseconds: median(times),
        effective: model.map_or(f64::NAN, |m| m.diagnostics.effective),
        medians: model.map_or_else(Vec::new, |m| {
            m.parameters.iter().map(|p| p.median).collect()
        }),
    })
}

fn asked(settings: &Settings, lesions: &[(LesionSeries, Treatments)]) -> Result<Answer, String> {
    let [script, job] = ["sbc.py", "sbc.json"].map(|name| settings.scratch.join(name));
    std::fs::write(&script, SCRIPT).map_err(|e| e.to_string())?;
    std::fs::write(&job, task(lesions).to_string()).map_err(|e| e.to_string())?;
    let text = python::run(settings.peers, &script, &[job.as_ref()])?;
    serde_json::from_str(&text).map_err(|e| e.to_string())
}

/// What the script is to do.
fn task(lesions: &[(LesionSeries, Treatments)]) -> Value {
    let NoiseRow {
        relative,
        absolute_mm,
    } = NoiseRow::SAME_READER;
    let lesions: Vec<Value> = lesions
        .iter()
        .map(|(series, treatments)| {
            let days: Vec<f64> = series.observations.iter().map(|o| o.day.0).collect();
            let sizes: Vec<f64> = series.observations.iter().map(|o| o.size.value()).collect();
            // Nothing but doses is in the plan.
            let doses: Vec<f64> = treatments.plan().events().iter().map(|e| e.day.0).collect();
            json!({"days": days, "diameters": sizes, "doses": doses})
        })
        .collect();
    json!({
        "lesions": lesions, "noise": [relative, absolute_mm], "times": TIMES, "sampled": SAMPLED,
        "walkers": WALKERS, "burn_in": BURN_IN, "steps": STEPS,
    })
}

fn beside(own: &[Own], answer: &Answer) -> Beside {
    let fitted: Vec<f64> = answer.curve_fit.iter().copied().flatten().collect();
    let of = |peer: &[Sampled]| median(peer.iter().map(|s| s.per_1000).collect());
    let sampled = own.iter().take(answer.emcee.len());
    let ours = sampled
        .clone()
        .map(|o| 1000.0 * o.milliseconds / o.effective);
    let mut apart = 0.0_f64;
    for (ours, theirs) in sampled.zip(&answer.emcee) {
        for (median, [low, middle, high]) in ours.medians.iter().zip(&theirs.quantiles) {
            apart = apart.max((median - middle).abs() / (high - low));
        }
    }
    Beside {
        fitted: [fitted.len(), answer.curve_fit.len()],
        sampled: answer.emcee.len(),
        single: [
            median(own.iter().map(|o| o.milliseconds).collect()),
            median(fitted),
        ],
        per_1000: [
            median(ours.collect()),
            of(&answer.emcee),
            of(&answer.vectorised),
        ],
        apart,
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_by(f64::total_cmp);
    twin::quantile(&values, 0.5)
}
