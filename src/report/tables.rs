//! The tables of a report, the same for every document format.

use serde::Serialize;

use crate::narrate::{
    CaseSummary, Fact, FactKind, FactTable, FactValue, Narrative, Sentence, Subject, lesion_labels,
    time_point_label,
};

use super::Report;

/// Text, with the fact that it prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    pub(super) text: String,
    /// Fact id; empty for plain text.
    pub(super) fact: String,
}

impl Part {
    fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            fact: String::new(),
        }
    }

    fn fact(fact: &Fact) -> Self {
        Self {
            text: fact.text.clone(),
            fact: fact.id.to_string(),
        }
    }
}

/// A cell: lines of parts. Lines after the first are secondary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Cell {
    pub(super) lines: Vec<Vec<Part>>,
    /// Response code for marking; empty otherwise.
    pub(super) mark: String,
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self {
            lines: vec![vec![Part::plain(text)]],
            mark: String::new(),
        }
    }

    /// Plain lines.
    pub(super) fn lines<T: Into<String>>(lines: impl IntoIterator<Item = T>) -> Self {
        Self {
            lines: lines
                .into_iter()
                .map(|line| vec![Part::plain(line)])
                .collect(),
            mark: String::new(),
        }
    }

    fn facts<'a>(facts: impl IntoIterator<Item = Option<&'a Fact>>) -> Self {
        let lines: Vec<_> = facts.into_iter().flatten().flat_map(lines_of).collect();
        if lines.is_empty() {
            Self::text("\u{2013}")
        } else {
            Self {
                lines,
                mark: String::new(),
            }
        }
    }
}

/// A fact as lines of a cell: an interval stands below its median.
fn lines_of(fact: &Fact) -> Vec<Vec<Part>> {
    let with_median = matches!(
        fact.value,
        FactValue::Range {
            median: Some(_),
            ..
        }
    );
    match fact.text.split_once(" (") {
        Some((median, interval)) if with_median => [median, interval.trim_end_matches(')')]
            .map(|text| {
                vec![Part {
                    text: text.to_owned(),
                    fact: fact.id.to_string(),
                }]
            })
            .into(),
        _ => vec![vec![Part::fact(fact)]],
    }
}

/// A row with its heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    pub(super) head: Cell,
    pub(super) cells: Vec<Cell>,
    /// Place of the lesion in the list, for its colour; −1 for none.
    pub(super) color: i64,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) columns: Vec<Vec<String>>,
    pub(super) rows: Vec<Row>,
    /// One column per visit.
    pub(super) per_visit: bool,
}

/// Column headings: label, date, day of each visit.
fn visits(case: &CaseSummary, first: &str) -> Vec<Vec<String>> {
    let mut out = vec![vec![first.to_owned()]];
    for (t, visit) in case.time_points.iter().enumerate() {
        let date = visit
            .date
            .map_or_else(|| "date unknown".to_owned(), |d| d.to_string());
        let day = visit
            .day
            .map(|d| format!("day {}", (d.0 * 10.0).round() / 10.0));
        out.push(
            [Some(time_point_label(t)), Some(date), day]
                .into_iter()
                .flatten()
                .collect(),
        );
    }
    out
}

fn lesion_head(label: &str, detail: &str) -> Cell {
    let mut lines = vec![vec![Part::plain(label)]];
    if !detail.is_empty() {
        lines.push(vec![Part::plain(detail)]);
    }
    Cell {
        lines,
        mark: String::new(),
    }
}

