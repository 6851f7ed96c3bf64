//! Building the view model from the state: formatting, units and pictures.

mod crosshair;
mod draft;
mod fusion;
mod hidden;
mod lesions;
mod links;
mod measurements;
mod pictures;
mod record;
mod references;
mod sections;
mod three_d;
mod twin;
mod versions;

pub(super) use lesions::signed_percent;
pub(super) use record::{local_day, local_time, reader_name, reader_with_role, signoff_text};
pub(super) use twin::scenario_label;
pub(super) use versions::axes;

use std::sync::Arc;

use jiff::civil::Date;

use super::grouping;
use super::lookup;
use super::state::checks::CHECKING;
use super::state::drafts::FINDING;
use super::state::offer::DIVIDING;
use super::state::proposal::PREVIEWING;
use super::state::slabs::LAYERING;
use super::state::surfaces::SHAPING;
use super::state::thumbnails::SHRINKING;
use super::state::{Slot, State};
use super::summary::Summary;
use super::treatments;
use super::view::{
    ChooserView, ColumnView, CrashView, JobRow, NarrativeRow, PatientRow, PatientView,
    ResponseCell, SampleRow, SeriesTab, Thumbnail, TreatmentRow, View,
};
use crate::case::{PatientId, Series, TimePoint, Treatment, TreatmentKind};
use crate::crash::CrashReport;
use crate::texts::{self, tr};
use crate::units::Length;
use crate::warning::Warning;
use references::lines_on;

impl State {
    /// Everything the window draws.
    pub fn view(&mut self) -> View {
        let patient = self.shown_patient().and_then(|id| self.patient_view(id));
        let mut view = View {
            patient,
            chooser: self.chooser_view(),
            jobs: self
                .jobs
                .iter()
                .filter(|(_, running)| {
                    ![
                        PREVIEWING, CHECKING, DIVIDING, SHRINKING, SHAPING, LAYERING, FINDING,
                    ]
                    .contains(&running.name)
                })
                .map(|(id, running)| {
                    let (step, fraction) = running.context.progress.read();
                    JobRow {
                        id: *id,
                        name: texts::text(running.name).to_owned(),
                        step: texts::text(&step).to_owned(),
                        fraction,
                    }
                })
                .collect(),
            messages: self.messages.clone(),
            saved: self.saved(),
            read_only: self.read_only.clone(),
            readers: self.readers_view(),
            trace: self.traced.as_ref().map(|t| t.view.clone()),
            files: self.files_view(),
            picture: self.picture_view(),
            header: self.header_view(),
            crash: self.crashes.first().map(crash_view),
            workspace: self.workspace.display().to_string(),
            dark: self.dark,
            hidden: false,
            layout: self.layout,
            keys: Arc::clone(&self.keys),
        };
        if self.hides_identity() {
            self.hide_identity_in(&mut view);
        }
        view
    }

    fn chooser_view(&self) -> ChooserView {
        let samples = self.samples.iter().map(|sample| SampleRow {
            title: sample.title.clone(),
            detail: sample.detail.clone(),
            available: !matches!(sample.source, super::state::SampleSource::Folder(None)),
        });
        let mut patients: Vec<PatientRow> = self
            .records
            .patients
            .iter()
            .map(|patient| {
                let points = grouping::ordered(&self.records, patient.id);
                let n_lesions = self.lesions_of(patient.id).count();
                let last = points.iter().filter_map(|t| t.date).max();
                let last = last
                    .map(|d| format!(" · {}", tr!("last {date}", date = d)))
                    .unwrap_or_default();
                PatientRow {
                    id: patient.id,
                    title: self.patient_title(patient.id),
                    // The list is not to be seen while a patient is.
                    thumbnail: if self.shown.is_none() {
                        self.thumbnail(patient.id)
                    } else {
                        Thumbnail::Pending
                    },
                    detail: format!(
                        "{} · {}{last}",
                        tr!("{n} time point" | "{n} time points" % points.len()),
                        tr!("{n} lesion" | "{n} lesions" % n_lesions)
                    ),
                }
            })
            .collect();
        let recent = self.recent();
        let place = |id| recent.iter().position(|r| *r == id).unwrap_or(usize::MAX);
        // Who was never looked at comes after, the latest first.
        patients.reverse();
        patients.sort_by_key(|row| place(row.id));
        ChooserView {
            samples: samples.collect(),
            patients,
        }
    }

    fn patient_title(&self, id: PatientId) -> String {
        let identity = lookup::identity(&self.records, id);
        identity.map_or_else(
            || tr!("Erased patient").to_owned(),
            |i| match (displayed_name(&i.name).as_str(), i.code.trim()) {
                ("", code) => code.to_owned(),
                (name, code) => format!("{name} ({code})"),
            },
        )
    }

