//! Puts values into a translated text.

use std::fmt::{Display, Write as _};

/// Replaces `{name}` by the value of that name, also with a sign and a number of decimals as in
/// `{size:+.1}`. What names no value stays as it stands: a translation may look odd, but never stops
/// the program.
pub(crate) fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
            filled.push_str(&rest[..1]);
            rest = after;
        } else if let Some(length) = put(&mut filled, rest, values) {
            rest = &rest[length..];
        } else {
            filled.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    filled + rest
}

/// Writes the value of the placeholder that a text begins with. Answers with its length.
fn put(filled: &mut String, text: &str, values: &[(&str, &dyn Display)]) -> Option<usize> {
    let (inner, _) = text.strip_prefix('{')?.split_once('}')?;
    let (name, form) = inner.split_once(':').unwrap_or((inner, ""));
    let (_, value) = values.iter().find(|(of, _)| *of == name)?;
    let (sign, form) = match form.strip_prefix('+') {
        Some(form) => (true, form),
        None => (false, form),
    };
    let decimals = form.strip_prefix('.').map(str::parse::<usize>);
    match (sign, decimals) {
        (true, Some(Ok(n))) => write!(filled, "{value:+.n$}"),
        (true, _) => write!(filled, "{value:+}"),
        (false, Some(Ok(n))) => write!(filled, "{value:.n$}"),
        (false, _) => write!(filled, "{value}"),
    }
    .ok()?;
    Some(inner.len() + 2)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_stand_where_the_text_wants_them() {
        let values: &[(&str, &dyn std::fmt::Display)] = &[("n", &3), ("size", &1.26)];
        assert_eq!(fill("{size:.1} mm, {n}", values), "1.3 mm, 3");
        assert_eq!(fill("{n}: {size:+.1}{{n}}", values), "3: +1.3{n}");
    }

    #[test]
    fn what_names_no_value_stays() {
        assert_eq!(fill("{m} } { é{", &[("n", &3)]), "{m} } { é{");
    }
}
