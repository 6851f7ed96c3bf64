//! Pixels of every encoding beside what pydicom, GDCM, dcm2niix and uncompressed twins hold.

use super::*;
use oncotwin::volume::{ColourImage, Samples};

/// Stored samples of all frames of an item, slice by slice.
fn stored(item: &Item) -> Vec<f64> {
    let mut all = Vec::new();
    for frame in 0..item.n_frames_4d {
        let volume = open::load(item, frame, &JobContext::default()).expect("load");
        match volume.samples() {
            Samples::I16(a) => all.extend(a.iter().map(|&v| f64::from(v))),
            Samples::U16(a) => all.extend(a.iter().map(|&v| f64::from(v))),
            Samples::F32(a) => all.extend(a.iter().map(|&v| f64::from(v))),
        }
    }
    all
}

fn colours(item: &Item) -> Vec<ColourImage> {
    (0..item.n_frames_4d)
        .map(|frame| open::load_colour(item, frame, &JobContext::default()).expect("picture"))
        .collect()
}

/// What pydicom decoded: shape, smallest, largest, sum.
struct Decoded {
    shape: Vec<usize>,
    min: f64,
    max: f64,
    sum: f64,
}

/// `(512, 512) int16 min-2971 max2836 sum-2181784`
fn decoded(text: &str) -> Option<Decoded> {
    let (shape, rest) = text.strip_prefix('(')?.split_once(')')?;
    let number = |key: &str| {
        let at = rest.find(key)? + key.len();
        rest[at..].split_whitespace().next()?.parse().ok()
    };
    Some(Decoded {
        shape: shape
            .split(',')
            .filter_map(|n| n.trim().parse().ok())
            .collect(),
        min: number(" min")?,
        max: number(" max")?,
        sum: number(" sum")?,
    })
}

/// Kinds of objects that are listed, whose pixels are not image voxels of this reader.
const LISTED: [&str; 3] = ["liver", "rtdose", "parametric_map_float"];
/// Colours of palettes and of more than 8 bits are compared by shape: pydicom gives indices or all
/// bits, the picture has 8 bits per colour.
const SHAPE_ONLY: [&str; 3] = ["palette", "16bit", "32bit"];
/// Loaded here although the table has no values: its transfer syntax is not declared and is told
/// from its first element.
const LOADED_WITHOUT_VALUES: [&str; 1] = ["OT-PAL-8-face.dcm"];
/// Refused here although pydicom decodes them.
const REFUSED: [(&str, &str); 1] = [
    // JPEG extended with 12-bit samples.
    ("JPGExtended.dcm", "E-CODEC"),
];

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|e| Some(e.ok()?.path()))
        .collect();
    entries.sort();
    entries.iter().find_map(|path| match path.is_dir() {
        true => find(path, name),
        false => (path.file_name()? == name).then(|| path.clone()),
    })
}