/// Visits: modality, slice thickness, interval, warnings.
pub(super) fn technique(report: &Report) -> Table {
    let (case, facts) = (&report.case, &report.facts);
    let rows = (0..case.time_points.len())
        .map(|t| {
            let of = Subject::TimePoint(time_point_label(t));
            let find = |kind| facts.find(&of, Some(t), kind);
            Row {
                head: Cell::text(time_point_label(t)),
                cells: vec![
                    Cell::facts([find(FactKind::ScanDate)]),
                    Cell::facts([find(FactKind::Interval)]),
                    Cell::facts([find(FactKind::Modality)]),
                    Cell::facts([find(FactKind::SliceThickness)]),
                    Cell::facts(
                        facts
                            .of(&of, FactKind::Warning)
                            .filter(|f| f.time_point == Some(t))
                            .map(Some),
                    ),
                ],
                color: -1,
            }
        })
        .collect();
    Table {
        caption: "Images at each time point".into(),
        columns: [
            "Time point",
            "Date",
            "From baseline",
            "Modality",
            "Slice thickness",
            "Warnings",
        ]
        .map(|c| vec![c.to_owned()])
        .into(),
        rows,
        per_visit: false,
    }
}

/// Diameters of each lesion at each visit.
pub(super) fn diameters(report: &Report) -> Table {
    let (case, facts) = (&report.case, &report.facts);
    let rows = case
        .lesions
        .iter()
        .zip(lesion_labels(case))
        .enumerate()
        .map(|(i, (lesion, label))| {
            let of = Subject::Lesion(label.clone());
            let counted = if lesion.nodal {
                "node: short axis counts"
            } else {
                "longest diameter counts"
            };
            let detail = [lesion.organ.as_str(), lesion.role.as_str(), counted]
                .into_iter()
                .filter(|s| !s.is_empty())
                .collect::<Vec<_>>()
                .join(" \u{b7} ");
            let cells = (0..case.time_points.len())
                .map(|t| {
                    let find = |kind| facts.find(&of, Some(t), kind);
                    let mut lines = Vec::new();
                    let axes = [find(FactKind::LongestDiameter), find(FactKind::ShortAxis)];
                    let mut first: Vec<Part> = Vec::new();
                    for f in axes.into_iter().flatten() {
                        if !first.is_empty() {
                            first.push(Part::plain(" \u{d7} "));
                        }
                        first.push(Part::fact(f));
                    }
                    if !first.is_empty() {
                        lines.push(first);
                    }
                    if let Some(f) = find(FactKind::ChangeFromBaseline) {
                        lines.push(vec![Part::fact(f), Part::plain(" from first")]);
                    }
                    if let Some(f) = find(FactKind::DrawnDiameter) {
                        lines.push(vec![Part::plain("drawn "), Part::fact(f)]);
                    }
                    let source = find(FactKind::RecistSource).filter(|f| f.text != "mask");
                    if let (Some(f), Some(source)) = (find(FactKind::RecistDiameter), source) {
                        lines.push(vec![
                            Part::fact(f),
                            Part::plain(" counts ("),
                            Part::fact(source),
                            Part::plain(")"),
                        ]);
                    }
                    if lines.is_empty() {
                        return Cell::text("not measured");
                    }
                    Cell {
                        lines,
                        mark: String::new(),
                    }
                })
                .collect();
            Row {
                head: lesion_head(&label, &detail),
                cells,
                color: i as i64,
            }
        })
        .collect();
    Table {
        caption: "Diameters: longest \u{d7} perpendicular".into(),
        columns: visits(case, "Lesion"),
        rows,
        per_visit: true,
    }
}

/// Sum, changes, category, probability and rule at each visit.
pub(super) fn response(report: &Report) -> Table {
    let (case, facts) = (&report.case, &report.facts);
    let of = Subject::Patient;
    let row = |name: &str, kinds: &[FactKind]| Row {
        head: Cell::text(name),
        cells: (0..case.time_points.len())
            .map(|t| {
                let mut cell = Cell::facts(kinds.iter().map(|&k| facts.find(&of, Some(t), k)));
                if kinds == [FactKind::Response]
                    && let Some(f) = facts.find(&of, Some(t), FactKind::Response)
                {
                    cell.mark.clone_from(&f.text);
                }
                cell
            })
            .collect(),
        color: -1,
    };
    Table {
        caption: "Target response (RECIST 1.1)".into(),
        columns: visits(case, ""),
        rows: vec![
            row("Sum of diameters", &[FactKind::SumOfDiameters]),
            row("Change from baseline", &[FactKind::ChangeFromBaseline]),
            row(
                "Change from nadir",
                &[FactKind::ChangeFromNadir, FactKind::ChangeFromNadirLength],
            ),
            row("Response", &[FactKind::Response]),
            row("Probability", &[FactKind::ResponseProbability]),
            row("Rule", &[FactKind::ResponseRule]),
        ],
        per_visit: true,
    }
}

