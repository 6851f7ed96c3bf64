//! JPEG (ITU-T T.81): which process a stream uses, and baseline pictures.

use jpeg_decoder::{ColorTransform, Decoder};

use super::{Picture, Raw, Stream, jpeg_lossless};

/// Marker segments from the start of the picture up to and including the start of the first scan:
/// marker codes and what follows their lengths. Stops where bytes end or are no marker.
pub(super) fn markers(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut at = 2;
    let mut done = false;
    std::iter::from_fn(move || {
        if done || *bytes.get(at)? != 0xFF {
            return None;
        }
        while *bytes.get(at + 1)? == 0xFF {
            at += 1;
        }
        let marker = *bytes.get(at + 1)?;
        let length = usize::from(u16::from_be_bytes([
            *bytes.get(at + 2)?,
            *bytes.get(at + 3)?,
        ]));
        let body = bytes.get(at + 4..(at + 2).checked_add(length)?)?;
        at += 2 + length;
        done = marker == 0xDA;
        Some((marker, body))
    })
}

/// The process of a stream, by its frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Process {
    /// Baseline, extended sequential or progressive.
    Cosine,
    Lossless,
}

fn header(bytes: &[u8]) -> Result<Option<(Stream, Process)>, String> {
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return Err("the compressed picture is not JPEG".to_owned());
    }
    let (mut adobe, mut jfif) = (None, false);
    for (marker, body) in markers(bytes) {
        match marker {
            0xEE if body.starts_with(b"Adobe") => adobe = body.get(11).copied(),
            0xE0 if body.starts_with(b"JFIF\0") => jfif = true,
            0xC0..=0xC3 => {
                let &[precision, h1, h0, w1, w0, components, ref specs @ ..] = body else {
                    return Ok(None);
                };
                let names: Vec<u8> = specs.chunks_exact(3).map(|c| c[0]).collect();
                let process = if marker == 0xC3 {
                    Process::Lossless
                } else {
                    Process::Cosine
                };
                let stream = Stream {
                    columns: usize::from(u16::from_be_bytes([w1, w0])),
                    rows: usize::from(u16::from_be_bytes([h1, h0])),
                    components: usize::from(components),
                    precision: u32::from(precision),
                    signed: false,
                    lossy: Some(process == Process::Cosine),
                    ybr: match adobe {
                        Some(0) => Some(false),
                        Some(1) => Some(true),
                        _ if names == *b"RGB" => Some(false),
                        _ if jfif => Some(true),
                        _ => None,
                    },
                };
                if process == Process::Cosine && precision != 8 {
                    return Err(format!(
                        "JPEG extended with {precision}-bit samples (process 4) is not decoded"
                    ));
                }
                return Ok(Some((stream, process)));
            }
            0xF7 => return Err("the compressed picture is JPEG-LS, not JPEG".to_owned()),
            0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return Err("hierarchical or arithmetically coded JPEG is not decoded".to_owned());
            }
            _ => {}
        }
    }
    Ok(None)
}

pub(super) fn probe(bytes: &[u8]) -> Result<Option<Stream>, String> {
    Ok(header(bytes)?.map(|(stream, _)| stream))
}

pub(super) fn decode(bytes: &[u8]) -> Result<Picture, String> {
    let (stream, process) = header(bytes)?.ok_or("the JPEG header is cut off")?;
    if process == Process::Lossless {
        let samples = jpeg_lossless::decode(bytes)?;
        return Ok(Picture {
            stream,
            raw: Raw::U16(samples),
        });
    }
    let mut decoder = Decoder::new(bytes);
    // Whether colours are coded as differences is decided with the attributes in sight: components
    // are asked for as they are.
    if stream.components == 3 {
        decoder.set_color_transform(ColorTransform::RGB);
    }
    decoder.set_max_decoding_buffer_size(stream.columns * stream.rows * stream.components * 2);
    let samples = decoder.decode().map_err(|e| format!("JPEG: {e}"))?;
    Ok(Picture {
        stream,
        raw: Raw::U8(samples),
    })
}