fn check_decoded(name: &str, path: &Path, expected: Option<&Decoded>) -> Result<(), String> {
    let items = scan(path);
    let images: Vec<&Item> = items.iter().filter(|i| i.is_image()).collect();
    let pictures: Vec<&Item> = items.iter().filter(|i| i.is_colour()).collect();
    let errors: Vec<String> = items
        .iter()
        .filter_map(|i| {
            i.error
                .as_ref()
                .map(|e| format!("{}: {}", e.code, e.message))
        })
        .collect();
    let Some(expected) = expected else {
        let loaded = !images.is_empty() || !pictures.is_empty();
        let allowed = LOADED_WITHOUT_VALUES.contains(&name);
        return if loaded == allowed {
            Ok(())
        } else {
            Err(format!("loaded: {loaded}"))
        };
    };
    if LISTED.iter().any(|prefix| name.starts_with(prefix)) {
        return if images.is_empty() && pictures.is_empty() {
            Ok(())
        } else {
            Err("is loaded now: compare it".to_owned())
        };
    }
    if let Some((_, code)) = REFUSED.iter().find(|(n, _)| *n == name) {
        let named = errors.iter().any(|e| e.starts_with(code));
        return named.then_some(()).ok_or(format!("{errors:?}"));
    }
    if !pictures.is_empty() {
        let all: Vec<ColourImage> = pictures.iter().flat_map(|i| colours(i)).collect();
        let shape = [all.len(), all[0].height(), all[0].width(), 3];
        let from = usize::from(all.len() == 1);
        if !shape[from..].starts_with(&expected.shape) {
            return Err(format!("shape {shape:?} beside {:?}", expected.shape));
        }
        if SHAPE_ONLY.iter().any(|part| name.contains(part)) || expected.shape.len() < 3 {
            return Ok(());
        }
        let sum: f64 = all
            .iter()
            .flat_map(|p| p.rgb())
            .map(|&v| f64::from(v))
            .sum();
        // One unit of rounding in the inverse cosine transform and in the change of colour space.
        let lossy = pictures
            .iter()
            .any(|i| codes(i).contains(&WarningCode::Lossy));
        let bytes = all.iter().map(|p| p.rgb().len()).sum::<usize>() as f64;
        let tolerance = if lossy { 0.5 * bytes } else { 0.0 };
        return if (sum - expected.sum).abs() <= tolerance {
            Ok(())
        } else {
            Err(format!("sum {sum} beside {}", expected.sum))
        };
    }
    if images.is_empty() {
        return Err(format!("not loaded: {errors:?}"));
    }
    let values: Vec<f64> = images.iter().flat_map(|i| stored(i)).collect();
    let n: usize = expected.shape.iter().product();
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = values.iter().sum();
    let ours = (values.len(), min, max, sum);
    let theirs = (n, expected.min, expected.max, expected.sum);
    if ours == theirs {
        Ok(())
    } else {
        Err(format!("{ours:?} beside {theirs:?}"))
    }
}

#[test]
fn every_file_of_pydicom_decodes_as_it_does_there() {
    let Some(root) = shared("data/A8_pydicom_files") else {
        return;
    };
    let table = std::fs::read_to_string(root.join("reference_pydicom_decode.tsv")).expect("table");
    let mut wrong = Vec::new();
    let mut compared = 0;
    for line in table.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let (name, text) = (columns[0], *columns.last().expect("columns"));
        let path = find(&root, name).expect("file of the table");
        compared += 1;
        if let Err(message) = check_decoded(name, &path, decoded(text).as_ref()) {
            wrong.push(format!("{name}: {message}"));
        }
    }
    assert_eq!(compared, 106);
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn nine_encodings_of_one_mosaic_are_one_volume() {
    let Some((dir, _)) = unpacked("A2_dcmqa_small") else {
        return;
    };
    let folder = dir.path().join("ts");
    let first = only(folder.join("In/1.dcm"));
    assert_eq!(first.grid.as_ref().expect("grid").shape(), [64, 64, 35]);
    let reference = stored(&first);
    for n in 1..=9 {
        let item = only(folder.join(format!("In/{n}.dcm")));
        assert_eq!(stored(&item), reference, "{n}");
        let truth = only(folder.join(format!("Ref/{n}.nii")));
        assert_eq!(differing_by_place(&load(&item), &load(&truth)), 0, "{n}");
        let (ours, theirs) = (
            item.grid.as_ref().expect("grid"),
            truth.grid.as_ref().expect("grid"),
        );
        let corner = |g: &Grid, v: [f64; 3]| g.patient_from_voxel(Voxel::new(v[0], v[1], v[2]));
        for v in [[0.0, 0.0, 0.0], [63.0, 63.0, 34.0], [0.0, 63.0, 34.0]] {
            let place = corner(ours, v);
            let back = theirs.patient_from_voxel(theirs.voxel_from_patient(place));
            assert!(place.distance(back).0 <= 0.01);
            let voxel = theirs.voxel_from_patient(place);
            for x in [voxel.i, voxel.j, voxel.k] {
                assert!((x - x.round()).abs() < 0.005, "{n}: {voxel:?}");
            }
        }
    }
}

