//! Opening real files: geometry, values and warnings beside references that pydicom, SimpleITK,
//! numpy and dcm2niix computed.

mod exports;
mod formats;
mod hostile;
mod index;
mod pixels;
pub(crate) mod stacks;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use oncotwin::export;
use oncotwin::geometry::{Grid, Voxel};
use oncotwin::jobs::JobContext;
use oncotwin::open::{self, Item, ItemKind};
use oncotwin::units::Bulk;
use oncotwin::volume::{IntensityUnit, Mask, Volume};
use oncotwin::warning::WarningCode;
use serde_json::Value;
use tempfile::TempDir;

use crate::common::shared;

fn scan(path: impl AsRef<Path>) -> Vec<Item> {
    open::scan(&[path.as_ref().to_owned()], &JobContext::default()).expect("scan")
}

fn load(item: &Item) -> Volume {
    open::load(item, 0, &JobContext::default()).expect("load")
}

/// The only loadable image under a path.
fn only(path: impl AsRef<Path>) -> Item {
    let path = path.as_ref();
    let mut items: Vec<Item> = scan(path).into_iter().filter(Item::is_loadable).collect();
    assert_eq!(items.len(), 1, "{}: {items:#?}", path.display());
    items.remove(0)
}

fn codes(item: &Item) -> Vec<WarningCode> {
    item.warnings.iter().map(|w| w.code).collect()
}

fn reference(set: &Path) -> Value {
    let text = std::fs::read_to_string(set.join("reference.json")).expect("reference.json");
    serde_json::from_str(&text).expect("JSON")
}

/// A packed set, unpacked into a temporary folder.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn unpacked(set: &str) -> Option<(TempDir, PathBuf)> {
    let packed = shared(&format!("data/{set}/data.tar.zst"))?;
    let dir = TempDir::new().expect("temporary folder");
    let done = Command::new("tar")
        .args(["--zstd", "-xf"])
        .arg(&packed)
        .arg("-C")
        .arg(dir.path())
        .status()
        .is_ok_and(|s| s.success());
    if !done {
        let required = std::env::var("ONCOTWIN_REQUIRE_SHARED").is_ok_and(|v| v == "1");
        assert!(!required, "tar with zstd is required to unpack {set}");
        eprintln!("skipped: 1 packed set ({set}), tar or zstd is missing");
        return None;
    }
    Some((dir, packed.parent().expect("folder").to_owned()))
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array()
        .expect("array")
        .iter()
        .map(|n| n.as_f64().expect("number"))
        .collect()
}

fn close(ours: f64, theirs: f64, tolerance: f64, what: &str) {
    assert!(
        (ours - theirs).abs() <= tolerance,
        "{what}: {ours} beside {theirs}"
    );
}

/// Mean of values including padding, as the references count it.
fn mean_with_padding(volume: &Volume) -> (f64, f64, f64) {
    let mut plain = volume.clone();
    plain.padding = None;
    let s = plain.statistics().expect("values");
    (s.min, s.max, s.mean)
}

