//! Every element of a DICOM file before its pixels, as rows.

use std::collections::BTreeMap;
use std::path::Path;

use dicom::core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom::core::header::{EmptyObject, Header as _};
use dicom::core::value::Value;
use dicom::core::{DataElement, PrimitiveValue, Tag};
use dicom::dictionary_std::StandardDataDictionary;
use dicom::object::InMemDicomObject;
use dicom::object::mem::InMemElement;

use super::read::{self, Extent};
use crate::open::Refusal;
use crate::open::headers::{HeaderRow, shortened};

/// Values of a number list that are shown.
const MOST_VALUES: usize = 24;

pub(in crate::open) fn header_rows(path: &Path) -> Result<Vec<HeaderRow>, Refusal> {
    let set = read::open(path, Extent::Header)?;
    read::guard(path, || {
        let mut rows: Vec<HeaderRow> = set
            .meta()
            .to_element_iter()
            .map(|element| row(&with_items(element), 0, &BTreeMap::new()))
            .collect();
        add(&set, 0, &mut rows);
        Ok(rows)
    })
}

/// An element of the file meta group, which holds no sequences, as one of a data set.
fn with_items(element: DataElement<EmptyObject, [u8; 0]>) -> InMemElement {
    let header = *element.header();
    let value = element.into_value().into_primitive();
    DataElement::new(
        header.tag,
        header.vr(),
        value.unwrap_or(PrimitiveValue::Empty),
    )
}

/// Private creators of a data set by group and block (PS3.5 7.8.1).
fn creators(set: &InMemDicomObject) -> BTreeMap<(u16, u16), String> {
    set.iter()
        .filter(|e| e.tag().group() % 2 == 1 && (0x10..=0xFF).contains(&e.tag().element()))
        .map(|e| {
            let name = e.value().to_str().unwrap_or_default();
            let key = (e.tag().group(), e.tag().element());
            (key, name.trim_matches(['\0', ' ']).to_owned())
        })
        .collect()
}

fn add(set: &InMemDicomObject, depth: usize, rows: &mut Vec<HeaderRow>) {
    let creators = creators(set);
    for element in set {
        rows.push(row(element, depth, &creators));
        for (n, item) in element.items().unwrap_or_default().iter().enumerate() {
            rows.push(HeaderRow {
                depth: depth + 1,
                tag: format!("item {}", n + 1),
                ..HeaderRow::default()
            });
            add(item, depth + 2, rows);
        }
    }
}

fn row(element: &InMemElement, depth: usize, creators: &BTreeMap<(u16, u16), String>) -> HeaderRow {
    let tag = element.tag();
    let keyword = StandardDataDictionary
        .by_tag(tag)
        .map(|entry| entry.alias().to_owned());
    HeaderRow {
        depth,
        tag: format!("({:04X},{:04X})", tag.group(), tag.element()),
        vr: element.vr().to_string().to_owned(),
        keyword: keyword.unwrap_or_default(),
        value: shown(element),
        private_creator: creator(tag, creators),
    }
}

fn creator(tag: Tag, creators: &BTreeMap<(u16, u16), String>) -> String {
    let block = tag.element() >> 8;
    if tag.group().is_multiple_of(2) || block == 0 {
        return String::new();
    }
    creators
        .get(&(tag.group(), block))
        .cloned()
        .unwrap_or_default()
}

fn shown(element: &InMemElement) -> String {
    let value = match element.value() {
        Value::Primitive(value) => value,
        Value::Sequence(sequence) => return counted(sequence.items().len(), "item"),
        Value::PixelSequence(sequence) => {
            return counted(sequence.fragments().len(), "fragment");
        }
    };
    match value {
        PrimitiveValue::Empty => String::new(),
        PrimitiveValue::U8(bytes) => {
            let text = std::str::from_utf8(bytes).ok().filter(|text| {
                let text = text.trim_end_matches(['\0', ' ']);
                !text.is_empty() && text.chars().all(|c| !c.is_control())
            });
            match text {
                Some(text) => shortened(text.trim_end_matches(['\0', ' '])),
                None if bytes.len() <= 16 => hex(bytes),
                None => format!("{} … ({} bytes)", hex(&bytes[..16]), bytes.len()),
            }
        }
        PrimitiveValue::Str(_) | PrimitiveValue::Strs(_) => {
            shortened(value.to_str().trim_matches(['\0', ' ']))
        }
        _ => {
            let n = value.multiplicity() as usize;
            let text = match n > MOST_VALUES {
                true => {
                    let mut cut = value.clone();
                    cut.truncate(MOST_VALUES);
                    format!("{}… ({n} values)", cut.to_str())
                }
                false => value.to_str().into_owned(),
            };
            shortened(&text)
        }
    }
}

fn counted(n: usize, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    }
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    pairs.join(" ")
}
