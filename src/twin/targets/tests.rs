//! The sum of targets against closed forms, against single lesions, and against simulated patients.

use super::*;
use crate::twin::forecast::{Population, Readings};
use crate::twin::noise::{Noise, NoiseModel};
use crate::twin::posterior::Random;
use crate::twin::problem::{Problem, Scratch};
use crate::twin::stats::{mean, variance};
use crate::twin::{
    FitParams, LesionSeries, Model, Observation, ParameterKind, PriorSet, TreatmentEvent, fit,
    fit_patient, outlook, project,
};

fn series(points: &[(f64, f64)]) -> LesionSeries {
    LesionSeries {
        observations: points
            .iter()
            .map(|(day, d)| Observation {
                day: Days(*day),
                size: Scale::DiameterMm.size(*d),
                reader: None,
                slice: None,
            })
            .collect(),
    }
}

fn job() -> JobContext {
    JobContext::default()
}

fn params(model: Model) -> FitParams {
    FitParams {
        models: vec![model],
        ..FitParams::default()
    }
}

/// Scans of lesions that were all measured on the same days.
fn scans(lesions: &[&[(f64, f64)]]) -> Vec<Scan> {
    let read: Vec<Vec<(Days, Mm)>> = lesions
        .iter()
        .map(|points| points.iter().map(|(t, d)| (Days(*t), Mm(*d))).collect())
        .collect();
    scans_of(&read)
}

fn outlook_of(fits: &[Fit], voice: Voice, scans: &[Scan], between: f64, at: &[Days]) -> SumOutlook {
    let targets: Vec<Target<'_>> = fits
        .iter()
        .map(|fit| Target {
            name: "A",
            fitted: Some((fit, voice)),
        })
        .collect();
    let plan = fits[0].treatments.clone();
    shared_by(&targets, scans, &plan, at, between, &job()).unwrap()
}

const STEADY: [(f64, f64); 3] = [(0.0, 30.0), (42.0, 31.0), (84.0, 33.0)];

fn steady() -> Fit {
    let plan = Treatments::default();
    fit(&series(&STEADY), &plan, &params(Model::Exponential), &job()).unwrap()
}

#[test]
fn the_sum_of_one_lesion_is_the_lesion() {
    let fit = steady();
    let plan = Treatments::default();
    let at = [Days(126.0), Days(200.0)];
    let scans = scans(&[&STEADY]);
    let local = outlook_of(
        std::slice::from_ref(&fit),
        Voice::LocalLevel,
        &scans,
        0.5,
        &at,
    );
    let single = outlook(&fit, &plan, None, &at, &job()).unwrap();
    let own = single.progression.unwrap();
    assert_eq!((local.threshold, local.reached), (own.threshold, false));
    assert_eq!(local.next_scan.day, single.next_scan);
    assert!((local.next_scan.progression - own.at_next_scan).abs() < 0.02);
    assert_eq!(local.by, [None; 3]);
    for (sum, lesion) in local.days.iter().zip(&single.local) {
        assert_eq!(sum.day, lesion.day);
        let (a, b) = (sum.predictive, lesion.predictive);
        for (a, b) in [(a.q10, b.q10), (a.q50, b.q50), (a.q90, b.q90)] {
            assert!((a / b).ln().abs() < 0.02, "{a} mm, lesion {b} mm");
        }
    }

    // By the models; a lesion that grows, so that the days by which it has grown are known.
    let points = [(0.0, 20.0), (42.0, 23.0), (84.0, 26.5), (126.0, 30.0)];
    let fit = super::super::fit(&series(&points), &plan, &params(Model::Exponential), &job());
    let fit = fit.unwrap();
    let scans = [
        &scans_of(&[points.map(|(t, d)| (Days(t), Mm(d))).to_vec()])[..1],
        &[Scan {
            day: Days(126.0),
            counted: vec![Some(Mm(30.0))],
        }],
    ]
    .concat();
    let sum = outlook_of(
        std::slice::from_ref(&fit),
        Voice::Models,
        &scans,
        0.5,
        &[Days(200.0)],
    );
    assert!(sum.reached && sum.nadir == Mm(20.0));
    let ahead = project(&fit, &plan, None, &[Days(200.0)], &job()).unwrap();
    let (a, b) = (sum.days[0].predictive, ahead.days[0].factual.predictive);
    for (a, b) in [(a.q10, b.q10), (a.q50, b.q50), (a.q90, b.q90)] {
        assert!((a / b).ln().abs() < 0.03, "{a} mm, lesion {b} mm");
    }
}

