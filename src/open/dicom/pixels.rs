//! Decoding pixels into a volume.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dicom::core::value::Value;
use dicom::dictionary_std::tags;
use dicom::object::DefaultDicomObject;
use dicom_pixeldata::PixelDecoder;
use ndarray::Array3;
use rayon::prelude::*;

use super::read::{self, Extent, causes, damaged};
use super::values::integer;
use super::{DicomSource, SampleKind, SliceRef};
use crate::geometry::Grid;
use crate::jobs::JobContext;
use crate::open::{Error, Item, Refusal};
use crate::volume::{Rescale, Samples, Volume};

/// Loads one volume of an item.
pub(in crate::open) fn load(
    item: &Item,
    source: &DicomSource,
    frame: usize,
    job: &JobContext,
) -> Result<Volume, Error> {
    let Some(grid) = &item.grid else {
        return Err(Refusal::new("E-GEOMETRY", "no grid", item.first_path(), "").into());
    };
    job.progress.step("Decoding slices");
    let slices = &source.frames[frame];
    let samples = match source.sample {
        SampleKind::I16 => Samples::I16(decode(slices, grid, |v| v as i16, job)?),
        SampleKind::U16 => Samples::U16(decode(slices, grid, |v| v as u16, job)?),
        SampleKind::F32 => Samples::F32(match &source.lut {
            Some(lut) => decode(slices, grid, |v| lut.value(v), job)?,
            None => decode(slices, grid, |v| v as f32, job)?,
        }),
    };
    let mut real = slices.iter().map(|s| s.rescale);
    let rescale = (0..grid.shape()[2])
        .map(|k| match grid.is_void(k) {
            true => Rescale::IDENTITY,
            false => real.next().unwrap_or(Rescale::IDENTITY),
        })
        .collect();
    let mut volume = Volume::new(
        Arc::clone(grid),
        samples,
        rescale,
        item.unit,
        item.modality.clone(),
    )?;
    volume.padding.clone_from(&source.padding);
    volume.windows.clone_from(&item.windows);
    Ok(volume)
}

/// Decodes slices in parallel, each file read once, into an array `[[k, j, i]]`.
fn decode<T: Copy + Default + Send>(
    slices: &[SliceRef],
    grid: &Grid,
    convert: impl Fn(i32) -> T + Sync,
    job: &JobContext,
) -> Result<Array3<T>, Error> {
    let [ni, nj, nk] = grid.shape();
    let too_large = || {
        Refusal::new(
            "E-MEMORY",
            format!("{ni} × {nj} × {nk} voxels do not fit into memory"),
            slices
                .first()
                .map(|s| s.path.display().to_string())
                .unwrap_or_default(),
            "close other series, or use a machine with more memory",
        )
    };
    let per_slice = ni * nj;
    let mut voxels: Vec<T> = Vec::new();
    voxels
        .try_reserve_exact(per_slice * nk)
        .map_err(|_| too_large())?;
    voxels.resize(per_slice * nk, T::default());
    let mut files: BTreeMap<&Path, Vec<(u32, &mut [T])>> = BTreeMap::new();
    let real = voxels
        .chunks_exact_mut(per_slice)
        .enumerate()
        .filter(|(k, _)| !grid.is_void(*k));
    for (slice, (_, out)) in slices.iter().zip(real) {
        files
            .entry(&slice.path)
            .or_default()
            .push((slice.frame, out));
    }
    let (done, total) = (AtomicUsize::new(0), slices.len());
    files.into_par_iter().try_for_each(|(path, frames)| {
        job.check()?;
        let set = read::open(path, Extent::Whole)?;
        let format = Format::of(&set, path, [ni, nj])?;
        frames.into_par_iter().try_for_each(|(frame, out)| {
            job.check()?;
            let bytes = read::guard(path, || frame_bytes(&set, &format, frame, path))?;
            format.unpack(&bytes, out, &convert);
            job.progress
                .set(done.fetch_add(1, Ordering::Relaxed) + 1, total);
            Ok::<(), Error>(())
        })
    })?;
    Array3::from_shape_vec((nk, nj, ni), voxels).map_err(|_| too_large().into())
}

/// How a file stores a sample (PS3.5 8.1.1).
struct Format {
    bytes_per_sample: usize,
    samples_per_frame: usize,
    n_frames: usize,
    /// Bits below the stored ones.
    shift: u32,
    bits_stored: u32,
    signed: bool,
}