    fn patient_view(&mut self, id: PatientId) -> Option<PatientView> {
        self.patient(id)?;
        let identity = lookup::identity(&self.records, id);
        let detail = identity.map(|i| {
            let born = i
                .birth_date
                .map(|d| tr!("born {date}", date = d))
                .unwrap_or_default();
            let parts = [i.code.clone(), born, i.sex.clone()];
            parts
                .into_iter()
                .filter(|p| !p.is_empty())
                .collect::<Vec<_>>()
                .join(" · ")
        });
        let name = identity
            .map(|i| displayed_name(&i.name))
            .filter(|n| !n.is_empty());
        let points: Vec<TimePoint> = grouping::ordered(&self.records, id)
            .into_iter()
            .cloned()
            .collect();
        let baseline = points.iter().find_map(|t| t.date);
        let summary = self.summary(id);
        let columns = points
            .iter()
            .enumerate()
            .map(|(n, point)| self.column_view(n, point, baseline, &summary))
            .collect();
        let scenario = self.records.scenarios.iter().find(|s| s.patient == id);
        Some(PatientView {
            id,
            name: name.unwrap_or_else(|| self.patient_title(id)),
            detail: detail.unwrap_or_default(),
            dispute: self.identity_dispute(id),
            columns,
            three_planes: self.three_planes,
            three_d: self.three_d,
            lesions: self.lesion_rows(id, &points),
            selected: self.selected,
            proposal: self.proposal_view(),
            response: summary.response.clone(),
            growth: self.growth_view(id, &points),
            sum: self.sum_view(id),
            treatments: self.treatment_rows(id, baseline),
            scenario: scenario.map(|s| s.change.clone()),
            narrative: narrative_rows(&summary),
            draft: self.draft_view(id),
            last_report: self.last_report.clone(),
            history: self.history_view(id),
            versions: self.versions_view(),
        })
    }

    fn column_view(
        &mut self,
        n: usize,
        point: &TimePoint,
        baseline: Option<Date>,
        summary: &Summary,
    ) -> ColumnView {
        let shown = self.series_shown_in(point.id);
        let series = self
            .series_of(point.id)
            .map(|s| SeriesTab {
                id: s.id,
                label: self.series_label(s),
                shown: Some(s.id) == shown,
                warnings: s.warnings.iter().map(warning_line).collect(),
                is_split: self.is_split(s),
            })
            .collect();
        let status = match shown.and_then(|id| self.images.get(&id)) {
            Some(Slot::Ready(_)) => String::new(),
            Some(Slot::Failed(failure)) => format!("{}\n{}", failure.text, failure.hint),
            Some(Slot::Waiting(_)) => tr!("Loading…").to_owned(),
            None => tr!("Not loaded").to_owned(),
        };
        let date = match (point.date, baseline) {
            (Some(date), Some(first)) if date != first => {
                let day = grouping::days_between(first, date).0;
                format!("{date} · {}", tr!("day {day:.0}", day))
            }
            (Some(date), _) => format!("{date} · {}", tr!("day {day:.0}", day = 0.0)),
            (None, _) => tr!("date unknown").to_owned(),
        };
        let mut slice = shown.and_then(|id| self.slice_view(id));
        let mut sections = shown.map_or_else(Vec::new, |id| self.section_views(id));
        let beside = shown.map_or_else(Vec::new, |id| self.slices_beside(id));
        if let Some(slice) = &mut slice {
            slice.references = lines_on(&slice.map, &beside);
        }
        for section in &mut sections {
            section.references = lines_on(&section.map, &beside);
        }
        ColumnView {
            id: point.id,
            title: visit_title(n),
            date,
            needs_date: point.date.is_none(),
            is_nadir: nadir(&summary.response) == Some(n),
            series,
            shown: slice,
            sections,
            link: shown.and_then(|id| self.link_view(id)),
            no_planes: shown.and_then(|id| self.no_planes_of(id)),
            three_d: shown.and_then(|id| self.three_d_view(id)),
            status,
            reading: self.reading_view(n, point.id, summary),
        }
    }

    fn series_label(&self, series: &Series) -> String {
        let source = self.records.sources.iter().find(|s| s.series == series.id);
        let description = source.map(|s| s.description.trim()).unwrap_or_default();
        let label = format!("{} {description}", series.modality.code());
        let file = || {
            let first = source.and_then(|s| s.files.first());
            let name = first.and_then(|f| f.file_name());
            name.map_or_else(
                || tr!("Image").to_owned(),
                |n| n.to_string_lossy().into_owned(),
            )
        };
        let label = match label.trim() {
            // NIfTI and its like say nothing else of what they show.
            label if description.is_empty() => format!("{label} {}", file()).trim().to_owned(),
            label => label.to_owned(),
        };
        match series.frame {
            Some(frame) => tr!(
                "{label} · volume {n} of {of}",
                label,
                n = frame.index + 1,
                of = frame.of
            ),
            None => label,
        }
    }

