//! NIfTI, Analyze, NRRD and MetaImage: places and values as other programs read them.

use std::path::PathBuf;

use nalgebra::Matrix4;

use super::*;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn json(path: impl AsRef<Path>) -> Value {
    let text = std::fs::read_to_string(path).expect("JSON file");
    serde_json::from_str(&text).expect("JSON")
}

fn affine(rows: &Value) -> Matrix4<f64> {
    let rows: Vec<Vec<f64>> = rows.as_array().expect("rows").iter().map(numbers).collect();
    Matrix4::from_fn(|r, c| rows[r][c])
}

/// The greatest distance between corners by two affines; axes of one voxel count with one step.
fn corners_apart(grid: &Grid, theirs: &Matrix4<f64>) -> f64 {
    let ours = grid.affine();
    (0..8usize)
        .map(|corner| {
            let at = |axis: usize| {
                let last = grid.shape()[axis] as f64 - 1.0;
                if corner >> axis & 1 == 1 { last } else { 0.0 }
            };
            let v = nalgebra::Vector4::new(at(0), at(1), at(2), 1.0);
            (ours * v - theirs * v).norm()
        })
        .fold(0.0, f64::max)
}

fn names(item: &Item) -> Vec<String> {
    let mut codes: Vec<String> = codes(item)
        .into_iter()
        .filter(|c| *c != WarningCode::Date)
        .map(WarningCode::as_str)
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

#[test]
fn files_in_all_types_and_encodings_are_read_as_they_were_written() {
    let root = fixtures().join("raw_formats");
    let expected = json(root.join("expected.json"));
    let files = expected["files"].as_object().expect("files");
    assert!(files.len() > 140);
    for (name, entry) in files {
        let items = scan(root.join(name));
        assert_eq!(items.len(), 1, "{name}");
        let item = &items[0];
        if let Some(error) = entry.get("error") {
            let code = item.error.as_ref().map(|e| &*e.code);
            assert_eq!(code, error.as_str(), "{name}");
            continue;
        }
        assert_eq!(item.error, None, "{name}");
        assert_eq!(Some(item.kind.name()), entry["kind"].as_str(), "{name}");
        let stated: Vec<&str> = entry["codes"]
            .as_array()
            .expect("codes")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(names(item), stated, "{name}: {:?}", item.warnings);
        let grid = item.grid.as_ref().expect("grid");
        let shape = grid.shape().map(|n| n as f64).to_vec();
        assert_eq!(shape, numbers(&entry["shape"]), "{name}");
        let apart = corners_apart(grid, &affine(&entry["affine_lps"]));
        assert!(apart <= 0.001, "{name}: corners are {apart} mm apart");
        let frames = entry["frames"].as_array().expect("frames");
        assert_eq!(item.n_frames_4d, frames.len(), "{name}");
        for (frame, values) in frames.iter().enumerate() {
            let volume = open::load(item, frame, &JobContext::default()).expect("load");
            let ours: Vec<Option<f32>> = (0..grid.shape()[2])
                .flat_map(|k| volume.slice_values(k))
                .collect();
            let theirs: Vec<Option<f32>> =
                numbers(values).iter().map(|v| Some(*v as f32)).collect();
            assert_eq!(ours, theirs, "{name}, frame {frame}");
        }
        if let Some(segments) = entry.get("segments") {
            let ours: Vec<Value> = item
                .segments
                .iter()
                .map(|s| serde_json::json!([s.label, s.number, s.voxels]))
                .collect();
            assert_eq!(&Value::from(ours), segments, "{name}");
        }
    }
}

#[test]
fn data_files_are_described_with_their_header() {
    let root = fixtures().join("raw_formats");
    let items = scan(&root);
    let expected = json(root.join("expected.json"));
    let n = expected["files"].as_object().expect("files").len();
    let strangers: Vec<&Item> = items.iter().filter(|i| i.kind == ItemKind::Other).collect();
    // expected.json itself.
    assert_eq!(strangers.len(), 1, "{strangers:#?}");
    assert_eq!(items.len(), n + 1);
    let list = only(root.join("metaimage/list.mhd"));
    assert_eq!(list.n_files, 4);
    // A data file on its own says what it is not.
    let alone = &scan(root.join("metaimage/s01.raw"))[0];
    assert_eq!(alone.error.as_ref().map(|e| &*e.code), Some("E-FORMAT"));
    let missing = &scan(root.join("nrrd/missing.nhdr"))[0];
    let message = &missing.error.as_ref().expect("refused").message;
    assert!(message.contains("nowhere.raw"), "{message}");
}

#[test]
fn edge_case_nifti_files_agree_with_nibabel() {
    let Some(root) = shared("data/A9_nifti_edge") else {
        return;
    };
    let reference = json(fixtures().join("nibabel_A9.json"));
    let mut compared = 0;
    for (name, entry) in reference["files"].as_object().expect("files") {
        let items = scan(root.join(name));
        assert_eq!(items.len(), 1, "{name}");
        let item = &items[0];
        if entry.get("error").is_some() || entry["kind"] != "grey" {
            // nibabel wants both halves of a pair packed alike.
            let ours_alone = name.ends_with("minimal2.hdr");
            let is_colour = entry["kind"] == "colour" && item.error.is_none();
            assert!(ours_alone || is_colour || item.error.is_some(), "{name}");
            continue;
        }
        assert_eq!(item.error, None, "{name}");
        let grid = item.grid.as_ref().expect("grid");
        let shape = numbers(&entry["shape"]);
        for (axis, n) in grid.shape().iter().enumerate() {
            assert_eq!(*n as f64, shape.get(axis).copied().unwrap_or(1.0), "{name}");
        }
        let zooms = numbers(&entry["zooms_mm"]);
        for (axis, zoom) in zooms.iter().enumerate() {
            close(grid.spacing_mm()[axis].0, *zoom, 1e-4, name);
        }
        if grid.is_orientation_known() {
            let apart = corners_apart(grid, &affine(&entry["affine_lps"]));
            assert!(apart <= 0.01, "{name}: corners are {apart} mm apart");
        } else {
            assert_eq!(
                (&entry["sform_code"], &entry["qform_code"]),
                (&0.into(), &0.into())
            );
        }
        let ours = load(item).statistics().expect("values");
        let theirs = &entry["values"];
        let number = |key: &str| theirs[key].as_f64().expect("number");
        let scale = number("max").abs().max(number("min").abs()).max(1e-12);
        close(ours.min, number("min"), 1e-6 * scale, name);
        close(ours.max, number("max"), 1e-6 * scale, name);
        close(ours.mean, number("mean"), 1e-6 * scale, name);
        assert_eq!(ours.n_void as f64, number("n_void"), "{name}");
        compared += 1;
    }
    assert_eq!(compared, 28);
}

#[test]
fn colours_are_pictures_and_are_not_measured() {
    let Some(root) = shared("data/A9_nifti_edge/nifti-rs/resources") else {
        return;
    };
    let job = JobContext::default();
    for (file, bytes, pictures) in [
        ("rgb/3D.nii", 3, 3),
        ("rgb/4D.nii", 3, 6),
        ("rgba/4D.nii", 4, 6),
    ] {
        let items = scan(root.join(file));
        let item = &items[0];
        assert!(item.is_colour() && item.kind == ItemKind::Image2d, "{file}");
        assert_eq!(item.n_frames_4d, pictures, "{file}");
        let stored = std::fs::read(root.join(file)).expect("file");
        for picture in 0..pictures {
            let image = open::load_colour(item, picture, &job).expect("picture");
            assert_eq!((image.width(), image.height()), (3, 3));
            for n in 0..9 {
                let at = 352 + (picture * 9 + n) * bytes;
                assert_eq!(image.rgb()[3 * n..3 * n + 3], stored[at..at + 3], "{file}");
            }
        }
        assert!(open::load_colour(item, pictures, &job).is_err());
        assert!(open::load(item, 0, &job).is_err());
    }
}

/// Compares label maps in NRRD and MetaImage with the counts of a reference.
fn check_masks(set: &str) -> usize {
    let Some(root) = shared(&format!("data/{set}")) else {
        return 0;
    };
    let reference = reference(&root);
    let mut compared = 0;
    for (name, entry) in reference["masks"].as_object().expect("masks") {
        if !name.ends_with(".nrrd") && !name.ends_with(".mha") {
            continue;
        }
        let item = only(root.join(name));
        let grid = item.grid.as_ref().expect("grid");
        let (spacing, origin) = (numbers(&entry["spacing"]), numbers(&entry["origin"]));
        let direction = numbers(&entry["direction"]);
        let theirs = Matrix4::from_fn(|r, c| match (r, c) {
            (3, 3) => 1.0,
            (3, _) => 0.0,
            (_, 3) => origin[r],
            _ => direction[r * 3 + c] * spacing[c],
        });
        let apart = corners_apart(grid, &theirs);
        // References are rounded to six digits.
        assert!(apart <= 0.01, "{name}: corners are {apart} mm apart");
        let volume = load(&item);
        for (label, counted) in entry["labels"].as_object().expect("labels") {
            let Ok(number) = label.parse::<u32>() else {
                continue;
            };
            let in_volume = (0..grid.shape()[2])
                .flat_map(|k| volume.slice_values(k))
                .filter(|v| *v == Some(number as f32))
                .count();
            let expected = counted["voxels"].as_u64();
            assert_eq!(Some(in_volume as u64), expected, "{name}, label {label}");
            // A map with many labels and a name that says nothing stays an image.
            if item.kind == ItemKind::Segmentation {
                let ours = item.segments.iter().find(|s| s.number == number);
                let voxels = ours.and_then(|s| s.voxels).map(|n| n as u64);
                assert_eq!(voxels, expected, "{name}, label {label}");
            }
            compared += 1;
        }
    }
    compared
}

#[test]
fn label_maps_of_others_have_the_reference_voxels() {
    if shared("data/B7_dcmqi").is_none() {
        return;
    }
    assert!(check_masks("B6_lesion_sizing") >= 1);
    assert!(check_masks("B7_dcmqi") >= 5);
}

#[test]
fn sidecars_speak_of_every_format() {
    let dir = TempDir::new().expect("folder");
    let from = fixtures().join("raw_formats");
    for (file, to) in [
        ("nrrd/no_spacing.nrrd", "a.nrrd"),
        ("metaimage/no_spacing.mha", "b.mha"),
        ("nifti/no_codes.nii", "c.nii"),
    ] {
        std::fs::copy(from.join(file), dir.path().join(to)).expect("copied");
    }
    let text: String = ["a.nrrd", "b.mha", "c.nii"]
        .map(|file| {
            format!(
                "[[image]]\nfile = \"{file}\"\ndate = \"2024-03-01\"\nmodality = \"CT\"\n\
                 spacing = [0.5, 0.6, 0.7]\nrole = \"image\"\n"
            )
        })
        .concat();
    std::fs::write(dir.path().join("study.toml"), text).expect("written");
    for item in scan(dir.path()) {
        let name = item.paths[0].display().to_string();
        let grid = item.grid.as_ref().expect("grid");
        assert!(grid.is_calibrated(), "{name}");
        let spacing = grid.spacing_mm().map(|s| s.0);
        for (ours, stated) in spacing.iter().zip([0.5, 0.6, 0.7]) {
            close(*ours, stated, 1e-9, &name);
        }
        assert_eq!(item.unit, IntensityUnit::Hounsfield, "{name}");
        assert!(item.study_date.is_some(), "{name}");
    }
}

/// Files that promise far more than they hold are refused before memory is taken.
#[test]
fn promises_that_a_file_cannot_keep_are_refused() {
    let dir = TempDir::new().expect("folder");
    let mut nifti = std::fs::read(fixtures().join("raw_formats/nifti/second.nii")).expect("file");
    for axis in 1..=3u8 {
        let at = 16 + 8 * usize::from(axis);
        nifti[at..at + 8].copy_from_slice(&(1i64 << 20).to_le_bytes());
    }
    let nrrd = |encoding: &str, sizes: &str| {
        format!(
            "NRRD0004\ntype: short\ndimension: 3\nsizes: {sizes}\nencoding: {encoding}\n\
             endian: little\n\n0 1 2 3"
        )
        .into_bytes()
    };
    let huge = "4000000 4000000 4000000";
    let cases = [
        ("a.nii", nifti),
        ("b.nrrd", nrrd("raw", huge)),
        ("c.nrrd", nrrd("gzip", huge)),
        ("d.nrrd", nrrd("bzip2", "4000 4000 4000")),
        ("e.nrrd", nrrd("ascii", huge)),
        ("f.nrrd", nrrd("hex", "1 1 4000000000")),
        (
            "g.mha",
            b"NDims = 3\nDimSize = 60000 60000 60000\nElementType = MET_SHORT\n\
              CompressedData = True\nElementDataFile = LOCAL\nxx"
                .to_vec(),
        ),
        (
            "h.mha",
            b"NDims = 3\nDimSize = 18446744073709551615 60000 60000\nElementType = MET_SHORT\n\
              ElementDataFile = LOCAL\nxx"
                .to_vec(),
        ),
    ];
    for (name, bytes) in cases {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let item = &scan(&path)[0];
        assert_eq!(item.kind, ItemKind::Refused, "{name}");
    }
}

#[test]
fn reading_stops_when_it_is_cancelled() {
    let item = only(fixtures().join("raw_formats/nrrd/i2_gzip.nrrd"));
    let job = JobContext::default();
    job.cancel.cancel();
    let loaded = open::load(&item, 0, &job);
    assert!(matches!(loaded, Err(open::Error::Cancelled(_))));
}

/// Seeds of the fuzz targets and what they found: answered, every one.
#[test]
fn the_corpus_of_the_fuzz_targets_is_answered() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut answered = 0;
    for target in std::fs::read_dir(root).expect("corpus") {
        let target = target.expect("folder").path();
        for seed in std::fs::read_dir(&target).expect("seeds") {
            let bytes = std::fs::read(seed.expect("seed").path()).expect("seed");
            let name = match target.file_name().and_then(|n| n.to_str()) {
                Some("nifti") => "a.nii",
                Some("nrrd") => "a.nrrd",
                Some("metaimage") => "a.mha",
                Some("dicomdir") => "DICOMDIR",
                _ => "a.dcm",
            };
            mutated::answer(name, &bytes);
            answered += 1;
        }
    }
    assert!(answered >= 20);
}

