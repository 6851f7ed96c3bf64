//! Tables from stored values: the modality LUT, and how any LUT is stored (PS3.3 C.11.1, C.11.2).

use std::ops::RangeInclusive;

use dicom::core::Tag;
use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;

use super::values::{items, numbers, text};

/// A table: the first stored value that it maps, and what that and the following ones become.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub(super) first: i64,
    pub(super) bits: u32,
    pub(super) entries: Vec<u16>,
}

/// Reads a LUT item. Signed data sets write the first mapped value as signed.
pub(super) fn table(item: &InMemDicomObject, signed: bool) -> Result<Table, String> {
    let descriptor = numbers(item, tags::LUT_DESCRIPTOR)
        .filter(|d| d.len() == 3)
        .ok_or("LUTDescriptor (0028,3002) has not three numbers")?;
    let n = match descriptor[0] as i64 & 0xFFFF {
        0 => 65536,
        n => n as usize,
    };
    let mut first = descriptor[1] as i64;
    if signed && first > 32767 {
        first -= 65536;
    } else if !signed && first < 0 {
        first += 65536;
    }
    let bits = descriptor[2] as u32;
    if !(1..=16).contains(&bits) {
        return Err(format!("LUT entries of {bits} bits (0028,3002)"));
    }
    let words: Vec<u16> = numbers(item, tags::LUT_DATA)
        .unwrap_or_default()
        .into_iter()
        .map(|v| (v as i64 & 0xFFFF) as u16)
        .collect();
    // Entries of 8 bits may lie two in a word, the lower first.
    let packed = bits <= 8 && words.len() == n.div_ceil(2) && n > 1;
    let mut entries: Vec<u16> = if packed {
        words.iter().flat_map(|w| [w & 0xFF, w >> 8]).collect()
    } else {
        words
    };
    if entries.len() < n {
        return Err(format!(
            "LUTData (0028,3006) has {} entries, {n} are declared",
            entries.len()
        ));
    }
    entries.truncate(n);
    Ok(Table {
        first,
        bits,
        entries,
    })
}

/// The table from stored values to values, in place of a rescale.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::open) struct ModalityLut {
    table: Table,
    /// ModalityLUTType: HU, OD, US.
    pub(super) kind: String,
    /// Stored values that mark pixels outside the scanned field.
    pub(super) padding: Option<RangeInclusive<f64>>,
}

impl ModalityLut {
    /// The value of a stored sample; NaN for padding. Samples beyond the table take its nearest
    /// entry.
    pub(super) fn value(&self, stored: i32) -> f32 {
        let stored = i64::from(stored);
        if self
            .padding
            .as_ref()
            .is_some_and(|p| p.contains(&(stored as f64)))
        {
            return f32::NAN;
        }
        let last = self.table.entries.len() as i64 - 1;
        let index = (stored - self.table.first).clamp(0, last);
        f32::from(self.table.entries[index as usize])
    }
}

/// The modality LUT of a data set, or what is wrong with it.
pub(super) fn modality(
    set: &InMemDicomObject,
    signed: bool,
) -> Option<Result<ModalityLut, String>> {
    let item = items(set, tags::MODALITY_LUT_SEQUENCE).first()?;
    Some(table(item, signed).map(|table| ModalityLut {
        table,
        kind: text(item, Tag(0x0028, 0x3004)),
        padding: None,
    }))
}
