//! What a narrative and a report are told about a case: plain values, one struct per thing.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::units::{Bulk, Days, Extent, Length, Mm};
use crate::warning::Warning;

/// A patient's case as measured and modelled. Vectors named "per time point" run parallel to
/// [`CaseSummary::time_points`]; shorter ones count as having nothing for the rest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseSummary {
    /// Pseudonym or code of the patient.
    pub patient: String,
    /// Visits, oldest first.
    pub time_points: Vec<TimePointSummary>,
    /// Lesions in their order of entry.
    pub lesions: Vec<LesionSummary>,
    /// Response per time point; `None` where no sum could be formed.
    pub responses: Vec<Option<Response>>,
    /// Treatments, oldest first.
    pub treatments: Vec<TreatmentSummary>,
    /// The what-if question; `None` when none was asked.
    pub scenario: Option<ScenarioSummary>,
    /// What is to be expected of the sum of diameters; `None` where nothing can be said.
    #[serde(default)]
    pub sum: Option<SumSummary>,
}

/// The sum of diameters of the target lesions at the next scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SumSummary {
    /// Day of the next scan, if intervals stay as they were.
    pub next_scan: Days,
    /// Its median.
    pub median: Mm,
    /// Its 10 and 90 % quantiles.
    pub band: [Mm; 2],
    /// Probability that it counts as progression, 0–1.
    pub probability: f64,
    /// Whose forecast it is.
    pub voice: SumVoice,
    /// Priors of the fits that it is made of, and their seed.
    pub prior: String,
    /// Seed of the posterior.
    pub seed: u64,
}

/// Who speaks for the target lesions of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SumVoice {
    /// Models of growth for all.
    Models,
    /// The last value with the spread that other lesions showed, for all.
    LocalLevel,
    /// Each for some.
    Both,
}

/// One visit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimePointSummary {
    /// Identifier in the workspace; may be empty.
    pub id: String,
    /// Date of the study, where known.
    pub date: Option<Date>,
    /// Days after the first time point, where known.
    pub day: Option<Days>,
    /// Modality as printed, for example `CT`.
    pub modality: String,
    /// Slice thickness; `None` where unknown or not to be believed.
    pub slice_thickness: Option<Mm>,
    /// Warnings of the images.
    pub warnings: Vec<Warning>,
}

/// How RECIST 1.1 counts a lesion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Measured and summed.
    #[default]
    Target,
    /// Followed in words.
    NonTarget,
    /// Appeared after baseline.
    New,
}

impl Role {
    /// As printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::NonTarget => "non-target",
            Self::New => "new",
        }
    }
}

/// One lesion over all visits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LesionSummary {
    /// Identifier in the workspace; may be empty.
    pub id: String,
    /// Label, unique in the case.
    pub label: String,
    /// Organ or site; may be empty.
    pub organ: String,
    /// How RECIST counts it.
    pub role: Role,
    /// Lymph node: the short axis counts.
    pub nodal: bool,
    /// Measurements per time point.
    pub measures: Vec<Option<LesionMeasure>>,
    /// The twin's statement; `None` when it was not or could not be fitted.
    pub fit: Option<FitSummary>,
}

impl LesionSummary {
    /// The measurement at a time point.
    #[must_use]
    pub fn measure(&self, time_point: usize) -> Option<&LesionMeasure> {
        self.measures.get(time_point).and_then(Option::as_ref)
    }
}

/// Below this consistency the outline of a mask wants a second look; sentences and warnings tell it.
pub const LOW_CONSISTENCY: f64 = 0.85;

/// One lesion at one visit. Every size may be missing or uncalibrated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LesionMeasure {
    /// Diameter as the reader drew it.
    pub drawn: Option<Length>,
    /// Longest in-plane diameter of the mask.
    pub long_axis: Option<Length>,
    /// Longest extent perpendicular to it in the same slice.
    pub short_axis: Option<Length>,
    /// Size of the mask.
    pub volume: Option<Bulk>,
    /// The same with shares of voxels at the border.
    pub partial_volume: Option<Bulk>,
    /// The diameter that RECIST counts: short axis of a node, longest diameter otherwise.
    pub counted: Option<Length>,
    /// Where that comes from: `mask`, `caliper` or `imported`; may be empty.
    pub source: String,
    /// The engine's own confidence, 0–1.
    pub confidence: Option<f64>,
    /// How much the mask depends on just where the hand was, 0–1 (1 not at all); `None` where that was
    /// not worked out.
    pub consistency: Option<f64>,
    /// Engine and version that made the mask; may be empty.
    pub engine: String,
    /// SHA-256 (hex) of the mask; may be empty.
    pub mask_sha256: String,
    /// Warnings of mask and measurement.
    pub warnings: Vec<Warning>,
}

