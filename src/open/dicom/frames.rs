//! The frames of a file: how many it can hold, and the geometry and rescale of each.

use dicom::core::Tag;
use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;

use super::bounds::Extent;
use super::format::PixelFormat;
use super::instance::Frame;
use super::marks::{self, Mark};
use super::read::Header;
use super::scaling::{self, FrameScaling};
use super::values::{find, items, number, numbers, text, texts, vector};
use super::voi::{self, Preset};
use crate::geometry::{Vec3, is_spacing_mm};
use crate::volume::Rescale;

/// No position in a scanner lies farther from its origin than this, mm; a damaged number does.
const FARTHEST_MM: f64 = 1e6;

/// What frames of one file may be described with, bytes.
const MOST_BYTES: usize = 1 << 29;
/// A map of marks without its texts, bytes.
const MARKS_BYTES: usize = 1 << 10;

/// Whether the pixels of a file may be as many as it says. Where they are not, finding them fails
/// with a reason; nothing is to be described for each of them before.
pub(super) fn holds(header: &Header, format: &PixelFormat, n_frames: i64) -> bool {
    let Ok(n) = u64::try_from(n_frames) else {
        return false;
    };
    match &header.survey.pixels {
        _ if n <= 1 => true,
        None => false,
        Some((_, Extent::Native(span))) => (format.frame_bits() as u64)
            .checked_mul(n)
            .is_some_and(|bits| bits.div_ceil(8) <= span.length),
        // The first item is the table of offsets.
        Some((_, Extent::Fragments(items))) => n < items.len() as u64,
    }
}

/// The frames of a file: one from the top level, or all from the functional groups
/// (PS3.3 C.7.6.16: per-frame over shared over top level).
pub(super) fn read(set: &InMemDicomObject, n_frames: usize) -> Result<Vec<Frame>, String> {
    let shared = items(set, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
    let per_frame = items(set, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let is_plain = per_frame.is_empty() && shared.is_none();
    if is_plain && n_frames <= 1 {
        return Ok(vec![frame(&[set])]);
    }
    if !per_frame.is_empty() && per_frame.len() != n_frames {
        return Err(format!(
            "{n_frames} frames (0028,0008), but {} per-frame functional groups (5200,9230)",
            per_frame.len()
        ));
    }
    // Position and orientation of the file hold for its first frame only.
    let nowhere = is_plain.then(|| Frame {
        position: None,
        orientation: None,
        ..frame(&[set])
    });
    let too_much = || format!("{n_frames} frames (0028,0008) cannot be described in memory");
    let same = nowhere.as_ref().map_or(0, bytes);
    if same.saturating_mul(n_frames) > MOST_BYTES {
        return Err(too_much());
    }
    let mut frames: Vec<Frame> = Vec::new();
    frames.try_reserve_exact(n_frames).map_err(|_| too_much())?;
    let mut left = MOST_BYTES;
    for n in 0..n_frames {
        let next = match &nowhere {
            Some(nowhere) => nowhere.clone(),
            None => {
                let levels: Vec<&InMemDicomObject> = per_frame
                    .get(n)
                    .into_iter()
                    .chain(shared)
                    .chain([set])
                    .collect();
                let mut frame = frame(&levels);
                frame.marks.set(Mark::Instance, n as f64 + 1.0);
                frame
            }
        };
        left = left.checked_sub(bytes(&next)).ok_or_else(too_much)?;
        frames.push(next);
    }
    Ok(frames)
}

/// About what a frame takes, bytes: what is stated once for all frames is kept for each.
fn bytes(frame: &Frame) -> usize {
    let windows = frame
        .windows
        .iter()
        .map(|w| size_of::<Preset>() + w.name.len());
    let scalings = frame
        .scalings
        .iter()
        .map(|s| size_of::<FrameScaling>() + s.name.len() + s.unit.len());
    size_of::<Frame>()
        + MARKS_BYTES
        + frame.marks.text_bytes()
        + frame.stack.len()
        + frame.image_type.len()
        + windows.chain(scalings).sum::<usize>()
}

/// Reads a frame from levels in order of precedence; a group's macro may lie in a sequence or,
/// at the top level, plainly.
fn frame(levels: &[&InMemDicomObject]) -> Frame {
    let pixel_measures = tags::PIXEL_MEASURES_SEQUENCE;
    let content = tags::FRAME_CONTENT_SEQUENCE;
    let image_type = levels
        .iter()
        .find_map(|level| {
            [
                Tag(0x0018, 0x9226),
                Tag(0x0018, 0x9329),
                Tag(0x0018, 0x9751),
            ]
            .into_iter()
            .find_map(|group| items(level, group).first())
            .map(|g| texts(g, tags::FRAME_TYPE))
            .filter(|t| !t.is_empty())
        })
        .or_else(|| levels.last().map(|top| texts(top, tags::IMAGE_TYPE)))
        .unwrap_or_default();
    Frame {
        position: find(levels, tags::PLANE_POSITION_SEQUENCE, |g| {
            vector(g, tags::IMAGE_POSITION_PATIENT).filter(|p| p.amax() <= FARTHEST_MM)
        }),
        orientation: find(levels, tags::PLANE_ORIENTATION_SEQUENCE, |g| match numbers(
            g,
            tags::IMAGE_ORIENTATION_PATIENT,
        )?
        .as_slice()
        {
            &[a, b, c, d, e, f] => Some([Vec3::new(a, b, c), Vec3::new(d, e, f)]),
            _ => None,
        }),
        spacing: find(levels, pixel_measures, |g| {
            match numbers(g, tags::PIXEL_SPACING)?.as_slice() {
                &[row, column] if is_spacing_mm(row) && is_spacing_mm(column) => {
                    Some([row, column])
                }
                _ => None,
            }
        }),
        thickness: find(levels, pixel_measures, |g| {
            number(g, tags::SLICE_THICKNESS).filter(|t| is_spacing_mm(*t))
        }),
        rescale: find(levels, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, |g| {
            let slope = number(g, tags::RESCALE_SLOPE);
            let intercept = number(g, tags::RESCALE_INTERCEPT);
            (slope.is_some() || intercept.is_some()).then(|| Rescale {
                slope: slope.unwrap_or(1.0),
                intercept: intercept.unwrap_or(0.0),
            })
        }),
        rescale_is_whole: find(levels, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, |g| {
            let parts = [tags::RESCALE_SLOPE, tags::RESCALE_INTERCEPT];
            let is_there = |tag: &Tag| !text(g, *tag).is_empty();
            parts
                .iter()
                .any(is_there)
                .then(|| parts.iter().all(|tag| number(g, *tag).is_some()))
        })
        .unwrap_or(true),
        rescale_type: find(levels, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, |g| {
            Some(text(g, tags::RESCALE_TYPE)).filter(|kind| !kind.is_empty())
        })
        .unwrap_or_default(),
        echo_time: find(levels, Tag(0x0018, 0x9114), |g| {
            number(g, Tag(0x0018, 0x9082)).or_else(|| number(g, tags::ECHO_TIME))
        }),
        stack: find(levels, content, |g| {
            Some(text(g, tags::STACK_ID)).filter(|s| !s.is_empty())
        })
        .unwrap_or_default(),
        image_type: image_type.get(2).cloned().unwrap_or_default(),
        marks: marks::read(levels, &image_type),
        windows: voi::presets(levels),
        scalings: scaling::read(levels),
    }
}
