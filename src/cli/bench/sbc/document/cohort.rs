//! Lesions whose truth no fitted model knows.

use std::fmt::Write as _;

use crate::cli::bench::sbc::cohort::{Cohort, DISCREPANCIES};
use crate::cli::bench::sbc::figures::WAYS;

pub(super) fn table(found: &Cohort) -> String {
    let [without, with] = WAYS;
    let mut out = format!(
        "\n| Fitted to {} lesions | {without} (SD of ln d per √day {}): below | Inside | Above | {with} ({}): below | Inside | Above |\n\
         |---|---|---|---|---|---|---|\n",
        found.lesions, DISCREPANCIES[0], DISCREPANCIES[1]
    );
    for row in &found.rows {
        let cells: Vec<String> = row
            .counts
            .iter()
            .flatten()
            .map(|n| format!("{:.1} %", 100.0 * *n as f64 / found.lesions as f64))
            .collect();
        writeln!(out, "| {} | {} |", row.name, cells.join(" | ")).ok();
    }
    out
}
