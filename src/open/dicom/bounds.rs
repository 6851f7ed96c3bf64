//! A walk over element lengths before parsing: a length that leaves the file would make the parser
//! allocate what is not there. On the way it notes where the pixels lie.

use std::io::{Read, Seek};

use dicom::core::Tag;
use dicom::core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom::dictionary_std::StandardDataDictionary;

/// How elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) explicit: bool,
    pub(super) big_endian: bool,
}

const UNDEFINED: u32 = 0xFFFF_FFFF;
const PIXEL_DATA: (u16, u16) = (0x7FE0, 0x0010);
const MAX_DEPTH: usize = 32;

/// A stretch of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// How pixels lie in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// One value, frame after frame.
    Native(Span),
    /// Items of encapsulated pixels (PS3.5 A.4); the first is the basic offset table.
    Fragments(Vec<Span>),
}

/// What a walk finds of the group of pixels (7FE0).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Survey {
    /// Where that group begins; the end of the walk when there is none.
    pub(super) header_end: u64,
    /// The element with pixels: (7FE0,0008), (7FE0,0009) or (7FE0,0010), and where they are.
    pub(super) pixels: Option<(u16, Extent)>,
    /// Whether the pixels are declared as words of 16 bits (VR OW).
    pub(super) words: bool,
    /// Extended offset table (7FE0,0001) and lengths (7FE0,0002).
    pub(super) extended_offsets: Option<[Span; 2]>,
}

/// Checks that every declared length from the current position up to and including the pixels lies
/// within the file of `length` bytes, and tells where the pixels are. Says what is wrong otherwise.
pub(super) fn survey<R: Read + Seek>(
    input: &mut R,
    length: u64,
    encoding: Encoding,
) -> Result<Survey, String> {
    let mut found = Found::default();
    walk(input, length, encoding, Some(&mut found), 0)?;
    let end = input.stream_position().map_err(|e| e.to_string())?;
    let extended = (found.offsets, found.lengths);
    Ok(Survey {
        header_end: found.start.unwrap_or(end.min(length)),
        pixels: found.pixels,
        words: found.words,
        extended_offsets: match extended {
            (Some(offsets), Some(lengths)) => Some([offsets, lengths]),
            _ => None,
        },
    })
}

/// What was noted of the group of pixels so far.
#[derive(Default)]
struct Found {
    start: Option<u64>,
    pixels: Option<(u16, Extent)>,
    words: bool,
    offsets: Option<Span>,
    lengths: Option<Span>,
}

impl Found {
    fn value(&mut self, element: u16, span: Span) {
        match element {
            0x0001 => self.offsets = Some(span),
            0x0002 => self.lengths = Some(span),
            0x0008..=0x0010 => self.pixels = Some((element, Extent::Native(span))),
            _ => {}
        }
    }
}

/// Moves to an absolute position without giving up what is buffered.
fn jump<R: Seek>(input: &mut R, to: u64) -> Result<(), String> {
    let here = input.stream_position().map_err(|e| e.to_string())?;
    input
        .seek_relative(to as i64 - here as i64)
        .map_err(|e| e.to_string())
}

fn fill<R: Read>(input: &mut R, bytes: &mut [u8]) -> Result<bool, String> {
    let mut n = 0;
    while n < bytes.len() {
        match input.read(&mut bytes[n..]) {
            Ok(0) if n == 0 => return Ok(false),
            Ok(0) => return Err("the file ends inside an element".to_owned()),
            Ok(k) => n += k,
            Err(e) => return Err(e.to_string()),
        }
    }
    Ok(true)
}

fn u16_of(b: &[u8], big: bool) -> u16 {
    let b = [b[0], b[1]];
    if big {
        u16::from_be_bytes(b)
    } else {
        u16::from_le_bytes(b)
    }
}

fn u32_of(b: &[u8], big: bool) -> u32 {
    let b = [b[0], b[1], b[2], b[3]];
    if big {
        u32::from_be_bytes(b)
    } else {
        u32::from_le_bytes(b)
    }
}

/// VRs whose length has 16 bits (PS3.5 7.1.2).
const SHORT: [&[u8; 2]; 21] = [
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN",
    b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
];

/// Whether a length of 32 bits follows a VR. It does behind every VR that is not known, as the
/// parser has it too: were it taken for a short one, a length that is not there would be believed.
pub(super) fn has_long_length(vr: [u8; 2]) -> bool {
    !SHORT.contains(&&vr)
}

