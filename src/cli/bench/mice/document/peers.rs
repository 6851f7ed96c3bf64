//! The same by other programs.

use std::fmt::Write as _;

use crate::cli::bench::mice::peers::{Beside, SCIPY};
use crate::cli::bench::words::short;

pub(super) fn table(found: &Result<Beside, String>) -> String {
    let found = match found {
        Ok(found) => found,
        Err(reason) => return format!("\n{SCIPY} is missing: {reason}\n"),
    };
    let mut out = "\n| Set | Fitted | Ours, ms | SciPy, ms | Ratio | Largest weighted squares, ours in SciPy's | Parameters apart |\n|---|---|---|---|---|---|---|\n".to_owned();
    for c in &found.cohorts {
        writeln!(
            out,
            "| {} | {} | {} | {:.6} | {:.1e} |",
            c.set,
            c.law,
            times(c.milliseconds),
            c.squares,
            c.apart
        )
        .ok();
    }
    for r in &found.rates {
        writeln!(
            out,
            "| {} | curves; {} chosen otherwise | {} | | {:.1e} |",
            r.set,
            r.otherwise,
            times(r.milliseconds),
            r.apart
        )
        .ok();
    }
    out.push_str("\n| Set | Population | −2 ln L | On a grid |\n|---|---|---|---|\n");
    for p in &found.populations {
        writeln!(
            out,
            "| {} | {} | {:.4} | {:.4} |",
            p.set, p.model, p.ours, p.theirs
        )
        .ok();
    }
    out
}

/// Ours, theirs, and ours in theirs.
fn times([ours, theirs]: [f64; 2]) -> String {
    format!("{} | {theirs:.0} | {:.4}", short(ours), ours / theirs)
}
