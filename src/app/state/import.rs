//! From scanned items to patients, time points and series of the record.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::{State, frames};
use crate::app::effect::{Effect, Scanned};
use crate::app::grouping;
use crate::app::lookup;
use crate::app::view::Severity;
use crate::case::{
    AuditAction, AuditNote, Change, Patient, PatientId, PatientIdentity, Series, SeriesId,
    SeriesSource, TimePoint, TimePointId, Treatment, TreatmentId, TreatmentKind,
};
use crate::open::{Item, ItemKind, SidecarTreatmentKind};
use crate::texts::tr;
use crate::warning::{Warning, WarningCode, naming_frame};

/// What one import did, for the message at its end.
#[derive(Default)]
struct Tally {
    patients: Vec<PatientId>,
    n_added: usize,
    n_known: usize,
    n_refused: usize,
    /// Images that a signed reading kept out, which was said.
    n_forbidden: usize,
    first_refusal: String,
    n_listed: BTreeMap<&'static str, usize>,
    /// The first colour picture, where nothing else is there to be shown: its place in the scan.
    first_colour: Option<usize>,
}

/// What several colour pictures are called.
const COLOUR: &str = "colour pictures";

impl Tally {
    fn refuse(&mut self, item: &Item) {
        self.n_refused += 1;
        if let (Some(error), true) = (&item.error, self.first_refusal.is_empty()) {
            self.first_refusal = format!("{}: {} ({})", error.code, error.message, error.place);
        }
    }
}

impl State {
    /// Enters what a scan found. Items that are in the record already (same fingerprint) are
    /// relinked to where they were found now, never entered twice.
    ///
    /// Each goes into the visit of its date, or into the one given, which a person asked for: then it
    /// is a step, and the rest of the record stands as it is.
    pub(super) fn import(
        &mut self,
        scanned: Scanned,
        visit: Option<TimePointId>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let mut tally = Tally::default();
        let Scanned {
            roots,
            items,
            treatments,
        } = scanned;
        for (index, (item, fingerprint)) in items.into_iter().enumerate() {
            match item.kind {
                _ if item.is_image() => {
                    self.enter_item(
                        item,
                        index,
                        fingerprint,
                        &roots,
                        visit,
                        now,
                        &mut tally,
                        effects,
                    );
                }
                _ if item.is_colour() => {
                    tally.first_colour.get_or_insert(index);
                    *tally.n_listed.entry(COLOUR).or_default() += 1;
                }
                // Text files and the like lie beside images everywhere.
                ItemKind::Other if item.series_uid.is_empty() => {}
                _ if item.error.is_some() => tally.refuse(&item),
                ItemKind::Volume | ItemKind::Stack | ItemKind::Image2d | ItemKind::Refused => {
                    tally.refuse(&item);
                }
                ItemKind::Other => {}
                other => *tally.n_listed.entry(plural(other)).or_default() += 1,
            }
        }
        for treatment in treatments {
            self.enter_treatment(treatment, &tally, now, effects);
        }
        let no_image = tally.n_added + tally.n_known + tally.n_forbidden == 0;
        match tally.first_colour.filter(|_| no_image) {
            Some(picture) => {
                tally.n_listed.remove(COLOUR);
                self.show_picture(picture, 0, effects);
                // It leads to the other pictures.
                self.show_files(true);
            }
            None => tally.first_colour = None,
        }
        self.report_import(&tally);
        if let Some(patient) = tally.patients.first() {
            self.stale_all_twins(*patient);
            self.show_patient(*patient, effects);
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call site; a struct would only rename them"
    )]
    fn enter_item(
        &mut self,
        item: Item,
        index: usize,
        fingerprint: String,
        roots: &[std::path::PathBuf],
        visit: Option<TimePointId>,
        now: Timestamp,
        tally: &mut Tally,
        effects: &mut Vec<Effect>,
    ) {
        let Some(grid) = item.grid.clone() else {
            tally.n_refused += 1;
            return;
        };
        let code = patient_code(&item);
        let standing = self
            .records
            .identities
            .iter()
            .find(|i| i.code == code)
            .map(|i| i.patient);
        let mut changes = Vec::new();
        let patient = standing.unwrap_or_else(|| {
            let id = PatientId(self.ids.next(now));
            let identity = PatientIdentity {
                patient: id,
                code: code.clone(),
                name: item.patient.name.clone(),
                birth_date: item.patient.birth_date,
                sex: item.patient.sex.clone(),
            };
            changes.push(Change::PutPatient(Patient { id, created: now }, identity));
            id
        });
        if !tally.patients.contains(&patient) {
            tally.patients.push(patient);
        }
        // Several volumes of one series over time may be entered, each as a series.
        let known: Vec<SeriesId> = self
            .records
            .series
            .iter()
            .filter(|s| s.patient == patient && s.fingerprint == fingerprint)
            .map(|s| s.id)
            .collect();
        let found_at = |series| {
            Change::PutSource(SeriesSource {
                series,
                root: roots.first().cloned().unwrap_or_default(),
                item: index,
                series_uid: item.series_uid.clone(),
                description: item.series_description.clone(),
                files: item.paths.clone(),
            })
        };
        if let Some(first) = known.first() {
            changes.extend(known.iter().copied().map(found_at));
            let note = AuditNote::new("series.relink", AuditAction::U, "series", *first)
                .of(patient)
                .detail(json!({"series": known}));
            if self.commit(changes, note, effects).is_some() {
                tally.n_known += 1;
                let item = Arc::new(item);
                let of_all = known.into_iter().map(|id| (id, Arc::clone(&item)));
                self.items.extend(of_all);
            }
            return;
        }
        let id = SeriesId(self.ids.next(now));
        changes.push(found_at(id));
        let mut warnings = item.warnings.clone();
        if standing.is_some()
            && let Some(warning) = self.identity_warning(patient, &item)
        {
            warnings.push(warning);
        }
        let frame = frames::first_of(&item);
        warnings = naming_frame(&warnings, frame.map(|f| f.index));
        let time_point = match visit {
            Some(visit) => visit,
            None => self.time_point_of(&item, patient, now, &mut changes),
        };
        let undated = item.study_date.is_none();
        let is_new = self.time_point(time_point).is_none();
        let text = if undated && is_new && self.is_later_undated(patient, time_point) {
            Some("without a date the visits stand in the order in which they were opened")
        } else if undated && !is_new && visit.is_none() && item.study_uid.is_empty() {
            Some(
                "without a date it was taken for the visit of another file of the folder, which \
                 lies on the same grid",
            )
        } else {
            None
        };
        if let Some(text) = text {
            match warnings.iter_mut().find(|w| w.code == WarningCode::Date) {
                Some(warning) => warning.message = format!("{}; {text}", warning.message),
                None => warnings.push(Warning::new(WarningCode::Date, text)),
            }
        }
        changes.insert(
            changes.len() - 1,
            Change::PutSeries(Series {
                id,
                patient,
                time_point,
                modality: item.modality.clone(),
                unit: item.unit,
                study_date: item.study_date,
                frame_of_reference: item.frame_of_reference.clone(),
                shape: grid.shape(),
                spacing_mm: grid.spacing_mm().map(|s| s.0),
                calibrated: grid.is_calibrated(),
                fingerprint,
                warnings: warnings.clone(),
                pet: None,
                frame,
            }),
        );
        order_for_references(&mut changes);
        let detail = json!({
            "patient": patient, "time_point": time_point, "modality": item.modality.code(),
            "slices": grid.shape()[2],
            "warnings": warnings.iter().map(|w| w.code.as_str()).collect::<Vec<_>>(),
        });
        let mut audit = AuditNote::new("series.import", AuditAction::C, "series", id)
            .of(patient)
            .detail(detail);
        if visit.is_some() {
            audit = audit.step("Join the stacks of a series");
        }
        if self.commit(changes, audit, effects).is_some() {
            tally.n_added += 1;
            self.items.insert(id, Arc::new(item));
        } else {
            tally.n_forbidden += 1;
        }
    }