/// The VR that the parser takes an element for where none is written.
fn implied_vr(tag: (u16, u16)) -> Option<[u8; 2]> {
    let entry = StandardDataDictionary.by_tag(Tag(tag.0, tag.1))?;
    entry.vr().relaxed().to_bytes().into()
}

/// Bytes of one value of a VR that is stored as numbers (PS3.5 6.2). The parser reads whole values
/// only, and after a length that is no multiple it takes values for elements.
fn unit_of(vr: [u8; 2]) -> u32 {
    match &vr {
        b"US" | b"SS" | b"OW" => 2,
        b"AT" | b"UL" | b"SL" | b"OL" | b"FL" | b"OF" => 4,
        b"FD" | b"OD" | b"SV" | b"UV" | b"OV" => 8,
        _ => 1,
    }
}

/// Walks one data set: the outermost one, of which the pixels are noted, or a nested one, which
/// ends at an item delimiter when its length is undefined.
fn walk<R: Read + Seek>(
    input: &mut R,
    end: u64,
    encoding: Encoding,
    mut outermost: Option<&mut Found>,
    depth: usize,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("sequences are nested more than {MAX_DEPTH} deep"));
    }
    let big = encoding.big_endian;
    loop {
        let at = input.stream_position().map_err(|e| e.to_string())?;
        if at >= end {
            return Ok(());
        }
        let mut head = [0u8; 8];
        if !fill(input, &mut head)? {
            return Ok(());
        }
        let tag = (u16_of(&head, big), u16_of(&head[2..], big));
        if outermost.is_some() && tag > PIXEL_DATA {
            jump(input, at)?;
            return Ok(());
        }
        if let Some(found) = outermost.as_deref_mut()
            && tag.0 == PIXEL_DATA.0
            && tag.1 > 0
        {
            found.start.get_or_insert(at);
        }
        if tag == (0xFFFE, 0xE00D) {
            return Ok(());
        }
        let vr = [head[4], head[5]];
        let (vr, value_length) = if tag.0 == 0xFFFE {
            (None, u32_of(&head[4..], big))
        } else if !encoding.explicit {
            (implied_vr(tag), u32_of(&head[4..], big))
        } else if has_long_length(vr) {
            let mut long = [0u8; 4];
            if !fill(input, &mut long)? {
                return Err("the file ends inside an element".to_owned());
            }
            (Some(vr), u32_of(&long, big))
        } else {
            (Some(vr), u32::from(u16_of(&head[6..], big)))
        };
        if value_length == UNDEFINED {
            // Inside VR UN of undefined length elements are implicit (PS3.5 6.2.2), but the parser
            // reads them as it reads all others, so that is what must fit into the file.
            if let Some(found) = outermost.as_deref_mut()
                && tag == PIXEL_DATA
            {
                let fragments = walk_fragments(input, end, encoding)?;
                found.pixels = Some((tag.1, Extent::Fragments(fragments)));
                continue;
            }
            walk_items(input, end, encoding, depth + 1).map_err(|e| match vr {
                Some([b'U', b'N']) => format!(
                    "the sequence ({:04X},{:04X}) of unknown VR cannot be read",
                    tag.0, tag.1
                ),
                _ => e,
            })?;
            continue;
        }
        let here = input.stream_position().map_err(|e| e.to_string())?;
        let after = here + u64::from(value_length);
        if after > end {
            let left = end.saturating_sub(here);
            return Err(format!(
                "element ({:04X},{:04X}) declares {value_length} bytes, {left} are left: {} are missing",
                tag.0,
                tag.1,
                u64::from(value_length) - left
            ));
        }
        let unit = vr.map_or(1, unit_of);
        if value_length % unit != 0 && (outermost.is_none() || tag.0 != PIXEL_DATA.0) {
            return Err(format!(
                "element ({:04X},{:04X}) declares {value_length} bytes, which is no whole number of \
                 values of {unit} bytes",
                tag.0, tag.1
            ));
        }
        if let Some(found) = outermost.as_deref_mut()
            && tag.0 == PIXEL_DATA.0
        {
            let length = u64::from(value_length);
            found.words = vr == Some(*b"OW");
            found.value(
                tag.1,
                Span {
                    offset: here,
                    length,
                },
            );
        }
        if vr == Some(*b"SQ") {
            walk_defined_items(input, after, encoding, depth + 1)?;
        }
        jump(input, after)?;
    }
}