    fn treatment_rows(&self, id: PatientId, baseline: Option<Date>) -> Vec<TreatmentRow> {
        let mut treatments: Vec<&Treatment> = self
            .records
            .treatments
            .iter()
            .filter(|t| t.patient == id)
            .collect();
        treatments.sort_by_key(|t| (t.date, t.id));
        treatments
            .iter()
            .map(|t| TreatmentRow {
                id: t.id,
                text: treatment_text(t, &treatments, baseline),
            })
            .collect()
    }
}

fn crash_view(report: &CrashReport) -> CrashView {
    CrashView {
        path: report.path.display().to_string(),
        summary: format!("{}: {}", report.created, report.summary),
        text: report.text.clone(),
    }
}

fn narrative_rows(summary: &Summary) -> Vec<NarrativeRow> {
    let sentences = summary.narrative.sentences.iter();
    sentences
        .map(|sentence| NarrativeRow {
            text: sentence.text.clone(),
            facts: sentence
                .facts
                .iter()
                .filter_map(|id| {
                    summary
                        .facts
                        .get(*id)
                        .map(|fact| (id.0, format!("{id}: {}", fact.text)))
                })
                .collect(),
        })
        .collect()
}

/// A DICOM person name (PS3.5 6.2.1) as people write it: `Family, Given Middle`, each group of other
/// characters (`=`) behind the first.
pub(super) fn displayed_name(name: &str) -> String {
    let group = |group: &str| {
        let mut parts = group.split('^').map(str::trim);
        let family = parts.next().unwrap_or_default();
        let given: Vec<&str> = parts.take(2).filter(|p| !p.is_empty()).collect();
        match (family, given.join(" ")) {
            (family, given) if given.is_empty() => family.to_owned(),
            ("", given) => given,
            (family, given) => format!("{family}, {given}"),
        }
    };
    let groups: Vec<String> = name
        .split('=')
        .map(group)
        .filter(|g| !g.is_empty())
        .collect();
    groups.join(" · ")
}

/// `Baseline`, `Follow-up 1`, …
pub(super) fn column_title(n: usize) -> String {
    match n {
        0 => "Baseline".to_owned(),
        n => format!("Follow-up {n}"),
    }
}

/// The same in the language of the window; what is stored and reported keeps to [`column_title`].
pub(super) fn visit_title(n: usize) -> String {
    match n {
        0 => tr!("Baseline").to_owned(),
        n => tr!("Follow-up {n}", n),
    }
}

/// The time point with the smallest sum of diameters, where there are several; the first of equals.
fn nadir(response: &[ResponseCell]) -> Option<usize> {
    let sums = response.iter().enumerate().filter_map(|(n, cell)| {
        let Some(Length::Mm(sum)) = cell.sum_value else {
            return None;
        };
        Some((n, sum.0))
    });
    let smallest = sums.clone().min_by(|a, b| a.1.total_cmp(&b.1));
    smallest.filter(|_| sums.count() > 1).map(|(n, _)| n)
}

/// What a kind of treatment is called.
pub(super) const fn treatment_kind(kind: TreatmentKind) -> &'static str {
    match kind {
        TreatmentKind::Systemic => "systemic therapy",
        TreatmentKind::Radiotherapy => "radiotherapy",
        TreatmentKind::Surgery => "surgery",
        TreatmentKind::Stop => "end of treatment",
        TreatmentKind::Note => "note",
    }
}

fn treatment_text(t: &Treatment, all: &[&Treatment], baseline: Option<Date>) -> String {
    let day = baseline.map(|b| tr!(" (day {day:.0})", day = grouping::days_between(b, t.date).0));
    let dose = t
        .dose
        .map(|d| format!(" {d} {}", t.unit))
        .unwrap_or_default();
    let length = if t.duration_days > 0.0 {
        tr!(", {days:.0} days", days = t.duration_days)
    } else {
        String::new()
    };
    let name = if t.name.is_empty() {
        texts::text(treatment_kind(t.kind))
    } else {
        &t.name
    };
    let given = match treatments::given(t, all) {
        words if words.is_empty() => words,
        words => format!(", {words}"),
    };
    format!(
        "{}{} {name}{dose}{given}{length}",
        t.date,
        day.unwrap_or_default()
    )
}

/// `W-GAP: 3 slices are missing …`
pub(super) fn warning_line(warning: &Warning) -> String {
    format!("{}: {}", warning.code.as_str(), warning.message)
}
