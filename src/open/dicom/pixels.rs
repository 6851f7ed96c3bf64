//! Decoding pixels into a volume.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Array3;
use rayon::prelude::*;

use super::place::PixelFile;
use super::read::damaged;
use super::samples::{self, Sample};
use super::{DicomSource, SampleKind, SliceRef};
use crate::geometry::Grid;
use crate::jobs::JobContext;
use crate::open::{Error, Item, Refusal};
use crate::volume::{Rescale, Samples, Volume};

/// Loads the slices `range` of one volume of an item; all of them as the grid of the item has it,
/// fewer as a grid of their own.
pub(in crate::open) fn load(
    item: &Item,
    source: &DicomSource,
    frame: usize,
    range: Range<usize>,
    job: &JobContext,
) -> Result<Volume, Error> {
    let Some(whole) = &item.grid else {
        return Err(Refusal::new("E-GEOMETRY", "no grid", item.first_path(), "").into());
    };
    job.progress.step("Decoding slices");
    let slices = spread(whole, &source.frames[frame]).ok_or_else(|| {
        damaged(
            Path::new(&item.first_path()),
            "there are not as many slices as the grid has",
        )
    })?;
    let grid = if range == (0..whole.shape()[2]) {
        Arc::clone(whole)
    } else {
        let part = whole.slices(range.clone());
        Arc::new(part.ok_or_else(|| {
            Refusal::new(
                "E-SLICES",
                "no such slices",
                item.first_path(),
                "slices count from 0",
            )
        })?)
    };
    let slices = &slices[range];
    let shape = grid.shape();
    let samples = match source.sample {
        SampleKind::I16 => Samples::I16(decode(slices, shape, job)?),
        SampleKind::U16 => Samples::U16(decode(slices, shape, job)?),
        SampleKind::F32 => {
            let mut values = decode::<f32>(slices, shape, job)?;
            if let Some(lut) = &source.lut {
                values.par_mapv_inplace(|stored| lut.value(stored as i32));
            }
            Samples::F32(values)
        }
    };
    let mut volume = Volume::new(
        grid,
        samples,
        rescales(slices),
        item.unit,
        item.modality.clone(),
    )?;
    volume.padding.clone_from(&source.padding);
    volume.windows.clone_from(&item.windows);
    Ok(volume)
}

/// Lays the real slices on the places of the grid that are not void.
fn spread<'a>(grid: &Grid, slices: &'a [SliceRef]) -> Option<Vec<Option<&'a SliceRef>>> {
    let mut real = slices.iter();
    let placed: Vec<Option<&SliceRef>> = (0..grid.shape()[2])
        .map(|k| {
            if grid.is_void(k) {
                Some(None)
            } else {
                real.next().map(Some)
            }
        })
        .collect::<Option<_>>()?;
    real.next().is_none().then_some(placed)
}

/// The rescale of each slice; a void one gets its neighbour's, so that an even series stays even.
fn rescales(slices: &[Option<&SliceRef>]) -> Vec<Rescale> {
    let mut last = slices
        .iter()
        .flatten()
        .next()
        .map_or(Rescale::IDENTITY, |s| s.rescale);
    slices
        .iter()
        .map(|slice| {
            last = slice.map_or(last, |s| s.rescale);
            last
        })
        .collect()
}

/// Decodes slices in parallel, each file opened once, into an array `[[k, j, i]]`.
fn decode<T: Sample>(
    slices: &[Option<&SliceRef>],
    [ni, nj, nk]: [usize; 3],
    job: &JobContext,
) -> Result<Array3<T>, Error> {
    let too_large = || {
        let place = slices.iter().flatten().next();
        Refusal::new(
            "E-MEMORY",
            format!("{ni} × {nj} × {nk} voxels do not fit into memory"),
            place
                .map(|s| s.path.display().to_string())
                .unwrap_or_default(),
            "close other series, or use a machine with more memory",
        )
    };
    let per_slice = ni * nj;
    let mut voxels: Vec<T> = zeros(per_slice * nk).ok_or_else(too_large)?;
    let mut files: BTreeMap<&Path, Vec<(&SliceRef, &mut [T])>> = BTreeMap::new();
    for (slice, out) in slices.iter().zip(voxels.chunks_exact_mut(per_slice)) {
        if let Some(slice) = slice {
            files.entry(&slice.path).or_default().push((slice, out));
        }
    }
    let (done, total) = (AtomicUsize::new(0), slices.len());
    let files: Vec<_> = files.into_values().collect();
    files.into_par_iter().try_for_each(|slices| {
        job.check()?;
        let file = pixel_file(slices[0].0)?;
        let store = file.open()?;
        slices.into_par_iter().try_for_each(|(slice, out)| {
            job.check()?;
            samples::slice(
                pixel_file(slice)?,
                &store,
                slice.frame as usize,
                [ni, nj],
                out,
            )?;
            job.progress
                .set(done.fetch_add(1, Ordering::Relaxed) + 1, total);
            Ok::<(), Error>(())
        })
    })?;
    Array3::from_shape_vec((nk, nj, ni), voxels).map_err(|_| too_large().into())
}

fn pixel_file(slice: &SliceRef) -> Result<&PixelFile, Refusal> {
    slice
        .pixels
        .as_deref()
        .ok_or_else(|| damaged(&slice.path, "no pixels were found"))
}

/// Zeroed memory that the system hands out page by page as it is written to, so that each thread
/// touches its own slices first; `None` when there is not enough.
fn zeros<T: Sample>(n: usize) -> Option<Vec<T>> {
    // Reserving fails where allocating at once would end the program.
    let mut trial: Vec<T> = Vec::new();
    trial.try_reserve_exact(n).ok()?;
    drop(trial);
    Some(vec![T::default(); n])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Point, Vec3};

    fn slice(slope: f64) -> SliceRef {
        SliceRef {
            path: "a".into(),
            frame: 0,
            rescale: Rescale {
                slope,
                intercept: 0.0,
            },
            pixels: None,
        }
    }

    #[test]
    fn void_places_stay_free() {
        let origins = (0..4).map(|k| Point::new(0.0, 0.0, f64::from(k))).collect();
        let grid = Grid::new([2, 2, 4], Vec3::x(), Vec3::y(), origins, None)
            .expect("grid")
            .with_void_slices(vec![1]);
        let slices = [slice(1.0), slice(2.0), slice(3.0)];
        let placed = spread(&grid, &slices).expect("three real slices");
        assert!(placed[1].is_none());
        let slopes: Vec<f64> = rescales(&placed).iter().map(|r| r.slope).collect();
        assert_eq!(slopes, [1.0, 1.0, 2.0, 3.0]);
        assert!(spread(&grid, &slices[..2]).is_none());
    }
}
