//! What was to be reached.

use std::fmt::Write as _;

use super::figure::{Bound, Figure, Row};
use super::words::{joined, yes};

/// Largest number of figures of one aim that are written out.
const FEW: usize = 2;

/// One line to each set and aim.
pub(super) fn table(figures: &[Row]) -> String {
    let mut out =
        "\n| Set | Aim | Bound | Measured | Reached |\n|---|---|---|---|---|\n".to_owned();
    let mut groups: Vec<(&str, &str, Bound, Vec<&Figure>)> = Vec::new();
    for figure in figures.iter().filter_map(Row::figure) {
        let Some((aim, bound)) = figure.aim else {
            continue;
        };
        match groups.iter_mut().find(|g| (g.0, g.1) == (figure.set, aim)) {
            Some(group) => group.3.push(figure),
            None => groups.push((figure.set, aim, bound, vec![figure])),
        }
    }
    for (set, aim, limit, figures) in groups {
        let reached = figures
            .iter()
            .filter(|f| f.is_reached() == Some(true))
            .count();
        let measured = if figures.len() <= FEW {
            joined(figures.iter().map(|f| f.ours))
        } else {
            format!("{reached} of {}", figures.len())
        };
        writeln!(
            out,
            "| {set} | {aim} | {} | {measured} | {} |",
            bound(limit, &figures),
            yes(reached == figures.len())
        )
        .ok();
    }
    out
}

fn bound(bound: Bound, figures: &[&Figure]) -> String {
    let theirs = if figures.len() <= FEW {
        let values = figures.iter().filter_map(|f| f.peer);
        format!("{} ", joined(values.map(|(_, value)| value)))
    } else {
        String::new()
    };
    match bound {
        Bound::Share(share) => format!("{theirs}± {:.0} %", 100.0 * share),
        Bound::Apart(distance) if distance <= 0.0 => format!("{theirs}the same"),
        Bound::Apart(distance) => format!("{theirs}± {distance}"),
        Bound::Least(least) => format!("≥ {least}"),
        Bound::Most(most) => format!("≤ {most}"),
    }
}
