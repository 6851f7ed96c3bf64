//! Projections: what the posterior says of later sizes, as treated and under another plan.

use serde::{Deserialize, Serialize};

use super::fit::IDENTIFIED;
use super::growth::{Path, Theta};
use super::likelihood::data_contraction;
use super::plan::Plan;
use super::prior::{self, ParameterKind, Prior};
use super::sample::Random;
use super::series::{Scale, Size, check_day};
use super::stats::{Quantiles, robust_sd};
use super::{Error, Fit, ModelFit, ScenarioChange, Therapy, TreatmentInterval};
use crate::jobs::JobContext;
use crate::units::Days;

/// Draws that a projection averages over.
const DRAWS: usize = 2000;
/// Share of an interval between scans under treatment that counts it as "on" (or off, below).
const HALF: f64 = 0.5;
/// Smallest and largest dose factor that counts as a small change.
const SMALL_CHANGE: std::ops::RangeInclusive<f64> = 0.8..=1.25;

/// How far a statement reaches beyond what was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ladder {
    /// Forecast under the plan as it is; a later scan can refute it.
    C0,
    /// A small change inside the exposure that was observed.
    C1,
    /// Start or stop of a treatment observed both on and off.
    C2,
    /// No treatment, or a treatment never observed off (or on): the population prior speaks.
    C3,
    /// A therapy of which the lesion says nothing at all.
    C4,
}

/// One arm on one day, in the unit of the projection's scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Latent size (credible interval).
    pub latent: Quantiles,
    /// A new measurement of it (prediction interval).
    pub predictive: Quantiles,
}

/// Scenario against plan, draw by draw.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// ln(size in the scenario/size as planned).
    pub log_ratio: Quantiles,
    /// Size in the scenario − size as planned.
    pub absolute: Quantiles,
    /// Probability that the two sizes differ by more than the repeatability of two measurements
    /// (1.96 √2 σ).
    pub beyond_noise: f64,
}

/// What is said of one day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Horizon {
    /// The day after baseline.
    pub day: Days,
    /// As planned.
    pub factual: Arm,
    /// Under the scenario, where there is one.
    pub scenario: Option<Arm>,
    /// Their paired difference.
    pub difference: Option<Difference>,
    /// Contraction of what is plotted, 0–1: the share of its prior variance that the lesion's data
    /// take away. The smallest of up to four: posterior against prior, and data alone, of the
    /// scenario's change of size and of the difference. `None` where nothing differs from the
    /// first measurement on.
    pub kappa: Option<f64>,
    /// Whether κ reaches 0.2.
    pub identified: bool,
}

/// Last observation carried forward: the forecast to beat.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Locf {
    /// Day of the last measurement.
    pub day: Days,
    /// Its size; where the lesion was too small to measure, the limit of detection.
    pub size: Size,
    /// Whether it was too small to measure.
    pub below_limit: bool,
}

/// A projection of one lesion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// Unit and kind of the sizes.
    pub scale: Scale,
    /// Per day asked for, in order of time.
    pub days: Vec<Horizon>,
    /// How far the statement reaches.
    pub ladder: Ladder,
    /// κ of the last day.
    pub kappa: Option<f64>,
    /// Whether every day after the last measurement is identified.
    pub identified: bool,
    /// Reasons, one sentence each.
    pub why: Vec<String>,
    /// The day from which on a curve should fade: the last measurement plus the longer of the
    /// median interval between measurements and a third of the follow-up.
    pub fade_after: Days,
    /// The naive forecast, the same for every later day.
    pub locf: Locf,
    /// Seed of the fit.
    pub seed: u64,
    /// Version of the methods.
    pub version: String,
}

/// One draw of the model average.
pub(super) struct Member {
    model: usize,
    pub(super) theta: Theta,
}

