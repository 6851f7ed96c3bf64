//! How a file stores its pixels, and which of these ways are read.

use std::path::Path;

use super::codec::Stream;
use super::colour;
use super::instance::Instance;
use super::read;
use crate::open::Refusal;
use crate::warning::{Warning, WarningCode};

/// Transfer syntaxes that are lossy, or may be.
pub(super) const LOSSY_SYNTAXES: [&str; 8] = [
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.93",
    "1.2.840.10008.1.2.4.111",
    "1.2.840.10008.1.2.4.112",
    "1.2.840.10008.1.2.4.203",
];

/// Pixel format (PS3.3 C.7.6.3).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PixelFormat {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) samples_per_pixel: i64,
    pub(super) photometric: String,
    pub(super) bits_allocated: i64,
    pub(super) bits_stored: i64,
    /// The highest of the stored bits.
    pub(super) high_bit: i64,
    pub(super) signed: bool,
    /// Components lie one after the other, not pixel by pixel.
    pub(super) planar: bool,
}

impl PixelFormat {
    /// Samples per pixel.
    pub(super) fn components(&self) -> usize {
        usize::try_from(self.samples_per_pixel).unwrap_or(0).max(1)
    }

    /// Size of an uncompressed frame, bits; colour differences may be halved (PS3.3 C.7.6.3.1.2).
    pub(super) fn frame_bits(&self) -> usize {
        let halved = self.photometric == "YBR_FULL_422" && self.components() == 3;
        let components = if halved { 2 } else { self.components() };
        let bits = usize::try_from(self.bits_allocated).unwrap_or(0);
        [self.columns, components, bits]
            .iter()
            .fold(self.rows, |n, &m| n.saturating_mul(m))
    }

    /// Size of an uncompressed frame whose components are all there, bytes.
    pub(super) fn frame_bytes(&self) -> usize {
        let bits = usize::try_from(self.bits_allocated).unwrap_or(0);
        (self.rows * self.columns * self.components() * bits).div_ceil(8)
    }

    /// What a stream without header of its own holds.
    pub(super) fn as_stream(&self) -> Stream {
        Stream {
            columns: self.columns,
            rows: self.rows,
            components: self.components(),
            precision: u32::try_from(self.bits_allocated).unwrap_or(0),
            signed: self.signed,
            lossy: Some(false),
            ybr: None,
        }
    }

    /// The value of a stored cell: masked to the stored bits, sign extended.
    pub(super) fn value(&self, raw: u64) -> i64 {
        let stored = u32::try_from(self.bits_stored).unwrap_or(64).clamp(1, 64);
        let high = u32::try_from(self.high_bit).unwrap_or(63).min(63);
        let left = raw << (63 - high);
        if self.signed {
            left as i64 >> (64 - stored)
        } else {
            (left >> (64 - stored)) as i64
        }
    }

    /// The value of a coded sample of `precision` bits; `None` when the coded and the stored bits
    /// give different ones.
    pub(super) fn coded(&self, raw: u64, precision: u32) -> Option<i64> {
        let by = |bits: u32| {
            let spare = 64 - bits.clamp(1, 64);
            if self.signed {
                (raw << spare) as i64 >> spare
            } else {
                (raw << spare >> spare) as i64
            }
        };
        let stored = u32::try_from(self.bits_stored).ok()?;
        let value = by(stored);
        (value == by(precision)).then_some(value)
    }
}

/// More frames than any scanner puts into a file; a damaged or hostile number says more.
const MOST_FRAMES: i64 = 1 << 20;