/// Compares an item with a `series` entry of a reference.
fn check_series(root: &Path, entry: &Value) -> Item {
    let dir = entry["dir"].as_str().expect("dir");
    let item = only(root.join(dir));
    let grid = item.grid.as_ref().expect("grid");
    let n = entry["files"].as_u64().expect("files") as usize;
    assert_eq!(item.n_files, n, "{dir}");
    assert_eq!(
        [grid.shape()[0] as u64, grid.shape()[1] as u64],
        [
            entry["cols"].as_u64().expect("cols"),
            entry["rows"].as_u64().expect("rows")
        ],
        "{dir}"
    );
    let spacing = numbers(&entry["pixel_spacing_row_col"]);
    close(grid.spacing_mm()[0].0, spacing[1], 1e-9, "column spacing");
    close(grid.spacing_mm()[1].0, spacing[0], 1e-9, "row spacing");
    let ends = numbers(&entry["slice_positions_first_last"]);
    close(grid.slice_position(0).0, ends[0], 1e-3, dir);
    close(
        grid.slice_position(grid.shape()[2] - 1).0,
        ends[1],
        1e-3,
        dir,
    );
    let gaps = numbers(&entry["unique_gaps"]);
    for gap in grid.slice_gaps() {
        assert!(
            gaps.iter().any(|g| (g - gap.0).abs() <= 1.5e-3),
            "{dir}: gap {gap:.4}"
        );
    }
    for (k, key) in [(0, "first_ipp"), (grid.shape()[2] - 1, "last_ipp")] {
        let ours: [f64; 3] = grid.slice_origins()[k].into();
        for (a, b) in ours.iter().zip(numbers(&entry[key])) {
            close(*a, b, 1e-6, dir);
        }
    }
    assert!(
        grid.i_step().cross(&grid.j_step()).dot(&grid.slice_step()) > 0.0 || grid.shape()[2] == 1
    );
    let (min, max, mean) = mean_with_padding(&load(&item));
    let values = &entry["rescaled_values"];
    let at = |key: &str| values[key].as_f64().expect("value");
    close(min, at("min"), 1e-6 * at("max").abs().max(1.0), "min");
    close(max, at("max"), 1e-6 * at("max").abs().max(1.0), "max");
    close(mean, at("mean"), 1e-6 * at("mean").abs().max(1.0), "mean");
    item
}

#[test]
fn sarcoma_series_have_the_reference_geometry_and_values() {
    let Some(root) = shared("data/B1_petctmr_sarcoma") else {
        return;
    };
    let reference = reference(&root);
    let series = reference["series"].as_array().expect("series");
    assert_eq!(series.len(), 6);
    for entry in series {
        let item = check_series(&root, entry);
        let unit = match entry["modality"].as_str() {
            Some("CT") => IntensityUnit::Hounsfield,
            Some("PT") => IntensityUnit::SuvBodyWeight,
            _ => IntensityUnit::Arbitrary,
        };
        assert_eq!(item.unit, unit);
        assert_eq!(item.kind, ItemKind::Volume);
        assert!(item.study_date.is_some() && item.patient.id.starts_with("STS_"));
        assert!(item.warnings.is_empty(), "{:?}", item.warnings);
    }
}

#[test]
fn sarcoma_masks_and_contours_have_the_reference_volumes() {
    let Some(root) = shared("data/B1_petctmr_sarcoma") else {
        return;
    };
    let reference = reference(&root);
    for (file, entry) in reference["masks"].as_object().expect("masks") {
        let item = only(root.join(file));
        assert_eq!(item.kind, ItemKind::Segmentation, "{file}");
        for (number, label) in entry["labels"].as_object().expect("labels") {
            let segment = item
                .segments
                .iter()
                .find(|s| s.number.to_string() == *number)
                .expect("label");
            assert_eq!(segment.voxels.map(|v| v as u64), label["voxels"].as_u64());
            let Some(Bulk::Mm3(volume)) = segment.volume else {
                panic!("calibrated")
            };
            let theirs = label["volume_mm3"].as_f64().expect("volume");
            close(volume.0 / theirs, 1.0, 1e-5, file);
        }
    }
    for (file, regions) in reference["rtstruct"].as_object().expect("rtstruct") {
        let items = scan(root.join(file));
        assert_eq!(items[0].kind, ItemKind::RtStruct);
        for (name, region) in regions.as_object().expect("regions") {
            let segment = items[0]
                .segments
                .iter()
                .find(|s| s.label == *name)
                .expect("region");
            let ours = segment.contour_volume.expect("volume").0;
            let theirs = region["volume_mm3_area_sum_x_gap"]
                .as_f64()
                .expect("volume");
            println!("{file} {name}: {ours:.1} beside {theirs:.1} mm³");
            close(ours / theirs, 1.0, 1e-4, file);
        }
    }
}

#[test]
fn a_sarcoma_mask_lies_on_its_ct() {
    let Some(root) = shared("data/B1_petctmr_sarcoma") else {
        return;
    };
    let ct = only(root.join("STS_008/dicom/CT/image"));
    let grid = ct.grid.as_ref().expect("grid");
    let mask = root.join("STS_008/nifti/CT_mask.nii.gz");
    let mask = export::read_mask_on(&mask, None, grid, &JobContext::default()).expect("mask");
    assert_eq!(
        Some(mask.n_voxels()),
        only(root.join("STS_008/nifti/CT_mask.nii.gz")).segments[0].voxels
    );
}

