//! The figures as a document.

mod lesions;
mod phantoms;
mod stats;

use std::fmt::Write as _;

use super::timing::Time;
use super::{FAILURE, Row};
use lesions::{by_size, by_slice, groups};
use phantoms::Clicks;
use stats::{dice, line, mean, percentile};

/// All that was measured.
pub(super) struct Run<'a> {
    pub(super) rows: &'a [Row],
    /// Lesions that are not there, and why.
    pub(super) missing: &'a [(String, String)],
    pub(super) times: &'a [Time],
    /// Which half of the cases.
    pub(super) half: &'static str,
    /// Phantoms of that half, and the largest radius that was taken, mm.
    pub(super) n_phantoms: usize,
    pub(super) largest: f64,
}

const HEAD: &str = "# Accuracy and speed of segmentation

Written by `oncotwin bench segment --out docs/segmentation.md`; not by hand.

The simulated reader drags along the longest axis of the reference: exactly, with each end up to
2 px off along both axes, or in a neighbouring slice. Then it corrects: each stroke goes through the
deepest place of the largest connected error, along the error, with a brush of half its depth (at
most 3 mm). What the program offers beside a result, for one key, is taken by this reader, who sees
both, where it is nearer to the reference: behind a drag in thick slices the lesion followed slice by
slice (its column has it for the exact drag, taken or not), behind a stroke, which itself acts in its
own neighbourhood only, the whole lesion divided anew with all strokes in mind. *Strokes alone*: no
such offer is ever taken. Dice after 1 gesture is that of the drag
alone. Intervals are 95 % of 2000 bootstrap draws over patients. *Slicer's GrowCut* is the shortest-path form of Zhu et al. 2014 in a form of our
own, on the values as they are: with the engine's region and, where the spacing is unknown, its
distance of slices; its seeds are a tube of 1 mm around the middle part of the line. It knows no place.
*ConfidenceConnected* is ITK's, seeded along the line, at the best of four multipliers, which only who
knows the reference can choose.

The cellular form of GrowCut (a strength that falls by exp(−|ΔI|/2σ) from cell to cell) is not listed:
its fixed point is the cheapest path at cost |ΔI|/2σ, so it is the shortest-path form computed slowly.

Parameters were chosen on the real lesions marked T and on the phantoms of even number. No patient is
in both halves. The reporting half was run once for each of the engine's designs; this is the sixth
(`growcut/6`), and its plan was made by who had seen the reporting rows of those before. In the fourth
every drag in thick slices was followed slice by slice: better on the lesions marked T (0.725 instead
of 0.697) and worse on the others (0.672 instead of 0.687). The fifth asks the reader. The sixth makes
masks of clicks in another way; drags and strokes are those of the fifth.

Of the data sets with lesions, B6 (a nodule with two seed points) has no contour to compare with and
is not listed, nor are the two lung labels of B4, which come without their images.
";

const REASONS: &str = "
## What falls short, and why

- **Real lesions**: one line shows the largest extent in one slice. How far a lesion goes through the
  slices, and to which side of the line, has to be found from values; where the lesion looks like what
  it lies in (sarcoma in muscle, tumour against mediastinum or atelectasis), the outline that the line
  suggests decides, and lesions that are no ellipsoids around it are missed in part.
- **Glioblastomas**: the references mark the enhancing rim and leave out the cavity, a drag asks for
  the whole lesion and fills holes; rims and healthy vessels and membranes have the same values. The
  distance of slices is unknown and taken from how alike they are over the whole head.
- **References** hold what one expert drew: aerated lung between consolidations, parts of vessels,
  necrosis in or out. No gesture can tell which.
- **The five lowest, looked at**: the masks of glioblastomas 01 (before, after) and 02 (before) take in
  the cavity, the necrosis and in 02 brain beside it, which the references leave out (twice the
  volume and more). That of the 4D-Lung tumour takes in the aorta beside it, which has the same values
  in a scan without contrast, and its confidence does not tell. The reference of brain2 is a box in
  three slices 6.5 mm apart, in the last of which nothing stands out; the mask lies a slice lower.
- **Small lesions**: half a pixel all around is a large part of the volume, and two pixels at each end a
  large part of the line.
- **Clicks** say where a lesion is and nothing of its size: beside walls, vessels and rings a surface in
  sight of the click runs off, and the click is refused.
- **From a click's surface to a mask**, on the phantoms of even number (336 clicks): divided as behind a
  drag, the surface in the place of the outline, as up to the fifth design, 143 were accepted with a mean
  Dice of 0.927, 10 of these were failures, and 93.9 % of all failures were refused. Taking what has the
  lesion's values near the surface gave 146, 0.936, 6 and 96.2 %. Moving the click first, to where values
  are most like those around it, gave 157, 0.914, 9 and 94.1 % where clicks beside the new place had to
  agree, and 143, 0.938, 4 and 97.4 % where clicks beside the one that was made have to, as now; before a
  division it gained nothing (140, 0.924, 11 and 93.2 %). Smart opening changes little: two accepted clicks
  on one lesion with a vessel became better (0.82 to 0.91), ten others better or worse by 0.06 at most,
  the mean stayed 0.938, and no other click was accepted or refused. Of lesions less than four pixels
  deep it took too much (138 accepted), so that these are left alone. Asking for a radius at which the
  mask does not touch the limit of its region left 8 clicks, for near a surface it touches that nearly
  always. Of the 33 clicks on lesions marked T two were accepted, before (mean Dice 0.654) and now (0.700).
