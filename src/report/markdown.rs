//! The report as Markdown with its figures beside it.

use std::fmt::Write as _;

use super::figure::Theme;
use super::measured::figures;
use super::tables::{Part, Table};
use super::{
    Error, RESEARCH_USE, Report, growth_figure, key_image_svg, limitations, sum_figure, tables,
};

/// Renders `report.md` and `figures/*.svg`: file names, with `/`, and contents.
///
/// # Errors
/// [`Error::Narrative`] when a sentence is not borne out by its facts.
pub fn markdown(report: &Report) -> Result<Vec<(String, Vec<u8>)>, Error> {
    report.verify()?;
    let mut files = Vec::new();
    let mut md = Document::default();
    md.line(&format!("> **{RESEARCH_USE}**"));
    md.line(&format!(
        "# Longitudinal tumour review: {}",
        escape(&report.case.patient)
    ));
    let h = &report.header;
    md.line(&format!(
        "- Created: {}\n- Reader: {}\n- Software: {}\n- Audit trail head: {}",
        h.created.strftime("%Y-%m-%d %H:%M UTC"),
        escape(if h.reader.is_empty() {
            "not stated"
        } else {
            &h.reader
        }),
        escape(&h.software),
        escape(if h.audit_head.is_empty() {
            "none"
        } else {
            &h.audit_head
        }),
    ));
    md.line("## Summary");
    for p in tables::narrative(&report.narrative, &report.facts) {
        let lead = if p.lead.is_empty() {
            String::new()
        } else {
            format!("**{}** ", escape(&p.lead))
        };
        md.line(&format!("{lead}{}", parts(&p.parts)));
    }
    md.line("## Time points and technique");
    md.table(&tables::technique(report));
    let treatments = tables::treatments(&report.facts);
    if !treatments.is_empty() {
        md.line("### Treatments on record");
        md.list(treatments.iter().map(|p| parts(std::slice::from_ref(p))));
    }
    if !report.readings.is_empty() {
        md.line("### Readings");
        md.list(report.readings.iter().map(|r| {
            let lines = r.lines.iter().map(|l| format!("<br>{}", escape(l)));
            let (visit, status) = (escape(&r.time_point), escape(r.status()));
            format!("{visit}: **{status}**{}", lines.collect::<String>())
        }));
    }
    md.line("## Measurements and response");
    md.table(&tables::diameters(report));
    md.table(&tables::response(report));
    let mut figure = |name: String, title: &str, svg: String, md: &mut Document| {
        md.line(&format!("![{}]({name})", escape(title)));
        files.push((name, svg.into_bytes()));
    };
    if let Some(f) = sum_figure(&report.case) {
        let name = "figures/sum-of-diameters.svg".to_owned();
        let svg = f.svg("sum", Theme::Standalone);
        figure(name, "Sum of target diameters", svg, &mut md);
    }
    md.table(&tables::volumes(report));
    if !report.figures.is_empty() {
        md.table(&figures(report));
    }
    if !report.key_images.is_empty() {
        md.line("## Key images");
        for (i, k) in report.key_images.iter().enumerate() {
            let svg = key_image_svg(k, "key", Theme::Standalone);
            let title = format!("{} {}", k.lesion, k.caption);
            figure(
                format!("figures/key-{:02}.svg", i + 1),
                &title,
                svg,
                &mut md,
            );
            md.line(&escape(&title));
        }
    }
    let projections = tables::projections(report);
    if !report.curves.is_empty() || !projections.rows.is_empty() {
        md.line("## Growth and what-if");
        for (i, c) in report.curves.iter().enumerate() {
            let svg = growth_figure(c).svg("growth", Theme::Standalone);
            let title = format!("Growth of lesion {}", c.lesion);
            figure(
                format!("figures/growth-{:02}.svg", i + 1),
                &title,
                svg,
                &mut md,
            );
        }
        if !projections.rows.is_empty() {
            md.table(&projections);
        }
        if let Some(s) = &report.case.scenario {
            md.line(&format!("### Scenario: {}", escape(&s.label)));
            md.list(s.assumptions.iter().map(|a| escape(a)));
        }
    }
    md.line("## Limitations");
    md.list(
        limitations::limitations(&report.case)
            .iter()
            .map(|l| escape(l)),
    );
    md.line("## Methods and provenance");
    md.list(
        limitations::methods(report)
            .iter()
            .map(|m| format!("{}: {}", escape(&m.name), escape(&m.value))),
    );
    md.list(
        limitations::masks(&report.case)
            .iter()
            .map(|[lesion, visit, hash]| {
                format!(
                    "Mask of lesion {}, {}: {}",
                    escape(lesion),
                    escape(visit),
                    escape(hash)
                )
            }),
    );
    md.line("## Appendix: facts");
    let mut facts = String::from("| Id | About | When | What | Value |\n|---|---|---|---|---|\n");
    for f in tables::appendix(&report.facts) {
        // Writing to a String cannot fail.
        writeln!(
            facts,
            "| <a id=\"{id}\"></a>{id} | {} | {} | {} | {} |",
            escape(&f.subject),
            escape(&f.when),
            escape(&f.kind),
            escape(&f.value),
            id = f.id
        )
        .unwrap_or_default();
    }
    md.line(facts.trim_end());
    md.line(&format!("> **{RESEARCH_USE}**"));
    files.insert(0, ("report.md".into(), md.text.into_bytes()));
    Ok(files)
}

/// User text as Markdown that means nothing but itself, also inside a table cell.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn parts(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|p| {
            let text = escape(&p.text);
            if p.fact.is_empty() {
                text
            } else {
                format!("[{text}](#{})", p.fact)
            }
        })
        .collect()
}

/// A document of blocks parted by blank lines.
#[derive(Default)]
struct Document {
    text: String,
}

impl Document {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str("\n\n");
    }

    fn list(&mut self, items: impl Iterator<Item = String>) {
        let text = items
            .map(|i| format!("- {i}"))
            .collect::<Vec<_>>()
            .join("\n");
        if !text.is_empty() {
            self.line(&text);
        }
    }

    fn table(&mut self, t: &Table) {
        self.line(&format!("**{}**", escape(&t.caption)));
        let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        let head = |c: &Vec<String>| c.iter().map(|l| escape(l)).collect::<Vec<_>>().join("<br>");
        let mut lines = vec![
            row(t.columns.iter().map(head).collect()),
            format!("|{}", "---|".repeat(t.columns.len())),
        ];
        let cell = |c: &tables::Cell| {
            c.lines
                .iter()
                .map(|l| parts(l))
                .collect::<Vec<_>>()
                .join("<br>")
        };
        for r in &t.rows {
            let mut cells = vec![cell(&r.head)];
            cells.extend(r.cells.iter().map(cell));
            lines.push(row(cells));
        }
        self.line(&lines.join("\n"));
    }
}