#[test]
fn twelve_bit_variants_agree_with_dcm2niix() {
    let Some((dir, _)) = unpacked("A2_dcmqa_small") else {
        return;
    };
    let truths: Vec<Item> = scan(dir.path().join("12bit/Ref"))
        .into_iter()
        .filter(Item::is_image)
        .collect();
    let items: Vec<Item> = scan(dir.path().join("12bit/In"))
        .into_iter()
        .filter(Item::is_image)
        .collect();
    assert!(!items.is_empty() && !truths.is_empty());
    for item in &items {
        let ours = load(item);
        let equal = truths
            .iter()
            .filter(|t| t.grid.as_ref().map(|g| g.n_voxels()) == Some(ours.grid().n_voxels()))
            .any(|t| differing_by_place(&ours, &load(t)) == 0);
        assert!(equal, "{:?} equals no reference", item.paths);
    }
}

#[test]
fn codecs_of_the_standard_equal_their_uncompressed_pictures() {
    let Some((dir, root)) = unpacked("A7_wg04_codecs") else {
        return;
    };
    let truth = reference(&root);
    for name in ["CT1", "CT2", "MR1", "MR3", "MR4", "NM1"] {
        let raw = stored(&only(dir.path().join(format!("REF/{name}_UNC"))));
        let sum: f64 = raw.iter().sum();
        close(sum, truth[name]["sum"].as_f64().expect("sum"), 0.0, name);
        for codec in ["J2KR", "JLSL", "JPLL", "RLE"] {
            let item = only(dir.path().join(format!("{codec}/{name}_{codec}")));
            assert_eq!(stored(&item), raw, "{name} {codec}");
            assert!(
                !codes(&item).contains(&WarningCode::Lossy),
                "{name} {codec}"
            );
        }
        for codec in ["J2KI", "JLSN"] {
            let item = only(dir.path().join(format!("{codec}/{name}_{codec}")));
            let worst = stored(&item)
                .iter()
                .zip(&raw)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            let limit = truth[name][codec]["max_abs_diff"].as_f64().expect("limit");
            assert!((worst - limit).abs() <= 1.0, "{name} {codec}: {worst}");
            assert!(codes(&item).contains(&WarningCode::Lossy), "{name} {codec}");
        }
    }
    for name in ["US1", "VL1"] {
        let of = |folder: &str, suffix: &str| {
            let path = dir.path().join(format!("{folder}/{name}_{suffix}"));
            path.exists().then(|| {
                let items = scan(path);
                assert!(items[0].is_colour() && !items[0].is_image(), "{items:#?}");
                colours(&items[0])
            })
        };
        let raw = of("REF", "UNC").expect("reference");
        for codec in ["J2KR", "JLSL", "JPLL", "RLE"] {
            if let Some(pictures) = of(codec, codec) {
                assert!(pictures == raw, "{name} {codec}");
            }
        }
    }
}

#[test]
fn a_part_of_a_series_equals_that_part_of_the_whole() {
    let Some(root) = shared("data/A5_ct_j2k_20slices") else {
        return;
    };
    let item = only(root.join("example_ct_dicom"));
    let whole = load(&item);
    let part = open::load_slices(&item, 0, 7..9, &JobContext::default()).expect("two slices");
    assert_eq!(part.grid().shape()[2], 2);
    for k in 0..2 {
        assert!(part.slice_values(k).eq(whole.slice_values(k + 7)));
        let (a, b) = (
            part.grid().slice_origins()[k],
            whole.grid().slice_origins()[k + 7],
        );
        assert_eq!(a, b);
    }
    assert!(open::load_slices(&item, 0, 20..30, &JobContext::default()).is_err());
}