#[test]
fn days_of_progression_are_those_of_the_lesion() {
    let points = [(0.0, 30.0), (42.0, 31.0), (84.0, 32.0), (126.0, 33.0)];
    let plan = Treatments::default();
    let fit = fit(&series(&points), &plan, &params(Model::Exponential), &job()).unwrap();
    let sum = outlook_of(
        std::slice::from_ref(&fit),
        Voice::Models,
        &scans(&[&points]),
        0.5,
        &[],
    );
    // The models speak for a lesion that has proved them.
    let skill = crate::twin::Skill {
        forecasts: 3,
        twin_error: 1.0,
        locf_error: 2.0,
        twin_crps: 1.0,
        local_crps: Some(2.0),
    };
    let single = outlook(&fit, &plan, Some(&skill), &[], &job()).unwrap();
    let own = single.progression.unwrap();
    assert_eq!((single.voice, sum.by_models), (Voice::Models, 1));
    assert!((sum.next_scan.progression - own.at_next_scan).abs() < 0.03);
    for (sum, own) in sum.by.iter().zip(own.by) {
        let (a, b) = (sum.unwrap().0 - 126.0, own.unwrap().0 - 126.0);
        assert!((a / b).ln().abs() < 0.1, "{a} days, lesion {b} days");
    }
}

/// P(X + Y ≥ T) of two independent forecasts, by the levels of the first.
fn of_two(readings: &Readings, ahead: Days, threshold: f64) -> f64 {
    let history = readings.first(readings.len());
    let forecast = Population::laleh_2022().forecast(&history, ahead);
    let levels = 4000;
    let each = (0..levels).map(|k| {
        let x = forecast.quantile((f64::from(k) + 0.5) / f64::from(levels));
        forecast.probability_at_least(Mm(threshold - x.value()))
    });
    each.sum::<f64>() / f64::from(levels)
}

#[test]
fn two_equal_lesions_are_a_convolution_or_one_lesion() {
    let fits = [steady(), steady()];
    let scans = scans(&[&STEADY, &STEADY]);
    let readings = Readings::of(&series(&STEADY)).unwrap();
    let apart = outlook_of(&fits, Voice::LocalLevel, &scans, 0.0, &[]);
    let together = outlook_of(&fits, Voice::LocalLevel, &scans, 1.0, &[]);
    let half = outlook_of(&fits, Voice::LocalLevel, &scans, 0.5, &[]);
    assert_eq!(apart.threshold, Mm(72.0));
    let ahead = Days(42.0);
    let expected = of_two(&readings, ahead, 72.0);
    let found = apart.next_scan.progression;
    assert!(
        (found - expected).abs() < 0.02,
        "{found}, exactly {expected}"
    );
    let history = readings.first(3);
    let one = Population::laleh_2022().forecast(&history, ahead);
    let expected = one.probability_at_least(Mm(36.0));
    let found = together.next_scan.progression;
    assert!(
        (found - expected).abs() < 0.02,
        "{found}, exactly {expected}"
    );
    // What lesions share makes sums move further.
    let width = |o: &SumOutlook| o.next_scan.predictive.q90 - o.next_scan.predictive.q10;
    assert!(width(&apart) < width(&half) && width(&half) < width(&together));
}

