//! Stored samples to values: bits, signs and byte order (PS3.5 8.1.1).

use super::codec::{self, Picture, Raw, unpack_bits};
use super::format::PixelFormat;
use super::place::{Number, PixelFile, Place};
use super::read::{self, damaged};
use super::store::Store;
use crate::open::Refusal;

/// A type that voxels are kept in.
pub(super) trait Sample: Copy + Default + Send + bytemuck::Pod {
    /// The value of a whole number; of one that does not fit, `None`.
    fn of(value: i64) -> Option<Self>;
    /// The value of a floating point number.
    fn of_float(value: f64) -> Option<Self>;
    /// The memory as 16-bit words, where that is what samples are.
    fn words(samples: &mut [Self]) -> Option<&mut [u16]>;
}

impl Sample for i16 {
    fn of(value: i64) -> Option<Self> {
        value.try_into().ok()
    }
    fn of_float(_: f64) -> Option<Self> {
        None
    }
    fn words(samples: &mut [Self]) -> Option<&mut [u16]> {
        Some(bytemuck::cast_slice_mut(samples))
    }
}

impl Sample for u16 {
    fn of(value: i64) -> Option<Self> {
        value.try_into().ok()
    }
    fn of_float(_: f64) -> Option<Self> {
        None
    }
    fn words(samples: &mut [Self]) -> Option<&mut [u16]> {
        Some(samples)
    }
}

impl Sample for f32 {
    fn of(value: i64) -> Option<Self> {
        Some(value as Self)
    }
    fn of_float(value: f64) -> Option<Self> {
        Some(value as Self)
    }
    fn words(_: &mut [Self]) -> Option<&mut [u16]> {
        None
    }
}

/// Fills `out` with one slice of `[columns, rows]`: a frame, or a tile of a mosaic.
pub(super) fn slice<T: Sample>(
    file: &PixelFile,
    store: &Store,
    index: usize,
    [columns, rows]: [usize; 2],
    out: &mut [T],
) -> Result<(), Refusal> {
    let Some(tiles) = &file.tiles else {
        if [file.format.columns, file.format.rows] != [columns, rows] {
            return Err(damaged(&file.path, "the size of its pictures is another"));
        }
        return frame(file, store, index, out);
    };
    let mut picture = vec![T::default(); file.format.rows * file.format.columns];
    frame(file, store, index / tiles.count, &mut picture)?;
    tiles
        .cut(
            &picture,
            file.format.columns,
            index % tiles.count,
            [columns, rows],
            out,
        )
        .ok_or_else(|| damaged(&file.path, format!("the mosaic has no tile {index}")))
}

/// Fills `out` with one grey frame.
fn frame<T: Sample>(
    file: &PixelFile,
    store: &Store,
    index: usize,
    out: &mut [T],
) -> Result<(), Refusal> {
    match &file.place {
        Place::Native { span, number } => {
            if index >= file.n_frames {
                return Err(damaged(&file.path, format!("there is no frame {index}")));
            }
            native(file, store, span.offset, *number, index, out)
        }
        Place::Frames(_) => {
            let bytes = file.compressed(store, index)?;
            let picture = read::guard(&file.path, || {
                codec::decode(file.codec, &bytes, &file.format)
                    .map_err(|e| file.undecodable(index, &e))
            })?;
            drop(bytes);
            decoded(&picture, &file.format, out).map_err(|e| file.undecodable(index, &e))
        }
    }
}

fn native<T: Sample>(
    file: &PixelFile,
    store: &Store,
    start: u64,
    number: Number,
    index: usize,
    out: &mut [T],
) -> Result<(), Refusal> {
    let format = &file.format;
    let io = |e: std::io::Error| damaged(&file.path, e.to_string());
    let beyond = || damaged(&file.path, "a value does not fit its declared bits");
    let first_bit = format.frame_bits() as u64 * index as u64;
    let offset = first_bit / 8;
    if format.bits_allocated == 16
        && let Some(words) = T::words(out)
    {
        store
            .read_exact_at(bytemuck::cast_slice_mut(words), start + offset)
            .map_err(io)?;
        to_host(words, file.big_endian);
        in_place(words, format);
        return Ok(());
    }
    let shift = (first_bit % 8) as usize;
    let length = (format.frame_bits() + shift).div_ceil(8) as u64;
    let bytes = file.native_bytes(store, start, offset, length)?;
    match (number, format.bits_allocated) {
        (Number::Integer, 1) => {
            let bits = unpack_bits(&bytes, shift, out.len());
            fill(out, bits.into_iter().map(|b| T::of(i64::from(b)))).ok_or_else(beyond)
        }
        (Number::Integer, 8) => fill(
            out,
            bytes.iter().map(|&b| T::of(format.value(u64::from(b)))),
        )
        .ok_or_else(beyond),
        (Number::Integer, n @ (16 | 32 | 64)) => {
            let width = n as usize / 8;
            let values = bytes.chunks_exact(width).map(|b| {
                let raw = word(b, file.big_endian);
                T::of(format.value(raw))
            });
            fill(out, values).ok_or_else(beyond)
        }
        (Number::Float, _) => {
            let values = bytes
                .chunks_exact(4)
                .map(|b| T::of_float(f64::from(f32::from_bits(word(b, file.big_endian) as u32))));
            fill(out, values).ok_or_else(beyond)
        }
        (Number::Double, _) => {
            let values = bytes
                .chunks_exact(8)
                .map(|b| T::of_float(f64::from_bits(word(b, file.big_endian))));
            fill(out, values).ok_or_else(beyond)
        }
        (Number::Integer, n) => Err(damaged(&file.path, format!("samples of {n} bits"))),
    }
}

