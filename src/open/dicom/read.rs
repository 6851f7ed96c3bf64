//! Reading DICOM files as objects, whatever their preamble, and plain values out of them.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use dicom::core::Tag;
use dicom::dictionary_std::{tags, uids};
use dicom::object::meta::FileMetaTableBuilder;
use dicom::object::{DefaultDicomObject, InMemDicomObject, OpenFileOptions};
use dicom::transfer_syntax::entries::{EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN};

use super::bounds::{self, Encoding};
use crate::open::Refusal;
use crate::open::bytes::Bytes;

/// The largest file without file meta information that is tried.
const MAX_BARE_LENGTH: u64 = 1 << 30;

/// How far to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Up to the pixels.
    Header,
    /// Up to and including the pixels.
    Whole,
}

/// A DICOM file as PS3.10 has it.
pub(in crate::open) fn has_preamble(head: &[u8]) -> bool {
    head.get(128..132) == Some(b"DICM")
}

/// Whether bytes may begin a data set or file meta group without preamble.
pub(in crate::open) fn may_lack_preamble(head: &[u8]) -> bool {
    head.len() >= 16
        && (head.starts_with(b"DICM")
            || matches!(head[..4], [0x02, 0, _, 0] | [0x08, 0, _, 0])
            || head[..4] == [0, 0x08, 0, 0x05])
}

/// Runs code of other authors on outside bytes; its panic becomes a refusal.
pub(super) fn guard<T>(
    path: &Path,
    work: impl FnOnce() -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(damaged(path, "the decoder gave up on malformed bytes")))
}

pub(super) fn damaged(path: &Path, message: impl Into<String>) -> Refusal {
    Refusal::new(
        "E-DICOM",
        message,
        path.display().to_string(),
        "the file is damaged or incomplete: copy or export it again",
    )
}

/// The chain of causes in one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

/// Opens a file. Lengths are checked against the file before anything is allocated.
pub(super) fn open(path: &Path, extent: Extent) -> Result<DefaultDicomObject, Refusal> {
    let io = |e: std::io::Error| damaged(path, e.to_string());
    let file = Bytes::open(path).map_err(io)?;
    let length = file.len();
    let mut input = BufReader::new(file);
    let mut head = Vec::new();
    input
        .by_ref()
        .take(132)
        .read_to_end(&mut head)
        .map_err(io)?;
    let start = if has_preamble(&head) {
        Some(128)
    } else if head.starts_with(b"DICM") {
        Some(0)
    } else {
        None
    };
    if start.is_none() && !matches!(head.get(..4), Some([0x02, 0, _, 0])) {
        return bare(path, &head, input, length);
    }
    let meta_at = start.map_or(0, |s| s + 4);
    input.seek(SeekFrom::Start(meta_at)).map_err(io)?;
    let transfer_syntax = check_meta(&mut input, length).map_err(|e| damaged(path, e))?;
    // A deflated data set cannot be walked without inflating it; the parser's own checks remain.
    if let Some(encoding) = encoding_of(&transfer_syntax) {
        bounds::check(&mut input, length, encoding).map_err(|e| damaged(path, e))?;
    }
    let options = match extent {
        Extent::Header => OpenFileOptions::new().read_until(Tag(0x7FE0, 0x0001)),
        Extent::Whole => OpenFileOptions::new().read_to(tags::PIXEL_DATA),
    };
    input.rewind().map_err(io)?;
    guard(path, || {
        options
            .from_reader(input)
            .map_err(|e| damaged(path, causes(&e)))
    })
}