    /// The visit that an item belongs to, made when it is the first of its date or study.
    fn time_point_of(
        &mut self,
        item: &Item,
        patient: PatientId,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) -> TimePointId {
        let of_patient = self
            .records
            .time_points
            .iter()
            .filter(|t| t.patient == patient);
        let joined = match item.study_date {
            Some(date) => grouping::time_point_for(of_patient, date),
            None => self.undated_sibling(item, patient),
        };
        if let Some(id) = joined {
            return id;
        }
        let time_point = TimePoint {
            id: TimePointId(self.ids.next(now)),
            patient,
            date: item.study_date,
            order: self.next_order(),
            by_user: false,
        };
        let id = time_point.id;
        changes.push(Change::PutTimePoint(time_point));
        id
    }

    /// Whether the patient has an undated visit before this one.
    fn is_later_undated(&self, patient: PatientId, time_point: TimePointId) -> bool {
        let points = grouping::ordered(&self.records, patient);
        let first = points.iter().find(|t| t.date.is_none());
        first.is_some_and(|t| t.id != time_point)
    }

    /// The visit of another series of the same undated study; of files that name no study, the visit
    /// of another file beside it on the same grid.
    fn undated_sibling(&self, item: &Item, patient: PatientId) -> Option<TimePointId> {
        let is_sibling = |other: &Item| {
            if item.study_uid.is_empty() {
                other.study_date.is_none()
                    && other.study_uid.is_empty()
                    && grouping::is_same_visit(item, other)
            } else {
                other.study_uid == item.study_uid
            }
        };
        let was_sibling = |series: &Series| {
            let file = lookup::source(&self.records, series.id).and_then(|s| s.files.first());
            item.study_uid.is_empty()
                && series.study_date.is_none()
                && file.is_some_and(|f| grouping::may_be_same_visit(item, series, f))
        };
        let mut siblings = self.records.series.iter().filter(|s| s.patient == patient);
        let sibling = siblings.find(|s| match self.items.get(&s.id) {
            Some(known) => is_sibling(known),
            None => was_sibling(s),
        });
        sibling.map(|s| s.time_point)
    }

