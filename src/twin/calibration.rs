//! Whether posteriors can be trusted: simulation-based calibration (Talts et al., arXiv:1804.06788).
//!
//! Parameters from the prior, scans from the parameters, posterior from the scans; the rank of the
//! truth among draws of the posterior must be uniform, and its intervals must hold it as often as
//! they say. `oncotwin bench sbc` does this for every model.

mod ecdf;
mod misspecified;
mod uniform;

pub use ecdf::Bands;
pub use misspecified::{Inside, inside};
pub use uniform::{binomial_cdf, chi_square, holm};

use super::noise::{Noise, NoiseModel};
use super::posterior::{Budget, Random, posterior};
use super::problem::{Problem, Scratch};
use super::series::{LesionSeries, Observation, Scale};
use super::treatment::{TreatmentEvent, Treatments};
use super::{Error, Model, PriorSet, Way};
use crate::units::{Days, Gray, Mm};

/// Draws that a truth is ranked among; ranks go from 0 to this.
pub const RANKED: usize = 99;
/// Days from the last scan to the forecast.
pub const AHEAD: f64 = 60.0;

/// What a made-up lesion is treated with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// Nothing.
    None,
    /// Doses of one drug every three weeks from day 10 on, four or eight.
    Doses,
    /// A drug of which the times alone are known, from day 20 on for 90 days.
    Times,
    /// Thirty fractions from day 30 on, and an operation on day 110.
    Local,
}

impl Regime {
    /// Name as tables write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "untreated",
            Self::Doses => "doses",
            Self::Times => "times",
            Self::Local => "radiotherapy and surgery",
        }
    }

    fn treatments(self, random: &mut Random) -> Result<Treatments, Error> {
        let events: Vec<TreatmentEvent> = match self {
            Self::None => Vec::new(),
            Self::Doses => {
                let doses = if random.uniform() < 0.5 { 4 } else { 8 };
                let dose = |i: u32| {
                    let day = Days(10.0 + 21.0 * f64::from(i));
                    TreatmentEvent::dose(day, "docetaxel", 75.0, "mg/m2")
                };
                (0..doses).map(dose).collect()
            }
            Self::Times => vec![TreatmentEvent::systemic(Days(20.0), Some(Days(90.0)))],
            Self::Local => {
                let course = Some(Days(40.0));
                vec![
                    TreatmentEvent::radiotherapy(Days(30.0), Some(Gray(60.0)), course, Some(30)),
                    TreatmentEvent::surgery(Days(110.0)),
                ]
            }
        };
        Ok(Treatments::from_events(&events)?.0)
    }
}

/// A model with its priors under a regime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The model.
    pub model: Model,
    /// Priors of truth and fit.
    pub prior: PriorSet,
    /// What the lesion is treated with.
    pub regime: Regime,
}

impl Case {
    /// Every model under a regime that exercises it, and every other set of priors under the model
    /// that it is of.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let of = |model, regime| Self {
            model,
            prior: PriorSet::Generic,
            regime,
        };
        let mut cases: Vec<Self> = Model::ALL
            .into_iter()
            .map(|model| {
                let treated = matches!(
                    model,
                    Model::FadingEffect
                        | Model::ExponentialClearance
                        | Model::GompertzClearance
                        | Model::TwoPopulations
                        | Model::TwoPopulationsClearance
                        | Model::Immunotherapy
                        | Model::Simeoni
                );
                of(model, if treated { Regime::Doses } else { Regime::None })
            })
            .collect();
        cases.extend([
            of(Model::Exponential, Regime::Doses),
            of(Model::Gompertz, Regime::Doses),
            of(Model::Exponential, Regime::Times),
            of(Model::Gompertz, Regime::Local),
            of(Model::ExponentialClearance, Regime::Local),
        ]);
        let published = [
            (Model::SteinFojo, PriorSet::Ribba2022Nsclc),
            (Model::SteinFojo, PriorSet::Struemper2025Nsclc),
            (Model::Claret, PriorSet::Claret2014Nsclc),
            (Model::ReducedGompertz, PriorSet::Terranova2022Gastric),
            (Model::ReducedGompertz, PriorSet::Vaghi2020MouseLung),
        ];
        cases.extend(published.map(|(model, prior)| Self {
            prior,
            ..of(model, Regime::None)
        }));
        cases
    }

    /// Name as tables write it.
    #[must_use]
    pub fn name(&self) -> String {
        let mut name = self.model.name().to_owned();
        if self.regime != Regime::None {
            name.push_str(", ");
            name.push_str(self.regime.name());
        }
        if self.prior != PriorSet::Generic {
            name.push_str(", ");
            name.push_str(self.prior.name());
        }
        name
    }
}

