//! Keeping out of audit entries what might identify a person.

use serde_json::Value;

/// What stands in an audit entry in place of text that might identify a person.
pub(super) const WITHHELD: &str = "…";

/// A copy of the detail of an audit entry in which every text that might identify a person is
/// replaced by `…`.
///
/// Text passes when it has at most 64 characters out of `A–Z a–z 0–9 _ . : + -`, as ids, hashes,
/// dates and code words do, or is a name and a version (`growcut/1`), or two such
/// (`growcut/1+hand/1`): no blanks, no paths, no `^` of person names. The store passes every entry
/// through this, in all builds alike: a word too many must not cost the user the gesture, and must
/// not enter a trail that is never erased. It cannot tell a bare surname from a code word; that is
/// left to callers and their tests.
#[must_use]
pub fn withhold_personal(detail: &Value) -> Value {
    match detail {
        Value::String(text) => plain_or_withheld(text).into(),
        Value::Array(items) => items.iter().map(withhold_personal).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (plain_or_withheld(name), withhold_personal(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => detail.clone(),
    }
}

pub(super) fn plain_or_withheld(text: &str) -> String {
    if is_plain(text) { text } else { WITHHELD }.to_owned()
}

fn is_plain(text: &str) -> bool {
    let plain = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.:+-".contains(&b))
    };
    let versioned = |name: &str, version: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && version.starts_with(|c: char| c.is_ascii_digit())
            && plain(name)
            && plain(version)
    };
    // Of two together, as an engine and a hand, each has its version.
    let is_plain = |part: &str| match part.split_once('/') {
        Some((name, version)) => versioned(name, version),
        None => plain(part),
    };
    text.len() <= 64 && text.split('+').all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_may_identify_is_withheld() {
        let detail = json!({
            "engine": "growcut/1",
            "two": "growcut/1+hand/1",
            "lesion": "0190b2c4-7f1e-7cc0-8000-0123456789ab",
            "mask": "0".repeat(64),
            "at": "2024-03-01T10:00:00.5+02:00",
            "voxels": 4963,
            "confidence": 0.93,
            "done": true,
            "none": null,
            "patient": "DOE^JANE",
            "name": "Jane Doe",
            "umlaut": "Müller",
            "path": "/home/jane/scan.dcm",
            "relative": "scans/jane",
            "joined": "growcut/1+scans/jane",
            "drive": "C:\\scans",
            "long": "x".repeat(65),
            "list": ["ok", "not ok"],
            "a key": 1,
        });
        let clean = withhold_personal(&detail);
        for same in [
            "engine",
            "two",
            "lesion",
            "mask",
            "at",
            "voxels",
            "confidence",
            "done",
            "none",
        ] {
            assert_eq!(clean[same], detail[same]);
        }
        for gone in [
            "patient", "name", "umlaut", "path", "relative", "joined", "drive", "long",
        ] {
            assert_eq!(clean[gone], WITHHELD);
        }
        assert_eq!(clean["list"], json!(["ok", WITHHELD]));
        assert_eq!(clean[WITHHELD], 1);
    }
}
