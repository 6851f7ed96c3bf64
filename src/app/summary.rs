//! From the record and the twins to what is told: response, facts and narrative.

use std::sync::Arc;

use super::consistency;
use super::grouping;
use super::reading;
use super::state::State;
use super::sum_input::SumResult;
use super::treatments;
use super::twin_input::{self, TwinResult};
use super::value;
use super::view::ResponseCell;
use super::view_build::{column_title, scenario_label, signed_percent, treatment_kind};
use crate::case::{Lesion, LesionRole, PatientId, TimePoint};
use crate::narrate::{
    self, CaseSummary, Doubling, FactTable, FitSummary, ForecasterSummary, LesionMeasure,
    LesionSummary, ModelWeight, Narrative, ProgressionSummary, Projection, Quantiles, Response,
    Role, ScenarioProjection, ScenarioSummary, SumSummary, SumVoice, TimePointSummary,
    TreatmentSummary,
};
use crate::response::{
    self, Assessment, Category, NewLesion, NonTarget, Target, TargetStatus, TimePointSum,
};
use crate::texts;
use crate::twin::{Ground, Ladder, PriorSet, ScenarioChange, Size, SizeChange, Skill, Voice};
use crate::units::{Days, Extent, Length, Mm};
use crate::warning::{Warning, WarningCode};

/// What is told of a patient.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    /// The case as plain numbers.
    pub(super) case: CaseSummary,
    /// Its facts.
    pub(super) facts: FactTable,
    /// Sentences made of them.
    pub(super) narrative: Narrative,
    /// One cell per visit.
    pub(super) response: Vec<ResponseCell>,
    /// One per visit.
    pub(super) readings: Vec<Reading>,
}

/// What is checked of the reading of a visit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// What was signed is not what stands.
    pub(super) is_broken: bool,
}

/// Everything that is told of a patient, made anew from the record.
pub(super) fn of(state: &State, patient: PatientId) -> Summary {
    // Narratives are checked sentence by sentence, and go into reports.
    let _english = texts::english();
    let points: Vec<&TimePoint> = grouping::ordered(state.records(), patient);
    let assessments = assess(state, patient, &points);
    let case = case_summary(state, patient, &points, &assessments);
    let facts = narrate::facts(&case);
    let narrative = if case.lesions.is_empty() {
        Narrative::default()
    } else {
        narrate::template(&facts)
    };
    Summary {
        response: assessments
            .iter()
            .map(|a| a.as_ref().map(response_cell).unwrap_or_default())
            .collect(),
        readings: points
            .iter()
            .map(|point| Reading {
                is_broken: reading::signature(state.records(), point.id).is_some_and(|s| {
                    s.content_sha256 != reading::content_sha256(state.records(), point.id)
                }),
            })
            .collect(),
        case,
        facts,
        narrative,
    }
}

/// Target response per visit; `None` where no lesion was marked.
fn assess(state: &State, patient: PatientId, points: &[&TimePoint]) -> Vec<Option<Assessment>> {
    let lesions: Vec<&Lesion> = state.lesions_of(patient).collect();
    let is_marked = |p: &TimePoint| {
        lesions
            .iter()
            .any(|l| state.annotation_at(l.id, p.id).is_some())
    };
    let marked: Vec<(usize, &TimePoint)> = points
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, p)| is_marked(p))
        .collect();
    let sums: Vec<TimePointSum> = marked
        .iter()
        .map(|(n, point)| TimePointSum {
            label: point
                .date
                .map_or_else(|| column_title(*n), |d| d.to_string()),
            targets: lesions
                .iter()
                .filter(|l| l.role == LesionRole::Target)
                .map(|lesion| {
                    let mark = state.annotation_at(lesion.id, point.id);
                    let counted = mark.and_then(|m| value::recist(state, lesion, m));
                    Target {
                        lesion: lesion.label.clone(),
                        nodal: lesion.nodal,
                        status: counted.map_or(TargetStatus::NotAssessed, |c| {
                            TargetStatus::Measured(c.length)
                        }),
                    }
                })
                .collect(),
            non_target: if lesions.iter().any(|l| l.role == LesionRole::NonTarget) {
                NonTarget::NotEvaluated
            } else {
                NonTarget::None
            },
            new_lesion: if lesions
                .iter()
                .any(|l| l.role == LesionRole::New && state.annotation_at(l.id, point.id).is_some())
            {
                NewLesion::Unequivocal
            } else {
                NewLesion::None
            },
        })
        .collect();
    let mut all = vec![None; points.len()];
    for ((n, _), assessment) in marked.iter().zip(response::assess(&sums)) {
        all[*n] = Some(assessment);
    }
    all
}

