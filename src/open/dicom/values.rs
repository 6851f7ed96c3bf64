//! Plain values out of data sets: text, numbers, vectors, sequences.

use std::borrow::Cow;

use dicom::core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom::core::value::Value;
use dicom::core::{PrimitiveValue, Tag, VR};
use dicom::dictionary_std::StandardDataDictionary;
use dicom::object::InMemDicomObject;
use dicom::object::mem::InMemElement;

use crate::geometry::Vec3;

/// The value of an element that lost its VR on the way (UN), by what the dictionary says of it.
fn known(element: &InMemElement) -> Cow<'_, PrimitiveValue> {
    let value = match element.value() {
        Value::Primitive(value) => value,
        _ => return Cow::Owned(PrimitiveValue::Empty),
    };
    let PrimitiveValue::U8(bytes) = value else {
        return Cow::Borrowed(value);
    };
    if element.vr() != VR::UN {
        return Cow::Borrowed(value);
    }
    let vr = StandardDataDictionary
        .by_tag(element.header().tag)
        .map(|entry| entry.vr().relaxed());
    let pair = |b: &[u8]| u16::from_le_bytes([b[0], b[1]]);
    Cow::Owned(match vr {
        Some(VR::US) => PrimitiveValue::U16(bytes.chunks_exact(2).map(pair).collect()),
        Some(VR::SS) => {
            PrimitiveValue::I16(bytes.chunks_exact(2).map(|b| pair(b) as i16).collect())
        }
        Some(VR::FD | VR::FL | VR::UL | VR::SL | VR::AT | VR::SQ) | None => PrimitiveValue::Empty,
        Some(_) => PrimitiveValue::Str(String::from_utf8_lossy(bytes).into_owned()),
    })
}

/// Text of an element without padding; empty when absent. Several values stay joined by `\`.
pub(super) fn text(set: &InMemDicomObject, tag: Tag) -> String {
    set.get(tag)
        .map(|e| known(e).to_str().trim_matches(['\0', ' ']).to_owned())
        .unwrap_or_default()
}

/// The values of a text element.
pub(super) fn texts(set: &InMemDicomObject, tag: Tag) -> Vec<String> {
    let joined = text(set, tag);
    if joined.is_empty() {
        return Vec::new();
    }
    joined
        .split('\\')
        .map(|s| s.trim_matches(['\0', ' ']).to_owned())
        .collect()
}

/// All finite numbers of an element; `None` when absent or not numeric.
pub(super) fn numbers(set: &InMemDicomObject, tag: Tag) -> Option<Vec<f64>> {
    let value = known(set.get(tag)?);
    let values = match &*value {
        PrimitiveValue::Str(joined) => joined
            .split('\\')
            .map(|s| s.trim_matches(['\0', ' ']).parse())
            .collect::<Result<Vec<f64>, _>>()
            .ok()?,
        other => other.to_multi_float64().ok()?,
    };
    (!values.is_empty() && values.iter().all(|v| v.is_finite())).then_some(values)
}

/// The first number of an element.
pub(super) fn number(set: &InMemDicomObject, tag: Tag) -> Option<f64> {
    numbers(set, tag).map(|v| v[0])
}

/// A whole number.
pub(super) fn integer(set: &InMemDicomObject, tag: Tag) -> Option<i64> {
    number(set, tag)
        .filter(|v| v.abs() < 9e15)
        .map(|v| v as i64)
}

/// Three numbers as a vector.
pub(super) fn vector(set: &InMemDicomObject, tag: Tag) -> Option<Vec3> {
    match numbers(set, tag)?.as_slice() {
        &[x, y, z] => Some(Vec3::new(x, y, z)),
        _ => None,
    }
}

/// The bytes of an element; words are in the order of this machine.
pub(super) fn bytes_of(set: &InMemDicomObject, tag: Tag) -> Option<Vec<u8>> {
    match set.get(tag)?.value() {
        Value::Primitive(value) => Some(value.to_bytes().into_owned()),
        _ => None,
    }
}

/// Items of a sequence; empty when absent.
pub(super) fn items(set: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    set.get(tag).and_then(|e| e.items()).unwrap_or_default()
}

/// Looks in levels in order of precedence (a frame's own functional groups, shared ones, the top
/// level): in each in the sequence `group`, at the last one also plainly.
pub(super) fn find<T>(
    levels: &[&InMemDicomObject],
    group: Tag,
    read: impl Fn(&InMemDicomObject) -> Option<T>,
) -> Option<T> {
    levels
        .iter()
        .find_map(|level| items(level, group).first().and_then(&read))
        .or_else(|| levels.last().and_then(|top| read(top)))
}

/// The first number of a private element, whose VR may be lost (UN): text, or one binary float.
pub(super) fn private_number(set: &InMemDicomObject, tag: Tag) -> Option<f64> {
    if let Some(number) = number(set, tag) {
        return Some(number);
    }
    let Value::Primitive(PrimitiveValue::U8(bytes)) = set.get(tag)?.value() else {
        return None;
    };
    let text = std::str::from_utf8(bytes)
        .ok()
        .map(|t| t.trim_matches(['\0', ' ']));
    let value = match text.and_then(|t| t.parse().ok()) {
        Some(value) => value,
        None => match *bytes.as_slice() {
            [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
            _ => return None,
        },
    };
    value.is_finite().then_some(value)
}

/// Text of a private element, whose VR may be lost (UN).
pub(super) fn private_text(set: &InMemDicomObject, tag: Tag) -> String {
    match set.get(tag).map(|e| e.value()) {
        Some(Value::Primitive(PrimitiveValue::U8(bytes))) => {
            let text = String::from_utf8_lossy(bytes);
            text.trim_matches(['\0', ' ']).to_owned()
        }
        _ => text(set, tag),
    }
}

/// Whether the private block that holds `tag` was reserved by a creator whose name begins so
/// (PS3.5 7.8.1).
pub(super) fn is_private_of(set: &InMemDicomObject, tag: Tag, creator: &str) -> bool {
    private_text(set, Tag(tag.0, tag.1 >> 8)).starts_with(creator)
}
