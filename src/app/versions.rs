//! The masks that were ever made of a lesion at a time point, read from the audit trail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::effect::Failure;
use super::work::masks;
use crate::case::{
    Annotation, AnnotationId, Change, LesionId, PatientId, ReaderId, Segmented, SeriesId, StepId,
    StepKind,
};
use crate::geometry::Grid;
use crate::measure::{self, Comparison};
use crate::store::{self, Artifacts, AuditEntry, Query, Which};
use crate::texts::tr;
use crate::volume::Mask;

/// Which masks are asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) patient: PatientId,
    pub(super) lesion: LesionId,
    /// Series of the time point.
    pub(super) series: BTreeSet<SeriesId>,
    /// Gestures that stand.
    pub(super) standing: BTreeSet<AnnotationId>,
    /// The mask that stands, by gesture and artifact.
    pub(super) current: Option<(AnnotationId, String)>,
}

/// A mask that was made.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// Transaction that made it, or made it stand again.
    pub(super) id: StepId,
    pub(super) at: Timestamp,
    pub(super) reader: Option<ReaderId>,
    pub(super) gesture: Annotation,
    pub(super) segmented: Segmented,
    /// What the entry says of how it was made.
    pub(super) detail: Value,
    /// Restored from an earlier version instead of made.
    pub(super) is_restored: bool,
    /// Why, where stated, else what became of it; empty for the one that stands.
    pub(super) why: String,
    pub(super) is_standing: bool,
}

/// Reads the versions, oldest first.
pub(super) fn read(asked: &Asked, query: &Query) -> Result<Vec<Version>, Failure> {
    gather(asked, query).map_err(|error| Failure {
        text: tr!("The earlier masks could not be read: {error}", error),
        hint: tr!("`oncotwin audit verify` checks the whole record.").to_owned(),
    })
}

fn gather(asked: &Asked, query: &Query) -> Result<Vec<Version>, store::Error> {
    let of = |event: &str| query.entries(&Which::Event(asked.patient, event.to_owned()));
    let (mut draws, mut entries) = (of("annotation.draw")?, of("mask.make")?);
    draws.extend(of("annotation.correct")?);
    draws.sort_by_key(|e| e.seq);
    entries.extend(of("mask.restore")?);
    entries.sort_by_key(|e| e.seq);
    let undone = undone(&query.steps(asked.patient)?);
    let gestures = gestures(&draws, &undone);

    let mut versions: Vec<Version> = entries
        .iter()
        .filter_map(|entry| version(entry, asked, &gestures, &undone))
        .collect();
    let current = asked.current.as_ref();
    let standing = versions.iter().rposition(|v| {
        current.is_some_and(|(gesture, artifact)| {
            v.gesture.id == *gesture && v.segmented.artifact_sha256 == *artifact
        })
    });
    if let Some(version) = standing.and_then(|at| versions.get_mut(at)) {
        version.is_standing = true;
        version.why.clear();
    }
    Ok(versions)
}

/// Steps that were taken back and not brought again.
fn undone(steps: &[store::Step]) -> BTreeSet<StepId> {
    let mut undone = BTreeSet::new();
    for step in steps {
        match step.kind {
            StepKind::Undo(of) => {
                undone.insert(of);
            }
            StepKind::Redo(of) => {
                undone.remove(&of);
            }
            StepKind::Do | StepKind::None => {}
        }
    }
    undone
}

/// A gesture and what became of it.
struct Gesture {
    drawn: Annotation,
    is_undone: bool,
    is_replaced: bool,
}

fn gestures(draws: &[AuditEntry], undone: &BTreeSet<StepId>) -> BTreeMap<AnnotationId, Gesture> {
    let mut gestures: BTreeMap<AnnotationId, Gesture> = BTreeMap::new();
    for entry in draws {
        let Some(act) = &entry.act else { continue };
        let is_undone = step_of(entry).is_some_and(|id| undone.contains(&id));
        for change in &act.changes {
            match change {
                Change::PutAnnotation(drawn) => {
                    let gesture = Gesture {
                        drawn: drawn.clone(),
                        is_undone,
                        is_replaced: false,
                    };
                    gestures.insert(drawn.id, gesture);
                }
                Change::RemoveAnnotation(old) if !is_undone => {
                    if let Some(old) = gestures.get_mut(old) {
                        old.is_replaced = true;
                    }
                }
                _ => {}
            }
        }
    }
    gestures
}

fn step_of(entry: &AuditEntry) -> Option<StepId> {
    entry.step.parse().ok().map(StepId)
}

fn version(
    entry: &AuditEntry,
    asked: &Asked,
    gestures: &BTreeMap<AnnotationId, Gesture>,
    undone: &BTreeSet<StepId>,
) -> Option<Version> {
    let act = entry.act.as_ref()?;
    let segmented = act.changes.iter().find_map(|change| match change {
        Change::PutSegmented(segmented) => Some(segmented.clone()),
        _ => None,
    })?;
    let gesture = gestures.get(&segmented.annotation)?;
    let lesion = act.detail.get("lesion").and_then(Value::as_str);
    let lesion = lesion.and_then(|id| id.parse().ok()).map(LesionId);
    let is_of_lesion = lesion.unwrap_or(gesture.drawn.lesion) == asked.lesion
        || asked
            .current
            .as_ref()
            .is_some_and(|c| c.0 == segmented.annotation);
    if !is_of_lesion || !asked.series.contains(&gesture.drawn.series) {
        return None;
    }
    let id = step_of(entry)?;
    let is_restored = entry.event == "mask.restore";
    let fate = if undone.contains(&id) || gesture.is_undone {
        tr!("undone")
    } else if asked.standing.contains(&segmented.annotation) {
        tr!("replaced by another mask")
    } else if gesture.is_replaced {
        tr!("replaced by a later drawing")
    } else {
        tr!("removed")
    };
    Some(Version {
        id,
        at: entry.at,
        reader: entry.user.parse().ok().map(ReaderId),
        gesture: gesture.drawn.clone(),
        segmented,
        detail: act.detail.clone(),
        is_restored,
        why: if act.reason.is_empty() {
            fate.to_owned()
        } else {
            act.reason.clone()
        },
        is_standing: false,
    })
}

/// Two masks with their comparison.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) masks: [Arc<Mask>; 2],
    pub(super) made: Comparison,
}

/// Loads two masks of one image and compares them.
pub(super) fn compare(
    sha256: [String; 2],
    grid: &Arc<Grid>,
    artifacts: &Artifacts,
) -> Result<Box<Compared>, Failure> {
    let load = |sha256: &str| masks::load(sha256, Arc::clone(grid), artifacts);
    let masks = [load(&sha256[0])?, load(&sha256[1])?];
    let made = measure::compare(&masks[0], &masks[1])
        .map_err(|error| Failure::new(tr!("The masks cannot be compared: {error}", error)))?;
    Ok(Box::new(Compared { masks, made }))
}
