//! Whatever stands in a file, it is understood or refused.

use proptest::prelude::*;

use super::super::document;
use super::*;

const RECEIPT: &str = r#"format = 1
name = "mine"
title = "Mine"
date = "2026-03-01T12:00:00Z"

[licence]
name = "terms"
url = "https://example.org"

[origin]
kind = "import"
path = "/data"
in_place = true

[[files]]
path = "mine.gguf"
bytes = 5
sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"#;

#[test]
fn the_manifest_is_sound() {
    let manifest = Manifest::own();
    assert!(manifest.models.len() >= 5);
    let small = manifest.find("gemma-3-270m").unwrap();
    assert_eq!(small.files[0].bytes, 253_113_024);
    assert_eq!(small.files[0].parts.len(), 4);
    for known in &manifest.models {
        assert!(known.licence.url.starts_with("https://"), "{}", known.name);
        let repository = match &known.source {
            Source::Hub { repository } => repository,
            Source::Packages => continue,
        };
        let wish: Wish = format!("hub:{repository}").parse().unwrap();
        assert!(matches!(wish, Wish::Hub { .. }));
    }
}

#[test]
fn receipts_are_understood_and_those_that_lead_elsewhere_are_not() {
    assert_eq!(Receipt::parse(RECEIPT).unwrap().bytes(), 5);
    for (from, to) in [
        ("mine.gguf", "../mine.gguf"),
        ("mine.gguf", "/etc/passwd"),
        ("mine.gguf", "a\\\\b"),
        ("name = \"mine\"", "name = \".\""),
        ("format = 1", "format = 2"),
        ("e3b0", "E3B0"),
        ("bytes = 5", "bytes = -5"),
        ("kind = \"import\"", "kind = \"other\""),
        ("title", "tittle"),
    ] {
        let text = RECEIPT.replacen(from, to, 1);
        assert!(Receipt::parse(&text).is_err(), "{to}");
    }
    let twice = format!(
        "{RECEIPT}{}",
        &RECEIPT[RECEIPT.find("[[files]]").unwrap()..]
    );
    assert!(Receipt::parse(&twice).is_err());
}

#[test]
fn wishes() {
    let hub = |repository: &str, revision: Option<&str>| Wish::Hub {
        repository: repository.to_owned(),
        revision: revision.map(str::to_owned),
    };
    for (text, wish) in [
        ("gemma-3-270m", Wish::Known("gemma-3-270m".to_owned())),
        ("hub:a/b", hub("a/b", None)),
        ("hub:a/b@refs/pr/1", hub("a/b", Some("refs/pr/1"))),
    ] {
        assert_eq!(text.parse::<Wish>().unwrap(), wish);
    }
    for text in [
        "",
        "a/b",
        "hub:a",
        "hub:a/b@",
        "hub:../b",
        "hub:a/b/c",
        "hub:a/b@../x",
        "hub:a/b?x",
    ] {
        assert_eq!(
            text.parse::<Wish>().unwrap_err().code(),
            "E-MODEL-NAME",
            "{text}"
        );
    }
}

/// A text with some of it cut out, doubled or changed.
fn damaged(text: &str, at: usize, length: usize, put: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = at % chars.len();
    let end = (at + length).min(chars.len());
    let (before, after) = (&chars[..at], &chars[end..]);
    before
        .iter()
        .copied()
        .chain(put.chars())
        .chain(after.iter().copied())
        .collect()
}

proptest! {
    #[test]
    fn any_text_is_understood_or_refused(text in "\\PC{0,200}") {
        Receipt::parse(&text).ok();
        Manifest::parse(&text).ok();
        document::parse::<Plan>(&text).ok();
        text.parse::<Wish>().ok();
        prop_assert!(names::is_plain(&names::plain(&text)) || names::plain(&text).is_empty());
    }

    #[test]
    fn damaged_documents_are_understood_or_refused(
        at in any::<usize>(),
        length in 0usize..40,
        put in "[\\[\\]\"=a-z0-9.\n{}-]{0,12}",
    ) {
        let manifest = include_str!("../../../models/manifest.toml");
        Manifest::parse(&damaged(manifest, at, length, &put)).ok();
        if let Ok(receipt) = Receipt::parse(&damaged(RECEIPT, at, length, &put)) {
            for file in &receipt.files {
                prop_assert!(names::is_plain(&file.path));
            }
        }
    }

    #[test]
    fn sizes_are_told_for_every_number(bytes in any::<u64>()) {
        prop_assert!(!size(bytes).is_empty());
    }
}
