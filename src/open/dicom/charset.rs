//! Text by the Specific Character Set (0008,0005) of a data set (PS3.3 C.12.1.1.2, PS3.5 6.1).
//!
//! Code extensions follow ISO 2022: an escape sequence designates a set to G0 (bytes below 0x80) or
//! G1 (the others), and a delimiter takes back every designation (PS3.5 6.1.2.5.3). A byte of a
//! two-byte character is never a delimiter, whatever it looks like.

mod restore;
mod sets;

pub(super) use restore::{hidden, restore};

use encoding_rs::{Encoding, GB18030, UTF_8};
use sets::{Escape, Set};

/// What a data set declares, ready to decode with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CharacterSets {
    base: Base,
    /// Whether the first term is known; text beyond ASCII cannot be trusted otherwise.
    known: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Base {
    /// One encoding of whole texts, without code extensions.
    Whole(&'static Encoding),
    /// What G0 and G1 hold until an escape sequence and after a delimiter.
    Extended { g0: Set, g1: Option<Set> },
}

/// Decoded text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) text: String,
    /// Whether every byte was decoded as declared.
    pub(super) exact: bool,
}

impl Default for CharacterSets {
    fn default() -> Self {
        Self::declared(&[])
    }
}

impl CharacterSets {
    /// From the values of (0008,0005); none, or an empty first one, means ISO-IR 6.
    pub(super) fn declared(terms: &[String]) -> Self {
        let first = terms.first().map_or("", String::as_str);
        let normal: String = first
            .to_uppercase()
            .chars()
            .map(|c| if matches!(c, '_' | '-') { ' ' } else { c })
            .collect();
        let (base, known) = match normal.trim() {
            "ISO IR 192" => (Base::Whole(UTF_8), true),
            "GB18030" | "GBK" => (Base::Whole(GB18030), true),
            "" => (
                Base::Extended {
                    g0: Set::Ascii,
                    g1: None,
                },
                true,
            ),
            other => {
                let number = other
                    .strip_prefix("ISO 2022 IR ")
                    .or_else(|| other.strip_prefix("ISO IR "))
                    .and_then(|n| n.trim().parse().ok());
                match number.and_then(sets::initial) {
                    Some((g0, g1)) => (Base::Extended { g0, g1 }, true),
                    None => (
                        Base::Extended {
                            g0: Set::Ascii,
                            g1: None,
                        },
                        false,
                    ),
                }
            }
        };
        Self { base, known }
    }

    /// Text of a value. Bytes that mean nothing become U+FFFD, and the text is not exact. Where
    /// nothing is declared, or what is not known, well-formed UTF-8 is taken as such, not exactly.
    pub(super) fn decode(&self, bytes: &[u8]) -> Decoded {
        if bytes.is_ascii() && !bytes.contains(&sets::ESCAPE) {
            return Decoded {
                text: String::from_utf8_lossy(bytes).into_owned(),
                exact: true,
            };
        }
        match self.base {
            Base::Whole(encoding) => {
                let (text, damaged) = encoding.decode_without_bom_handling(bytes);
                Decoded {
                    text: text.into_owned(),
                    exact: !damaged,
                }
            }
            Base::Extended { g0, g1 } => {
                let mut decoded = extended(bytes, g0, g1);
                let foreign = !self.known || g1.is_none();
                if foreign
                    && !decoded.exact
                    && let Ok(text) = std::str::from_utf8(bytes)
                {
                    decoded.text = text.to_owned();
                }
                decoded.exact &= self.known;
                decoded
            }
        }
    }
}

