//! Facts: typed values with an id. Here, and only here, a fact's number becomes text.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Identifier of a fact in its table; printed `F12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FactId(pub u32);

impl fmt::Display for FactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "F{}", self.0)
    }
}

impl From<FactId> for String {
    fn from(id: FactId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for FactId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.strip_prefix('F')
            .and_then(|n| n.parse().ok())
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a fact id; expected F and a number, as in F12"))
    }
}

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", content = "label", rename_all = "snake_case")]
pub enum Subject {
    /// The patient as a whole.
    Patient,
    /// A visit, by its label (`Baseline`, `Follow-up 2`).
    TimePoint(String),
    /// A lesion, by its label.
    Lesion(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Patient => f.write_str("patient"),
            Self::TimePoint(label) => f.write_str(label),
            Self::Lesion(label) => write!(f, "lesion {label}"),
        }
    }
}

/// What a fact states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// Number of lesions.
    LesionCount,
    /// Number of visits.
    TimePointCount,
    /// Date of a visit.
    ScanDate,
    /// Days between the first visit and this one.
    Interval,
    /// Modality of a visit.
    Modality,
    /// Slice thickness of a visit.
    SliceThickness,
    /// Organ or site of a lesion.
    Site,
    /// Which diameter of a lesion counts: `longest diameter`, or `short axis` for a node.
    CountedDiameter,
    /// Diameter as the reader drew it.
    DrawnDiameter,
    /// Longest in-plane diameter of the mask.
    LongestDiameter,
    /// Longest extent perpendicular to it.
    ShortAxis,
    /// The diameter that RECIST counts at a visit.
    RecistDiameter,
    /// Where it comes from: `mask`, `caliper` or `imported`.
    RecistSource,
    /// Size of the mask.
    Volume,
    /// The same, voxels at the border counting with their share of lesion.
    PartialVolume,
    /// Change of the counted diameter, or of the sum, against the first one.
    ChangeFromBaseline,
    /// Change of the sum against the smallest one before.
    ChangeFromNadir,
    /// The same as a length.
    ChangeFromNadirLength,
    /// Change of the volume against the first one.
    VolumeChange,
    /// 95 % limits of the change of the counted diameter between two measurements of an unchanged
    /// lesion.
    DiameterRepeatability,
    /// The same for the volume.
    VolumeRepeatability,
    /// The engine's confidence in a mask.
    Confidence,
    /// How little a mask depends on just where the hand was, 0–1.
    Consistency,
    /// Sum of diameters of the target lesions.
    SumOfDiameters,
    /// Target response.
    Response,
    /// Probability of each category.
    ResponseProbability,
    /// The rule that decided.
    ResponseRule,
    /// Weights of the growth models.
    ModelWeights,
    /// Time to double the volume.
    DoublingTime,
    /// Time to halve the volume.
    HalvingTime,
    /// Last observation carried forward.
    LastObservation,
    /// Day up to which projections are shown without fading.
    Horizon,
    /// Days after baseline of a projection.
    ProjectionDay,
    /// Whose forecast the projected size is, treatment as recorded: a model's, or the local level's.
    Forecaster,
    /// Probability that the lesion has progressed at the next scan.
    ProgressionProbability,
    /// The same by the last value with the spread that other lesions showed.
    ProgressionProbabilityLocal,
    /// Sum of diameters of the target lesions at the next scan.
    ProjectedSum,
    /// Probability that this sum counts as progression.
    SumProgression,
    /// Projected size, treatment as recorded.
    #[serde(alias = "projected_volume")]
    ProjectedSize,
    /// What the scenario changes.
    ScenarioCondition,
    /// Projected size in the scenario.
    #[serde(alias = "scenario_volume")]
    ScenarioSize,
    /// Paired difference, scenario minus treatment as recorded.
    ScenarioDifference,
    /// Rung of the evidence ladder.
    EvidenceLevel,
    /// Why a scenario's difference is, or is not, identified.
    Identification,
    /// A treatment.
    Treatment,
    /// A named warning.
    Warning,
}

impl FactKind {
    /// Every kind, in order of declaration.
    pub const ALL: [Self; 46] = [
        Self::LesionCount,
        Self::TimePointCount,
        Self::ScanDate,
        Self::Interval,
        Self::Modality,
        Self::SliceThickness,
        Self::Site,
        Self::CountedDiameter,
        Self::DrawnDiameter,
        Self::LongestDiameter,
        Self::ShortAxis,
        Self::RecistDiameter,
        Self::RecistSource,
        Self::Volume,
        Self::PartialVolume,
        Self::ChangeFromBaseline,
        Self::ChangeFromNadir,
        Self::ChangeFromNadirLength,
        Self::VolumeChange,
        Self::DiameterRepeatability,
        Self::VolumeRepeatability,
        Self::Confidence,
        Self::Consistency,
        Self::SumOfDiameters,
        Self::Response,
        Self::ResponseProbability,
        Self::ResponseRule,
        Self::ModelWeights,
        Self::DoublingTime,
        Self::HalvingTime,
        Self::LastObservation,
        Self::Horizon,
        Self::ProjectionDay,
        Self::Forecaster,
        Self::ProgressionProbability,
        Self::ProgressionProbabilityLocal,
        Self::ProjectedSum,
        Self::SumProgression,
        Self::ProjectedSize,
        Self::ScenarioCondition,
        Self::ScenarioSize,
        Self::ScenarioDifference,
        Self::EvidenceLevel,
        Self::Identification,
        Self::Treatment,
        Self::Warning,
    ];

