//! Colour pictures as they are to be shown (PS3.3 C.7.6.3.1.2): eight bits of red, green and blue.

use std::path::PathBuf;
use std::sync::Arc;

use dicom::core::Tag;
use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;

use super::codec::{self, Raw};
use super::format::{PixelFormat, refusal};
use super::instance::Instance;
use super::place::{Number, PixelFile, Place};
use super::read::{self, damaged};
use super::store::Store;
use super::values::bytes_of;
use crate::jobs::JobContext;
use crate::open::{Error, Refusal};
use crate::volume::ColourImage;

/// One colour picture: a frame of a file.
#[derive(Clone, Debug)]
pub(in crate::open) struct PictureRef {
    pub(super) path: PathBuf,
    pub(super) frame: u32,
    pub(super) pixels: Arc<PixelFile>,
}

/// Whether pixels of a format are colours.
pub(super) fn is_colour(format: &PixelFormat) -> bool {
    format.samples_per_pixel != 1 || !format.photometric.starts_with("MONOCHROME")
}

/// All pictures of a group of colour images, in the order of their numbers.
///
/// # Errors
/// Says why they cannot be shown.
pub(super) fn pictures(group: &[&Instance]) -> Result<Vec<PictureRef>, Refusal> {
    let mut members = group.to_vec();
    members.sort_by_cached_key(|i| {
        let number = i.frames.first().and_then(|f| f.marks.instance());
        (number, i.path.clone())
    });
    let mut pictures = Vec::new();
    for instance in members {
        if let Some(reason) = unreadable(&instance.format) {
            return Err(refusal(
                "E-COLOUR",
                reason,
                &[&instance.path],
                "export the pictures as RGB",
            ));
        }
        let file = match (&instance.pixels, &instance.undecodable) {
            (Some(file), None) => file,
            (_, Some(refused)) => return Err(refused.clone()),
            (None, None) => return Err(damaged(&instance.path, "no pixels were found")),
        };
        if instance.format.photometric == "PALETTE COLOR" && file.palette.is_none() {
            return Err(damaged(
                &instance.path,
                "the palette (0028,1101 to 1203) is missing or incomplete",
            ));
        }
        pictures.extend((0..file.n_frames).map(|frame| PictureRef {
            path: instance.path.clone(),
            frame: frame as u32,
            pixels: Arc::clone(file),
        }));
    }
    Ok(pictures)
}

/// Why colours of this format are not shown.
fn unreadable(format: &PixelFormat) -> Option<String> {
    let known = match &*format.photometric {
        "RGB" | "YBR_FULL" | "YBR_FULL_422" | "YBR_RCT" | "YBR_ICT" => {
            format.samples_per_pixel == 3
        }
        "PALETTE COLOR" => format.samples_per_pixel == 1,
        _ => false,
    };
    if !known {
        return Some(format!(
            "colours stored as {} with {} samples per pixel (0028,0004/0002) are not shown",
            format.photometric, format.samples_per_pixel
        ));
    }
    let bits = matches!(format.bits_allocated, 8 | 16 | 32) && !format.signed;
    (!bits).then(|| {
        format!(
            "colours of {} bits (0028,0100/0103) are not shown",
            format.bits_allocated
        )
    })
}

/// Loads one picture.
pub(in crate::open) fn load_colour(
    picture: &PictureRef,
    job: &JobContext,
) -> Result<ColourImage, Error> {
    job.check()?;
    let file = &*picture.pixels;
    let store = file.open()?;
    job.check()?;
    let (samples, coded) = samples(file, &store, picture.frame as usize)?;
    let format = &file.format;
    let rgb = if let Some(palette) = &file.palette {
        samples.iter().flat_map(|&v| palette.colour(v)).collect()
    } else {
        let bits = u32::try_from(format.bits_stored).unwrap_or(8);
        match coded.unwrap_or_else(|| format.photometric.starts_with("YBR_FULL")) {
            true => samples
                .chunks_exact(3)
                .flat_map(|c| from_differences([c[0], c[1], c[2]], bits))
                .collect(),
            false => samples.iter().map(|&v| to_eight(v, bits)).collect(),
        }
    };
    ColourImage::new(format.columns, format.rows, rgb).ok_or_else(|| {
        damaged(
            &picture.path,
            format!("picture {} is incomplete", picture.frame),
        )
        .into()
    })
}

