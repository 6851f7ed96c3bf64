//! Compressed frames: which compressions are decoded, and what their own headers say.

mod jpeg;
mod jpeg2000;
mod jpeg_lossless;
mod jpeg_ls;
mod rle;

use std::io::Read;

use dicom::encoding::TransferSyntaxIndex;
use dicom::transfer_syntax::TransferSyntaxRegistry;

use super::format::PixelFormat;

/// How frames are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// Not at all, one after the other.
    Native,
    /// Not at all, each in an item of its own (PS3.5 A.4.11).
    Encapsulated,
    /// Each deflated (PS3.5 A.4.13).
    DeflatedFrames,
    Rle,
    Jpeg,
    JpegLs,
    Jpeg2000,
}

impl Codec {
    /// The compression of a transfer syntax, or the name of one that is not decoded.
    pub(super) fn of(transfer_syntax: &str) -> Result<Self, String> {
        Ok(match transfer_syntax {
            "1.2.840.10008.1.2"
            | "1.2.840.10008.1.2.1"
            | "1.2.840.10008.1.2.1.99"
            | "1.2.840.10008.1.2.2" => Self::Native,
            "1.2.840.10008.1.2.1.98" => Self::Encapsulated,
            "1.2.840.10008.1.2.8.1" => Self::DeflatedFrames,
            "1.2.840.10008.1.2.5" => Self::Rle,
            "1.2.840.10008.1.2.4.50"
            | "1.2.840.10008.1.2.4.51"
            | "1.2.840.10008.1.2.4.57"
            | "1.2.840.10008.1.2.4.70" => Self::Jpeg,
            "1.2.840.10008.1.2.4.80" | "1.2.840.10008.1.2.4.81" => Self::JpegLs,
            "1.2.840.10008.1.2.4.90"
            | "1.2.840.10008.1.2.4.91"
            | "1.2.840.10008.1.2.4.92"
            | "1.2.840.10008.1.2.4.93"
            | "1.2.840.10008.1.2.4.201"
            | "1.2.840.10008.1.2.4.202"
            | "1.2.840.10008.1.2.4.203" => Self::Jpeg2000,
            other => {
                return Err(TransferSyntaxRegistry
                    .get(other)
                    .map_or_else(|| "unknown".to_owned(), |s| s.name().to_owned()));
            }
        })
    }
}

/// Samples as decoded, pixel by pixel, in native byte order.
#[derive(Debug)]
pub(super) enum Raw {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    /// Values with their sign, of a codestream that states it.
    I32(Vec<i32>),
}

/// What a compressed stream says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) components: usize,
    /// Bits per sample.
    pub(super) precision: u32,
    pub(super) signed: bool,
    /// Whether values are not the original ones; `None` when the stream cannot tell.
    pub(super) lossy: Option<bool>,
    /// Whether three components are luminance and colour differences; `None` when it is for the
    /// attributes to say.
    pub(super) ybr: Option<bool>,
}

/// One decoded frame.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) stream: Stream,
    pub(super) raw: Raw,
}

/// Reads what the first bytes of a frame tell; `None` when the compression has no header, or the
/// bytes end before it does.
///
/// # Errors
/// When the stream is of a kind that is not decoded, or not what was declared.
pub(super) fn probe(codec: Codec, bytes: &[u8]) -> Result<Option<Stream>, String> {
    match codec {
        Codec::Native | Codec::Encapsulated | Codec::DeflatedFrames | Codec::Rle => Ok(None),
        Codec::Jpeg => jpeg::probe(bytes),
        Codec::JpegLs => jpeg_ls::probe(bytes),
        Codec::Jpeg2000 => jpeg2000::probe(bytes),
    }
}

/// Decodes one frame of `format`.
///
/// # Errors
/// When the stream is damaged, ends early, is of a kind that is not decoded, or contradicts the
/// attributes.
pub(super) fn decode(codec: Codec, bytes: &[u8], format: &PixelFormat) -> Result<Picture, String> {
    if let Some(stream) = probe(codec, bytes)? {
        agrees(&stream, format)?;
    }
    let picture = match codec {
        Codec::Native | Codec::Encapsulated => native(bytes.to_vec(), format)?,
        Codec::DeflatedFrames => {
            let size = format.frame_bytes() as u64;
            let mut inflated = Vec::new();
            flate2::read::DeflateDecoder::new(bytes)
                .take(size + 1)
                .read_to_end(&mut inflated)
                .map_err(|e| e.to_string())?;
            native(inflated, format)?
        }
        Codec::Rle => rle::decode(bytes, format)?,
        Codec::Jpeg => jpeg::decode(bytes)?,
        Codec::JpegLs => jpeg_ls::decode(bytes)?,
        Codec::Jpeg2000 => jpeg2000::decode(bytes)?,
    };
    agrees(&picture.stream, format)?;
    let expected = format.rows * format.columns * format.components();
    let n = match &picture.raw {
        Raw::U8(v) => v.len(),
        Raw::U16(v) => v.len(),
        Raw::U32(v) => v.len(),
        Raw::I32(v) => v.len(),
    };
    if n != expected {
        return Err(format!("{n} samples were decoded, {expected} are due"));
    }
    Ok(picture)
}

