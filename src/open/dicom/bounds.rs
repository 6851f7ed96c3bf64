//! A walk over element lengths before parsing: a length that leaves the file would make the parser
//! allocate what is not there.

use std::io::{Read, Seek};

/// How elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) explicit: bool,
    pub(super) big_endian: bool,
}

const UNDEFINED: u32 = 0xFFFF_FFFF;
const PIXEL_DATA: (u16, u16) = (0x7FE0, 0x0010);
const MAX_DEPTH: usize = 32;

/// Checks that every declared length from the current position up to and including the pixels lies
/// within the file of `length` bytes. Says what is wrong otherwise.
pub(super) fn check<R: Read + Seek>(
    input: &mut R,
    length: u64,
    encoding: Encoding,
) -> Result<(), String> {
    walk(input, length, encoding, false, 0)
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

/// Walks one data set. `nested` data sets of undefined length end at an item delimiter.
fn walk<R: Read + Seek>(
    input: &mut R,
    end: u64,
    encoding: Encoding,
    nested: bool,
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
        if !nested && tag > PIXEL_DATA {
            jump(input, at)?;
            return Ok(());
        }
        if tag == (0xFFFE, 0xE00D) {
            return Ok(());
        }
        let vr = [head[4], head[5]];
        let (vr, value_length) = if !encoding.explicit || tag.0 == 0xFFFE {
            (None, u32_of(&head[4..], big))
        } else if matches!(
            &vr,
            b"OB"
                | b"OD"
                | b"OF"
                | b"OL"
                | b"OV"
                | b"OW"
                | b"SQ"
                | b"SV"
                | b"UC"
                | b"UN"
                | b"UR"
                | b"UT"
                | b"UV"
        ) {
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
            let contents = if tag == PIXEL_DATA {
                Contents::Fragments
            } else {
                Contents::DataSets
            };
            walk_items(input, end, encoding, contents, depth + 1).map_err(|e| match vr {
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
            return Err(format!(
                "element ({:04X},{:04X}) declares {value_length} bytes, {} are left",
                tag.0,
                tag.1,
                end.saturating_sub(here)
            ));
        }
        if vr == Some(*b"SQ") {
            walk_defined_items(input, after, encoding, depth + 1)?;
        }
        jump(input, after)?;
    }
}

/// What items hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Contents {
    DataSets,
    /// Encapsulated pixels.
    Fragments,
}

/// Items of a sequence of undefined length, up to its delimiter.
fn walk_items<R: Read + Seek>(
    input: &mut R,
    end: u64,
    encoding: Encoding,
    contents: Contents,
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
            (0xFFFE, 0xE000) if contents == Contents::Fragments => {
                let length = i64::from(u32_of(&head[4..], big));
                input.seek_relative(length).map_err(|e| e.to_string())?;
                if input.stream_position().map_err(|e| e.to_string())? > end {
                    return Err("the file ends inside the compressed pixels".to_owned());
                }
            }
            (0xFFFE, 0xE000) => item(input, u32_of(&head[4..], big), end, encoding, depth)?,
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
        return walk(input, end, encoding, true, depth);
    }
    let here = input.stream_position().map_err(|e| e.to_string())?;
    let after = here + u64::from(length);
    if after > end {
        return Err(format!(
            "an item declares {length} bytes, {} are left",
            end - here
        ));
    }
    walk(input, after, encoding, true, depth)?;
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
        let error = check(&mut Cursor::new(bytes), n, EXPLICIT).unwrap_err();
        assert!(error.contains("(0010,0010)"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, explicit: bool, big_endian: bool) {
            let n = bytes.len() as u64;
            let answer = check(&mut Cursor::new(bytes), n, Encoding { explicit, big_endian });
            proptest::prop_assert!(answer.is_ok() || answer.is_err_and(|e| !e.is_empty()));
        }
    }
}
