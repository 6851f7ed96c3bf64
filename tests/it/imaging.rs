//! Images for tests that are not about reading files: NIfTI and NRRD of the shared data, and the
//! phantom's DICOM slices. Each reader knows just what its files hold; the program's own readers
//! are not used, so that what is measured here does not hang on them.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use dicom::dictionary_std::tags;
use nalgebra::{Matrix4, Quaternion, UnitQuaternion};
use ndarray::Array3;
use oncotwin::geometry::{Grid, Point, Vec3};
use oncotwin::volume::{IntensityUnit, Mask, Modality, Rescale, Samples, Volume};

/// Grid and values of a NIfTI-1 file (single file, little endian, scaling unused, qform).
pub(crate) fn nifti(path: &Path) -> (Arc<Grid>, Array3<f32>) {
    let bytes = gunzip(&std::fs::read(path).expect("readable"));
    let i16_at = |at: usize| i16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let f32_at = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
    let shape = [42, 44, 46].map(|at| i16_at(at) as usize);
    let number = |at: usize| f64::from(f32_at(at));
    assert_eq!(i16_at(254), 0, "these files state a qform only");
    let [b, c, d, x, y, z] = [256, 260, 264, 268, 272, 276].map(number);
    let a = (1.0 - b * b - c * c - d * d).max(0.0).sqrt();
    let turn = UnitQuaternion::from_quaternion(Quaternion::new(a, b, c, d)).to_rotation_matrix();
    let handedness = if f32_at(76) < 0.0 { -1.0 } else { 1.0 };
    let steps = Vec3::new(number(80), number(84), handedness * number(88));
    let mut affine = (turn.matrix() * nalgebra::Matrix3::from_diagonal(&steps)).to_homogeneous();
    affine.set_column(3, &nalgebra::Vector4::new(x, y, z, 1.0));
    // NIfTI is RAS, patient space here LPS.
    affine.row_mut(0).neg_mut();
    affine.row_mut(1).neg_mut();
    let data = &bytes[f32_at(108) as usize..];
    let values: Vec<f32> = match i16_at(70) {
        2 => data.iter().map(|&v| f32::from(v)).collect(),
        64 => data
            .chunks_exact(8)
            .map(|v| f64::from_le_bytes(v.try_into().expect("8 bytes")) as f32)
            .collect(),
        other => panic!("data type {other} does not occur in these files"),
    };
    let values = Array3::from_shape_vec((shape[2], shape[1], shape[0]), values);
    let grid = Grid::from_affine(shape, &affine).expect("a valid affine");
    (Arc::new(grid), values.expect("as many values as voxels"))
}

/// Grid and values of an attached-header NRRD file of little-endian 16-bit integers, gzip.
pub(crate) fn nrrd(path: &Path) -> (Arc<Grid>, Array3<f32>) {
    let bytes = std::fs::read(path).expect("readable");
    let end = bytes
        .windows(2)
        .position(|w| w == b"\n\n")
        .expect("a blank line");
    let header = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let field = |name: &str| {
        let line = header.lines().find_map(|l| l.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} is missing")).trim()
    };
    let numbers = |text: &str| -> Vec<f64> {
        text.split([' ', ',', '(', ')'])
            .filter(|t| !t.is_empty())
            .map(|t| t.parse().expect("a number"))
            .collect()
    };
    assert_eq!(field("space:"), "left-posterior-superior");
    let shape: Vec<usize> = numbers(field("sizes:"))
        .iter()
        .map(|&n| n as usize)
        .collect();
    let steps = numbers(field("space directions:"));
    let origin = numbers(field("space origin:"));
    let affine = Matrix4::from_fn(|row, column| match (row, column) {
        (3, c) => f64::from(u8::from(c == 3)),
        (r, 3) => origin[r],
        (r, c) => steps[3 * c + r],
    });
    let data = gunzip(&bytes[end + 2..]);
    let values = match field("type:") {
        "short" | "unsigned short" => data
            .chunks_exact(2)
            .map(|v| f32::from(i16::from_le_bytes([v[0], v[1]])))
            .collect(),
        "unsigned char" | "uchar" | "uint8" => {
            data.iter().map(|&v| f32::from(v)).collect::<Vec<_>>()
        }
        "int" => data
            .chunks_exact(4)
            .map(|v| i32::from_le_bytes([v[0], v[1], v[2], v[3]]) as f32)
            .collect(),
        other => panic!("type {other} does not occur in these files"),
    };
    let values = Array3::from_shape_vec((shape[2], shape[1], shape[0]), values);
    let grid = Grid::from_affine([shape[0], shape[1], shape[2]], &affine).expect("a valid affine");
    (Arc::new(grid), values.expect("as many values as voxels"))
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(bytes);
    reader.read_to_end(&mut out).expect("gzip data");
    out
}

