//! A small series, changed at random: whatever is loaded must lie where the changed bytes say, every
//! file must be accounted for, and what contradicts itself must be named. `tests/oracle/mutate.py`
//! does the same to real series, with pydicom and numpy as the judge.

use std::collections::BTreeSet;

use dicom::core::{DataElement, PrimitiveValue, Tag, VR};
use dicom::dictionary_std::tags;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Rewrites one element of a file as text.
fn set(path: &Path, tag: Tag, vr: VR, value: &str) {
    let mut object = dicom::object::open_file(path).expect("DICOM");
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    object.write_to_file(path).expect("written");
}

fn numbers_of(path: &Path, tag: Tag) -> Vec<f64> {
    let object = dicom::object::open_file(path).expect("DICOM");
    let element = object.element(tag).expect("element");
    element.to_multi_float64().expect("numbers")
}

/// Changes the files; says whether the change must be named.
fn mutate(kind: usize, files: &mut Vec<PathBuf>, rng: &mut ChaCha8Rng) -> bool {
    let n = files.len();
    let which = rng.random_range(1..n - 1);
    let path = files[which].clone();
    let again = path.with_file_name("again.dcm");
    let position = numbers_of(&path, tags::IMAGE_POSITION_PATIENT);
    let place = |x: f64, z: f64| format!("{x:.6}\\{:.6}\\{z:.6}", position[1]);
    match kind {
        0 => {
            let gone = files.remove(which);
            std::fs::remove_file(gone).expect("removed");
            true
        }
        1 => {
            std::fs::copy(&path, &again).expect("copied");
            files.push(again);
            true
        }
        2 => {
            std::fs::copy(&path, &again).expect("copied");
            set(&again, tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4.5");
            files.push(again);
            true
        }
        3 => {
            let mut numbers: Vec<usize> = (1..=n).collect();
            numbers.shuffle(rng);
            for (path, number) in files.iter().zip(numbers) {
                set(path, tags::INSTANCE_NUMBER, VR::IS, &number.to_string());
            }
            false
        }
        4 => {
            let by = rng.random_range(0.2..30.0);
            let moved = place(position[0], position[2] + by);
            set(&path, tags::IMAGE_POSITION_PATIENT, VR::DS, &moved);
            true
        }
        5 => {
            let moved = place(position[0] + rng.random_range(0.2..90.0), position[2]);
            set(&path, tags::IMAGE_POSITION_PATIENT, VR::DS, &moved);
            true
        }
        6 => {
            let a: f64 = rng.random_range(0.0015..0.5);
            let turned = format!(
                "{:.8}\\{:.8}\\0\\{:.8}\\{:.8}\\0",
                a.cos(),
                a.sin(),
                -a.sin(),
                a.cos()
            );
            set(&path, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, &turned);
            true
        }
        7 => {
            let spacing = format!("{:.5}\\0.8", rng.random_range(0.81..2.0));
            set(&path, tags::PIXEL_SPACING, VR::DS, &spacing);
            true
        }
        8 => {
            set(&path, tags::RESCALE_SLOPE, VR::DS, "2");
            true
        }
        9 => {
            set(&path, tags::FRAME_OF_REFERENCE_UID, VR::UI, "1.2.3");
            true
        }
        10 => {
            set(&path, tags::PATIENT_ID, VR::LO, "ANOTHER");
            true
        }
        11 => {
            let bytes = std::fs::read(&path).expect("file");
            let keep = rng.random_range(140..bytes.len());
            std::fs::write(&path, &bytes[..keep]).expect("written");
            true
        }
        12 => {
            let mut bytes = std::fs::read(&path).expect("file");
            for _ in 0..rng.random_range(1..6) {
                let at = rng.random_range(132..bytes.len());
                bytes[at] ^= 1 << rng.random_range(0..8);
            }
            std::fs::write(&path, bytes).expect("written");
            // It may hit what nobody reads; what was read of it is not judged here.
            files.remove(which);
            false
        }
        _ => {
            let mut object = dicom::object::open_file(&path).expect("DICOM");
            object.put(DataElement::new(
                tags::ROWS,
                VR::US,
                PrimitiveValue::from(6u16),
            ));
            object.write_to_file(&path).expect("written");
            true
        }
    }
}

const KINDS: usize = 14;

fn judge(kind: usize, folder: &Path, files: &[PathBuf], must: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let items = scan(folder);
    let mut accounted: BTreeSet<PathBuf> = BTreeSet::new();
    for item in &items {
        accounted.extend(item.paths.iter().cloned());
        let named = item.warnings.iter().flat_map(|w| &w.files);
        accounted.extend(named.map(|name| folder.join(name)));
        let Some(grid) = item.grid.as_ref().filter(|g| g.is_orientation_known()) else {
            continue;
        };
        if !item.is_image() || kind == 12 {
            continue;
        }
        let _ = load(item);
        let real: Vec<usize> = (0..grid.shape()[2]).filter(|k| !grid.is_void(*k)).collect();
        if real.len() * item.n_frames_4d != item.paths.len() {
            wrong.push(format!(
                "{} files on {} slices",
                item.paths.len(),
                real.len()
            ));
        }
        for (path, k) in item.paths.iter().zip(real) {
            let stated = numbers_of(path, tags::IMAGE_POSITION_PATIENT);
            let ours: [f64; 3] = grid.slice_origins()[k].into();
            if ours.iter().zip(&stated).any(|(a, b)| (a - b).abs() > 0.01) {
                wrong.push(format!("slice {k}: {ours:?} beside {stated:?}"));
            }
            let spacing = numbers_of(path, tags::PIXEL_SPACING);
            let off = (grid.spacing_mm()[1].0 - spacing[0]).abs() * 12.0;
            if off > 0.011 {
                wrong.push(format!("spacing {spacing:?} is {off} mm off"));
            }
        }
    }
    if let Some(lost) = files.iter().find(|f| !accounted.contains(*f)) {
        wrong.push(format!("{} is lost", lost.display()));
    }
    let odd = items
        .iter()
        .any(|i| i.error.is_some() || !i.warnings.is_empty());
    if must && !odd {
        wrong.push("not a word".to_owned());
    }
    wrong
}

#[test]
fn changed_series_lie_where_their_bytes_say() {
    let (traps, _) = traps();
    let mut wrong = Vec::new();
    for seed in 0..154u64 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let folder = TempDir::new().expect("folder");
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(traps.path().join("shuffled")).expect("folder") {
            let from = entry.expect("entry").path();
            let to = folder.path().join(from.file_name().expect("name"));
            std::fs::copy(&from, &to).expect("copied");
            files.push(to);
        }
        // Inner slices are changed: one that is missing at an end leaves nothing to be noticed.
        files.sort_by(|a, b| {
            let z = |p: &Path| numbers_of(p, tags::IMAGE_POSITION_PATIENT)[2];
            z(a).total_cmp(&z(b))
        });
        let kind = seed as usize % KINDS;
        let must = mutate(kind, &mut files, &mut rng);
        for complaint in judge(kind, folder.path(), &files, must) {
            wrong.push(format!("kind {kind}, seed {seed}: {complaint}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
