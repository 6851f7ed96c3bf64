//! Letters follow the patient, not the table: a body that lies on it in any way, imaged along any
//! plane, read from DICOM and looked at through the session.

use std::path::Path;

use dicom::core::{DataElement, PrimitiveValue, Tag, VR};
use dicom::dictionary_std::{tags, uids};
use dicom::object::{FileMetaTableBuilder, InMemDicomObject};
use oncotwin::app::Command;
use oncotwin::app::view::{Letters, Picture, PixelMap, Point, WindowLevel};
use oncotwin::geometry::Vec3;

use crate::review::session;

/// How a patient lies on the table, and which directions of the patient (LPS) point where a patient
/// who lies head first on the back has left, posterior and head: to the right of who looks into the
/// gantry, down, and into it.
const POSITIONS: [(&str, [[f64; 3]; 3]); 8] = {
    const L: [f64; 3] = [1.0, 0.0, 0.0];
    const R: [f64; 3] = [-1.0, 0.0, 0.0];
    const P: [f64; 3] = [0.0, 1.0, 0.0];
    const A: [f64; 3] = [0.0, -1.0, 0.0];
    const H: [f64; 3] = [0.0, 0.0, 1.0];
    const F: [f64; 3] = [0.0, 0.0, -1.0];
    [
        ("HFS", [L, P, H]),
        ("HFP", [R, A, H]),
        // Who lies on the right side has it below.
        ("HFDR", [P, R, H]),
        ("HFDL", [A, L, H]),
        ("FFS", [R, P, F]),
        ("FFP", [L, A, F]),
        ("FFDR", [A, R, F]),
        ("FFDL", [P, L, F]),
    ]
};

/// Rows, columns and slices as directions of the table, as scanners reconstruct them.
const SCANS: [(&str, [[f64; 3]; 3]); 4] = [
    (
        "across the table",
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    ),
    (
        "flat on the table",
        [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
    ),
    (
        "along the table",
        [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]],
    ),
    // Turned by 32° about the axis across the table, and by 20° about its own normal.
    (
        "oblique",
        [
            [0.939_692_620_8, 0.290_048_882_2, -0.181_242_004_4],
            [-0.342_020_143_3, 0.796_905_047_7, -0.497_958_310_8],
            [0.0, 0.529_919_264_2, 0.848_048_096_2],
        ],
    ),
];

/// Voxels along (i, j, k) and their distances, mm.
const SHAPE: [usize; 3] = [20, 16, 12];
const SPACING: [f64; 3] = [2.0, 2.5, 3.0];
/// The middle of the body.
const MIDDLE: [f64; 3] = [7.0, -150.0, 40.0];
/// The body has a bright half on this side: by which a picture is told without a word.
const SIDES: [([f64; 3], char, char); 3] = [
    ([1.0, 0.0, 0.0], 'L', 'R'),
    ([0.0, 1.0, 0.0], 'P', 'A'),
    ([0.0, 0.0, 1.0], 'H', 'F'),
];

/// A scan of the body: where its voxels are.
struct Scan {
    position: &'static str,
    /// Unit directions of rows, columns and slices in the patient.
    axes: [Vec3; 3],
}

