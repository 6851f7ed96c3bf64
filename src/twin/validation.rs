//! Checks of the posterior itself: against closed forms, quadrature, and its own simulations.

use nalgebra::{DMatrix, DVector};

use super::growth::Path;
use super::likelihood::{Problem, Scratch};
use super::noise::Noise;
use super::plan::Plan;
use super::sample::{Random, Sampling, sample};
use super::series::Observation;
use super::stats::{mean, quantile, variance};
use super::{
    LesionSeries, Model, NoiseFamily, NoiseModel, NoiseRow, PriorSet, Scale, TreatmentInterval,
    prior,
};
use crate::jobs::JobContext;
use crate::units::{Days, Gray};

const LONG: Sampling = Sampling {
    chains: 4,
    warm_up: 500,
    draws: 10_000,
    thin: 2,
};

fn observations(scale: Scale, points: &[(f64, f64)]) -> Vec<Observation> {
    points
        .iter()
        .map(|(day, value)| Observation {
            day: Days(*day),
            size: scale.size(*value),
            reader: None,
            slice: None,
        })
        .collect()
}

fn problem(
    model: Model,
    noise: NoiseModel,
    points: &[(f64, f64)],
    treatments: &[TreatmentInterval],
) -> Problem {
    let scale = Scale::DiameterMm;
    let series = LesionSeries {
        observations: observations(scale, points),
    };
    let (ordered, scale) = series.ordered().unwrap();
    let noise = Noise::of_series(noise, scale, &ordered);
    Problem::new(model, PriorSet::Generic, &ordered, scale, noise, treatments).unwrap()
}

fn column(draws: &[f64], n: usize, j: usize) -> Vec<f64> {
    draws.iter().skip(j).step_by(n).copied().collect()
}

/// Exponential growth with constant Gaussian noise is a linear regression of ln d on time.
#[test]
fn agrees_with_the_linear_gaussian_posterior() {
    let sigma = 0.06;
    let noise = NoiseModel {
        family: NoiseFamily::Gaussian,
        row: Some(NoiseRow {
            relative: sigma,
            absolute_mm: 0.0,
        }),
    };
    let points = [(0.0, 21.0), (45.0, 22.1), (90.0, 24.6), (160.0, 26.0)];
    let problem = problem(Model::Exponential, noise, &points, &[]);
    let (draws, diagnostics) = sample(&problem, LONG, 7, &JobContext::default()).unwrap();
    assert!(diagnostics.good(), "{diagnostics:?}");
    // ln d = (x₀ + r t − ln(π/6))/3, x₀ and r linear in z.
    let scale = Scale::DiameterMm;
    let at = |z: &[f64], t: f64| {
        let theta = prior::theta(&problem.priors, z);
        scale.log_size(theta.x0 + theta.rate * t)
    };
    let mut precision = DMatrix::identity(2, 2);
    let mut right = DVector::zeros(2);
    for (t, d) in points {
        let origin = at(&[0.0, 0.0], t);
        let row = DVector::from_vec(vec![
            at(&[1.0, 0.0], t) - origin,
            at(&[0.0, 1.0], t) - origin,
        ]);
        precision += &row * row.transpose() / (sigma * sigma);
        right += row * (d.ln() - origin) / (sigma * sigma);
    }
    let covariance = precision.try_inverse().unwrap();
    let expected = &covariance * right;
    for j in 0..2 {
        let z = column(&draws, 2, j);
        let sd = covariance[(j, j)].sqrt();
        approx::assert_abs_diff_eq!(mean(&z), expected[j], epsilon = 0.02 * sd);
        approx::assert_relative_eq!(variance(&z).sqrt(), sd, max_relative = 0.02);
    }
}