/// Carries the posterior forward to the days `at`, as planned in `treatments` and, with a
/// scenario, as changed by it.
///
/// Both arms use the same draws and the same noise; a scenario that changes nothing gives the
/// planned arm to the bit. A therapy of the plan that the fit does not know is drawn from its
/// prior, and the ladder says so.
///
/// # Errors
/// See [`Error`]; days before the first measurement are refused.
pub fn project(
    fit: &Fit,
    treatments: &[TreatmentInterval],
    scenario: Option<&ScenarioChange>,
    at: &[Days],
    job: &JobContext,
) -> Result<Projection, Error> {
    let first = fit.first_day().0;
    let mut days: Vec<f64> = at.iter().map(|d| d.0).collect();
    for day in days.iter().copied().chain(scenario.map(|s| s.day().0)) {
        check_day("the day of a projection", day)?;
        if day < first {
            return Err(Error::BeforeFirstObservation { day, first });
        }
    }
    days.sort_by(f64::total_cmp);
    days.dedup();
    let horizon = *days.last().ok_or(Error::NoDays)?;
    let plan = Plan::new(treatments)?;
    let changed = match scenario {
        Some(scenario) => Some(Plan::new(&scenario.apply(treatments)?)?),
        None => None,
    };
    let unknown = unknown_therapies(fit, &plan, changed.as_ref(), horizon);
    let mut posterior = members(fit)?;
    draw_unknown(fit, &unknown, &mut posterior);
    let prior = prior_members(fit, &unknown, &posterior);

    // The first value is that of the last measurement's day, from which change is counted.
    let mut asked = vec![fit.last_day().0];
    asked.extend(&days);
    let arms = Arms {
        factual: Path::new(&plan, first, &asked),
        scenario: changed.as_ref().map(|p| Path::new(p, first, &asked)),
    };
    let planned = arms.factual_sizes(&posterior);
    let altered = arms.scenario_sizes(&posterior);
    let prior_planned = arms.factual_sizes(&prior);
    let prior_altered = arms.scenario_sizes(&prior);
    let slice = fit
        .observations
        .iter()
        .rev()
        .find_map(|o| o.slice)
        .map(|s| s.0);
    let mut out = Vec::with_capacity(days.len());
    for (d, day) in days.iter().enumerate() {
        job.check()?;
        let deviates = deviates(fit, *day, posterior.len());
        let column = d + 1;
        let x = &planned[column];
        let factual = arm(fit, x, &deviates, slice);
        let y = altered.as_ref().map(|a| &a[column]);
        let difference = y.map(|y| difference(fit, x, y, slice));
        let kappa = contraction(
            fit,
            &arms,
            column,
            (&planned, altered.as_ref()),
            (&prior_planned, prior_altered.as_ref()),
        );
        out.push(Horizon {
            day: Days(*day),
            factual,
            scenario: y.map(|y| arm(fit, y, &deviates, slice)),
            difference,
            kappa,
            identified: kappa.is_none_or(|k| k >= IDENTIFIED),
        });
    }
    let fade_after = fade_after(fit);
    let ladder = ladder(fit, &plan, changed.as_ref(), scenario, &unknown, horizon);
    let identified = out
        .iter()
        .filter(|h| h.day.0 > fit.last_day().0)
        .all(|h| h.identified)
        && out.last().is_none_or(|h| h.identified);
    let mut projection = Projection {
        scale: fit.scale,
        ladder,
        kappa: out.last().and_then(|h| h.kappa),
        identified,
        why: Vec::new(),
        fade_after,
        locf: locf(fit),
        seed: fit.seed,
        version: fit.version.clone(),
        days: out,
    };
    projection.why = why(fit, &projection, &plan, &unknown, horizon);
    Ok(projection)
}

/// Draws of all models in proportion to their weights.
pub(super) fn members(fit: &Fit) -> Result<Vec<Member>, Error> {
    let mut members = Vec::with_capacity(DRAWS);
    let mut cumulated = 0.0;
    let mut taken = 0;
    for (index, model) in fit.models.iter().enumerate() {
        cumulated += model.weight;
        let upto = ((cumulated * DRAWS as f64).round() as usize).clamp(taken, DRAWS);
        let count = upto - taken;
        if count > 0 && model.draws.is_empty() {
            return Err(Error::EmptyFit);
        }
        let priors = fit.priors(model);
        for i in 0..count {
            // Evenly over all draws, so over all chains.
            let row = i * model.draws.len() / count;
            members.push(Member {
                model: index,
                theta: prior::theta(&priors, model.draws.row(row)),
            });
        }
        taken = upto;
    }
    if members.is_empty() {
        return Err(Error::EmptyFit);
    }
    Ok(members)
}

const THERAPIES: [(Therapy, ParameterKind); 3] = [
    (Therapy::Systemic, ParameterKind::SystemicKillRate),
    (Therapy::Radiotherapy, ParameterKind::RadiotherapyLogKill),
    (Therapy::Surgery, ParameterKind::SurgeryLogKill),
];