impl Scan {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (position, table) in POSITIONS {
            let table = table.map(Vec3::from);
            for (_, axes) in SCANS {
                let in_patient = |v: [f64; 3]| table[0] * v[0] + table[1] * v[1] + table[2] * v[2];
                all.push(Self {
                    position,
                    axes: axes.map(in_patient),
                });
            }
        }
        all
    }

    fn place(&self, index: [usize; 3]) -> Vec3 {
        let mut at = Vec3::from(MIDDLE);
        for axis in 0..3 {
            let from_middle = index[axis] as f64 - (SHAPE[axis] as f64 - 1.0) / 2.0;
            at += self.axes[axis] * (from_middle * SPACING[axis]);
        }
        at
    }

    /// Writes its slices; `side` is the one with the bright half.
    fn write(&self, folder: &Path, n: usize, side: Vec3, position: &str) {
        std::fs::create_dir_all(folder).expect("a folder");
        let numbers = |v: &[f64]| {
            let text: Vec<String> = v.iter().map(|x| format!("{x:.9}")).collect();
            text.join("\\")
        };
        let uid = |kind: usize, k: usize| format!("1.2.3.{kind}.{}.{}", n + 1, k + 1);
        for k in 0..SHAPE[2] {
            let mut image = InMemDicomObject::new_empty();
            let mut text = |tag: Tag, vr, value: &str| {
                image.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
            };
            // Studies of one week would be one time point.
            let day = format!("{}{:02}01", 2010 + n / 12, 1 + n % 12);
            let [u, v, _] = self.axes;
            let turn = [u.x, u.y, u.z, v.x, v.y, v.z];
            let first: [f64; 3] = self.place([0, 0, k]).into();
            text(tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE);
            text(tags::SOP_INSTANCE_UID, VR::UI, &uid(1, k));
            text(tags::STUDY_DATE, VR::DA, &day);
            text(tags::MODALITY, VR::CS, "CT");
            text(tags::PATIENT_NAME, VR::PN, "Any^Side");
            text(tags::PATIENT_ID, VR::LO, "S1");
            text(tags::PATIENT_POSITION, VR::CS, position);
            text(tags::SLICE_THICKNESS, VR::DS, "3");
            text(tags::STUDY_INSTANCE_UID, VR::UI, &uid(2, 0));
            text(tags::SERIES_INSTANCE_UID, VR::UI, &uid(3, 0));
            text(tags::FRAME_OF_REFERENCE_UID, VR::UI, &uid(4, 0));
            text(tags::SERIES_NUMBER, VR::IS, "1");
            text(tags::INSTANCE_NUMBER, VR::IS, &(k + 1).to_string());
            text(tags::IMAGE_POSITION_PATIENT, VR::DS, &numbers(&first));
            text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, &numbers(&turn));
            let spacing = numbers(&[SPACING[1], SPACING[0]]);
            text(tags::PIXEL_SPACING, VR::DS, &spacing);
            text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
            text(tags::RESCALE_INTERCEPT, VR::DS, "0");
            text(tags::RESCALE_SLOPE, VR::DS, "1");
            let mut number = |tag, value: u16| {
                image.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
            };
            number(tags::SAMPLES_PER_PIXEL, 1);
            number(tags::ROWS, SHAPE[1] as u16);
            number(tags::COLUMNS, SHAPE[0] as u16);
            number(tags::BITS_ALLOCATED, 16);
            number(tags::BITS_STORED, 16);
            number(tags::HIGH_BIT, 15);
            number(tags::PIXEL_REPRESENTATION, 1);
            let body = |j: usize, i: usize| {
                let from_middle = self.place([i, j, k]) - Vec3::from(MIDDLE);
                if from_middle.dot(&side) > 0.0 {
                    400
                } else {
                    100
                }
            };
            let stored: Vec<u16> = (0..SHAPE[1])
                .flat_map(|j| (0..SHAPE[0]).map(move |i| body(j, i)))
                .collect();
            let pixels = PrimitiveValue::U16(stored.into());
            image.put(DataElement::new(tags::PIXEL_DATA, VR::OW, pixels));
            let meta = FileMetaTableBuilder::new()
                .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
                .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
                .media_storage_sop_instance_uid(uid(1, k));
            let file = image.with_meta(meta).expect("a file");
            file.write_to_file(folder.join(format!("{k:02}.dcm")))
                .expect("written");
        }
    }
}

/// What the window is told of one picture.
struct Shown {
    what: String,
    letters: Letters,
    map: PixelMap,
    picture: std::sync::Arc<Picture>,
}

/// Every picture of every time point: the slice and the planes across it.
fn pictures(folder: &Path, scans: &[Scan]) -> Vec<Vec<Shown>> {
    let workspace = folder.join("case");
    let mut session = session(&workspace);
    session.send(Command::Open {
        paths: vec![folder.join("scans")],
    });
    session.settle();
    session.send(Command::ShowPlanes { three: true });
    let series: Vec<_> = session.view().patient.expect("one patient").columns;
    assert_eq!(series.len(), scans.len(), "one time point a month");
    for column in &series {
        let shown = column.shown.as_ref().expect("loaded");
        session.send(Command::SetWindow {
            series: shown.series,
            window: Some(WindowLevel::new(250.0, 400.0)),
        });
        session.send(Command::PointAt {
            series: shown.series,
            place: Point(nalgebra::Point3::from(Vec3::from(MIDDLE))),
        });
    }
    session.settle();
    let patient = session.view().patient.expect("one patient");
    let mut all = Vec::new();
    for (column, scan) in patient.columns.iter().zip(scans) {
        let slice = column.shown.as_ref().expect("loaded");
        let mut of_column = vec![Shown {
            what: format!("{} slice", scan.position),
            letters: slice.letters.clone().expect("left and right are known"),
            map: slice.map,
            picture: slice.picture.clone(),
        }];
        assert_eq!(column.sections.len(), 2, "{:?}", column.no_planes);
        of_column.extend(column.sections.iter().map(|section| Shown {
            what: format!("{} {}", scan.position, section.title),
            letters: section.letters.clone().expect("left and right are known"),
            map: section.map,
            picture: section.picture.clone(),
        }));
        all.push(of_column);
    }
    all
}

