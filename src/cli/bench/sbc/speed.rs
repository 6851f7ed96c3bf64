//! How long posteriors take.

use std::time::Instant;

use super::Settings;
use crate::cli::bench::measured::failure;
use crate::cli::output::Failure;
use crate::jobs::JobContext;
use crate::twin::calibration::{Case, Regime, made_up};
use crate::twin::{self, Error, FitParams, LesionSeries, Model, PriorSet, Treatments, fit_patient};

/// Scans of the lesions.
const SCANS: [usize; 2] = [6, 10];
/// Lesions of each case, at most.
const LESIONS: usize = 60;
/// Patients, at most, and the lesions and scans of each.
const PATIENTS: usize = 10;
const OF_PATIENT: usize = 20;
const SCANS_OF_PATIENT: usize = 10;
/// Threads of an average.
const THREADS: usize = 2;

/// What was fitted at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// One model to one lesion, on one thread.
    Model,
    /// The usual models to one lesion, on two threads.
    Average,
    /// One model to all lesions of a patient, on all threads.
    Patient,
    /// The usual models to all lesions of a patient, on all threads.
    PatientAverage,
}

/// Fits of one kind.
pub(super) struct Timed {
    pub(super) what: What,
    pub(super) name: String,
    pub(super) scans: usize,
    /// Sorted; of those that were not refused.
    pub(super) milliseconds: Vec<f64>,
    pub(super) refused: usize,
}

impl Timed {
    fn new(what: What, name: String, scans: usize, times: Vec<Option<f64>>) -> Self {
        let refused = times.iter().filter(|t| t.is_none()).count();
        let mut milliseconds: Vec<f64> = times.into_iter().flatten().collect();
        milliseconds.sort_by(f64::total_cmp);
        Self {
            what,
            name,
            scans,
            milliseconds,
            refused,
        }
    }

    pub(super) fn at(&self, share: f64) -> f64 {
        if self.milliseconds.is_empty() {
            return f64::NAN;
        }
        twin::quantile(&self.milliseconds, share)
    }
}

/// Exponential growth under doses: what patients are made up from, and what peers fit.
pub(super) const DOSED: Case = Case {
    model: Model::Exponential,
    prior: PriorSet::Generic,
    regime: Regime::Doses,
};

/// One for each regime: the usual models differ by it.
const AVERAGED: [Case; 4] = [
    Case {
        regime: Regime::None,
        ..DOSED
    },
    DOSED,
    Case {
        regime: Regime::Times,
        ..DOSED
    },
    Case {
        model: Model::Gompertz,
        regime: Regime::Local,
        ..DOSED
    },
];

pub(super) fn measure(settings: &Settings, job: &JobContext) -> Result<Vec<Timed>, Failure> {
    let lesions = (settings.draws / 10).clamp(1, LESIONS);
    let mut found = Vec::new();
    let cases = settings.cases();
    for (i, (_, case)) in cases.iter().enumerate() {
        job.progress.step(&format!("time: {}", case.name()));
        job.progress.set(i, cases.len());
        for scans in SCANS {
            let times = singly(
                settings,
                case,
                scans,
                settings.share(case, lesions),
                &[case.model],
                1,
                job,
            )?;
            found.push(Timed::new(What::Model, case.name(), scans, times));
        }
    }
    job.progress.step("time: averages");
    for case in &AVERAGED {
        for scans in SCANS {
            let times = singly(settings, case, scans, lesions, &[], THREADS, job)?;
            let name = case.regime.name().to_owned();
            found.push(Timed::new(What::Average, name, scans, times));
        }
    }
    found.extend(patients(settings, job)?);
    Ok(found)
}

/// A pool of so many threads.
pub(super) fn pool(threads: usize) -> Result<rayon::ThreadPool, Failure> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| Failure::new("E-TWIN", e.to_string()))
}

/// One lesion after the other.
fn singly(
    settings: &Settings,
    case: &Case,
    scans: usize,
    lesions: usize,
    models: &[Model],
    threads: usize,
    job: &JobContext,
) -> Result<Vec<Option<f64>>, Failure> {
    let params = FitParams {
        models: models.to_vec(),
        prior: case.prior,
        ..FitParams::default()
    };
    let work = || -> Result<Vec<Option<f64>>, Error> {
        let mut times = Vec::with_capacity(lesions);
        for i in 0..lesions {
            job.check()?;
            let (series, treatments) = made_up(*case, scans, settings.seeds[0], i as u64)?;
            let start = Instant::now();
            let fitted = twin::fit(&series, &treatments, &params, &job.silent());
            let milliseconds = 1e3 * start.elapsed().as_secs_f64();
            times.push(fitted.is_ok().then_some(milliseconds));
        }
        Ok(times)
    };
    pool(threads)?.install(work).map_err(|e| failure(&e))
}

/// All lesions of a patient, by one model and by the usual ones.
fn patients(settings: &Settings, job: &JobContext) -> Result<Vec<Timed>, Failure> {
    job.progress.step("time: patients");
    let count = (settings.draws / 100).clamp(1, PATIENTS);
    let mut found = Vec::new();
    for (what, models) in [
        (What::Patient, vec![DOSED.model]),
        (What::PatientAverage, Vec::new()),
    ] {
        let params = FitParams {
            models,
            ..FitParams::default()
        };
        let mut times = Vec::with_capacity(count);
        for i in 0..count {
            job.check()
                .map_err(|cancelled| failure(&cancelled.into()))?;
            let (lesions, treatments) =
                patient(settings.seeds[0], i as u64).map_err(|e| failure(&e))?;
            let start = Instant::now();
            let fitted = fit_patient(&lesions, &treatments, &params, &job.silent());
            let milliseconds = 1e3 * start.elapsed().as_secs_f64();
            times.push(fitted.is_ok().then_some(milliseconds));
        }
        let name = format!("{OF_PATIENT} lesions, {}", DOSED.regime.name());
        found.push(Timed::new(what, name, SCANS_OF_PATIENT, times));
    }
    Ok(found)
}

/// Lesions made up under the same doses.
fn patient(seed: u64, number: u64) -> Result<(Vec<LesionSeries>, Treatments), Error> {
    let mut streams = number * 1000..;
    let mut next = || {
        let index = streams.next().unwrap_or(number);
        made_up(DOSED, SCANS_OF_PATIENT, seed, index)
    };
    let (first, treatments) = next()?;
    let mut lesions = vec![first];
    while lesions.len() < OF_PATIENT {
        let (series, theirs) = next()?;
        if theirs == treatments {
            lesions.push(series);
        }
    }
    Ok((lesions, treatments))
}
