//! The fields of NIfTI-1 (nifti1.h), NIfTI-2 (nifti2.h) and Analyze 7.5 headers.

use crate::open::SPACING_UNKNOWN;
use crate::open::raw::Format;

/// Bytes of a NIfTI-1 or Analyze header.
pub(super) const SMALLEST: usize = 348;
/// Bytes of a NIfTI-2 header.
pub(super) const LARGEST: u64 = 540;

/// Version 2 ends its magic code with bytes that a transfer as text would change.
const MAGIC_2_TAIL: [u8; 4] = [0x0D, 0x0A, 0x1A, 0x0A];

/// What the header says, numbers as wide as the wider version has them.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) format: Format,
    pub(super) big_endian: bool,
    /// Header and voxels are in the same file.
    pub(super) is_single: bool,
    pub(super) dim: [i64; 8],
    pub(super) datatype: i16,
    pub(super) pixdim: [f64; 8],
    pub(super) vox_offset: f64,
    pub(super) scl_slope: f64,
    pub(super) scl_inter: f64,
    pub(super) cal_min: f64,
    pub(super) cal_max: f64,
    pub(super) intent_code: i32,
    pub(super) xyzt_units: i32,
    pub(super) qform_code: i32,
    pub(super) sform_code: i32,
    /// Whether a note says that lengths are not known ([`SPACING_UNKNOWN`]).
    pub(super) spacing_unknown: bool,
    /// b, c, d.
    pub(super) quatern: [f64; 3],
    pub(super) qoffset: [f64; 3],
    pub(super) srow: [[f64; 4]; 3],
}

/// The size that a header states for itself, and whether it is big endian.
pub(super) fn stated_size(bytes: &[u8]) -> Option<(i32, bool)> {
    let first: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    let (little, big) = (i32::from_le_bytes(first), i32::from_be_bytes(first));
    match (little, big) {
        (348 | 540, _) => Some((little, false)),
        (_, 348 | 540) => Some((big, true)),
        _ => None,
    }
}

/// The format of a header, by its size and magic code.
pub(super) fn recognise(bytes: &[u8]) -> Option<Format> {
    match stated_size(bytes)?.0 {
        540 => Some(Format::Nifti2),
        _ => match bytes.get(344..348)? {
            b"n+1\0" | b"ni1\0" => Some(Format::Nifti1),
            _ => Some(Format::Analyze),
        },
    }
}

/// Reads numbers at fixed places; beyond the end all are 0.
struct Fields<'a> {
    bytes: &'a [u8],
    big: bool,
}

macro_rules! field {
    ($name:ident, $t:ty) => {
        fn $name(&self, at: usize) -> $t {
            let raw = self
                .bytes
                .get(at..at + size_of::<$t>())
                .and_then(|b| b.try_into().ok())
                .unwrap_or_default();
            if self.big {
                <$t>::from_be_bytes(raw)
            } else {
                <$t>::from_le_bytes(raw)
            }
        }
    };
}

impl Fields<'_> {
    field!(i16, i16);
    field!(i32, i32);
    field!(i64, i64);
    field!(f32, f32);
    field!(f64, f64);

    fn single(&self, at: usize) -> f64 {
        f64::from(self.f32(at))
    }
}

