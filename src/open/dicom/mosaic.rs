//! Siemens mosaics: the slices of a volume tiled into one picture, row by row.
//!
//! The layout of the private elements and the shift of the position follow what is public of them:
//! the CSA header as nibabel documents it, and the rule that ImagePositionPatient of a mosaic is
//! that of a slice as large as the whole mosaic about the same centre.

use dicom::core::Tag;
use dicom::core::value::Value;
use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;

use super::format::PixelFormat;
use super::instance::Frame;
use super::values::{integer, number, text};
use crate::geometry::Vec3;

/// How a picture is cut into slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    /// Number of slices.
    pub(super) count: usize,
    /// Tiles in a row of the picture.
    pub(super) across: usize,
}

/// The most slices that a mosaic is believed to have.
const MOST_TILES: i64 = 4096;

impl Tiles {
    /// Copies tile `index` of a picture that is `width` wide; `None` when it is not there.
    pub(super) fn cut<T: Copy>(
        &self,
        picture: &[T],
        width: usize,
        index: usize,
        [columns, rows]: [usize; 2],
        out: &mut [T],
    ) -> Option<()> {
        let (x, y) = (index % self.across * columns, index / self.across * rows);
        if x + columns > width || out.len() != columns * rows {
            return None;
        }
        for (row, out) in out.chunks_exact_mut(columns).enumerate() {
            let at = (y + row) * width + x;
            out.copy_from_slice(picture.get(at..at + columns)?);
        }
        Some(())
    }
}

/// Cuts a mosaic: the tiles, the format of one slice, and a frame for each of them.
///
/// # Errors
/// Says what is missing to place the slices.
pub(super) fn untile(
    set: &InMemDicomObject,
    whole: &PixelFormat,
    frame: &Frame,
) -> Result<(Tiles, PixelFormat, Vec<Frame>), String> {
    let header = private(set, 0x0029, "SIEMENS CSA HEADER", 0x10)
        .map(csa)
        .unwrap_or_default();
    let stated = private_integer(set, 0x0019, "SIEMENS MR HEADER", 0x0A);
    let count = stated
        .or_else(|| {
            header
                .numbers("NumberOfImagesInMosaic")?
                .first()
                .map(|n| *n as i64)
        })
        .filter(|n| (1..=MOST_TILES).contains(n))
        .ok_or("the number of its slices (0019,100A) is not stated")? as usize;
    let across = (1..).find(|side| side * side >= count).unwrap_or(count);
    if !whole.columns.is_multiple_of(across) || !whole.rows.is_multiple_of(across) {
        return Err(format!(
            "{} × {} pixels do not hold {across} × {across} tiles",
            whole.columns, whole.rows
        ));
    }
    let format = PixelFormat {
        columns: whole.columns / across,
        rows: whole.rows / across,
        ..whole.clone()
    };
    let (Some(position), Some([row, column]), Some([row_mm, column_mm])) =
        (frame.position, frame.orientation, frame.spacing)
    else {
        return Err(
            "position, orientation or spacing (0020,0032/0037, 0028,0030) is missing".into(),
        );
    };
    let step = number(set, tags::SPACING_BETWEEN_SLICES)
        .filter(|s| *s > 0.0)
        .ok_or("the distance of its slices (0018,0088) is not stated")?;
    let normal = match header.numbers("SliceNormalVector").as_deref() {
        Some(&[x, y, z, ..]) => Vec3::new(x, y, z),
        _ => {
            return Err("the direction of its slices (CSA SliceNormalVector) is not stated".into());
        }
    };
    let plane = row.cross(&column);
    let along = normal.dot(&plane);
    if (along.abs() - 1.0).abs() > 1e-2 {
        return Err("SliceNormalVector is not perpendicular to the slices".into());
    }
    let shift = |whole: usize, tile: usize, mm: f64| (whole - tile) as f64 / 2.0 * mm;
    let first = position
        + row * shift(whole.columns, format.columns, column_mm)
        + column * shift(whole.rows, format.rows, row_mm);
    let frames = (0..count)
        .map(|k| Frame {
            position: Some(first + plane * (along.signum() * step * k as f64)),
            ..frame.clone()
        })
        .collect();
    Ok((Tiles { count, across }, format, frames))
}

/// The element of a private block, by the block's creator.
fn private_tag(set: &InMemDicomObject, group: u16, creator: &str, element: u16) -> Option<Tag> {
    (0x10..=0xFF)
        .find(|&block| text(set, Tag(group, block)) == creator)
        .map(|block| Tag(group, block << 8 | element))
}

fn private<'a>(
    set: &'a InMemDicomObject,
    group: u16,
    creator: &str,
    element: u16,
) -> Option<std::borrow::Cow<'a, [u8]>> {
    match set.get(private_tag(set, group, creator, element)?)?.value() {
        Value::Primitive(value) => Some(value.to_bytes()),
        _ => None,
    }
}

