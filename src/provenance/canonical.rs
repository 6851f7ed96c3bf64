//! One spelling per JSON value, so that it can be hashed.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// The canonical text of a JSON value after RFC 8785: no white space, members sorted by the UTF-16
/// code units of their names, numbers as ECMAScript prints them.
///
/// One departure: whole numbers beyond 2⁵³ are printed exactly instead of being rounded to a
/// double, because seeds and nanoseconds need all their digits.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (n, (name, member)) in members.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write_text(out, name);
                out.push(':');
                write_value(out, member);
            }
            out.push('}');
        }
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => push(out, format_args!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn write_number(out: &mut String, number: &Number) {
    if let Some(n) = number.as_u64() {
        push(out, format_args!("{n}"));
    } else if let Some(n) = number.as_i64() {
        push(out, format_args!("{n}"));
    } else if let Some(x) = number.as_f64() {
        write_double(out, x);
    }
}

/// ECMA-262 `Number::toString`: the shortest digits that read back, plain between 1e-7 and 1e21.
fn write_double(out: &mut String, x: f64) {
    if x == 0.0 {
        out.push('0');
        return;
    }
    if x < 0.0 {
        out.push('-');
    }
    let shortest = format!("{:e}", x.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let count = digits.len() as i32;
    // Position of the decimal point behind the first digit; `format!` writes a valid exponent.
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    match point {
        p if p >= count && p <= 21 => {
            out.push_str(&digits);
            out.extend(std::iter::repeat_n('0', (p - count) as usize));
        }
        p if p > 0 && p <= 21 => {
            out.push_str(&digits[..p as usize]);
            out.push('.');
            out.push_str(&digits[p as usize..]);
        }
        p if p > -6 && p <= 0 => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', -p as usize));
            out.push_str(&digits);
        }
        p => {
            out.push_str(&digits[..1]);
            if count > 1 {
                out.push('.');
                out.push_str(&digits[1..]);
            }
            push(out, format_args!("e{:+}", p - 1));
        }
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Sample values of RFC 8785, appendix B.
    #[test]
    fn numbers_are_printed_as_the_rfc_lists_them() {
        for (bits, text) in [
            (0x0000_0000_0000_0001_u64, "5e-324"),
            (0x8000_0000_0000_0000, "0"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ] {
            assert_eq!(canonical_json(&json!(f64::from_bits(bits))), text);
        }
    }

    #[test]
    fn members_are_sorted_by_utf16() {
        let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "ö": 6});
        assert_eq!(
            canonical_json(&value),
            "{\"\\r\":2,\"1\":4,\"ö\":6,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
        );
    }

    proptest! {
        #[test]
        fn doubles_read_back(x in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            let text = canonical_json(&json!(x));
            prop_assert_eq!(text.parse::<f64>().unwrap(), x);
        }

        #[test]
        fn text_reads_back(text in any::<String>()) {
            let back: String = serde_json::from_str(&canonical_json(&json!(text))).unwrap();
            prop_assert_eq!(back, text);
        }
    }
}