fn probabilities(assessment: &Assessment) -> Vec<(String, f64)> {
    let Some(p) = assessment.probability else {
        return Vec::new();
    };
    let mut all = vec![
        ("CR".to_owned(), p.complete),
        ("PR".to_owned(), p.partial),
        ("SD".to_owned(), p.stable),
        ("PD".to_owned(), p.progression),
    ];
    all.retain(|(_, p)| *p >= 0.005);
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all
}

/// What counts for the visit: overall response where new or non-target lesions decide, else target.
fn category(assessment: &Assessment) -> Option<Category> {
    assessment.overall.or(assessment.target)
}

fn response_cell(assessment: &Assessment) -> ResponseCell {
    let change = [
        (assessment.from_baseline_percent, "from baseline"),
        (assessment.from_nadir_percent, "from nadir"),
    ];
    let change: Vec<String> = change
        .into_iter()
        .filter_map(|(pct, what)| Some(format!("{} {what}", signed_percent(pct?))))
        .collect();
    let probability: Vec<String> = probabilities(assessment)
        .iter()
        .map(|(category, p)| format!("{category} {:.0} %", 100.0 * p))
        .collect();
    let why: Vec<&str> = assessment.why.iter().map(|r| r.text.as_str()).collect();
    ResponseCell {
        sum: assessment.sum.map(|s| s.to_string()).unwrap_or_default(),
        sum_value: assessment.sum,
        change: change.join(", "),
        category: category(assessment)
            .map(|c| c.to_string())
            .unwrap_or_default(),
        probability: probability.join(" · "),
        why: why.join(" "),
    }
}

fn case_summary(
    state: &State,
    patient: PatientId,
    points: &[&TimePoint],
    assessments: &[Option<Assessment>],
) -> CaseSummary {
    let records = state.records();
    let baseline = twin_input::baseline(state, patient);
    let day_of = |date: jiff::civil::Date| baseline.map(|b| grouping::days_between(b, date));
    let identity = records.identities.iter().find(|i| i.patient == patient);
    let scenario = records.scenarios.iter().find(|s| s.patient == patient);
    let mut treatments: Vec<_> = records
        .treatments
        .iter()
        .filter(|t| t.patient == patient)
        .collect();
    treatments.sort_by_key(|t| (t.date, t.id));
    CaseSummary {
        patient: identity.map(|i| i.code.clone()).unwrap_or_default(),
        time_points: points
            .iter()
            .map(|point| {
                let shown = state
                    .series_shown_in(point.id)
                    .and_then(|id| state.series(id));
                TimePointSummary {
                    id: point.id.to_string(),
                    date: point.date,
                    day: point.date.and_then(day_of),
                    modality: shown
                        .map(|s| s.modality.code().to_owned())
                        .unwrap_or_default(),
                    slice_thickness: shown.filter(|s| s.calibrated).map(|s| Mm(s.spacing_mm[2])),
                    warnings: shown.map(|s| s.warnings.clone()).unwrap_or_default(),
                }
            })
            .collect(),
        lesions: state
            .lesions_of(patient)
            .map(|l| lesion_summary(state, l, points))
            .collect(),
        responses: assessments
            .iter()
            .map(|a| response_summary(a.as_ref()?))
            .collect(),
        treatments: treatments
            .iter()
            .map(|t| TreatmentSummary {
                date: t.date,
                day: day_of(t.date),
                kind: treatment_kind(t.kind).to_owned(),
                name: t.name.clone(),
                dose: t.dose,
                unit: t.unit.clone(),
                duration: Days(t.duration_days),
                given: treatments::given(t, &treatments),
                lasting: treatments::lasting(t, &treatments),
            })
            .collect(),
        scenario: scenario.map(|s| scenario_summary(&s.change)),
        sum: state
            .sum_of_targets(patient)
            .and_then(|sum| sum_summary(sum)),
    }
}