/// Whether `intent_name` (16 bytes) is the note, or `descrip` (80 bytes) holds it.
fn says_unknown(bytes: &[u8], intent_name: usize, descrip: usize) -> bool {
    let text = |at: usize, length: usize| {
        let field = bytes.get(at..at + length).unwrap_or_default();
        let text = field.split(|b| *b == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    };
    text(intent_name, 16).trim() == SPACING_UNKNOWN || text(descrip, 80).contains(SPACING_UNKNOWN)
}

impl Header {
    /// Parses the bytes of a header.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (Some(format), Some((_, big))) = (recognise(bytes), stated_size(bytes)) else {
            return Err("the header is too short".to_owned());
        };
        let fields = Fields { bytes, big };
        if format == Format::Nifti2 {
            return Self::second(&fields);
        }
        let mut header = Self {
            format,
            big_endian: big,
            is_single: bytes.get(344..348) == Some(b"n+1\0"),
            dim: std::array::from_fn(|n| i64::from(fields.i16(40 + 2 * n))),
            datatype: fields.i16(70),
            pixdim: std::array::from_fn(|n| fields.single(76 + 4 * n)),
            vox_offset: fields.single(108),
            scl_slope: fields.single(112),
            scl_inter: fields.single(116),
            cal_max: fields.single(124),
            cal_min: fields.single(128),
            intent_code: i32::from(fields.i16(68)),
            xyzt_units: i32::from(bytes.get(123).copied().unwrap_or(0)),
            qform_code: i32::from(fields.i16(252)),
            sform_code: i32::from(fields.i16(254)),
            spacing_unknown: says_unknown(bytes, 328, 148),
            quatern: std::array::from_fn(|n| fields.single(256 + 4 * n)),
            qoffset: std::array::from_fn(|n| fields.single(268 + 4 * n)),
            srow: std::array::from_fn(|r| {
                std::array::from_fn(|c| fields.single(280 + 16 * r + 4 * c))
            }),
        };
        if format == Format::Analyze {
            // What NIfTI put in these places was free text and unused numbers in Analyze; SPM's scale
            // factor lies where `scl_slope` came to lie.
            (header.qform_code, header.sform_code) = (0, 0);
            (header.intent_code, header.xyzt_units) = (0, 0);
            header.spacing_unknown = false;
            header.scl_inter = 0.0;
        }
        Ok(header)
    }

    fn second(fields: &Fields<'_>) -> Result<Self, String> {
        let bytes = fields.bytes;
        if (bytes.len() as u64) < LARGEST {
            return Err("the header is too short".to_owned());
        }
        let is_single = match &bytes[4..8] {
            b"n+2\0" => true,
            b"ni2\0" => false,
            _ => return Err("the magic code is not that of NIfTI-2".to_owned()),
        };
        if bytes[8..12] != MAGIC_2_TAIL {
            return Err(
                "line ends in the magic code were changed: the file was transferred as text"
                    .to_owned(),
            );
        }
        Ok(Self {
            format: Format::Nifti2,
            big_endian: fields.big,
            is_single,
            dim: std::array::from_fn(|n| fields.i64(16 + 8 * n)),
            datatype: fields.i16(12),
            pixdim: std::array::from_fn(|n| fields.f64(104 + 8 * n)),
            vox_offset: fields.i64(168) as f64,
            scl_slope: fields.f64(176),
            scl_inter: fields.f64(184),
            cal_max: fields.f64(192),
            cal_min: fields.f64(200),
            intent_code: fields.i32(504),
            xyzt_units: fields.i32(500),
            qform_code: fields.i32(344),
            sform_code: fields.i32(348),
            spacing_unknown: says_unknown(bytes, 508, 240),
            quatern: std::array::from_fn(|n| fields.f64(352 + 8 * n)),
            qoffset: std::array::from_fn(|n| fields.f64(376 + 8 * n)),
            srow: std::array::from_fn(|r| {
                std::array::from_fn(|c| fields.f64(400 + 32 * r + 8 * c))
            }),
        })
    }

    /// Number of dimensions, 1–7 in a header that [`Header::dimensions`] accepts.
    pub(super) fn rank(&self) -> usize {
        usize::try_from(self.dim[0]).unwrap_or(0)
    }

    /// Voxels along (i, j, k) and the number of volumes.
    ///
    /// A 0 beyond the third dimension means "none", as much software writes it.
    pub(super) fn dimensions(&self) -> Result<([usize; 3], usize), String> {
        let rank = self.rank();
        if !(1..=7).contains(&rank) {
            return Err(format!("dim[0] is {}", self.dim[0]));
        }
        let dim = |axis: usize| match self.dim[axis] {
            _ if axis > rank => Ok(1),
            0 if axis > 3 => Ok(1),
            n if n > 0 => usize::try_from(n).map_err(|e| format!("dim[{axis}]: {e}")),
            n => Err(format!("dim[{axis}] is {n}")),
        };
        let mut outer = 1usize;
        for axis in 4..=7 {
            outer = outer
                .checked_mul(dim(axis)?)
                .ok_or_else(|| format!("dimensions {:?} are impossible", self.dim))?;
        }
        Ok(([dim(1)?, dim(2)?, dim(3)?], outer))
    }

    /// Bytes before the voxels.
    pub(super) fn offset(&self) -> Result<u64, String> {
        let stated = self.vox_offset;
        let least = match (self.is_single, self.format) {
            (false, _) => 0.0,
            (true, Format::Nifti2) => 544.0,
            (true, _) => 352.0,
        };
        if stated == 0.0 {
            return Ok(least as u64);
        }
        if !(least..1e15).contains(&stated) || stated.fract() != 0.0 {
            return Err(format!("vox_offset is {stated}"));
        }
        Ok(stated as u64)
    }
}