/// Target response at a visit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Sum of the counted diameters of the target lesions.
    pub sum: Length,
    /// Change against the first sum, %; `None` at baseline.
    pub change_from_baseline_pct: Option<f64>,
    /// Change against the smallest sum before, %; `None` at baseline.
    pub change_from_nadir_pct: Option<f64>,
    /// The same as a length.
    pub change_from_nadir: Option<Length>,
    /// CR, PR, SD, PD or NE; `None` at baseline.
    pub category: Option<String>,
    /// Probability of each category given measurement noise, 0–1.
    pub probability: Vec<(String, f64)>,
    /// The rule that decided, in a sentence; may be empty.
    pub rule: String,
}

/// Quantiles of a posterior in one unit (named beside them).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles<T> {
    /// 5 %.
    pub q05: T,
    /// Median.
    pub q50: T,
    /// 95 %.
    pub q95: T,
}

/// Weight of one growth model in the average.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelWeight {
    /// Name, for example `Gompertz`.
    pub model: String,
    /// Weight, 0–1.
    pub weight: f64,
}

/// How fast a lesion doubles or halves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "direction", content = "days", rename_all = "snake_case")]
pub enum Doubling {
    /// The lesion grows; time to double its volume.
    Growing(Quantiles<Days>),
    /// The lesion shrinks; time to halve its volume.
    Shrinking(Quantiles<Days>),
    /// The data leave open whether it grows or shrinks.
    Undetermined,
}

/// The twin's statement on one lesion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitSummary {
    /// Where the priors come from, as it is cited; empty where not stated.
    #[serde(default)]
    pub prior: String,
    /// Weights of the models averaged.
    pub models: Vec<ModelWeight>,
    /// Doubling or halving time; `None` where not computed.
    pub doubling: Option<Doubling>,
    /// Projections, earliest day first.
    pub projections: Vec<Projection>,
    /// Last observation carried forward, the plainest forecast.
    pub locf: Option<Extent>,
    /// Who speaks for the time after the last scan, where that is settled.
    pub forecaster: Option<ForecasterSummary>,
    /// Progression of this lesion by itself; `None` where it has no millimetres.
    pub progression: Option<ProgressionSummary>,
    /// Day after baseline up to which the model is shown without fading.
    pub horizon: Option<Days>,
    /// Seed of the posterior's draws.
    pub seed: u64,
    /// Warnings of the fit.
    pub warnings: Vec<Warning>,
}

/// What a forecast by the last value with the spread that other lesions showed is called.
pub(super) const LOCAL_LEVEL: &str = "local level";
/// What a forecast by fitted models is called.
pub(super) const GROWTH_MODELS: &str = "growth models";

/// Whose forecast the projections of treatment as recorded are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForecasterSummary {
    /// The last value with the spread that other lesions showed, not a model of growth.
    pub local_level: bool,
    /// Why, in a clause.
    pub why: String,
}

/// When a lesion is to be expected 20 % and 5 mm above its smallest diameter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProgressionSummary {
    /// Day of the next scan, if intervals stay as they were.
    pub next_scan: Days,
    /// Probability that a measurement there reaches it, 0–1.
    pub probability: f64,
    /// Whether that is said by the last value with the spread that other lesions showed, not by models.
    pub local_level: bool,
}

/// Projected size on one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// Days after baseline.
    pub day: Days,
    /// Treatment as recorded.
    pub factual: Quantiles<Extent>,
    /// The what-if arm.
    pub scenario: Option<ScenarioProjection>,
}

/// The what-if arm on one day, with draws paired with those of the factual arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScenarioProjection {
    /// Projected size.
    pub size: Quantiles<Extent>,
    /// Paired difference, scenario minus factual.
    pub difference: Quantiles<Extent>,
    /// Whether the data determine the difference.
    pub identified: bool,
    /// Why, in words; may be empty.
    pub why: String,
    /// Rung of the evidence ladder, C0–C4.
    pub ladder: String,
}

/// A what-if question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioSummary {
    /// Name of the arm, for example `Stop on day 60`.
    pub label: String,
    /// Clause that follows "if", in the conditional: `all treatment had stopped on day 60`.
    pub condition: String,
    /// What the arm assumes, one sentence each.
    pub assumptions: Vec<String>,
}

/// A treatment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreatmentSummary {
    /// First day.
    pub date: Date,
    /// Days after the first time point, where known.
    pub day: Option<Days>,
    /// Kind in words, for example `systemic`.
    pub kind: String,
    /// Name of drug or technique.
    pub name: String,
    /// Dose in `unit`.
    pub dose: Option<f64>,
    /// Unit of `dose`; may be empty.
    pub unit: String,
    /// Length in days; 0 for a single day.
    pub duration: Days,
    /// How it is given, in words that follow the dose; empty where not stated.
    #[serde(default)]
    pub given: String,
    /// From the first day to the last on which it is given; `None` where it goes on.
    #[serde(default)]
    pub lasting: Option<Days>,
}
