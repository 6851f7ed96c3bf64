//! Keeping the parser from decoding text, and decoding it afterwards.
//!
//! The parser follows (0008,0005) itself, but only its first value and without code extensions, and
//! what it decodes wrongly cannot be taken back. Without that element it hands every byte on as
//! one character. So the element is renamed while the parser reads, and gets its name back after.

use std::borrow::Cow;

use dicom::core::header::Header as _;
use dicom::core::value::Value;
use dicom::core::{DataElement, PrimitiveValue, Tag, VR};
use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;

use super::CharacterSets;

/// An element that the standard does not assign, in place of (0008,0005).
const HIDDEN: Tag = Tag(0x0008, 0x0004);

/// The bytes of a header with every element (0008,0005) renamed.
pub(in crate::open::dicom) fn hidden(header: &[u8]) -> Cow<'_, [u8]> {
    const HEAD: usize = 8;
    let mut renamed = Cow::Borrowed(header);
    for at in 0..header.len().saturating_sub(HEAD) {
        let little = header[at..].starts_with(&[0x08, 0, 0x05, 0]);
        let big = header[at..].starts_with(&[0, 0x08, 0, 0x05]);
        if (little || big) && begins_terms(&header[at + 4..]) {
            renamed.to_mut()[at + if little { 2 } else { 3 }] = 0x04;
        }
    }
    renamed
}

/// Whether VR, length and value that follow a tag are those of a Specific Character Set.
fn begins_terms(rest: &[u8]) -> bool {
    let explicit = rest.starts_with(b"CS");
    let length = u32::from_le_bytes([rest[0], rest[1], rest[2], rest[3]]);
    // Implicit VR: the length, then a defined term or an empty one.
    let implicit = (2..=1024).contains(&length)
        && rest
            .get(4..)
            .is_some_and(|v| v.starts_with(b"ISO") || v.starts_with(b"GB") || v.starts_with(b"\\"));
    explicit || implicit
}

/// Gives (0008,0005) its name back and decodes every text by it, in items by theirs where they
/// have one. Returns whether all text could be decoded as declared.
pub(in crate::open::dicom) fn restore(set: &mut InMemDicomObject) -> bool {
    restore_within(set, &CharacterSets::default(), 0)
}

/// Deeper nesting was refused before the data set was read.
const MAX_DEPTH: usize = 64;

fn restore_within(set: &mut InMemDicomObject, inherited: &CharacterSets, depth: usize) -> bool {
    let declared = set.take_element(HIDDEN).ok().map(|hidden| {
        let terms: Vec<String> = match hidden.value() {
            Value::Primitive(PrimitiveValue::U8(bytes)) => String::from_utf8_lossy(bytes)
                .split('\\')
                .map(str::to_owned)
                .collect(),
            Value::Primitive(value) => value.to_multi_str().to_vec(),
            _ => Vec::new(),
        };
        terms
            .into_iter()
            .map(|t| t.trim_matches(['\0', ' ']).to_owned())
            .collect::<Vec<_>>()
    });
    if let Some(terms) = &declared {
        let value = PrimitiveValue::Strs(terms.iter().cloned().collect());
        set.put(DataElement::new(
            tags::SPECIFIC_CHARACTER_SET,
            VR::CS,
            value,
        ));
    }
    let own = declared.map(|terms| CharacterSets::declared(&terms));
    let sets = own.as_ref().unwrap_or(inherited);
    let mut exact = true;
    let elements: Vec<(Tag, VR)> = set
        .iter()
        .filter(|e| match e.value() {
            Value::Sequence(_) => true,
            Value::Primitive(value) => is_text(e.vr()) && !is_plain(value),
            Value::PixelSequence(_) => false,
        })
        .map(|e| (e.tag(), e.vr()))
        .collect();
    for (tag, vr) in elements {
        set.update_value(tag, |value| match value {
            Value::Primitive(text) => exact &= decode(text, vr, sets),
            Value::Sequence(_) if depth < MAX_DEPTH => {
                for item in value.items_mut().into_iter().flatten() {
                    exact &= restore_within(item, sets, depth + 1);
                }
            }
            _ => {}
        });
    }
    exact
}

/// Value representations that the character set governs (PS3.5 6.1.2.3).
fn is_text(vr: VR) -> bool {
    matches!(
        vr,
        VR::LO | VR::LT | VR::PN | VR::SH | VR::ST | VR::UC | VR::UT
    )
}

fn is_plain(value: &PrimitiveValue) -> bool {
    let plain = |s: &str| s.is_ascii() && !s.contains('\x1B');
    match value {
        PrimitiveValue::Str(s) => plain(s),
        PrimitiveValue::Strs(parts) => parts.iter().all(|s| plain(s)),
        _ => true,
    }
}

/// Decodes text that the parser handed on byte by byte. Several values are decoded as one text, as
/// a backslash may be half of a character.
fn decode(value: &mut PrimitiveValue, vr: VR, sets: &CharacterSets) -> bool {
    let joined = match &*value {
        PrimitiveValue::Str(s) => s.clone(),
        PrimitiveValue::Strs(parts) => parts.join("\\"),
        _ => return true,
    };
    let bytes: Option<Vec<u8>> = joined.chars().map(|c| u8::try_from(c).ok()).collect();
    let Some(bytes) = bytes else {
        return false;
    };
    let decoded = sets.decode(&bytes);
    *value = if matches!(vr, VR::LT | VR::ST | VR::UT) {
        PrimitiveValue::Str(decoded.text)
    } else {
        PrimitiveValue::Strs(decoded.text.split('\\').map(str::to_owned).collect())
    };
    decoded.exact
}
