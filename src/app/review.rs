//! Replaying a scripted review through the same commands as the window.

use std::path::{Path, PathBuf};

use super::command::{Command, JumpTo, Script, Step};
use super::grouping;
use super::session::Session;
use super::treatments::TreatmentEntry;
use super::view::Severity;
use crate::case::{
    AnnotationId, ImportedSize, LesionId, MeasurementId, PatientId, SeriesId, TimePointId,
};
use crate::segment::Prompt;

/// Why a script stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("step {step} ({verb}): {reason}")]
pub struct ReviewError {
    /// Zero-based step.
    pub step: usize,
    /// Its verb.
    pub verb: &'static str,
    /// What is wrong.
    pub reason: String,
    /// What to do; may be empty.
    pub hint: String,
}

/// Runs the steps of a script in order, each to its end. Reports go into `out`; relative paths of
/// the script are relative to `base`.
///
/// # Errors
/// At the first step that names something that is not there, that was refused, or whose command was
/// answered by an error on screen.
pub fn run(
    session: &mut Session,
    script: &Script,
    base: &Path,
    out: &Path,
) -> Result<(), ReviewError> {
    session.settle();
    for (n, step) in script.commands.iter().enumerate() {
        let n_errors = errors(session).len();
        let n_refused = session.state().n_refused;
        let fail = |reason: String, hint: String| ReviewError {
            step: n,
            verb: verb(step),
            reason,
            hint,
        };
        perform(session, step, base, out).map_err(|reason| fail(reason, String::new()))?;
        session.settle();
        if let Some((text, hint)) = errors(session).get(n_errors..).and_then(<[_]>::first) {
            return Err(fail(text.clone(), hint.clone()));
        }
        // Unlike a person, a script goes on only when what it asked for was done.
        if session.state().n_refused > n_refused
            && let Some(said) = session.state().messages().last()
        {
            return Err(fail(said.text.clone(), said.hint.clone()));
        }
    }
    Ok(())
}

fn errors(session: &Session) -> Vec<(String, String)> {
    let messages = session.state().messages().iter();
    messages
        .filter(|m| m.severity == Severity::Error)
        .map(|m| (m.text.clone(), m.hint.clone()))
        .collect()
}

const fn verb(step: &Step) -> &'static str {
    match step {
        Step::Open { .. } => "open",
        Step::Drag { .. } => "drag",
        Step::Prompt { .. } => "prompt",
        Step::Edit { .. } => "edit",
        Step::Combine { .. } => "combine",
        Step::Cut { .. } => "cut",
        Step::Accept => "accept",
        Step::Reject => "reject",
        Step::BetterSlice => "better_slice",
        Step::Caliper { .. } => "caliper",
        Step::Size { .. } => "size",
        Step::Measure { .. } => "measure",
        Step::MoveHandle { .. } => "move_handle",
        Step::MoveCaliper { .. } => "move_caliper",
        Step::LabelMeasurement { .. } => "label_measurement",
        Step::RemoveMeasurement { .. } => "remove_measurement",
        Step::Counts { .. } => "counts",
        Step::Lesion { .. } => "lesion",
        Step::Link { .. } => "link",
        Step::Treatment { .. } => "treatment",
        Step::Split { .. } => "split",
        Step::Merge { .. } => "merge",
        Step::Date { .. } => "date",
        Step::Fit => "fit",
        Step::Prior { .. } => "prior",
        Step::WhatIf { .. } => "what_if",
        Step::Report { .. } => "report",
        Step::Pet { .. } => "pet",
        Step::Frame { .. } => "frame",
        Step::Join { .. } => "join",
        Step::Undo => "undo",
        Step::Redo => "redo",
        Step::Jump { .. } => "jump",
        Step::Reader { .. } => "reader",
        Step::Review { .. } => "review",
        Step::Sign { .. } => "sign",
        Step::Amend { .. } => "amend",
        Step::Remove { .. } => "remove",
        Step::Restore { .. } => "restore",
        Step::Erase { .. } => "erase",
    }
}

