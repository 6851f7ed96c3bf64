//! Rates as tumgr chooses them.

use std::fmt::Write as _;

use super::milliseconds;
use crate::cli::bench::mice::rates::Rates;

pub(super) fn table(found: &Rates) -> String {
    let mut out = format!(
        "\n### {} ({} in {})\n\n| | Cases | Published |\n|---|---|---|\n",
        found.run.name,
        found.cases.len(),
        milliseconds(found.seconds)
    );
    for (name, n) in &found.summary.counts {
        let published = found.run.counts.iter().find(|(theirs, _)| theirs == name);
        writeln!(
            out,
            "| {name} | {n} | {} |",
            published.map_or(0, |(_, n)| *n)
        )
        .ok();
    }
    out.push_str(
        "\n| | n | Median | Quartiles | Mean | SD | Published: n | Median | Quartiles | Mean | SD |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let s = &found.summary;
    for (rate, published) in [s.g, s.d, s.phi].iter().zip(&found.run.rates) {
        let [median, low, high, mean, sd] = published.values;
        writeln!(
            out,
            "| {} | {} | {:.6} | {:.6}, {:.6} | {:.6} | {:.6} | {} | {median:.6} | {low:.6}, {high:.6} | {mean:.6} | {sd:.6} |",
            published.name,
            rate.n,
            rate.median,
            rate.quartiles.0,
            rate.quartiles.1,
            rate.mean,
            rate.sd,
            published.n
        )
        .ok();
    }
    out
}