#[test]
fn draws_of_lesions_that_are_not_joined_are_independent() {
    let plan = Treatments::default();
    let fits = [steady(), steady()];
    let lesions: Vec<(&Fit, Voice)> = fits.iter().map(|f| (f, Voice::Models)).collect();
    let scans = scans(&[&STEADY, &STEADY]);
    let measured = Measured::of(&scans, 2).unwrap();
    let spread = |targets: &[(&Fit, Voice)], measured: &Measured| {
        let draws = Draws::new(targets, measured, &plan, &[126.0], 0.0, &job()).unwrap();
        variance(&draws.measured(0, 126.0))
    };
    let one = spread(&lesions[..1], &measured);
    let ratio = spread(&lesions, &measured) / one;
    assert!((1.7..2.3).contains(&ratio), "{ratio} instead of 2");
}

#[test]
fn draws_of_joined_lesions_share_the_patient() {
    let plan = Treatments::from_events(&[TreatmentEvent::systemic(Days(0.0), None)])
        .unwrap()
        .0;
    // Readings of one week tell next to nothing: what is known is what lesions have in common.
    let points = [(0.0, 30.0), (7.0, 30.0)];
    let lesions = [series(&points), series(&points)];
    let fits = fit_patient(&lesions, &plan, &params(Model::Exponential), &job()).unwrap();
    assert_eq!(fits[0].joined_with, 1);
    let orders =
        |fits: &[&Fit]| [0, 1].map(|place| draws::rows(fits, place, &fits[place].models[0], 1));
    let [a, b] = orders(&[&fits[0], &fits[1]]);
    assert_eq!(a, b);
    let mut rows = a.clone();
    rows.sort_unstable();
    assert!(!a.is_sorted() && rows.into_iter().eq(0..1000));
    // The growth of draws of one row is alike; by themselves lesions have orders of their own.
    let growth = [0, 1].map(|l: usize| fits[l].models[0].draws.column(1));
    let product: Vec<f64> = a.iter().map(|r| growth[0][*r] * growth[1][*r]).collect();
    assert!(mean(&product) - mean(&growth[0]) * mean(&growth[1]) > 0.3);
    let alone = lesions.map(|l| fit(&l, &plan, &params(Model::Exponential), &job()).unwrap());
    let [a, b] = orders(&[&alone[0], &alone[1]]);
    assert_ne!(a, b);
}

#[test]
fn probabilities_fall_with_the_smallest_sum_and_rise_with_time() {
    let fits = [steady(), steady()];
    let of = |nadir: f64| {
        let scan = |day: f64, d: f64| Scan {
            day: Days(day),
            counted: vec![Some(Mm(d)); 2],
        };
        let scans = [scan(0.0, 33.0), scan(42.0, nadir), scan(84.0, 33.0)];
        let at = [Days(100.0), Days(126.0), Days(250.0), Days(60.0)];
        outlook_of(&fits, Voice::LocalLevel, &scans, 0.5, &at)
    };
    let found = [20.0, 26.0, 28.0, 30.0, 33.0].map(of);
    let p: Vec<f64> = found.iter().map(|o| o.next_scan.progression).collect();
    assert!(p.iter().rev().is_sorted(), "{p:?}");
    assert!(found[0].reached && !found[4].reached);
    let later: Vec<f64> = found[4].days.iter().map(|d| d.progression).collect();
    assert!(later.len() == 3 && later.is_sorted(), "{later:?}");
    // The same numbers each time.
    assert_eq!(of(30.0), found[3]);
}

#[test]
fn a_lesion_that_is_gone_counts_nothing_until_it_can_be_measured() {
    let gone = [(0.0, 12.0), (42.0, 0.0), (84.0, 0.0)];
    let plan = Treatments::default();
    let gone_fit = fit(&series(&gone), &plan, &params(Model::Exponential), &job()).unwrap();
    let fits = [steady(), gone_fit];
    let mut scans = scans(&[&STEADY, &gone]);
    let without = outlook_of(&fits, Voice::LocalLevel, &scans, 0.5, &[]);
    assert_eq!((without.current, without.nadir), (Mm(33.0), Mm(31.0)));
    let alone = outlook_of(
        &fits[..1],
        Voice::LocalLevel,
        &scans_of_first(&scans),
        0.5,
        &[],
    );
    let ratio = without.next_scan.predictive.q50 / alone.next_scan.predictive.q50;
    assert!(ratio.ln().abs() < 0.1, "{ratio}");
    // Too small to measure counts 5 mm now, and then.
    for scan in &mut scans[1..] {
        scan.counted[1] = Some(Mm(5.0));
    }
    let small = outlook_of(&fits, Voice::LocalLevel, &scans, 0.5, &[]);
    assert_eq!(small.current, Mm(38.0));
    let moved = small.next_scan.predictive.q50 - without.next_scan.predictive.q50;
    assert!((3.5..5.5).contains(&moved), "{moved} mm");
}