/// Therapies that act up to the horizon in either arm, but have no parameter in the fit.
fn unknown_therapies(fit: &Fit, plan: &Plan, changed: Option<&Plan>, horizon: f64) -> Vec<Therapy> {
    let first = fit.first_day().0;
    let known = |kind| {
        fit.models
            .iter()
            .any(|m| m.parameters.iter().any(|p| p.kind == kind))
    };
    THERAPIES
        .into_iter()
        .filter(|(therapy, kind)| {
            let acts = |p: &Plan| acts_within(p, *therapy, first, horizon);
            !known(*kind) && (acts(plan) || changed.is_some_and(acts))
        })
        .map(|(therapy, _)| therapy)
        .collect()
}

/// Whether a therapy acts between two days.
fn acts_within(plan: &Plan, therapy: Therapy, from: f64, to: f64) -> bool {
    let mut cut = plan.clone();
    cut.segments.retain(|s| s.start < to);
    cut.jumps.retain(|j| j.day < to);
    cut.acts_after(therapy, from)
}

/// Gives draws a prior value of the effects that the fit does not know.
fn draw_unknown(fit: &Fit, unknown: &[Therapy], members: &mut [Member]) {
    let all = prior::priors(super::Model::Exponential, fit.prior, fit.scale, unknown);
    // Behind size and growth rate.
    let extra: Vec<Prior> = all.into_iter().skip(2).collect();
    let mut random = Random::new(fit.seed, 1 << 40);
    for member in members {
        for prior in &extra {
            let value = prior.value(random.normal());
            match prior.kind {
                ParameterKind::SystemicKillRate => member.theta.kill = value,
                ParameterKind::RadiotherapyLogKill => member.theta.radiotherapy = value,
                _ => member.theta.surgery = value,
            }
        }
    }
}

/// As many draws of the prior as there are of the posterior, model by model.
fn prior_members(fit: &Fit, unknown: &[Therapy], posterior: &[Member]) -> Vec<Member> {
    let mut random = Random::new(fit.seed, 1 << 41);
    let priors: Vec<Vec<Prior>> = fit.models.iter().map(|m| fit.priors(m)).collect();
    let mut members: Vec<Member> = posterior
        .iter()
        .map(|member| {
            let priors = &priors[member.model];
            let z: Vec<f64> = priors.iter().map(|_| random.normal()).collect();
            Member {
                model: member.model,
                theta: prior::theta(priors, &z),
            }
        })
        .collect();
    draw_unknown(fit, unknown, &mut members);
    members
}

struct Arms {
    factual: Path,
    scenario: Option<Path>,
}

impl Arms {
    fn factual_sizes(&self, members: &[Member]) -> Vec<Vec<f64>> {
        sizes(&self.factual, members)
    }

    fn scenario_sizes(&self, members: &[Member]) -> Option<Vec<Vec<f64>>> {
        self.scenario.as_ref().map(|path| sizes(path, members))
    }
}

/// ln V per asked-for day and draw.
fn sizes(path: &Path, members: &[Member]) -> Vec<Vec<f64>> {
    let mut by_day: Vec<Vec<f64>> = Vec::new();
    let mut x = Vec::new();
    for member in members {
        path.run(&member.theta, &mut x);
        by_day.resize_with(x.len(), || Vec::with_capacity(members.len()));
        for (column, x) in by_day.iter_mut().zip(&x) {
            column.push(*x);
        }
    }
    by_day
}

/// Noise of a future measurement, one deviate per draw; depends on the day alone, so that adding
/// a day to a projection changes no other.
fn deviates(fit: &Fit, day: f64, count: usize) -> Vec<f64> {
    let since = day - fit.first_day().0;
    let mut random = Random::new(fit.seed ^ since.to_bits().rotate_left(17), 1 << 42);
    (0..count)
        .map(|_| {
            let normal = random.normal();
            let chi_square = random.chi_square_4();
            fit.noise.deviate(normal, chi_square)
        })
        .collect()
}

fn arm(fit: &Fit, x: &[f64], deviates: &[f64], slice: Option<f64>) -> Arm {
    Arm {
        latent: Quantiles::of(
            x.iter()
                .map(|x| libm::exp(fit.scale.log_size(*x)))
                .collect(),
        ),
        predictive: Quantiles::of(
            x.iter()
                .zip(deviates)
                .map(|(x, e)| libm::exp(fit.scale.log_size(*x) + fit.noise.sigma(*x, slice) * e))
                .collect(),
        ),
    }
}

