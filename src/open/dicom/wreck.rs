//! What a damaged file still says of itself.

use std::io::Read as _;
use std::path::Path;

use crate::open::bytes::Bytes;

/// How far a file is searched; headers put the series before the pixels.
const SEARCHED: u64 = 64 * 1024;
/// Longest UID (PS3.5, 6.2).
const MAX_UID: usize = 64;

/// Every Series Instance UID (0020,000E) in a file that cannot be read as a whole, found by its tag:
/// that of the file's own series, and those that it refers to.
pub(in crate::open) fn series_named_in(path: &Path) -> Vec<String> {
    let mut head = Vec::new();
    let read = Bytes::open(path).and_then(|file| file.take(SEARCHED).read_to_end(&mut head));
    match read {
        Ok(_) => (0..head.len())
            .filter_map(|at| uid_behind(&head[at..]))
            .collect(),
        Err(_) => Vec::new(),
    }
}

/// The UID of an element (0020,000E) that begins here, in any of the uncompressed encodings.
fn uid_behind(bytes: &[u8]) -> Option<String> {
    let (tag, rest) = bytes.split_at_checked(4)?;
    let (length, rest) = rest.split_at_checked(4)?;
    let length = match (tag, length) {
        ([0x20, 0, 0x0e, 0], [b'U', b'I', low, high]) => u16::from_le_bytes([*low, *high]),
        ([0, 0x20, 0, 0x0e], [b'U', b'I', high, low]) => u16::from_be_bytes([*high, *low]),
        ([0x20, 0, 0x0e, 0], [low, high, 0, 0]) => u16::from_le_bytes([*low, *high]),
        _ => return None,
    };
    let text = rest
        .get(..usize::from(length))
        .filter(|t| t.len() <= MAX_UID)?;
    let text = std::str::from_utf8(text)
        .ok()?
        .trim_end_matches(['\0', ' ']);
    let is_uid = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    is_uid.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_found_in_each_encoding_and_not_in_noise() {
        for element in [
            &b"\x20\0\x0e\0UI\x08\x002.25.12\0"[..],
            b"\0\x20\0\x0eUI\0\x082.25.12\0",
            b"\x20\0\x0e\0\x08\0\0\x002.25.12\0",
        ] {
            assert_eq!(uid_behind(element).as_deref(), Some("2.25.12"));
            assert_eq!(uid_behind(&element[..12]), None, "cut short");
        }
        assert_eq!(uid_behind(b"\x20\0\x0e\0UI\x08\0not a id"), None);
        assert_eq!(uid_behind(b"\x20\0\x0d\0UI\x08\x002.25.12\0"), None);
    }
}
