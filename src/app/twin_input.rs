//! From the record to the twin's input, and running the twin with its cache.

use serde::{Deserialize, Serialize};

use super::effect::Failure;
use super::grouping;
use super::state::State;
use super::value;
use crate::case::{LesionId, PatientId, Treatment, TreatmentKind};
use crate::jobs::JobContext;
use crate::provenance::StageKey;
use crate::store::Cache;
use crate::texts::tr;
use crate::twin::{
    self, DoublingTime, EventKind, Fit, FitParams, LesionSeries, Observation, Outlook, Projection,
    ScenarioChange, Size, Skill, TreatmentEvent, Treatments,
};
use crate::units::{Days, Mm};
use crate::warning::Warning;

/// Everything the twin of one lesion is made of.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TwinInput {
    series: LesionSeries,
    treatments: Treatments,
    /// What turning records into events assumed.
    #[serde(skip)]
    plan_warnings: Vec<Warning>,
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
    let first = observations
        .iter()
        .map(|o| o.day.0)
        .fold(f64::INFINITY, f64::min);
    let last = observations
        .iter()
        .map(|o| o.day.0)
        .fold(f64::NEG_INFINITY, f64::max);
    if !first.is_finite() {
        return None;
    }
    let treatments = state
        .records()
        .treatments
        .iter()
        .filter(|t| t.patient == patient);
    let events: Vec<TreatmentEvent> = treatments.map(|t| event(t, baseline)).collect();
    // Days and durations come from calendar dates; what cannot be is said by the fit itself.
    let (treatments, plan_warnings) = Treatments::from_events(&events).unwrap_or_default();
    let scenario = state
        .records()
        .scenarios
        .iter()
        .find(|s| s.patient == patient);
    let ahead = MIN_AHEAD.max((last - first) / 2.0);
    let step = (last + ahead - first) / (N_DAYS - 1) as f64;
    Some(TwinInput {
        series: LesionSeries { observations },
        treatments,
        plan_warnings,
        scenario: scenario.map(|s| s.change.clone()),
        days: (0..N_DAYS).map(|n| Days(first + step * n as f64)).collect(),
        params: FitParams::default(),
    })
}

fn event(treatment: &Treatment, baseline: jiff::civil::Date) -> TreatmentEvent {
    TreatmentEvent {
        day: grouping::days_between(baseline, treatment.date),
        kind: match treatment.kind {
            TreatmentKind::Systemic => EventKind::Systemic,
            TreatmentKind::Radiotherapy => EventKind::Radiotherapy,
            TreatmentKind::Surgery => EventKind::Surgery,
            TreatmentKind::Stop => EventKind::Stop,
            TreatmentKind::Note => EventKind::Note,
        },
        name: treatment.name.clone(),
        dose: treatment.dose,
        unit: treatment.unit.clone(),
        duration: (treatment.duration_days > 0.0).then_some(Days(treatment.duration_days)),
        fractions: None,
    }
}

/// Version of the twin stage as cached; raised when the shape of [`TwinResult`] changes.
const TWIN_STAGE: u32 = 2;

/// Fits and projects, or takes the result of the same input from the cache.
pub(super) fn run(
    input: &TwinInput,
    cache: &Cache,
    job: &JobContext,
) -> Result<TwinResult, Failure> {
    job.progress.step("Sampling the posterior");
    let key = StageKey::new(twin::VERSION, TWIN_STAGE, input, &[])
        .map_err(|e| Failure::new(e.to_string()))?;
    let cached = cache.get_or_run(
        &key,
        |result: &TwinResult| serde_json::to_vec(result).unwrap_or_default(),
        |bytes| serde_json::from_slice(bytes).ok(),
        || compute(input, job),
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

fn compute(input: &TwinInput, job: &JobContext) -> Result<TwinResult, twin::Error> {
    let fit = twin::fit(&input.series, &input.treatments, &input.params, job)?;
    let projection = twin::project(
        &fit,
        &input.treatments,
        input.scenario.as_ref(),
        &input.days,
        job,
    )?;
    let doubling = twin::doubling_time(&fit, fit.last_day())?;
    let skill = twin::skill_vs_locf(&fit, &input.params, job)?;
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
