//! Sentences from facts, by rule: the narrative that needs no language model.
//!
//! A number enters a sentence only as the printed form of a fact. Changes inside the 95 % limits of
//! repeated measurement are called so and given no direction; projections are conditional and name
//! the model; a scenario that the data do not determine is said to be so and gets no number.

use serde::{Deserialize, Serialize};

use super::fact::{Fact, FactId, FactKind, FactTable, FactValue, Subject};
use super::summary::{GROWTH_MODELS, LOCAL_LEVEL, LOW_CONSISTENCY};

/// Who wrote a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A language model.
    Model,
    /// The rules of [`template`].
    Template,
    /// A person.
    Edited,
}

/// Where a fact stands in a sentence, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The fact.
    pub fact: FactId,
}

/// One sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// The sentence.
    pub text: String,
    /// Who wrote it.
    pub source: Source,
    /// Facts that it rests on, in order of first mention.
    pub facts: Vec<FactId>,
    /// Where they stand, ascending; may be empty for sentences of other origin than the template.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
}

/// Sentences in reading order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrative {
    /// The sentences.
    pub sentences: Vec<Sentence>,
}

/// Below this confidence, in per cent, a mask is mentioned as one to look at again.
const LOW_CONFIDENCE_PCT: f64 = 70.0;

/// Writes the narrative of a fact table.
#[must_use]
pub fn template(table: &FactTable) -> Narrative {
    let mut sentences = Vec::new();
    sentences.extend(overview(table));
    sentences.extend(calibration(table));
    sentences.extend(response(table));
    sentences.extend(treatments(table));
    for label in table.lesions() {
        let of = Subject::Lesion(label.to_owned());
        sentences.extend(diameter(table, &of));
        sentences.extend(volume(table, &of));
        sentences.extend(doubtful(table, &of));
        sentences.extend(inconsistent(table, &of));
    }
    let before = sentences.len();
    sentences.extend(sum_ahead(table));
    for label in table.lesions() {
        let of = Subject::Lesion(label.to_owned());
        sentences.extend(growth(table, &of));
        sentences.extend(projection(table, &of));
        sentences.extend(scenario(table, &of));
    }
    if sentences.len() > before {
        sentences.push(
            Writer::new("Projections assume that treatment was not chosen by unmeasured signs of how the disease would develop.")
                .done(),
        );
    }
    sentences.extend(warnings(table));
    sentences
        .push(Writer::new("Research use only: not for diagnosis or treatment decisions.").done());
    Narrative { sentences }
}

/// A sentence in the making.
struct Writer {
    text: String,
    facts: Vec<FactId>,
    spans: Vec<Span>,
}

impl Writer {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            facts: Vec::new(),
            spans: Vec::new(),
        }
    }

    fn say(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    fn slot(mut self, fact: &Fact, printed: &str) -> Self {
        let start = self.text.len();
        self.text.push_str(printed);
        self.spans.push(Span {
            start,
            end: self.text.len(),
            fact: fact.id,
        });
        if !self.facts.contains(&fact.id) {
            self.facts.push(fact.id);
        }
        self
    }

    fn fact(self, fact: &Fact) -> Self {
        let printed = fact.text.clone();
        self.slot(fact, &printed)
    }

    fn magnitude(self, fact: &Fact) -> Self {
        let printed = fact.magnitude();
        self.slot(fact, &printed)
    }

    /// `follow-up 2 (2024-05-02)`.
    fn visit(self, table: &FactTable, time_point: usize) -> Self {
        match date_of(table, time_point) {
            Some(fact) => {
                let label = match &fact.subject {
                    Subject::TimePoint(label) => label.to_lowercase(),
                    _ => String::new(),
                };
                self.say(&label).say(" (").fact(fact).say(")")
            }
            None => self.say("one time point"),
        }
    }

    /// `lesion L1 (right upper lobe)`, or without the site.
    fn lesion(self, table: &FactTable, of: &Subject, site: bool) -> Self {
        let named = self.say(&of.to_string());
        match table.find(of, None, FactKind::Site) {
            Some(fact) if site => named.say(" (").fact(fact).say(")"),
            _ => named,
        }
    }

    fn done(mut self) -> Sentence {
        if let Some(first) = self.text.chars().next()
            && first.is_ascii_lowercase()
        {
            self.text
                .replace_range(..1, &first.to_ascii_uppercase().to_string());
        }
        Sentence {
            text: self.text,
            source: Source::Template,
            facts: self.facts,
            spans: self.spans,
        }
    }
}

