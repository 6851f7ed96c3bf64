//! The coded character sets of PS3.3 tables C.12-2 to C.12-4 and their escape sequences.

use encoding_rs::{
    EUC_JP, EUC_KR, Encoding, GBK, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6,
    ISO_8859_7, ISO_8859_8, ISO_8859_15, WINDOWS_874, WINDOWS_1252, WINDOWS_1254,
};

pub(super) const ESCAPE: u8 = 0x1B;

/// A set of characters of one or two bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Set {
    /// ISO-IR 6.
    Ascii,
    /// ISO-IR 14, the Roman half of JIS X 0201.
    Roman,
    /// ISO-IR 13, the katakana half of JIS X 0201.
    Katakana,
    /// The upper half (from 0xA0) of a single-byte encoding.
    Upper(&'static Encoding),
    /// ISO-IR 87, JIS X 0208.
    Kanji,
    /// ISO-IR 159, JIS X 0212.
    Supplement,
    /// ISO-IR 149, KS X 1001.
    Korean,
    /// ISO-IR 58, GB 2312.
    Chinese,
}

impl Set {
    /// Bytes of a character.
    pub(super) const fn width(self) -> usize {
        match self {
            Self::Ascii | Self::Roman | Self::Katakana | Self::Upper(_) => 1,
            Self::Kanji | Self::Supplement | Self::Korean | Self::Chinese => 2,
        }
    }

    /// The character of these bytes; `None` when they mean nothing.
    pub(super) fn character(self, bytes: &[u8]) -> Option<char> {
        match (self, bytes) {
            (Self::Ascii, [b]) => b.is_ascii().then_some(char::from(*b)),
            (Self::Roman, [0x7E]) => Some('‾'),
            (Self::Roman, [b]) => b.is_ascii().then_some(char::from(*b)),
            (Self::Katakana, [b @ 0xA1..=0xDF]) => char::from_u32(0xFF61 + u32::from(*b) - 0xA1),
            (Self::Upper(encoding), [0xA0..=0xFF]) => single(encoding, bytes),
            // G0 holds the seven-bit forms of what EUC has with the high bit set.
            (Self::Kanji, [a @ 0x21..=0x7E, b @ 0x21..=0x7E]) => {
                single(EUC_JP, &[a | 0x80, b | 0x80])
            }
            (Self::Supplement, [a @ 0x21..=0x7E, b @ 0x21..=0x7E]) => {
                single(EUC_JP, &[0x8F, a | 0x80, b | 0x80])
            }
            (Self::Korean, [0xA1..=0xFE, 0xA1..=0xFE]) => single(EUC_KR, bytes),
            (Self::Chinese, [0xA1..=0xFE, 0xA1..=0xFE]) => single(GBK, bytes),
            _ => None,
        }
        .filter(|c| *c != char::REPLACEMENT_CHARACTER)
    }
}

fn single(encoding: &'static Encoding, bytes: &[u8]) -> Option<char> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// The upper half by ISO registration number.
fn upper(registration: u32) -> Option<Set> {
    Some(Set::Upper(match registration {
        100 => WINDOWS_1252,
        101 => ISO_8859_2,
        109 => ISO_8859_3,
        110 => ISO_8859_4,
        144 => ISO_8859_5,
        127 => ISO_8859_6,
        126 => ISO_8859_7,
        138 => ISO_8859_8,
        148 => WINDOWS_1254,
        203 => ISO_8859_15,
        166 => WINDOWS_874,
        _ => return None,
    }))
}

/// G0 and G1 at the start of a text whose first defined term has this registration number.
/// Two-byte sets do not belong there, but some files put them there.
pub(super) fn initial(registration: u32) -> Option<(Set, Option<Set>)> {
    match registration {
        6 | 87 | 159 => Some((Set::Ascii, None)),
        13 => Some((Set::Roman, Some(Set::Katakana))),
        149 => Some((Set::Ascii, Some(Set::Korean))),
        58 => Some((Set::Ascii, Some(Set::Chinese))),
        other => Some((Set::Ascii, Some(upper(other)?))),
    }
}

/// What an escape sequence designates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Escape {
    G0(Set),
    G1(Set),
}

/// The escape sequence that `bytes` begin with, and its length.
pub(super) fn escape(bytes: &[u8]) -> (Option<Escape>, usize) {
    const PAIRS: [(&[u8], Escape); 8] = [
        (b"(B", Escape::G0(Set::Ascii)),
        (b"(J", Escape::G0(Set::Roman)),
        (b")I", Escape::G1(Set::Katakana)),
        (b"$B", Escape::G0(Set::Kanji)),
        (b"$@", Escape::G0(Set::Kanji)),
        (b"$(D", Escape::G0(Set::Supplement)),
        (b"$)C", Escape::G1(Set::Korean)),
        (b"$)A", Escape::G1(Set::Chinese)),
    ];
    const UPPER: [(u8, u32); 11] = [
        (b'A', 100),
        (b'B', 101),
        (b'C', 109),
        (b'D', 110),
        (b'L', 144),
        (b'G', 127),
        (b'F', 126),
        (b'H', 138),
        (b'M', 148),
        (b'b', 203),
        (b'T', 166),
    ];
    let after = &bytes[1..];
    if let Some((code, escape)) = PAIRS.iter().find(|(code, _)| after.starts_with(code)) {
        return (Some(*escape), 1 + code.len());
    }
    if let [b'-', last, ..] = after
        && let Some((_, number)) = UPPER.iter().find(|(code, _)| code == last)
    {
        return (upper(*number).map(Escape::G1), 3);
    }
    (None, 1)
}