/// Volumes with change, what repetition alone would show, and confidence of the mask.
pub(super) fn volumes(report: &Report) -> Table {
    let (case, facts) = (&report.case, &report.facts);
    let rows = lesion_labels(case)
        .into_iter()
        .enumerate()
        .map(|(i, label)| {
            let of = Subject::Lesion(label.clone());
            let cells = (0..case.time_points.len())
                .map(|t| {
                    let find = |kind| facts.find(&of, Some(t), kind);
                    let mut cell = Cell::facts([find(FactKind::Volume)]);
                    if let Some(f) = find(FactKind::PartialVolume) {
                        cell.lines
                            .push(vec![Part::fact(f), Part::plain(" with partial voxels")]);
                    }
                    if let Some(f) = find(FactKind::VolumeChange) {
                        cell.lines
                            .push(vec![Part::fact(f), Part::plain(" from first")]);
                    }
                    if let Some(f) = find(FactKind::VolumeRepeatability) {
                        let mut limits = Part::fact(f);
                        // The note below the table says which interval it is.
                        if let Some((ends, _)) = f.text.split_once(" (") {
                            limits.text = ends.to_owned();
                        }
                        cell.lines.push(vec![Part::plain("error "), limits]);
                    }
                    if let Some(f) = find(FactKind::Confidence) {
                        cell.lines
                            .push(vec![Part::plain("confidence "), Part::fact(f)]);
                    }
                    cell
                })
                .collect();
            Row {
                head: lesion_head(&label, ""),
                cells,
                color: i as i64,
            }
        })
        .collect();
    Table {
        caption: "Volumes".into(),
        columns: visits(case, "Lesion"),
        rows,
        per_visit: true,
    }
}

/// The sum of targets at the next scan, as a row of the projections.
fn sum_ahead(facts: &FactTable) -> Option<Row> {
    let of = Subject::Patient;
    let find = |kind| facts.find(&of, None, kind);
    let sum = find(FactKind::ProjectedSum)?;
    let day = facts
        .of(&of, FactKind::ProjectionDay)
        .find(|f| f.day == sum.day);
    Some(Row {
        head: Cell::text("Sum of target diameters, next scan"),
        cells: vec![
            Cell::facts([day]),
            Cell::facts([Some(sum)]),
            Cell::facts([]),
            Cell::facts([]),
            Cell::facts([]),
            Cell::facts([]),
            Cell::facts([find(FactKind::Forecaster), find(FactKind::SumProgression)]),
        ],
        color: -1,
    })
}

/// Doubling time, models and projections of each lesion, below the sum of the targets.
pub(super) fn projections(report: &Report) -> Table {
    let facts = &report.facts;
    let mut rows: Vec<Row> = sum_ahead(facts).into_iter().collect();
    for (i, label) in lesion_labels(&report.case).into_iter().enumerate() {
        let of = Subject::Lesion(label.clone());
        let find = |kind| facts.find(&of, None, kind);
        let time = match (find(FactKind::DoublingTime), find(FactKind::HalvingTime)) {
            (Some(f), _) => Some(("doubling in ", f)),
            (None, Some(f)) => Some(("halving in ", f)),
            (None, None) => None,
        };
        for day in facts.of(&of, FactKind::ProjectionDay) {
            let on = |kind| facts.of(&of, kind).find(|f| f.day == day.day);
            let mut pace = Cell::facts([
                find(FactKind::ModelWeights),
                find(FactKind::Forecaster),
                find(FactKind::ProgressionProbability),
                find(FactKind::ProgressionProbabilityLocal),
            ]);
            if let Some((word, f)) = time {
                let word = if f.number().is_none() && f.text == "undetermined" {
                    "direction "
                } else {
                    word
                };
                let mut lines = lines_of(f);
                lines[0].insert(0, Part::plain(word));
                lines.append(&mut pace.lines);
                pace.lines = lines;
            }
            rows.push(Row {
                head: lesion_head(&label, ""),
                cells: vec![
                    Cell::facts([Some(day)]),
                    Cell::facts([on(FactKind::ProjectedSize)]),
                    Cell::facts([find(FactKind::LastObservation)]),
                    Cell::facts([on(FactKind::ScenarioSize)]),
                    Cell::facts([on(FactKind::ScenarioDifference)]),
                    Cell::facts([on(FactKind::EvidenceLevel), on(FactKind::Identification)]),
                    pace,
                ],
                color: i as i64,
            });
        }
    }
    Table {
        caption: "Projections".into(),
        columns: [
            "Lesion",
            "After baseline",
            "As treated",
            "Last observation carried forward",
            "Scenario",
            "Difference, paired",
            "Evidence",
            "Growth",
        ]
        .map(|c| vec![c.to_owned()])
        .into(),
        rows,
        per_visit: false,
    }
}