fn date_of(table: &FactTable, time_point: usize) -> Option<&Fact> {
    table
        .facts
        .iter()
        .find(|f| f.kind == FactKind::ScanDate && f.time_point == Some(time_point))
}

/// First and last fact of a kind on a subject.
fn ends<'a>(table: &'a FactTable, of: &'a Subject, kind: FactKind) -> Option<(&'a Fact, &'a Fact)> {
    let mut all = table.of(of, kind);
    let first = all.next()?;
    Some((first, all.last().unwrap_or(first)))
}

fn overview(table: &FactTable) -> Option<Sentence> {
    let of = Subject::Patient;
    let lesions = table.find(&of, None, FactKind::LesionCount)?;
    let visits = table.find(&of, None, FactKind::TimePointCount)?;
    let mut w = Writer::new("")
        .fact(lesions)
        .say(if lesions.number() == Some(1.0) {
            " was followed over "
        } else {
            " were followed over "
        })
        .fact(visits);
    let n = visits.number().unwrap_or(0.0);
    if n > 1.0 {
        let last = n as usize - 1;
        w = w
            .say(", from ")
            .visit(table, 0)
            .say(" to ")
            .visit(table, last);
        let interval = table
            .facts
            .iter()
            .find(|f| f.kind == FactKind::Interval && f.time_point == Some(last));
        if let Some(interval) = interval {
            w = w.say(", an interval of ").fact(interval);
        }
    } else if n > 0.0 {
        w = w.say(", at ").visit(table, 0);
    }
    Some(w.say(".").done())
}

fn is_uncalibrated(fact: &Fact) -> bool {
    matches!(&fact.value, FactValue::Number { unit, .. } if unit == "px" || unit == "voxels")
}

fn calibration(table: &FactTable) -> Option<Sentence> {
    table.facts.iter().any(is_uncalibrated).then(|| {
        Writer::new("Where the image spacing is not known, sizes are in pixels and voxels, and only their ratios and the times derived from them have a physical meaning.")
            .done()
    })
}

/// The fact that says how far repetition alone spreads, and whether the change stays inside.
fn within_error(change: &Fact, limits: Option<&Fact>) -> Option<bool> {
    let change = change.number()?;
    match limits.map(|l| &l.value) {
        Some(FactValue::Range { low, high, .. }) => Some((*low..=*high).contains(&change)),
        _ => None,
    }
}

struct Course<'a> {
    of: &'a Subject,
    size: FactKind,
    change: FactKind,
    limits: FactKind,
    start: Writer,
    site: bool,
}

/// First size, last size, the change and whether repetition alone would explain it.
fn course(table: &FactTable, c: Course<'_>) -> Option<Sentence> {
    let (first, last) = ends(table, c.of, c.size)?;
    let start = c
        .start
        .lesion(table, c.of, c.site)
        .say(" measured ")
        .fact(first);
    let start = start.say(" at ").visit(table, first.time_point?);
    if first.id == last.id {
        return Some(start.say(".").done());
    }
    let w = start
        .say(" and ")
        .fact(last)
        .say(" at ")
        .visit(table, last.time_point?);
    let at = last.time_point;
    let Some(change) = table.find(c.of, at, c.change) else {
        return Some(w.say("; the two are not comparable.").done());
    };
    let limits = table.find(c.of, at, c.limits);
    let w = match (within_error(change, limits), limits) {
        (Some(true), Some(limits)) => w
            .say("; the change of ")
            .fact(change)
            .say(" lies within measurement error, ")
            .fact(limits),
        (Some(false), Some(limits)) => directed(w, change)
            .say(", beyond measurement error of ")
            .fact(limits),
        _ => directed(w, change),
    };
    let w = match nadir(table, c.of, c.size) {
        Some(smallest) => w
            .say("; the smallest value was ")
            .fact(smallest)
            .say(" at ")
            .visit(table, smallest.time_point?),
        None => w,
    };
    Some(w.say(".").done())
}