impl Format {
    fn of(set: &DefaultDicomObject, path: &Path, [ni, nj]: [usize; 2]) -> Result<Self, Refusal> {
        let get = |tag, default| {
            integer(set, tag)
                .map_or(Some(default), |v| u32::try_from(v).ok())
                .ok_or_else(|| damaged(path, "a pixel attribute (0028,xxxx) is out of range"))
        };
        let bits_allocated = get(tags::BITS_ALLOCATED, 16)?;
        let bits_stored = get(tags::BITS_STORED, bits_allocated)?;
        let high_bit = get(tags::HIGH_BIT, bits_stored.saturating_sub(1))?;
        let same_size = get(tags::ROWS, 0)? as usize == nj && get(tags::COLUMNS, 0)? as usize == ni;
        if !same_size || !matches!(bits_allocated, 8 | 16) {
            return Err(damaged(
                path,
                "the pixel format changed since the file was listed",
            ));
        }
        if bits_stored == 0 || high_bit >= bits_allocated || high_bit + 1 < bits_stored {
            return Err(damaged(
                path,
                format!(
                    "{bits_stored} bits up to bit {high_bit} of {bits_allocated} \
                     (0028,0101/0102/0100) are inconsistent"
                ),
            ));
        }
        Ok(Self {
            bytes_per_sample: bits_allocated as usize / 8,
            samples_per_frame: ni * nj,
            n_frames: get(tags::NUMBER_OF_FRAMES, 1)? as usize,
            shift: high_bit + 1 - bits_stored,
            bits_stored,
            signed: get(tags::PIXEL_REPRESENTATION, 0)? == 1,
        })
    }

    /// Masks to the stored bits (overlays may lie in the others) and extends the sign.
    fn unpack<T>(&self, bytes: &[u8], out: &mut [T], convert: &impl Fn(i32) -> T) {
        let unused = 32 - self.bits_stored;
        let value = |raw: u32| {
            let left = (raw >> self.shift) << unused;
            if self.signed {
                (left as i32) >> unused
            } else {
                (left >> unused) as i32
            }
        };
        if self.bytes_per_sample == 1 {
            for (out, &b) in out.iter_mut().zip(bytes) {
                *out = convert(value(u32::from(b)));
            }
        } else {
            for (out, b) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                *out = convert(value(u32::from(u16::from_ne_bytes([b[0], b[1]]))));
            }
        }
    }
}

/// The decoded bytes of one frame, in native byte order.
fn frame_bytes<'a>(
    set: &'a DefaultDicomObject,
    format: &Format,
    frame: u32,
    path: &Path,
) -> Result<Cow<'a, [u8]>, Refusal> {
    let size = format.samples_per_frame * format.bytes_per_sample;
    let short = |n: usize| damaged(path, format!("frame {frame} has {n} bytes of {size}"));
    let element = set
        .get(tags::PIXEL_DATA)
        .ok_or_else(|| damaged(path, "no PixelData (7FE0,0010)"))?;
    if let Value::Primitive(stored) = element.value() {
        let start = size * frame as usize;
        let cut = |bytes: &[u8]| bytes.len().saturating_sub(start).min(size);
        return match stored.to_bytes() {
            Cow::Borrowed(bytes) => bytes
                .get(start..start + size)
                .map(Cow::Borrowed)
                .ok_or_else(|| short(cut(bytes))),
            Cow::Owned(bytes) => bytes
                .get(start..start + size)
                .map(|b| Cow::Owned(b.to_vec()))
                .ok_or_else(|| short(cut(&bytes))),
        };
    }
    // Frames of a single-frame file may be spread over fragments: only decoding all joins them.
    let decoded = if format.n_frames <= 1 {
        set.decode_pixel_data()
    } else {
        set.decode_pixel_data_frame(frame)
    }
    .map_err(|e| {
        Refusal::new(
            "E-CODEC",
            format!("frame {frame} cannot be decoded: {}", causes(&e)),
            path.display().to_string(),
            "export the series uncompressed",
        )
    })?;
    let bytes = decoded.data();
    if bytes.len() != size {
        return Err(short(bytes.len()));
    }
    Ok(Cow::Owned(bytes.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpack(signed: bool, bits_stored: u32, shift: u32, raw: u16) -> i32 {
        let format = Format {
            bytes_per_sample: 2,
            samples_per_frame: 1,
            n_frames: 1,
            shift,
            bits_stored,
            signed,
        };
        let mut out = [0i32];
        format.unpack(&raw.to_ne_bytes(), &mut out, &|v| v);
        out[0]
    }

    #[test]
    fn overlay_bits_are_masked_and_signs_extended() {
        assert_eq!(unpack(false, 12, 0, 0xF0FF), 0x0FF);
        assert_eq!(unpack(true, 12, 0, 0x0FFF), -1);
        assert_eq!(unpack(true, 12, 0, 0x8800), -2048);
        assert_eq!(unpack(true, 12, 4, 0xFFF7), -1);
        assert_eq!(unpack(true, 16, 0, 0x8000), -32768);
        assert_eq!(unpack(false, 16, 0, 0xFFFF), 65535);
    }
}
