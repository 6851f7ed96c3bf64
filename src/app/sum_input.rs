//! From the record to the forecast of the sum of diameters, and running that with its cache.

use serde::{Deserialize, Serialize};

use super::effect::Failure;
use super::grouping;
use super::state::State;
use super::twin_input::{self, Alone, alone};
use super::value;
use crate::case::{Lesion, LesionRole, PatientId};
use crate::jobs::JobContext;
use crate::provenance::StageKey;
use crate::store::Cache;
use crate::texts::tr;
use crate::twin::{
    self, Fit, FitParams, LesionSeries, NoSum, Observation, PriorSet, Scan, Size, SumOutlook,
    Target, Treatments, Voice,
};
use crate::units::{Days, Length, Mm};

/// Target lesions that a sum is told of at least: the sum of one is the lesion, which has a curve.
const LEAST_TARGETS: usize = 2;

/// Everything the forecast is made of: the diameters that RECIST counts, and these alone, whatever
/// the curves of the lesions are fitted to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct SumInput {
    lesions: Vec<TargetInput>,
    /// Day and diameters of every marked visit; no day where no date is known.
    visits: Vec<(Option<Days>, Vec<Option<Mm>>)>,
    treatments: Treatments,
    params: FitParams,
    /// Why the records of treatment cannot be read.
    #[serde(skip)]
    refused: Option<twin::Error>,
}

/// A target lesion.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct TargetInput {
    label: String,
    series: LesionSeries,
}

/// What is to be expected of the sum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SumResult {
    /// Labels of the target lesions.
    pub targets: Vec<String>,
    /// The forecast, or why there is none.
    pub outlook: Result<SumOutlook, String>,
    /// Priors of the fits of diameters that it is made of.
    pub prior: PriorSet,
    /// Their seed.
    pub seed: u64,
    /// Key under which it is cached.
    #[serde(skip)]
    pub key: Option<StageKey>,
}

/// Input of a patient's sum; `None` with fewer than two targets, or while no visit has a date.
pub(super) fn gather(state: &State, patient: PatientId) -> Option<SumInput> {
    let baseline = twin_input::baseline(state, patient)?;
    let targets: Vec<&Lesion> = state
        .lesions_of(patient)
        .filter(|l| l.role == LesionRole::Target)
        .collect();
    if targets.len() < LEAST_TARGETS {
        return None;
    }
    let mut series = vec![LesionSeries::default(); targets.len()];
    let mut visits = Vec::new();
    for point in grouping::ordered(state.records(), patient) {
        let is_marked = state
            .lesions_of(patient)
            .any(|l| state.annotation_at(l.id, point.id).is_some());
        if !is_marked {
            continue;
        }
        let day = point
            .date
            .map(|date| grouping::days_between(baseline, date));
        let mut counted = Vec::with_capacity(targets.len());
        for (lesion, series) in targets.iter().zip(&mut series) {
            let mark = state.annotation_at(lesion.id, point.id);
            let length = mark.and_then(|m| Some(value::recist(state, lesion, m)?.length));
            if let (Some(day), Some(mark), Some(length)) = (day, mark, length) {
                let of = state.series(mark.series);
                series.observations.push(Observation {
                    day,
                    size: Size::Diameter(length),
                    reader: None,
                    slice: of.filter(|s| s.calibrated).map(|s| Mm(s.spacing_mm[2])),
                });
            }
            counted.push(match length {
                Some(Length::Mm(d)) => Some(d),
                Some(Length::Px(_)) | None => None,
            });
        }
        visits.push((day, counted));
    }
    let (treatments, refused) = match twin_input::treatments(state, patient, baseline) {
        Ok((treatments, _)) => (treatments, None),
        Err(error) => (Treatments::default(), Some(error)),
    };
    let lesions = targets
        .iter()
        .zip(series)
        .map(|(lesion, series)| TargetInput {
            label: lesion.label.clone(),
            series,
        });
    Some(SumInput {
        lesions: lesions.collect(),
        visits,
        treatments,
        params: FitParams {
            prior: twin_input::prior(state, patient),
            ..FitParams::default()
        },
        refused,
    })
}

/// Version of the stage as cached; raised when the shape of [`SumResult`] changes.
const SUM_STAGE: u32 = 2;

/// Forecasts, or takes the result of the same input from the cache.
pub(super) fn run(input: &SumInput, cache: &Cache, job: &JobContext) -> Result<SumResult, Failure> {
    let failed = |error: twin::Error| Failure {
        text: tr!("No forecast of the sum of diameters: {error}", error),
        hint: String::new(),
    };
    if let Some(error) = &input.refused {
        return Err(failed(error.clone()));
    }
    job.progress.step("Forecasting the sum of diameters");
    let stage = format!("{} sum", twin::VERSION);
    let key =
        StageKey::new(&stage, SUM_STAGE, input, &[]).map_err(|e| Failure::new(e.to_string()))?;
    let cached = cache
        .get_or_run(
            &key,
            |result: &SumResult| serde_json::to_vec(result).unwrap_or_default(),
            |bytes| serde_json::from_slice(bytes).ok(),
            || compute(input, cache, job),
        )
        .map_err(failed)?;
    for warning in &cached.warnings {
        tracing::warn!("stage cache: {warning}");
    }
    let mut result = cached.value;
    result.key = Some(key);
    Ok(result)
}

fn compute(input: &SumInput, cache: &Cache, job: &JobContext) -> Result<SumResult, twin::Error> {
    let outlook = match outlook(input, cache, job) {
        Ok(outlook) => Ok(outlook),
        Err(NoSum::Twin(error)) => return Err(error),
        Err(refusal) => Err(refusal.to_string()),
    };
    Ok(SumResult {
        targets: input.lesions.iter().map(|l| l.label.clone()).collect(),
        outlook,
        prior: input.params.prior,
        seed: input.params.seed,
        key: None,
    })
}

fn outlook(input: &SumInput, cache: &Cache, job: &JobContext) -> Result<SumOutlook, NoSum> {
    let scans: Option<Vec<Scan>> = input
        .visits
        .iter()
        .map(|(day, counted)| {
            Some(Scan {
                day: (*day)?,
                counted: counted.clone(),
            })
        })
        .collect();
    let scans = scans.ok_or(NoSum::NoDate)?;
    let (treatments, params) = (&input.treatments, &input.params);
    let (mut fits, mut skills, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for lesion in &input.lesions {
        match alone(&lesion.series, treatments, params, cache, job) {
            Ok(Alone { fit, skill }) => {
                places.push(Some(fits.len()));
                fits.push(fit);
                skills.push(skill);
            }
            Err(error @ twin::Error::Cancelled(_)) => return Err(error.into()),
            Err(_) => places.push(None),
        }
    }
    twin::join(&mut fits);
    let mut fitted: Vec<(&Fit, Voice)> = Vec::with_capacity(fits.len());
    for (fit, skill) in fits.iter().zip(&skills) {
        let voice = twin::outlook(fit, treatments, skill.as_ref(), &[], job)?.voice;
        fitted.push((fit, voice));
    }
    let targets: Vec<Target<'_>> = input
        .lesions
        .iter()
        .zip(places)
        .map(|(lesion, place)| Target {
            name: &lesion.label,
            fitted: place.map(|n| fitted[n]),
        })
        .collect();
    twin::sum_outlook(&targets, &scans, treatments, &[], job)
}