/// The smallest size, where it lies between the first visit and the last: a comparison of these
/// two alone would hide that the lesion has grown again.
fn nadir<'a>(table: &'a FactTable, of: &'a Subject, kind: FactKind) -> Option<&'a Fact> {
    let (first, last) = ends(table, of, kind)?;
    let unit = |f: &Fact| match &f.value {
        FactValue::Number { unit, .. } => Some(unit.clone()),
        _ => None,
    };
    let smallest = table
        .of(of, kind)
        .filter(|f| unit(f) == unit(last))
        .min_by(|a, b| {
            a.number()
                .partial_cmp(&b.number())
                .unwrap_or(std::cmp::Ordering::Equal)
        })?;
    let shown = |f: &Fact| f.text != smallest.text;
    (shown(first) && shown(last)).then_some(smallest)
}

fn directed(w: Writer, change: &Fact) -> Writer {
    match change.number() {
        Some(v) if v < 0.0 && change.text.starts_with('\u{2212}') => {
            w.say("; it decreased by ").magnitude(change)
        }
        Some(v) if v > 0.0 && change.text.starts_with('+') => {
            w.say("; it increased by ").magnitude(change)
        }
        _ => w.say("; the change is ").fact(change),
    }
}

fn diameter(table: &FactTable, of: &Subject) -> Option<Sentence> {
    let counted = table.find(of, None, FactKind::CountedDiameter)?;
    course(
        table,
        Course {
            of,
            size: FactKind::RecistDiameter,
            change: FactKind::ChangeFromBaseline,
            limits: FactKind::DiameterRepeatability,
            start: Writer::new("The ").fact(counted).say(" of "),
            site: true,
        },
    )
}

fn volume(table: &FactTable, of: &Subject) -> Option<Sentence> {
    course(
        table,
        Course {
            of,
            size: FactKind::Volume,
            change: FactKind::VolumeChange,
            limits: FactKind::VolumeRepeatability,
            start: Writer::new("The volume of "),
            site: false,
        },
    )
}

fn doubtful(table: &FactTable, of: &Subject) -> Vec<Sentence> {
    table
        .of(of, FactKind::Confidence)
        .filter(|f| f.number().is_some_and(|v| v < LOW_CONFIDENCE_PCT))
        .filter_map(|f| {
            let w = Writer::new("The outline of ")
                .lesion(table, of, false)
                .say(" at ")
                .visit(table, f.time_point?);
            Some(w.say(" has a confidence of only ").fact(f).say(".").done())
        })
        .collect()
}

/// Outlines that another hand would have made otherwise; what to do about them is said with the warning.
fn inconsistent(table: &FactTable, of: &Subject) -> Vec<Sentence> {
    table
        .of(of, FactKind::Consistency)
        .filter(|f| f.number().is_some_and(|v| v < LOW_CONSISTENCY))
        .filter_map(|f| {
            let w = Writer::new("The outline of ")
                .lesion(table, of, false)
                .say(" at ")
                .visit(table, f.time_point?)
                .say(" has a consistency of only ")
                .fact(f)
                .say(": it depends on just where the gesture was made.");
            Some(w.done())
        })
        .collect()
}