#[test]
fn tilt_and_varying_gaps_are_kept_and_named() {
    let Some((dir, set)) = unpacked("A1_ct_ge_tilt_varspacing") else {
        return;
    };
    let item = check_series(dir.path(), &reference(&set)["series"][0]);
    let grid = item.grid.as_ref().expect("grid");
    assert_eq!(grid.shape(), [512, 512, 28]);
    close(grid.tilt_deg(), 18.5, 0.05, "tilt");
    assert!(!grid.is_uniform());
    let codes = codes(&item);
    for code in [
        WarningCode::Tilt,
        WarningCode::UnevenSpacing,
        WarningCode::Padding,
    ] {
        assert!(codes.contains(&code), "{codes:?}");
    }
    let volume = load(&item);
    assert!(volume.statistics().expect("values").n_void > 0);
    let out = dir.path().join("no.nii.gz");
    let refused = export::write_nifti_volume(&volume, &out).expect_err("uneven");
    assert!(refused.to_string().contains("E-UNEVEN") && !out.exists());
}

#[test]
fn compressed_and_decubitus_series_match() {
    for (name, slices) in [("A3_mr_jpeglossless_96", 96), ("A4_mr_decubitus", 35)] {
        let Some((dir, set)) = unpacked(name) else {
            return;
        };
        let item = check_series(dir.path(), &reference(&set)["series"][0]);
        assert_eq!(item.grid.as_ref().map(|g| g.shape()[2]), Some(slices));
        assert!(!codes(&item).contains(&WarningCode::Lossy));
    }
}

#[test]
fn overlapping_slices_are_spaced_by_position() {
    let Some(root) = shared("data/A5_ct_j2k_20slices") else {
        return;
    };
    let item = check_series(&root, &reference(&root)["series"][0]);
    close(
        item.grid.as_ref().expect("grid").spacing_mm()[2].0,
        2.0,
        1e-9,
        "spacing",
    );
    assert_eq!(codes(&item), [WarningCode::Overlap]);
    assert_eq!(item.unit, IntensityUnit::Hounsfield);
    let labels = only(root.join("example_seg_dicom.nii.gz"));
    let theirs = &reference(&root)["masks"]["example_seg_dicom.nii.gz"]["labels"];
    for segment in &labels.segments {
        assert_eq!(
            segment.voxels.map(|v| v as u64),
            theirs[segment.number.to_string()]["voxels"].as_u64()
        );
    }
    // A label map of 3 mm voxels: not to be laid over the series by index.
    let grid = item.grid.as_ref().expect("grid");
    let other = export::read_mask_on(
        &root.join("example_seg.nii.gz"),
        Some(&export::Label::Number(1)),
        grid,
        &JobContext::default(),
    );
    assert!(matches!(other, Err(export::Error::OtherGrid { .. })));
}

#[test]
fn awkward_series_are_loaded_named_or_refused() {
    let Some((dir, set)) = unpacked("A6_dicom2nifti") else {
        return;
    };
    let reference = reference(&set);
    let root = dir.path();
    for entry in reference["series"].as_array().expect("series") {
        let name = entry["dir"].as_str().expect("dir");
        let plain = !["rgb", "sliceorientation", "notavolume", "hyperfine"]
            .iter()
            .any(|odd| name.contains(odd));
        if plain {
            check_series(root, entry);
        }
    }
    let has = |path: &str, code| {
        let item = only(root.join(path));
        assert!(codes(&item).contains(&code), "{path}: {:?}", item.warnings);
        item
    };
    has("failing/sliceincrement/001", WarningCode::Gap);
    has("failing/sliceincrement/002", WarningCode::Tilt);
    has("failing/gantrytilting/001", WarningCode::Tilt);
    has("generic/anatomical/002_non_isotropic", WarningCode::Rescale);
    let same_place = has("failing/notavolume/001", WarningCode::FourD);
    assert_eq!(
        (same_place.kind, same_place.n_frames_4d),
        (ItemKind::Image2d, 4)
    );
    let split = scan(root.join("failing/sliceorientation/001"));
    assert!(split.len() > 1);
    assert!(split.iter().all(|i| codes(i).contains(&WarningCode::Split)));
    let colour = &scan(root.join("generic/rgb/001"))[0];
    assert_eq!(colour.kind, ItemKind::Image2d);
    assert!(colour.error.is_none() && colour.is_colour() && !colour.is_image());
    let jpegls = &scan(root.join("generic/compressed_jpegls/001"))[0];
    assert!(jpegls.is_image(), "{jpegls:#?}");
}

