//! NRRD, versions 1 to 5: attached and detached headers, Slicer's segmentations.
//!
//! Fields as the format's definition has them (teem.sourceforge.net/nrrd/format.html).

mod axes;
mod header;
mod segments;

use std::path::{Path, PathBuf};

use super::raw::{self, Encoding, Format, Part, RawImage, RawLayout, Role, Stored};
use super::{Error, Refusal};
use crate::volume::{Modality, Rescale};
use crate::warning::{Warning, WarningCode};
use header::Header;

/// Whether a file begins as NRRD.
pub(super) fn begins(head: &[u8]) -> bool {
    head.starts_with(b"NRRD000")
}

fn refuse(path: &Path, message: impl Into<String>) -> Refusal {
    Format::Nrrd.damaged(path, message)
}

/// Reads what the header of a file says.
///
/// # Errors
/// When the header is damaged or speaks of something that is not read, or a data file is missing.
pub(super) fn read(path: &Path) -> Result<RawImage, Error> {
    let header = header::read(path)?;
    let of = |message: String| refuse(path, message);
    let stored = stored(path, &header)?;
    let axes = axes::read(&header).map_err(of)?;
    if let Some(what) = axes.not_measured {
        return Err(Format::Nrrd.not_measured(path, what).into());
    }
    let encoding = encoding(&header).map_err(of)?;
    let big_endian = match header.field("endian") {
        Some("big") => true,
        Some("little") => false,
        None if stored.size() == 1 || encoding == Encoding::Ascii => false,
        other => {
            return Err(of(format!(
                "endian is {other:?} for samples of {} bytes",
                stored.size()
            ))
            .into());
        }
    };
    let (files, attached) = data_files(path, &header, &axes)?;
    let parts = files
        .iter()
        .map(|file| part(path, file, &header, attached, encoding))
        .collect::<Result<Vec<_>, _>>()?;
    let mut placed = axes.placed;
    if header.field("old min").is_some() || header.field("old max").is_some() {
        placed.warnings.push(Warning::new(
            WarningCode::Rescale,
            "values were quantised before they were stored (old min, old max); the stored ones \
             are shown",
        ));
    }
    let named = segments::read(&header, axes.inner * axes.outer);
    let mut paths = vec![path.to_owned()];
    if !attached {
        paths.extend(files);
    }
    Ok(RawImage {
        paths,
        layout: RawLayout {
            format: Format::Nrrd,
            stored,
            big_endian,
            encoding,
            parts,
            inner: axes.inner,
            shape: axes.shape,
            outer: axes.outer,
            rescale: Rescale::IDENTITY,
        },
        placed,
        modality: Modality::Other(String::new()),
        windows: Vec::new(),
        description: header.field("content").unwrap_or_default().to_owned(),
        role: if axes.is_colour && stored == Stored::U8 {
            Role::Colours
        } else if named.is_empty() {
            Role::Unstated
        } else {
            Role::Segments(named)
        },
    })
}

fn stored(path: &Path, header: &Header) -> Result<Stored, Refusal> {
    let text = header
        .field("type")
        .ok_or_else(|| refuse(path, "there is no type"))?;
    let words: Vec<&str> = text.split_whitespace().collect();
    Ok(match &*words.join(" ").to_lowercase() {
        "signed char" | "int8" | "int8_t" => Stored::I8,
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => Stored::U8,
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => {
            Stored::I16
        }
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => Stored::U16,
        "int" | "signed int" | "int32" | "int32_t" => Stored::I32,
        "uint" | "unsigned int" | "uint32" | "uint32_t" => Stored::U32,
        "longlong"
        | "long long"
        | "long long int"
        | "signed long long"
        | "signed long long int"
        | "int64"
        | "int64_t" => Stored::I64,
        "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => {
            Stored::U64
        }
        "float" => Stored::F32,
        "double" => Stored::F64,
        "block" => return Err(Format::Nrrd.not_measured(path, "blocks of bytes")),
        other => return Err(refuse(path, format!("the type {other:?} does not exist"))),
    })
}

