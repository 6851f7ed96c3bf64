//! What is written is read again with the same meaning; which of several labels is read.

use ndarray::Array3;
use oncotwin::export::Label;
use oncotwin::geometry::Spacing;
use oncotwin::volume::{Modality, Rescale, Samples};

use super::*;

/// 4 × 4 × 5 voxels of 40 HU, stored as 1064.
fn volume(change: impl FnOnce(Grid) -> Grid) -> Volume {
    let affine = nalgebra::Matrix4::from_diagonal(&nalgebra::Vector4::new(0.5, 0.9, 2.5, 1.0));
    let grid = change(Grid::from_affine([4, 4, 5], &affine).expect("valid"));
    let mut samples = Array3::from_elem((5, 4, 4), 1064i16);
    samples[[0, 0, 0]] = -2000;
    let rescale = Rescale {
        slope: 1.0,
        intercept: -1024.0,
    };
    Volume::new(
        Arc::new(grid),
        Samples::I16(samples),
        vec![rescale; 5],
        IntensityUnit::Hounsfield,
        Modality::CT,
    )
    .expect("fits")
}

fn again(volume: &Volume) -> (TempDir, Item) {
    let dir = TempDir::new().expect("folder");
    let path = dir.path().join("a.nii.gz");
    export::write_nifti_volume(volume, &path).expect("written");
    let item = only(&path);
    (dir, item)
}

#[test]
fn voids_and_padding_come_back_without_a_value() {
    let mut ours = volume(|grid| grid.with_void_slices(vec![2]));
    ours.padding = Some(-2000.0..=-2000.0);
    let (_dir, item) = again(&ours);
    let theirs = load(&item).statistics().expect("values");
    assert_eq!((theirs.n_void, theirs.min, theirs.max), (17, 40.0, 40.0));

    // Without a gap, samples stay whole numbers.
    ours = volume(|grid| grid);
    let (_dir, item) = again(&ours);
    let theirs = load(&item);
    assert!(matches!(theirs.samples(), Samples::I16(_)));
    assert_eq!(theirs.statistics().map(|s| s.n_void), Some(0));
}

#[test]
fn an_unknown_spacing_stays_unknown() {
    let (dir, item) = again(&volume(|grid| grid.with_spacing(Spacing::Unknown)));
    assert!(codes(&item).contains(&WarningCode::SpacingUnknown));
    assert!(!item.grid.as_ref().expect("grid").is_calibrated());
    let mask = Mask::from_box(
        Arc::clone(item.grid.as_ref().expect("grid")),
        [0; 3],
        &Array3::from_elem((2, 2, 2), true),
    )
    .expect("inside");
    let path = dir.path().join("a_mask.nii.gz");
    export::write_nifti_mask(&mask, &path).expect("written");
    assert_eq!(only(&path).segments[0].volume, Some(Bulk::Voxels(8.0)));

    let (_dir, item) = again(&volume(|grid| grid));
    assert!(item.grid.as_ref().expect("grid").is_calibrated());
}

/// Two structures of value 1 that overlap, in layers of their own.
#[test]
fn labels_of_all_layers_can_be_chosen() {
    let dir = TempDir::new().expect("folder");
    let path = dir.path().join("s.seg.nrrd");
    let mut bytes = b"NRRD0004\ntype: unsigned char\ndimension: 4\n\
        space: left-posterior-superior\nsizes: 2 4 4 5\n\
        space directions: none (0.5,0,0) (0,0.9,0) (0,0,2.5)\n\
        kinds: list domain domain domain\nencoding: raw\nspace origin: (0,0,0)\n\
        Segment0_ID:=A\nSegment0_Name:=small\nSegment0_LabelValue:=1\nSegment0_Layer:=0\n\
        Segment1_ID:=B\nSegment1_Name:=big\nSegment1_LabelValue:=1\nSegment1_Layer:=1\n\n"
        .to_vec();
    bytes.extend((0..80u8).flat_map(|n| [u8::from(n < 3), u8::from(n < 20)]));
    std::fs::write(&path, bytes).expect("written");
    let image = volume(|grid| grid);
    let read = |label: Option<&Label>| {
        export::read_mask_on(&path, label, image.grid(), &JobContext::default())
    };
    for label in [None, Some(Label::Number(1)), Some(Label::Number(2))] {
        let refused = read(label.as_ref()).expect_err("undetermined").to_string();
        assert!(refused.contains("small") && refused.contains("big"));
    }
    for (name, voxels) in [("small", 3), ("Big", 20)] {
        let label: Label = name.parse().expect("a label");
        assert_eq!(read(Some(&label)).expect("named").n_voxels(), voxels);
    }
    let item = only(&path);
    let layers: Vec<usize> = item.segments.iter().map(|s| s.layer).collect();
    assert_eq!(layers, [0, 1]);
}

#[test]
fn headers_in_text_are_shown_and_unused_scalings_named() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/raw_formats");
    let header = open::header(&root.join("nrrd/slicer.seg.nrrd")).expect("rows");
    assert_eq!(header.format, "NRRD");
    assert!(header.rows.iter().any(|r| r.keyword == "Segment0_ID"));
    let header = open::header(&root.join("metaimage/i2_big.mha")).expect("rows");
    assert_eq!(header.format, "MetaImage");
    assert!(header.rows.iter().any(|r| r.keyword == "DimSize"));

    let dir = TempDir::new().expect("folder");
    let path = dir.path().join("a.mha");
    let text = "NDims = 3\nDimSize = 2 2 1\nElementSpacing = 1 2 3\n\
                ElementToIntensityFunctionSlope = 2\nElementToIntensityFunctionOffset = 0\n\
                ElementType = MET_UCHAR\nElementDataFile = LOCAL\nabcd";
    std::fs::write(&path, text).expect("written");
    let item = only(&path);
    assert!(codes(&item).contains(&WarningCode::Rescale));
    assert_eq!(load(&item).value(0, 0, 0), Some(97.0));
}