/// One lesion made up, with all that is known of it.
struct Simulated {
    /// Truth, standardised.
    truth: Vec<f64>,
    treatments: Treatments,
    observations: Vec<Observation>,
    scale: Scale,
    noise: Noise,
    /// The day of the forecast.
    day: f64,
    /// Latent ln V on that day, and the logarithm of what a scan measures.
    ahead: f64,
    measured_ahead: f64,
}

/// What one simulation says.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Ranks of all parameters, of the latent size ahead, and of a measurement of it; beside what.
    pub ranks: Vec<(&'static str, usize)>,
    /// How draws were made.
    pub way: Way,
    /// k̂.
    pub k_hat: f64,
    /// Effective number of draws.
    pub effective: f64,
}

/// A lesion with `scans` scans about every six weeks, and one 60 days after the last.
///
/// Parameters without meaning are drawn again: they have no likelihood either.
fn simulate(case: Case, scans: usize, random: &mut Random) -> Result<Simulated, Error> {
    let treatments = case.regime.treatments(random)?;
    let mut day = 0.0;
    let days: Vec<f64> = (0..scans)
        .map(|i| {
            if i > 0 {
                day += 35.0 + 20.0 * random.uniform();
            }
            day
        })
        .collect();
    let scale = if random.uniform() < 0.75 {
        Scale::DiameterMm
    } else {
        Scale::VolumeMm3
    };
    let readers = [Some("A"), Some("algorithm 1"), None];
    let reader = readers[((random.uniform() * 3.0) as usize).min(2)];
    let thickness = if random.uniform() < 0.25 { 6.0 } else { 2.0 };
    let observation = |day: f64, value: f64| Observation {
        day: Days(day),
        size: scale.size(value),
        reader: reader.map(str::to_owned),
        slice: Some(Mm(thickness)),
    };
    let blank: Vec<Observation> = days.iter().map(|d| observation(*d, 1.0)).collect();
    let noise = Noise::of_series(NoiseModel::default(), scale, &blank);
    let problem = Problem::new(case.model, case.prior, &blank, scale, noise, &treatments)?;
    let end = day + AHEAD;
    let mut asked = days.clone();
    asked.push(end);
    let ahead_of = problem.on_days(&treatments, &asked)?;
    let mut scratch = Scratch::default();
    loop {
        let truth: Vec<f64> = (0..problem.priors.len()).map(|_| random.normal()).collect();
        let curve = ahead_of.curve(&truth, &mut scratch);
        if curve.iter().any(|x| !x.is_finite()) {
            continue;
        }
        let curve = curve.to_vec();
        let mut measured: Vec<f64> = curve
            .iter()
            .map(|x| scale.log_size(*x) + noise.sigma(*x, Some(thickness)) * noise.draw(random))
            .collect();
        let measured_ahead = measured.pop().unwrap_or(f64::NAN);
        let limit = libm::log(scale.detection_limit());
        let observations = days
            .iter()
            .zip(measured)
            .map(|(day, y)| observation(*day, if y < limit { 0.0 } else { libm::exp(y) }))
            .collect();
        return Ok(Simulated {
            truth,
            treatments,
            observations,
            scale,
            noise,
            day: end,
            ahead: curve[scans],
            measured_ahead,
        });
    }
}

/// Rank of a truth among draws; ties by lot.
fn rank(draws: impl Iterator<Item = f64>, truth: f64, random: &mut Random) -> usize {
    let (mut below, mut equal) = (0, 0);
    for draw in draws {
        below += usize::from(draw < truth);
        equal += usize::from(draw == truth);
    }
    below + ((random.uniform() * (equal as f64 + 1.0)) as usize).min(equal)
}