/// Voxels whose value differs from that at the same place in `b`, which may hold its axes in
/// another order or direction.
fn differing_by_place(a: &Volume, b: &Volume) -> usize {
    let (ours, theirs) = (a.grid(), b.grid());
    let [ni, nj, nk] = ours.shape();
    let mut differing = 0;
    for (k, j, i) in ndarray::indices((nk, nj, ni)) {
        let place = ours.patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64));
        let v = theirs.voxel_from_patient(place);
        let at = [v.i, v.j, v.k].map(f64::round);
        assert!((v.i - at[0]).abs() < 0.01 && (v.j - at[1]).abs() < 0.01);
        assert!((v.k - at[2]).abs() < 0.01);
        let x = a.value(i, j, k).expect("value");
        let y = b
            .value(at[0] as usize, at[1] as usize, at[2] as usize)
            .expect("value");
        differing += usize::from((x - y).abs() > 1e-5 * y.abs());
    }
    differing
}

#[test]
fn phases_of_enhanced_files_agree_with_dcm2niix() {
    let Some((dir, _)) = unpacked("A2_dcmqa_small") else {
        return;
    };
    let item = only(dir.path().join("enh/In/Siemens/XA10"));
    let truth = only(dir.path().join("enh/Ref/Siemens_REST1_w_SMS_PF7-8_6.nii"));
    assert_eq!((item.n_frames_4d, truth.n_frames_4d), (4, 4));
    assert!(codes(&item).contains(&WarningCode::FourD));
    for frame in 0..4 {
        let of = |i: &Item| open::load(i, frame, &JobContext::default()).expect("load");
        assert_eq!(differing_by_place(&of(&item), &of(&truth)), 0, "{frame}");
    }
    let anatomy = only(dir.path().join("xa30/In/5_anat-T1w_acq-tfl"));
    let truth = only(dir.path().join("xa30/Ref/5_anat-T1w_acq-tfl.nii"));
    assert_eq!(differing_by_place(&load(&anatomy), &load(&truth)), 0);
}

#[test]
fn enhanced_multiframe_agrees_with_the_converters() {
    let Some((dir, _)) = unpacked("A6_dicom2nifti") else {
        return;
    };
    for name in [
        "siemens_multiframe/anatomical/001",
        "philips_enhanced/anatomical/001",
        "philips_enhanced/anatomical/001_implicit",
        "hyperfine/anatomical/001",
    ] {
        let folder = dir.path().join(name);
        let item = only(&folder);
        let truth = only(folder.with_file_name(format!(
            "{}_ground_truth.nii.gz",
            folder.file_name().expect("name").to_string_lossy()
        )));
        let (ours, theirs) = (
            item.grid.as_ref().expect("grid"),
            truth.grid.as_ref().expect("grid"),
        );
        println!(
            "{name}: {:?} beside {:?}, {:?}",
            ours.shape(),
            theirs.shape(),
            codes(&item)
        );
        assert_eq!(differing_by_place(&load(&item), &load(&truth)), 0, "{name}");
    }
}

