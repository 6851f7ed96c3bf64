//! NIfTI-1, gzipped: LPS becomes RAS here, sform and (where axes are perpendicular) qform are set,
//! lengths are mm.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use nalgebra::{Matrix3, Matrix4};

use super::Error;
use crate::geometry::Grid;
use crate::open::SPACING_UNKNOWN;
use crate::volume::{Mask, Rescale, Samples, Volume};
use crate::warning::{Warning, WarningCode};

const UINT8: i16 = 2;
const INT16: i16 = 4;
const FLOAT32: i16 = 16;
const UINT16: i16 = 512;
/// Offset of voxels: header and four bytes that say "no extension".
const OFFSET: usize = 352;

/// Writes a volume as `.nii.gz`. Stored samples are kept where one rescale holds for all slices and
/// single precision states it exactly; otherwise values are written as 32-bit floats.
///
/// A grid whose spacing is not known is written without a unit of length and with
/// [`SPACING_UNKNOWN`] in `intent_name` and `descrip`, which [`crate::open`] honours: it stays
/// unknown. Other programs show such a file with the pixel steps that it states.
///
/// NIfTI has no word for voxels without a value. Where there are any (void slices, padding), all
/// values are written as 32-bit floats and those voxels as NaN, which readers leave out: a stored 0
/// would come back as a real value.
///
/// # Errors
/// When slices are not even ([`Error::Uneven`]), the grid is too large for the format, or the file
/// cannot be written.
pub fn write_nifti_volume(volume: &Volume, path: &Path) -> Result<(), Error> {
    let grid = volume.grid();
    let worst_mm = unevenness(grid);
    if worst_mm > 0.01 {
        return Err(Error::Uneven { worst_mm });
    }
    let rescales = volume.rescale();
    let first = rescales.first().copied().unwrap_or(Rescale::IDENTITY);
    let exact = |v: f64| f64::from(v as f32) == v;
    let keep = !has_gaps(volume)
        && rescales.iter().all(|r| *r == first)
        && exact(first.slope)
        && exact(first.intercept);
    let mut data = Vec::new();
    let (data_type, rescale) = match volume.samples() {
        Samples::I16(a) if keep => {
            data.extend(a.iter().flat_map(|v| v.to_le_bytes()));
            (INT16, first)
        }
        Samples::U16(a) if keep => {
            data.extend(a.iter().flat_map(|v| v.to_le_bytes()));
            (UINT16, first)
        }
        Samples::F32(a) if keep => {
            data.extend(a.iter().flat_map(|v| v.to_le_bytes()));
            (FLOAT32, first)
        }
        _ => {
            for k in 0..grid.shape()[2] {
                let values = volume.slice_values(k);
                data.extend(values.flat_map(|v| v.unwrap_or(f32::NAN).to_le_bytes()));
            }
            (FLOAT32, Rescale::IDENTITY)
        }
    };
    let header = header(grid, data_type, rescale)?;
    write(path, &header, &data)
}

/// Whether a void slice or padding is among the voxels.
fn has_gaps(volume: &Volume) -> bool {
    let grid = volume.grid();
    let has_padding =
        || (0..grid.shape()[2]).any(|k| volume.slice_values(k).any(|value| value.is_none()));
    !grid.void_slices().is_empty() || (volume.padding.is_some() && has_padding())
}

/// Writes a mask as `.nii.gz` with 1 in the structure. On an uneven grid the mean step is written,
/// and a warning returned that says so: voxels correspond, positions between the ends do not.
///
/// # Errors
/// When the grid is too large for the format or the file cannot be written.
pub fn write_nifti_mask(mask: &Mask, path: &Path) -> Result<Vec<Warning>, Error> {
    let grid = mask.grid();
    let header = header(grid, UINT8, Rescale::IDENTITY)?;
    let shape = grid.shape();
    let mut data = vec![0u8; grid.n_voxels()];
    for [i, j, k] in mask.voxels() {
        data[(k * shape[1] + j) * shape[0] + i] = 1;
    }
    write(path, &header, &data)?;
    let worst = unevenness(grid);
    if worst <= 0.01 {
        return Ok(Vec::new());
    }
    Ok(vec![Warning::new(
        WarningCode::UnevenSpacing,
        format!(
            "the mask was written with the mean slice step: slices lie up to {worst:.2} mm from \
             where the file says; voxels correspond one to one"
        ),
    )])
}

