//! The same by other programs.

use crate::cli::bench::sbc::peers::{Beside, EMCEE, SCIPY, VECTORISED};
use crate::cli::bench::words::short;

pub(super) fn table(found: &Result<Beside, String>) -> String {
    let found = match found {
        Ok(found) => found,
        Err(reason) => return format!("\n{SCIPY} and {EMCEE} are missing: {reason}\n"),
    };
    let [ended, all] = found.fitted;
    let [single, fitted] = found.single;
    let [ours, plain, vectorised] = found.per_1000;
    let line = |what: &str, peer: &str, ours: f64, theirs: f64| {
        format!(
            "| {what} | {} | {peer} | {} | {} |\n",
            short(ours),
            short(theirs),
            short(theirs / ours)
        )
    };
    let mut out =
        "\n| Median ms | Ours | Peer | Peer's | Peer's in ours |\n|---|---|---|---|---|\n"
            .to_owned();
    let drawn = format!("1000 effective draws, {} lesions", found.sampled);
    out.push_str(&line(
        &format!("one fit; of the peer's {ended} of {all} came to an end"),
        SCIPY,
        single,
        fitted,
    ));
    out.push_str(&line(&drawn, EMCEE, ours, plain));
    out.push_str(&line(&drawn, VECTORISED, ours, vectorised));
    out.push_str(&format!(
        "\nMedians of parameters lie at most {} widths of a 90 % interval from emcee's.\n",
        short(found.apart)
    ));
    out
}
