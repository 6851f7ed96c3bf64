//! What may tell frames at one position apart: time, weighting, contrast, direction.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use dicom::core::value::Value;
use dicom::core::{PrimitiveValue, Tag};
use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;

use super::values::{find, integer, is_private_of, items, number, numbers, private_number, text};

/// An attribute that may differ between frames at one position, in the order in which it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// Temporal position.
    Temporal,
    BValue,
    /// Diffusion gradient direction.
    Direction,
    Trigger,
    /// FrameReferenceTime of dynamic PET.
    FrameReference,
    Acquisition,
    ImageType,
    /// Magnitude, phase, real or imaginary.
    Component,
    Repetition,
    Flip,
    Inversion,
    Voltage,
    Contrast,
    Sequence,
    Protocol,
    /// Dimension index values beyond stack and position.
    Dimensions,
    AcquisitionTime,
    ContentTime,
    Instance,
}

impl Mark {
    /// Every mark, in the order in which it is asked.
    pub(super) const ALL: [Self; 19] = [
        Self::Temporal,
        Self::BValue,
        Self::Direction,
        Self::Trigger,
        Self::FrameReference,
        Self::Acquisition,
        Self::ImageType,
        Self::Component,
        Self::Repetition,
        Self::Flip,
        Self::Inversion,
        Self::Voltage,
        Self::Contrast,
        Self::Sequence,
        Self::Protocol,
        Self::Dimensions,
        Self::AcquisitionTime,
        Self::ContentTime,
        Self::Instance,
    ];

    /// Whether it only counts up, and says nothing of what a frame shows.
    pub(super) const fn is_running(self) -> bool {
        matches!(
            self,
            Self::AcquisitionTime | Self::ContentTime | Self::Instance | Self::Trigger
        )
    }
}

/// A value of a mark.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum MarkValue {
    Number(f64),
    Text(String),
}

impl MarkValue {
    /// Total order: numbers by size, then texts.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

/// The marks of one frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Marks(BTreeMap<Mark, MarkValue>);

impl Marks {
    pub(super) fn get(&self, mark: Mark) -> Option<&MarkValue> {
        self.0.get(&mark)
    }

    pub(super) fn set(&mut self, mark: Mark, number: f64) {
        self.0.insert(mark, MarkValue::Number(number));
    }

    /// Length of all texts, bytes.
    pub(super) fn text_bytes(&self) -> usize {
        self.0
            .values()
            .map(|value| match value {
                MarkValue::Number(_) => 0,
                MarkValue::Text(text) => text.len(),
            })
            .sum()
    }

    /// Instance number.
    pub(super) fn instance(&self) -> Option<i64> {
        match self.get(Mark::Instance) {
            Some(MarkValue::Number(n)) => Some(*n as i64),
            _ => None,
        }
    }