/// Whether stream and attributes speak of the same picture.
pub(super) fn agrees(stream: &Stream, format: &PixelFormat) -> Result<(), String> {
    if (stream.columns, stream.rows) != (format.columns, format.rows) {
        return Err(format!(
            "the compressed picture has {} × {} pixels, the attributes (0028,0011/0010) say {} × {}",
            stream.columns, stream.rows, format.columns, format.rows
        ));
    }
    if stream.components != format.components() {
        return Err(format!(
            "the compressed picture has {} components, SamplesPerPixel (0028,0002) says {}",
            stream.components,
            format.components()
        ));
    }
    if i64::from(stream.precision) > format.bits_allocated.max(8) {
        return Err(format!(
            "compressed samples have {} bits, BitsAllocated (0028,0100) says {}",
            stream.precision, format.bits_allocated
        ));
    }
    Ok(())
}

/// Uncompressed little endian samples, pixel by pixel or plane by plane.
fn native(bytes: Vec<u8>, format: &PixelFormat) -> Result<Picture, String> {
    let size = format.frame_bytes();
    if bytes.len() < size {
        return Err(format!("a frame has {} bytes of {size}", bytes.len()));
    }
    let raw = match format.bits_allocated {
        8 => Raw::U8(bytes[..size].to_vec()),
        16 => Raw::U16(
            bytes[..size]
                .chunks_exact(2)
                .map(|b| u16::from_le_bytes([b[0], b[1]]))
                .collect(),
        ),
        32 => Raw::U32(
            bytes[..size]
                .chunks_exact(4)
                .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
        ),
        1 => Raw::U8(unpack_bits(
            &bytes,
            0,
            format.rows * format.columns * format.components(),
        )),
        n => return Err(format!("samples of {n} bits")),
    };
    Ok(Picture {
        stream: format.as_stream(),
        raw,
    })
}

/// `n` single bits from bit `first` on, the lowest bit of a byte first (PS3.5 8.1.1).
pub(super) fn unpack_bits(bytes: &[u8], first: usize, n: usize) -> Vec<u8> {
    (first..first + n)
        .map(|bit| bytes.get(bit / 8).map_or(0, |b| b >> (bit % 8) & 1))
        .collect()
}

/// Components that lie one after the other, joined pixel by pixel.
fn interleave<T: Copy>(planes: &[T], components: usize) -> Vec<T> {
    let n = planes.len() / components.max(1);
    (0..n)
        .flat_map(|p| (0..components).map(move |c| planes[c * n + p]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNTAXES: [Codec; 5] = [
        Codec::Rle,
        Codec::Jpeg,
        Codec::JpegLs,
        Codec::Jpeg2000,
        Codec::DeflatedFrames,
    ];

    proptest::proptest! {
        #[test]
        fn any_bytes_are_answered(mut bytes: Vec<u8>, codec in 0usize..5, magic in 0usize..4) {
            let start: &[u8] = [
                &b""[..],
                b"\xFF\xD8\xFF\xC3\x00\x0B\x08\x00\x04\x00\x04\x01\x00\x11\x00",
                b"\xFF\xD8\xFF\xF7\x00\x0B\x08\x00\x04\x00\x04\x01\x00\x11\x00",
                b"\xFF\x4F\xFF\x51\x00\x29",
            ][magic];
            bytes.splice(0..0, start.iter().copied());
            let format = PixelFormat {
                rows: 4,
                columns: 4,
                samples_per_pixel: 1,
                photometric: "MONOCHROME2".to_owned(),
                bits_allocated: 8,
                bits_stored: 8,
                high_bit: 7,
                signed: false,
                planar: false,
            };
            let answer = decode(SYNTAXES[codec], &bytes, &format);
            proptest::prop_assert!(answer.is_ok() || answer.is_err_and(|e| !e.is_empty()));
        }
    }

    #[test]
    fn bits_are_counted_from_the_lowest() {
        assert_eq!(
            unpack_bits(&[0b0000_0101, 0b1], 0, 9),
            [1, 0, 1, 0, 0, 0, 0, 0, 1]
        );
        assert_eq!(unpack_bits(&[0b0000_0101, 0b1], 2, 2), [1, 0]);
    }

    #[test]
    fn planes_are_joined() {
        assert_eq!(interleave(&[1, 2, 3, 4, 5, 6], 3), [1, 3, 5, 2, 4, 6]);
    }
}
