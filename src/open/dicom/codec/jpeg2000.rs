//! JPEG 2000 (ITU-T T.800) and its high-throughput form (T.814), by OpenJPEG's Rust port.

use jpeg2k::{DecodeParameters, Image};

use super::{Picture, Raw, Stream};

const CODESTREAM: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
const JP2_SIGNATURE: [u8; 8] = [0, 0, 0, 12, b'j', b'P', b' ', b' '];
/// A file format header is not longer than this, bytes.
const MAX_BOXES: usize = 1 << 16;

/// The codestream, from its first marker on.
fn codestream(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.starts_with(&CODESTREAM) {
        return Some(bytes);
    }
    let at = bytes
        .get(..bytes.len().min(MAX_BOXES))?
        .windows(4)
        .position(|w| w == CODESTREAM)?;
    bytes.get(at..)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let b = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

/// Reads SIZ (T.800 A.5.1) and the wavelet of COD (A.6.1).
pub(super) fn probe(bytes: &[u8]) -> Result<Option<Stream>, String> {
    if !bytes.starts_with(&CODESTREAM) && !bytes.starts_with(&JP2_SIGNATURE) {
        return Err("the compressed picture is not JPEG 2000".to_owned());
    }
    let Some(bytes) = codestream(bytes) else {
        return Ok(None);
    };
    Ok(size(bytes).map(|stream| Stream {
        lossy: lossy(bytes),
        ..stream
    }))
}

fn size(bytes: &[u8]) -> Option<Stream> {
    let [x1, y1, x0, y0] = [8, 12, 16, 20].map(|at| word(bytes, at));
    let components = usize::from(u16::from_be_bytes([*bytes.get(40)?, *bytes.get(41)?]));
    let depth = *bytes.get(42)?;
    Some(Stream {
        columns: x1?.checked_sub(x0?)? as usize,
        rows: y1?.checked_sub(y0?)? as usize,
        components,
        precision: u32::from(depth & 0x7F) + 1,
        signed: depth & 0x80 != 0,
        lossy: None,
        // Component transforms are undone by the decoder.
        ybr: None,
    })
}

/// Lossy for certain when the wavelet is irreversible; a reversible one may still be cut short.
fn lossy(bytes: &[u8]) -> Option<bool> {
    let mut at = 2;
    loop {
        let marker = [*bytes.get(at)?, *bytes.get(at + 1)?];
        let length = usize::from(u16::from_be_bytes([
            *bytes.get(at + 2)?,
            *bytes.get(at + 3)?,
        ]));
        match marker {
            [0xFF, 0x52] => return (*bytes.get(at + 13)? == 0).then_some(true),
            [0xFF, 0x90 | 0x93] => return None,
            [0xFF, _] => at += 2 + length,
            _ => return None,
        }
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Picture, String> {
    let stream = probe(bytes)?.ok_or("the JPEG 2000 header is cut off")?;
    let image = Image::from_bytes_with(bytes, DecodeParameters::new().strict(true))
        .map_err(|e| format!("JPEG 2000: {e}"))?;
    let components = image.components();
    let n = stream.columns * stream.rows;
    if components.len() != stream.components
        || components.iter().any(|c| {
            c.data().len() != n
                || c.precision() != stream.precision
                || c.is_signed() != stream.signed
        })
    {
        return Err("JPEG 2000: components differ in size or depth".to_owned());
    }
    let planes: Vec<&[i32]> = components.iter().map(|c| c.data()).collect();
    let samples = match planes.as_slice() {
        [one] => one.to_vec(),
        several => (0..n)
            .flat_map(|p| several.iter().map(move |plane| plane[p]))
            .collect(),
    };
    Ok(Picture {
        stream,
        raw: Raw::I32(samples),
    })
}