/// Makes up the lesion of number `index`, fits it and ranks its truth. The same seed and index give
/// the same ranks.
///
/// # Errors
/// Those of the model and its plan.
pub fn outcome(case: Case, scans: usize, seed: u64, index: u64) -> Result<Outcome, Error> {
    let mut random = Random::new(seed, index);
    let simulated = simulate(case, scans, &mut random)?;
    let Simulated {
        scale,
        noise,
        treatments,
        ..
    } = &simulated;
    let problem = Problem::new(
        case.model,
        case.prior,
        &simulated.observations,
        *scale,
        *noise,
        treatments,
    )?;
    let budget = Budget::of(problem.priors.len());
    let found = posterior(&problem, budget, seed ^ 0x5EED, index);
    let picked = found.resampled(RANKED, &mut random);
    let forecast = problem.on_days(treatments, &[simulated.day])?;
    let thickness = simulated
        .observations
        .first()
        .and_then(|o| o.slice)
        .map(|s| s.0);
    let mut scratch = Scratch::default();
    let (mut latent, mut measured) = (Vec::new(), Vec::new());
    for z in &picked {
        let x = forecast.curve(z, &mut scratch)[0];
        latent.push(x);
        measured.push(scale.log_size(x) + noise.sigma(x, thickness) * noise.draw(&mut random));
    }
    let mut ranks = Vec::with_capacity(problem.priors.len() + 2);
    for (j, prior) in problem.priors.each.iter().enumerate() {
        let draws = picked.iter().map(|z| z[j]);
        let found = rank(draws, simulated.truth[j], &mut random);
        ranks.push((prior.slot.kind.name(), found));
    }
    let of_latent = rank(latent.into_iter(), simulated.ahead, &mut random);
    ranks.push(("size in 60 days", of_latent));
    let of_measured = rank(measured.into_iter(), simulated.measured_ahead, &mut random);
    ranks.push(("measurement in 60 days", of_measured));
    Ok(Outcome {
        ranks,
        way: found.way,
        k_hat: found.k_hat,
        effective: found.effective,
    })
}

/// A lesion as [`outcome`] makes it up, for other uses: measurements and treatments.
///
/// # Errors
/// Those of the model and its plan.
pub fn made_up(
    case: Case,
    scans: usize,
    seed: u64,
    index: u64,
) -> Result<(LesionSeries, Treatments), Error> {
    let mut random = Random::new(seed, index);
    let simulated = simulate(case, scans, &mut random)?;
    let series = LesionSeries {
        observations: simulated.observations,
    };
    Ok((series, simulated.treatments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_ranks() {
        for case in Case::all() {
            if case.model == Model::Simeoni || case.model == Model::GeneralGompertz {
                continue;
            }
            let one = outcome(case, 4, 5, 17).unwrap();
            assert_eq!(one.ranks, outcome(case, 4, 5, 17).unwrap().ranks);
            assert!(
                one.ranks.iter().all(|(_, r)| *r <= RANKED),
                "{}",
                case.name()
            );
        }
    }

    /// A small run of what `bench sbc` does at length, on two models.
    #[test]
    fn ranks_of_the_truth_are_uniform() {
        let draws = 300;
        let bands = Bands::new(draws, RANKED, 5000);
        for case in [
            Case {
                model: Model::Exponential,
                prior: PriorSet::Generic,
                regime: Regime::Local,
            },
            Case {
                model: Model::TwoPopulations,
                prior: PriorSet::Generic,
                regime: Regime::Doses,
            },
        ] {
            let outcomes: Vec<Outcome> = (0..draws)
                .map(|i| outcome(case, 3 + i % 4, 77, i as u64).unwrap())
                .collect();
            for j in 0..outcomes[0].ranks.len() {
                let ranks: Vec<usize> = outcomes.iter().map(|o| o.ranks[j].1).collect();
                let p = bands.p_value(&ranks);
                assert!(p > 0.001, "{} {}: {p}", case.name(), outcomes[0].ranks[j].0);
            }
        }
    }
}
