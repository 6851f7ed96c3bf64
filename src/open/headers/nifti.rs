//! Fields of NIfTI-1 and NIfTI-2 headers (nifti1.h, nifti2.h) as they are stored.

use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::HeaderRow;
use crate::open::bytes::Bytes;

/// A field: name, type, number of values. Fields follow one another without gaps.
type Field = (&'static str, Kind, usize);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    U8,
    I16,
    I32,
    I64,
    F32,
    F64,
}

use Kind::{F32, F64, I16, I32, I64, Text, U8};

const NIFTI_1: [Field; 43] = [
    ("sizeof_hdr", I32, 1),
    ("data_type", Text, 10),
    ("db_name", Text, 18),
    ("extents", I32, 1),
    ("session_error", I16, 1),
    ("regular", Text, 1),
    ("dim_info", U8, 1),
    ("dim", I16, 8),
    ("intent_p1", F32, 1),
    ("intent_p2", F32, 1),
    ("intent_p3", F32, 1),
    ("intent_code", I16, 1),
    ("datatype", I16, 1),
    ("bitpix", I16, 1),
    ("slice_start", I16, 1),
    ("pixdim", F32, 8),
    ("vox_offset", F32, 1),
    ("scl_slope", F32, 1),
    ("scl_inter", F32, 1),
    ("slice_end", I16, 1),
    ("slice_code", U8, 1),
    ("xyzt_units", U8, 1),
    ("cal_max", F32, 1),
    ("cal_min", F32, 1),
    ("slice_duration", F32, 1),
    ("toffset", F32, 1),
    ("glmax", I32, 1),
    ("glmin", I32, 1),
    ("descrip", Text, 80),
    ("aux_file", Text, 24),
    ("qform_code", I16, 1),
    ("sform_code", I16, 1),
    ("quatern_b", F32, 1),
    ("quatern_c", F32, 1),
    ("quatern_d", F32, 1),
    ("qoffset_x", F32, 1),
    ("qoffset_y", F32, 1),
    ("qoffset_z", F32, 1),
    ("srow_x", F32, 4),
    ("srow_y", F32, 4),
    ("srow_z", F32, 4),
    ("intent_name", Text, 16),
    ("magic", Text, 4),
];

const NIFTI_2: [Field; 37] = [
    ("sizeof_hdr", I32, 1),
    ("magic", Text, 8),
    ("datatype", I16, 1),
    ("bitpix", I16, 1),
    ("dim", I64, 8),
    ("intent_p1", F64, 1),
    ("intent_p2", F64, 1),
    ("intent_p3", F64, 1),
    ("pixdim", F64, 8),
    ("vox_offset", I64, 1),
    ("scl_slope", F64, 1),
    ("scl_inter", F64, 1),
    ("cal_max", F64, 1),
    ("cal_min", F64, 1),
    ("slice_duration", F64, 1),
    ("toffset", F64, 1),
    ("slice_start", I64, 1),
    ("slice_end", I64, 1),
    ("descrip", Text, 80),
    ("aux_file", Text, 24),
    ("qform_code", I32, 1),
    ("sform_code", I32, 1),
    ("quatern_b", F64, 1),
    ("quatern_c", F64, 1),
    ("quatern_d", F64, 1),
    ("qoffset_x", F64, 1),
    ("qoffset_y", F64, 1),
    ("qoffset_z", F64, 1),
    ("srow_x", F64, 4),
    ("srow_y", F64, 4),
    ("srow_z", F64, 4),
    ("slice_code", I32, 1),
    ("xyzt_units", I32, 1),
    ("intent_code", I32, 1),
    ("intent_name", Text, 16),
    ("dim_info", U8, 1),
    ("unused_str", Text, 15),
];

impl Kind {
    const fn bytes(self) -> usize {
        match self {
            Text | U8 => 1,
            I16 => 2,
            I32 | F32 => 4,
            I64 | F64 => 8,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Text => "char",
            U8 => "uint8",
            I16 => "int16",
            I32 => "int32",
            I64 => "int64",
            F32 => "float32",
            F64 => "float64",
        }
    }

    /// One value, stored little endian.
    fn text(self, b: &[u8]) -> String {
        fn fixed<const N: usize>(b: &[u8]) -> [u8; N] {
            let mut a = [0; N];
            a.iter_mut().zip(b).for_each(|(a, b)| *a = *b);
            a
        }
        match self {
            Text => String::from_utf8_lossy(b).into_owned(),
            U8 => fixed::<1>(b)[0].to_string(),
            I16 => i16::from_le_bytes(fixed(b)).to_string(),
            I32 => i32::from_le_bytes(fixed(b)).to_string(),
            I64 => i64::from_le_bytes(fixed(b)).to_string(),
            F32 => f32::from_le_bytes(fixed(b)).to_string(),
            F64 => f64::from_le_bytes(fixed(b)).to_string(),
        }
    }
}

/// Name of the format and its fields; `None` when the file is not NIfTI.
pub(super) fn rows(path: &Path) -> io::Result<Option<(&'static str, Vec<HeaderRow>)>> {
    let mut bytes = Vec::new();
    Bytes::open(path)?.take(540).read_to_end(&mut bytes)?;
    if bytes.starts_with(&[0x1F, 0x8B]) {
        bytes.clear();
        // A stream that breaks off here is not the beginning of a header.
        let stream = MultiGzDecoder::new(Bytes::open(path)?).take(540);
        if io::BufReader::new(stream).read_to_end(&mut bytes).is_err() {
            return Ok(None);
        }
    }
    let Some(size) = bytes.get(..4).map(|b| [b[0], b[1], b[2], b[3]]) else {
        return Ok(None);
    };
    let found = match (i32::from_le_bytes(size), i32::from_be_bytes(size)) {
        (348, _) => ("NIfTI-1", &NIFTI_1[..], false),
        (_, 348) => ("NIfTI-1", &NIFTI_1[..], true),
        (540, _) => ("NIfTI-2", &NIFTI_2[..], false),
        (_, 540) => ("NIfTI-2", &NIFTI_2[..], true),
        _ => return Ok(None),
    };
    let (format, fields, big) = found;
    Ok(Some((format, fields_of(&bytes, fields, big))))
}

fn fields_of(bytes: &[u8], fields: &[Field], big: bool) -> Vec<HeaderRow> {
    let mut rows = Vec::with_capacity(fields.len());
    let mut at = 0;
    for (name, kind, count) in fields {
        let Some(stored) = bytes.get(at..at + kind.bytes() * count) else {
            break;
        };
        at += stored.len();
        let value = if *kind == Text {
            let end = stored.iter().position(|b| *b == 0).unwrap_or(stored.len());
            kind.text(&stored[..end])
        } else {
            let values = stored.chunks_exact(kind.bytes()).map(|b| {
                let mut b = b.to_vec();
                if big {
                    b.reverse();
                }
                kind.text(&b)
            });
            values.collect::<Vec<_>>().join(" ")
        };
        let of = match (kind, count) {
            (Text, _) | (_, 1) => kind.name().to_owned(),
            _ => format!("{}[{count}]", kind.name()),
        };
        rows.push(HeaderRow::field(name, &of, &value));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_fill_their_headers() {
        let size = |fields: &[Field]| fields.iter().map(|(_, k, n)| k.bytes() * n).sum::<usize>();
        assert_eq!(size(&NIFTI_1), 348);
        assert_eq!(size(&NIFTI_2), 540);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, big: bool) {
            let rows = fields_of(&bytes, &NIFTI_2, big);
            proptest::prop_assert!(rows.len() <= NIFTI_2.len());
        }
    }
}
