//! JPEG-LS (ITU-T T.87), lossless and near-lossless, by CharLS.

use charls::CharLS;

use super::jpeg::markers;
use super::{Picture, Raw, Stream, interleave};

const START_OF_FRAME: u8 = 0xF7;

/// The stream's own header, and whether its components lie in scans of their own.
fn header(bytes: &[u8]) -> Result<Option<(Stream, bool)>, String> {
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return Err("the compressed picture is not JPEG-LS".to_owned());
    }
    let mut stream = None;
    for (marker, body) in markers(bytes) {
        match (marker, body) {
            (START_OF_FRAME, &[precision, h1, h0, w1, w0, components, ..]) => {
                stream = Some(Stream {
                    columns: usize::from(u16::from_be_bytes([w1, w0])),
                    rows: usize::from(u16::from_be_bytes([h1, h0])),
                    components: usize::from(components),
                    precision: u32::from(precision),
                    signed: false,
                    lossy: None,
                    ybr: None,
                });
            }
            (0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF, _) => {
                return Err("the compressed picture is JPEG, not JPEG-LS".to_owned());
            }
            (0xDA, [n, rest @ ..]) => {
                let near = rest.get(usize::from(*n) * 2);
                let Some((mut stream, near)) = stream.zip(near) else {
                    return Ok(None);
                };
                stream.lossy = Some(*near > 0);
                let planar = stream.components > 1 && *n == 1;
                return Ok(Some((stream, planar)));
            }
            _ => {}
        }
    }
    Ok(None)
}

pub(super) fn probe(bytes: &[u8]) -> Result<Option<Stream>, String> {
    Ok(header(bytes)?.map(|(stream, _)| stream))
}

/// Some encoders leave a byte of zeros between the last code and the end of the picture, which
/// CharLS does not forgive.
fn without_spare_byte(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = bytes.windows(2).rposition(|w| w == [0xFF, 0xD9])?;
    let spare = end.checked_sub(1).filter(|&at| bytes[at] == 0)?;
    Some([&bytes[..spare], &bytes[end..]].concat())
}

pub(super) fn decode(bytes: &[u8]) -> Result<Picture, String> {
    let (stream, planar) = header(bytes)?.ok_or("the JPEG-LS header is cut off")?;
    let samples = CharLS::default()
        .decode(bytes)
        .or_else(|e| {
            let shorter = without_spare_byte(bytes).ok_or(e)?;
            CharLS::default().decode(&shorter)
        })
        .map_err(|e| format!("JPEG-LS: {e}"))?;
    let raw = if stream.precision <= 8 {
        Raw::U8(if planar {
            interleave(&samples, stream.components)
        } else {
            samples
        })
    } else {
        let words: Vec<u16> = samples
            .chunks_exact(2)
            .map(|b| u16::from_ne_bytes([b[0], b[1]]))
            .collect();
        Raw::U16(if planar {
            interleave(&words, stream.components)
        } else {
            words
        })
    };
    Ok(Picture { stream, raw })
}