- **Freehand strokes** of some centimetres are worked on in pieces and take longer than short ones: how
  far each piece reaches is limited by the voxels about it.
- **Confidence** is a product of contrast, edges along the border, sharpness, agreement with the drawn
  axis and with the shape that it suggests. It was shaped on phantoms and 33 masks of the lesions
  marked T; no single one of these tells good masks of real lesions from bad ones well. Where the
  spacing is unknown, the distance of slices is a guess, and hardly any mask is trusted before a reader
  says so.
- **Slices between gestures** are named as unreviewed where slices are thick. Following a lesion slice
  by slice (the drawn slice divided by itself too, the others one after the other from it, mixed with
  the division in three dimensions) is much better for some lesions and worse for others; nothing that
  was tried tells which, so that it is offered. Without the division in three dimensions it was worse on
  average (lesions marked T: 0.670).
- **Two kinds of values along the line** (rim and cavity): keeping both kinds among the lesion's values
  where the line shows two and the surroundings resemble at most one of them gained nothing (lesions
  marked T: 0.721 and 0.725 instead of 0.725; phantoms of even number: 0.937 and 0.938 instead of
  0.938), nor did reading values at the outline of small lesions as shares of voxels (0.725 to 0.727;
  phantoms 0.935 to 0.938).
";

pub(super) fn write(run: &Run<'_>) -> String {
    let mut text = HEAD.to_owned();
    aims(&mut text, run);
    speed(&mut text, run.times);
    lesions::real(&mut text, run);
    let of = |set: &'static str| run.rows.iter().filter(move |r| r.set == set);
    groups(&mut text, "Real lesions by size", of("real"), by_size);
    groups(
        &mut text,
        "Real lesions by distance of slices",
        of("real"),
        by_slice,
    );
    phantoms::phantoms(&mut text, run);
    groups(&mut text, "Phantoms by size", of("phantom"), by_size);
    groups(
        &mut text,
        "Phantoms by distance of slices",
        of("phantom"),
        by_slice,
    );
    phantoms::clicks(&mut text, run);
    phantoms::confidence(&mut text, run);
    text.push_str(REASONS);
    text
}

fn aims(text: &mut String, run: &Run<'_>) {
    line!(
        text,
        "\n## Aims\n\n| aim | measured | reached |\n|---|---|---|"
    );
    let mut aim = |name: &str, aim: f64, value: f64, at_least: bool| {
        let reached = if at_least { value >= aim } else { value <= aim };
        let word = if reached { "yes" } else { "**no**" };
        let sign = if at_least { "≥" } else { "≤" };
        line!(text, "| {name} {sign} {aim} | {value:.3} | {word} |");
    };
    let of = |set: &str, value: &dyn Fn(&Row) -> f64| -> Vec<f64> {
        let chosen = run.rows.iter().filter(|r| r.set == set);
        chosen
            .filter(|r| set != "real" || run.half == "tuning" || !r.is_for_tuning)
            .map(value)
            .collect()
    };
    let real = format!("real lesions, {} half", run.half);
    let after = |n: usize| mean(&of("real", &|r: &Row| r.corrected.dice[n]));
    aim(
        &format!("{real}: mean Dice after one drag"),
        0.80,
        after(0),
        true,
    );
    aim(
        &format!("{real}: after three gestures"),
        0.88,
        after(2),
        true,
    );
    let drags = of("phantom", &|r| dice(r, 0));
    aim(
        "phantoms: mean Dice of the exact drag",
        0.92,
        mean(&drags),
        true,
    );
    aim(
        "phantoms: 5th percentile of the exact drag",
        0.80,
        percentile(&drags, 0.05),
        true,
    );
    let phantoms = run.rows.iter().filter(|r| r.set == "phantom");
    let clicks = Clicks::of(phantoms.flat_map(|r| &r.clicks));
    aim(
        &format!(
            "phantoms: mean Dice of accepted clicks ({} of {})",
            clicks.accepted.len(),
            clicks.n
        ),
        0.90,
        mean(&clicks.accepted),
        true,
    );
    aim(
        &format!("phantoms: refused of clicks whose mask fails (Dice < {FAILURE})"),
        0.90,
        clicks.rightly as f64 / clicks.bad().max(1) as f64,
        true,
    );
    for time in run.times.iter().filter(|t| t.limit_ms.is_some()) {
        aim(
            &format!("{}, 60 mm, 2 threads: 95 % of times, ms", time.what),
            time.limit_ms.unwrap_or(f64::NAN),
            time.p95_ms,
            false,
        );
    }
}

fn speed(text: &mut String, times: &[Time]) {
    line!(
        text,
        "\n## Time\n\nOn lesions of 60 mm at 0.7 × 0.7 × 1.25 mm, two threads, region reading included. Wall times hold \
         what else runs on the machine's cores (its load is at the end); processor time is that of the program's \
         threads together.\n\n\
         | gesture | median ms | 95 % ms | limit ms | processor, median ms | n | equal masks for 1, 2 and 4 threads |\n|---|---|---|---|---|---|---|"
    );
    for t in times {
        let equal = if t.equal { "yes" } else { "**no**" };
        let limit = t.limit_ms.map_or("–".to_owned(), |l| l.to_string());
        let processor = t
            .processor_ms
            .map_or("–".to_owned(), |ms| format!("{ms:.1}"));
        line!(
            text,
            "| {} | {:.1} | {:.1} | {limit} | {processor} | {} | {equal} |",
            t.what,
            t.median_ms,
            t.p95_ms,
            t.n
        );
    }
}