#[test]
fn lossless_codecs_equal_the_uncompressed_reference() {
    let Some((dir, _)) = unpacked("A7_wg04_codecs") else {
        return;
    };
    let mut compared = 0;
    for name in ["CT1", "CT2", "MR1", "MR3", "MR4", "NM1"] {
        let raw = load(&only(dir.path().join(format!("REF/{name}_UNC"))));
        for codec in ["J2KR", "JLSL", "JPLL", "RLE"] {
            let item = only(dir.path().join(format!("{codec}/{name}_{codec}")));
            let decoded = load(&item);
            for k in 0..raw.grid().shape()[2] {
                assert!(
                    raw.slice_values(k).eq(decoded.slice_values(k)),
                    "{name} {codec}"
                );
            }
            compared += 1;
        }
        for codec in ["J2KI", "JLSN"] {
            let lossy = only(dir.path().join(format!("{codec}/{name}_{codec}")));
            assert!(
                codes(&lossy).contains(&WarningCode::Lossy),
                "{name} {codec}"
            );
        }
    }
    assert_eq!(compared, 24);
}

#[test]
fn edge_case_nifti_files_are_read_or_refused() {
    let Some(root) = shared("data/A9_nifti_edge") else {
        return;
    };
    let resources = root.join("nifti-rs/resources");
    for kind in [
        "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32",
        "float64",
    ] {
        let item = only(resources.join(format!("27/{kind}.nii")));
        let volume = load(&item);
        for (i, j, k) in (0..27).map(|n| (n / 9, n / 3 % 3, n % 3)) {
            let expected = (9 * i + 3 * j + k) as f32;
            assert_eq!(volume.value(i, j, k), Some(expected), "{kind}");
        }
        assert!(
            !item.grid.expect("grid").is_calibrated(),
            "{kind}: a placeholder"
        );
    }
    for (file, code) in [
        ("complex/complex32.nii", "E-DTYPE"),
        ("fuzz_artifacts/crash-1.nii", "E-NIFTI"),
    ] {
        let item = &scan(resources.join(file))[0];
        assert_eq!(item.error.as_ref().map(|e| &*e.code), Some(code), "{file}");
    }
    let unknown_side = only(resources.join("minimal.nii.gz"));
    assert!(codes(&unknown_side).contains(&WarningCode::OrientationUnknown));
    assert!(!unknown_side.grid.expect("grid").is_orientation_known());
    let pair = only(resources.join("minimal.hdr.gz"));
    assert_eq!(pair.n_files, 2);
    // Big and little endian hold the same picture.
    let data = root.join("NIFTI-Reader-JS/data");
    let (big, little) = (
        only(data.join("big.nii.gz")),
        only(data.join("little.nii.gz")),
    );
    assert_eq!(
        load(&big).statistics().expect("values"),
        load(&little).statistics().expect("values")
    );
    let five = only(data.join("5D_small.nii"));
    assert_eq!(five.n_frames_4d, 3);
    assert!(codes(&five).contains(&WarningCode::FourD));
    let second = only(data.join("avg152T1_LR_nifti2.nii.gz"));
    assert_eq!(second.transfer_syntax, "NIfTI-2");
    // The whole tree, fuzzer findings included: every file is answered.
    for item in scan(&root) {
        let described = open::describe(&item, true, &JobContext::default()).expect("described");
        let answered = item.is_loadable()
            || item.is_colour()
            || item.error.is_some()
            || item.kind == ItemKind::Other;
        assert!(answered, "{described}");
    }
}

#[test]
fn attributes_without_vr_are_read_by_the_dictionary() {
    let Some(path) = shared("data/A8_pydicom_files/pydicom-data/explicit_VR-UN.dcm") else {
        return;
    };
    let item = only(path);
    assert_eq!(item.modality.code(), "CT");
    assert!(item.patient.id.is_ascii() && item.grid.is_some());
}

#[test]
fn a_truncated_gzip_file_is_refused() {
    let Some(root) = shared("data/B1_petctmr_sarcoma") else {
        return;
    };
    let bytes = std::fs::read(root.join("STS_008/nifti/CT_mask.nii.gz")).expect("file");
    let dir = TempDir::new().expect("folder");
    for keep in [bytes.len() / 2, bytes.len() - 4, 30] {
        let path = dir.path().join("cut.nii.gz");
        std::fs::write(&path, &bytes[..keep]).expect("written");
        let item = &scan(&path)[0];
        assert_eq!(item.kind, ItemKind::Refused, "{keep} bytes");
    }
}

