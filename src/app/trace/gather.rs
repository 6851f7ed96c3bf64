//! What a number was made of, as the record tells it.

use super::{Node, Outline};
use crate::app::command::Subject;
use crate::app::state::State;
use crate::app::summary::{self, Summary};
use crate::app::value;
use crate::app::view_build::{axes, local_time, signoff_text, warning_line};
use crate::app::{VERSION, lookup, reading};
use crate::case::{Annotation, Lesion, LesionId, LesionRole, MaskStep, PatientId, TimePointId};
use crate::measure::VolumeRule;
use crate::narrate::{self, FactId, FactKind};

/// Entries that make a mask stand.
const MASKED: &[&str] = &["mask.make", "mask.restore"];

/// Tells where a number comes from; `None` when there is no such number.
pub(in crate::app) fn gather(state: &mut State, subject: Subject) -> Option<Outline> {
    let (title, nodes) = match subject {
        Subject::Size(id) => {
            let mark = state.annotation(id)?.clone();
            let mut nodes = Vec::new();
            size(state, &mark, 0, &mut nodes);
            (size_title(state, &mark)?, nodes)
        }
        Subject::Response(id) => response(state, id)?,
        Subject::Growth(id) => growth(state, id)?,
        Subject::Fact(n) => fact(state, n)?,
        Subject::Reading(id) => signed(state, id)?,
    };
    Some(Outline {
        title,
        nodes,
        readers: state.records.readers.clone(),
    })
}

fn size_title(state: &State, mark: &Annotation) -> Option<String> {
    let lesion = state.lesion(mark.lesion)?;
    let visit = lookup::visit_of(&state.records, mark)?;
    let counted = value::recist(state, lesion, mark);
    let which = if lesion.nodal {
        "short axis"
    } else {
        "longest diameter"
    };
    let length = counted.map(|c| format!(" · {which} {}", c.length));
    Some(format!(
        "{} · {}{}",
        lesion.label,
        state.visit_name(visit),
        length.unwrap_or_default()
    ))
}

/// What RECIST counts of a mark, and by whose decision.
fn counts(state: &State, mark: &Annotation) -> String {
    let segmented = state.segmented(mark.id);
    let sound = value::sound_mask(state, mark).is_some();
    let by_rule = match (mark.marking.counts, segmented, sound) {
        (Some(source), ..) => return format!("{}: a reader chose it", source.word()),
        (None, None, _) if mark.marking.line().is_none() => {
            "what others measured: there is no mask"
        }
        (None, None, _) => "the diameter as drawn: there is no mask",
        (None, Some(_), false) => value::DOUBTFUL_NOTE,
        (None, Some(_), true) => "what was measured on the mask",
    };
    by_rule.to_owned()
}