/// Samples of a frame, pixel by pixel, and whether the stream says that they are luminance and
/// colour differences.
fn samples(
    file: &PixelFile,
    store: &Store,
    frame: usize,
) -> Result<(Vec<u32>, Option<bool>), Refusal> {
    let format = &file.format;
    let mask = u32::MAX >> (32 - u32::try_from(format.bits_stored).unwrap_or(32).clamp(1, 32));
    match &file.place {
        Place::Native { span, number } => {
            let size = format.frame_bits() as u64 / 8;
            if frame >= file.n_frames || *number != Number::Integer {
                return Err(damaged(&file.path, format!("there is no frame {frame}")));
            }
            let bytes = file.native_bytes(store, span.offset, size * frame as u64, size)?;
            let width = usize::try_from(format.bits_allocated / 8).unwrap_or(1);
            let cells: Vec<u32> = bytes
                .chunks_exact(width)
                .map(|b| cell(b, file.big_endian) & mask)
                .collect();
            let n = format.rows * format.columns;
            let cells = if format.components() == 3 && cells.len() == 2 * n {
                doubled(&cells)
            } else if format.planar && format.components() > 1 {
                let plane = |c: usize| cells[c * n..(c + 1) * n].iter();
                plane(0)
                    .zip(plane(1))
                    .zip(plane(2))
                    .flat_map(|((a, b), c)| [*a, *b, *c])
                    .collect()
            } else {
                cells
            };
            Ok((cells, None))
        }
        Place::Frames(_) => {
            let bytes = file.compressed(store, frame)?;
            let picture = read::guard(&file.path, || {
                codec::decode(file.codec, &bytes, format).map_err(|e| file.undecodable(frame, &e))
            })?;
            let samples = match picture.raw {
                Raw::U8(v) => v.into_iter().map(u32::from).collect(),
                Raw::U16(v) => v.into_iter().map(u32::from).collect(),
                Raw::U32(v) => v,
                Raw::I32(v) => v.into_iter().map(|s| s.max(0) as u32).collect(),
            };
            Ok((samples, picture.stream.ybr))
        }
    }
}

fn cell(bytes: &[u8], big_endian: bool) -> u32 {
    let push = |word: u32, b: &u8| word << 8 | u32::from(*b);
    if big_endian {
        bytes.iter().fold(0, push)
    } else {
        bytes.iter().rev().fold(0, push)
    }
}

/// Colour differences that two neighbours share (YBR_FULL_422), given to both.
fn doubled(cells: &[u32]) -> Vec<u32> {
    cells
        .chunks_exact(4)
        .flat_map(|c| [c[0], c[2], c[3], c[1], c[2], c[3]])
        .collect()
}

/// The upper eight of `bits` bits.
fn to_eight(value: u32, bits: u32) -> u8 {
    match bits {
        8 => value.min(255) as u8,
        9.. => (value >> (bits - 8)).min(255) as u8,
        _ => (value * 255 / ((1 << bits) - 1)).min(255) as u8,
    }
}

/// Luminance and colour differences to red, green and blue (PS3.3 C.7.6.3.1.2, ITU-T T.871).
fn from_differences([y, cb, cr]: [u32; 3], bits: u32) -> [u8; 3] {
    let half = f64::from(1u32 << (bits.clamp(1, 32) - 1));
    let (y, cb, cr) = (f64::from(y), f64::from(cb) - half, f64::from(cr) - half);
    let most = 2.0 * half - 1.0;
    [
        y + 1.402 * cr,
        y - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / 0.587,
        y + 1.772 * cb,
    ]
    .map(|v| to_eight((v + 0.5).floor().clamp(0.0, most) as u32, bits))
}

/// A palette (PS3.3 C.7.6.3.1.5/6).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Palette {
    /// The stored value of the first entry.
    first: i64,
    /// Red, green and blue of each entry.
    entries: Vec<[u8; 3]>,
}

impl Palette {
    /// The colour of a stored value; values beyond the ends have the colour of the ends.
    fn colour(&self, value: u32) -> [u8; 3] {
        let at = (i64::from(value) - self.first).clamp(0, self.entries.len() as i64 - 1);
        self.entries[at as usize]
    }

    /// Reads the palette of an image; `None` when it has none or it is incomplete.
    pub(super) fn read(set: &InMemDicomObject) -> Option<Self> {
        let channel = |n: u16| {
            let descriptor = descriptor(set, Tag(0x0028, 0x1101 + n))?;
            let plain = bytes_of(set, Tag(0x0028, 0x1201 + n));
            let entries = match plain.filter(|b| !b.is_empty()) {
                Some(bytes) => plain_entries(&bytes, descriptor)?,
                None => segmented(&bytes_of(set, Tag(0x0028, 0x1221 + n))?, descriptor)?,
            };
            Some((descriptor, entries))
        };
        let (first, red) = channel(0)?;
        let (_, green) = channel(1)?;
        let (_, blue) = channel(2)?;
        let entries: Vec<[u8; 3]> = red
            .into_iter()
            .zip(green)
            .zip(blue)
            .map(|((r, g), b)| [r, g, b])
            .collect();
        let signed = super::values::integer(set, tags::PIXEL_REPRESENTATION) == Some(1);
        let first = match first.first {
            n if signed => i64::from(n as i16),
            n => i64::from(n),
        };
        (!entries.is_empty()).then_some(Self { first, entries })
    }
}

/// Number of entries, first mapped value, bits per entry.
#[derive(Clone, Copy)]
struct Descriptor {
    count: usize,
    first: u16,
    bits: u16,
}