fn response(table: &FactTable) -> Vec<Sentence> {
    let of = Subject::Patient;
    let mut out = Vec::new();
    let Some((first, last)) = ends(table, &of, FactKind::SumOfDiameters) else {
        return out;
    };
    let (Some(from), Some(at)) = (first.time_point, last.time_point) else {
        return out;
    };
    let mut w = Writer::new("The sum of target diameters was ")
        .fact(first)
        .say(" at ")
        .visit(table, from);
    if from == at {
        return vec![w.say(".").done()];
    }
    w = w.say(" and ").fact(last).say(" at ").visit(table, at);
    if let Some(f) = table.find(&of, Some(at), FactKind::ChangeFromBaseline) {
        w = w.say(", ").fact(f).say(" from baseline");
    }
    if let Some(f) = table.find(&of, Some(at), FactKind::ChangeFromNadir) {
        w = w.say(" and ").fact(f).say(" from nadir");
    }
    out.push(w.say(".").done());
    let Some(category) = table.find(&of, Some(at), FactKind::Response) else {
        return out;
    };
    let mut w = Writer::new("By the thresholds of RECIST 1.1 the target response at ")
        .visit(table, at)
        .say(" is ")
        .fact(category);
    if let Some(f) = table.find(&of, Some(at), FactKind::ResponseProbability) {
        w = w
            .say("; allowing for measurement error, the probabilities are ")
            .fact(f);
    }
    out.push(w.say(".").done());
    out
}

fn treatments(table: &FactTable) -> Option<Sentence> {
    let of = Subject::Patient;
    let mut w = Writer::new("Treatment on record: ");
    for (i, f) in table.of(&of, FactKind::Treatment).enumerate() {
        w = if i == 0 { w } else { w.say("; ") }.fact(f);
    }
    (!w.facts.is_empty()).then(|| w.say(".").done())
}

fn growth(table: &FactTable, of: &Subject) -> Option<Sentence> {
    let w = Writer::new("Under the model, ");
    let find = |kind| table.find(of, None, kind);
    let w = match (find(FactKind::DoublingTime), find(FactKind::HalvingTime)) {
        (Some(f), _) if matches!(f.value, FactValue::Category { .. }) => w
            .say("whether ")
            .lesion(table, of, false)
            .say(" grows or shrinks is ")
            .fact(f)
            .say(" by the data"),
        (Some(f), _) => w
            .say("the volume of ")
            .lesion(table, of, false)
            .say(" doubles in ")
            .fact(f),
        (None, Some(f)) => w
            .say("the volume of ")
            .lesion(table, of, false)
            .say(" halves in ")
            .fact(f),
        (None, None) => return None,
    };
    let w = match find(FactKind::ModelWeights) {
        Some(f) => w.say("; model weights: ").fact(f),
        None => w,
    };
    Some(w.say(".").done())
}

/// Facts of one projection day.
fn on_day<'a>(table: &'a FactTable, of: &Subject, day: f64, kind: FactKind) -> Option<&'a Fact> {
    table
        .facts
        .iter()
        .find(|f| f.kind == kind && f.subject == *of && f.day == Some(day))
}

/// The last day projected on, which the narrative speaks of; the table has all.
fn last_day<'a>(table: &'a FactTable, of: &'a Subject) -> Option<(&'a Fact, f64)> {
    let fact = table.of(of, FactKind::ProjectionDay).last()?;
    Some((fact, fact.day?))
}

fn projection(table: &FactTable, of: &Subject) -> Vec<Sentence> {
    let mut out = Vec::new();
    let Some((day, on)) = last_day(table, of) else {
        return out;
    };
    let Some(size) = on_day(table, of, on, FactKind::ProjectedSize) else {
        return out;
    };
    let forecaster = table.find(of, None, FactKind::Forecaster);
    let is_local = forecaster.is_some_and(|f| f.text.starts_with(LOCAL_LEVEL));
    let (start, under) = if is_local {
        ("Without a model of growth, ", " would measure ")
    } else {
        (
            "With treatment as recorded, ",
            " would, under the model, measure ",
        )
    };
    let mut w = Writer::new(start)
        .lesion(table, of, false)
        .say(under)
        .fact(size)
        .say(" ")
        .fact(day)
        .say(" after baseline");
    if let Some(f) = table.find(of, None, FactKind::LastObservation) {
        w = w
            .say("; carrying the last observation forward gives ")
            .fact(f);
    }
    out.push(w.say(".").done());
    if let Some(f) = forecaster {
        out.push(
            Writer::new("Forecast of ")
                .lesion(table, of, false)
                .say(" by ")
                .fact(f)
                .say(".")
                .done(),
        );
    }
    for (kind, by) in [
        (FactKind::ProgressionProbability, "under the model"),
        (
            FactKind::ProgressionProbabilityLocal,
            "without a model of growth",
        ),
    ] {
        let Some(f) = table.find(of, None, kind) else {
            continue;
        };
        out.push(
            Writer::new("The probability that ")
                .lesion(table, of, false)
                .say(" by itself would, ")
                .say(by)
                .say(", count as progressed at the next scan is ")
                .fact(f)
                .say(".")
                .done(),
        );
    }
    if let Some(horizon) = table.find(of, None, FactKind::Horizon)
        && horizon.number().is_some_and(|h| on > h)
    {
        out.push(
            Writer::new("For ")
                .lesion(table, of, false)
                .say(" that day lies beyond the horizon of ")
                .fact(horizon)
                .say(" after baseline, up to which the follow-up supports a projection.")
                .done(),
        );
    }
    out
}