/// Measurement, mask, gesture and image of a mark.
fn size(state: &State, mark: &Annotation, depth: usize, nodes: &mut Vec<Node>) {
    let drawn = value::drawn_length(state, mark).map(|l| l.to_string());
    let drawn = drawn.unwrap_or_default();
    let segmented = state.segmented(mark.id);
    let mut measurement = Node::new(depth, "Measurement").line("What counts", counts(state, mark));
    if !drawn.is_empty() {
        measurement = measurement.line("Diameter as drawn", drawn.clone());
    }
    let caliper_short = mark.marking.caliper.and_then(|c| c.short);
    if let Some(short) = caliper_short.and_then(|l| value::line_length(state, mark.series, l)) {
        measurement = measurement.line("Short axis as drawn", short.to_string());
    }
    if let Some(imported) = mark.marking.imported {
        let short = imported.short.map_or(String::new(), |s| format!(" × {s}"));
        measurement = measurement.line("As others measured", format!("{}{short}", imported.long));
    }
    if let Some(s) = segmented {
        measurement = measurement
            .line("Axes", axes(&s.measured))
            .line("Volume", s.measured.volume.display())
            .line(
                "Volume with partial voxels",
                s.partial_volume.map_or_else(String::new, |v| v.display()),
            )
            .line("Voxels", s.measured.voxels.to_string())
            .line("Slice of the axes", (s.measured.axis_slice + 1).to_string())
            .line(
                "Method",
                "longest line between outer voxel corners in one slice, its perpendicular extent, and voxels times their volumes, on the native grid",
            );
        if let Some(grid) = state
            .items
            .get(&mark.series)
            .and_then(|i| i.grid.as_deref())
        {
            measurement = measurement.line("The volume is", VolumeRule::of(grid).words());
        }
    }
    nodes.push(measurement.line("Software shown with", format!("OncoTwin {VERSION}")));
    if let Some(s) = segmented {
        let warnings: Vec<String> = s.warnings.iter().map(warning_line).collect();
        nodes.push(
            Node::new(depth + 1, "Segmentation")
                .line("Engine", s.engine.clone())
                .line("Confidence", format!("{:.2}", s.confidence))
                .line(
                    "Consistency with gestures a pixel or two beside",
                    s.consistency
                        .map_or_else(String::new, |c| format!("{c:.2}")),
                )
                .line("Mask (SHA-256)", s.mask_sha256.clone())
                .line("Warnings", warnings.join("\n"))
                .entered(mark.id, MASKED)
                .having("artifact", &s.artifact_sha256),
        );
    }
    let deeper = depth + if segmented.is_some() { 2 } else { 1 };
    let point = |p: crate::geometry::Point| {
        let [x, y, z]: [f64; 3] = p.into();
        format!("{x:.1}, {y:.1}, {z:.1}")
    };
    let mut gesture = Node::new(deeper, "Gesture");
    if let Some([p0, p1]) = mark.marking.line() {
        gesture = Node::new(deeper, "Drawn diameter")
            .line(
                "From, to (LPS mm)",
                format!("{} → {}", point(p0), point(p1)),
            )
            .line("Length", drawn);
    }
    let steps: Vec<&str> = mark.marking.steps.iter().map(MaskStep::word).collect();
    if steps.len() > 1 || mark.marking.line().is_none() {
        gesture = gesture.line("Steps", steps.join(", "));
    }
    nodes.push(
        gesture
            .line("Drawn", local_time(mark.created))
            .line("Gesture", mark.id.to_string())
            .entered(mark.id, &["annotation.draw", "annotation.correct"]),
    );
    if let Some(series) = state.series(mark.series) {
        let [columns, rows, slices] = series.shape;
        let warnings: Vec<String> = series.warnings.iter().map(warning_line).collect();
        let spacing = if series.calibrated {
            let [x, y, z] = series.spacing_mm;
            format!("{x:.3} × {y:.3} × {z:.3} mm")
        } else {
            "unknown".to_owned()
        };
        nodes.push(
            Node::new(deeper, "Image")
                .line("Modality", series.modality.code())
                .line("Voxels", format!("{columns} × {rows} × {slices}"))
                .line("Spacing", spacing)
                .line("Frame", series.frame_index().to_string())
                .line(
                    "Study date",
                    series.study_date.map(|d| d.to_string()).unwrap_or_default(),
                )
                .line("Files (BLAKE3)", series.fingerprint.clone())
                .line("Series", series.id.to_string())
                .line("Warnings", warnings.join("\n"))
                .entered(series.id, &["series.import", "series.frame"]),
        );
    }
}

/// Sum and category of a visit, and each summand.
fn response(state: &mut State, id: TimePointId) -> Option<(String, Vec<Node>)> {
    let patient = state.time_point(id)?.patient;
    let summary = state.summary(patient);
    let n = state.visits(patient).iter().position(|t| *t == id)?;
    let mut nodes = Vec::new();
    response_nodes(state, patient, &summary, n, 0, &mut nodes);
    let cell = summary.response.get(n)?;
    let parts = [&cell.sum, &cell.change, &cell.category];
    let parts: Vec<&str> = parts
        .iter()
        .map(|p| p.as_str())
        .filter(|p| !p.is_empty())
        .collect();
    Some((
        format!(
            "Response · {} · {}",
            state.visit_name(id),
            parts.join(" · ")
        ),
        nodes,
    ))
}

fn response_nodes(
    state: &State,
    patient: PatientId,
    summary: &Summary,
    n: usize,
    depth: usize,
    nodes: &mut Vec<Node>,
) {
    let Some(cell) = summary.response.get(n) else {
        return;
    };
    nodes.push(
        Node::new(depth, "Response")
            .line("Criteria", "RECIST 1.1 (Eisenhauer et al., Eur J Cancer 2009;45:228), target lesions; new lesions as marked")
            .line("Sum of diameters", cell.sum.clone())
            .line("Change", cell.change.clone())
            .line("Category", cell.category.clone())
            .line("Probability", cell.probability.clone())
            .line("Rule", cell.why.clone())
            .line("Software shown with", format!("OncoTwin {VERSION}")),
    );
    let targets = state
        .lesions_of(patient)
        .filter(|l| l.role == LesionRole::Target);
    let visits = state.visits(patient);
    for lesion in targets {
        let mark = visits
            .get(n)
            .and_then(|v| state.annotation_at(lesion.id, *v));
        summand(state, lesion, mark, depth + 1, nodes);
    }
}