fn descriptor(set: &InMemDicomObject, tag: Tag) -> Option<Descriptor> {
    let bytes = bytes_of(set, tag)?;
    let words: Vec<u16> = words(&bytes).collect();
    match words.as_slice() {
        &[count, first, bits, ..] => Some(Descriptor {
            count: if count == 0 { 65536 } else { count.into() },
            first,
            bits,
        }),
        _ => None,
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes
        .chunks_exact(2)
        .map(|b| u16::from_ne_bytes([b[0], b[1]]))
}

fn plain_entries(bytes: &[u8], descriptor: Descriptor) -> Option<Vec<u8>> {
    let Descriptor { count, bits, .. } = descriptor;
    if bits <= 8 && bytes.len() < 2 * count {
        // Two entries in a word, the first in its lower half.
        let entries: Vec<u8> = words(bytes)
            .flat_map(|w| [w as u8, (w >> 8) as u8])
            .collect();
        return entries.get(..count).map(<[u8]>::to_vec);
    }
    let entries: Vec<u16> = words(bytes).take(count).collect();
    (entries.len() == count).then(|| to_eight_all(&entries, bits))
}

/// Sixteen-bit entries to eight bits. Some writers state 16 bits and store eight.
fn to_eight_all(entries: &[u16], bits: u16) -> Vec<u8> {
    let narrow = bits <= 8 || entries.iter().all(|&e| e < 256);
    entries
        .iter()
        .map(|&e| if narrow { e as u8 } else { (e >> 8) as u8 })
        .collect()
}

/// A segmented palette (PS3.3 C.7.9.2): runs of entries, straight lines, and repeats of these.
fn segmented(bytes: &[u8], descriptor: Descriptor) -> Option<Vec<u8>> {
    let data: Vec<u16> = if descriptor.bits <= 8 {
        words(bytes).flat_map(|w| [w & 0xFF, w >> 8]).collect()
    } else {
        words(bytes).collect()
    };
    let mut entries = Vec::new();
    let mut at = 0;
    while at + 1 < data.len() && entries.len() < descriptor.count {
        at = segment(&data, at, &mut entries, descriptor)?;
    }
    (entries.len() == descriptor.count).then(|| to_eight_all(&entries, descriptor.bits))
}

fn segment(data: &[u16], at: usize, out: &mut Vec<u16>, descriptor: Descriptor) -> Option<usize> {
    let (kind, n) = (data[at], usize::from(*data.get(at + 1)?));
    match kind {
        0 => {
            out.extend_from_slice(data.get(at + 2..at + 2 + n)?);
            Some(at + 2 + n)
        }
        1 => {
            let (from, to) = (f64::from(*out.last()?), f64::from(*data.get(at + 2)?));
            out.extend((1..=n).map(|i| (from + (to - from) * i as f64 / n as f64).round() as u16));
            Some(at + 3)
        }
        2 => {
            let (low, high) = (*data.get(at + 2)?, *data.get(at + 3)?);
            // The offset counts bytes in words, entries in bytes (C.7.9.2.3).
            let mut from = usize::from(low) | usize::from(high) << 16;
            if descriptor.bits <= 8 {
                let more = [*data.get(at + 4)?, *data.get(at + 5)?];
                from = [low, high, more[0], more[1]]
                    .iter()
                    .rev()
                    .fold(0, |v, &b| v << 8 | usize::from(b));
            } else {
                from /= 2;
            }
            for _ in 0..n {
                if data.get(from).is_none_or(|&k| k > 1) || out.len() > descriptor.count {
                    return None;
                }
                from = segment(data, from, out, descriptor)?;
            }
            Some(at + if descriptor.bits <= 8 { 6 } else { 4 })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_become_colours() {
        assert_eq!(from_differences([76, 85, 255], 8), [254, 0, 0]);
        assert_eq!(from_differences([128, 128, 128], 8), [128, 128, 128]);
        assert_eq!(
            from_differences([0xFFFF, 0x8000, 0x8000], 16),
            [255, 255, 255]
        );
    }

    #[test]
    fn neighbours_share_differences() {
        assert_eq!(doubled(&[1, 2, 8, 9]), [1, 8, 9, 2, 8, 9]);
    }

    #[test]
    fn segments_are_expanded() {
        let descriptor = Descriptor {
            count: 6,
            first: 0,
            bits: 16,
        };
        let data: Vec<u8> = [0u16, 2, 0x0100, 0x0200, 1, 4, 0x0600]
            .iter()
            .flat_map(|w| w.to_ne_bytes())
            .collect();
        assert_eq!(segmented(&data, descriptor), Some(vec![1, 2, 3, 4, 5, 6]));
    }

    proptest::proptest! {
        #[test]
        fn any_palette_is_answered(bytes: Vec<u8>, count in 1usize..300, bits in 1u16..17) {
            let descriptor = Descriptor { count, first: 0, bits };
            for entries in [plain_entries(&bytes, descriptor), segmented(&bytes, descriptor)] {
                proptest::prop_assert!(entries.is_none_or(|e| e.len() == count));
            }
        }
    }
}
