//! The figures as a document.

use std::fmt::Write as _;

use serde_json::Value;

const HEAD: &str = "\
# Speed of models

Written by `oncotwin bench llm --model FILE --mmproj FILE --peers DIR --out docs/models-speed.md`; not by hand. What the
models say, and how faithfully, is in [models.md](models.md).

Beside llama.cpp (of llama-cpp-python 0.3.36, built for the machine by `benches/peers/llama/setup.sh`), in turns, both with all
cores. Speeds are medians. Speed does not depend on what weights say, so files with the sizes and types of a published model and
random weights will do; which file it was stands in the first column.

| Model | What | Here | llama.cpp | Ratio | Aim | Reached |
|---|---|---|---|---|---|---|
";

const TAIL: &str = "
The wait for an end is from asking to stop until the work has ended, the longest of several moments. What memory allows is
the speed of reading it from end to end. Nothing was measured with a graphics card.
";

fn number(value: &Value, unit: &str) -> String {
    let Some(value) = value.as_f64() else {
        return "–".to_owned();
    };
    let digits = match value {
        v if v < 1.0 => 3,
        v if v < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}

/// What was measured, as Markdown.
pub(in crate::cli::bench) fn document(rows: &[Value]) -> String {
    let mut text = HEAD.to_owned();
    for row in rows {
        let word = |key: &str| row[key].as_str().unwrap_or_default();
        let unit = word("unit");
        let limit = &row["limit"];
        // Limits beside a peer are shares of what that reaches.
        let limit_unit = if row["ratio"].is_number() { "" } else { unit };
        let aim = match (limit.is_number(), row["least"] == true) {
            (false, _) => "–".to_owned(),
            (true, true) => format!("≥ {}", number(limit, limit_unit)),
            (true, false) => format!("≤ {}", number(limit, limit_unit)),
        };
        let reached = match row["ok"].as_bool() {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "–",
        };
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {aim} | {reached} |",
            word("set"),
            word("quantity"),
            number(&row["ours"], unit),
            number(&row["peer_value"], unit),
            row["ratio"]
                .as_f64()
                .map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}")),
        )
        .ok();
    }
    text.push_str(TAIL);
    text
}
