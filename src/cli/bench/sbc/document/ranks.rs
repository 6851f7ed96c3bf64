//! Ranks of the truth.

use std::fmt::Write as _;

use crate::cli::bench::sbc::ranks::{CENTRAL, Ranked, Ranks};

/// How posteriors of each case were made.
pub(super) fn efforts(seeds: &[Ranks; 2]) -> String {
    let mut out = "\n| Seed | Case | Draws | By sequential Monte Carlo | Effective draws, median | 1 % have less than | ms each, all threads |\n\
                   |---|---|---|---|---|---|---|\n"
        .to_owned();
    for found in seeds {
        for e in &found.efforts {
            let [median, low] = e.effective;
            writeln!(
                out,
                "| {} | {} | {} | {} | {median:.0} | {low:.0} | {:.1} |",
                found.seed,
                e.case,
                e.draws,
                e.sequential,
                1e3 * e.seconds / e.draws as f64
            )
            .ok();
        }
    }
    out
}

/// One line to each parameter of each case, both seeds beside each other.
pub(super) fn table(seeds: &[Ranks; 2]) -> String {
    let [first, second] = seeds;
    let mut out = format!("\n{}", bands(first));
    writeln!(
        out,
        "\n| Case | Of | Draws | {0}: p χ² | p curve | 50 / 80 / 90 % | {1}: p χ² | p curve | 50 / 80 / 90 % |\n\
         |---|---|---|---|---|---|---|---|---|",
        first.seed, second.seed
    )
    .ok();
    for (a, b) in first.rows.iter().zip(&second.rows) {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            a.case,
            a.of,
            a.draws,
            cells(a),
            cells(b)
        )
        .ok();
    }
    out
}

fn cells(row: &Ranked) -> String {
    let shares = row.coverage().map(|c| format!("{:.1}", 100.0 * c));
    let mark = if row.outside() > 0 {
        " **outside**"
    } else {
        ""
    };
    format!(
        "{:.4} | {:.4} | {}{mark}",
        row.chi_square,
        row.ecdf,
        shares.join(" / ")
    )
}

/// Between what a coverage must lie, by how many draws there were.
fn bands(found: &Ranks) -> String {
    let mut out = String::new();
    let mut seen = Vec::new();
    for row in &found.rows {
        if seen.contains(&row.draws) {
            continue;
        }
        seen.push(row.draws);
        let each: Vec<String> = CENTRAL
            .iter()
            .zip(row.band)
            .map(|((share, ..), ends)| {
                let [low, high] = ends.map(|n| 100.0 * n as f64 / row.draws as f64);
                format!("{:.0} %: {low:.1}–{high:.1}", 100.0 * share)
            })
            .collect();
        writeln!(
            out,
            "Band of coverages over {} rows, {} draws: {}.",
            found.rows.len(),
            row.draws,
            each.join("; ")
        )
        .ok();
    }
    out
}