/// Every fact with its id.
pub(super) fn appendix(facts: &FactTable) -> Vec<AppendixRow> {
    facts
        .facts
        .iter()
        .map(|f| AppendixRow {
            id: f.id.to_string(),
            subject: f.subject.to_string(),
            when: match (f.time_point, f.date, f.day) {
                (_, Some(date), _) => date.to_string(),
                (Some(t), None, _) => time_point_label(t),
                (None, None, Some(day)) => format!("day {day}"),
                (None, None, None) => String::new(),
            },
            kind: f.kind.label().to_owned(),
            value: f.text.clone(),
        })
        .collect()
}

/// One fact in the appendix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct AppendixRow {
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) when: String,
    pub(super) kind: String,
    pub(super) value: String,
}

/// A sentence as parts; where it has no spans, its facts follow it in brackets.
pub(super) fn sentence(sentence: &Sentence) -> Vec<Part> {
    let mut out = Vec::new();
    let mut at = 0;
    for span in &sentence.spans {
        let (Some(before), Some(printed)) = (
            sentence.text.get(at..span.start),
            sentence.text.get(span.start..span.end),
        ) else {
            continue;
        };
        out.push(Part::plain(before));
        out.push(Part {
            text: printed.to_owned(),
            fact: span.fact.to_string(),
        });
        at = span.end;
    }
    out.push(Part::plain(sentence.text.get(at..).unwrap_or_default()));
    if sentence.spans.is_empty() {
        for id in &sentence.facts {
            out.push(Part::plain(" "));
            out.push(Part {
                text: format!("[{id}]"),
                fact: id.to_string(),
            });
        }
    }
    out.retain(|p| !p.text.is_empty());
    out
}

/// Sentences that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Paragraph {
    /// The lesion that it is on; empty for the patient.
    pub(super) lead: String,
    pub(super) parts: Vec<Part>,
}

/// The narrative in paragraphs: consecutive sentences on one lesion, or on none, stand together.
pub(super) fn narrative(narrative: &Narrative, facts: &FactTable) -> Vec<Paragraph> {
    let mut out: Vec<Paragraph> = Vec::new();
    for s in &narrative.sentences {
        let lead = s
            .facts
            .iter()
            .filter_map(|id| match &facts.get(*id)?.subject {
                Subject::Lesion(label) => Some(label.clone()),
                _ => None,
            })
            .next()
            .unwrap_or_default();
        match out.last_mut().filter(|p| p.lead == lead) {
            Some(paragraph) => {
                paragraph.parts.push(Part::plain(" "));
                paragraph.parts.extend(sentence(s));
            }
            None => out.push(Paragraph {
                lead,
                parts: sentence(s),
            }),
        }
    }
    out
}

/// Treatments on record.
pub(super) fn treatments(facts: &FactTable) -> Vec<Part> {
    facts
        .of(&Subject::Patient, FactKind::Treatment)
        .map(Part::fact)
        .collect()
}