fn difference(fit: &Fit, x: &[f64], y: &[f64], slice: Option<f64>) -> Difference {
    let pairs = || {
        x.iter()
            .zip(y)
            .map(|(x, y)| (fit.scale.log_size(*x), fit.scale.log_size(*y)))
    };
    let beyond = x
        .iter()
        .zip(y)
        .filter(|(x, y)| {
            let ratio = (fit.scale.log_size(**y) - fit.scale.log_size(**x)).abs();
            ratio > 1.96 * std::f64::consts::SQRT_2 * fit.noise.sigma(**x, slice)
        })
        .count();
    Difference {
        log_ratio: Quantiles::of(pairs().map(|(x, y)| y - x).collect()),
        absolute: Quantiles::of(pairs().map(|(x, y)| libm::exp(y) - libm::exp(x)).collect()),
        beyond_noise: beyond as f64 / x.len() as f64,
    }
}

type Columns<'a> = (&'a Vec<Vec<f64>>, Option<&'a Vec<Vec<f64>>>);

/// κ of one day: see [`Horizon::kappa`].
///
/// Variances are squares of [`robust_sd`], because log-normal priors of effects have tails that
/// would make every posterior look narrow.
fn contraction(
    fit: &Fit,
    arms: &Arms,
    column: usize,
    posterior: Columns<'_>,
    prior: Columns<'_>,
) -> Option<f64> {
    let minus =
        |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
    let shown = |columns: Columns<'_>| -> Vec<Vec<f64>> {
        let (planned, altered) = columns;
        match altered {
            // The last measurement is of the planned arm, whatever the scenario says.
            Some(altered) => vec![
                minus(&altered[column], &altered[0]),
                minus(&altered[column], &planned[column]),
            ],
            None => vec![minus(&planned[column], &planned[0])],
        }
    };
    let mut kappa: Option<f64> = None;
    let mut note = |k: f64| {
        let k = k.clamp(0.0, 1.0);
        kappa = Some(kappa.map_or(k, |old: f64| old.min(k)));
    };
    for (which, (post, pri)) in shown(posterior).iter().zip(shown(prior)).enumerate() {
        let before = robust_sd(&pri);
        if before <= 0.0 {
            continue;
        }
        let after = robust_sd(post);
        note(1.0 - (after / before) * (after / before));
        let data: f64 = fit
            .models
            .iter()
            .map(|m| m.weight * data_share(fit, m, arms, column, which))
            .sum();
        note(data);
    }
    kappa
}

/// Data contraction of one functional at the posterior median of one model.
fn data_share(fit: &Fit, model: &ModelFit, arms: &Arms, column: usize, which: usize) -> f64 {
    let priors = fit.priors(model);
    let centre: Vec<f64> = (0..priors.len())
        .map(|j| {
            let column: Vec<f64> = (0..model.draws.len())
                .map(|i| model.draws.row(i)[j])
                .collect();
            Quantiles::of(column).q50
        })
        .collect();
    let mut x = Vec::new();
    let mut functional = |z: &[f64]| {
        let theta = prior::theta(&priors, z);
        arms.factual.run(&theta, &mut x);
        let (now, planned) = (x[0], x[column]);
        match &arms.scenario {
            None => planned - now,
            Some(path) => {
                path.run(&theta, &mut x);
                if which == 0 {
                    x[column] - x[0]
                } else {
                    x[column] - planned
                }
            }
        }
    };
    let h = 1e-4;
    let gradient: Vec<f64> = (0..centre.len())
        .map(|j| {
            let mut z = centre.clone();
            z[j] = centre[j] + h;
            let up = functional(&z);
            z[j] = centre[j] - h;
            (up - functional(&z)) / (2.0 * h)
        })
        .collect();
    data_contraction(&model.information(), &gradient)
}

/// Whether any interval between scans was mostly under systemic treatment, and any mostly not.
fn observed_exposure(fit: &Fit, plan: &Plan) -> (bool, bool) {
    let (mut on, mut off) = (false, false);
    for pair in fit.observations.windows(2) {
        let (from, to) = (pair[0].day.0, pair[1].day.0);
        if to > from {
            let exposed = plan.mean_systemic(from, to) >= HALF;
            on |= exposed;
            off |= !exposed;
        }
    }
    (on, off)
}