fn word(bytes: &[u8], big_endian: bool) -> u64 {
    let push = |word: u64, b: &u8| word << 8 | u64::from(*b);
    if big_endian {
        bytes.iter().fold(0, push)
    } else {
        bytes.iter().rev().fold(0, push)
    }
}

fn fill<T>(out: &mut [T], values: impl Iterator<Item = Option<T>>) -> Option<()> {
    for (out, value) in out.iter_mut().zip(values) {
        *out = value?;
    }
    Some(())
}

/// Words as stored to words of this machine.
fn to_host(words: &mut [u16], big_endian: bool) {
    if big_endian != cfg!(target_endian = "big") {
        for word in words {
            *word = word.swap_bytes();
        }
    }
}

/// Masks words to the stored bits (overlays may lie in the others) and extends the sign.
fn in_place(words: &mut [u16], format: &PixelFormat) {
    if format.bits_stored == 16 {
        return;
    }
    let left = 15u32.saturating_sub(format.high_bit as u32);
    let right = 16 - format.bits_stored as u32;
    if format.signed {
        for word in words {
            *word = ((*word << left) as i16 >> right) as u16;
        }
    } else {
        for word in words {
            *word = (*word << left) >> right;
        }
    }
}

/// Values of a decoded grey picture.
fn decoded<T: Sample>(
    picture: &Picture,
    format: &PixelFormat,
    out: &mut [T],
) -> Result<(), String> {
    let precision = picture.stream.precision;
    let beyond = || {
        format!(
            "values of the compressed picture ({precision} bits) contradict BitsStored (0028,0101) {}",
            format.bits_stored
        )
    };
    // Cells coded as a whole may hold bits that are not stored ones; fewer bits are values.
    let plain = i64::from(precision) == format.bits_allocated;
    match &picture.raw {
        Raw::U16(words) if plain && T::words(out).is_some() => {
            if let Some(out) = T::words(out) {
                out.copy_from_slice(words);
                in_place(out, format);
            }
            Ok(())
        }
        Raw::U8(v) if plain => {
            fill(out, v.iter().map(|&r| T::of(format.value(r.into())))).ok_or_else(beyond)
        }
        Raw::U16(v) if plain => {
            fill(out, v.iter().map(|&r| T::of(format.value(r.into())))).ok_or_else(beyond)
        }
        Raw::U32(v) if plain => {
            fill(out, v.iter().map(|&r| T::of(format.value(r.into())))).ok_or_else(beyond)
        }
        Raw::U8(v) => fill(
            out,
            v.iter().map(|&r| T::of(format.coded(r.into(), precision)?)),
        )
        .ok_or_else(beyond),
        Raw::U16(v) => fill(
            out,
            v.iter().map(|&r| T::of(format.coded(r.into(), precision)?)),
        )
        .ok_or_else(beyond),
        Raw::U32(v) => fill(
            out,
            v.iter().map(|&r| T::of(format.coded(r.into(), precision)?)),
        )
        .ok_or_else(beyond),
        Raw::I32(v) if picture.stream.signed == format.signed => {
            fill(out, v.iter().map(|&r| T::of(i64::from(r)))).ok_or_else(beyond)
        }
        // The codestream's sign is wrong: its bits are taken as the attributes say.
        Raw::I32(v) => {
            let mask = u64::MAX >> (64 - precision);
            fill(
                out,
                v.iter()
                    .map(|&r| T::of(format.coded(r as u32 as u64 & mask, precision)?)),
            )
            .ok_or_else(beyond)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(signed: bool, bits_stored: i64, high_bit: i64) -> PixelFormat {
        PixelFormat {
            rows: 1,
            columns: 1,
            samples_per_pixel: 1,
            photometric: "MONOCHROME2".to_owned(),
            bits_allocated: 16,
            bits_stored,
            high_bit,
            signed,
            planar: false,
        }
    }

    fn unpack(signed: bool, bits_stored: i64, shift: i64, raw: u16) -> i64 {
        let format = format(signed, bits_stored, bits_stored + shift - 1);
        let mut words = [raw];
        in_place(&mut words, &format);
        let fast = if signed {
            i64::from(words[0] as i16)
        } else {
            i64::from(words[0])
        };
        assert_eq!(fast, format.value(raw.into()));
        fast
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

    #[test]
    fn coded_values_must_mean_one_thing() {
        // 16 bits coded, 12 stored: a sign that reaches through all bits is no contradiction.
        assert_eq!(format(true, 12, 11).coded(0xFFFF, 16), Some(-1));
        assert_eq!(format(true, 12, 11).coded(0x0FFF, 16), None);
        assert_eq!(format(false, 12, 11).coded(0x0FFF, 16), Some(0x0FFF));
        assert_eq!(format(false, 12, 11).coded(0x1FFF, 16), None);
        // 12 bits coded, 16 stored and signed: the highest bit may or may not be a sign.
        assert_eq!(format(true, 16, 15).coded(0x07FF, 12), Some(0x07FF));
        assert_eq!(format(true, 16, 15).coded(0x0FFF, 12), None);
    }

    #[test]
    fn words_of_either_order() {
        assert_eq!(word(&[1, 2], true), 0x0102);
        assert_eq!(word(&[1, 2, 0, 0], false), 0x0201);
    }
}
