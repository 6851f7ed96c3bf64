//! Reading numbers back out of a sentence.

use std::ops::Range;

/// A number or a date found in a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    /// Where, in bytes, sign included and unit excluded.
    pub(super) range: Range<usize>,
    /// What.
    pub(super) value: TokenValue,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenValue {
    /// `2024-03-01`, as written.
    Date(String),
    /// A number.
    Number {
        /// `+`, `−` or nothing written in front.
        sign: Option<char>,
        /// Digits and point, as written.
        digits: String,
        /// Unit that follows, in its canonical spelling; empty where none does.
        unit: String,
    },
}

/// Units and their canonical spelling, longer spellings before their prefixes.
const UNITS: [(&str, &str); 30] = [
    ("mm³", "mm³"),
    ("mm3", "mm³"),
    ("mm²", "mm²"),
    ("mm2", "mm²"),
    ("millimetres", "mm"),
    ("mm", "mm"),
    ("cm³", "mL"),
    ("cm3", "mL"),
    ("cm", "cm"),
    ("mL", "mL"),
    ("ml", "mL"),
    ("cc", "mL"),
    ("pixels", "px"),
    ("pixel", "px"),
    ("px", "px"),
    ("voxels", "voxels"),
    ("voxel", "voxels"),
    ("per cent", "%"),
    ("percent", "%"),
    ("%", "%"),
    ("days", "days"),
    ("day", "days"),
    ("weeks", "weeks"),
    ("week", "weeks"),
    ("lesions", "lesions"),
    ("lesion", "lesions"),
    ("time points", "time points"),
    ("time point", "time points"),
    ("Gy", "Gy"),
    ("HU", "HU"),
];

/// The unit at the start of `text`, after at most one space.
fn unit_at(text: &str) -> &'static str {
    let rest = text
        .strip_prefix([' ', '\u{a0}', '\u{202f}'])
        .unwrap_or(text);
    UNITS
        .iter()
        .find(|(spelling, _)| {
            rest.strip_prefix(spelling).is_some_and(|after| {
                *spelling == "%" || !after.starts_with(|c: char| c.is_alphanumeric())
            })
        })
        .map_or("", |(_, canonical)| canonical)
}

fn date_at(text: &str) -> Option<&str> {
    let candidate = text.get(..10)?;
    let shape = candidate.bytes().enumerate().all(|(i, b)| match i {
        4 | 7 => b == b'-',
        _ => b.is_ascii_digit(),
    });
    let ends = !text[10..].starts_with(|c: char| c.is_ascii_digit());
    (shape && ends).then_some(candidate)
}

/// All numbers and dates of `text`, in order. Any run of digits is one, wherever it stands: a
/// digit that nobody vouches for must not slip by inside a word.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find(char::is_numeric) {
        let start = at + offset;
        if let Some(date) = date_at(&text[start..]) {
            out.push(Token {
                range: start..start + 10,
                value: TokenValue::Date(date.to_owned()),
            });
            at = start + 10;
            continue;
        }
        let end = number_end(text, start);
        let before = &text[..start];
        let sign = before
            .chars()
            .next_back()
            .filter(|c| matches!(c, '+' | '-' | '\u{2212}'))
            .filter(|c| {
                let further = before[..before.len() - c.len_utf8()].chars().next_back();
                !further.is_some_and(char::is_alphanumeric)
            })
            .map(|c| if c == '+' { c } else { '\u{2212}' });
        let from = start - sign.map_or(0, |_| before.chars().next_back().map_or(0, char::len_utf8));
        out.push(Token {
            range: from..end,
            value: TokenValue::Number {
                sign,
                digits: text[start..end].to_owned(),
                unit: unit_at(&text[end..]).to_owned(),
            },
        });
        at = end;
    }
    share_units(text, &mut out);
    out
}

/// End of the number that starts at `start`: digits, and a point when digits follow it.
fn number_end(text: &str, start: usize) -> usize {
    let mut end = start;
    let mut point = false;
    let mut chars = text[start..].chars().peekable();
    while let Some(c) = chars.next() {
        let is_point = c == '.' && !point && chars.peek().is_some_and(char::is_ascii_digit);
        if !c.is_numeric() && !is_point {
            break;
        }
        point |= is_point;
        end += c.len_utf8();
    }
    end
}

/// In `18.2 to 24.1 mL` the first number has the unit of the second.
fn share_units(text: &str, tokens: &mut [Token]) {
    for i in (1..tokens.len()).rev() {
        let (left, right) = tokens.split_at_mut(i);
        let (a, b) = (&mut left[i - 1], &right[0]);
        let between = &text[a.range.end..b.range.start];
        if !matches!(between.trim(), "to" | "and" | "\u{2013}") {
            continue;
        }
        if let (
            TokenValue::Number { unit, .. },
            TokenValue::Number {
                unit: following, ..
            },
        ) = (&mut a.value, &b.value)
            && unit.is_empty()
        {
            unit.clone_from(following);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(t: &Token) -> (Option<char>, &str, &str) {
        match &t.value {
            TokenValue::Number { sign, digits, unit } => (*sign, digits, unit),
            TokenValue::Date(d) => (None, d, "date"),
        }
    }

    #[test]
    fn numbers_come_with_sign_and_unit() {
        let found = tokens("From 32.1 mm to 28 px, \u{2212}12.5 % (-3 %), 5-FU on 2024-03-01.");
        let found: Vec<_> = found.iter().map(number).collect();
        assert_eq!(
            found,
            [
                (None, "32.1", "mm"),
                (None, "28", "px"),
                (Some('\u{2212}'), "12.5", "%"),
                (Some('\u{2212}'), "3", "%"),
                (None, "5", ""),
                (None, "2024-03-01", "date"),
            ]
        );
    }

    #[test]
    fn an_interval_shares_its_unit() {
        let found = tokens("21.3 mL (90 % interval 18.2 to 24.1 mL).");
        let found: Vec<_> = found.iter().map(number).collect();
        assert_eq!(
            found,
            [
                (None, "21.3", "mL"),
                (None, "90", "%"),
                (None, "18.2", "mL"),
                (None, "24.1", "mL"),
            ]
        );
    }

    #[test]
    fn digits_inside_words_are_seen() {
        let found = tokens("L12 and C2");
        let found: Vec<_> = found.iter().map(number).collect();
        assert_eq!(found, [(None, "12", ""), (None, "2", "")]);
    }
}
