//! Recognising NIfTI files and reading what their header says about the voxels.

use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use nifti::{Endianness, NiftiHeader, NiftiType};

use super::damaged;
use crate::open::Refusal;
use crate::open::bytes::{Bytes, is_file};
use crate::volume::Rescale;

const HEADER_SIZE: usize = 348;

/// What the first bytes say.
pub(in crate::open) enum Sniffed {
    Nifti,
    /// The voxels of a header that lies beside them.
    DataOfPair,
    Refused(Refusal),
    No,
}

/// Whether bytes begin a gzip stream.
pub(super) fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1F, 0x8B])
}

/// A reader of the file's contents, unzipped where needed (gzip may have several members).
pub(super) fn open(path: &Path) -> std::io::Result<(Box<dyn Read>, bool)> {
    let mut head = Vec::new();
    Bytes::open(path)?.take(2).read_to_end(&mut head)?;
    let file = BufReader::new(Bytes::open(path)?);
    Ok(if is_gzip(&head) {
        (Box::new(MultiGzDecoder::new(file)), true)
    } else {
        (Box::new(file), false)
    })
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|n| n.to_string_lossy().to_lowercase())
        .unwrap_or_default()
}

/// The file that has the same name with another ending.
fn partner(path: &Path, from: &str, to: &str) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let stem = name
        .strip_suffix(".gz")
        .unwrap_or(&name)
        .strip_suffix(from)?
        .to_owned();
    ["", ".gz"]
        .iter()
        .map(|gz| path.with_file_name(format!("{stem}{to}{gz}")))
        .find(|p| is_file(p))
}

pub(in crate::open) fn sniff(path: &Path, head: &[u8]) -> Sniffed {
    let mut bytes = head.to_vec();
    if is_gzip(head) {
        bytes.clear();
        let read = open(path).and_then(|(r, _)| r.take(352).read_to_end(&mut bytes));
        if let (Err(e), true) = (read, name_of(path).ends_with(".nii.gz")) {
            return Sniffed::Refused(damaged(path, format!("gzip stream: {e}")));
        }
    }
    let size = bytes.get(..4).map(|b| [b[0], b[1], b[2], b[3]]);
    let size_is =
        |n: i32| size.is_some_and(|b| i32::from_le_bytes(b) == n || i32::from_be_bytes(b) == n);
    let name = name_of(path);
    if size_is(348) && bytes.len() >= HEADER_SIZE {
        return match &bytes[344..348] {
            b"n+1\0" | b"ni1\0" => Sniffed::Nifti,
            _ => Sniffed::Refused(Refusal::new(
                "E-ANALYZE",
                "an Analyze 7.5 header, or a NIfTI-1 header with a wrong magic code",
                path.display().to_string(),
                "convert it to NIfTI-1: its orientation is not stated",
            )),
        };
    }
    if size_is(540) {
        return Sniffed::Refused(Refusal::new(
            "E-NIFTI2",
            "NIfTI-2 is not read",
            path.display().to_string(),
            "convert it to NIfTI-1",
        ));
    }
    if partner(path, ".img", ".hdr").is_some() {
        return Sniffed::DataOfPair;
    }
    if name.ends_with(".nii") || name.ends_with(".nii.gz") {
        return Sniffed::Refused(damaged(path, "named NIfTI, but it does not begin as one"));
    }
    Sniffed::No
}

/// Reads a header; returns it with the file that holds the voxels.
pub(super) fn read(path: &Path) -> Result<(NiftiHeader, PathBuf), Refusal> {
    let mut bytes = Vec::new();
    open(path)
        .and_then(|(r, _)| r.take(HEADER_SIZE as u64).read_to_end(&mut bytes))
        .map_err(|e| damaged(path, e.to_string()))?;
    let header = parse(&bytes).map_err(|e| damaged(path, e))?;
    if &header.magic == nifti::header::MAGIC_CODE_NI1 {
        let data = partner(path, ".hdr", ".img")
            .ok_or_else(|| damaged(path, "a header whose .img file is missing"))?;
        return Ok((header, data));
    }
    Ok((header, path.to_owned()))
}