fn scans_of_first(scans: &[Scan]) -> Vec<Scan> {
    let first = |scan: &Scan| Scan {
        day: scan.day,
        counted: scan.counted[..1].to_vec(),
    };
    scans.iter().map(first).collect()
}

#[test]
fn what_has_no_sum_is_refused() {
    let plan = Treatments::default();
    let ok = steady();
    let in_unit = |scale: Scale| {
        let mut lesion = series(&STEADY);
        for o in &mut lesion.observations {
            o.size = scale.size(o.size.value());
        }
        fit(&lesion, &plan, &params(Model::Exponential), &job()).unwrap()
    };
    let scans = scans(&[&STEADY, &STEADY]);
    let refused = |fits: [Option<&Fit>; 2], scans: &[Scan]| {
        let targets = [("L1", fits[0]), ("L2", fits[1])].map(|(name, fit)| Target {
            name,
            fitted: fit.map(|fit| (fit, Voice::LocalLevel)),
        });
        sum_outlook(&targets, scans, &plan, &[], &job())
            .unwrap_err()
            .name()
    };
    let (px, voxels, volume) = (
        in_unit(Scale::DiameterPx),
        in_unit(Scale::Voxels),
        in_unit(Scale::VolumeMm3),
    );
    assert_eq!(refused([Some(&ok), None], &scans), "no_fit");
    assert_eq!(refused([Some(&px), Some(&px)], &scans), "no_millimetres");
    assert_eq!(
        refused([Some(&voxels), Some(&voxels)], &scans),
        "no_millimetres"
    );
    assert_eq!(
        refused([Some(&volume), Some(&volume)], &scans),
        "no_diameters"
    );
    assert_eq!(refused([Some(&ok), Some(&volume)], &scans), "mixed_scales");
    let two = [Some(&ok), Some(&ok)];
    let apart = [(0.0, 20.0), (42.0, 20.0), (100.0, 20.0)];
    assert_eq!(
        refused(two, &super::tests::scans(&[&STEADY, &apart])),
        "no_last_sum"
    );
    assert_eq!(
        refused(two, &super::tests::scans(&[&STEADY, &STEADY[1..]])),
        "no_baseline"
    );
    assert_eq!(refused(two, &[]), "no_baseline");
    let none = sum_outlook(&[], &scans, &plan, &[], &job());
    assert_eq!(none, Err(NoSum::NoTarget));
    let stopped = JobContext::default();
    stopped.cancel.cancel();
    let target = Target {
        name: "L1",
        fitted: Some((&ok, Voice::LocalLevel)),
    };
    let halted = sum_outlook(&[target, target], &scans, &plan, &[], &stopped);
    assert!(matches!(halted, Err(NoSum::Twin(Error::Cancelled(_)))));
}

