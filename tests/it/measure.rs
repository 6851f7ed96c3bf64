//! Measurements of real masks against values computed with other tools (SimpleITK, numpy, scipy).

use oncotwin::export;
use oncotwin::geometry::Spacing;
use oncotwin::jobs::JobContext;
use oncotwin::measure::{mask_peak, measure, shape};
use oncotwin::open;
use oncotwin::units::Mm;
use oncotwin::volume::{IntensityUnit, Mask, Volume};

use crate::common::shared;
use crate::imaging;

const SETS: [&str; 3] = [
    "B1_petctmr_sarcoma",
    "B4_pyradiomics",
    "C1_brain_tumor_progression",
];

fn mask_of(path: &std::path::Path) -> Mask {
    let (grid, values) = if path.extension().is_some_and(|e| e == "nrrd") {
        imaging::nrrd(path)
    } else {
        imaging::nifti(path)
    };
    imaging::mask(grid, &values)
}

#[test]
fn volumes_and_axes_agree_with_the_reference_values() {
    let mut n_masks = 0;
    for set in SETS {
        let Some(folder) = shared(&format!("data/{set}")) else {
            return;
        };
        let text = std::fs::read_to_string(folder.join("reference.json")).expect("readable");
        let reference: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for (name, entry) in reference["masks"].as_object().expect("masks") {
            let path = folder.join(name);
            if !path.exists() {
                // The archive lists patients that are not all unpacked.
                continue;
            }
            let measured = measure(&mask_of(&path), None).expect("a mask with voxels");
            let expected = &entry["labels"]["1"];
            let number = |key: &str| expected[key].as_f64().expect("a number");
            assert_eq!(measured.voxels as f64, number("voxels"), "{name}");
            let volume = number("volume_mm3");
            assert!(
                (measured.volume.value() - volume).abs() < 1e-5 * volume,
                "{name}"
            );
            assert_eq!(
                measured.axis_slice as f64,
                number("axial_longest_diam_slice"),
                "{name}"
            );
            for (axis, key) in [
                (measured.long_axis, "axial_longest_diam_mm_pixel_corners"),
                (measured.short_axis, "perpendicular_extent_mm_pixel_corners"),
            ] {
                let length = axis.length.mm().expect("calibrated").0;
                assert!(
                    (length - number(key)).abs() <= 1e-3,
                    "{name} {key}: {length}"
                );
                let drawn = axis.ends[0].distance(axis.ends[1]);
                assert!((drawn.0 - length).abs() < 1e-9, "{name} {key}");
            }
            n_masks += 1;
        }
    }
    assert!(n_masks >= 13, "only {n_masks} masks were found");
}

/// pyradiomics draws its surface mesh through the same half-way points.
#[test]
fn surfaces_agree_with_pyradiomics() {
    let Some(folder) = shared("data/B4_pyradiomics") else {
        return;
    };
    for (name, surface) in [
        ("brain1", 6433.734),
        ("brain2", 929.760),
        ("breast1", 172.887),
        ("lung1", 782.241),
        ("lung2", 9537.545),
    ] {
        let path = folder.join(format!("{name}_label.nrrd"));
        let area = shape(&mask_of(&path)).expect("calibrated").surface_area.0;
        assert!(
            (area / surface - 1.0).abs() < 0.005,
            "{name}: {area} beside {surface}"
        );
    }
}

#[test]
fn a_false_spacing_never_becomes_millimetres() {
    let Some(path) = shared("data/C1_brain_tumor_progression/01/Pre_Mask.nii.gz") else {
        return;
    };
    let (grid, values) = imaging::nifti(&path);
    let grid = (*grid).clone().with_spacing(Spacing::Unknown);
    let measured = measure(&imaging::mask(grid.into(), &values), None).expect("marked");
    assert_eq!(measured.volume.display(), "8246 voxels");
    assert_eq!(measured.long_axis.length.to_string(), "88.4 px");
    assert_eq!(measured.short_axis.length.mm(), None::<Mm>);
}

