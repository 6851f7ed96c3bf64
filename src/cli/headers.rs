//! `header` and `explain`.

use serde_json::json;

use super::args::{ExplainArgs, HeaderArgs};
use super::files::open_failure;
use super::output::{Failure, Output};
use crate::open;
use crate::warning::explained;

pub(super) fn header(args: &HeaderArgs) -> Result<Output, Failure> {
    let mut header = open::header(&args.path).map_err(open_failure)?;
    if let Some(find) = &args.find {
        header.rows.retain(|row| row.matches(find));
    }
    let mut text = format!("{} · {}\n", header.path.display(), header.format);
    for row in &header.rows {
        let indent = "  ".repeat(row.depth);
        let tag = format!("{indent}{}", row.tag);
        let keyword = match (&*row.keyword, &*row.private_creator) {
            ("", "") => String::new(),
            ("", creator) => format!("[{creator}]"),
            (keyword, _) => keyword.to_owned(),
        };
        let line = format!("{tag:<12} {:<10} {keyword:<36} {}", row.vr, row.value);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let json = json!({
        "path": header.path.display().to_string(), "format": header.format, "rows": header.rows,
    });
    Ok(Output::new(text, json))
}

pub(super) fn explain(args: &ExplainArgs) -> Result<Output, Failure> {
    let Some((code, page)) = explained(&args.code) else {
        return Err(Failure::new(
            "E-CODE",
            format!("there is no warning or refusal {}", args.code),
        )
        .hint("docs/warnings.md and docs/refusals.md list them all"));
    };
    let json = json!({"code": code, "page": page});
    Ok(Output::new(page.to_owned(), json))
}