/// Explicit little endian elements.
struct Writer(Vec<u8>);

impl Writer {
    fn new(transfer_syntax: &str) -> Self {
        let mut meta = Self(Vec::new());
        meta.text((2, 0x10), b"UI", transfer_syntax);
        let mut file = Self(vec![0; 128]);
        file.0.extend(b"DICM");
        file.element((2, 0), b"UL", &(meta.0.len() as u32).to_le_bytes());
        file.0.extend(meta.0);
        file
    }

    fn tag(&mut self, (group, element): (u16, u16)) {
        self.0.extend(group.to_le_bytes());
        self.0.extend(element.to_le_bytes());
    }

    fn element(&mut self, tag: (u16, u16), vr: &[u8; 2], value: &[u8]) {
        self.tag(tag);
        self.0.extend(vr);
        if matches!(vr, b"OB" | b"OW" | b"OF" | b"OD" | b"OV") {
            self.0.extend([0, 0]);
            self.0.extend((value.len() as u32).to_le_bytes());
        } else {
            self.0.extend((value.len() as u16).to_le_bytes());
        }
        self.0.extend(value);
    }

    fn text(&mut self, tag: (u16, u16), vr: &[u8; 2], value: &str) {
        let mut value = value.as_bytes().to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == b"UI" { 0 } else { b' ' });
        }
        self.element(tag, vr, &value);
    }

    fn number(&mut self, tag: (u16, u16), value: u16) {
        self.element(tag, b"US", &value.to_le_bytes());
    }

    /// An image of `size` (rows, columns) in `frames` frames of `bits` (allocated, stored).
    fn image(
        transfer_syntax: &str,
        size: [u16; 2],
        frames: usize,
        bits: [u16; 2],
        signed: bool,
    ) -> Self {
        let mut file = Self::new(transfer_syntax);
        file.text((8, 0x16), b"UI", "1.2.840.10008.5.1.4.1.1.7");
        file.text((8, 0x18), b"UI", "1.2.3.4");
        file.text((8, 0x60), b"CS", "OT");
        file.text((0x20, 0xE), b"UI", "1.2.3");
        file.number((0x28, 2), 1);
        file.text((0x28, 4), b"CS", "MONOCHROME2");
        file.text((0x28, 8), b"IS", &frames.to_string());
        file.number((0x28, 0x10), size[0]);
        file.number((0x28, 0x11), size[1]);
        file.number((0x28, 0x100), bits[0]);
        file.number((0x28, 0x101), bits[1]);
        file.number((0x28, 0x102), bits[1] - 1);
        file.number((0x28, 0x103), u16::from(signed));
        file
    }

    /// Encapsulated pixels: an offset table and fragments.
    fn fragments(&mut self, table: &[u32], fragments: &[&[u8]]) {
        self.tag((0x7FE0, 0x10));
        self.0.extend(b"OB\0\0\xFF\xFF\xFF\xFF");
        let table: Vec<u8> = table.iter().flat_map(|o| o.to_le_bytes()).collect();
        for item in std::iter::once(&*table).chain(fragments.iter().copied()) {
            self.tag((0xFFFE, 0xE000));
            self.0.extend((item.len() as u32).to_le_bytes());
            self.0.extend(item);
        }
        self.tag((0xFFFE, 0xE0DD));
        self.0.extend([0; 4]);
    }

    fn item(&self) -> (TempDir, Item) {
        let dir = TempDir::new().expect("folder");
        let path = dir.path().join("made.dcm");
        std::fs::write(&path, &self.0).expect("written");
        let item = scan(&path).remove(0);
        (dir, item)
    }
}