/// Patients of two lesions made up from the priors: growth and kill half the patient's, scans with noise,
/// and a fourth scan for which lesions have strayed, half of it together.
#[test]
fn probabilities_are_frequencies_where_the_model_is_true() {
    const PATIENTS: usize = 120;
    let plan = Treatments::from_events(&[TreatmentEvent::systemic(Days(0.0), None)])
        .unwrap()
        .0;
    let days = [0.0, 42.0, 84.0, 126.0];
    let scale = Scale::DiameterMm;
    let params = params(Model::Exponential);
    let blank = series(&days.map(|day| (day, 30.0))[..3]).observations;
    let noise = Noise::of_series(NoiseModel::default(), scale, &blank);
    let model = Model::Exponential;
    let problem = Problem::new(model, PriorSet::Generic, &blank, scale, noise, &plan).unwrap();
    let curves = problem.on_days(&plan, &days).unwrap();
    let mut scratch = Scratch::default();
    let mut random = Random::new(20_26, 9);
    let (half, mut p, mut happened, mut inside) = (0.5_f64.sqrt(), Vec::new(), Vec::new(), 0);
    while p.len() < PATIENTS {
        let shared = [random.normal(), random.normal(), random.normal()];
        let mut lesions = Vec::new();
        for _ in 0..2 {
            let mut z: Vec<f64> = (0..problem.priors.len()).map(|_| random.normal()).collect();
            for (z, prior) in z.iter_mut().zip(&problem.priors.each) {
                match prior.slot.kind {
                    ParameterKind::GrowthRate => *z = half * (shared[0] + *z),
                    ParameterKind::SystemicKillRate => *z = half * (shared[1] + *z),
                    _ => {}
                }
            }
            let mut x = curves.curve(&z, &mut scratch).to_vec();
            x[3] +=
                3.0 * params.discrepancy * 42.0_f64.sqrt() * half * (shared[2] + random.normal());
            let read: Vec<(f64, f64)> = days
                .iter()
                .zip(&x)
                .map(|(day, x)| {
                    let log = scale.log_size(*x) + noise.sigma(*x, None) * noise.draw(&mut random);
                    (*day, log.exp())
                })
                .collect();
            lesions.push(read);
        }
        // Those that are measured throughout, whatever becomes of them: what is too small is another
        // test's matter, and being chosen by the past alone changes no probability given the past.
        let seen = lesions
            .iter()
            .all(|l| l[..3].iter().all(|(_, d)| *d >= 5.0));
        if !seen {
            continue;
        }
        let past: Vec<LesionSeries> = lesions.iter().map(|l| series(&l[..3])).collect();
        let fits = fit_patient(&past, &plan, &params, &job()).unwrap();
        let scans = scans(&[&lesions[0][..3], &lesions[1][..3]]);
        let found = outlook_of(&fits, Voice::Models, &scans, 0.5, &[]);
        assert_eq!(found.next_scan.day, Days(126.0));
        let measured = Measured::of(&scans, 2).unwrap();
        let truth: f64 = (0..2).map(|l| measured.counted(l, lesions[l][3].1)).sum();
        p.push(found.next_scan.progression);
        happened.push(f64::from(u8::from(truth >= found.threshold.0)));
        let q = found.next_scan.predictive;
        inside += usize::from((q.q10..=q.q90).contains(&truth));
    }
    let expected = mean(&p);
    let error = p.iter().map(|p| p * (1.0 - p)).sum::<f64>().sqrt() / PATIENTS as f64;
    let frequency = mean(&happened);
    assert!(
        (frequency - expected).abs() < 2.5 * error,
        "{frequency} happened, {expected} was said (standard error {error})"
    );
    // Said high, it happens more often than said low.
    let split = |high: bool| -> (f64, f64) {
        let of: Vec<(f64, f64)> = p
            .iter()
            .zip(&happened)
            .filter(|(p, _)| (**p >= 0.3) == high)
            .map(|(p, h)| (*p, *h))
            .collect();
        let n = of.len() as f64;
        (
            of.iter().map(|o| o.0).sum::<f64>() / n,
            of.iter().map(|o| o.1).sum::<f64>() / n,
        )
    };
    let ((_, low), (_, high)) = (split(false), split(true));
    assert!(high > low + 0.2, "{low} and {high}");
    let inside = inside as f64 / PATIENTS as f64;
    assert!(
        (0.8 - inside).abs() < 2.5 * (0.16 / PATIENTS as f64).sqrt(),
        "{inside} inside"
    );
    println!("said {expected:.3}, happened {frequency:.3}, 80 % bands hold {inside:.3}");
}