/// Refuses sizes that the file cannot hold, before anything is allocated for them.
pub(super) fn check_size(
    path: &Path,
    format: &PixelFormat,
    n_frames: i64,
    transfer_syntax: &str,
    file_length: u64,
) -> Result<(), Refusal> {
    let refuse = |message: String| read::damaged(path, message);
    if format.rows == 0 || format.columns == 0 || n_frames < 1 {
        return Err(refuse(format!(
            "an image of {} rows, {} columns and {n_frames} frames (0028,0008/0010/0011)",
            format.rows, format.columns
        )));
    }
    if n_frames > MOST_FRAMES {
        return Err(refuse(format!(
            "{n_frames} frames in one file (0028,0008); at most {MOST_FRAMES} are read"
        )));
    }
    let bits = u64::try_from(format.bits_allocated).unwrap_or(0).max(1);
    let size = [
        format.rows as u64,
        format.columns as u64,
        u64::try_from(format.samples_per_pixel).unwrap_or(0).max(1),
        n_frames.unsigned_abs(),
        bits,
    ]
    .iter()
    .try_fold(1u64, |n, &d| n.checked_mul(d))
    .map(|n| n / 8);
    let native = matches!(
        transfer_syntax,
        "1.2.840.10008.1.2" | "1.2.840.10008.1.2.1" | "1.2.840.10008.1.2.2"
    );
    // No compression in use reaches this ratio on an image; a damaged header does.
    let most = if native {
        file_length
    } else {
        file_length.saturating_mul(100_000)
    };
    // Subsampled colour (YBR_FULL_422) is smaller than it says.
    let least = if format.samples_per_pixel > 1 { 2 } else { 1 };
    match size {
        Some(size) if size / least <= most => Ok(()),
        _ => Err(refuse(format!(
            "{} × {} pixels in {n_frames} frames do not fit into a file of {file_length} bytes",
            format.columns, format.rows
        ))),
    }
}

/// Why pixels of this file can be listed but not measured; the message speaks of the whole group.
pub(super) fn unmeasurable(instance: &Instance) -> Option<Refusal> {
    let path = [&*instance.path];
    let format = &instance.format;
    if colour::is_colour(format) {
        return Some(refusal(
            "E-COLOUR",
            format!("colour images ({}) are not measured", format.photometric),
            &path,
            "choose a grey-value series",
        ));
    }
    if let Some(refused) = &instance.refused {
        return Some(refused.clone());
    }
    if let Some(refused) = bits(format) {
        return Some(refusal(
            "E-BITS",
            refused,
            &path,
            "export the series with 8 or 16 bits",
        ));
    }
    instance.undecodable.clone()
}

/// Why samples of these bits are not read.
pub(super) fn bits(format: &PixelFormat) -> Option<String> {
    let PixelFormat {
        bits_allocated,
        bits_stored,
        high_bit,
        ..
    } = format;
    let readable = matches!(bits_allocated, 1 | 8 | 16 | 32 | 64)
        && (1..=*bits_allocated).contains(bits_stored)
        && *high_bit < *bits_allocated
        && high_bit + 1 >= *bits_stored;
    (!readable).then(|| {
        format!(
            "pixels of {bits_stored} bits up to bit {high_bit} in {bits_allocated} \
             (0028,0101/0102/0100) are not read"
        )
    })
}

/// Says that pixels are, or may be, not the original ones, and how strongly they were compressed.
pub(super) fn lossy(members: &[&Instance]) -> Option<Warning> {
    if !members.iter().any(|m| m.lossy) {
        return None;
    }
    let ratio = members
        .iter()
        .filter_map(|m| m.lossy_ratio)
        .fold(f64::NAN, f64::max);
    let stated = if ratio.is_finite() {
        format!(", at most {ratio:.1} : 1 as stated (0028,2112)")
    } else {
        String::new()
    };
    Some(Warning::new(
        WarningCode::Lossy,
        format!("pixels went through compression that is, or may be, lossy{stated}"),
    ))
}

/// A refusal that concerns one or several files.
pub(super) fn refusal(
    code: &str,
    message: impl Into<String>,
    paths: &[&Path],
    hint: &str,
) -> Refusal {
    let place = match paths {
        [one] => one.display().to_string(),
        [first, ..] => format!("{} and {} more", first.display(), paths.len() - 1),
        [] => String::new(),
    };
    Refusal::new(code, message, place, hint)
}