    /// As printed in a table.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::LesionCount => "Number of lesions",
            Self::TimePointCount => "Number of time points",
            Self::ScanDate => "Date",
            Self::Interval => "Interval from baseline",
            Self::Modality => "Modality",
            Self::SliceThickness => "Slice thickness",
            Self::Site => "Site",
            Self::CountedDiameter => "Counted diameter",
            Self::DrawnDiameter => "Diameter as drawn",
            Self::LongestDiameter => "Longest diameter",
            Self::ShortAxis => "Short axis",
            Self::RecistDiameter => "Diameter that counts",
            Self::RecistSource => "Source of the diameter that counts",
            Self::Volume => "Volume",
            Self::PartialVolume => "Volume with partial voxels",
            Self::ChangeFromBaseline => "Change from baseline",
            Self::ChangeFromNadir | Self::ChangeFromNadirLength => "Change from nadir",
            Self::VolumeChange => "Change of volume from baseline",
            Self::DiameterRepeatability => "Measurement error of a diameter change",
            Self::VolumeRepeatability => "Measurement error of a volume change",
            Self::Confidence => "Confidence of the mask",
            Self::Consistency => "Consistency of the mask",
            Self::SumOfDiameters => "Sum of diameters",
            Self::Response => "Target response",
            Self::ResponseProbability => "Probability of each category",
            Self::ResponseRule => "Rule",
            Self::ModelWeights => "Model weights",
            Self::DoublingTime => "Volume doubling time",
            Self::HalvingTime => "Volume halving time",
            Self::LastObservation => "Last observation carried forward",
            Self::Horizon => "Horizon",
            Self::ProjectionDay => "Day of projection",
            Self::Forecaster => "Forecast by",
            Self::ProgressionProbability => "Probability of progression at the next scan",
            Self::ProgressionProbabilityLocal => {
                "Probability of progression at the next scan, by other lesions"
            }
            Self::ProjectedSum => "Sum of diameters at the next scan",
            Self::SumProgression => "Probability of progression of the sum at the next scan",
            Self::ProjectedSize => "Projected size, as treated",
            Self::ScenarioCondition => "Scenario",
            Self::ScenarioSize => "Projected size, scenario",
            Self::ScenarioDifference => "Scenario minus as treated",
            Self::EvidenceLevel => "Evidence level",
            Self::Identification => "Identification",
            Self::Treatment => "Treatment",
            Self::Warning => "Warning",
        }
    }

    /// Whether its sign is a direction; such numbers print with `+` or `−`.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(
            self,
            Self::ChangeFromBaseline
                | Self::ChangeFromNadir
                | Self::ChangeFromNadirLength
                | Self::VolumeChange
                | Self::ScenarioDifference
        )
    }

    /// Whether it speaks of something not observed, so that a sentence on it needs the conditional.
    #[must_use]
    pub const fn is_projection(self) -> bool {
        matches!(
            self,
            Self::ProjectedSize
                | Self::ProjectedSum
                | Self::SumProgression
                | Self::ProgressionProbability
                | Self::ProgressionProbabilityLocal
                | Self::ScenarioSize
                | Self::ScenarioDifference
        )
    }
}

/// One share of a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Of what.
    pub label: String,
    /// Per cent.
    pub percent: f64,
}

/// The value of a fact. Numbers are in `unit`, unrounded; `decimals` says how they print.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FactValue {
    /// One number.
    Number {
        /// Value.
        value: f64,
        /// Unit as printed.
        unit: String,
        /// Decimals printed.
        decimals: u8,
    },
    /// An interval, with its median where it has one.
    Range {
        /// Median.
        median: Option<f64>,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// Probability that the interval holds, 0–1.
        level: f64,
        /// Unit as printed.
        unit: String,
        /// Decimals printed.
        decimals: u8,
    },
    /// Shares of a whole, largest first.
    Shares {
        /// The shares.
        items: Vec<Share>,
        /// Decimals printed.
        decimals: u8,
    },
    /// A calendar date.
    Date {
        /// The date.
        date: Date,
    },
    /// One of a closed set of codes.
    Category {
        /// The code.
        code: String,
    },
    /// Words.
    Text {
        /// The words.
        text: String,
    },
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Identifier.
    pub id: FactId,
    /// What it is about.
    pub subject: Subject,
    /// Zero-based visit, where it belongs to one.
    pub time_point: Option<usize>,
    /// Date of that visit.
    pub date: Option<Date>,
    /// Day after baseline of a projection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<f64>,
    /// What it states.
    pub kind: FactKind,
    /// Its value.
    pub value: FactValue,
    /// The value as printed.
    pub text: String,
}

