//! From the record to the twin's input, and running the twin with its cache.

use serde::{Deserialize, Serialize};

use super::effect::Failure;
use super::grouping;
use super::state::State;
use super::{treatments, value};
use crate::case::{LesionId, PatientId, Treatment};
use crate::jobs::JobContext;
use crate::provenance::StageKey;
use crate::store::Cache;
use crate::texts::tr;
use crate::twin::{
    self, DoublingTime, Fit, FitParams, LesionSeries, Observation, Outlook, PriorSet, Projection,
    ScenarioChange, Size, Skill, Treatments,
};
use crate::units::{Days, Mm};
use crate::warning::Warning;

/// Everything the twin of one lesion is made of.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TwinInput {
    series: LesionSeries,
    /// The other lesions of the patient, which the posterior is joined with.
    others: Vec<LesionSeries>,
    treatments: Treatments,
    /// What turning records into events assumed.
    #[serde(skip)]
    plan_warnings: Vec<Warning>,
    /// Why the records of treatment cannot be read: then there is no curve, rather than one without
    /// treatment.
    #[serde(skip)]
    refused: Option<twin::Error>,
    scenario: Option<ScenarioChange>,
    days: Vec<Days>,
    params: FitParams,
}

/// A fitted and projected twin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TwinResult {
    /// The posterior.
    pub fit: Fit,
    /// Curves on a grid of days, from the first scan to beyond the last.
    pub projection: Projection,
    /// Rate of change on the day of the last scan.
    pub doubling: Option<DoublingTime>,
    /// Error of one-step forecasts against carrying the last value forward.
    pub skill: Option<Skill>,
    /// What is to be expected after the last scan.
    pub outlook: Outlook,
    /// Warnings of treatment plan and fit.
    pub warnings: Vec<Warning>,
    /// Key under which it is cached.
    #[serde(skip)]
    pub key: Option<StageKey>,
}

/// Points of a drawn curve.
const N_DAYS: usize = 60;
/// Days that are projected beyond the last scan when scans lie close together.
const MIN_AHEAD: f64 = 60.0;

/// Date that day 0 stands for: the first dated visit.
pub(super) fn baseline(state: &State, patient: PatientId) -> Option<jiff::civil::Date> {
    grouping::ordered(state.records(), patient)
        .iter()
        .find_map(|t| t.date)
}

/// Input of a lesion's twin; `None` while it has no dated measurement.
///
/// Volumes are used when every mark has a mask that can be counted on, diameters otherwise: scales
/// are never mixed.
pub(super) fn gather(state: &State, lesion: LesionId) -> Option<TwinInput> {
    let patient = state.lesion(lesion)?.patient;
    let baseline = baseline(state, patient)?;
    let series = series_of(state, lesion, baseline)?;
    let days = series.observations.iter().map(|o| o.day.0);
    let first = days.clone().fold(f64::INFINITY, f64::min);
    let last = days.fold(f64::NEG_INFINITY, f64::max);
    let mut recorded = state.records().treatments.iter();
    let is_treated = recorded.any(|t| t.patient == patient);
    let ((treatments, plan_warnings), refused) = match treatments(state, patient, baseline) {
        Ok(read) => (read, None),
        Err(error) => (Default::default(), Some(error)),
    };
    // Without treatment there is no response to share.
    let others = if !is_treated {
        Vec::new()
    } else {
        let others = state.lesions_of(patient).filter(|l| l.id != lesion);
        others
            .filter_map(|l| series_of(state, l.id, baseline))
            .collect()
    };
    let scenario = state
        .records()
        .scenarios
        .iter()
        .find(|s| s.patient == patient);
    let ahead = MIN_AHEAD.max((last - first) / 2.0);
    let step = (last + ahead - first) / (N_DAYS - 1) as f64;
    Some(TwinInput {
        series,
        others,
        treatments,
        plan_warnings,
        refused,
        scenario: scenario.map(|s| s.change.clone()),
        days: (0..N_DAYS).map(|n| Days(first + step * n as f64)).collect(),
        params: FitParams {
            prior: prior(state, patient),
            ..FitParams::default()
        },
    })
}

/// The priors that a patient's lesions are fitted with.
pub(super) fn prior(state: &State, patient: PatientId) -> PriorSet {
    let mut chosen = state.records().priors.iter();
    chosen
        .find(|p| p.patient == patient)
        .map(|p| p.prior)
        .unwrap_or_default()
}