fn sum_summary(sum: &SumResult) -> Option<SumSummary> {
    let outlook = sum.outlook.as_ref().ok()?;
    let next = &outlook.next_scan;
    Some(SumSummary {
        next_scan: Days(next.day.0.round()),
        median: Mm(next.predictive.q50),
        band: [Mm(next.predictive.q10), Mm(next.predictive.q90)],
        probability: next.progression,
        voice: match outlook.by_models {
            0 => SumVoice::LocalLevel,
            n if n == outlook.targets => SumVoice::Models,
            _ => SumVoice::Both,
        },
        prior: prior_text(sum.prior),
        seed: sum.seed,
    })
}

/// Priors as they are cited.
fn prior_text(prior: PriorSet) -> String {
    format!("{} ({})", prior.name(), prior.source())
}

fn lesion_summary(state: &State, lesion: &Lesion, points: &[&TimePoint]) -> LesionSummary {
    let measure = |point: &&TimePoint| {
        let mark = state.annotation_at(lesion.id, point.id)?;
        let segmented = state.segmented(mark.id);
        // What counts for nothing is not told as a size either; the mask stays named and warned of.
        let measured = value::sound_mask(state, mark).map(|s| &s.measured);
        let mut warnings = segmented.map(|s| s.warnings.clone()).unwrap_or_default();
        // A visit tells the warnings of the series that it shows; a line may lie on another.
        let of_image = state
            .series(mark.series)
            .into_iter()
            .flat_map(|s| &s.warnings);
        warnings.extend(of_image.cloned());
        let of_hand = segmented
            .and_then(|s| s.consistency)
            .and_then(consistency::warning);
        warnings.extend(of_hand);
        if segmented.is_some_and(value::is_doubtful) {
            let said = match value::sound_mask(state, mark) {
                Some(_) => value::DOUBTFUL_COUNTS,
                None => value::DOUBTFUL_NOTE,
            };
            warnings.push(Warning::new(WarningCode::Doubtful, said));
        }
        let counted = value::recist(state, lesion, mark);
        Some(LesionMeasure {
            drawn: value::drawn_length(state, mark),
            counted: counted.map(|c| c.length),
            source: counted.map_or("", |c| c.source.word()).to_owned(),
            partial_volume: measured.and(segmented).and_then(|s| s.partial_volume),
            long_axis: measured.map(|m| m.long_axis.length),
            short_axis: measured.map(|m| m.short_axis.length),
            volume: measured.map(|m| m.volume),
            confidence: segmented.map(|s| s.confidence),
            consistency: segmented.and_then(|s| s.consistency),
            engine: segmented.map(|s| s.engine.clone()).unwrap_or_default(),
            mask_sha256: segmented.map(|s| s.mask_sha256.clone()).unwrap_or_default(),
            warnings,
        })
    };
    LesionSummary {
        id: lesion.id.to_string(),
        label: lesion.label.clone(),
        organ: lesion.organ.clone(),
        role: match lesion.role {
            LesionRole::Target => Role::Target,
            LesionRole::NonTarget => Role::NonTarget,
            LesionRole::New => Role::New,
        },
        nodal: lesion.nodal,
        measures: points.iter().map(measure).collect(),
        // A twin of diameters has no volumes to tell of.
        fit: state
            .twin(lesion.id)
            .filter(|t| !t.projection.scale.is_diameter())
            .map(|t| fit_summary(t)),
    }
}

fn response_summary(assessment: &Assessment) -> Option<Response> {
    Some(Response {
        sum: assessment.sum?,
        change_from_baseline_pct: assessment.from_baseline_percent,
        change_from_nadir_pct: assessment.from_nadir_percent,
        change_from_nadir: assessment.from_nadir.map(Length::Mm),
        category: category(assessment).map(|c| c.to_string()),
        probability: probabilities(assessment),
        rule: assessment
            .why
            .first()
            .map(|r| r.text.clone())
            .unwrap_or_default(),
    })
}

fn scenario_summary(change: &ScenarioChange) -> ScenarioSummary {
    let condition = match change {
        ScenarioChange::StopTreatment { day } => {
            format!("all treatment had stopped on day {day:.0}")
        }
        ScenarioChange::StartTreatment { day } => {
            format!("treatment had been given again from day {day:.0} on")
        }
        ScenarioChange::ScaleDose { from_day, factor } => {
            format!(
                "{:.0} % of the dose had been given from day {from_day:.0} on",
                100.0 * factor
            )
        }
    };
    ScenarioSummary {
        label: scenario_label(change),
        condition,
        assumptions: vec![
            "The effect of treatment is the one seen in this patient's lesions so far, as far as the data show one."
                .to_owned(),
            "Treatment was not chosen for reasons that also predict growth.".to_owned(),
        ],
    }
}