impl Fact {
    /// The printed value without its sign, for sentences that say the direction in words.
    #[must_use]
    pub fn magnitude(&self) -> String {
        self.text
            .strip_prefix(['+', '\u{2212}'])
            .unwrap_or(&self.text)
            .to_owned()
    }

    /// The number, for single numbers.
    #[must_use]
    pub const fn number(&self) -> Option<f64> {
        match &self.value {
            FactValue::Number { value, .. } => Some(*value),
            _ => None,
        }
    }
}

/// The facts of a case, ids ascending.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FactTable {
    /// The facts.
    pub facts: Vec<Fact>,
}

impl FactTable {
    /// The fact with this id.
    #[must_use]
    pub fn get(&self, id: FactId) -> Option<&Fact> {
        self.facts.iter().find(|f| f.id == id)
    }

    /// The first fact of a kind on a subject and visit.
    #[must_use]
    pub fn find(
        &self,
        subject: &Subject,
        time_point: Option<usize>,
        kind: FactKind,
    ) -> Option<&Fact> {
        self.facts
            .iter()
            .find(|f| f.kind == kind && f.time_point == time_point && f.subject == *subject)
    }

    /// All facts of a kind on a subject.
    pub fn of<'a>(
        &'a self,
        subject: &'a Subject,
        kind: FactKind,
    ) -> impl Iterator<Item = &'a Fact> {
        self.facts
            .iter()
            .filter(move |f| f.kind == kind && f.subject == *subject)
    }

    /// Labels of the lesions, in order of first mention.
    #[must_use]
    pub fn lesions(&self) -> Vec<&str> {
        let mut labels = Vec::new();
        for fact in &self.facts {
            if let Subject::Lesion(label) = &fact.subject
                && !labels.contains(&label.as_str())
            {
                labels.push(label.as_str());
            }
        }
        labels
    }
}

/// A number with a true minus sign; what rounds to zero has no sign.
pub(super) fn print_number(value: f64, decimals: u8, plus: bool) -> String {
    let digits = format!("{:.*}", usize::from(decimals), value.abs());
    let zero = digits.bytes().all(|b| matches!(b, b'0' | b'.'));
    match () {
        () if zero => digits,
        () if value < 0.0 => format!("\u{2212}{digits}"),
        () if plus => format!("+{digits}"),
        () => digits,
    }
}

fn print_unit(digits: &str, unit: &str) -> String {
    let one = digits == "1";
    match unit {
        "" => String::new(),
        "days" | "voxels" | "lesions" | "time points" if one => {
            format!(" {}", unit.trim_end_matches('s'))
        }
        _ => format!(" {unit}"),
    }
}

/// The value as text.
pub(super) fn print_value(value: &FactValue, kind: FactKind) -> String {
    let plus = kind.is_change();
    match value {
        FactValue::Number {
            value,
            unit,
            decimals,
        } => {
            let digits = print_number(*value, *decimals, plus);
            format!("{digits}{}", print_unit(&digits, unit))
        }
        FactValue::Range {
            median,
            low,
            high,
            level,
            unit,
            decimals,
        } => {
            let n = |v| print_number(v, *decimals, plus);
            let percent = print_number(level * 100.0, 0, false);
            let ends = format!("{} to {}{}", n(*low), n(*high), print_unit("", unit));
            match median {
                Some(m) => {
                    let digits = n(*m);
                    let unit = print_unit(&digits, unit);
                    format!("{digits}{unit} ({percent} % interval {ends})")
                }
                None => format!("{ends} ({percent} % interval)"),
            }
        }
        FactValue::Shares { items, decimals } => items
            .iter()
            .map(|s| {
                let n = print_number(s.percent, *decimals, false);
                format!("{} {n} %", s.label)
            })
            .collect::<Vec<_>>()
            .join(", "),
        FactValue::Date { date } => date.to_string(),
        FactValue::Category { code } => code.clone(),
        FactValue::Text { text } => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_shown_only_where_they_mean_a_direction() {
        assert_eq!(print_number(-12.34, 1, true), "\u{2212}12.3");
        assert_eq!(print_number(12.34, 1, true), "+12.3");
        assert_eq!(print_number(12.34, 1, false), "12.3");
        assert_eq!(print_number(-0.04, 1, true), "0.0");
    }

    #[test]
    fn one_of_a_thing_is_singular() {
        let days = |value| FactValue::Number {
            value,
            unit: "days".into(),
            decimals: 0,
        };
        assert_eq!(print_value(&days(1.0), FactKind::Interval), "1 day");
        assert_eq!(print_value(&days(62.0), FactKind::Interval), "62 days");
    }

    #[test]
    fn ids_read_back_and_refuse_rubbish() {
        let json = serde_json::to_string(&FactId(12)).unwrap();
        assert_eq!(json, "\"F12\"");
        assert_eq!(serde_json::from_str::<FactId>(&json).unwrap(), FactId(12));
        assert!(serde_json::from_str::<FactId>("\"12\"").is_err());
    }
}