fn private_integer(set: &InMemDicomObject, group: u16, creator: &str, element: u16) -> Option<i64> {
    let tag = private_tag(set, group, creator, element)?;
    integer(set, tag).or_else(|| match &*private(set, group, creator, element)? {
        // A number whose VR was lost on the way.
        &[a, b] => Some(i64::from(u16::from_le_bytes([a, b]))),
        _ => None,
    })
}

/// The named values of a CSA header.
#[derive(Debug, Default)]
struct Csa(Vec<(String, Vec<String>)>);

impl Csa {
    fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        let (_, values) = self.0.iter().find(|(n, _)| n == name)?;
        let numbers: Option<Vec<f64>> = values.iter().map(|v| v.parse().ok()).collect();
        numbers.filter(|n| !n.is_empty() && n.iter().all(|v: &f64| v.is_finite()))
    }
}

/// Reads a CSA header of either version as far as it is whole.
fn csa(bytes: impl AsRef<[u8]>) -> Csa {
    let mut found = Csa::default();
    let _whole: Option<()> = csa_into(bytes.as_ref(), &mut found);
    found
}

fn csa_into(bytes: &[u8], found: &mut Csa) -> Option<()> {
    let word = |at: usize| {
        let b = bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    };
    let name = |b: &[u8]| {
        let end = b.iter().position(|&c| c == 0).unwrap_or(b.len());
        String::from_utf8_lossy(&b[..end]).trim().to_owned()
    };
    let second = bytes.starts_with(b"SV10");
    let mut at = if second { 8 } else { 0 };
    let n_tags = word(at)?;
    at += 8;
    let mut first_items = None;
    for _ in 0..n_tags.min(1024) {
        let tag = name(bytes.get(at..at + 64)?);
        let multiplicity = word(at + 64)? as usize;
        let n_items = word(at + 76)?;
        let first = *first_items.get_or_insert(n_items);
        at += 84;
        let mut values = Vec::new();
        for item in 0..n_items.min(1024) {
            let stated = if second {
                word(at + 4)?
            } else {
                // In the first version lengths are counted from the first tag's number of items.
                word(at)?.checked_sub(first)?
            };
            at += 16;
            let length = stated as usize;
            let value = bytes.get(at..at.checked_add(length)?)?;
            if multiplicity == 0 || (item as usize) < multiplicity {
                let value = name(value);
                if !value.is_empty() {
                    values.push(value);
                }
            }
            at += length.next_multiple_of(4);
        }
        found.0.push((tag, values));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(tags: &[(&str, &[&str])]) -> Vec<u8> {
        let mut bytes = b"SV10\x04\x03\x02\x01".to_vec();
        bytes.extend((tags.len() as u32).to_le_bytes());
        bytes.extend(77u32.to_le_bytes());
        for (name, values) in tags {
            let mut field = [0u8; 64];
            field[..name.len()].copy_from_slice(name.as_bytes());
            bytes.extend(field);
            bytes.extend((values.len() as u32).to_le_bytes());
            bytes.extend(b"FD\0\0");
            bytes.extend(4u32.to_le_bytes());
            bytes.extend((values.len() as u32).to_le_bytes());
            bytes.extend(77u32.to_le_bytes());
            for value in *values {
                let n = value.len() as u32;
                bytes.extend([n, n, 77, n].iter().flat_map(|w| w.to_le_bytes()));
                bytes.extend(value.as_bytes());
                bytes.resize(bytes.len().next_multiple_of(4), 0);
            }
        }
        bytes
    }

    #[test]
    fn named_numbers_are_found() {
        let csa = csa(header(&[
            ("NumberOfImagesInMosaic", &["35"]),
            ("SliceNormalVector", &["0.0", "-0.5", "0.866"]),
        ]));
        assert_eq!(csa.numbers("NumberOfImagesInMosaic"), Some(vec![35.0]));
        assert_eq!(
            csa.numbers("SliceNormalVector"),
            Some(vec![0.0, -0.5, 0.866])
        );
        assert_eq!(csa.numbers("PhaseEncodingDirection"), None);
    }

    #[test]
    fn tiles_are_cut_row_by_row() {
        let tiles = Tiles {
            count: 3,
            across: 2,
        };
        let picture: Vec<u8> = (0..16).collect();
        let mut out = [0; 4];
        tiles
            .cut(&picture, 4, 2, [2, 2], &mut out)
            .expect("third tile");
        assert_eq!(out, [8, 9, 12, 13]);
        assert!(tiles.cut(&picture, 4, 5, [2, 2], &mut out).is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_answered(mut bytes: Vec<u8>, second: bool) {
            if second {
                bytes.splice(0..0, *b"SV10\0\0\0\0");
            }
            proptest::prop_assert!(csa(&bytes).0.len() <= 1024);
        }
    }
}