fn perform(session: &mut Session, step: &Step, base: &Path, out: &Path) -> Result<(), String> {
    match step.clone() {
        Step::Open { path } => session.send(Command::Open {
            paths: vec![absolute(base, &path)],
        }),
        Step::Drag {
            timepoint,
            item,
            p0,
            p1,
            lesion: label,
        } => {
            let ends = [p0, p1];
            let draw = |series, lesion| Command::Prompt {
                series,
                lesion,
                prompt: Prompt::Drag { ends },
            };
            mark(session, timepoint, item, &label, draw)?;
        }
        Step::Prompt {
            timepoint,
            item,
            lesion: label,
            prompt,
        } => {
            let draw = |series, lesion| Command::Prompt {
                series,
                lesion,
                prompt,
            };
            mark(session, timepoint, item, &label, draw)?;
        }
        Step::Edit {
            timepoint,
            item,
            lesion: label,
            edit,
        } => {
            let draw = |series, lesion| Command::Edit {
                series,
                lesion,
                edit,
            };
            mark(session, timepoint, item, &label, draw)?;
        }
        Step::Combine {
            timepoint,
            lesion,
            with,
            op,
        } => {
            let annotation = mark_at(session, &lesion, timepoint)?;
            let other = mark_at(session, &with, timepoint)?;
            session.send(Command::Combine {
                annotation,
                other,
                op,
            });
        }
        Step::Cut {
            timepoint,
            lesion,
            line,
        } => {
            let annotation = mark_at(session, &lesion, timepoint)?;
            session.send(Command::SplitLesion { annotation, line });
        }
        Step::Accept => session.send(Command::Accept),
        Step::Reject => session.send(Command::Reject),
        Step::BetterSlice => session.send(Command::TakeOffer),
        Step::Caliper {
            timepoint,
            item,
            lesion: label,
            line,
        } => {
            let draw = |series, lesion| Command::Caliper {
                series,
                lesion,
                line,
            };
            mark(session, timepoint, item, &label, draw)?;
        }
        Step::Size {
            timepoint,
            lesion: label,
            long_mm,
            short_mm,
            reason,
        } => {
            let time_point = time_point_at(session, timepoint)?;
            let lesion = lesion_named(session, &label).ok_or_else(|| no_lesion(&label))?;
            session.send(Command::EnterSize {
                lesion,
                time_point,
                size: ImportedSize {
                    long: long_mm,
                    short: short_mm,
                },
                reason,
            });
        }
        Step::Measure {
            timepoint,
            item,
            figure,
            label,
        } => {
            let series = series_at(session, timepoint, item)?;
            session.send(Command::ShowSeries { series });
            session.settle();
            session.send(Command::AddMeasurement {
                series,
                figure,
                label,
            });
        }
        Step::MoveHandle {
            measurement,
            handle,
            to,
        } => {
            let measurement = measurement_at(session, measurement)?;
            session.send(Command::MoveHandle {
                measurement,
                handle,
                to,
            });
        }
        Step::MoveCaliper {
            timepoint,
            lesion,
            handle,
            to,
        } => {
            let annotation = mark_at(session, &lesion, timepoint)?;
            session.send(Command::MoveCaliper {
                annotation,
                handle,
                to,
            });
        }
        Step::LabelMeasurement { measurement, label } => {
            let measurement = measurement_at(session, measurement)?;
            session.send(Command::LabelMeasurement { measurement, label });
        }
        Step::RemoveMeasurement { measurement } => {
            let measurement = measurement_at(session, measurement)?;
            session.send(Command::RemoveMeasurement { measurement });
        }
        Step::Counts {
            timepoint,
            lesion,
            by,
        } => {
            let annotation = mark_at(session, &lesion, timepoint)?;
            session.send(Command::CountBy {
                annotation,
                source: by,
            });
        }
        Step::Lesion {
            lesion: label,
            organ,
            role,
            nodal,
        } => {
            let lesion = lesion_named(session, &label).ok_or_else(|| no_lesion(&label))?;
            session.send(Command::EditLesion {
                lesion,
                label,
                organ,
                role,
                nodal,
            });
        }
        Step::Link { lesions } => link(session, &lesions)?,
        Step::Treatment {
            date,
            kind,
            name,
            dose,
            unit,
            duration_days,
            schedule,
            fractions,
        } => session.send(Command::AddTreatment {
            treatment: TreatmentEntry {
                date,
                kind,
                name,
                dose,
                unit,
                duration_days,
                schedule,
                fractions,
            },
        }),
        Step::Split { timepoint, item } => {
            let series = series_at(session, timepoint, item)?;
            session.send(Command::SplitTimePoint { series });
        }
        Step::Merge {
            timepoints: [into, from],
        } => {
            let (into, from) = (time_point_at(session, into)?, time_point_at(session, from)?);
            session.send(Command::MergeTimePoints { into, from });
        }
        Step::Date { timepoint, date } => {
            let time_point = time_point_at(session, timepoint)?;
            session.send(Command::SetDate { time_point, date });
        }
        // Twins follow every measurement; after settling they are fitted.
        Step::Fit => {}
        Step::Prior { prior } => session.send(Command::ChoosePrior { prior }),
        Step::WhatIf { scenario } => session.send(Command::SetScenario {
            change: Some(scenario),
        }),
        Step::Report { formats } => session.send(Command::Export {
            dir: out.to_owned(),
            formats,
        }),
        Step::Pet {
            timepoint,
            item,
            stated,
            reason,
        } => {
            let series = series_at(session, timepoint, item)?;
            session.send(Command::ShowSeries { series });
            session.settle();
            session.send(Command::StatePet {
                series,
                stated,
                reason,
            });
        }
        Step::Frame {
            timepoint,
            item,
            frame,
        } => {
            let series = series_at(session, timepoint, item)?;
            session.send(Command::ShowSeries { series });
            session.settle();
            session.send(Command::ChooseFrame { series, frame });
        }
        Step::Join { timepoint, item } => {
            let series = series_at(session, timepoint, item)?;
            session.send(Command::JoinStacks { series });
        }
        Step::Undo => session.send(Command::Undo),
        Step::Redo => session.send(Command::Redo),
        Step::Jump { to } => jump(session, &to)?,
        Step::Reader { name, role } => session.send(Command::EnterReader { name, role }),
        Step::Review { timepoint } => {
            let time_point = time_point_at(session, timepoint)?;
            session.send(Command::MarkReviewed { time_point });
        }
        Step::Sign { timepoint, meaning } => {
            let time_point = time_point_at(session, timepoint)?;
            session.send(Command::Sign {
                time_point,
                meaning,
            });
        }
        Step::Amend { timepoint, reason } => {
            let time_point = time_point_at(session, timepoint)?;
            session.send(Command::Amend { time_point, reason });
        }
        Step::Remove {
            lesion: label,
            timepoint: None,
        } => {
            let lesion = lesion_named(session, &label).ok_or_else(|| no_lesion(&label))?;
            session.send(Command::RemoveLesion { lesion });
        }
        Step::Remove {
            lesion,
            timepoint: Some(n),
        } => {
            let annotation = mark_at(session, &lesion, n)?;
            session.send(Command::RemoveAnnotation { annotation });
        }
        Step::Restore {
            lesion,
            timepoint,
            version,
        } => restore(session, &lesion, timepoint, version)?,
        Step::Erase { reason } => {
            let patient = patient(session)?;
            session.send(Command::ErasePatient { patient, reason });
        }
    }
    Ok(())
}