fn summand(
    state: &State,
    lesion: &Lesion,
    mark: Option<&Annotation>,
    depth: usize,
    nodes: &mut Vec<Node>,
) {
    let counted = mark.and_then(|m| value::recist(state, lesion, m));
    let length = counted.map_or_else(
        || "not assessed".to_owned(),
        |c| format!("{} ({})", c.length, c.source.word()),
    );
    let which = if lesion.nodal {
        "short axis"
    } else {
        "longest diameter"
    };
    nodes.push(Node::new(depth, format!("Summand {}", lesion.label)).line(which, length));
    if let Some(mark) = mark {
        size(state, mark, depth + 1, nodes);
    }
}

/// Models, priors and data of a twin.
fn growth(state: &State, id: LesionId) -> Option<(String, Vec<Node>)> {
    let lesion = state.lesion(id)?;
    let mut nodes = Vec::new();
    growth_nodes(state, lesion, 0, &mut nodes);
    Some((format!("Growth of {}", lesion.label), nodes))
}

fn growth_nodes(state: &State, lesion: &Lesion, depth: usize, nodes: &mut Vec<Node>) {
    let Some(result) = state.twin(lesion.id) else {
        nodes.push(Node::new(depth, "Twin").line("State", "there is no fit to trace"));
        return;
    };
    let fit = &result.fit;
    let weights: Vec<String> = fit
        .models
        .iter()
        .map(|m| format!("{} {:.3}", m.model.name(), m.weight))
        .collect();
    let scenario = state
        .records
        .scenarios
        .iter()
        .find(|s| s.patient == lesion.patient);
    let scenario = scenario.map(|s| crate::app::view_build::scenario_label(&s.change));
    let warnings: Vec<String> = result.warnings.iter().map(warning_line).collect();
    let key = result.key.map(|k| k.to_string()).unwrap_or_default();
    nodes.push(
        Node::new(depth, "Twin")
            .line("Methods", fit.version.clone())
            .line("Models and weights", weights.join(", "))
            .line(
                "Prior",
                format!("{}: {}", fit.prior.name(), fit.prior.source()),
            )
            .line("Seed", fit.seed.to_string())
            .line("Stage key (BLAKE3)", key.clone())
            .line("Scenario", scenario.unwrap_or_default())
            .line("Evidence", summary::ladder_name(result.projection.ladder))
            .line("Warnings", warnings.join("\n"))
            .entered(lesion.id, &["twin.fit"])
            .having("stage_key", &key),
    );
    for event in fit.treatments.plan().events() {
        let drug = event.drug().and_then(|drug| fit.treatments.name(drug));
        nodes.push(
            Node::new(depth + 1, "Treatment")
                .line("Drug", drug.unwrap_or_default().to_owned())
                .line(
                    "As fitted",
                    serde_json::to_string(event).unwrap_or_default(),
                ),
        );
    }
    for visit in state.visits(lesion.patient) {
        if let Some(mark) = state.annotation_at(lesion.id, visit) {
            let date = state.time_point(visit).and_then(|t| t.date);
            nodes.push(
                Node::new(
                    depth + 1,
                    format!("Observation {}", state.visit_name(visit)),
                )
                .line("Date", date.map(|d| d.to_string()).unwrap_or_default()),
            );
            size(state, mark, depth + 2, nodes);
        }
    }
}

/// What the forecast of the sum of targets rests on.
fn sum_nodes(state: &State, patient: PatientId, nodes: &mut Vec<Node>) {
    let Some(sum) = state.sum_of_targets(patient) else {
        nodes.push(Node::new(1, "Sum of targets").line("State", "there is no forecast to trace"));
        return;
    };
    let key = sum.key.map(|k| k.to_string()).unwrap_or_default();
    nodes.push(
        Node::new(1, "Sum of targets")
            .line("Methods", crate::twin::VERSION)
            .line("Targets", sum.targets.join(", "))
            .line("Stage key (BLAKE3)", key.clone())
            .entered(patient, &["twin.sum"])
            .having("stage_key", &key),
    );
}

