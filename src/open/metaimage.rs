//! MetaImage (`.mha`, `.mhd`), in patient coordinates as ITK has it: LPS, row `n` of
//! `TransformMatrix` is the direction of axis `n`, `Offset` the first voxel's centre.

mod header;
mod place;

use std::path::{Path, PathBuf};

use super::raw::{self, Encoding, Format, Part, RawImage, RawLayout, Role, Stored};
use super::{Error, Refusal};
use crate::volume::{Modality, Rescale};
use crate::warning::{Warning, WarningCode};
use header::Header;

pub(super) use header::begins;

fn refuse(path: &Path, message: impl Into<String>) -> Refusal {
    Format::MetaImage.damaged(path, message)
}

/// Reads what the header of a file says.
///
/// # Errors
/// When the header is damaged or speaks of something that is not read, or a data file is missing.
pub(super) fn read(path: &Path) -> Result<RawImage, Error> {
    let header = header::read(path)?;
    let of = |message: String| refuse(path, message);
    if let Some(kind) = header.text("objecttype")
        && !kind.eq_ignore_ascii_case("image")
    {
        return Err(of(format!("a MetaIO object of type {kind:?} is no image")).into());
    }
    let dims = dimensions(&header).map_err(of)?;
    let stored = stored(path, &header)?;
    let channels = match header.text("elementnumberofchannels") {
        None => 1,
        Some(text) => text
            .parse()
            .ok()
            .filter(|n| (1..=1 << 16).contains(n))
            .ok_or_else(|| of(format!("ElementNumberOfChannels is {text:?}")))?,
    };
    let compressed = header.flag("compresseddata").map_err(of)?.unwrap_or(false);
    let binary = header.flag("binarydata").map_err(of)?.unwrap_or(true);
    let msb = match header.flag("binarydatabyteordermsb").map_err(of)? {
        Some(msb) => Some(msb),
        None => header.flag("elementbyteordermsb").map_err(of)?,
    };
    let (files, local) = data_files(path, &header, &dims)?;
    let encoding = match (binary, compressed) {
        (true, false) => Encoding::Raw,
        (true, true) => Encoding::Zlib,
        (false, false) => Encoding::Ascii,
        (false, true) => return Err(of("text is said to be compressed".to_owned()).into()),
    };
    let skip = match header.text("headersize").map(str::parse::<i64>) {
        None | Some(Ok(0)) => Some(0),
        Some(Ok(-1)) if encoding == Encoding::Raw => None,
        Some(Ok(n)) if n > 0 => Some(n as u64),
        _ => return Err(of("HeaderSize makes no sense".to_owned()).into()),
    };
    let parts: Vec<Part> = files
        .iter()
        .map(|file| Part {
            path: file.clone(),
            // A stated size counts from the beginning of the file, also in one with its header.
            start: match skip {
                Some(n) if n > 0 => n,
                _ if local => header.end,
                _ => 0,
            },
            skip: skip.map(|_| 0),
        })
        .collect();
    let encoding = unzipped(encoding, &parts)?;
    let [ni, nj, nk] = [0, 1, 2].map(|a| dims.get(a).copied().unwrap_or(1));
    let outer = dims
        .iter()
        .skip(3)
        .try_fold(1usize, |n, &d| n.checked_mul(d))
        .ok_or_else(|| of("DimSize is impossible".to_owned()))?;
    let mut paths = vec![path.to_owned()];
    if !local {
        paths.extend(files);
    }
    let mut placed = place::place(&header, dims.len()).map_err(of)?;
    if let Some(words) = intensity_function(&header) {
        placed.warnings.push(Warning::new(
            WarningCode::Rescale,
            format!("{words} is stated and not applied; values are shown as stored"),
        ));
    }
    let modality = match header.text("modality") {
        Some("MET_MOD_CT") => Modality::CT,
        Some("MET_MOD_MR") => Modality::MR,
        _ => Modality::Other(String::new()),
    };
    Ok(RawImage {
        paths,
        layout: RawLayout {
            format: Format::MetaImage,
            stored,
            // The format's default is the machine's order; machines that matter are little.
            big_endian: msb.unwrap_or(false),
            encoding,
            parts,
            inner: channels,
            shape: [ni, nj, nk],
            outer,
            rescale: Rescale::IDENTITY,
        },
        placed,
        modality,
        windows: Vec::new(),
        description: String::new(),
        // MetaImage has no word for colour; ITK writes it as three or four bytes.
        role: if stored == Stored::U8 && (channels == 3 || channels == 4) {
            Role::Colours
        } else {
            Role::Unstated
        },
    })
}