/// The JPEG-LS picture of a file of 64 × 64 signed 16-bit pixels, and its values.
fn coded_picture() -> Option<(Vec<u8>, Vec<f64>)> {
    let root = shared("data/A8_pydicom_files")?;
    let path = find(&root, "MR_small_jpeg_ls_lossless.dcm")?;
    let values = stored(&only(&path));
    let bytes = std::fs::read(path).expect("file");
    let start = bytes
        .windows(4)
        .position(|w| w == [0xFF, 0xD8, 0xFF, 0xF7])?;
    let end = bytes.windows(2).rposition(|w| w == [0xFF, 0xD9])? + 2;
    let mut picture = bytes[start..end].to_vec();
    if picture.len() % 2 == 1 {
        picture.push(0);
    }
    Some((picture, values))
}

#[test]
fn frames_in_several_fragments_are_joined() {
    let Some((picture, values)) = coded_picture() else {
        return;
    };
    let (a, b) = picture.split_at(100);
    let (c, d) = picture.split_at(1000);
    let fragments: [&[u8]; 5] = [a, b, &picture, c, d];
    let frame = picture.len() as u32;
    let starts = [0, frame + 16, 2 * frame + 24];
    let syntax = "1.2.840.10008.1.2.4.80";
    for table in [&starts[..], &[]] {
        let mut file = Writer::image(syntax, [64, 64], 3, [16, 16], true);
        file.fragments(table, &fragments);
        let (_dir, item) = file.item();
        assert_eq!(stored(&item), values.repeat(3), "table {table:?}");
    }
    // Extended offset table (PS3.3 C.7.6.3.1.8).
    let mut file = Writer::image(syntax, [64, 64], 3, [16, 16], true);
    let long = |n: [u32; 3]| n.map(|v| u64::from(v).to_le_bytes()).concat();
    file.element((0x7FE0, 1), b"OV", &long(starts));
    file.element((0x7FE0, 2), b"OV", &long([frame; 3]));
    file.fragments(&[], &fragments);
    let (_dir, item) = file.item();
    assert_eq!(stored(&item), values.repeat(3));
    // Fewer frames than stated.
    let mut file = Writer::image(syntax, [64, 64], 6, [16, 16], true);
    file.fragments(&[], &fragments);
    let (_dir, item) = file.item();
    assert_eq!(item.error.expect("refused").code, "E-DICOM");
}

#[test]
fn a_compressed_picture_of_another_size_is_refused() {
    let Some((picture, _)) = coded_picture() else {
        return;
    };
    for (size, syntax) in [
        ([64, 32], "1.2.840.10008.1.2.4.80"),
        ([64, 64], "1.2.840.10008.1.2.4.90"),
        ([64, 64], "1.2.840.10008.1.2.4.70"),
    ] {
        let mut file = Writer::image(syntax, size, 1, [16, 16], true);
        file.fragments(&[], &[&picture]);
        let (_dir, item) = file.item();
        assert!(item.error.is_some(), "{size:?} {syntax}: {item:#?}");
    }
    for syntax in ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.94"] {
        let mut file = Writer::image(syntax, [64, 64], 1, [16, 16], true);
        file.fragments(&[], &[&picture]);
        let (_dir, item) = file.item();
        let error = item.error.expect("refused");
        assert_eq!(error.code, "E-CODEC");
        assert!(error.message.contains(syntax), "{}", error.message);
    }
}

const EXPLICIT: &str = "1.2.840.10008.1.2.1";