#[test]
fn a_false_header_spacing_is_not_believed() {
    let Some(root) = shared("data/C1_brain_tumor_progression") else {
        return;
    };
    let items = scan(root.join("01"));
    assert_eq!(items.len(), 4);
    for item in &items {
        assert!(codes(item).contains(&WarningCode::SpacingUnknown));
        let grid = item.grid.as_ref().expect("grid");
        assert_eq!(grid.shape(), [256, 256, 24]);
        assert!(!grid.is_calibrated());
    }
    let kinds: Vec<ItemKind> = items.iter().map(|i| i.kind).collect();
    use ItemKind::{Segmentation, Volume};
    assert_eq!(kinds, [Segmentation, Volume, Segmentation, Volume]);
    let theirs = reference(&root);
    for (item, name) in [
        (&items[0], "01/Post_Mask.nii.gz"),
        (&items[2], "01/Pre_Mask.nii.gz"),
    ] {
        let voxels = theirs["masks"][name]["labels"]["1"]["voxels"]
            .as_u64()
            .expect("voxels");
        assert_eq!(item.segments[0].voxels, Some(voxels as usize));
        assert_eq!(item.segments[0].volume, Some(Bulk::Voxels(voxels as f64)));
        let json = open::describe(item, false, &JobContext::default()).expect("JSON");
        assert!(json["segments"][0]["volume_mm3"].is_null());
    }
}

#[test]
fn a_sidecar_gives_patient_date_and_spacing() {
    let Some(root) = shared("data/C1_brain_tumor_progression") else {
        return;
    };
    let dir = TempDir::new().expect("folder");
    for name in ["Pre_Scan_T1.nii.gz", "Pre_Mask.nii.gz"] {
        std::fs::copy(root.join("01").join(name), dir.path().join(name)).expect("copied");
    }
    let sidecar = dir.path().join("study.toml");
    let text = r#"
        [patient]
        id = "01"
        sex = "F"
        [[image]]
        file = "Pre_Scan_T1.nii.gz"
        date = "2024-03-01"
        modality = "MR"
        description = "T1"
        spacing = [0.9, 0.8, 5.0]
        role = "image"
        [[treatment]]
        date = "2024-03-10"
        kind = "radiotherapy"
        dose = 60.0
        unit = "Gy"
        duration_days = 42
    "#;
    std::fs::write(&sidecar, text).expect("written");
    let items = scan(dir.path());
    let image = &items[1];
    assert_eq!(image.patient.id, "01");
    assert_eq!(image.modality.code(), "MR");
    assert_eq!(image.study_date, Some(jiff::civil::date(2024, 3, 1)));
    assert_eq!(codes(image), [WarningCode::Date]);
    let spacing = image.grid.as_ref().expect("grid").spacing_mm().map(|s| s.0);
    assert_eq!(spacing, [0.9, 0.8, 5.0]);
    assert_eq!(items[0].patient.sex, "F");
    let read = open::read_sidecar(dir.path())
        .expect("valid")
        .expect("there");
    assert_eq!(read.treatments[0].dose, Some(60.0));
    for (bad, needle) in [
        ("[patient]\nnmae = 'x'", "nmae"),
        ("[[image]]\nfile = 'gone.nii'", "gone.nii"),
        (
            "[[image]]\nfile = 'Pre_Mask.nii.gz'\ndate = '2024-02-31'",
            "date",
        ),
        (
            "[[image]]\nfile = 'Pre_Mask.nii.gz'\nspacing = [1, 0, 1]",
            "spacing",
        ),
    ] {
        std::fs::write(&sidecar, bad).expect("written");
        let error = open::scan(&[dir.path().to_owned()], &JobContext::default())
            .expect_err("refused")
            .to_string();
        assert!(
            error.contains(needle) && error.contains("study.toml"),
            "{error}"
        );
    }
}