/// The words of `ElementToIntensityFunctionSlope` and `…Offset` where they change values. ITK reads
/// past them, so that applying them would give other values than every other program shows.
fn intensity_function(header: &Header) -> Option<String> {
    let changing = |key: &str, neutral: f64| {
        let text = header.text(key)?;
        (text.trim().parse::<f64>().ok() != Some(neutral)).then_some(text)
    };
    let slope = changing("elementtointensityfunctionslope", 1.0)
        .map(|text| format!("ElementToIntensityFunctionSlope {text}"));
    let offset = changing("elementtointensityfunctionoffset", 0.0)
        .map(|text| format!("ElementToIntensityFunctionOffset {text}"));
    match (slope, offset) {
        (Some(slope), Some(offset)) => Some(format!("{slope}, {offset}")),
        (one, other) => one.or(other),
    }
}

fn dimensions(header: &Header) -> Result<Vec<usize>, String> {
    let rank: usize = header
        .text("ndims")
        .and_then(|n| n.parse().ok())
        .filter(|n| (1..=10).contains(n))
        .ok_or("NDims is missing or makes no sense")?;
    let sizes: Option<Vec<usize>> = header
        .text("dimsize")
        .unwrap_or_default()
        .split_whitespace()
        .map(|w| w.parse().ok().filter(|n| *n > 0))
        .collect();
    sizes
        .filter(|s| s.len() == rank)
        .ok_or_else(|| "DimSize does not hold NDims whole numbers from 1 up".to_owned())
}

/// Types as MetaIO has them: `LONG` has 4 bytes on every machine.
fn stored(path: &Path, header: &Header) -> Result<Stored, Refusal> {
    let text = header.text("elementtype").unwrap_or_default();
    Ok(match text.strip_suffix("_ARRAY").unwrap_or(text) {
        "MET_CHAR" | "MET_ASCII_CHAR" => Stored::I8,
        "MET_UCHAR" => Stored::U8,
        "MET_SHORT" => Stored::I16,
        "MET_USHORT" => Stored::U16,
        "MET_INT" | "MET_LONG" => Stored::I32,
        "MET_UINT" | "MET_ULONG" => Stored::U32,
        "MET_LONG_LONG" => Stored::I64,
        "MET_ULONG_LONG" => Stored::U64,
        "MET_FLOAT" => Stored::F32,
        "MET_DOUBLE" => Stored::F64,
        _ => return Err(refuse(path, format!("ElementType {text:?} is not read"))),
    })
}

/// The files with samples, and whether that is the file of the header.
fn data_files(
    path: &Path,
    header: &Header,
    dims: &[usize],
) -> Result<(Vec<PathBuf>, bool), Refusal> {
    let stated = header
        .text("elementdatafile")
        .ok_or_else(|| refuse(path, "there is no ElementDataFile"))?;
    let words: Vec<&str> = stated.split_whitespace().collect();
    if stated.eq_ignore_ascii_case("local") {
        return Ok((vec![path.to_owned()], true));
    }
    // Each file of several holds a slice along the last axis, unless the list says otherwise.
    let mut subdim = dims.len().saturating_sub(1);
    let files = if words.first() == Some(&"LIST") && words.len() <= 2 {
        if let Some(word) = words.get(1) {
            subdim = word
                .trim_end_matches(['d', 'D'])
                .parse()
                .ok()
                .filter(|n| (1..=dims.len()).contains(n))
                .ok_or_else(|| refuse(path, format!("LIST {word} makes no sense")))?;
        }
        raw::listed(
            Format::MetaImage,
            path,
            header.list.iter().map(String::as_str),
        )?
    } else if stated.contains('%') && (3..=4).contains(&words.len()) {
        let numbers: Vec<i64> = words[1..].iter().filter_map(|w| w.parse().ok()).collect();
        if numbers.len() + 1 != words.len() {
            return Err(refuse(
                path,
                "the pattern of ElementDataFile lacks its numbers",
            ));
        }
        let step = numbers.get(2).copied().unwrap_or(1);
        raw::numbered(
            Format::MetaImage,
            path,
            words[0],
            [numbers[0], numbers[1], step],
        )?
    } else {
        return Ok((vec![raw::beside(Format::MetaImage, path, stated)?], false));
    };
    let expected = dims[subdim..]
        .iter()
        .try_fold(1usize, |n, &d| n.checked_mul(d));
    if expected != Some(files.len()) {
        return Err(refuse(
            path,
            format!(
                "{} data files are named, DimSize needs {}",
                files.len(),
                expected.unwrap_or(usize::MAX)
            ),
        ));
    }
    Ok((files, false))
}

/// zlib and gzip are both written; the first bytes tell.
fn unzipped(encoding: Encoding, parts: &[Part]) -> Result<Encoding, Error> {
    let (Encoding::Zlib, Some(part)) = (encoding, parts.first()) else {
        return Ok(encoding);
    };
    let mut magic = [0; 2];
    super::bytes::Bytes::open(&part.path)
        .and_then(|b| b.read_exact_at(&mut magic, part.start))
        .map_err(|e| refuse(&part.path, e.to_string()))?;
    Ok(if magic == [0x1F, 0x8B] {
        Encoding::Gzip
    } else {
        Encoding::Zlib
    })
}