/// Default noise, against quadrature of the unnormalised posterior on a grid of x₀ and r.
#[test]
fn agrees_with_quadrature_under_student_noise_and_censoring() {
    let points = [(0.0, 14.0), (30.0, 11.0), (60.0, 9.5), (120.0, 0.0)];
    let problem = problem(Model::Exponential, NoiseModel::default(), &points, &[]);
    let (draws, diagnostics) = sample(&problem, LONG, 11, &JobContext::default()).unwrap();
    assert!(diagnostics.good(), "{diagnostics:?}");
    let samples = [column(&draws, 2, 0), column(&draws, 2, 1)];
    let mut scratch = Scratch::default();
    let cells = 400;
    let axis = |j: usize| -> Vec<f64> {
        let (m, s) = (mean(&samples[j]), variance(&samples[j]).sqrt());
        (0..=cells)
            .map(|i| m + s * (-10.0 + 20.0 * f64::from(i) / f64::from(cells)))
            .collect()
    };
    let (a, b) = (axis(0), axis(1));
    let grid: Vec<(f64, f64, f64)> = a
        .iter()
        .flat_map(|x| b.iter().map(move |y| (*x, *y)))
        .map(|(x, y)| (x, y, problem.log_posterior(&[x, y], &mut scratch)))
        .collect();
    let top = grid.iter().map(|g| g.2).fold(f64::NEG_INFINITY, f64::max);
    let weight = |g: &(f64, f64, f64)| (g.2 - top).exp();
    let total: f64 = grid.iter().map(weight).sum();
    for (j, sample) in samples.iter().enumerate() {
        let pick = |g: &(f64, f64, f64)| if j == 0 { g.0 } else { g.1 };
        let m = grid.iter().map(|g| weight(g) * pick(g)).sum::<f64>() / total;
        let v = grid
            .iter()
            .map(|g| weight(g) * (pick(g) - m).powi(2))
            .sum::<f64>()
            / total;
        approx::assert_abs_diff_eq!(mean(sample), m, epsilon = 0.02 * v.sqrt());
        approx::assert_relative_eq!(variance(sample).sqrt(), v.sqrt(), max_relative = 0.02);
    }
}

/// χ² of ranks in ten bins.
fn rank_chi_square(ranks: &[usize], posterior: usize) -> f64 {
    let mut bins = [0_usize; 10];
    for rank in ranks {
        bins[rank * 10 / (posterior + 1)] += 1;
    }
    let expected = ranks.len() as f64 / 10.0;
    bins.iter()
        .map(|b| (*b as f64 - expected).powi(2) / expected)
        .sum()
}