/// Parses the 348 bytes of a header.
pub(super) fn parse(bytes: &[u8]) -> Result<NiftiHeader, String> {
    catch_unwind(AssertUnwindSafe(|| NiftiHeader::from_reader(bytes)))
        .map_err(|_| "malformed header".to_owned())?
        .map_err(|e| e.to_string())
}

/// How voxels lie in the data file.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Voxels along (i, j, k).
    pub(super) shape: [usize; 3],
    pub(super) n_frames: usize,
    pub(super) data_type: NiftiType,
    pub(super) big_endian: bool,
    pub(super) offset: u64,
    pub(super) rescale: Rescale,
    /// Bytes of one volume.
    pub(super) frame_bytes: u64,
}

/// Shape, type and place of voxels, with checked arithmetic.
pub(super) fn layout(path: &Path, header: &NiftiHeader) -> Result<Layout, Refusal> {
    let refuse = |message: String| damaged(path, message);
    let rank = usize::from(header.dim[0]);
    if !(1..=7).contains(&rank) {
        return Err(refuse(format!("dim[0] is {rank}")));
    }
    let dim = |a: usize| match header.dim[a] {
        _ if a > rank => Ok(1),
        // Stored as a signed number.
        n @ 1..=32767 => Ok(usize::from(n)),
        n => Err(refuse(format!("dim[{a}] is {}", n as i16))),
    };
    let shape = [dim(1)?, dim(2)?, dim(3)?];
    let impossible = || refuse(format!("dimensions {:?} are impossible", header.dim));
    let mut n_frames = 1usize;
    for axis in 4..=7 {
        n_frames = n_frames.checked_mul(dim(axis)?).ok_or_else(impossible)?;
    }
    let data_type = header
        .data_type()
        .map_err(|_| refuse(format!("datatype {} does not exist", header.datatype)))?;
    let bytes: u64 = match data_type {
        NiftiType::Uint8 | NiftiType::Int8 => 1,
        NiftiType::Int16 | NiftiType::Uint16 => 2,
        NiftiType::Int32 | NiftiType::Uint32 | NiftiType::Float32 => 4,
        NiftiType::Int64 | NiftiType::Uint64 | NiftiType::Float64 => 8,
        other => {
            return Err(Refusal::new(
                "E-DTYPE",
                format!("voxels of type {other:?} are not measured"),
                path.display().to_string(),
                "convert it to a grey-value image of whole or real numbers",
            ));
        }
    };
    let frame_bytes = shape
        .iter()
        .try_fold(bytes, |n, &d| n.checked_mul(d as u64))
        .filter(|n| n.checked_mul(n_frames as u64).is_some())
        .ok_or_else(impossible)?;
    let single = &header.magic == nifti::header::MAGIC_CODE_NIP1;
    let stated = f64::from(header.vox_offset);
    let offset = if single && stated < 352.0 {
        352.0
    } else {
        stated
    };
    if !(0.0..1e12).contains(&offset) || offset.fract() != 0.0 {
        return Err(refuse(format!("vox_offset is {stated}")));
    }
    Ok(Layout {
        shape,
        n_frames,
        data_type,
        big_endian: header.endianness == Endianness::Big,
        offset: offset as u64,
        rescale: rescale(header).map_err(refuse)?,
        frame_bytes,
    })
}

/// `scl_slope` 0 or not finite means "no scaling".
fn rescale(header: &NiftiHeader) -> Result<Rescale, String> {
    let (slope, intercept) = (f64::from(header.scl_slope), f64::from(header.scl_inter));
    if slope == 0.0 || !slope.is_finite() {
        return Ok(Rescale::IDENTITY);
    }
    if !intercept.is_finite() {
        return Err(format!("scl_inter is {intercept} with scl_slope {slope}"));
    }
    Ok(Rescale { slope, intercept })
}