#[test]
fn samples_of_all_widths_are_read() {
    /// VR, bits allocated and stored, sign, bytes and values.
    type Case<'a> = (&'a [u8; 2], u16, u16, bool, Vec<u8>, Vec<f64>);
    let cases: [Case; 5] = [
        (
            b"OB",
            1,
            1,
            false,
            vec![0b1010_0101, 0b0000_0011],
            vec![1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0],
        ),
        (
            b"OB",
            8,
            8,
            true,
            (0..10).map(|n| n * 25).collect(),
            (0..10).map(|n: u8| f64::from((n * 25) as i8)).collect(),
        ),
        (
            b"OW",
            16,
            12,
            true,
            (0..10u16)
                .flat_map(|n| (0xF000 | (n * 400)).to_le_bytes())
                .collect(),
            (0..10u16)
                .map(|n| f64::from(((n * 400) << 4) as i16 >> 4))
                .collect(),
        ),
        (
            b"OW",
            32,
            32,
            true,
            (0..10i32)
                .flat_map(|n| (-3_000_000 * n).to_le_bytes())
                .collect(),
            (0..10).map(|n| -3e6 * f64::from(n)).collect(),
        ),
        (
            b"OW",
            32,
            32,
            false,
            (0..10u32)
                .flat_map(|n| (70_000 * n).to_le_bytes())
                .collect(),
            (0..10).map(|n| 7e4 * f64::from(n)).collect(),
        ),
    ];
    for (vr, allocated, used, signed, bytes, expected) in cases {
        let mut file = Writer::image(EXPLICIT, [2, 5], 1, [allocated, used], signed);
        file.element((0x7FE0, 0x10), vr, &bytes);
        let (_dir, item) = file.item();
        assert_eq!(stored(&item), expected, "{allocated} bits");
    }
    for (element, vr, bits, bytes) in [
        (
            8,
            b"OF",
            32,
            (0..10)
                .flat_map(|n| (n as f32 / 3.0).to_le_bytes())
                .collect::<Vec<u8>>(),
        ),
        (
            9,
            b"OD",
            64,
            (0..10)
                .flat_map(|n| (f64::from(n) / 3.0).to_le_bytes())
                .collect(),
        ),
    ] {
        let mut file = Writer::image(EXPLICIT, [2, 5], 1, [bits, bits], false);
        file.element((0x7FE0, element), vr, &bytes);
        let (_dir, item) = file.item();
        let expected: Vec<f64> = (0..10)
            .map(|n| f64::from((f64::from(n) / 3.0) as f32))
            .collect();
        assert_eq!(stored(&item), expected);
        assert_eq!(codes(&item).contains(&WarningCode::Precision), bits == 64);
    }
}

#[test]
fn pixels_that_are_too_short_are_refused_and_longer_ones_named() {
    for (length, refused, odd) in [(98, true, false), (100, false, false), (150, false, true)] {
        let mut file = Writer::image(EXPLICIT, [5, 5], 2, [16, 16], false);
        file.element((0x7FE0, 0x10), b"OW", &vec![1; length]);
        let (_dir, item) = file.item();
        assert_eq!(item.error.is_some(), refused, "{length}");
        assert_eq!(codes(&item).contains(&WarningCode::Syntax), odd, "{length}");
    }
}

#[test]
fn a_file_that_changed_since_the_scan_is_an_error() {
    let mut file = Writer::image(EXPLICIT, [5, 5], 1, [16, 16], false);
    file.element((0x7FE0, 0x10), b"OW", &[1; 50]);
    let (dir, item) = file.item();
    assert_eq!(stored(&item), [257.0; 25]);
    let mut other = Writer::image(EXPLICIT, [5, 5], 1, [16, 12], false);
    other.element((0x7FE0, 0x10), b"OW", &[1; 50]);
    std::fs::write(dir.path().join("made.dcm"), &other.0).expect("written");
    assert!(open::load(&item, 0, &JobContext::default()).is_err());
    std::fs::write(dir.path().join("made.dcm"), &file.0[..file.0.len() - 10]).expect("written");
    assert!(open::load(&item, 0, &JobContext::default()).is_err());
}

#[test]
fn what_is_written_otherwise_than_declared_is_read_as_written() {
    // Explicit elements under an implicit declaration.
    let mut file = Writer::image("1.2.840.10008.1.2", [5, 5], 1, [16, 16], false);
    file.element((0x7FE0, 0x10), b"OW", &[1; 50]);
    let (_dir, item) = file.item();
    assert_eq!(stored(&item), [257.0; 25]);
    assert!(codes(&item).contains(&WarningCode::Syntax));
}