    fn enter_treatment(
        &mut self,
        treatment: crate::open::SidecarTreatment,
        tally: &Tally,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let [patient] = tally.patients[..] else {
            self.say(
                Severity::Warning,
                tr!("Treatments beside the images were not entered: the folder holds several patients"),
                tr!("Open one patient's folder at a time."),
            );
            return;
        };
        let kind = match treatment.kind {
            SidecarTreatmentKind::Systemic => TreatmentKind::Systemic,
            SidecarTreatmentKind::Radiotherapy => TreatmentKind::Radiotherapy,
            SidecarTreatmentKind::Surgery => TreatmentKind::Surgery,
            SidecarTreatmentKind::Stop => TreatmentKind::Stop,
            SidecarTreatmentKind::Note => TreatmentKind::Note,
        };
        let is_known = self.records.treatments.iter().any(|t| {
            t.patient == patient
                && t.date == treatment.date
                && t.kind == kind
                && t.name == treatment.name
        });
        if !is_known {
            let entered = Treatment {
                id: TreatmentId(self.ids.next(now)),
                patient,
                date: treatment.date,
                kind,
                name: treatment.name,
                dose: treatment.dose,
                unit: treatment.unit,
                duration_days: treatment.duration_days,
                schedule: None,
                fractions: None,
            };
            self.add_treatment(entered, true, effects);
        }
    }

    fn report_import(&mut self, tally: &Tally) {
        if tally.n_refused > 0 {
            self.say(
                Severity::Error,
                tr!(
                    "{n} item could not be opened: {first}"
                        | "{n} items could not be opened; the first: {first}" % tally.n_refused,
                    first = tally.first_refusal
                ),
                tr!("The list of files has every one with its reason."),
            );
        }
        if tally.patients.len() > 1 {
            self.say(
                Severity::Info,
                tr!("{n} patients were entered; the first is shown"
                    | "{n} patients were entered; the first is shown" % tally.patients.len()),
                tr!("The others are in the list of patients."),
            );
        }
        let listed: Vec<String> = tally
            .n_listed
            .iter()
            .map(|(kind, n)| counted(kind, *n))
            .collect();
        let nothing = tally.n_added + tally.n_known + tally.n_forbidden + tally.n_refused == 0;
        if nothing && tally.first_colour.is_none() {
            self.say(
                Severity::Error,
                tr!("No image volume was found in what was opened"),
                if listed.is_empty() {
                    tr!("Open a folder with DICOM files, or NIfTI files.").to_owned()
                } else {
                    tr!("Found only: {listed}.", listed = listed.join(", "))
                },
            );
        } else if !listed.is_empty() {
            self.say(
                Severity::Info,
                tr!("Not shown as images: {listed}", listed = listed.join(", ")),
                "",
            );
        }
    }
}

/// What several items of a kind are called.
const fn plural(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Segmentation => "segmentations",
        ItemKind::RtStruct => "contour sets",
        ItemKind::Report => "reports",
        _ => "tables",
    }
}

/// So many items of a kind.
fn counted(kind: &str, n: usize) -> String {
    match kind {
        COLOUR => tr!("{n} colour picture" | "{n} colour pictures" % n),
        "segmentations" => tr!("{n} segmentation" | "{n} segmentations" % n),
        "contour sets" => tr!("{n} contour set" | "{n} contour sets" % n),
        "reports" => tr!("{n} report" | "{n} reports" % n),
        _ => tr!("{n} table" | "{n} tables" % n),
    }
}

/// The patient number; files without one (NIfTI) belong to the patient named by their folder.
fn patient_code(item: &Item) -> String {
    if !item.patient.id.is_empty() {
        return item.patient.id.clone();
    }
    let folder = item.paths.first().and_then(|p| p.parent());
    let name = folder
        .and_then(Path::file_name)
        .map(|n| n.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "unnamed".to_owned())
}

/// Orders changes so that each object comes after what it refers to.
fn order_for_references(changes: &mut [Change]) {
    changes.sort_by_key(|change| match change {
        Change::PutPatient(..) => 0,
        Change::PutTimePoint(_) => 1,
        Change::PutSeries(_) => 2,
        _ => 3,
    });
}
