//! How the program itself forecasts the scans held out: by the same calls as the window and `fit`.

mod rules;

use std::time::Instant;

use rayon::prelude::*;

use super::baseline::{self, Pool};
use super::cases::{Case, HELD_OUT, Predicted, WIDE, last_scans};
use super::count::Count;
use super::data::{Lesion, Scan, Set};
use super::folds::forecast;
use super::forecasters::{Forecaster, Gain, forecaster, gain};
use crate::cli::bench::measured::{failure, stopped};
use crate::cli::output::Failure;
use crate::jobs::JobContext;
use crate::twin::forecast::Population;
use crate::twin::forecast::score::LEVELS;
use crate::twin::{
    Error, FitParams, LesionSeries, Scale, TreatmentEvent, Treatments, Voice, fit, measured,
    outlook, quantile, skill_vs_locf,
};

pub(super) use rules::Rule;

/// What a record may say of the treatment of these lesions, which were all treated from the first scan on.
struct Record {
    is_treated: bool,
    /// For people.
    title: &'static str,
    /// Names of the rows, and names for people, of the models and of whoever speaks.
    models: [&'static str; 2],
    program: [&'static str; 2],
}

const RECORDS: [Record; 2] = [
    Record {
        is_treated: false,
        title: "no treatment recorded",
        models: [
            "usual_models_untreated",
            "usual models, no treatment recorded",
        ],
        program: [
            "program_untreated",
            "**whoever speaks**, no treatment recorded",
        ],
    },
    Record {
        is_treated: true,
        title: "systemic treatment from the first scan on",
        models: [
            "usual_models_treated",
            "usual models, systemic treatment from the first scan on",
        ],
        program: [
            "program_treated",
            "**whoever speaks**, systemic treatment from the first scan on",
        ],
    },
];

/// The local level, with the table of the program: name of the row, and name for people.
const LOCAL: [&str; 2] = [
    "local_level",
    "local level, with the table learnt from all five trials",
];

/// One way to forecast beside the last reading carried forward, and beside the local level.
pub(super) struct Scored {
    pub(super) forecaster: Forecaster,
    pub(super) gains: Vec<Gain>,
}

/// What the program makes of the lesions with one record of treatment.
pub(super) struct Arm {
    pub(super) title: &'static str,
    /// The average of the usual models.
    pub(super) models: Scored,
    /// Whoever speaks.
    pub(super) program: Scored,
    /// Lesions for which models speak, of all.
    pub(super) speaking: [usize; 2],
    /// What would be if models spoke sooner or later than they do.
    pub(super) rules: Vec<Rule>,
    pub(super) seconds: f64,
}

pub(super) struct Program {
    pub(super) local: Scored,
    pub(super) arms: Vec<Arm>,
}

/// What is said of one lesion.
struct Told {
    /// The scans held out, by the average of the models.
    models: Vec<Predicted>,
    /// How many of the earlier scans were forecast, and what the models' score gained there over the
    /// local level, as a share.
    judged: Option<(usize, f64)>,
    voice: Voice,
}

/// Forecasts the last scans of each lesion as the program does after the scan before.
pub(super) fn measure(set: &Set, job: &JobContext) -> Result<Program, Failure> {
    let cases = last_scans(&set.lesions);
    let published = baseline::forecasts(&set.lesions, &cases, Pool::From(2));
    let table = Population::laleh_2022();
    let local: Vec<Predicted> = cases
        .iter()
        .map(|case| forecast(table, &set.lesions, case))
        .collect();
    let over_published = |theirs: &[Predicted]| {
        gain(
            "locf",
            "LOCF, empirical quantiles as published",
            &cases,
            &published,
            theirs,
        )
    };
    let scored = |[model, title]: [&'static str; 2], forecasts: &[Predicted]| Scored {
        forecaster: forecaster(model, title, set, &cases, forecasts),
        gains: vec![
            over_published(forecasts),
            gain(LOCAL[0], LOCAL[1], &cases, &local, forecasts),
        ],
    };
    let mut arms = Vec::new();
    for record in &RECORDS {
        let start = Instant::now();
        let told = all(set, &cases, record, job)?;
        let seconds = start.elapsed().as_secs_f64();
        let models: Vec<Predicted> = told.iter().flat_map(|t| t.models.clone()).collect();
        let program = said(&told, &local, |t| t.voice == Voice::Models);
        arms.push(Arm {
            title: record.title,
            models: scored(record.models, &models),
            program: scored(record.program, &program),
            speaking: [
                told.iter().filter(|t| t.voice == Voice::Models).count(),
                told.len(),
            ],
            rules: rules::rules(&cases, &told, &local),
            seconds,
        });
    }
    Ok(Program {
        local: Scored {
            gains: vec![over_published(&local)],
            forecaster: forecaster(LOCAL[0], LOCAL[1], set, &cases, &local),
        },
        arms,
    })
}

/// All lesions with one record of treatment.
fn all(set: &Set, cases: &[Case], record: &Record, job: &JobContext) -> Result<Vec<Told>, Failure> {
    let lesions: Vec<&[Case]> = cases.chunks(HELD_OUT).collect();
    let step = format!("as the program says it: {}", record.title);
    let count = Count::new(job, &step, lesions.len());
    lesions
        .par_iter()
        .map(|cases| {
            count.one().map_err(stopped)?;
            let [first, ..] = cases else {
                return Err(failure(&Error::NoObservations));
            };
            told(&set.lesions[first.lesion], cases, record, &job.silent())
                .map_err(|e| failure(&e).at(format!("lesion {} of the table", first.lesion + 1)))
        })
        .collect()
}

fn told(lesion: &Lesion, cases: &[Case], record: &Record, job: &JobContext) -> Result<Told, Error> {
    let (past, held) = lesion
        .scans
        .split_last_chunk::<HELD_OUT>()
        .ok_or(Error::NoObservations)?;
    let first = past.first().ok_or(Error::NoObservations)?.day;
    let treatments = if record.is_treated {
        Treatments::from_events(&[TreatmentEvent::systemic(first, None)])?.0
    } else {
        Treatments::default()
    };
    let params = FitParams::default();
    let fitted = fit(&series(past), &treatments, &params, job)?;
    let skill = skill_vs_locf(&fitted, &params, job)?;
    let voice = outlook(&fitted, &treatments, skill.as_ref(), &[], job)?.voice;
    let samples = measured(&fitted, &treatments, &held.map(|scan| scan.day))?;
    Ok(Told {
        models: cases
            .iter()
            .zip(&samples)
            .map(|(case, sample)| predicted(case, sample))
            .collect(),
        judged: skill.and_then(|s| Some((s.forecasts, s.over_local_level()?))),
        voice,
    })
}

fn series(scans: &[Scan]) -> LesionSeries {
    let readings = scans.iter().map(|scan| (scan.day, scan.diameter.0));
    LesionSeries::of(Scale::DiameterMm, readings)
}

/// What draws of a measurement, sorted, say of a case.
fn predicted(case: &Case, sample: &[f64]) -> Predicted {
    let at = |level: f64| quantile(sample, level);
    let below = sample.partition_point(|d| *d < case.progression_mm);
    Predicted {
        at: LEVELS.map(at),
        wide: WIDE.map(at),
        progression: 1.0 - below as f64 / sample.len().max(1) as f64,
    }
}

/// The models where they speak, else the local level.
fn said(told: &[Told], local: &[Predicted], speak: impl Fn(&Told) -> bool) -> Vec<Predicted> {
    let lesions = told.iter().zip(local.chunks(HELD_OUT));
    lesions
        .flat_map(|(told, local)| {
            if speak(told) {
                told.models.clone()
            } else {
                local.to_vec()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::laleh::data::tests::lesion;
    use crate::twin::forecast::score::MIDDLE;
    use crate::twin::{CLEARLY, LEAST_FORECASTS, project};

    fn set(diameters: &[&[f64]]) -> Set {
        Set {
            lesions: diameters.iter().map(|d| lesion(1, d)).collect(),
            listed: std::collections::BTreeSet::new(),
            answers: std::collections::BTreeMap::new(),
        }
    }

    /// One that grows steadily, and one that no law describes.
    fn lesions() -> Set {
        let steady: Vec<f64> = (0..8).map(|i| 20.0 * 1.3_f64.powi(i)).collect();
        let restless = [30.0, 30.2, 29.9, 38.0, 38.2, 37.9, 30.0, 30.1];
        set(&[&steady, &restless])
    }

    #[test]
    fn lesions_are_told_as_project_and_outlook_tell_them() {
        let set = lesions();
        let cases = last_scans(&set.lesions);
        let job = JobContext::default();
        let found = told(&set.lesions[0], &cases[..2], &RECORDS[0], &job).unwrap();
        assert_eq!(found.voice, Voice::Models);
        let (forecasts, gained) = found.judged.unwrap();
        assert_eq!(forecasts, 4);
        assert!(gained >= CLEARLY);
        let plan = Treatments::default();
        let past = series(&set.lesions[0].scans[..6]);
        let fitted = fit(&past, &plan, &FitParams::default(), &job).unwrap();
        let days = [set.lesions[0].scans[6].day, set.lesions[0].scans[7].day];
        let projected = project(&fitted, &plan, None, &days, &job).unwrap();
        for (ours, theirs) in found.models.iter().zip(&projected.days) {
            let q = theirs.factual.predictive;
            let same = [
                ours.at[0],
                ours.at[1],
                ours.at[MIDDLE],
                ours.at[9],
                ours.at[10],
            ];
            assert_eq!(same, [q.q05, q.q10, q.q50, q.q90, q.q95]);
            assert!(ours.wide[0] < q.q05 && ours.wide[1] > q.q95);
            assert!(ours.progression > 0.9);
        }
    }

    #[test]
    fn the_rule_of_the_program_is_among_those_compared() {
        let found = measure(&lesions(), &JobContext::default()).unwrap();
        let arm = &found.arms[0];
        assert_eq!(arm.speaking, [1, 2]);
        let own: Vec<&Rule> = arm.rules.iter().filter(|r| r.is_of_program()).collect();
        assert_eq!(own.len(), 1);
        assert_eq!((own[0].forecasts, own[0].gain), (LEAST_FORECASTS, CLEARLY));
        let program = &arm.program.forecaster.scores;
        assert_eq!((own[0].share, own[0].crps_mm), (0.5, program.crps_mm));
        assert_eq!(own[0].mae_mm, program.mae_mm);
        let [models, local] = own[0].spoken.unwrap();
        assert!(models < local);
    }

    #[test]
    fn the_measuring_can_be_stopped() {
        let job = JobContext::default();
        job.cancel.cancel();
        let failure = measure(&lesions(), &job).err().unwrap();
        assert_eq!(failure.code, "E-CANCELLED");
    }
}