/// Marks a lesion on a series; one that is not known yet is called so.
fn mark(
    session: &mut Session,
    timepoint: usize,
    item: usize,
    label: &str,
    draw: impl FnOnce(SeriesId, Option<LesionId>) -> Command,
) -> Result<(), String> {
    let series = series_at(session, timepoint, item)?;
    session.send(Command::ShowSeries { series });
    session.settle();
    let known = lesion_named(session, label);
    let n_refused = session.state().n_refused;
    session.send(draw(series, known));
    session.settle();
    if session.state().n_refused > n_refused {
        return Ok(());
    }
    let marked = session.state().selected_lesion();
    if known.is_some() && marked != known {
        return Err(format!(
            "this does not touch the mark of {label}, so that it was entered as a lesion of its own"
        ));
    }
    if known.is_none() {
        let made = session
            .state()
            .selected_lesion()
            .ok_or("no lesion was made")?;
        rename(session, made, label);
    }
    Ok(())
}

/// The gesture that stands for a lesion at a time point.
///
/// # Errors
/// When there is no such lesion, time point or mark.
pub fn mark_at(session: &Session, label: &str, timepoint: usize) -> Result<AnnotationId, String> {
    let time_point = time_point_at(session, timepoint)?;
    let lesion = lesion_named(session, label).ok_or_else(|| no_lesion(label))?;
    let mark = session.state().annotation_at(lesion, time_point);
    mark.map(|a| a.id)
        .ok_or_else(|| format!("{label} is not marked at time point {timepoint}"))
}

fn jump(session: &mut Session, to: &JumpTo) -> Result<(), String> {
    let step = match *to {
        JumpTo::Beginning(_) => None,
        JumpTo::Step(n) => {
            let view = session.view();
            let steps = view.patient.map(|p| p.history.steps).unwrap_or_default();
            let found = steps.get(n).map(|s| s.id);
            let none = || format!("step {n} was asked for, the history has {}", steps.len());
            Some(found.ok_or_else(none)?)
        }
    };
    session.send(Command::JumpTo { step });
    Ok(())
}