#[test]
fn holes_repeats_and_damage_in_a_series_are_named() {
    let Some(root) = shared("data/B1_petctmr_sarcoma/STS_008/dicom/CT/image") else {
        return;
    };
    let dir = TempDir::new().expect("folder");
    let mut files: Vec<PathBuf> = std::fs::read_dir(root)
        .expect("folder")
        .map(|e| e.expect("entry").path())
        .collect();
    files.sort();
    for (n, file) in files.iter().enumerate() {
        std::fs::copy(file, dir.path().join(format!("{n}.dcm"))).expect("copied");
    }
    std::fs::copy(&files[3], dir.path().join("again.dcm")).expect("copied");
    let z = |n: usize| {
        scan(&files[n])[0]
            .grid
            .as_ref()
            .expect("grid")
            .slice_position(0)
            .0
    };
    let mut by_position: Vec<usize> = (0..files.len()).collect();
    by_position.sort_by(|a, b| z(*a).total_cmp(&z(*b)));
    std::fs::remove_file(dir.path().join(format!("{}.dcm", by_position[20]))).expect("removed");
    let cut = dir.path().join(format!("{}.dcm", by_position[30]));
    let bytes = std::fs::read(&cut).expect("file");
    std::fs::write(&cut, &bytes[..bytes.len() - 2000]).expect("written");
    let item = only(dir.path());
    let grid = item.grid.as_ref().expect("grid");
    assert_eq!((grid.shape()[2], grid.void_slices()), (51, &[20, 30][..]));
    assert_eq!(
        codes(&item),
        [
            WarningCode::Gap,
            WarningCode::Duplicate,
            WarningCode::Partial
        ],
        "{:?}",
        item.warnings
    );
    assert!(item.warnings[0].message.contains("2 of 51 slices"));
    let broken: Vec<Item> = scan(dir.path())
        .into_iter()
        .filter(|i| i.error.is_some())
        .collect();
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].kind, ItemKind::Refused);
}

#[test]
fn an_empty_folder_says_so_and_bystanders_are_no_errors() {
    let dir = TempDir::new().expect("folder");
    let error = open::scan(&[dir.path().to_owned()], &JobContext::default()).expect_err("empty");
    assert!(error.to_string().contains("holds no file"));
    std::fs::write(dir.path().join("notes.md"), "# notes").expect("written");
    std::fs::write(dir.path().join("strange"), "neither").expect("written");
    let items = scan(dir.path());
    assert!(items.iter().all(|i| i.kind == ItemKind::Other));
    assert!(items[0].error.is_none() && items[1].error.is_some());
}

#[cfg(unix)]
#[test]
fn loops_of_links_end() {
    let dir = TempDir::new().expect("folder");
    std::fs::write(dir.path().join("a.md"), "x").expect("written");
    std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).expect("linked");
    assert_eq!(scan(dir.path()).len(), 1);
}

#[test]
fn fingerprints_follow_the_bytes() {
    let dir = TempDir::new().expect("folder");
    let path = dir.path().join("a.md");
    let of = |text: &str| {
        std::fs::write(&path, text).expect("written");
        scan(&path)[0]
            .fingerprint(&JobContext::default())
            .expect("read")
    };
    assert_eq!(of("one"), of("one"));
    assert_ne!(of("one"), of("two"));
}

#[test]
fn volumes_and_masks_survive_a_round_trip() {
    let Some(root) = shared("data/B1_petctmr_sarcoma/STS_002/dicom") else {
        return;
    };
    let dir = TempDir::new().expect("folder");
    let job = JobContext::default();
    for (series, exact) in [("CT", true), ("PET", false)] {
        let volume = load(&only(root.join(series).join("image")));
        let path = dir.path().join(format!("{series}.nii.gz"));
        export::write_nifti_volume(&volume, &path).expect("written");
        let again = load(&only(&path));
        assert!(
            again
                .grid()
                .matches(volume.grid(), oncotwin::units::Mm(1e-3))
        );
        for k in 0..volume.grid().shape()[2] {
            let same = volume
                .slice_values(k)
                .zip(again.slice_values(k))
                .all(|(a, b)| {
                    let (a, b) = (a.expect("value"), b.expect("value"));
                    if exact {
                        a == b
                    } else {
                        (a - b).abs() <= 1e-6 * a.abs()
                    }
                });
            assert!(same, "{series} slice {k}");
        }
        let grid: &Arc<Grid> = volume.grid();
        let bits = ndarray::Array3::from_elem((3, 5, 7), true);
        let mask = Mask::from_box(Arc::clone(grid), [4, 5, 6], &bits).expect("inside");
        let path = dir.path().join(format!("{series}_mask.nii.gz"));
        assert!(
            export::write_nifti_mask(&mask, &path)
                .expect("written")
                .is_empty()
        );
        let again = export::read_mask_on(&path, None, grid, &job).expect("read");
        assert_eq!(again.sha256(), mask.sha256());
        assert!(matches!(
            export::read_mask_on(&path, Some(&export::Label::Number(9)), grid, &job),
            Err(export::Error::Label { .. })
        ));
    }
}