/// A label map of the same voxels in another axis order, and one of other voxels.
#[test]
fn masks_on_other_grids_are_placed_or_measured_on_their_own() {
    let Some(set) = shared("data/A5_ct_j2k_20slices") else {
        return;
    };
    let job = JobContext::default();
    let items = open::scan(&[set.join("example_ct_dicom")], &job).expect("scan");
    let item = items.iter().find(|i| i.is_image()).expect("a series");
    let volume = open::load(item, 0, &job).expect("pixels");
    let path = set.join("example_seg_dicom.nii.gz");
    let read = export::read_mask(&path, Some(&export::Label::Number(5)), volume.grid(), &job)
        .expect("a label map");
    assert_eq!(read.fit, export::Fit::Reoriented);
    let measured = measure(&read.mask, Some(&volume)).expect("on the image's grid");
    let own = open::scan(&[path], &job).expect("scan");
    let segment = own[0].segments.iter().find(|s| s.number == 5);
    let expected = segment.and_then(|s| s.volume).expect("counted").value();
    assert!((measured.volume.value() / expected - 1.0).abs() < 1e-6);
    // Label 5 is the liver; shifted or mirrored, the mean would be that of fat or air.
    let mean = measured.values.expect("inside").mean;
    assert!((20.0..200.0).contains(&mean), "{mean}");

    let coarse = set.join("example_seg.nii.gz");
    let read = export::read_mask(
        &coarse,
        Some(&export::Label::Number(1)),
        volume.grid(),
        &job,
    )
    .expect("a label map");
    assert_eq!(read.fit, export::Fit::Other);
    let measured = measure(&read.mask, None).expect("on its own grid");
    assert!((measured.volume.value() - 255_204.0).abs() < 1.0);
    let (values, n_outside) = oncotwin::measure::values_under(&read.mask, &volume);
    assert!(values.is_some() || n_outside == read.mask.n_voxels());
}

/// A NIfTI image as uptake: the peak is one of numbers, whatever they mean.
fn as_uptake(path: &std::path::Path) -> Volume {
    let items = open::scan(&[path.to_owned()], &JobContext::default()).expect("readable");
    let mut volume = open::load(&items[0], 0, &JobContext::default()).expect("loads");
    volume.unit = IntensityUnit::SuvBodyWeight;
    volume
}

/// The Image Biomarker Standardisation Initiative publishes what its teams agreed on for the global
/// intensity peak (feature 0F91): of its digital phantom, and of a real CT after re-segmentation to
/// -500 to 400 HU (configuration A).
#[test]
fn the_peak_is_that_of_the_image_biomarker_standardisation_initiative() {
    let Some(folder) = shared("data/B2_ibsi_lung_ct") else {
        return;
    };
    for (set, range, expected, tolerance) in [
        ("digital_phantom/nifti", f32::MIN..=f32::MAX, 3.1, 0.05),
        ("nifti", -500.0..=400.0, 189.0, 5.0),
    ] {
        let image = as_uptake(&folder.join(set).join("image/phantom.nii.gz"));
        let path = folder.join(set).join("mask/mask.nii.gz");
        let read = export::read_mask(&path, None, image.grid(), &JobContext::default());
        let mask = read.expect("a mask").mask;
        let [ni, nj, nk] = image.grid().shape();
        let mut kept = ndarray::Array3::<f32>::zeros((nk, nj, ni));
        for [i, j, k] in mask.voxels() {
            let value = image.value(i, j, k).expect("no voxel is missing");
            kept[[k, j, i]] = f32::from(u8::from(range.contains(&value)));
        }
        let mask = imaging::mask(std::sync::Arc::clone(image.grid()), &kept);
        let peak = mask_peak(&mask, &image).expect("uptake").value.value;
        assert!((peak - expected).abs() <= tolerance, "{set}: {peak}");
    }
}
