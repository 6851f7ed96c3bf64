//! Items of different series that say the same or contradict each other: one scan under two series
//! UIDs, and frames of reference shared by what cannot share one.

use std::collections::BTreeMap;

use crate::open::Item;
use crate::open::item::Source;
use crate::warning::{Warning, WarningCode};

use super::file_names;
use super::repeats::pixel_hash;

/// Where images lie, to 0.01 mm; equal for two stacks of one scan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fingerprint {
    frame_of_reference: String,
    shape: [usize; 3],
    n_volumes: usize,
    corner: [i64; 3],
    steps: [i64; 6],
    positions: Vec<i64>,
}

fn fingerprint(item: &Item) -> Option<Fingerprint> {
    let grid = item.grid.as_ref().filter(|g| g.is_orientation_known())?;
    let hundredths = |mm: f64| (mm * 100.0).round() as i64;
    let corner: [f64; 3] = (*grid.slice_origins().first()?).into();
    let (i, j) = (grid.i_step(), grid.j_step());
    // Steps are much smaller than positions, and are multiplied by the number of pixels.
    let fine = |mm: f64| (mm * 1e4).round() as i64;
    Some(Fingerprint {
        frame_of_reference: item.frame_of_reference.clone(),
        shape: grid.shape(),
        n_volumes: item.n_frames_4d,
        corner: corner.map(hundredths),
        steps: [i.x, i.y, i.z, j.x, j.y, j.z].map(fine),
        positions: (0..grid.shape()[2])
            .map(|k| hundredths(grid.slice_position(k).0))
            .collect(),
    })
}

/// Names stacks of different series that are one scan, and shared frames of reference that cannot
/// be true.
pub(super) fn name_kin(items: &mut [Item]) {
    same_scan(items);
    shared_frames(items);
}

/// Two series of equal geometry may be two reconstructions; when pixels of a middle slice are equal
/// too, they are one scan that was sent or renamed twice.
fn same_scan(items: &mut [Item]) {
    let mut alike: BTreeMap<Fingerprint, Vec<usize>> = BTreeMap::new();
    for (n, item) in items.iter().enumerate() {
        if let Some(fingerprint) = fingerprint(item).filter(|_| item.is_loadable()) {
            alike.entry(fingerprint).or_default().push(n);
        }
    }
    for members in alike.into_values().filter(|m| m.len() > 1) {
        let mut known: Vec<(usize, [u8; 32])> = Vec::new();
        for n in members {
            let Some(hash) = middle_hash(&items[n]) else {
                continue;
            };
            let twin = known
                .iter()
                .find(|(other, h)| *h == hash && items[*other].series_uid != items[n].series_uid);
            if let Some(&(other, _)) = twin {
                for (here, there) in [(n, other), (other, n)] {
                    let files: Vec<_> = items[there].paths.first().cloned().into_iter().collect();
                    let names: Vec<&std::path::Path> = files.iter().map(|p| &**p).collect();
                    let files = file_names(&names);
                    items[here].warnings.push(Warning {
                        code: WarningCode::Duplicate,
                        message: "another series holds the same images at the same places under \
                                  another UID: it is one scan, to be counted once"
                            .to_owned(),
                        files,
                    });
                }
            }
            known.push((n, hash));
        }
    }
}

fn middle_hash(item: &Item) -> Option<[u8; 32]> {
    let Source::Dicom(source) = &item.source else {
        return None;
    };
    let slices = source.frames.first()?;
    pixel_hash(&slices.get(slices.len() / 2)?.path)
}

/// One frame of reference in studies of several patients, or on several days, is a copied UID:
/// patients move between scans.
fn shared_frames(items: &mut [Item]) {
    let mut owners: BTreeMap<String, Vec<(String, Option<jiff::civil::Date>)>> = BTreeMap::new();
    for item in items.iter().filter(|i| i.is_loadable()) {
        let owner = (item.patient.id.clone(), item.study_date);
        let known = owners.entry(item.frame_of_reference.clone()).or_default();
        if !known.contains(&owner) {
            known.push(owner);
        }
    }
    for item in items.iter_mut().filter(|i| i.is_loadable()) {
        let shared = owners
            .get(&item.frame_of_reference)
            .is_some_and(|known| known.len() > 1);
        if shared && !item.frame_of_reference.is_empty() {
            item.warn(
                WarningCode::FrameOfReference,
                "studies of several patients or days state one frame of reference (0020,0052): \
                 positions must not be compared between them",
            );
        }
    }
}
