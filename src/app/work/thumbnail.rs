//! A small picture by which a patient is known in the list: the slice through the newest lesion, else
//! the middle one.

use std::sync::Arc;

use serde_json::json;

use super::{Tools, default_window, load, masks};
use crate::app::effect::{Failure, ThumbnailOf};
use crate::app::view::Picture;
use crate::jobs::JobContext;
use crate::provenance::{InputHash, StageKey};
use crate::volume::{Layout, Volume, gray_slice};

const STAGE: &str = "thumbnail";
const VERSION: u32 = 1;
/// Pixels along the longer side.
const SIDE: usize = 96;

/// The picture from the stage cache, or made of the originals.
pub(super) fn make(
    of: ThumbnailOf,
    tools: &Tools,
    job: &JobContext,
) -> Result<Arc<Picture>, Failure> {
    let params = json!({ "frame": of.read_as.frame, "pet": of.read_as.pet });
    let mask = of.mask.as_deref().unwrap_or_default();
    let inputs = [of.fingerprint.as_bytes(), mask.as_bytes()].map(InputHash::of);
    let key = StageKey::new(STAGE, VERSION, &params, &inputs)
        .map_err(|error| Failure::new(error.to_string()))?;
    let draw = || -> Result<Picture, Failure> {
        let loaded = load(of.item, &of.source, &of.fingerprint, of.read_as, job)?;
        let volume = &*loaded.volume;
        let mask = of.mask.as_ref().and_then(|sha256| {
            let grid = Arc::clone(volume.grid());
            masks::load(sha256, grid, &tools.artifacts).ok()
        });
        let slice = mask.map_or(volume.grid().shape()[2] / 2, |mask| {
            let (low, high) = mask.bounds();
            (low[2] + high[2]) / 2
        });
        Ok(small(volume, slice))
    };
    let cached = tools.cache.get_or_run(&key, encode, decode, draw)?;
    for warning in &cached.warnings {
        tracing::warn!("stage cache: {warning}");
    }
    Ok(Arc::new(cached.value))
}

/// A slice in the window of its file, in true proportions.
fn small(volume: &Volume, slice: usize) -> Picture {
    let grid = volume.grid();
    let slice = slice.min(grid.shape()[2].saturating_sub(1));
    let layout = Layout::of(grid);
    let gray = gray_slice(
        volume,
        slice,
        default_window(volume),
        volume.inverted,
        layout,
    );
    let (_, dx, dy) = layout.patient_frame(grid, slice);
    shrink(&gray, layout.picture_size(), [dx.norm(), dy.norm()])
}

/// The mean of what falls into each pixel of a small picture.
fn shrink(gray: &[u8], [w, h]: [usize; 2], [dx, dy]: [f64; 2]) -> Picture {
    let (wide, high) = (w as f64 * dx, h as f64 * dy);
    let longest = wide.max(high);
    let pixels = |length: f64| {
        let n = (length / longest * SIDE as f64).round();
        // Thin images have a line at least; an image without extent has none at all.
        if n.is_finite() {
            (n as usize).clamp(1, SIDE)
        } else {
            1
        }
    };
    let (width, height) = (pixels(wide), pixels(high));
    let part = |at: usize, of: usize, n: usize| {
        let first = at * n / of;
        first..((at + 1) * n / of).max(first + 1).min(n.max(first + 1))
    };
    let mut small = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let (mut sum, mut n) = (0_u64, 0_u64);
            for row in part(y, height, h) {
                for column in part(x, width, w) {
                    sum += u64::from(gray.get(row * w + column).copied().unwrap_or_default());
                    n += 1;
                }
            }
            small.push(u8::try_from(sum / n.max(1)).unwrap_or(u8::MAX));
        }
    }
    Picture {
        width,
        height,
        gray: small,
        version: 0,
    }
}

fn encode(picture: &Picture) -> Vec<u8> {
    // No side is longer than `SIDE`.
    let side = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
    let mut bytes = vec![side(picture.width), side(picture.height)];
    bytes.extend(&picture.gray);
    bytes
}

fn decode(bytes: &[u8]) -> Option<Picture> {
    let [width, height, gray @ ..] = bytes else {
        return None;
    };
    let (width, height) = (usize::from(*width), usize::from(*height));
    let sound = width.clamp(1, SIDE) == width && height.clamp(1, SIDE) == height;
    (sound && gray.len() == width * height).then(|| Picture {
        width,
        height,
        gray: gray.to_vec(),
        version: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportions_are_those_of_the_patient_and_greys_are_means() {
        let gray: Vec<u8> = (0..200 * 100)
            .map(|n| if n % 2 == 0 { 0 } else { 200 })
            .collect();
        let picture = shrink(&gray, [200, 100], [0.5, 1.0]);
        assert_eq!([picture.width, picture.height], [96, 96]);
        let picture = shrink(&gray, [200, 100], [1.0, 1.0]);
        assert_eq!([picture.width, picture.height], [96, 48]);
        let mean = picture.gray.iter().map(|v| f64::from(*v)).sum::<f64>() / (96.0 * 48.0);
        assert!((mean - 100.0).abs() < 8.0, "{mean}");
        let tiny = shrink(&[7, 9], [2, 1], [1.0, 1.0]);
        assert_eq!([tiny.width, tiny.height], [96, 48]);
        assert_eq!((tiny.gray[0], tiny.gray[95]), (7, 9));
    }

    #[test]
    fn what_is_kept_is_read_again_and_damage_is_seen() {
        let picture = shrink(&[1, 2, 3, 4], [2, 2], [1.0, 1.0]);
        let bytes = encode(&picture);
        let read = decode(&bytes).expect("read");
        assert_eq!((read.width, read.gray), (picture.width, picture.gray));
        for damaged in [&bytes[..bytes.len() - 1], &[0, 0], &[]] {
            assert!(decode(damaged).is_none());
        }
    }
}