/// Mean grey level in the half of the picture on one side, less that on the other.
fn brighter(picture: &Picture, towards: [f64; 2]) -> f64 {
    let [cx, cy] = [picture.width, picture.height].map(|n| (n as f64 - 1.0) / 2.0);
    let (mut sums, mut counts) = ([0.0; 2], [0.0f64; 2]);
    for (n, gray) in picture.gray.iter().enumerate() {
        let (x, y) = (n % picture.width, n / picture.width);
        let along = (x as f64 - cx) * towards[0] + (y as f64 - cy) * towards[1];
        // Black is what was not imaged.
        if along.abs() > 1.0 && *gray > 0 {
            let half = usize::from(along < 0.0);
            sums[half] += f64::from(*gray);
            counts[half] += 1.0;
        }
    }
    sums[0] / counts[0].max(1.0) - sums[1] / counts[1].max(1.0)
}

fn opposite(letters: &str) -> String {
    letters
        .chars()
        .map(|c| {
            let (_, a, b) = SIDES
                .into_iter()
                .find(|(_, a, b)| *a == c || *b == c)
                .expect("a letter");
            if a == c { b } else { a }
        })
        .collect()
}

/// Half of the body is bright; the letters at the bright side of every picture name that half.
#[test]
fn letters_name_the_side_that_is_there_however_the_patient_lies() {
    for (side, letter, other) in SIDES {
        let dir = tempfile::tempdir().expect("a folder");
        let scans = Scan::all();
        for (n, scan) in scans.iter().enumerate() {
            let folder = dir.path().join("scans").join(format!("{n:02}"));
            scan.write(&folder, n, Vec3::from(side), scan.position);
        }
        let mut judged = 0;
        for shown in pictures(dir.path(), &scans).iter().flatten() {
            let what = &shown.what;
            let l = &shown.letters;
            assert_eq!(opposite(&l.left), l.right, "{what}");
            assert_eq!(opposite(&l.top), l.bottom, "{what}");
            for (towards, step, letters) in [
                ([1.0, 0.0], shown.map.dx, &l.right),
                ([0.0, 1.0], shown.map.dy, &l.bottom),
            ] {
                let share = step.normalize().dot(&Vec3::from(side));
                let told = letters.find([letter, other]);
                assert_eq!(told.is_some(), share.abs() >= 0.25, "{what}: {letters}");
                if share.abs() < 0.5 {
                    continue;
                }
                let is_bright = brighter(&shown.picture, towards) > 20.0;
                let is_dark = brighter(&shown.picture, towards) < -20.0;
                assert!(is_bright != is_dark, "{what}: a side is bright");
                let expected = if is_bright { letter } else { other };
                assert!(letters.contains(expected), "{what}: {letters}");
                let is_nearest = share.abs() > std::f64::consts::FRAC_1_SQRT_2;
                assert_eq!(letters.starts_with(expected), is_nearest, "{what}");
                judged += 1;
            }
        }
        // Of each three planes two show the side.
        assert!(judged >= 2 * scans.len(), "{judged} sides were judged");
    }
}

/// Slices along the planes of the patient are shown as radiology shows them, so that their letters are
/// always the same.
#[test]
fn straight_pictures_have_the_letters_of_radiology() {
    let dir = tempfile::tempdir().expect("a folder");
    let straight: Vec<Scan> = Scan::all()
        .into_iter()
        .filter(|s| s.axes[0].amax() > 0.99)
        .collect();
    assert_eq!(straight.len(), 24);
    for (n, scan) in straight.iter().enumerate() {
        let folder = dir.path().join("scans").join(format!("{n:02}"));
        scan.write(&folder, n, Vec3::x(), scan.position);
    }
    for (of_scan, scan) in pictures(dir.path(), &straight).iter().zip(&straight) {
        let mut seen: Vec<String> = of_scan
            .iter()
            .map(|s| {
                let l = &s.letters;
                format!("{}{}{}{}", l.left, l.right, l.top, l.bottom)
            })
            .collect();
        seen.sort();
        // Sagittal, axial, coronal: left, right, top, bottom.
        assert_eq!(seen, ["APHF", "RLAP", "RLHF"], "{}", scan.position);
    }
}

/// Where the table was says nothing: the same places with another PatientPosition give the same.
#[test]
fn the_position_on_the_table_changes_nothing_by_itself() {
    let dir = tempfile::tempdir().expect("a folder");
    let oblique = || Scan::all().remove(3);
    let scans: Vec<Scan> = POSITIONS.iter().map(|_| oblique()).collect();
    for (n, (scan, (position, _))) in scans.iter().zip(POSITIONS).enumerate() {
        let folder = dir.path().join("scans").join(format!("{n:02}"));
        scan.write(&folder, n, Vec3::z(), position);
    }
    let all = pictures(dir.path(), &scans);
    for other in &all[1..] {
        for (a, b) in all[0].iter().zip(other) {
            assert_eq!((&a.letters, &a.map), (&b.letters, &b.map));
            assert_eq!(a.picture.gray, b.picture.gray);
        }
    }
}