/// Items of a sequence of undefined length, up to its delimiter.
fn walk_items<R: Read + Seek>(
    input: &mut R,
    end: u64,
    encoding: Encoding,
    depth: usize,
) -> Result<(), String> {
    loop {
        let mut head = [0u8; 8];
        if !fill(input, &mut head)? {
            return Err("the file ends inside a sequence".to_owned());
        }
        let big = encoding.big_endian;
        match (u16_of(&head, big), u16_of(&head[2..], big)) {
            (0xFFFE, 0xE0DD) => return Ok(()),
            (0xFFFE, 0xE000) => item(input, u32_of(&head[4..], big), end, encoding, depth)?,
            (g, e) => return Err(format!("({g:04X},{e:04X}) stands where an item is due")),
        }
    }
}

/// The items of encapsulated pixels, up to the sequence delimiter.
fn walk_fragments<R: Read + Seek>(
    input: &mut R,
    end: u64,
    encoding: Encoding,
) -> Result<Vec<Span>, String> {
    let mut fragments = Vec::new();
    loop {
        let mut head = [0u8; 8];
        if !fill(input, &mut head)? {
            return Err("the file ends inside the compressed pixels".to_owned());
        }
        let big = encoding.big_endian;
        match (u16_of(&head, big), u16_of(&head[2..], big)) {
            (0xFFFE, 0xE0DD) => return Ok(fragments),
            (0xFFFE, 0xE000) => {
                let offset = input.stream_position().map_err(|e| e.to_string())?;
                let length = u64::from(u32_of(&head[4..], big));
                if offset + length > end {
                    return Err("the file ends inside the compressed pixels".to_owned());
                }
                fragments.push(Span { offset, length });
                jump(input, offset + length)?;
            }
            (g, e) => return Err(format!("({g:04X},{e:04X}) stands where an item is due")),
        }
    }
}

/// Items of a sequence of defined length.
fn walk_defined_items<R: Read + Seek>(
    input: &mut R,
    end: u64,
    encoding: Encoding,
    depth: usize,
) -> Result<(), String> {
    while input.stream_position().map_err(|e| e.to_string())? < end {
        let mut head = [0u8; 8];
        if !fill(input, &mut head)? {
            return Err("the file ends inside a sequence".to_owned());
        }
        let big = encoding.big_endian;
        match (u16_of(&head, big), u16_of(&head[2..], big)) {
            (0xFFFE, 0xE000) => item(input, u32_of(&head[4..], big), end, encoding, depth)?,
            (0xFFFE, 0xE0DD) => return Ok(()),
            (g, e) => return Err(format!("({g:04X},{e:04X}) stands where an item is due")),
        }
    }
    Ok(())
}

fn item<R: Read + Seek>(
    input: &mut R,
    length: u32,
    end: u64,
    encoding: Encoding,
    depth: usize,
) -> Result<(), String> {
    if length == UNDEFINED {
        return walk(input, end, encoding, None, depth);
    }
    let here = input.stream_position().map_err(|e| e.to_string())?;
    let after = here + u64::from(length);
    if after > end {
        return Err(format!(
            "an item declares {length} bytes, {} are left",
            end.saturating_sub(here)
        ));
    }
    walk(input, after, encoding, None, depth)?;
    jump(input, after)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    const EXPLICIT: Encoding = Encoding {
        explicit: true,
        big_endian: false,
    };

    #[test]
    fn a_length_beyond_the_file_is_named() {
        let mut bytes = b"\x10\x00\x10\x00UT\x00\x00".to_vec();
        bytes.extend(0xFFFF_FFF0u32.to_le_bytes());
        bytes.extend(b"name");
        let n = bytes.len() as u64;
        let error = survey(&mut Cursor::new(bytes), n, EXPLICIT).unwrap_err();
        assert!(error.contains("(0010,0010)"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, explicit: bool, big_endian: bool) {
            let n = bytes.len() as u64;
            let answer = survey(&mut Cursor::new(bytes), n, Encoding { explicit, big_endian });
            proptest::prop_assert!(answer.is_ok() || answer.is_err_and(|e| !e.is_empty()));
        }
    }
}