/// How many projected days a report tells of, beyond the last scan.
const N_TOLD: usize = 3;

fn fit_summary(twin: &TwinResult) -> FitSummary {
    let projection = &twin.projection;
    let extent = |v: f64| match projection.scale.size(v) {
        Size::Diameter(length) => Extent::Length(length),
        Size::Volume(bulk) => Extent::Bulk(bulk),
    };
    let quantiles = |q: &crate::twin::Quantiles| Quantiles {
        q05: extent(q.q05),
        q50: extent(q.q50),
        q95: extent(q.q95),
    };
    let outlook = &twin.outlook;
    // A scenario is a difference of two arms of the models, so both are told.
    let told_locally = outlook.voice == Voice::LocalLevel && !projection.has_scenario();
    let local_on = |day: f64| outlook.local.iter().find(|l| l.day.0 == day);
    let ahead: Vec<_> = projection
        .days
        .iter()
        .filter(|h| h.day.0 > twin.fit.last_day().0)
        .collect();
    let stride = ahead.len().div_ceil(N_TOLD).max(1);
    // Counted from the end, so that the last projected day is always told.
    let told = ahead.iter().rev().step_by(stride).rev();
    FitSummary {
        prior: prior_text(twin.fit.prior),
        models: twin
            .fit
            .models
            .iter()
            .map(|m| ModelWeight {
                model: m.model.name().to_owned(),
                weight: m.weight,
            })
            .collect(),
        doubling: twin
            .doubling
            .as_ref()
            .map(|d| match (d.slow, d.median, d.fast) {
                (
                    SizeChange::Doubles(slow),
                    SizeChange::Doubles(median),
                    SizeChange::Doubles(fast),
                ) => Doubling::Growing(Quantiles {
                    q05: fast,
                    q50: median,
                    q95: slow,
                }),
                (
                    SizeChange::Halves(fast),
                    SizeChange::Halves(median),
                    SizeChange::Halves(slow),
                ) => Doubling::Shrinking(Quantiles {
                    q05: fast,
                    q50: median,
                    q95: slow,
                }),
                _ => Doubling::Undetermined,
            }),
        projections: told
            .map(|h| Projection {
                day: Days(h.day.0.round()),
                factual: match local_on(h.day.0) {
                    Some(local) if told_locally => quantiles(&local.predictive),
                    _ => quantiles(&h.factual.latent),
                },
                scenario: h.scenario.as_ref().zip(h.difference.as_ref()).map(
                    |(arm, difference)| ScenarioProjection {
                        size: quantiles(&arm.latent),
                        difference: quantiles(&difference.absolute),
                        identified: h.identified,
                        why: projection.why.join(" "),
                        ladder: ladder_name(projection.ladder).to_owned(),
                    },
                ),
            })
            .collect(),
        locf: Some(extent(projection.locf.size.value())),
        forecaster: Some(ForecasterSummary {
            local_level: told_locally,
            why: if projection.has_scenario() {
                "both arms of a what-if are those of the models".to_owned()
            } else {
                ground(outlook.ground).to_owned()
            },
        }),
        progression: outlook.progression.map(|p| ProgressionSummary {
            next_scan: outlook.next_scan,
            probability: p.at_next_scan,
            local_level: outlook.voice == Voice::LocalLevel,
        }),
        horizon: Some(projection.fade_after),
        seed: twin.fit.seed,
        warnings: twin.warnings.clone(),
    }
}

/// Why models or the local level speak, in a clause.
const fn ground(ground: Ground) -> &'static str {
    match ground {
        Ground::ModelsScoredBetter => {
            "on past scans they scored clearly better than the last value with the spread of other lesions"
        }
        Ground::ModelsScoredNoBetter => {
            "on past scans growth models did not score clearly better than the last value with the spread of other lesions"
        }
        Ground::TooFewForecasts => {
            "fewer than five scans cannot tell the skill of a growth model from luck"
        }
        Ground::NoMillimetres => "without millimetres other lesions cannot be compared with",
    }
}

pub(super) const fn ladder_name(ladder: Ladder) -> &'static str {
    match ladder {
        Ladder::C0 => "C0",
        Ladder::C1 => "C1",
        Ladder::C2 => "C2",
        Ladder::C3 => "C3",
        Ladder::C4 => "C4",
    }
}