/// Sizes of a lesion over time; `None` while it has no dated measurement.
fn series_of(state: &State, lesion: LesionId, baseline: jiff::civil::Date) -> Option<LesionSeries> {
    let patient = state.lesion(lesion)?.patient;
    let marks: Vec<_> = grouping::ordered(state.records(), patient)
        .into_iter()
        .filter_map(|point| {
            let mark = state.annotation_at(lesion, point.id)?;
            Some((grouping::days_between(baseline, point.date?), mark))
        })
        .collect();
    let all_masked = marks
        .iter()
        .all(|(_, mark)| value::sound_mask(state, mark).is_some());
    let observations: Vec<Observation> = marks
        .iter()
        .filter_map(|(day, mark)| {
            let series = state.series(mark.series)?;
            let size = match value::sound_mask(state, mark) {
                Some(s) if all_masked => Size::Volume(s.measured.volume),
                _ => Size::Diameter(value::longest(state, mark)?),
            };
            Some(Observation {
                day: *day,
                size,
                reader: None,
                slice: series.calibrated.then(|| Mm(series.spacing_mm[2])),
            })
        })
        .collect();
    (!observations.is_empty()).then_some(LesionSeries { observations })
}

/// The treatments of a patient, and what reading them assumed.
pub(super) fn treatments(
    state: &State,
    patient: PatientId,
    baseline: jiff::civil::Date,
) -> Result<(Treatments, Vec<Warning>), twin::Error> {
    let entered: Vec<&Treatment> = state
        .records()
        .treatments
        .iter()
        .filter(|t| t.patient == patient)
        .collect();
    Treatments::from_events(&treatments::events(&entered, baseline))
}

/// Version of the fit of one lesion by itself as cached; raised when the shape of [`Fit`] changes.
const FIT_STAGE: u32 = 1;

/// Version of the twin stage as cached; raised when the shape of [`TwinResult`] changes.
const TWIN_STAGE: u32 = 2;

/// Fits and projects, or takes the result of the same input from the cache.
pub(super) fn run(
    input: &TwinInput,
    cache: &Cache,
    job: &JobContext,
) -> Result<TwinResult, Failure> {
    if let Some(error) = &input.refused {
        return Err(Failure {
            text: tr!("No growth curve: {error}", error),
            hint: tr!("Correct the treatments of the patient.").to_owned(),
        });
    }
    job.progress.step("Sampling the posterior");
    let key = StageKey::new(twin::VERSION, TWIN_STAGE, input, &[])
        .map_err(|e| Failure::new(e.to_string()))?;
    let cached = cache.get_or_run(
        &key,
        |result: &TwinResult| serde_json::to_vec(result).unwrap_or_default(),
        |bytes| serde_json::from_slice(bytes).ok(),
        || compute(input, cache, job),
    );
    let cached = cached.map_err(|error| Failure {
        text: tr!("No growth curve: {error}", error),
        hint: String::new(),
    })?;
    for warning in &cached.warnings {
        tracing::warn!("stage cache: {warning}");
    }
    let mut result = cached.value;
    result.key = Some(key);
    result.warnings.extend(input.plan_warnings.iter().cloned());
    Ok(result)
}

/// The posterior of one lesion by itself and its skill.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Alone {
    pub(super) fit: Fit,
    pub(super) skill: Option<Skill>,
}

/// A lesion by itself, from the cache where it was made before.
pub(super) fn alone(
    series: &LesionSeries,
    treatments: &Treatments,
    params: &FitParams,
    cache: &Cache,
    job: &JobContext,
) -> Result<Alone, twin::Error> {
    let make = || {
        let fit = twin::fit(series, treatments, params, job)?;
        let skill = twin::skill_vs_locf(&fit, params, job)?;
        Ok(Alone { fit, skill })
    };
    let asked = (series, treatments, params);
    let stage = format!("{} alone", twin::VERSION);
    let Ok(key) = StageKey::new(&stage, FIT_STAGE, &asked, &[]) else {
        return make();
    };
    let cached = cache.get_or_run(
        &key,
        |alone: &Alone| serde_json::to_vec(alone).unwrap_or_default(),
        |bytes| serde_json::from_slice(bytes).ok(),
        make,
    )?;
    Ok(cached.value)
}

fn compute(input: &TwinInput, cache: &Cache, job: &JobContext) -> Result<TwinResult, twin::Error> {
    let TwinInput {
        treatments, params, ..
    } = input;
    let Alone { fit, skill } = alone(&input.series, treatments, params, cache, job)?;
    let mut fits = vec![fit];
    for other in &input.others {
        // A lesion that cannot be fitted says nothing of its neighbours; its own curve says why.
        match alone(other, treatments, params, cache, job) {
            Ok(other) => fits.push(other.fit),
            Err(error @ twin::Error::Cancelled(_)) => return Err(error),
            Err(_) => {}
        }
    }
    twin::join(&mut fits);
    let fit = fits.swap_remove(0);
    let projection = twin::project(
        &fit,
        &input.treatments,
        input.scenario.as_ref(),
        &input.days,
        job,
    )?;
    let doubling = twin::doubling_time(&fit, fit.last_day())?;
    let outlook = twin::outlook(&fit, &input.treatments, skill.as_ref(), &input.days, job)?;
    Ok(TwinResult {
        warnings: fit.warnings.clone(),
        fit,
        projection,
        doubling,
        skill,
        outlook,
        key: None,
    })
}
