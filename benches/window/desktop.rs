//! Paging in a real window, with whatever draws it on this desktop: frame after frame as fast as they come.

use std::path::PathBuf;
use std::time::Instant;

use oncotwin::app::view::{SeriesId, View, WindowLevel};
use oncotwin::app::{Command, Session};
use oncotwin::ui::{Backend, Wake};
use serde_json::json;

use crate::SETTINGS;
use crate::study::SLICES;

/// Frames that are not counted: until then the window may still be moved and sized from outside.
const FIRST: usize = 120;
/// Frames of which each shows another slice in all columns, and of which each has another window.
const PAGED: usize = 300;
const DRAGGED: usize = 120;

struct Desk {
    session: Session,
    series: SeriesId,
    wake: Wake,
    frames: usize,
    since: Instant,
    rates: Vec<f64>,
    out: Option<PathBuf>,
}

impl Desk {
    fn tell(&self) {
        let row = |quantity: &str, unit: &str, ours: f64, limit: f64, least: bool| {
            let ok = if least { ours >= limit } else { ours <= limit };
            json!({
                "set": SETTINGS, "quantity": quantity, "unit": unit, "ours": ours,
                "limit": limit, "least": least, "ok": ok,
            })
        };
        let answer = json!({
            "adapter": "what the program chooses on this desktop",
            "desktop": true,
            "rows": [
                row("frames per second while paging", "/s", self.rates[1], 30.0, true),
                row("frames per second while the window changes", "/s", self.rates[2], 30.0, true),
                row("frame while the window changes, mean", "ms", 1e3 / self.rates[2], 50.0, false),
            ],
        });
        crate::write(&answer, self.out.as_deref());
    }
}

impl Backend for Desk {
    fn logic(&mut self) {
        self.session.poll();
    }

    fn view(&mut self) -> View {
        let n = self.frames;
        self.frames += 1;
        let ends = [FIRST, FIRST + PAGED, FIRST + PAGED + DRAGGED];
        if ends.contains(&n) {
            let frames = [FIRST, PAGED, DRAGGED][self.rates.len()];
            self.rates
                .push(frames as f64 / self.since.elapsed().as_secs_f64());
            self.since = Instant::now();
        }
        if n == ends[2] {
            self.tell();
            // The event loop ends with the process; there is nobody who could close the window.
            std::process::exit(0);
        }
        let series = self.series;
        if n <= ends[1] {
            let slice = n % SLICES;
            self.session.send(Command::SetSlice { series, slice });
        } else {
            let width = 400.0 + (n % 100) as f64;
            let window = Some(WindowLevel::new(40.0, width));
            self.session.send(Command::SetWindow { series, window });
        }
        (self.wake)();
        self.session.view()
    }

    fn send(&mut self, command: Command) {
        self.session.send(command);
    }
}

/// Opens the window on four linked columns and measures.
pub(crate) fn run(session: Session, series: SeriesId, out: Option<PathBuf>) {
    oncotwin::ui::run(move |wake| {
        Box::new(Desk {
            session,
            series,
            wake,
            frames: 0,
            since: Instant::now(),
            rates: Vec::new(),
            out,
        })
    })
    .expect("a window");
}
