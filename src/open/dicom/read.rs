//! Reading DICOM files as objects, whatever their preamble, and plain values out of them.

use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use dicom::dictionary_std::{tags, uids};
use dicom::object::meta::{FileMetaTable, FileMetaTableBuilder};
use dicom::object::{DefaultDicomObject, InMemDicomObject, OpenFileOptions};
use dicom::transfer_syntax::TransferSyntax;
use dicom::transfer_syntax::entries::{
    EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN,
};

use super::bounds::{self, Encoding, Survey};
use super::charset;
use super::store::{Prefix, Store};
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

/// The header of a file and where its pixels are.
pub(super) struct Header {
    pub(super) set: DefaultDicomObject,
    /// What the pixels are read from: the file, or what it inflates to.
    pub(super) store: Store,
    pub(super) survey: Survey,
    pub(super) encoding: Encoding,
    /// Where a deflated data set begins.
    pub(super) deflated_at: Option<u64>,
    /// BLAKE3 over everything before the pixels.
    pub(super) hash: [u8; 32],
    /// How the data set is written, where this differs from what the file declares.
    pub(super) contradiction: Option<&'static str>,
    /// Whether all text could be decoded as declared.
    pub(super) text_exact: bool,
}

impl Header {
    /// The transfer syntax in effect: the declared one, unless the data set is written otherwise.
    pub(super) fn transfer_syntax(&self) -> &str {
        let declared = self
            .set
            .meta()
            .transfer_syntax
            .trim_end_matches(['\0', ' ']);
        let native = matches!(
            declared,
            "" | uids::IMPLICIT_VR_LITTLE_ENDIAN
                | uids::EXPLICIT_VR_LITTLE_ENDIAN
                | "1.2.840.10008.1.2.2"
        );
        match (native, self.encoding) {
            (false, _) => declared,
            (true, encoding) => match (encoding.explicit, encoding.big_endian) {
                (false, _) => uids::IMPLICIT_VR_LITTLE_ENDIAN,
                (true, false) => uids::EXPLICIT_VR_LITTLE_ENDIAN,
                (true, true) => "1.2.840.10008.1.2.2",
            },
        }
    }
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
    let header = header(path)?;
    if extent == Extent::Header {
        return Ok(header.set);
    }
    let length = header.store.len();
    let bytes = header
        .store
        .read(0, length)
        .map_err(|e| damaged(path, e.to_string()))?;
    let options = OpenFileOptions::new().read_to(tags::PIXEL_DATA);
    guard(path, || {
        options
            .from_reader(&*bytes)
            .map_err(|e| damaged(path, causes(&e)))
    })
}

/// Reads everything before the pixels, once, and finds the pixels.
pub(super) fn header(path: &Path) -> Result<Header, Refusal> {
    let io = |e: std::io::Error| damaged(path, e.to_string());
    let mut store = Store::File(Bytes::open(path).map_err(io)?);
    let mut prefix = Prefix::new(&store);
    let head = prefix.first(132).map_err(io)?;
    let meta_at = if has_preamble(head) {
        Some(132)
    } else if head.starts_with(b"DICM") {
        Some(4)
    } else if matches!(head.get(..4), Some([0x02, 0, _, 0])) {
        Some(0)
    } else {
        None
    };
    let (mut start, mut transfer_syntax, mut meta) = (0, String::new(), None);
    if let Some(at) = meta_at {
        prefix.seek(SeekFrom::Start(at)).map_err(io)?;
        transfer_syntax = check_meta(&mut prefix, store.len()).map_err(|e| damaged(path, e))?;
        start = prefix.stream_position().map_err(io)?;
        let group = with_length(&prefix.first(start).map_err(io)?[at as usize..]);
        meta = Some(guard(path, || {
            FileMetaTable::from_reader(&*group).map_err(|e| damaged(path, causes(&e)))
        })?);
    } else if store.len() > MAX_BARE_LENGTH {
        return Err(damaged(
            path,
            "no file meta information, and too long to try without",
        ));
    }
    let mut deflated_at = None;
    if is_deflated(&transfer_syntax) {
        deflated_at = Some(start);
        store = match store {
            Store::File(file) => Store::inflated(file, start).map_err(io)?,
            memory @ Store::Memory(_) => memory,
        };
        prefix = Prefix::new(&store);
    }
    let first = prefix.first(start + 8).map_err(io)?;
    let (encoding, contradiction) = encoding_of(
        meta.as_ref().map(|_| &*transfer_syntax),
        &first[(start as usize).min(first.len())..],
    );
    prefix.seek(SeekFrom::Start(start)).map_err(io)?;
    let survey =
        bounds::survey(&mut prefix, store.len(), encoding).map_err(|e| damaged(path, e))?;
    let bytes = prefix.first(survey.header_end).map_err(io)?;
    let hash = *blake3::hash(bytes).as_bytes();
    let elements = &bytes[(start as usize).min(bytes.len())..];
    let syntax = syntax_of(encoding);
    let mut set = guard(path, || {
        InMemDicomObject::read_dataset_with_ts(&*charset::hidden(elements), &syntax)
            .map_err(|e| damaged(path, causes(&e)))
    })?;
    let text_exact = charset::restore(&mut set);
    let set = match meta {
        Some(meta) => set.with_exact_meta(meta),
        None => {
            if set.get(tags::SOP_CLASS_UID).is_none() && set.get(tags::ROWS).is_none() {
                return Err(damaged(path, "no DICOM attributes found"));
            }
            set.with_meta(FileMetaTableBuilder::new().transfer_syntax(syntax.uid()))
                .map_err(|e| damaged(path, causes(&e)))?
        }
    };
    Ok(Header {
        set,
        store,
        survey,
        encoding,
        deflated_at,
        hash,
        contradiction,
        text_exact,
    })
}

