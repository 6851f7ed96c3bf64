//! How the program itself forecasts.

use std::fmt::Write as _;

use super::{FORECASTERS, figures, interval};
use crate::cli::bench::laleh::program::{Arm, Program, Rule, Scored};
use crate::twin::DISCREPANCY;

pub(super) fn tables(program: &Program) -> String {
    let mut text = FORECASTERS.to_owned();
    let by_arm = |arm: &'_ Arm| [&arm.models, &arm.program].map(row);
    text.push_str(&row(&program.local));
    text.extend(program.arms.iter().flat_map(by_arm));
    text.push_str(
        "\n| Gain over the local level, mean [95 %] | CRPS mm | Interval score | Brier |\n|---|---|---|---|\n",
    );
    for arm in &program.arms {
        text.extend([&arm.models, &arm.program].map(gained));
    }
    writeln!(
        text,
        "\nBeyond the last scan models stray by {:.1} % per √day.",
        100.0 * DISCREPANCY
    )
    .ok();
    for arm in &program.arms {
        text.push_str(&rules(arm));
    }
    text
}

fn row(found: &Scored) -> String {
    let forecaster = &found.forecaster;
    format!("| {} {}\n", forecaster.title, figures(&forecaster.scores))
}

/// The last gain, which is that over the local level.
fn gained(found: &Scored) -> String {
    found.gains.last().map_or_else(String::new, |gain| {
        format!(
            "| of {} | {} | {} | {} |\n",
            found.forecaster.title,
            interval(&gain.crps_mm, 3),
            interval(&gain.interval_score, 2),
            interval(&gain.brier, 4)
        )
    })
}

/// Who would speak by other rules.
fn rules(arm: &Arm) -> String {
    let [speaking, lesions] = arm.speaking;
    let mut text = format!(
        "\nWith {}, models speak for {speaking} of {lesions} lesions ({:.1} %); {:.0} s on {} threads. By other rules (that of the program \
         in bold):\n\n\
         | Forecasts at least | Score better by at least | Models speak for | CRPS mm | MAE mm | CRPS where they speak: models | Local level |\n\
         |---|---|---|---|---|---|---|\n",
        arm.title,
        percent(speaking as f64 / lesions.max(1) as f64),
        arm.seconds,
        rayon::current_num_threads(),
    );
    for rule in &arm.rules {
        text.push_str(&line(rule));
    }
    text
}

fn line(rule: &Rule) -> String {
    let mark = if rule.is_of_program() { "**" } else { "" };
    let [models, local] = rule.spoken.map_or([const { String::new() }; 2], |both| {
        both.map(|score| format!("{score:.3}"))
    });
    format!(
        "| {mark}{}{mark} | {mark}{:.0} %{mark} | {:.1} % | {:.3} | {:.3} | {models} | {local} |\n",
        rule.forecasts,
        percent(rule.gain),
        percent(rule.share),
        rule.crps_mm,
        rule.mae_mm
    )
}

fn percent(share: f64) -> f64 {
    100.0 * share
}