/// The sum of targets at the next scan.
fn sum_ahead(table: &FactTable) -> Option<Sentence> {
    let of = Subject::Patient;
    let sum = table.find(&of, None, FactKind::ProjectedSum)?;
    let day = on_day(table, &of, sum.day?, FactKind::ProjectionDay)?;
    let start = match table.find(&of, None, FactKind::Forecaster)?.text.as_str() {
        GROWTH_MODELS => "Under the models, ",
        LOCAL_LEVEL => "Without a model of growth, ",
        _ => "Under the models for some lesions and without a model for the others, ",
    };
    let mut w = Writer::new(start)
        .say("the sum of target diameters would measure ")
        .fact(sum)
        .say(" at the next scan, ")
        .fact(day)
        .say(" after baseline");
    if let Some(f) = table.find(&of, None, FactKind::SumProgression) {
        w = w
            .say("; the probability that it would count as progressed is ")
            .fact(f);
    }
    Some(w.say(".").done())
}

fn scenario(table: &FactTable, of: &Subject) -> Option<Sentence> {
    let (day, on) = last_day(table, of)?;
    let size = on_day(table, of, on, FactKind::ScenarioSize)?;
    let difference = on_day(table, of, on, FactKind::ScenarioDifference)?;
    let verdict = on_day(table, of, on, FactKind::Identification)?;
    let condition = table.find(&Subject::Patient, None, FactKind::ScenarioCondition)?;
    let level = on_day(table, of, on, FactKind::EvidenceLevel);
    let w = Writer::new("If ").fact(condition).say(", ");
    let w = if verdict.text.starts_with("not identified") {
        w.say("what would, under the model, become of ")
            .lesion(table, of, false)
            .say(" is ")
            .fact(verdict)
    } else {
        w.lesion(table, of, false)
            .say(" would, under the model, measure ")
            .fact(size)
            .say(" ")
            .fact(day)
            .say(" after baseline, a difference of ")
            .fact(difference)
            .say(" from treatment as recorded")
    };
    let w = match level {
        Some(f) => w.say(" (evidence level ").fact(f).say(")"),
        None => w,
    };
    Some(w.say(".").done())
}

/// Each distinct warning once, the first place where it was raised named.
fn warnings(table: &FactTable) -> Vec<Sentence> {
    let mut seen: Vec<&str> = Vec::new();
    let mut out = Vec::new();
    for f in &table.facts {
        if f.kind != FactKind::Warning || seen.contains(&f.text.as_str()) {
            continue;
        }
        seen.push(&f.text);
        let w = match (&f.subject, f.time_point) {
            (Subject::Lesion(_), Some(t)) => Writer::new("Warning on ")
                .lesion(table, &f.subject, false)
                .say(" at ")
                .visit(table, t),
            (Subject::Lesion(_), None) => {
                Writer::new("Warning on the model of ").lesion(table, &f.subject, false)
            }
            (_, Some(t)) => Writer::new("Warning on the images at ").visit(table, t),
            (_, None) => Writer::new("Warning"),
        };
        let w = w.say(": ").fact(f);
        let end = if f.text.ends_with(['.', '!', '?']) {
            ""
        } else {
            "."
        };
        out.push(w.say(end).done());
    }
    out
}
