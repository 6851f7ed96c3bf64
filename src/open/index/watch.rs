//! What a scan has found so far, for whoever looks on.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use parking_lot::Mutex;

use crate::open::classify::Classified;
use crate::open::{Item, ItemKind, PatientInfo};
use crate::volume::Modality;

/// A series while its files are still coming in.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRow {
    /// Whose.
    pub patient: PatientInfo,
    /// Study Instance UID; empty for formats without one.
    pub study_uid: String,
    /// Date of the study.
    pub study_date: Option<Date>,
    /// Modality.
    pub modality: Modality,
    /// Series description.
    pub description: String,
    /// Files so far.
    pub n_files: usize,
}

/// What a scan has found so far.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Series in order of patient, study, modality and series.
    pub rows: Vec<SeriesRow>,
    /// Files found.
    pub n_found: usize,
    /// Files looked at.
    pub n_read: usize,
    /// Files refused.
    pub n_refused: usize,
    /// Files that are none of ours.
    pub n_other: usize,
    /// Everything, once the headers are read.
    pub items: Option<Arc<Vec<Item>>>,
}

type Key = (String, Option<Date>, String, String, String);

#[derive(Debug, Default)]
struct Seen {
    rows: BTreeMap<Key, SeriesRow>,
    counts: Listing,
}

/// Where a scan tells what it has found; copies look at the same scan.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Mutex<Seen>>);

impl Watch {
    /// What was found so far.
    #[must_use]
    pub fn listing(&self) -> Listing {
        let seen = self.0.lock();
        Listing {
            rows: seen.rows.values().cloned().collect(),
            ..seen.counts.clone()
        }
    }

    pub(in crate::open) fn found(&self, total: usize) {
        self.0.lock().counts.n_found = total;
    }

    pub(in crate::open) fn finish(&self, items: &[Item]) {
        self.0.lock().counts.items = Some(Arc::new(items.to_vec()));
    }

    pub(in crate::open) fn read(&self, classified: &Classified) {
        let row = match classified {
            Classified::Dicom(instance) => {
                let (study, series) = instance.uids();
                let (study_date, modality, description) = instance.described();
                let row = SeriesRow {
                    patient: instance.patient().clone(),
                    study_uid: study.to_owned(),
                    study_date,
                    modality,
                    description: description.to_owned(),
                    n_files: 0,
                };
                Some((row, series.to_owned()))
            }
            Classified::Item(item) if item.is_loadable() => {
                let row = SeriesRow {
                    patient: item.patient.clone(),
                    study_uid: String::new(),
                    study_date: item.study_date,
                    modality: item.modality.clone(),
                    description: item.file_name(),
                    n_files: 0,
                };
                Some((row, item.first_path()))
            }
            _ => None,
        };
        let mut seen = self.0.lock();
        seen.counts.n_read += 1;
        match classified {
            Classified::Item(item) if item.kind == ItemKind::Refused => seen.counts.n_refused += 1,
            Classified::Item(item) if !item.is_loadable() => seen.counts.n_other += 1,
            _ => {}
        }
        if let Some((row, series)) = row {
            let key = (
                row.patient.id.clone(),
                row.study_date,
                row.study_uid.clone(),
                row.modality.code().to_owned(),
                series,
            );
            seen.rows.entry(key).or_insert(row).n_files += 1;
        }
    }
}