/// A file meta group behind its magic word, with the group length (0002,0000) that readers count on
/// and some writers leave out.
fn with_length(group: &[u8]) -> Vec<u8> {
    let mut whole = b"DICM".to_vec();
    if !group.starts_with(&[2, 0, 0, 0]) {
        whole.extend_from_slice(b"\x02\0\0\0UL\x04\0");
        whole.extend_from_slice(&(group.len() as u32).to_le_bytes());
    }
    whole.extend_from_slice(group);
    whole
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
        let (value_at, value_length) = if bounds::has_long_length([head[4], head[5]]) {
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

/// Whether everything behind the file meta group is deflated.
fn is_deflated(transfer_syntax: &str) -> bool {
    matches!(
        transfer_syntax,
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
            | uids::JPIP_REFERENCED_DEFLATE
            | uids::JPIPHTJ2K_REFERENCED_DEFLATE
    )
}

/// How the data set is written: as declared, unless its first element shows that it is not. Also
/// says what was found where that contradicts the declaration. `None` for files that declare
/// nothing.
fn encoding_of(declared: Option<&str>, first: &[u8]) -> (Encoding, Option<&'static str>) {
    let by_name = |uid: &str| Encoding {
        explicit: uid != uids::IMPLICIT_VR_LITTLE_ENDIAN,
        big_endian: uid == "1.2.840.10008.1.2.2",
    };
    let Some(&[g0, g1, _, _, v0, v1, _, _]) = first.get(..8) else {
        let declared = declared.unwrap_or(uids::EXPLICIT_VR_LITTLE_ENDIAN);
        return (by_name(declared), None);
    };
    let explicit = v0.is_ascii_uppercase() && v1.is_ascii_uppercase();
    // Group numbers that begin a data set are small, so their bytes tell the order.
    let big_endian = g0 == 0 && g1 != 0;
    let seen = Encoding {
        explicit,
        big_endian: big_endian && explicit,
    };
    let Some(declared) = declared.map(by_name) else {
        return (seen, None);
    };
    if seen == declared || (g0 == 0 && g1 == 0) {
        return (declared, None);
    }
    let found = match (seen.explicit, seen.big_endian) {
        (false, _) => "implicit VR little endian",
        (true, false) => "explicit VR little endian",
        (true, true) => "explicit VR big endian",
    };
    (seen, Some(found))
}

fn syntax_of(encoding: Encoding) -> TransferSyntax {
    match (encoding.explicit, encoding.big_endian) {
        (false, _) => IMPLICIT_VR_LITTLE_ENDIAN.erased(),
        (true, false) => EXPLICIT_VR_LITTLE_ENDIAN.erased(),
        (true, true) => EXPLICIT_VR_BIG_ENDIAN.erased(),
    }
}
