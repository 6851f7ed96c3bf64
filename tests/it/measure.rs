//! Measurements of real masks against values computed with other tools (SimpleITK, numpy, scipy).

use oncotwin::geometry::Spacing;
use oncotwin::measure::{measure, shape};
use oncotwin::units::Mm;
use oncotwin::volume::Mask;

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
