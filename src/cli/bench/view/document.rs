//! The figures as a document.

use std::fmt::Write as _;

use serde_json::Value;

const HEAD: &str = "# Speed and faithfulness of viewing

Written by `cargo bench --bench window -- --out FILE` and `oncotwin bench view --window FILE --out
docs/viewing.md`; not by hand.

That pictures are right is proved by tests, not by timing: every pixel of slices and of planes across
them in 48 orientations, tilted and uneven stacks beside SimpleITK and numpy (`tests/it/pictures.rs`,
`tests/oracle/pictures.py`); letters of patients who lie on the table in eight ways, imaged along four
planes (`tests/it/letters.rs`); figures that measure the same in every plane (`tests/it/all_planes.rs`);
no slice left out, and no frame drawn while nothing happens (`tests/it/ui/paging.rs`); and who opens the
program for the first time, with every gesture counted (`tests/it/ui/newcomer.rs`).
";

const DESKTOP: &str = "
## In a real window

The same four time points in the program's own window on a desktop without graphics card, 1920 × 1080
points: each frame shows another slice in all columns, another window, or another lesion, as fast as
frames come. What a frame takes is from one to the next.
";

const WINDOW: &str = "
## Into a picture

Four time points of 1000 slices of 512², linked, 1920 × 1080 points, the session and the drawing of the
program, every frame drawn to its last pixel by a software renderer, through the interface that graphics
cards are used by; without one the real window uses OpenGL, which is faster. A wheel asks for more than can be
drawn, and every slice is shown, one with each frame. Times of what follows the hand are from the event
to the end of the frame that shows what it did, which is the second one. What a desktop takes to put a
finished frame on a screen is not part of it.
";

const BEHIND: &str = "
## Behind the window

Beside SimpleITK 2.5 where it can do the same. Memory is what the system says this process has.
";

const REASONS: &str = "
## What falls short, and why

- **Frames into a picture**: nearly all of a frame is the renderer's work on pixels; slices, view and
  layout are the program's part. The shader of egui-wgpu 0.37 chooses for every pixel between two ways of
  reading a texture, of which the program uses the cheap one. A graphics card takes one way; the software
  renderer of Mesa 22 works out both, and the other one, meant for tests, has dozens of divisions. With a
  shader that knows only the cheap way (and does not dither) the same frames took 26 ms instead of 250 ms.
  So where Linux has no graphics card the window draws through OpenGL, whose shader is of that kind: those
  are the figures of the real window.
- **What follows the hand** takes two frames there, and falls short for the same reason.
- **CT and MR of B1**: the makers of the set had aligned the MR rigidly, resampled it onto the CT and copied one
  drawing of the tumour to both, so “from the header” and “tumour” say how far two answers lie from a third.
  The legs lie otherwise in either image, and no rigid transform fits all of them. What is known for sure
  is by how much the moved images were moved: there the program agrees with itself to hundredths of a
  millimetre, or refuses, and SimpleITK does not.
- **With a graphics card** nothing was measured, since none was at hand; the aim there is 99 % of frames within 16.7 ms.
- **Times behind the window** hold for a machine that does nothing else; the load average is at the end.
";

/// Rows of the window's benchmarks (those that were run) and of this one.
pub(super) fn document(windows: &[Value], rows: &[Value]) -> String {
    let mut text = HEAD.to_owned();
    for window in windows {
        text.push_str(if window["desktop"] == true {
            DESKTOP
        } else {
            WINDOW
        });
        let adapter = window["adapter"].as_str().unwrap_or("not told");
        write!(text, "\nRenderer: {adapter}.\n").ok();
        let rows = window["rows"].as_array().map_or(&[][..], Vec::as_slice);
        table(&mut text, rows, false);
        for row in rows {
            parts(&mut text, row);
        }
    }
    text.push_str(BEHIND);
    table(&mut text, rows, true);
    text.push_str(REASONS);
    text
}

fn table(text: &mut String, rows: &[Value], with_set: bool) {
    text.push_str(if with_set {
        "\n| Images | What | Aim | Measured | Reached |\n|---|---|---|---|---|\n"
    } else {
        "\n| What | Aim | Measured | Reached |\n|---|---|---|---|\n"
    });
    for row in rows {
        let word = |key: &str| row[key].as_str().unwrap_or_default();
        if with_set {
            write!(text, "| {} ", word("set")).ok();
        }
        writeln!(
            text,
            "| {} | {} | {} | {} |",
            word("quantity"),
            aim(row),
            measured(row),
            match row["ok"].as_bool() {
                Some(true) => "yes",
                Some(false) => "**no**",
                None => "–",
            }
        )
        .ok();
    }
}

fn aim(row: &Value) -> String {
    let Some(limit) = row["limit"].as_f64() else {
        return "–".to_owned();
    };
    let sign = if row["least"] == true { "≥" } else { "≤" };
    format!("{sign} {} {}", number(limit), unit(row))
        .trim()
        .to_owned()
}

fn unit(row: &Value) -> &str {
    row["unit"].as_str().unwrap_or_default()
}

fn measured(row: &Value) -> String {
    let word = |key: &str| row[key].as_str();
    if let Some(missing) = word("missing") {
        return format!("missing: {missing}");
    }
    let Some(ours) = row["ours"].as_f64() else {
        return format!("refused: {}", word("reason").unwrap_or_default());
    };
    let unit = unit(row);
    let mut text = format!("{} {unit}", number(ours)).trim().to_owned();
    for (key, what) in [("median", "median"), ("max", "largest")] {
        if let Some(value) = row[key].as_f64() {
            write!(text, ", {what} {} {unit}", number(value)).ok();
        }
    }
    if let Some(refused) = row["refused"].as_u64().filter(|n| *n > 0) {
        write!(text, ", {refused} refused").ok();
    }
    if let (Some(peer), Some(value)) = (word("peer"), row["peer_value"].as_f64()) {
        write!(text, "; {peer} {} {unit}", number(value)).ok();
    }
    if let (Some(peer), Some(reason)) = (word("peer"), word("peer_reason")) {
        write!(text, "; {peer} gives none: {reason}").ok();
    }
    if let Some(mib) = row["mib"].as_object() {
        let all = mib
            .iter()
            .filter_map(|(when, v)| Some(format!("{} MiB {when}", number(v.as_f64()?))));
        write!(text, " ({})", all.collect::<Vec<_>>().join(", ")).ok();
    }
    text
}

/// Where the time of a row goes.
fn parts(text: &mut String, row: &Value) {
    let Some(parts) = row["parts"].as_object() else {
        return;
    };
    let all = parts
        .iter()
        .filter_map(|(what, v)| Some(format!("{what} {} ms", number(v.as_f64()?))));
    let what = row["quantity"].as_str().unwrap_or_default();
    let all = all.collect::<Vec<_>>().join(", ");
    write!(text, "\nOf the {what} (medians): {all}.\n").ok();
}

/// Three digits, whole numbers whole.
fn number(v: f64) -> String {
    let digits = match v.abs() {
        _ if v.fract() == 0.0 => 0,
        a if a >= 100.0 => 0,
        a if a >= 10.0 => 1,
        a if a >= 1.0 => 2,
        _ => 3,
    };
    format!("{v:.digits$}")
}