/// Largest distance of a slice from its place on the even line from first to last, mm.
fn unevenness(grid: &Grid) -> f64 {
    let origins = grid.slice_origins();
    origins
        .iter()
        .enumerate()
        .map(|(k, p)| (p.0 - (origins[0].0 + grid.slice_step() * k as f64)).norm())
        .fold(0.0, f64::max)
}

/// The 348 bytes of a NIfTI-1 header (nifti1.h) and the empty extension flag.
fn header(grid: &Grid, data_type: i16, rescale: Rescale) -> Result<Vec<u8>, Error> {
    let shape = grid.shape();
    let mut dim = [3i16, 1, 1, 1, 1, 1, 1, 1];
    for (a, n) in shape.iter().enumerate() {
        dim[a + 1] = i16::try_from(*n).map_err(|_| Error::TooLarge(shape))?;
    }
    let mut to_ras = Matrix4::identity();
    (to_ras[(0, 0)], to_ras[(1, 1)]) = (-1.0, -1.0);
    let ras = to_ras * grid.affine();
    let steps: Matrix3<f64> = ras.fixed_view::<3, 3>(0, 0).into_owned();
    let lengths = [0, 1, 2].map(|c| steps.column(c).norm());
    let mut axes = steps;
    for (c, length) in lengths.iter().enumerate() {
        axes.column_mut(c).unscale_mut(*length);
    }
    let perpendicular = (axes.transpose() * axes - Matrix3::identity()).amax() < 1e-4;
    let qfac = if axes.determinant() < 0.0 { -1.0 } else { 1.0 };
    let quaternion = if perpendicular {
        quaternion(&axes, qfac)
    } else {
        [0.0; 3]
    };
    let bits = match data_type {
        UINT8 => 8i16,
        FLOAT32 => 32,
        _ => 16,
    };
    let mut h = vec![0u8; OFFSET];
    let mut put = |at: usize, bytes: &[u8]| h[at..at + bytes.len()].copy_from_slice(bytes);
    let float = |v: f64| (v as f32).to_le_bytes();
    put(0, &348i32.to_le_bytes());
    put(38, b"r");
    for (n, d) in dim.iter().enumerate() {
        put(40 + 2 * n, &d.to_le_bytes());
    }
    put(70, &data_type.to_le_bytes());
    put(72, &bits.to_le_bytes());
    put(76, &float(qfac));
    for (n, length) in lengths.iter().enumerate() {
        put(80 + 4 * n, &float(*length));
    }
    put(108, &float(OFFSET as f64));
    put(112, &float(rescale.slope));
    put(116, &float(rescale.intercept));
    // Millimetres; or no unit, where the spacing is not known. Readers take "no unit" for mm, so
    // that the header says so in words, too: twice, as some programs write their own `descrip`.
    if grid.is_calibrated() {
        put(123, &[2]);
        put(148, b"OncoTwin");
    } else {
        put(148, b"OncoTwin: ");
        put(158, SPACING_UNKNOWN.as_bytes());
        put(328, SPACING_UNKNOWN.as_bytes());
    }
    let known = i16::from(grid.is_orientation_known());
    put(252, &(if perpendicular { known } else { 0 }).to_le_bytes());
    put(254, &known.to_le_bytes());
    for n in 0..3 {
        put(256 + 4 * n, &float(quaternion[n]));
        put(268 + 4 * n, &float(ras[(n, 3)]));
        for c in 0..4 {
            put(280 + 16 * n + 4 * c, &float(ras[(n, c)]));
        }
    }
    put(344, b"n+1\0");
    Ok(h)
}

/// Components b, c, d of the unit quaternion (a ≥ 0) of perpendicular axes.
fn quaternion(axes: &Matrix3<f64>, qfac: f64) -> [f64; 3] {
    let mut proper = *axes;
    proper.column_mut(2).scale_mut(qfac);
    let rotation = nalgebra::Rotation3::from_matrix_unchecked(proper);
    let q = nalgebra::UnitQuaternion::from_rotation_matrix(&rotation);
    let sign = if q.w < 0.0 { -1.0 } else { 1.0 };
    [q.i * sign, q.j * sign, q.k * sign]
}

/// Writes beside the target and renames, so that a half-written file never bears its name.
fn write(path: &Path, header: &[u8], data: &[u8]) -> Result<(), Error> {
    let io = |source: std::io::Error| Error::Io {
        path: path.to_owned(),
        source,
    };
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
    let mut zip = GzEncoder::new(file.as_file_mut(), Compression::default());
    zip.write_all(header)
        .and_then(|()| zip.write_all(data))
        .and_then(|()| zip.finish().map(|_| ()))
        .map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|e| io(e.error))?;
    Ok(())
}