/// Who speaks for the time after the last scan, and why.
fn expectation(twin: &TwinResult) -> String {
    let gain = twin.skill.as_ref().and_then(Skill::over_local_level);
    let share = gain.map_or(0.0, |gain| 100.0 * gain.abs());
    let than = if gain.is_some_and(|gain| gain > 0.0) {
        "better"
    } else {
        "worse"
    };
    match twin.outlook.ground {
        Ground::ModelsScoredBetter => format!(
            "Forecast by the models: on past scans they scored {share:.0} % better than the last value \
             with the spread of other lesions."
        ),
        Ground::ModelsScoredNoBetter => format!(
            "No model has shown skill here: on past scans they scored {share:.0} % {than} than the last \
             value with the spread of other lesions (a fifth better is asked for), which therefore is the \
             forecast. It knows nothing of treatment to come."
        ),
        Ground::TooFewForecasts => {
            "Fewer than five scans cannot tell the skill of a model from luck: the \
                                    forecast is the last value with the spread of other lesions. It \
                                    knows nothing of treatment to come."
                .to_owned()
        }
        Ground::NoMillimetres => {
            "Forecast by the models: without millimetres other lesions cannot be \
                                  compared with."
                .to_owned()
        }
    }
}

/// Statements below the growth plot.
pub(super) fn twin_notes(twin: &TwinResult, has_scenario: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(d) = &twin.doubling {
        notes.push(match (d.slow, d.fast) {
            (SizeChange::Doubles(_), SizeChange::Doubles(_))
            | (SizeChange::Halves(_), SizeChange::Halves(_)) => {
                format!("Now {} (90 %: {} to {}).", d.median, d.slow, d.fast)
            }
            _ => format!(
                "Now {}, but the direction is not certain: growing with {:.0} %.",
                d.median,
                100.0 * d.growing
            ),
        });
    }
    notes.push(expectation(twin));
    if let Some(p) = &twin.outlook.progression {
        let median = match (twin.outlook.voice, p.by[1]) {
            // Its median is the last value, so it never reaches anything with more than 50 %.
            (Voice::LocalLevel, _) => String::new(),
            (Voice::Models, Some(day)) => format!(", with 50 % by day {:.0}", day.0),
            (Voice::Models, None) => {
                format!(", with less than 50 % by day {:.0}", twin.outlook.until.0)
            }
        };
        notes.push(if p.reached {
            format!(
                "This lesion has reached {:.1}, 20 % and 5 mm above its smallest.",
                p.threshold
            )
        } else {
            format!(
                "This lesion reaches {:.1} (20 % and 5 mm above its smallest) with {:.0} % at the next \
                 scan (day {:.0}, if intervals stay as they were){median}.",
                p.threshold,
                100.0 * p.at_next_scan,
                twin.outlook.next_scan.0
            )
        });
    }
    notes.push(match twin.skill.as_ref().and_then(Skill::score) {
        Some(skill) if skill > 0.0 => {
            format!("On past scans the models' error was {:.0} % below carrying the last value forward.", 100.0 * skill)
        }
        Some(skill) => format!(
            "On past scans carrying the last value forward did no worse than the models (their error is {:.0} % higher).",
            -100.0 * skill
        ),
        None if twin.skill.is_some() => {
            "On past scans carrying the last value forward made no error at all.".to_owned()
        }
        None => "Too few scans to compare the models with carrying the last value forward.".to_owned(),
    });
    if has_scenario || twin.projection.ladder == Ladder::C4 {
        notes.push(format!(
            "Evidence {} for this question.",
            ladder_name(twin.projection.ladder)
        ));
        notes.extend(twin.projection.why.iter().cloned());
    }
    notes.extend(
        twin.warnings
            .iter()
            .map(|w| format!("{}: {}", w.code.as_str(), w.message)),
    );
    notes
}

/// A summary kept until the record changes.
#[derive(Debug, Default)]
pub(super) struct SummaryCache(Option<(PatientId, u64, Arc<Summary>)>);

impl SummaryCache {
    /// The summary for this revision of state, if it is the one kept.
    pub(super) fn get(&self, patient: PatientId, revision: u64) -> Option<Arc<Summary>> {
        let (p, r, summary) = self.0.as_ref()?;
        (*p == patient && *r == revision).then(|| Arc::clone(summary))
    }

    /// Keeps a summary.
    pub(super) fn put(&mut self, patient: PatientId, revision: u64, summary: Arc<Summary>) {
        self.0 = Some((patient, revision, summary));
    }
}
