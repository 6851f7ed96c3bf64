//! Documents keep up with the code.

use std::collections::BTreeSet;
use std::path::Path;

fn read(relative: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)).expect(relative)
}

#[test]
fn every_warning_code_is_explained() {
    let page = read("docs/warnings.md");
    let codes: Vec<String> = read("src/warning.rs")
        .split("rename = \"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert!(codes.len() > 20);
    for code in codes {
        assert!(
            page.contains(&format!("| [{code}](warnings/{code}.md) |")),
            "{code} has no row in docs/warnings.md"
        );
        let own = read(&format!("docs/warnings/{code}.md"));
        assert!(own.starts_with(&format!("# {code}: ")), "{code}");
        for part in [
            "How it arises",
            "What the program does",
            "What it does to measurements",
            "What you can do",
            "Other programs",
        ] {
            assert!(own.contains(&format!("\n## {part}\n")), "{code}: {part}");
        }
        let named = oncotwin::warning::WarningCode::named(&code).expect("a code");
        assert_eq!(named.page(), own, "{code} has the page of another");
    }
}

/// Every text in `src` that begins with a code of a refusal.
fn refusal_codes(dir: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).expect("src is readable") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            refusal_codes(&path, found);
        } else if !path.ends_with("warning/refusals.rs") {
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            let code = text.split("\n#[cfg(test)]").next().unwrap_or_default();
            for rest in code.split("\"E-").skip(1) {
                let is_code = |c: &char| c.is_ascii_uppercase() || *c == '-';
                let name: String = rest.chars().take_while(is_code).collect();
                if !name.is_empty() {
                    found.insert(format!("E-{name}"));
                }
            }
        }
    }
}

#[test]
fn every_refusal_code_is_explained() {
    let mut codes = BTreeSet::new();
    refusal_codes(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut codes,
    );
    assert!(codes.len() > 60, "{codes:?}");
    let index = read("docs/refusals.md");
    for code in &codes {
        assert!(
            index.contains(&format!("| [{code}](refusals/{code}.md) |")),
            "{code} has no row in docs/refusals.md"
        );
        let own = read(&format!("docs/refusals/{code}.md"));
        assert!(own.starts_with(&format!("# {code}: ")), "{code}");
        for part in ["How it arises", "What you can do"] {
            assert!(own.contains(&format!("\n## {part}\n")), "{code}: {part}");
        }
        let (named, page) = oncotwin::warning::explained(code).expect(code);
        assert_eq!((&named, page), (code, &*own), "{code}");
    }
    let rows = index.matches("](refusals/").count();
    assert_eq!(rows, codes.len(), "the index names a code that is not used");
}

#[test]
fn schemas_are_json_and_scripts_in_them_are_known() {
    for name in [
        "audit",
        "audit-entry",
        "backup",
        "bench",
        "crashes",
        "draft",
        "erase",
        "error",
        "event",
        "explain",
        "facts",
        "figures",
        "fit",
        "generate",
        "header",
        "history",
        "inspect",
        "measure",
        "models-list",
        "models-receipt",
        "models-verify",
        "project",
        "register",
        "restore",
        "review",
        "salvage",
        "scenario",
        "score",
        "segment",
        "size",
        "trace",
        "versions",
    ] {
        let text = read(&format!("docs/schemas/{name}.schema.json"));
        let schema: serde_json::Value = serde_json::from_str(&text).expect(name);
        assert!(schema["title"].is_string(), "{name} has no title");
    }
    let review: serde_json::Value =
        serde_json::from_str(&read("docs/schemas/review.schema.json")).unwrap();
    let steps = review["properties"]["commands"]["items"]["oneOf"]
        .as_array()
        .unwrap();
    let verbs: Vec<&str> = steps
        .iter()
        .map(|s| s["properties"]["do"]["const"].as_str().unwrap())
        .collect();
    // The program names the verbs that it knows when it meets another.
    let unknown = serde_json::from_str::<oncotwin::app::Step>("{\"do\":\"?\"}")
        .unwrap_err()
        .to_string();
    for verb in &verbs {
        assert!(
            unknown.contains(&format!("`{verb}`")),
            "{verb} is in the schema and not in the program"
        );
    }
    let known = unknown.split_once("expected").expect("a list of verbs").1;
    for verb in known.split('`').skip(1).step_by(2) {
        assert!(verbs.contains(&verb), "{verb} is not in the schema");
    }
}

/// Figures of forecasts are quoted from what `bench laleh --program` has written.
#[test]
fn the_page_on_the_twin_quotes_what_was_measured() {
    let (twin, measured) = (read("docs/twin.md"), read("docs/forecast.md"));
    let (_, section) = twin.split_once("\n## Forecasts\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let is_of_number = |c: char| c.is_ascii_digit() || c == '.';
    let figures = section.split(|c| !is_of_number(c)).filter(|word| {
        let parts = word.split_once('.');
        parts.is_some_and(|(whole, part)| !whole.is_empty() && !part.is_empty())
    });
    let mut n = 0;
    for figure in figures {
        let mut words = measured.split(|c| !is_of_number(c));
        assert!(
            words.any(|w| w == figure),
            "{figure} is not in docs/forecast.md"
        );
        n += 1;
    }
    assert!(n > 10, "{n}");
}

#[test]
fn the_guide_shows_pictures_that_the_tests_draw() {
    let guide = read("docs/guide.md");
    let pictures: Vec<&str> = guide
        .split("](../tests/snapshots/")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap_or_default())
        .collect();
    assert!(pictures.len() >= 12, "{pictures:?}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in &pictures {
        assert!(root.join("tests/snapshots").join(name).is_file(), "{name}");
    }
    let all = guide.matches("![").count();
    assert_eq!(all, pictures.len(), "and no others");
    for link in guide.split("](").skip(1) {
        let target = link.split([')', '#']).next().unwrap_or_default();
        let outside = target.starts_with("https:") || target.is_empty();
        assert!(
            outside || root.join("docs").join(target).exists(),
            "{target}"
        );
    }
}