/// Decodes text with code extensions.
fn extended(bytes: &[u8], initial_g0: Set, initial_g1: Option<Set>) -> Decoded {
    let (mut g0, mut g1) = (initial_g0, initial_g1);
    let mut text = String::with_capacity(bytes.len());
    let mut exact = true;
    let mut rest = bytes;
    while let Some(&byte) = rest.first() {
        if byte == sets::ESCAPE {
            let (escape, length) = sets::escape(rest);
            match escape {
                Some(Escape::G0(set)) => g0 = set,
                Some(Escape::G1(set)) => g1 = Some(set),
                None => {
                    text.push(char::REPLACEMENT_CHARACTER);
                    exact = false;
                }
            }
            rest = &rest[length..];
            continue;
        }
        let set = if byte < 0x80 { Some(g0) } else { g1 };
        let width = set.map_or(1, Set::width).min(rest.len());
        let (character, after) = rest.split_at(width);
        match set.and_then(|set| set.character(character)) {
            Some(c) => text.push(c),
            None => {
                text.push(char::REPLACEMENT_CHARACTER);
                exact = false;
            }
        }
        if width == 1 && matches!(byte, b'\\' | b'^' | b'=' | b'\r' | b'\n' | b'\t' | 0x0C) {
            (g0, g1) = (initial_g0, initial_g1);
        }
        rest = after;
    }
    Decoded { text, exact }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(declared: &str) -> CharacterSets {
        let terms: Vec<String> = declared.split('\\').map(str::to_owned).collect();
        CharacterSets::declared(&terms)
    }

    fn decodes(declared: &str, bytes: &[u8], text: &str) {
        let decoded = sets(declared).decode(bytes);
        assert_eq!(decoded.text, text, "{declared}");
        assert!(decoded.exact, "{declared}");
    }

    #[test]
    fn names_of_the_annexes_of_ps3_5() {
        // H.3.1, H.3.2: Japanese.
        decodes(
            "\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        );
        decodes(
            "ISO 2022 IR 13\\ISO 2022 IR 87",
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        );
        // I.2: Korean.
        decodes(
            "\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            "Hong^Gildong=洪^吉洞=홍^길동",
        );
        // J.1, J.3: Chinese in UTF-8 and GB18030.
        decodes(
            "ISO_IR 192",
            b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=",
            "Wang^XiaoDong=王^小東=",
        );
        decodes(
            "GB18030",
            b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
            "Wang^XiaoDong=王^小东=",
        );
        // K.2: Chinese in GB 2312 with code extensions.
        decodes(
            "\\ISO 2022 IR 58",
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
            "Zhang^XiaoDong=张^小东=",
        );
    }

    #[test]
    fn single_byte_sets() {
        decodes("ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme");
        decodes("ISO_IR 101", b"W\xb1\xbf", "Wąż");
        decodes("ISO_IR 144", b"\xbb\xee\xda", "Люк");
        decodes("ISO_IR 126", b"\xc4\xe9\xef\xed", "Διον");
        decodes("ISO_IR 127", b"\xe2\xc8\xc7", "قبا");
        decodes("ISO_IR 138", b"\xf9\xf8", "שר");
        decodes("ISO_IR 148", b"\xc7avu\xfeo\xf0lu", "Çavuşoğlu");
        decodes("ISO_IR 166", b"\xb9\xd2", "นา");
        decodes("ISO_IR 13", b"\xd4\xcf", "ﾔﾏ");
        decodes("ISO_IR 203", b"\xa4", "€");
        decodes("ISO_IR_100", b"\xe9", "é");
    }

    #[test]
    fn bytes_that_look_like_delimiters_stay_in_their_characters() {
        // GBK 0x815C, and JIS X 0208 0x245E (ま), 0x305C, which hold a backslash and a caret.
        decodes("GBK", b"\x81\x5c^x", "乗^x");
        decodes("\\ISO 2022 IR 87", b"\x1b$B$^0\\\x1b(B^a", "ま移^a");
        decodes("\\ISO 2022 IR 159", b"\x1b$(D0!\x1b(B", "丂");
    }

    #[test]
    fn designations_end_at_delimiters() {
        let decoded = sets("\\ISO 2022 IR 149").decode(b"\x1b$)C\xfb\xf3^\xd1\xce");
        assert_eq!(decoded.text, "洪^\u{FFFD}\u{FFFD}");
        assert!(!decoded.exact);
    }

    #[test]
    fn what_cannot_be_known_is_not_presented_as_right() {
        for (declared, bytes) in [
            ("", &b"J\xe9r\xf4me"[..]),
            ("ISO_IR 999", b"J\xe9r\xf4me"),
            ("ISO_IR 192", b"J\xe9r\xf4me"),
            ("ISO_IR 100", b"\x81"),
            ("ISO_IR 6", b"\xc3\xa9"),
            ("", b"\x1b%G\xc3"),
        ] {
            assert!(!sets(declared).decode(bytes).exact, "{declared}");
        }
        assert_eq!(sets("").decode(b"\xc3\xa9").text, "é");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, which in 0usize..6) {
            let declared = [
                "", "ISO 2022 IR 13\\ISO 2022 IR 87", "\\ISO 2022 IR 149", "GB18030", "ISO_IR 192",
                "ISO 2022 IR 100\\ISO 2022 IR 126",
            ][which];
            let decoded = sets(declared).decode(&bytes);
            proptest::prop_assert!(decoded.exact || !bytes.is_ascii() || bytes.contains(&0x1B));
        }

        #[test]
        fn exact_text_of_whole_encodings_goes_back(text in "[ -~À-ž一-龥]{0,30}") {
            for (declared, encoding) in [("ISO_IR 192", UTF_8), ("GB18030", GB18030)] {
                let (bytes, ..) = encoding.encode(&text);
                proptest::prop_assert_eq!(&sets(declared).decode(&bytes).text, &text);
            }
        }
    }
}