fn restore(session: &mut Session, label: &str, n: usize, version: usize) -> Result<(), String> {
    let annotation = mark_at(session, label, n)?;
    session.send(Command::ShowVersions { annotation });
    session.settle();
    let rows = session.view().patient.and_then(|p| p.versions);
    let rows = rows.map(|v| v.rows).unwrap_or_default();
    let found = rows.get(version).map(|v| v.id);
    let none = || format!("version {version} was asked for, there are {}", rows.len());
    session.send(Command::RestoreVersion {
        version: found.ok_or_else(none)?,
    });
    session.settle();
    session.send(Command::HideVersions);
    Ok(())
}

fn absolute(base: &Path, path: &Path) -> PathBuf {
    if path.is_absolute() {
        path.to_owned()
    } else {
        base.join(path)
    }
}

fn patient(session: &Session) -> Result<PatientId, String> {
    let shown = session.state().shown_patient();
    shown.ok_or_else(|| "no patient is open; begin the script with {\"do\":\"open\",…}".to_owned())
}

fn time_point_at(session: &Session, n: usize) -> Result<TimePointId, String> {
    let points = grouping::ordered(session.state().records(), patient(session)?);
    let found = points.get(n).map(|t| t.id);
    found.ok_or_else(|| {
        format!(
            "time point {n} was asked for, the patient has {}",
            points.len()
        )
    })
}

fn series_at(session: &Session, timepoint: usize, item: usize) -> Result<SeriesId, String> {
    let point = time_point_at(session, timepoint)?;
    let records = session.state().records();
    let series: Vec<SeriesId> = records
        .series
        .iter()
        .filter(|s| s.time_point == point)
        .map(|s| s.id)
        .collect();
    let found = series.get(item).copied();
    found.ok_or_else(|| {
        format!(
            "item {item} was asked for, time point {timepoint} has {} images",
            series.len()
        )
    })
}

/// The measurements of the shown patient, in the order in which they were drawn.
fn measurement_at(session: &Session, n: usize) -> Result<MeasurementId, String> {
    let patient = patient(session)?;
    let records = session.state().records();
    let theirs = |s: SeriesId| {
        let found = records.series.iter().find(|x| x.id == s);
        found.is_some_and(|s| s.patient == patient)
    };
    let all: Vec<MeasurementId> = records
        .measurements
        .iter()
        .filter(|m| theirs(m.series))
        .map(|m| m.id)
        .collect();
    let found = all.get(n).copied();
    found.ok_or_else(|| {
        format!(
            "measurement {n} was asked for, the patient has {}",
            all.len()
        )
    })
}

fn lesion_named(session: &Session, label: &str) -> Option<LesionId> {
    let patient = session.state().shown_patient()?;
    let mut lesions = session.state().records().lesions.iter();
    lesions
        .find(|l| l.patient == patient && l.label == label)
        .map(|l| l.id)
}

fn no_lesion(label: &str) -> String {
    format!("no lesion is called {label}")
}

fn rename(session: &mut Session, lesion: LesionId, label: &str) {
    let lesions = &session.state().records().lesions;
    let Some(found) = lesions.iter().find(|l| l.id == lesion).cloned() else {
        return;
    };
    session.send(Command::EditLesion {
        lesion,
        label: label.to_owned(),
        organ: found.organ,
        role: found.role,
        nodal: found.nodal,
    });
}

/// Lets the gestures of all named lesions belong to the first.
fn link(session: &mut Session, labels: &[String]) -> Result<(), String> {
    let (first, rest) = labels
        .split_first()
        .ok_or("link needs at least one lesion")?;
    let target = lesion_named(session, first).ok_or_else(|| no_lesion(first))?;
    for label in rest {
        // A label that was drawn under the first one's name already is linked.
        let Some(lesion) = lesion_named(session, label).filter(|l| *l != target) else {
            return Err(no_lesion(label));
        };
        let annotations = session.state().records().annotations.iter();
        let marks: Vec<AnnotationId> = annotations
            .filter(|a| a.lesion == lesion)
            .map(|a| a.id)
            .collect();
        for annotation in marks {
            session.send(Command::LinkAnnotation {
                annotation,
                lesion: Some(target),
            });
        }
    }
    Ok(())
}