/// What a fact of the narrative rests on.
fn fact(state: &mut State, n: u32) -> Option<(String, Vec<Node>)> {
    let patient = state.shown_patient()?;
    let summary = state.summary(patient);
    let fact = summary.facts.get(FactId(n))?;
    let when = fact
        .time_point
        .and_then(|t| state.visits(patient).get(t).copied());
    let mut head = Node::new(0, format!("Fact {}", fact.id))
        .line("States", kind_name(fact.kind))
        .line("About", fact.subject.to_string())
        .line("Value", fact.text.clone());
    head = head.line(
        "Visit",
        when.map(|v| state.visit_name(v)).unwrap_or_default(),
    );
    let mut nodes = vec![head];
    let lesion = match &fact.subject {
        narrate::Subject::Lesion(label) => {
            let mut lesions = state.lesions_of(patient);
            lesions.find(|l| l.label == *label).cloned()
        }
        _ => None,
    };
    match (lesion, when, is_of_growth(fact.kind)) {
        (Some(lesion), _, true) => growth_nodes(state, &lesion, 1, &mut nodes),
        (Some(lesion), Some(visit), false) => {
            if let Some(mark) = state.annotation_at(lesion.id, visit) {
                size(state, mark, 1, &mut nodes);
            }
        }
        (Some(lesion), None, false) => nodes.push(
            Node::new(1, format!("Lesion {}", lesion.label)).entered(lesion.id, &["lesion.edit"]),
        ),
        (None, Some(_), _) if is_of_response(fact.kind) => {
            let n = fact.time_point.unwrap_or(0);
            response_nodes(state, patient, &summary, n, 1, &mut nodes);
        }
        (None, Some(visit), _) => {
            for series in state.series_of(visit) {
                nodes.push(
                    Node::new(1, "Image")
                        .line("Modality", series.modality.code())
                        .line("Frame", series.frame_index().to_string())
                        .line("Files (BLAKE3)", series.fingerprint.clone())
                        .entered(series.id, &["series.import", "series.frame"]),
                );
            }
        }
        // Of growth, yet of no lesion: the sum of all targets.
        (None, None, true) if fact.kind != FactKind::ScenarioCondition => {
            sum_nodes(state, patient, &mut nodes);
        }
        (None, None, _) => {}
    }
    if fact.kind == FactKind::Treatment {
        for treatment in state
            .records
            .treatments
            .iter()
            .filter(|t| t.patient == patient)
        {
            nodes.push(
                Node::new(1, "Treatment")
                    .line("First day", treatment.date.to_string())
                    .entered(treatment.id, &["treatment.add"]),
            );
        }
    }
    Some((format!("{} · {}", fact.id, fact.text), nodes))
}

fn kind_name(kind: FactKind) -> String {
    let word = serde_json::to_value(kind).unwrap_or_default();
    word.as_str().unwrap_or_default().replace('_', " ")
}

const fn is_of_growth(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::ModelWeights
            | FactKind::DoublingTime
            | FactKind::HalvingTime
            | FactKind::LastObservation
            | FactKind::Horizon
            | FactKind::ProjectionDay
            | FactKind::Forecaster
            | FactKind::ProgressionProbability
            | FactKind::ProgressionProbabilityLocal
            | FactKind::ProjectedSum
            | FactKind::SumProgression
            | FactKind::ProjectedSize
            | FactKind::ScenarioCondition
            | FactKind::ScenarioSize
            | FactKind::ScenarioDifference
            | FactKind::EvidenceLevel
            | FactKind::Identification
    )
}

const fn is_of_response(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::SumOfDiameters
            | FactKind::ChangeFromBaseline
            | FactKind::ChangeFromNadir
            | FactKind::ChangeFromNadirLength
            | FactKind::Response
            | FactKind::ResponseProbability
            | FactKind::ResponseRule
    )
}

/// The changes of state of a reading.
fn signed(state: &State, id: TimePointId) -> Option<(String, Vec<Node>)> {
    state.time_point(id)?;
    let content = reading::content_sha256(&state.records, id);
    let mut nodes = vec![Node::new(0, "Reading").line("Content now (SHA-256)", content)];
    for signoff in reading::signoffs(&state.records, id) {
        let text = signoff_text(&state.records, signoff, &local_time);
        // An edit that made a draft of a reviewed reading has its entry on what was edited.
        let node =
            Node::new(1, text).line("Content then (SHA-256)", signoff.content_sha256.clone());
        nodes.push(if signoff.reader.is_some() && !is_by_edit(signoff) {
            node.entered(id, &["reading.review", "reading.sign", "reading.amend"])
                .having("signoff", signoff.id)
        } else {
            node
        });
    }
    Some((format!("Reading of {}", state.visit_name(id)), nodes))
}

fn is_by_edit(signoff: &crate::case::Signoff) -> bool {
    signoff.state == crate::case::ReadingState::Draft && signoff.reason.is_empty()
}