fn encoding(header: &Header) -> Result<Encoding, String> {
    Ok(
        match header.field("encoding").map(str::to_lowercase).as_deref() {
            Some("raw") => Encoding::Raw,
            Some("gz" | "gzip") => Encoding::Gzip,
            Some("bz2" | "bzip2") => Encoding::Bzip2,
            Some("txt" | "text" | "ascii") => Encoding::Ascii,
            Some("hex") => Encoding::Hex,
            Some(other) => return Err(format!("the encoding {other:?} is not read")),
            None => return Err("there is no encoding".to_owned()),
        },
    )
}

/// The files with samples, and whether that is the file of the header.
fn data_files(
    path: &Path,
    header: &Header,
    axes: &axes::Axes,
) -> Result<(Vec<PathBuf>, bool), Refusal> {
    let Some(stated) = header.field("data file") else {
        return Ok((vec![path.to_owned()], true));
    };
    let words: Vec<&str> = stated.split_whitespace().collect();
    let is_list = words.first() == Some(&"LIST") && words.len() <= 2;
    let numbers: Vec<i64> = words
        .iter()
        .skip(1)
        .filter_map(|w| w.parse().ok())
        .collect();
    let is_pattern = stated.contains('%')
        && (words.len() == 4 || words.len() == 5)
        && numbers.len() + 1 == words.len();
    let (files, subdim) = if is_list {
        let names = header.list.iter().map(String::as_str);
        (
            raw::listed(Format::Nrrd, path, names)?,
            numbers.first().copied(),
        )
    } else if is_pattern {
        let range = [numbers[0], numbers[1], numbers[2]];
        (
            raw::numbered(Format::Nrrd, path, words[0], range)?,
            numbers.get(3).copied(),
        )
    } else {
        return Ok((vec![raw::beside(Format::Nrrd, path, stated)?], false));
    };
    // Without a number, each file holds one slice along the slowest axis.
    let rank = axes.sizes.len();
    let subdim = match subdim {
        None => rank - 1,
        Some(n) => usize::try_from(n)
            .ok()
            .filter(|n| (1..=rank).contains(n))
            .ok_or_else(|| refuse(path, format!("data files of {n} dimensions make no sense")))?,
    };
    let expected = if subdim == rank {
        // Several files share the slowest axis.
        Some(files.len())
    } else {
        axes.sizes[subdim..]
            .iter()
            .try_fold(1usize, |n, &d| n.checked_mul(d))
    };
    if expected != Some(files.len()) {
        return Err(refuse(
            path,
            format!("{} data files are named, the axes need others", files.len()),
        ));
    }
    Ok((files, false))
}

fn part(
    path: &Path,
    file: &Path,
    header: &Header,
    attached: bool,
    encoding: Encoding,
) -> Result<Part, Refusal> {
    let number = |key: &str| match header.field(key) {
        None => Ok(0),
        Some(text) => text
            .parse::<i64>()
            .map_err(|_| refuse(path, format!("{key} is {text:?}"))),
    };
    let mut start = if attached { header.end } else { 0 };
    let lines =
        u64::try_from(number("line skip")?).map_err(|_| refuse(path, "line skip is negative"))?;
    if lines > 0 {
        start = raw::line_end(file, start, lines)
            .map_err(|e| refuse(file, e.to_string()))?
            .ok_or_else(|| refuse(file, format!("it has no {lines} lines to skip")))?;
    }
    let skip = match number("byte skip")? {
        -1 if encoding == Encoding::Raw => None,
        n => Some(
            u64::try_from(n)
                .map_err(|_| refuse(path, format!("byte skip is {n} in this encoding")))?,
        ),
    };
    Ok(Part {
        path: file.to_owned(),
        start,
        skip,
    })
}
