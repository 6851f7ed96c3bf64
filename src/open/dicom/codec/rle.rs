//! RLE Lossless (PS3.5 annex G): byte planes, most significant first, each packed by PackBits.

use super::{Picture, Raw};
use crate::open::dicom::format::PixelFormat;

const HEADER: usize = 64;

pub(super) fn decode(bytes: &[u8], format: &PixelFormat) -> Result<Picture, String> {
    let width = match format.bits_allocated {
        8 => 1,
        16 => 2,
        32 => 4,
        n => return Err(format!("samples of {n} bits are not packed by RLE")),
    };
    let components = format.components();
    let planes = segments(bytes, components * width)?;
    let n = format.rows * format.columns;
    let mut plane = Vec::with_capacity(n);
    let raw = match width {
        1 => {
            let mut out = vec![0u8; n * components];
            for (c, segment) in planes.iter().enumerate() {
                unpack(segment, n, &mut plane)?;
                spread(&plane, &mut out, c, components, |_, b| b);
            }
            Raw::U8(out)
        }
        2 => {
            let mut out = vec![0u16; n * components];
            for (s, segment) in planes.iter().enumerate() {
                unpack(segment, n, &mut plane)?;
                spread(&plane, &mut out, s / 2, components, |v, b| {
                    v << 8 | u16::from(b)
                });
            }
            Raw::U16(out)
        }
        _ => {
            let mut out = vec![0u32; n * components];
            for (s, segment) in planes.iter().enumerate() {
                unpack(segment, n, &mut plane)?;
                spread(&plane, &mut out, s / 4, components, |v, b| {
                    v << 8 | u32::from(b)
                });
            }
            Raw::U32(out)
        }
    };
    Ok(Picture {
        stream: format.as_stream(),
        raw,
    })
}

/// Joins a byte plane to component `c` of every pixel.
fn spread<T: Copy>(plane: &[u8], out: &mut [T], c: usize, step: usize, join: impl Fn(T, u8) -> T) {
    if step == 1 {
        for (out, &b) in out.iter_mut().zip(plane) {
            *out = join(*out, b);
        }
    } else {
        for (out, &b) in out.iter_mut().skip(c).step_by(step).zip(plane) {
            *out = join(*out, b);
        }
    }
}

/// The segments that the header lists.
fn segments(bytes: &[u8], expected: usize) -> Result<Vec<&[u8]>, String> {
    let word = |at: usize| {
        bytes
            .get(at..at + 4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
            .ok_or_else(|| "the RLE header is cut off".to_owned())
    };
    let n = word(0)?;
    if n != expected || n > 15 {
        return Err(format!("{n} RLE segments instead of {expected}"));
    }
    let mut starts = (1..=n)
        .map(|s| word(4 * s))
        .collect::<Result<Vec<_>, _>>()?;
    starts.push(bytes.len());
    starts
        .windows(2)
        .map(|w| {
            bytes
                .get(w[0]..w[1])
                .filter(|_| w[0] >= HEADER)
                .ok_or_else(|| "an RLE segment lies outside its frame".to_owned())
        })
        .collect()
}

/// Unpacks `n` bytes. A last run may reach beyond them: nothing else marks where padding begins.
fn unpack(segment: &[u8], n: usize, out: &mut Vec<u8>) -> Result<(), String> {
    out.clear();
    let mut at = 0;
    while out.len() < n {
        let cut = || format!("an RLE segment has {} bytes of {n}", out.len());
        let head = *segment.get(at).ok_or_else(cut)?;
        at += 1;
        match head {
            0..=127 => {
                let run = usize::from(head) + 1;
                let bytes = segment.get(at..at + run).ok_or_else(cut)?;
                out.extend_from_slice(bytes);
                at += run;
            }
            128 => {}
            129..=255 => {
                let byte = *segment.get(at).ok_or_else(cut)?;
                out.resize(out.len() + 257 - usize::from(head), byte);
                at += 1;
            }
        }
    }
    out.truncate(n);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_literals_are_unpacked() {
        let mut out = Vec::new();
        // The example that PackBits is documented with.
        let packed = [
            0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7,
            0xAA,
        ];
        unpack(&packed, 24, &mut out).expect("complete");
        assert_eq!(&out[..7], [0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA]);
        assert_eq!(out.len(), 24);
        assert!(unpack(&packed, 25, &mut out).is_err());
    }
}