/// Simulation-based calibration (Talts et al., arXiv:1804.06788): parameters from the prior, scans
/// from the parameters, posterior from the scans; the rank of the truth must be uniform.
///
/// `ONCOTWIN_SBC_DRAWS` sets the number of prior draws (200), `ONCOTWIN_SBC_SEED` the seed (1).
#[test]
fn ranks_of_the_truth_are_uniform() {
    let setting = |name: &str, default: usize| {
        std::env::var(name)
            .ok()
            .and_then(|v| v.parse().ok())
            .unwrap_or(default)
    };
    let simulations = setting("ONCOTWIN_SBC_DRAWS", 200);
    let seed = setting("ONCOTWIN_SBC_SEED", 1) as u64;
    let plans: [Vec<TreatmentInterval>; 2] = [
        vec![TreatmentInterval::systemic(Days(80.0), Some(Days(170.0)))],
        vec![
            TreatmentInterval::systemic(Days(10.0), None),
            TreatmentInterval::radiotherapy(Days(60.0), Some(Days(95.0)), Some(Gray(60.0))),
            TreatmentInterval::surgery(Days(150.0)),
        ],
    ];
    let sampling = Sampling {
        chains: 4,
        warm_up: 150,
        draws: 250,
        thin: 3,
    };
    let kept = 99;
    let (mut worst, mut unsettled) = (0.0_f64, 0);
    for model in Model::ALL {
        let mut ranks: Vec<Vec<usize>> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for (plan_index, treatments) in plans.iter().enumerate() {
            let plan = Plan::new(treatments).unwrap();
            let offset = ranks.len();
            for s in 0..simulations {
                let mut random = Random::new(seed, (s as u64) << 8 | plan_index as u64);
                let n = 3 + s % 4;
                let days: Vec<f64> = (0..n).map(|i| 45.0 * i as f64).collect();
                let empty = problem(
                    model,
                    NoiseModel::default(),
                    &days.iter().map(|d| (*d, 1.0)).collect::<Vec<_>>(),
                    treatments,
                );
                let truth: Vec<f64> = (0..empty.dimension()).map(|_| random.normal()).collect();
                let theta = prior::theta(&empty.priors, &truth);
                let mut x = Vec::new();
                Path::new(&plan, 0.0, &days).run(&theta, &mut x);
                let scale = Scale::DiameterMm;
                let noise = Noise::of_series(NoiseModel::default(), scale, &[]);
                let points: Vec<(f64, f64)> = days
                    .iter()
                    .zip(&x)
                    .map(|(day, x)| {
                        let normal = random.normal();
                        let e = noise.deviate(normal, random.chi_square_4());
                        let d = (scale.log_size(*x) + noise.sigma(*x, None) * e).exp();
                        (*day, if d < 5.0 { 0.0 } else { d })
                    })
                    .collect();
                let problem = problem(model, NoiseModel::default(), &points, treatments);
                let (draws, diagnostics) =
                    sample(&problem, sampling, seed + s as u64, &JobContext::default()).unwrap();
                unsettled += usize::from(!diagnostics.good());
                let dimension = problem.dimension();
                let rows = draws.len() / dimension;
                // A forecast is ranked beside the parameters.
                let ahead = Path::new(&plan, 0.0, &[days[n - 1] + 60.0]);
                let forecast = |z: &[f64]| {
                    let mut x = Vec::new();
                    ahead.run(&prior::theta(&problem.priors, z), &mut x);
                    x[0]
                };
                let picked: Vec<&[f64]> = (0..kept)
                    .map(|i| {
                        let row = i * rows / kept;
                        &draws[row * dimension..(row + 1) * dimension]
                    })
                    .collect();
                ranks.resize(offset + dimension + 1, Vec::new());
                for j in 0..dimension {
                    let below = picked.iter().filter(|z| z[j] < truth[j]).count();
                    ranks[offset + j].push(below);
                }
                let true_forecast = forecast(&truth);
                let below = picked
                    .iter()
                    .filter(|z| forecast(z) < true_forecast)
                    .count();
                ranks[offset + dimension].push(below);
                if s == 0 {
                    names.extend(problem.priors.iter().map(|p| p.kind.name().to_owned()));
                    names.push("forecast".into());
                }
            }
        }
        for (name, ranks) in names.iter().zip(&ranks) {
            let chi_square = rank_chi_square(ranks, kept);
            println!("{} {name}: χ²(9) = {chi_square:.1}", model.name());
            worst = worst.max(chi_square);
            // χ² with nine degrees of freedom: p = 10⁻³ at 27.88.
            assert!(chi_square < 27.88, "{} {name}: {chi_square}", model.name());
        }
    }
    println!("worst χ² {worst:.1}; {unsettled} samplers unsettled");
    // Of four settings per simulation; with half the usual draws, many at the edge of the prior.
    assert!(unsettled * 5 <= simulations * 4, "{unsettled} unsettled");
}

#[test]
fn recovers_the_parameters_of_a_well_observed_lesion() {
    let plan = [TreatmentInterval::systemic(Days(120.0), Some(Days(240.0)))];
    let truth = super::growth::Theta {
        x0: Scale::DiameterMm.log_volume(30.0_f64.ln()),
        rate: 0.008,
        kill: 0.02,
        ..super::growth::Theta::default()
    };
    let days: Vec<f64> = (0..13).map(|i| 30.0 * f64::from(i)).collect();
    let mut x = Vec::new();
    Path::new(&Plan::new(&plan).unwrap(), 0.0, &days).run(&truth, &mut x);
    let mut random = Random::new(5, 0);
    let points: Vec<(f64, f64)> = days
        .iter()
        .zip(&x)
        .map(|(day, x)| {
            let d = (Scale::DiameterMm.log_size(*x) + 0.03 * random.normal()).exp();
            (*day, d)
        })
        .collect();
    let problem = problem(Model::Exponential, NoiseModel::default(), &points, &plan);
    let (draws, _) = sample(&problem, Sampling::default(), 1, &JobContext::default()).unwrap();
    let mut rates = column(&draws, 3, 1)
        .iter()
        .map(|z| problem.priors[1].value(*z))
        .collect::<Vec<_>>();
    let mut kills = column(&draws, 3, 2)
        .iter()
        .map(|z| problem.priors[2].value(*z))
        .collect::<Vec<_>>();
    rates.sort_by(f64::total_cmp);
    kills.sort_by(f64::total_cmp);
    for (sorted, truth) in [(rates, 0.008), (kills, 0.02)] {
        approx::assert_relative_eq!(quantile(&sorted, 0.5), truth, max_relative = 0.12);
        assert!(quantile(&sorted, 0.025) < truth && truth < quantile(&sorted, 0.975));
    }
}
