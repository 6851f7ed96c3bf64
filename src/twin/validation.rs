//! Checks of the posterior itself: against closed forms, quadrature, and its own simulations.

use nalgebra::{DMatrix, DVector};

use super::noise::Noise;
use super::posterior::{Budget, Random, Target, Way, explore, leave_one_out, posterior};
use super::problem::{Problem, Scratch};
use super::stats::{mean, quantile, variance};
use super::{
    LesionSeries, Model, NoiseFamily, NoiseModel, NoiseRow, PriorSet, Scale, TreatmentEvent,
    Treatments,
};
use crate::units::{Days, Gray};

fn plan(events: &[TreatmentEvent]) -> Treatments {
    Treatments::from_events(events).unwrap().0
}

fn problem(
    model: Model,
    noise: NoiseModel,
    points: &[(f64, f64)],
    treatments: &Treatments,
) -> Problem {
    let scale = Scale::DiameterMm;
    let readings = points.iter().map(|(day, d)| (Days(*day), *d));
    let series = LesionSeries::of(scale, readings);
    let (ordered, scale) = series.ordered().unwrap();
    let noise = Noise::of_series(noise, scale, &ordered);
    Problem::new(model, PriorSet::Generic, &ordered, scale, noise, treatments).unwrap()
}

/// Many draws of equal weight, parameter by parameter.
fn columns(problem: &Problem, seed: u64) -> Vec<Vec<f64>> {
    let budget = Budget {
        most: 60_000,
        enough: 20_000.0,
        round: 10_000,
        ..Budget::of(problem.dimension())
    };
    let found = posterior(problem, budget, seed, 0);
    let mut random = Random::new(seed, 1);
    let draws = found.resampled(20_000, &mut random);
    (0..problem.dimension())
        .map(|j| draws.iter().map(|z| z[j]).collect())
        .collect()
}

fn constant_noise(sigma: f64) -> NoiseModel {
    NoiseModel {
        family: NoiseFamily::Gaussian,
        row: Some(NoiseRow {
            relative: sigma,
            absolute_mm: 0.0,
        }),
    }
}

/// Mean and covariance of z, and the log predictive density of a measurement, of exponential growth
/// with constant Gaussian noise: a linear regression of ln d on time.
fn regression(
    problem: &Problem,
    points: &[(f64, f64)],
    sigma: f64,
) -> (DVector<f64>, DMatrix<f64>) {
    let mut precision = DMatrix::identity(2, 2);
    let mut right = DVector::zeros(2);
    for (t, d) in points {
        let (row, origin) = design(problem, *t);
        precision += &row * row.transpose() / (sigma * sigma);
        right += &row * (d.ln() - origin) / (sigma * sigma);
    }
    let covariance = precision.try_inverse().unwrap();
    (&covariance * right, covariance)
}

/// ln d = origin + row · z, since ln d = (x₀ + r t − ln(π/6))/3 and x₀ and r are linear in z.
fn design(problem: &Problem, t: f64) -> (DVector<f64>, f64) {
    let mut theta = Vec::new();
    let mut at = |z: &[f64]| {
        problem.priors.theta(z, &mut theta);
        Scale::DiameterMm.log_size(theta[0] + theta[1] * t)
    };
    let origin = at(&[0.0, 0.0]);
    let row = vec![at(&[1.0, 0.0]) - origin, at(&[0.0, 1.0]) - origin];
    (DVector::from_vec(row), origin)
}

const GROWING: [(f64, f64); 4] = [(0.0, 21.0), (45.0, 22.1), (90.0, 24.6), (160.0, 26.0)];

#[test]
fn agrees_with_the_linear_gaussian_posterior() {
    let sigma = 0.06;
    let problem = problem(
        Model::Exponential,
        constant_noise(sigma),
        &GROWING,
        &Treatments::default(),
    );
    let draws = columns(&problem, 7);
    let (expected, covariance) = regression(&problem, &GROWING, sigma);
    for (j, z) in draws.iter().enumerate() {
        let sd = covariance[(j, j)].sqrt();
        approx::assert_abs_diff_eq!(mean(z), expected[j], epsilon = 0.03 * sd);
        approx::assert_relative_eq!(variance(z).sqrt(), sd, max_relative = 0.03);
    }
}

#[test]
fn leaving_one_out_agrees_with_the_linear_gaussian_predictions() {
    let sigma = 0.06;
    let problem = problem(
        Model::Exponential,
        constant_noise(sigma),
        &GROWING,
        &Treatments::default(),
    );
    let explored = explore(&problem, Budget::of(2), 3, 0);
    let scores = leave_one_out(&explored, 3, 1);
    for (i, (t, d)) in GROWING.iter().enumerate() {
        let mut rest = GROWING.to_vec();
        rest.remove(i);
        let (centre, covariance) = regression(&problem, &rest, sigma);
        let (row, origin) = design(&problem, *t);
        let expected = origin + row.dot(&centre);
        let variance = (row.transpose() * covariance * &row)[(0, 0)] + sigma * sigma;
        let gap = d.ln() - expected;
        let density = -0.5 * (gap * gap / variance + (2.0 * std::f64::consts::PI * variance).ln());
        approx::assert_abs_diff_eq!(scores[i].elpd, density, epsilon = 0.06);
    }
}

