//! Small files that promise much: answered in time and memory, and what cannot be is said.

use std::io::Write as _;
use std::time::{Duration, Instant};

use dicom::core::value::{DataSetSequence, PixelFragmentSequence};
use dicom::core::{DataElement, PrimitiveValue, Tag, VR};
use dicom::dictionary_std::tags;
use dicom::object::{FileMetaTableBuilder, InMemDicomObject};

use super::*;

/// Far more than any of these files needs, far less than what they once took.
const SOON: Duration = Duration::from_secs(8);

fn put(set: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    set.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

fn put_items(set: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    set.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

fn write(mut set: InMemDicomObject, syntax: &str, class: &str, uid: &str, path: &Path) {
    put(&mut set, tags::SOP_CLASS_UID, VR::UI, class);
    put(&mut set, tags::SOP_INSTANCE_UID, VR::UI, uid);
    put(&mut set, tags::PATIENT_ID, VR::LO, "P");
    put(&mut set, tags::STUDY_INSTANCE_UID, VR::UI, "1.2");
    put(&mut set, tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3");
    put(&mut set, tags::STUDY_DATE, VR::DA, "20240301");
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .media_storage_sop_class_uid(class)
        .media_storage_sop_instance_uid(uid);
    let file = set.with_meta(meta).expect("meta");
    file.write_to_file(path).expect("written");
}

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
const RT_STRUCTURE_SET: &str = "1.2.840.10008.5.1.4.1.1.481.3";

/// An MR image of 4 × 4 pixels without its pixels.
fn image(number: usize, z: f64) -> InMemDicomObject {
    let mut set = InMemDicomObject::new_empty();
    put(&mut set, tags::MODALITY, VR::CS, "MR");
    put(
        &mut set,
        tags::PHOTOMETRIC_INTERPRETATION,
        VR::CS,
        "MONOCHROME2",
    );
    put(&mut set, tags::INSTANCE_NUMBER, VR::IS, &number.to_string());
    put(&mut set, tags::PIXEL_SPACING, VR::DS, "0.5\\0.5");
    put(&mut set, tags::SLICE_THICKNESS, VR::DS, "2.5");
    put(
        &mut set,
        tags::IMAGE_POSITION_PATIENT,
        VR::DS,
        &format!("0\\0\\{z}"),
    );
    put(
        &mut set,
        tags::IMAGE_ORIENTATION_PATIENT,
        VR::DS,
        "1\\0\\0\\0\\1\\0",
    );
    for (tag, value) in [
        (tags::ROWS, 4u16),
        (tags::COLUMNS, 4),
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        set.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    set
}

/// A series of slices at these positions, mm, each with pixels and a time of its own.
fn series(folder: &Path, positions: &[f64], change: impl Fn(&mut InMemDicomObject)) {
    for (n, z) in positions.iter().enumerate() {
        let mut set = image(n + 1, *z);
        put(
            &mut set,
            tags::ACQUISITION_TIME,
            VR::TM,
            &format!("1200{n:02}"),
        );
        set.put(DataElement::new(
            tags::PIXEL_DATA,
            VR::OB,
            PrimitiveValue::from(vec![n as u8 + 1; 16]),
        ));
        change(&mut set);
        let path = folder.join(format!("{n}.dcm"));
        write(set, EXPLICIT, MR, &format!("1.2.3.{}", n + 1), &path);
    }
}

/// The only item of a structure set with one region of these contours.
fn structures(polygons: &[Vec<[f64; 3]>]) -> Item {
    let contours = polygons
        .iter()
        .map(|polygon| {
            let data: Vec<String> = polygon
                .iter()
                .flatten()
                .map(|v| format!("{v:.4}"))
                .collect();
            let mut contour = InMemDicomObject::new_empty();
            put(
                &mut contour,
                tags::CONTOUR_GEOMETRIC_TYPE,
                VR::CS,
                "CLOSED_PLANAR",
            );
            put(&mut contour, tags::CONTOUR_DATA, VR::DS, &data.join("\\"));
            contour
        })
        .collect();
    let mut region = InMemDicomObject::new_empty();
    put(&mut region, tags::REFERENCED_ROI_NUMBER, VR::IS, "1");
    put_items(&mut region, tags::CONTOUR_SEQUENCE, contours);
    let mut name = InMemDicomObject::new_empty();
    put(&mut name, tags::ROI_NUMBER, VR::IS, "1");
    put(&mut name, tags::ROI_NAME, VR::LO, "GTV");
    let mut set = InMemDicomObject::new_empty();
    put(&mut set, tags::MODALITY, VR::CS, "RTSTRUCT");
    put_items(&mut set, tags::STRUCTURE_SET_ROI_SEQUENCE, vec![name]);
    put_items(&mut set, tags::ROI_CONTOUR_SEQUENCE, vec![region]);
    let dir = TempDir::new().expect("folder");
    let path = dir.path().join("rs.dcm");
    // A length of 16 bits (explicit VR) does not hold long contours.
    write(set, IMPLICIT, RT_STRUCTURE_SET, "1.2.3.1", &path);
    let mut items = scan(&path);
    assert_eq!(items.len(), 1);
    items.remove(0)
}

#[test]
fn contours_of_a_plane_may_be_rounded_apart() {
    let square = |x: f64, side: f64, z: f64| {
        vec![
            [x, 0.0, z],
            [x + side, 0.0, z],
            [x + side, side, z],
            [x, side, z],
        ]
    };
    let lobes = |off: f64| -> Vec<Vec<[f64; 3]>> {
        (0..10)
            .map(|k| f64::from(k) * 3.0)
            .flat_map(|z| [square(-40.0, 12.0, z), square(40.0, 10.0, z + off)])
            .collect()
    };
    for off in [0.0, 0.02] {
        let item = structures(&lobes(off));
        let volume = item.segments[0].contour_volume.expect("volume").0;
        close(volume, 10.0 * 3.0 * 244.0, 1e-3, "two lobes");
        assert!(item.warnings.is_empty(), "{:?}", item.warnings);
    }
    let item = structures(&lobes(0.5));
    assert_eq!(item.segments[0].contour_volume, None);
    assert_eq!(codes(&item), [WarningCode::Partial]);
    assert!(item.warnings[0].message.contains("GTV"));
}

#[test]
fn a_comb_of_contours_takes_no_time() {
    let comb = |z: f64| -> Vec<[f64; 3]> {
        (0..12_000)
            .map(|t| {
                let far = if t % 2 == 0 { 0.0 } else { 100.0 };
                let t = f64::from(t);
                [far + t * 0.001, t * 0.01, z]
            })
            // The back of the comb, without which its teeth enclose nothing.
            .chain([[-10.0, 120.0, z], [-10.0, 0.0, z]])
            .collect()
    };
    let begun = Instant::now();
    let item = structures(&[comb(0.0), comb(3.0)]);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_eq!(codes(&item), [WarningCode::Partial]);
    assert!(item.warnings[0].message.contains("vertices"), "{item:#?}");
}

#[test]
fn frames_that_a_file_does_not_hold_take_no_memory() {
    let dir = TempDir::new().expect("folder");
    let path = dir.path().join("a.dcm");
    // The second is below the number that is refused at once.
    for (frames, code) in [("80000000", "E-DICOM"), ("1000000", "E-DICOM")] {
        let mut set = image(1, 0.0);
        put(&mut set, tags::NUMBER_OF_FRAMES, VR::IS, frames);
        let mut packed = vec![0u8; 66];
        (packed[0], packed[4]) = (1, 64);
        set.put(DataElement::new(
            tags::PIXEL_DATA,
            VR::OB,
            PixelFragmentSequence::new_fragments(vec![packed]),
        ));
        write(set, "1.2.840.10008.1.2.5", MR, "1.2.3.1", &path);
        let item = &scan(&path)[0];
        let refused = item.error.as_ref().expect("refused");
        assert_eq!(refused.code, code);
        assert!(refused.message.contains(frames), "{}", refused.message);
    }
}

/// One window stated for all frames is kept for each of them.
#[test]
fn frames_that_repeat_a_long_header_are_refused() {
    let dir = TempDir::new().expect("folder");
    let path = dir.path().join("a.dcm");
    let mut set = image(1, 0.0);
    let frames = 1 << 19;
    put(
        &mut set,
        tags::NUMBER_OF_FRAMES,
        VR::IS,
        &frames.to_string(),
    );
    put(
        &mut set,
        tags::WINDOW_CENTER,
        VR::DS,
        &vec!["1"; 5000].join("\\"),
    );
    put(
        &mut set,
        tags::WINDOW_WIDTH,
        VR::DS,
        &vec!["2"; 5000].join("\\"),
    );
    for (tag, value) in [(tags::ROWS, 1u16), (tags::COLUMNS, 1)] {
        set.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    set.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OB,
        PrimitiveValue::from(vec![0u8; frames]),
    ));
    write(set, EXPLICIT, MR, "1.2.3.1", &path);
    let item = &scan(&path)[0];
    let refused = item.error.as_ref().expect("refused");
    assert!(refused.message.contains("memory"), "{}", refused.message);
}

/// A NIfTI file of labels, `layers` volumes of 2 × 2 × 2 voxels, each with one voxel of label 1.
fn layered(folder: &Path, layers: [i16; 2]) -> PathBuf {
    let n = usize::from(layers[0].unsigned_abs()) * usize::from(layers[1].unsigned_abs());
    let mut bytes = vec![0u8; 352 + 8 * n];
    bytes[..4].copy_from_slice(&348i32.to_le_bytes());
    for (axis, size) in [5, 2, 2, 2, layers[0], layers[1], 1, 1].iter().enumerate() {
        bytes[40 + 2 * axis..][..2].copy_from_slice(&size.to_le_bytes());
    }
    for (at, value) in [(68, 1002i16), (70, 2), (72, 8), (254, 1)] {
        bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    let row = |bytes: &mut [u8], at: usize, row: [f32; 4]| {
        for (n, v) in row.iter().enumerate() {
            bytes[at + 4 * n..][..4].copy_from_slice(&v.to_le_bytes());
        }
    };
    row(&mut bytes, 76, [1.0; 4]);
    row(&mut bytes, 92, [1.0; 4]);
    row(&mut bytes, 108, [352.0, 0.0, 0.0, 0.0]);
    row(&mut bytes, 280, [1.0, 0.0, 0.0, 5.0]);
    row(&mut bytes, 296, [0.0, 1.0, 0.0, 5.0]);
    row(&mut bytes, 312, [0.0, 0.0, 2.0, 5.0]);
    bytes[344..348].copy_from_slice(b"n+1\0");
    for (layer, voxels) in bytes[352..].chunks_exact_mut(8).enumerate() {
        voxels[layer % 8] = 1;
    }
    let path = folder.join("layers.nii.gz");
    let file = std::fs::File::create(&path).expect("created");
    let mut packer = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    packer.write_all(&bytes).expect("packed");
    packer.finish().expect("written");
    path
}

#[test]
fn layers_of_labels_are_counted_in_one_pass() {
    let dir = TempDir::new().expect("folder");
    let item = only(layered(dir.path(), [20, 12]));
    assert_eq!(item.kind, ItemKind::Segmentation);
    assert_eq!(item.segments.len(), 240);
    assert!(item.segments.iter().all(|s| s.voxels == Some(1)));
    let begun = Instant::now();
    let item = only(layered(dir.path(), [32_767, 6]));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_eq!(item.n_frames_4d, 32_767 * 6);
    assert!(item.is_image() && item.segments.is_empty());
    assert!(codes(&item).contains(&WarningCode::Partial));
}

#[test]
fn spacing_that_no_pixels_have_is_unknown() {
    for spacing in ["1e-300\\1e300", "0.5\\20000", "0.00001\\0.5"] {
        let dir = TempDir::new().expect("folder");
        series(dir.path(), &[0.0, 2.5, 5.0], |set| {
            put(set, tags::PIXEL_SPACING, VR::DS, spacing);
        });
        let item = only(dir.path());
        assert_eq!(codes(&item), [WarningCode::SpacingUnknown], "{spacing}");
        let grid = item.grid.as_ref().expect("grid");
        assert!(!grid.is_calibrated(), "{spacing}");
    }
    let dir = TempDir::new().expect("folder");
    for spacing in [1e5, 1e-6] {
        let path = dir.path().join("a.mha");
        let text = format!(
            "NDims = 3\nDimSize = 2 2 2\nElementSpacing = 0.5 {spacing} 1\nOffset = 5 5 5\n\
             TransformMatrix = 1 0 0 0 1 0 0 0 1\nElementType = MET_UCHAR\n\
             ElementDataFile = LOCAL\nabcdefgh"
        );
        std::fs::write(&path, text).expect("written");
        let item = only(&path);
        assert!(codes(&item).contains(&WarningCode::SpacingUnknown));
        let grid = item.grid.as_ref().expect("grid");
        assert!(!grid.is_calibrated());
        close(grid.spacing_mm()[1].0, 1.0, 1e-9, "nominal");
    }
}

#[test]
fn a_slice_that_was_acquired_twice_is_named_by_its_place() {
    let dir = TempDir::new().expect("folder");
    let positions = [0.0, 2.5, 5.0, 7.5, 10.0, 12.5, 7.5];
    series(dir.path(), &positions, |_| {});
    let items = scan(dir.path());
    let [item] = &items[..] else {
        panic!("{items:?}")
    };
    let mut ordered = item
        .warnings
        .iter()
        .filter(|w| w.code == WarningCode::Order);
    let (Some(warning), None) = (ordered.next(), ordered.next()) else {
        panic!("{:?}", item.warnings)
    };
    assert!(
        warning.message.starts_with("1 of 7 slices") && warning.message.contains("7.50 mm"),
        "{}",
        warning.message
    );
    assert_eq!(warning.files.len(), 2, "{:?}", warning.files);
    assert_eq!(item.kind, ItemKind::Stack);
    let grid = item.grid.as_ref().expect("a grid to look at");
    assert!(!grid.is_calibrated() && !grid.is_orientation_known());
    assert_eq!(grid.shape()[2], 7);
}

#[test]
fn a_length_behind_an_unknown_vr_is_checked() {
    let dir = TempDir::new().expect("folder");
    let path = dir.path().join("a.dcm");
    // In the file meta group, and in the data set.
    for element in [b"\x02\x00\x03\x00UI", b"\x08\x00\x18\x00UI"] {
        write(image(1, 0.0), EXPLICIT, MR, "1.2.826.0.1.3680043", &path);
        let mut bytes = std::fs::read(&path).expect("read");
        let at = bytes.windows(6).position(|w| w == element).expect("there");
        bytes[at + 4..at + 6].copy_from_slice(b"TI");
        std::fs::write(&path, bytes).expect("written");
        let refused = scan(&path).remove(0).error.expect("refused");
        let is_named = ["leaves the file", "declares"]
            .iter()
            .any(|said| refused.message.contains(said));
        assert!(is_named, "{}", refused.message);
    }
}

#[test]
fn a_damaged_file_is_missed_by_the_series_that_it_names() {
    let dir = TempDir::new().expect("folder");
    for name in ["one", "two"] {
        let apart = TempDir::new().expect("folder");
        series(apart.path(), &[0.0, 2.5, 5.0, 7.5], |_| {});
        for n in 0..4 {
            let path = apart.path().join(format!("{n}.dcm"));
            let mut file = dicom::object::open_file(&path).expect("readable");
            let uid = PrimitiveValue::from(format!("1.2.3.{}", name.as_bytes()[0]));
            file.put(DataElement::new(tags::SERIES_INSTANCE_UID, VR::UI, uid));
            file.write_to_file(&path).expect("written");
            let bytes = std::fs::read(&path).expect("file");
            let kept = match (name, n) {
                ("one", 1) => &bytes[..bytes.len() - 3],
                _ => &bytes[..],
            };
            std::fs::write(dir.path().join(format!("{name}{n}.dcm")), kept).expect("written");
        }
    }
    let named: Vec<bool> = scan(dir.path())
        .iter()
        .filter(|i| i.is_image())
        .map(|i| codes(i).contains(&WarningCode::Partial))
        .collect();
    assert_eq!(named, [true, false]);
}

#[test]
fn a_length_that_holds_no_whole_number_of_values_is_refused() {
    let dir = TempDir::new().expect("folder");
    let path = dir.path().join("a.dcm");
    // SamplesPerPixel (0028,0002) with its length in 16 and in 32 bits.
    for (syntax, element) in [
        (EXPLICIT, &b"\x28\x00\x02\x00US\x02\x00"[..]),
        (IMPLICIT, b"\x28\x00\x02\x00\x02\x00\x00\x00"),
    ] {
        write(image(1, 0.0), syntax, MR, "1.2.826.0.1.3680043", &path);
        let mut bytes = std::fs::read(&path).expect("read");
        let found = bytes.windows(8).position(|w| w == element);
        let length = found.expect("there") + if syntax == EXPLICIT { 6 } else { 4 };
        bytes[length] = 13;
        std::fs::write(&path, bytes).expect("written");
        let refused = scan(&path).remove(0).error.expect("refused");
        assert!(
            refused.message.contains("(0028,0002) declares 13 bytes"),
            "{}",
            refused.message
        );
    }
}
