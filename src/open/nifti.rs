//! NIfTI-1, NIfTI-2 and Analyze 7.5: single files and pairs, each also gzipped. RAS becomes LPS
//! here.

mod affine;
mod files;
mod header;

pub(super) use files::{Sniffed, sniff};

use std::path::Path;

use super::raw::{Encoding, Format, Part, RawImage, RawLayout, Role, Stored};
use super::{Error, Refusal};
use crate::volume::{Modality, Rescale, WindowLevel};
use crate::warning::{Warning, WarningCode};
use header::Header;

/// `NIFTI_INTENT_LABEL`: values are indices into a list of labels.
const INTENT_LABEL: i32 = 1002;

/// Datatypes of three and four bytes of colour.
const RGB: i16 = 128;
const RGBA: i16 = 2304;

/// Reads what the header of a file says.
///
/// # Errors
/// When the header is damaged, the data file of a pair is missing, or voxels are of a type that is
/// not measured.
pub(super) fn read(path: &Path) -> Result<RawImage, Error> {
    let bytes = files::head(path, header::LARGEST).map_err(|e| Error::io(path, e))?;
    let header =
        Header::parse(&bytes).map_err(|message| files::format_of(&bytes).damaged(path, message))?;
    let format = header.format;
    let data = if header.is_single {
        path.to_owned()
    } else {
        files::partner(path, "hdr", "img")
            .ok_or_else(|| format.damaged(path, "a header whose .img file is missing"))?
    };
    let encoding = if files::is_gzip_file(&data).map_err(|e| Error::io(&data, e))? {
        Encoding::Gzip
    } else {
        Encoding::Raw
    };
    let (shape, outer) = header
        .dimensions()
        .map_err(|message| format.damaged(path, message))?;
    let rescale = rescale(&header).map_err(|message| format.damaged(path, message))?;
    let mut placed = affine::place(&header, shape);
    if format == Format::Analyze && rescale != Rescale::IDENTITY {
        placed.warnings.push(Warning::new(
            WarningCode::Rescale,
            "the scale factor that SPM keeps in Analyze headers is applied",
        ));
    }
    let layout = RawLayout {
        format,
        stored: stored(path, &header)?,
        big_endian: header.big_endian,
        encoding,
        parts: vec![Part {
            path: data.clone(),
            start: 0,
            skip: Some(
                header
                    .offset()
                    .map_err(|message| format.damaged(path, message))?,
            ),
        }],
        inner: match header.datatype {
            RGB => 3,
            RGBA => 4,
            _ => 1,
        },
        shape,
        outer,
        rescale,
    };
    let mut paths = vec![path.to_owned()];
    if data != path {
        paths.push(data);
    }
    Ok(RawImage {
        paths,
        layout,
        placed,
        modality: Modality::Other(String::new()),
        windows: window(&header).into_iter().collect(),
        description: String::new(),
        role: match (header.datatype, header.intent_code) {
            (RGB | RGBA, _) => Role::Colours,
            (_, INTENT_LABEL) => Role::Labels,
            _ => Role::Unstated,
        },
    })
}

/// Type of the samples by their code in nifti1.h.
fn stored(path: &Path, header: &Header) -> Result<Stored, Refusal> {
    let other = match header.datatype {
        2 | RGB | RGBA => return Ok(Stored::U8),
        4 => return Ok(Stored::I16),
        8 => return Ok(Stored::I32),
        16 => return Ok(Stored::F32),
        64 => return Ok(Stored::F64),
        256 => return Ok(Stored::I8),
        512 => return Ok(Stored::U16),
        768 => return Ok(Stored::U32),
        1024 => return Ok(Stored::I64),
        1280 => return Ok(Stored::U64),
        1 => "single bits",
        32 | 1792 | 2048 => "complex numbers",
        1536 => "numbers of 128 bits",
        code => {
            return Err(header
                .format
                .damaged(path, format!("datatype {code} does not exist")));
        }
    };
    Err(header.format.not_measured(path, other))
}

/// `scl_slope` 0 or not finite means "no scaling".
fn rescale(header: &Header) -> Result<Rescale, String> {
    let (slope, intercept) = (header.scl_slope, header.scl_inter);
    if slope == 0.0 || !slope.is_finite() {
        return Ok(Rescale::IDENTITY);
    }
    if !intercept.is_finite() {
        return Err(format!("scl_inter is {intercept} with scl_slope {slope}"));
    }
    Ok(Rescale { slope, intercept })
}

/// The window from `cal_min` to `cal_max`, where they say one.
fn window(header: &Header) -> Option<WindowLevel> {
    let (low, high) = (header.cal_min, header.cal_max);
    (low.is_finite() && high.is_finite() && low < high)
        .then(|| WindowLevel::new((low + high) / 2.0, high - low))
}
