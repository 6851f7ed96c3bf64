//! How a file stores its pixels, and which of these ways are read.

use std::path::Path;

use dicom::encoding::TransferSyntaxIndex;
use dicom::transfer_syntax::TransferSyntaxRegistry;

use super::instance::Instance;
use super::read;
use crate::open::Refusal;

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
    pub(super) signed: bool,
}

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
    if format.samples_per_pixel != 1 || !format.photometric.starts_with("MONOCHROME") {
        return Some(refusal(
            "E-COLOUR",
            format!("colour images ({}) are not measured", format.photometric),
            &path,
            "choose a grey-value series",
        ));
    }
    if instance.mosaic {
        return Some(refusal(
            "E-MOSAIC",
            "slices are tiled into one picture (Siemens mosaic)",
            &path,
            "export the series as single or enhanced DICOM, or as NIfTI",
        ));
    }
    if let Some(refused) = &instance.refused {
        return Some(refused.clone());
    }
    if !matches!(format.bits_allocated, 8 | 16)
        || format.bits_stored < 1
        || format.bits_stored > format.bits_allocated
    {
        return Some(refusal(
            "E-BITS",
            format!(
                "pixels of {} bits in {} (0028,0101/0100) are not read",
                format.bits_stored, format.bits_allocated
            ),
            &path,
            "export the series with 8 or 16 bits",
        ));
    }
    let syntax = TransferSyntaxRegistry.get(&instance.transfer_syntax);
    if syntax.is_none_or(|s| !s.can_decode_all()) {
        let name = syntax.map_or("unknown", |s| s.name());
        return Some(refusal(
            "E-CODEC",
            format!(
                "compression {name} ({}) is not decoded",
                instance.transfer_syntax
            ),
            &path,
            "export the series uncompressed, or as JPEG lossless, JPEG 2000 or RLE",
        ));
    }
    None
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