/// Walks the file meta group (always explicit little endian) and returns its transfer syntax,
/// leaving the input at the start of the data set.
fn check_meta<R: Read + Seek>(input: &mut R, length: u64) -> Result<String, String> {
    let mut transfer_syntax = String::new();
    loop {
        let at = input.stream_position().map_err(|e| e.to_string())?;
        let mut head = [0u8; 12];
        let mut n = 0;
        while n < 12 {
            match input.read(&mut head[n..]).map_err(|e| e.to_string())? {
                0 => break,
                k => n += k,
            }
        }
        if n < 8 || head[..2] != [2, 0] {
            input.seek(SeekFrom::Start(at)).map_err(|e| e.to_string())?;
            return Ok(transfer_syntax);
        }
        let long = matches!(&head[4..6], b"OB" | b"OW" | b"UN" | b"SQ" | b"UT");
        let (value_at, value_length) = if long {
            let l = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
            (at + 12, u64::from(l))
        } else {
            (at + 8, u64::from(u16::from_le_bytes([head[6], head[7]])))
        };
        if value_at + value_length > length {
            return Err(format!(
                "file meta element (0002,{:02X}{:02X}) leaves the file",
                head[3], head[2]
            ));
        }
        input
            .seek(SeekFrom::Start(value_at))
            .map_err(|e| e.to_string())?;
        if head[2..4] == [0x10, 0] {
            let mut value = vec![0; value_length.min(64) as usize];
            input.read_exact(&mut value).map_err(|e| e.to_string())?;
            transfer_syntax = String::from_utf8_lossy(&value)
                .trim_end_matches(['\0', ' '])
                .to_owned();
        }
        input
            .seek(SeekFrom::Start(value_at + value_length))
            .map_err(|e| e.to_string())?;
    }
}

fn encoding_of(transfer_syntax: &str) -> Option<Encoding> {
    match transfer_syntax {
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN | "1.2.840.10008.1.2.4.95" => None,
        uids::IMPLICIT_VR_LITTLE_ENDIAN => Some(Encoding {
            explicit: false,
            big_endian: false,
        }),
        "1.2.840.10008.1.2.2" => Some(Encoding {
            explicit: true,
            big_endian: true,
        }),
        _ => Some(Encoding {
            explicit: true,
            big_endian: false,
        }),
    }
}

/// A data set without file meta information: explicit or implicit little endian by its look.
fn bare<R: Read + Seek>(
    path: &Path,
    head: &[u8],
    mut input: R,
    length: u64,
) -> Result<DefaultDicomObject, Refusal> {
    if length > MAX_BARE_LENGTH {
        return Err(damaged(
            path,
            "no file meta information, and too long to try without",
        ));
    }
    let explicit = head
        .get(4..6)
        .is_some_and(|vr| vr.iter().all(u8::is_ascii_uppercase));
    let (syntax, uid) = if explicit {
        (
            EXPLICIT_VR_LITTLE_ENDIAN.erased(),
            uids::EXPLICIT_VR_LITTLE_ENDIAN,
        )
    } else {
        (
            IMPLICIT_VR_LITTLE_ENDIAN.erased(),
            uids::IMPLICIT_VR_LITTLE_ENDIAN,
        )
    };
    let rewind = |input: &mut R| {
        input
            .seek(SeekFrom::Start(0))
            .map_err(|e| damaged(path, e.to_string()))
    };
    rewind(&mut input)?;
    let encoding = Encoding {
        explicit,
        big_endian: false,
    };
    bounds::check(&mut input, length, encoding).map_err(|e| damaged(path, e))?;
    // What lies behind the pixels was not checked, and is not needed.
    let end = input
        .stream_position()
        .map_err(|e| damaged(path, e.to_string()))?;
    rewind(&mut input)?;
    let input = input.take(end);
    guard(path, || {
        let set = InMemDicomObject::read_dataset_with_ts(input, &syntax)
            .map_err(|e| damaged(path, causes(&e)))?;
        if set.get(tags::SOP_CLASS_UID).is_none() && set.get(tags::ROWS).is_none() {
            return Err(damaged(path, "no DICOM attributes found"));
        }
        set.with_meta(FileMetaTableBuilder::new().transfer_syntax(uid))
            .map_err(|e| damaged(path, causes(&e)))
    })
}