    /// Whether two frames claim to be the same, whatever their place in the series.
    pub(super) fn same_but_instance(&self, other: &Self) -> bool {
        let rest = |marks: &Self| {
            let mut rest = marks.0.clone();
            rest.remove(&Mark::Instance);
            rest
        };
        rest(self) == rest(other)
    }
}

/// Reads the marks of a frame from its functional groups and the top level.
pub(super) fn read(levels: &[&InMemDicomObject], image_type: &[String]) -> Marks {
    let mut marks = Marks::default();
    let content = tags::FRAME_CONTENT_SEQUENCE;
    let diffusion = Tag(0x0018, 0x9117);
    let timing = Tag(0x0018, 0x9112);
    let whole = |n: Option<i64>| n.map(|n| n as f64);
    let numbers_of = [
        (
            Mark::Temporal,
            find(levels, content, |g| {
                whole(
                    integer(g, tags::TEMPORAL_POSITION_INDEX)
                        .or_else(|| integer(g, tags::TEMPORAL_POSITION_IDENTIFIER)),
                )
            }),
        ),
        (Mark::BValue, find(levels, diffusion, b_value)),
        (
            Mark::Trigger,
            find(levels, Tag(0x0018, 0x9118), |g| {
                number(g, Tag(0x0020, 0x9153)).or_else(|| number(g, tags::TRIGGER_TIME))
            }),
        ),
        (
            Mark::FrameReference,
            find(levels, content, |g| number(g, tags::FRAME_REFERENCE_TIME)),
        ),
        (
            Mark::Acquisition,
            find(levels, content, |g| {
                whole(
                    integer(g, Tag(0x0020, 0x9156))
                        .or_else(|| integer(g, tags::ACQUISITION_NUMBER)),
                )
            }),
        ),
        (
            Mark::Repetition,
            find(levels, timing, |g| number(g, tags::REPETITION_TIME)),
        ),
        (
            Mark::Flip,
            find(levels, timing, |g| number(g, tags::FLIP_ANGLE)),
        ),
        (
            Mark::Inversion,
            find(levels, Tag(0x0018, 0x9115), |g| {
                number(g, Tag(0x0018, 0x9079)).or_else(|| number(g, tags::INVERSION_TIME))
            }),
        ),
        (
            Mark::Voltage,
            find(levels, Tag(0x0018, 0x9325), |g| number(g, tags::KVP)),
        ),
        (
            Mark::Instance,
            levels
                .last()
                .and_then(|top| whole(integer(top, tags::INSTANCE_NUMBER))),
        ),
    ];
    for (mark, value) in numbers_of {
        if let Some(value) = value {
            marks.set(mark, value);
        }
    }
    let plain = |tag: Tag| levels.last().map(|top| text(top, tag)).unwrap_or_default();
    let time = |date: Tag, time: Tag| {
        let (date, time) = (plain(date), plain(time));
        if time.is_empty() {
            time
        } else {
            format!("{date} {time}")
        }
    };
    let frame_time = find(levels, content, |g| {
        Some(text(g, Tag(0x0018, 0x9074))).filter(|t| !t.is_empty())
    });
    let texts_of = [
        (
            Mark::Direction,
            find(levels, diffusion, direction).unwrap_or_default(),
        ),
        (Mark::ImageType, without_plane(image_type)),
        (
            Mark::Component,
            find(levels, Tag(0x0018, 0x9226), |g| {
                Some(text(g, Tag(0x0008, 0x9208))).filter(|t| !t.is_empty())
            })
            .unwrap_or_default(),
        ),
        (Mark::Contrast, plain(tags::CONTRAST_BOLUS_AGENT)),
        (Mark::Sequence, plain(tags::SEQUENCE_NAME)),
        (Mark::Protocol, plain(tags::PROTOCOL_NAME)),
        (Mark::Dimensions, dimensions(levels).unwrap_or_default()),
        (
            Mark::AcquisitionTime,
            frame_time.unwrap_or_else(|| time(tags::ACQUISITION_DATE, tags::ACQUISITION_TIME)),
        ),
        (
            Mark::ContentTime,
            time(tags::CONTENT_DATE, tags::CONTENT_TIME),
        ),
    ];
    for (mark, value) in texts_of {
        if !value.is_empty() {
            marks.0.insert(mark, MarkValue::Text(value));
        }
    }
    marks
}

/// ImageType but its third value, which already parts stacks.
fn without_plane(image_type: &[String]) -> String {
    let kept: Vec<&str> = image_type
        .iter()
        .enumerate()
        .filter(|(n, _)| *n != 2)
        .map(|(_, v)| v.as_str())
        .collect();
    kept.join("\\")
}

/// Diffusion b-value: the standard's, or that of Siemens, Philips or GE (who adds 10⁹).
fn b_value(g: &InMemDicomObject) -> Option<f64> {
    let private = |tag: Tag, creator: &str| {
        is_private_of(g, tag, creator)
            .then(|| private_number(g, tag))
            .flatten()
    };
    number(g, Tag(0x0018, 0x9087))
        .or_else(|| private(Tag(0x0019, 0x100C), "SIEMENS MR HEADER"))
        .or_else(|| private(Tag(0x2001, 0x1003), "Philips"))
        .or_else(|| private(Tag(0x0043, 0x1039), "GEMS").map(|b| b % 1e9))
}

fn direction(g: &InMemDicomObject) -> Option<String> {
    let gradient = Tag(0x0018, 0x9089);
    let nested = items(g, Tag(0x0018, 0x9076)).first();
    let vector = nested
        .and_then(|n| numbers(n, gradient))
        .or_else(|| numbers(g, gradient))?;
    Some(format!("{vector:.4?}"))
}

/// Dimension index values (0020,9157) but those of stack and position, joined.
fn dimensions(levels: &[&InMemDicomObject]) -> Option<String> {
    let top = levels.last()?;
    let values = find(levels, tags::FRAME_CONTENT_SEQUENCE, |g| {
        numbers(g, tags::DIMENSION_INDEX_VALUES)
    })?;
    let spatial = [
        Tag(0x0020, 0x9056),
        Tag(0x0020, 0x9057),
        Tag(0x0020, 0x0032),
        Tag(0x0020, 0x9113),
    ];
    let pointers: Vec<Option<Tag>> = items(top, tags::DIMENSION_INDEX_SEQUENCE)
        .iter()
        .map(|d| match d.get(tags::DIMENSION_INDEX_POINTER)?.value() {
            Value::Primitive(PrimitiveValue::Tags(tags)) => tags.first().copied(),
            _ => None,
        })
        .collect();
    let kept: Vec<String> = values
        .iter()
        .zip(&pointers)
        .filter(|(_, p)| p.is_some_and(|p| !spatial.contains(&p)))
        .map(|(v, _)| format!("{v:06}"))
        .collect();
    Some(kept.join("/"))
}
