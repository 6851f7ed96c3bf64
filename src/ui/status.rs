//! The line at the bottom: what the program is not for, what is saved, what is running.

use egui::{Align, Layout, ProgressBar, RichText, Ui};

use super::readers::reader_chip;
use super::state::UiState;
use super::theme;
use super::widgets::{Icon, icon, icon_button, spinner};
use crate::app::Command;
use crate::app::view::{FilesView, JobRow, Saved, View};
use crate::texts::tr;

/// Draws the status line; always visible.
pub fn status_ui(ui: &mut Ui, view: &View, state: &mut UiState, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    ui.horizontal_centered(|ui| {
        ui.label(
            RichText::new(tr!("Research use only – not for diagnosis"))
                .font(theme::medium(12.0))
                .color(p.warning),
        );
        ui.separator();
        match &view.saved {
            Saved::All => {
                icon(
                    ui,
                    Icon::Check,
                    p.success,
                    tr!("Everything shown is on disk"),
                );
                ui.label(
                    RichText::new(tr!("All saved"))
                        .size(12.0)
                        .color(p.text_weak),
                );
            }
            Saved::Pending(n) => {
                spinner(ui, tr!("Writing to disk"));
                ui.label(
                    RichText::new(tr!("Saving {n}…", n))
                        .size(12.0)
                        .color(p.text_weak),
                );
            }
            Saved::Failed(reason) => {
                icon(
                    ui,
                    Icon::Warning,
                    p.error,
                    tr!("What is shown is not on disk"),
                );
                ui.label(
                    RichText::new(tr!("Not saved: {reason}", reason))
                        .font(theme::medium(12.0))
                        .color(p.error),
                );
            }
        }
        if let Some(files) = &view.files {
            ui.separator();
            files_chip(ui, files, out);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            reader_chip(ui, &view.readers, state);
            identity_chip(ui, view.hidden, out);
            ui.label(RichText::new(&view.workspace).size(12.0).color(p.text_weak))
                .on_hover_text(tr!("Workspace folder"));
            if !view.jobs.is_empty() {
                ui.separator();
            }
            for job in &view.jobs {
                job_ui(ui, job, out);
            }
        });
    });
    if !view.jobs.is_empty() {
        // Progress is written by other threads, which do not wake the window for every step.
        ui.request_repaint_after(std::time::Duration::from_millis(150));
    }
}

/// Leaves out who the patients are, for demonstrations and screenshots.
fn identity_chip(ui: &mut Ui, hidden: bool, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    let (text, ink) = if hidden {
        (tr!("Identity hidden"), p.warning)
    } else {
        (tr!("Hide identity"), p.text_weak)
    };
    let button = egui::Button::selectable(hidden, RichText::new(text).size(12.0).color(ink));
    let hover = tr!("Leave names, numbers, dates and places of files out of the window");
    if ui.add(button).on_hover_text(hover).clicked() {
        out.push(Command::HideIdentity { hidden: !hidden });
    }
}

/// Shows and hides the list of files; says how many were refused.
fn files_chip(ui: &mut Ui, files: &FilesView, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    let (text, ink) = match files.list.n_refused {
        0 => (tr!("Files").to_owned(), p.text_weak),
        n => (
            tr!("Files · {n} refused" | "Files · {n} refused" % n),
            p.error,
        ),
    };
    let button = egui::Button::selectable(files.shown, RichText::new(text).size(12.0).color(ink));
    if ui
        .add(button)
        .on_hover_text(tr!("What was opened, and what became of each file"))
        .clicked()
    {
        out.push(Command::ShowFiles {
            shown: !files.shown,
        });
    }
}

fn job_ui(ui: &mut Ui, job: &JobRow, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    if icon_button(ui, Icon::Close, &tr!("Cancel {name}", name = job.name)).clicked() {
        out.push(Command::CancelJob { job: job.id });
    }
    ui.add(
        ProgressBar::new(job.fraction)
            .desired_width(90.0)
            .desired_height(6.0)
            .corner_radius(3)
            .fill(p.accent),
    )
    .accessible_name(job.name.clone());
    let text = if job.step.is_empty() {
        job.name.clone()
    } else {
        format!("{} · {}", job.name, job.step)
    };
    ui.add(egui::Label::new(RichText::new(text).size(12.0).color(p.text)).truncate());
}
