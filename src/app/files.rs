//! What was opened, as a tree of rows: patient, study, series or file, each with what is to be said.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::view::{FileKind, FileList, FileRow};
use super::view_build::displayed_name;
use crate::open::{Item, ItemKind, Listing, PatientInfo, Refusal, SeriesRow};
use crate::texts::{self, tr};

type PatientKey = (String, String);
/// Items with their place in the scan, by date and UID of the study.
type Studies<'a> = BTreeMap<(Option<Date>, &'a str), Vec<(usize, &'a Item)>>;

/// The tree of what a scan found, once the headers are read.
pub(super) fn tree(items: &[Item]) -> FileList {
    let mut patients: BTreeMap<PatientKey, Studies> = BTreeMap::new();
    let (mut refused, mut others) = (Vec::new(), Vec::new());
    for (n, item) in items.iter().enumerate() {
        let anonymous = item.patient == PatientInfo::default() && item.series_uid.is_empty();
        if item.kind == ItemKind::Refused && anonymous {
            refused.push((n, item));
        } else if item.kind == ItemKind::Other && item.series_uid.is_empty() {
            others.push(item);
        } else {
            patients
                .entry(key(&item.patient))
                .or_default()
                .entry((item.study_date, &item.study_uid))
                .or_default()
                .push((n, item));
        }
    }
    let mut rows = Vec::new();
    for studies in patients.values() {
        let all = || studies.values().flatten();
        if let Some((_, first)) = all().next() {
            rows.push(patient_row(&first.patient, all().count()));
        }
        for ((date, _), of_study) in studies {
            rows.push(study_row(*date, of_study.len()));
            rows.extend(of_study.iter().map(|(n, item)| item_row(*n, item, 2)));
        }
    }
    if !refused.is_empty() {
        rows.push(FileRow {
            title: tr!("Not opened").to_owned(),
            detail: tr!("{n} file" | "{n} files" % refused.len()),
            ..FileRow::new(FileKind::Heading, 0)
        });
        rows.extend(refused.iter().map(|(n, item)| item_row(*n, item, 1)));
    }
    FileList {
        rows,
        others: others.iter().map(|i| other_row(i)).collect(),
        n_refused: 0,
    }
}

/// The tree of what could not be looked into at all.
pub(super) fn refused(refusal: Refusal) -> FileList {
    let head = FileRow {
        title: tr!("Not opened").to_owned(),
        ..FileRow::new(FileKind::Heading, 0)
    };
    let row = FileRow {
        title: refusal.place.clone(),
        error: Some(Arc::new(refusal)),
        ..FileRow::new(FileKind::Refused, 1)
    };
    FileList {
        rows: vec![head, row],
        ..FileList::default()
    }
}

/// The tree while files are still coming in.
pub(super) fn growing(listing: &Listing) -> FileList {
    let mut rows: Vec<FileRow> = Vec::new();
    let mut last: (Option<PatientKey>, Option<(Option<Date>, String)>) = (None, None);
    for series in &listing.rows {
        let patient = key(&series.patient);
        if last.0.as_ref() != Some(&patient) {
            let n = listing.rows.iter().filter(|r| key(&r.patient) == patient);
            rows.push(patient_row(&series.patient, n.count()));
            last = (Some(patient), None);
        }
        let study = (series.study_date, series.study_uid.clone());
        if last.1.as_ref() != Some(&study) {
            let same = |r: &&SeriesRow| {
                r.study_uid == study.1
                    && r.study_date == study.0
                    && key(&r.patient) == key(&series.patient)
            };
            rows.push(study_row(study.0, listing.rows.iter().filter(same).count()));
            last.1 = Some(study);
        }
        let name = format!("{} {}", series.modality.code(), series.description);
        rows.push(FileRow {
            title: or_unnamed(name.trim()),
            detail: tr!("{n} file" | "{n} files" % series.n_files),
            ..FileRow::new(FileKind::Item, 2)
        });
    }
    FileList {
        rows,
        others: Vec::new(),
        n_refused: listing.n_refused,
    }
}

fn key(patient: &PatientInfo) -> PatientKey {
    (patient.id.clone(), patient.name.clone())
}

fn patient_row(patient: &PatientInfo, n_items: usize) -> FileRow {
    let name = displayed_name(&patient.name);
    let title = match (&*name, patient.id.trim()) {
        ("", "") => tr!("No patient stated").to_owned(),
        ("", id) => id.to_owned(),
        (name, "") => name.to_owned(),
        (name, id) => format!("{name} ({id})"),
    };
    FileRow {
        title,
        detail: tr!("{n} item" | "{n} items" % n_items),
        ..FileRow::new(FileKind::Patient, 0)
    }
}

fn study_row(date: Option<Date>, n_items: usize) -> FileRow {
    FileRow {
        title: date.map_or_else(|| tr!("Date unknown").to_owned(), |d| d.to_string()),
        detail: tr!("{n} item" | "{n} items" % n_items),
        ..FileRow::new(FileKind::Study, 1)
    }
}

/// Modality and description, else the name of the file.
pub(super) fn item_title(item: &Item) -> String {
    let described = format!("{} {}", item.modality.code(), item.series_description);
    match described.trim() {
        "" => item.file_name(),
        text => text.to_owned(),
    }
}

fn item_row(n: usize, item: &Item, depth: usize) -> FileRow {
    let title = item_title(item);
    let mut detail = vec![match item.kind {
        ItemKind::Volume | ItemKind::Refused => String::new(),
        _ if item.is_colour() => match item.n_frames_4d {
            1 => tr!("colour picture").to_owned(),
            n => tr!("{n} colour picture" | "{n} colour pictures" % n),
        },
        ItemKind::Image2d => tr!("picture").to_owned(),
        kind => texts::text(kind.name()).to_owned(),
    }];
    if let Some(grid) = &item.grid {
        let [i, j, k] = grid.shape();
        detail.push(if k > 1 {
            format!("{i} × {j} × {k}")
        } else {
            format!("{i} × {j}")
        });
    }
    if item.n_frames_4d > 1 && !item.is_colour() {
        detail.push(tr!("{n} volume" | "{n} volumes" % item.n_frames_4d));
    }
    detail.push(tr!("{n} file" | "{n} files" % item.n_files));
    detail.retain(|d| !d.is_empty());
    let warnings: Vec<(String, String)> = item
        .warnings
        .iter()
        .map(|w| {
            let files = match &w.files[..] {
                [] => String::new(),
                [only] => format!(" ({only})"),
                [first, rest @ ..] => tr!(" ({first} and {rest} more)", first, rest = rest.len()),
            };
            (w.code.as_str(), format!("{}{files}", w.message))
        })
        .collect();
    FileRow {
        title,
        detail: detail.join(" · "),
        warnings,
        error: item.error.clone().map(Arc::new),
        path: item.paths.first().cloned(),
        picture: item.is_colour().then_some(n),
        ..FileRow::new(
            match item.kind {
                ItemKind::Refused => FileKind::Refused,
                _ => FileKind::Item,
            },
            depth,
        )
    }
}

fn other_row(item: &Item) -> FileRow {
    FileRow {
        title: item.file_name(),
        detail: item
            .error
            .as_ref()
            .map(|e| e.message.clone())
            .unwrap_or_default(),
        path: item.paths.first().cloned(),
        ..FileRow::new(FileKind::Other, 1)
    }
}

fn or_unnamed(text: &str) -> String {
    match text {
        "" => tr!("Image").to_owned(),
        text => text.to_owned(),
    }
}