#[test]
fn inspect_has_the_keys_of_the_contract() {
    let Some(root) = shared("data/B1_petctmr_sarcoma/STS_008/dicom/CT/image") else {
        return;
    };
    let json = open::inspect_json(&scan(root), true, &JobContext::default()).expect("JSON");
    let item = json["items"][0].as_object().expect("object");
    for key in [
        "kind",
        "paths",
        "n_files",
        "patient_id",
        "study_date",
        "modality",
        "series_uid",
        "series_description",
        "frame_of_reference",
        "transfer_syntax",
        "shape",
        "n_frames_4d",
        "spacing_mm",
        "affine_lps",
        "slice_positions_mm",
        "uniform",
        "tilt_deg",
        "unit",
        "values",
        "segments",
        "warnings",
        "error",
    ] {
        assert!(item.contains_key(key), "{key}");
    }
    assert_eq!(item["kind"], "volume");
    assert_eq!(item["study_date"], "2001-09-02");
    assert_eq!(item["unit"], "HU");
    assert_eq!(item["values"]["max"], 1479.0);
}

mod mutated {
    use super::*;
    use proptest::prelude::*;

    /// Opens bytes as a file of any name: must be answered, never panic.
    fn open_bytes(name: &str, bytes: &[u8]) {
        let dir = TempDir::new().expect("folder");
        std::fs::write(dir.path().join(name), bytes).expect("written");
        let job = JobContext::default();
        for item in scan(dir.path()) {
            let described = open::describe(&item, true, &job).expect("described");
            assert!(described["kind"].is_string());
        }
    }

    fn seeds() -> Vec<(&'static str, Vec<u8>)> {
        [
            (
                "a.dcm",
                "data/B1_petctmr_sarcoma/STS_008/dicom/PET/image/000000.dcm",
            ),
            (
                "r.dcm",
                "data/B1_petctmr_sarcoma/STS_008/dicom/CT/mask/RS.dcm",
            ),
            (
                "m.nii",
                "data/A9_nifti_edge/nifti-rs/resources/27/int16.nii",
            ),
            (
                "z.nii.gz",
                "data/A9_nifti_edge/nifti-rs/resources/minimal.nii.gz",
            ),
        ]
        .into_iter()
        .filter_map(|(name, path)| Some((name, std::fs::read(shared(path)?).expect("file"))))
        .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn random_bytes_are_answered(mut bytes in prop::collection::vec(any::<u8>(), 0..700), shape in 0..4) {
            match shape {
                1 if bytes.len() > 352 => {
                    bytes[..4].copy_from_slice(&348i32.to_le_bytes());
                    bytes[344..348].copy_from_slice(b"n+1\0");
                }
                2 if bytes.len() > 140 => bytes[128..132].copy_from_slice(b"DICM"),
                3 if bytes.len() > 16 => bytes[..6].copy_from_slice(b"\x08\0\x05\0CS"),
                _ => {}
            }
            open_bytes("x", &bytes);
        }

        #[test]
        fn mutated_files_are_answered(
            which in 0usize..4,
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let seeds = seeds();
            if let Some((name, bytes)) = seeds.get(which) {
                let mut bytes = bytes.clone();
                // Headers are where it hurts.
                let header = bytes.len().min(3000);
                for (at, value) in &edits {
                    bytes[at.index(header)] = *value;
                }
                if let Some(cut) = cut {
                    bytes.truncate(cut.index(bytes.len()));
                }
                open_bytes(name, &bytes);
            }
        }
    }
}