/// Default noise, against quadrature of the unnormalised posterior on a grid of x₀ and r.
#[test]
fn agrees_with_quadrature_under_student_noise_and_censoring() {
    let points = [(0.0, 14.0), (30.0, 11.0), (60.0, 9.5), (120.0, 0.0)];
    let problem = problem(
        Model::Exponential,
        NoiseModel::default(),
        &points,
        &Treatments::default(),
    );
    let samples = columns(&problem, 11);
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
        approx::assert_abs_diff_eq!(mean(sample), m, epsilon = 0.03 * v.sqrt());
        approx::assert_relative_eq!(variance(sample).sqrt(), v.sqrt(), max_relative = 0.03);
    }
}

/// Slopes by differences of the curve against differences of the density itself.
#[test]
fn slopes_are_those_of_the_density() {
    let treated = plan(&[
        TreatmentEvent::dose(Days(10.0), "docetaxel", 75.0, "mg/m2"),
        TreatmentEvent::dose(Days(31.0), "docetaxel", 75.0, "mg/m2"),
        TreatmentEvent::radiotherapy(Days(50.0), Some(Gray(40.0)), Some(Days(26.0)), Some(20)),
        TreatmentEvent::surgery(Days(100.0)),
    ]);
    let points = [
        (0.0, 30.0),
        (40.0, 26.0),
        (80.0, 15.0),
        (120.0, 0.0),
        (160.0, 7.0),
    ];
    let mut scratch = Scratch::default();
    for model in Model::ALL {
        let problem = problem(model, NoiseModel::default(), &points, &treated);
        let z: Vec<f64> = (0..problem.dimension())
            .map(|j| problem.origin()[j] + 0.1 * (j as f64 + 1.0).sin())
            .collect();
        let Some(slopes) = problem.slopes(&z, &mut scratch) else {
            continue;
        };
        for j in 0..z.len() {
            let h = 1e-4;
            let mut at = |by: f64| {
                let mut z = z.clone();
                z[j] += by;
                problem.log_posterior(&z, &mut scratch)
            };
            let expected = (at(h) - at(-h)) / (2.0 * h);
            let error = (slopes.gradient[j] - expected).abs();
            assert!(
                error < 2e-3 * (1.0 + expected.abs()),
                "{} {j}: {} {expected}",
                model.name(),
                slopes.gradient[j]
            );
        }
    }
}

#[test]
fn recovers_the_parameters_of_a_well_observed_lesion() {
    let treatments = plan(&[TreatmentEvent::systemic(Days(120.0), Some(Days(120.0)))]);
    let mut random = Random::new(5, 0);
    let points: Vec<(f64, f64)> = (0..13)
        .map(|i| {
            let day = 30.0 * f64::from(i);
            let killed = 0.02 * (day - 120.0).clamp(0.0, 120.0);
            let x = Scale::DiameterMm.log_volume(30.0_f64.ln()) + 0.008 * day - killed;
            let d = (Scale::DiameterMm.log_size(x) + 0.03 * random.normal()).exp();
            (day, d)
        })
        .collect();
    let problem = problem(
        Model::Exponential,
        NoiseModel::default(),
        &points,
        &treatments,
    );
    let draws = columns(&problem, 1);
    for (j, truth) in [(1, 0.008), (2, 0.02)] {
        let mut values: Vec<f64> = draws[j]
            .iter()
            .map(|z| problem.priors.each[j].value(*z))
            .collect();
        values.sort_by(f64::total_cmp);
        approx::assert_relative_eq!(quantile(&values, 0.5), truth, max_relative = 0.12);
        assert!(quantile(&values, 0.025) < truth && truth < quantile(&values, 0.975));
    }
}

#[test]
fn lines_of_descent_are_worth_what_the_scatter_between_seeds_says() {
    let points = [
        (0.0, 30.0),
        (40.0, 24.0),
        (80.0, 20.0),
        (130.0, 24.0),
        (200.0, 33.0),
    ];
    let treated = plan(&[TreatmentEvent::systemic(Days(0.0), None)]);
    let problem = problem(
        Model::TwoPopulations,
        NoiseModel::default(),
        &points,
        &treated,
    );
    // Too few draws for importance sampling, and never enough.
    let budget = Budget {
        first: 300,
        most: 300,
        rounds: 1,
        enough: f64::INFINITY,
        ..Budget::of(problem.dimension())
    };
    let n = problem.dimension();
    let (mut means, mut variances) = (vec![Vec::new(); n], vec![Vec::new(); n]);
    let mut told = Vec::new();
    for seed in 0..60 {
        let found = posterior(&problem, budget, seed, 0);
        assert_eq!(found.way, Way::Sequential);
        told.push(found.effective);
        for j in 0..n {
            let column: Vec<f64> = (0..found.weights.len()).map(|i| found.draw(i)[j]).collect();
            means[j].push(mean(&column));
            variances[j].push(variance(&column));
        }
    }
    let told = mean(&told);
    assert!(told < 0.7 * budget.particles as f64, "{told}");
    for (means, variances) in means.iter().zip(&variances) {
        let between = variance(means);
        let found = (mean(variances) + between) / between;
        let ratio = told / found;
        assert!((0.4..2.5).contains(&ratio), "{told} {found}");
    }
}