mod mutated {
    use super::*;
    use proptest::prelude::*;

    /// Opens bytes as a file: must be answered, never panic.
    pub(super) fn answer(name: &str, bytes: &[u8]) {
        let dir = TempDir::new().expect("folder");
        std::fs::write(dir.path().join(name), bytes).expect("written");
        for item in scan(dir.path()) {
            let described = open::describe(&item, true, &JobContext::default()).expect("described");
            let answered = described["kind"].is_string()
                && (item.is_loadable() || item.error.is_some() || item.kind != ItemKind::Volume);
            assert!(answered, "{described}");
        }
    }

    const SEEDS: [&str; 14] = [
        "nifti/i2_little.nii",
        "nifti/f8_big.nii",
        "nifti/second.nii",
        "nifti/second.nii.gz",
        "nifti/wide_labels.nii",
        "nrrd/i2_little.nrrd",
        "nrrd/f4_gzip.nrrd",
        "nrrd/i2_bzip2.nrrd",
        "nrrd/u8_ascii.nrrd",
        "nrrd/i2_hex.nrrd",
        "nrrd/slicer.seg.nrrd",
        "metaimage/i2_big.mha",
        "metaimage/f4_zlib.mha",
        "metaimage/four_d.mha",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn small_files_with_changes_are_answered(
            which in 0..SEEDS.len(),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            digits in prop::collection::vec((any::<prop::sample::Index>(), b'0'..=b'9'), 0..4),
            cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
        ) {
            let path = fixtures().join("raw_formats").join(SEEDS[which]);
            let mut bytes = std::fs::read(path).expect("seed");
            for (at, value) in edits {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            // Another digit in a text header is another number.
            for (at, digit) in digits {
                let places: Vec<usize> =
                    (0..bytes.len()).filter(|&n| bytes[n].is_ascii_digit()).collect();
                if !places.is_empty() {
                    bytes[places[at.index(places.len())]] = digit;
                }
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            let name = Path::new(SEEDS[which]).file_name().expect("name");
            answer(&name.to_string_lossy(), &bytes);
        }
    }
}