fn ladder(
    fit: &Fit,
    plan: &Plan,
    changed: Option<&Plan>,
    scenario: Option<&ScenarioChange>,
    unknown: &[Therapy],
    horizon: f64,
) -> Ladder {
    if !unknown.is_empty() {
        return Ladder::C4;
    }
    let (Some(changed), Some(scenario)) = (changed, scenario) else {
        return Ladder::C0;
    };
    let first = fit.first_day().0;
    let same = Path::new(plan, first, &[horizon])
        .same_until(&Path::new(changed, first, &[horizon]), horizon);
    if same {
        return Ladder::C0;
    }
    let (on, off) = observed_exposure(fit, plan);
    // What the scenario changes besides systemic treatment was seen once at most.
    let only_systemic = !acts_within(plan, Therapy::Radiotherapy, scenario.day().0, horizon)
        && !acts_within(plan, Therapy::Surgery, scenario.day().0, horizon);
    match scenario {
        ScenarioChange::ScaleDose { factor, .. }
            if on && only_systemic && SMALL_CHANGE.contains(factor) =>
        {
            Ladder::C1
        }
        _ if on && off && only_systemic => Ladder::C2,
        _ => Ladder::C3,
    }
}

fn fade_after(fit: &Fit) -> Days {
    let mut intervals: Vec<f64> = fit
        .observations
        .windows(2)
        .map(|p| p[1].day.0 - p[0].day.0)
        .filter(|d| *d > 0.0)
        .collect();
    intervals.sort_by(f64::total_cmp);
    let last = fit.last_day().0;
    if intervals.is_empty() {
        return Days(last);
    }
    let interval = super::stats::quantile(&intervals, 0.5);
    Days(last + interval.max((last - fit.first_day().0) / 3.0))
}

fn locf(fit: &Fit) -> Locf {
    let last = fit.observations.last();
    let value = last.map_or(0.0, |o| o.size.value());
    let below_limit = value <= 0.0;
    let shown = if below_limit {
        fit.scale.detection_limit()
    } else {
        value
    };
    Locf {
        day: fit.last_day(),
        size: fit.scale.size(shown),
        below_limit,
    }
}

fn why(
    fit: &Fit,
    projection: &Projection,
    plan: &Plan,
    unknown: &[Therapy],
    horizon: f64,
) -> Vec<String> {
    let mut why = Vec::new();
    let n = fit.observations.len();
    let (on, off) = observed_exposure(fit, plan);
    why.push(
        match projection.ladder {
            Ladder::C0 => "Forecast under the plan as it is; the next scan can refute it.",
            Ladder::C1 => "Small change of dose inside the exposure that was observed; the effect is taken as proportional to dose.",
            Ladder::C2 => "The lesion was measured both with and without systemic treatment.",
            Ladder::C3 => "The changed exposure was never observed in this lesion; the population prior speaks.",
            Ladder::C4 => "A therapy acts whose effect on this lesion was never observed; a statement on the population.",
        }
        .to_owned(),
    );
    if projection.ladder >= Ladder::C2 && on && !off {
        why.push(
            "Every interval between scans was under treatment: growth and effect of treatment \
             cannot be told apart. A scan before treatment or in a pause would tell."
                .to_owned(),
        );
    }
    if n < 2 {
        why.push(
            "One measurement says nothing of change; the curve is the population prior started \
             at the measured size."
                .to_owned(),
        );
    }
    if let Some(kappa) = projection.kappa {
        let percent = 100.0 * kappa;
        why.push(if projection.identified {
            format!(
                "The lesion's data removed {percent:.0} % of the prior variance of what is shown."
            )
        } else {
            format!(
                "Not identified: the lesion's data removed {percent:.0} % of the prior variance of \
                 what is shown (20 % is wanted); the band is a prior statement."
            )
        });
    }
    if horizon > projection.fade_after.0 {
        why.push(format!(
            "Days beyond {:.0} lie further ahead than the follow-up supports.",
            projection.fade_after.0
        ));
    }
    if !unknown.is_empty() && projection.days.iter().any(|d| d.scenario.is_some()) {
        why.push("The effect of that therapy is drawn from its prior in both arms.".to_owned());
    }
    if projection.days.iter().any(|d| d.scenario.is_some()) {
        why.push(
            "Assumes that treatment was not chosen by what would have predicted the course \
             otherwise."
                .to_owned(),
        );
        if between_models(fit) {
            why.push("The band averages over growth models by their weights.".to_owned());
        }
    }
    why
}

/// Whether more than one model carries weight.
fn between_models(fit: &Fit) -> bool {
    fit.models.iter().filter(|m| m.weight > 0.05).count() > 1
}
