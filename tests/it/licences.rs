//! Every dependency has a licence that lets the program be used and passed on freely.

use std::process::Command;

/// Licences that need nothing but notice, and MPL-2.0, which asks only that changes to its own files
/// stay open (we change none).
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    // Of data: the certificates of authorities.
    "CDLA-Permissive-2.0",
    "CC0-1.0",
    "IJG",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "NCSA",
    "OFL-1.1",
    "Ubuntu-font-1.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    // Three clauses in the manner of BSD; no SPDX list of approved licences has it.
    "bzip2-1.0.6",
];

/// Splits at a separator that stands outside parentheses.
fn split_outside<'e>(expression: &'e str, separator: &str) -> Vec<&'e str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in expression.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && at >= start && expression[at..].starts_with(separator) => {
                parts.push(&expression[start..at]);
                start = at + separator.len();
            }
            _ => {}
        }
    }
    parts.push(&expression[start..]);
    parts
}

/// Whether an SPDX expression (or its old form with slashes) can be met by allowed licences.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace(" / ", "/").replace('/', " OR ");
    fn met(expression: &str) -> bool {
        let expression = expression.trim();
        let branches = split_outside(expression, " OR ");
        if branches.len() > 1 {
            return branches.into_iter().any(met);
        }
        let needs = split_outside(expression, " AND ");
        if needs.len() > 1 {
            return needs.into_iter().all(met);
        }
        let inner = expression
            .strip_prefix('(')
            .and_then(|e| e.strip_suffix(')'));
        inner.map_or_else(|| ALLOWED.contains(&expression), met)
    }
    met(&expression)
}

#[test]
fn licence_expressions_are_understood() {
    assert!(is_allowed("MIT OR Apache-2.0"));
    assert!(is_allowed("MIT/Apache-2.0"));
    assert!(!is_allowed("GPL-3.0"));
    assert!(!is_allowed("MIT AND GPL-3.0"));
    assert!(is_allowed("MIT OR GPL-3.0"));
    assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!is_allowed("(MIT OR Apache-2.0) AND GPL-3.0"));
}

#[test]
fn dependencies_are_free_to_use() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 100);
    let refused: Vec<String> = packages
        .iter()
        .filter(|p| !p["license"].as_str().is_some_and(is_allowed))
        .map(|p| format!("{} {}: {}", p["name"], p["version"], p["license"]))
        .collect();
    assert!(
        refused.is_empty(),
        "not on the list of licences:\n{}",
        refused.join("\n")
    );
}
