//! Paging in a real window, with whatever draws it on this desktop: frame after frame as fast as they come.

use std::path::PathBuf;
use std::time::Instant;

use oncotwin::app::view::{SeriesId, View, WindowLevel};
use oncotwin::app::{Command, Session};
use oncotwin::ui::{Backend, Wake};
use serde_json::json;

use crate::study::SLICES;
use crate::{INTERACTIVE_MS, SETTINGS};

/// What every frame does, and how many frames. The first are not counted: until they are over the
/// window may still be moved and sized from outside.
const PHASES: [(Phase, usize); 4] = [
    (Phase::Settle, 120),
    (Phase::Page, 300),
    (Phase::Window, 120),
    (Phase::Jump, 120),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// As paging.
    Settle,
    /// Another slice in all columns.
    Page,
    /// Another window in all columns.
    Window,
    /// Another lesion, which all columns go to.
    Jump,
}

struct Desk {
    session: Session,
    series: SeriesId,
    wake: Wake,
    frames: usize,
    since: Instant,
    /// Of each phase, what each of its frames took, ms.
    times: [Vec<f64>; PHASES.len()],
    out: Option<PathBuf>,
}

impl Desk {
    fn tell(&mut self) {
        let row = |quantity: &str, unit: &str, ours: f64, limit: f64, least: bool| {
            let ok = if least { ours >= limit } else { ours <= limit };
            json!({
                "set": SETTINGS, "quantity": quantity, "unit": unit, "ours": ours,
                "limit": limit, "least": least, "ok": ok,
            })
        };
        let rate = |times: &[f64]| 1e3 * times.len() as f64 / times.iter().sum::<f64>();
        let [_, paging, window, jump] = &self.times;
        let mut rows = vec![
            row(
                "frames per second while paging",
                "/s",
                rate(paging),
                30.0,
                true,
            ),
            row(
                "frames per second while the window changes",
                "/s",
                rate(window),
                30.0,
                true,
            ),
        ];
        for (what, times) in [
            ("frame while the window changes", window),
            ("frame that goes to another lesion", jump),
        ] {
            let mut sorted = times.clone();
            sorted.sort_by(f64::total_cmp);
            let at = |share: usize| sorted[(sorted.len() * share / 100).min(sorted.len() - 1)];
            let mut timed = row(
                &format!("{what}, 99 %"),
                "ms",
                at(99),
                INTERACTIVE_MS,
                false,
            );
            timed["median"] = json!(at(50));
            rows.push(timed);
        }
        let answer = json!({
            "adapter": "what the program chooses on this desktop",
            "desktop": true,
            "rows": rows,
        });
        crate::write(&answer, self.out.as_deref());
    }

    /// What the hand does for this frame.
    fn act(&mut self, phase: Phase, n: usize) {
        let series = self.series;
        match phase {
            Phase::Settle | Phase::Page => {
                let slice = n % SLICES;
                self.session.send(Command::SetSlice { series, slice });
            }
            Phase::Window => {
                let width = 400.0 + (n % 100) as f64;
                let window = Some(WindowLevel::new(40.0, width));
                self.session.send(Command::SetWindow { series, window });
            }
            Phase::Jump => {
                let lesions = self.session.view().patient.expect("a patient").lesions;
                let lesion = Some(lesions[n % lesions.len()].id);
                self.session.send(Command::SelectLesion { lesion });
            }
        }
    }
}

impl Backend for Desk {
    fn logic(&mut self) {
        self.session.poll();
    }

    fn view(&mut self) -> View {
        let mut n = self.frames;
        self.frames += 1;
        let took = self.since.elapsed().as_secs_f64() * 1e3;
        self.since = Instant::now();
        for (at, (phase, frames)) in PHASES.into_iter().enumerate() {
            if n < frames {
                // What went before the first frame of a phase belongs to the phase before.
                let before = if n == 0 { at.saturating_sub(1) } else { at };
                self.times[before].push(took);
                self.act(phase, n);
                (self.wake)();
                return self.session.view();
            }
            n -= frames;
        }
        self.tell();
        // The event loop ends with the process; there is nobody who could close the window.
        std::process::exit(0);
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
            times: Default::default(),
            out,
        })
    })
    .expect("a window");
}