/// The voxels that hold 1.
pub(crate) fn mask(grid: Arc<Grid>, values: &Array3<f32>) -> Mask {
    Mask::from_box(grid, [0; 3], &values.mapv(|v| v == 1.0)).expect("a box of the grid's shape")
}

struct Slice {
    origin: Point,
    stored: Vec<i16>,
    rescale: Rescale,
    /// Along (i, j), mm.
    spacing: [f64; 2],
    /// Along (i, j).
    size: [usize; 2],
}

fn ct_slice(path: &Path) -> Slice {
    let file = dicom::object::open_file(path).expect("DICOM");
    let numbers = |tag| -> Vec<f64> {
        let element = file.element(tag).expect("present");
        element.to_multi_float64().expect("numbers")
    };
    let orientation = numbers(tags::IMAGE_ORIENTATION_PATIENT);
    let axial = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    assert!(
        orientation
            .iter()
            .zip(axial)
            .all(|(a, b)| (a - b).abs() < 1e-9)
    );
    let position = numbers(tags::IMAGE_POSITION_PATIENT);
    let spacing = numbers(tags::PIXEL_SPACING);
    let pixels = file.element(tags::PIXEL_DATA).expect("pixels");
    let bytes = pixels.to_bytes().expect("bytes");
    Slice {
        origin: Point::new(position[0], position[1], position[2]),
        stored: bytes
            .chunks_exact(2)
            .map(|v| i16::from_le_bytes([v[0], v[1]]))
            .collect(),
        rescale: Rescale {
            slope: numbers(tags::RESCALE_SLOPE)[0],
            intercept: numbers(tags::RESCALE_INTERCEPT)[0],
        },
        spacing: [spacing[1], spacing[0]],
        size: [tags::COLUMNS, tags::ROWS].map(|t| numbers(t)[0] as usize),
    }
}

/// A CT series of uncompressed signed 16-bit axial slices.
pub(crate) fn ct_series(folder: &Path) -> Volume {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut slices: Vec<Slice> = entries
        .map(|e| ct_slice(&e.expect("an entry").path()))
        .collect();
    slices.sort_by(|a, b| a.origin.0.z.total_cmp(&b.origin.0.z));
    let ([di, dj], [ni, nj]) = (slices[0].spacing, slices[0].size);
    let shape = [ni, nj, slices.len()];
    let origins = slices.iter().map(|s| s.origin).collect();
    let grid = Grid::new(shape, Vec3::x() * di, Vec3::y() * dj, origins, None);
    let rescale = slices.iter().map(|s| s.rescale).collect();
    let stored: Vec<i16> = slices.into_iter().flat_map(|s| s.stored).collect();
    let samples = Array3::from_shape_vec((shape[2], nj, ni), stored).expect("whole slices");
    Volume::new(
        Arc::new(grid.expect("slices in order")),
        Samples::I16(samples),
        rescale,
        IntensityUnit::Hounsfield,
        Modality::CT,
    )
    .expect("shapes agree")
}
