//! The window: draws the view model, turns gestures into commands, holds nothing of the record.
//!
//! Every panel is a function of a part of [`View`], the window's own [`UiState`] and a list that
//! takes commands, so that it can be drawn and tested without a window.

mod act;
mod chooser;
mod cine;
mod columns;
mod dialog;
mod draft;
mod editing;
mod erase;
mod files;
mod growth;
mod header;
mod help;
mod history;
mod key_dialog;
mod keys;
mod lesions;
mod links;
mod look;
mod measuring;
mod messages;
mod narrative;
mod notices;
mod page;
mod palette;
mod panels;
mod patient;
mod person;
mod picture;
mod proposal;
mod readers;
mod reading;
mod signing;
mod size;
mod slab;
mod slice;
mod state;
mod status;
pub mod theme;
mod thumbnail;
mod tools;
mod tour;
mod trace;
mod treatments;
mod uptake;
mod versions;
mod widgets;

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;

use egui::{
    CentralPanel, Context, CornerRadius, Frame, Id, LayerId, Margin, Order, Panel, Stroke,
    StrokeKind, Ui,
};

use crate::app::Command;
use crate::app::view::View;

pub use chooser::chooser_ui;
pub use columns::columns_ui;
pub use draft::draft_ui;
pub use files::files_ui;
pub use growth::growth_ui;
pub use history::history_ui;
pub use lesions::lesions_ui;
pub use messages::messages_ui;
pub use narrative::narrative_ui;
pub use patient::patient_ui;
pub use state::{Tool, UiState};
pub use status::status_ui;
pub use tools::tools_ui;
pub use treatments::treatments_ui;

/// Wakes the window from another thread, so that it drains what jobs have finished.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What the window needs of the program behind it.
pub trait Backend {
    /// Takes in what jobs have finished. Called before every frame, and also while hidden.
    fn logic(&mut self);
    /// What to draw now.
    fn view(&mut self) -> View;
    /// Does what was asked; the next [`Backend::view`] shows it.
    fn send(&mut self, command: Command);
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No graphics driver, not even a software one, can draw into the window.
    #[error(
        "no usable graphics driver ({reason}). \
         Linux: install the Mesa software driver (Debian, Ubuntu: apt-get install \
         mesa-vulkan-drivers libvulkan1; Fedora: dnf install mesa-vulkan-drivers). \
         Windows: DirectX 12 with its software device WARP is part of Windows 10 and later; \
         install the system updates, or on a remote desktop enable hardware-independent \
         graphics. The command line (oncotwin --help) works without a window"
    )]
    NoGraphics {
        /// What the graphics library says.
        reason: String,
    },
    /// There is no desktop to open a window on, or it refused.
    #[error(
        "cannot open a window ({reason}). Is there a desktop session (DISPLAY or \
         WAYLAND_DISPLAY)? The command line (oncotwin --help) works without one"
    )]
    NoDesktop {
        /// What the window library says.
        reason: String,
    },
}

impl From<eframe::Error> for Error {
    fn from(error: eframe::Error) -> Self {
        let reason = error.to_string();
        match error {
            eframe::Error::Wgpu(_) => Self::NoGraphics { reason },
            _ => Self::NoDesktop { reason },
        }
    }
}

/// The application in the sense of eframe.
pub struct Window {
    backend: Box<dyn Backend>,
    state: UiState,
    commands: Vec<Command>,
}

impl Window {
    /// A window on a program; installs fonts and styles.
    #[must_use]
    pub fn new(ctx: &Context, backend: Box<dyn Backend>) -> Self {
        theme::install(ctx);
        // A repeated pass would see the same events and send the same commands again.
        ctx.options_mut(|o| o.max_passes = NonZeroUsize::MIN);
        Self {
            backend,
            state: UiState::default(),
            commands: Vec::new(),
        }
    }
}

impl eframe::App for Window {
    fn logic(&mut self, _ctx: &Context, _frame: &mut eframe::Frame) {
        self.backend.logic();
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let view = self.backend.view();
        theme::set_dark(ui.ctx(), view.dark);
        view_ui(ui, &view, &mut self.state, &mut self.commands);
        if std::mem::take(&mut self.state.quit) {
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
        }
        // What a command changes is on the screen with the next frame, which nobody else asks for.
        if !self.commands.is_empty() {
            ui.request_repaint();
        }
        for command in self.commands.drain(..) {
            self.backend.send(command);
        }
    }
}

/// Opens the window and returns when it is closed. `backend` gets the means to wake the window.
///
/// # Errors
/// [`Error::NoGraphics`] without a graphics driver, [`Error::NoDesktop`] without a desktop.
pub fn run(backend: impl FnOnce(Wake) -> Box<dyn Backend>) -> Result<(), Error> {
    // Taken once there is a window: a renderer that comes to none leaves it to the next.
    let backend = Rc::new(Cell::new(Some(backend)));
    let mut outcome = Ok(());
    for renderer in renderers() {
        let backend = Rc::clone(&backend);
        let is_open = Rc::new(Cell::new(false));
        let opened = Rc::clone(&is_open);
        outcome = eframe::run_native(
            "OncoTwin",
            options(*renderer),
            Box::new(move |creation| {
                let Some(backend) = backend.take() else {
                    return Err("there was a window already".into());
                };
                opened.set(true);
                let ctx = creation.egui_ctx.clone();
                let wake: Wake = Arc::new(move || ctx.request_repaint());
                Ok(Box::new(Window::new(&creation.egui_ctx, backend(wake))))
            }),
        );
        if is_open.get() || outcome.is_ok() {
            break;
        }
    }
    Ok(outcome?)
}

/// What draws the window, the first choice first.
///
/// Without graphics card the shader of the usual renderer is slow: it chooses for each pixel anew how to
/// read textures, and takes 240 ms for a full screen where that of OpenGL takes a tenth.
fn renderers() -> &'static [eframe::Renderer] {
    #[cfg(target_os = "linux")]
    if !has_graphics_card() {
        return &[eframe::Renderer::Glow, eframe::Renderer::Wgpu];
    }
    &[eframe::Renderer::Wgpu]
}

/// Whether there is a device that draws: a render node, one of NVIDIA, or that of Windows below Linux.
#[cfg(target_os = "linux")]
fn has_graphics_card() -> bool {
    let nodes = std::fs::read_dir("/dev/dri")
        .into_iter()
        .flatten()
        .flatten();
    let renders = |name: std::ffi::OsString| name.to_string_lossy().starts_with("renderD");
    nodes.map(|node| node.file_name()).any(renders)
        || ["/dev/nvidia0", "/dev/dxg"]
            .iter()
            .any(|path| std::path::Path::new(path).exists())
}

fn options(renderer: eframe::Renderer) -> eframe::NativeOptions {
    let mut viewport = egui::ViewportBuilder::default()
        .with_title("OncoTwin")
        .with_app_id("oncotwin")
        .with_inner_size([1400.0, 900.0])
        .with_min_inner_size([800.0, 560.0]);
    if let Ok(icon) = eframe::icon_data::from_png_bytes(include_bytes!("../assets/icon.png")) {
        viewport = viewport.with_icon(icon);
    }
    eframe::NativeOptions {
        viewport,
        renderer,
        persist_window: false,
        // Dithering would change grey levels of the picture.
        dithering: false,
        ..eframe::NativeOptions::default()
    }
}

/// Draws one frame of everything.
pub fn view_ui(ui: &mut Ui, view: &View, state: &mut UiState, out: &mut Vec<Command>) {
    state.keys = Arc::clone(&view.keys);
    // The same value again is no change.
    ui.ctx().set_zoom_factor(view.layout.scale);
    let p = theme::palette(ui);
    let bar = |x, y| {
        Frame::new()
            .fill(p.panel)
            .inner_margin(Margin::symmetric(x, y))
    };
    Panel::bottom("status")
        .exact_size(26.0)
        .frame(bar(10, 0))
        .show(ui, |ui| status_ui(ui, view, state, out));
    if !view.messages.is_empty() {
        Panel::top("messages")
            .exact_size(messages::height(&view.messages))
            .frame(bar(0, 0))
            .show(ui, |ui| messages_ui(ui, &view.messages, out));
    }
    if let Some(crash) = &view.crash {
        Panel::top("crash")
            .frame(bar(0, 0))
            .show(ui, |ui| notices::crash_ui(ui, crash, state, out));
    }
    if let Some(reason) = &view.read_only {
        Panel::top("read only")
            .frame(bar(0, 0))
            .show(ui, |ui| notices::read_only_ui(ui, reason, out));
    }
    if let Some(dispute) = view.patient.as_ref().and_then(|p| p.dispute.as_deref()) {
        Panel::top("identity")
            .frame(bar(0, 0))
            .show(ui, |ui| notices::identity_ui(ui, view, dispute, state));
    }
    close_top(ui, view, state, out);
    if let Some(files) = view.files.as_ref().filter(|f| f.shown) {
        files::files_panel(ui, files, state, out);
    }
    match &view.patient {
        Some(patient) => patient_ui(ui, view, patient, state, out),
        None => {
            // Nobody looks at pictures of a patient who was closed.
            state.textures.clear();
            keys::keys(ui, view, None, state, out);
            CentralPanel::default()
                .frame(Frame::new().fill(p.window))
                .show(ui, |ui| chooser_ui(ui, view, state, out));
        }
    }
    if let Some(trace) = &view.trace {
        trace::trace_ui(ui, trace, out);
    }
    if let Some(header) = &view.header {
        header::header_ui(ui, header, state, out);
    }
    if let Some(picture) = &view.picture {
        picture::picture_ui(ui, picture, state, out);
    }
    page::page_ui(ui, state);
    dialog::dialog_ui(ui, view, state, out);
    help::help_ui(ui, state);
    tour::tour_ui(ui, view, state);
    drop_ui(ui, out);
}

/// Escape closes one window at a time, before it means anything to the picture.
fn close_top(ui: &Ui, view: &View, state: &mut UiState, out: &mut Vec<Command>) {
    let versions = view.patient.as_ref().is_some_and(|p| p.versions.is_some());
    let (header, picture) = (view.header.is_some(), view.picture.is_some());
    let open = state.show_crash
        || state.page.is_some()
        || header
        || picture
        || view.trace.is_some()
        || versions;
    let elsewhere = state.dialog.is_some() || state.gesture.is_some() || state.show_help;
    if !open
        || elsewhere
        || ui.ctx().text_edit_focused()
        || egui::Popup::is_any_open(ui.ctx())
        || !ui.input_mut(|i| i.consume_key(egui::Modifiers::NONE, egui::Key::Escape))
    {
        return;
    }
    if std::mem::take(&mut state.show_crash) || state.page.take().is_some() {
        return;
    }
    out.push(if header {
        Command::HideHeader
    } else if picture {
        Command::HidePicture
    } else if view.trace.is_some() {
        Command::HideTrace
    } else {
        Command::HideVersions
    });
}

/// Files dropped anywhere on the window are opened.
fn drop_ui(ui: &Ui, out: &mut Vec<Command>) {
    let (hovering, paths) = ui.input(|i| {
        let paths: Vec<_> = i
            .raw
            .dropped_files
            .iter()
            .map(|f| f.path().to_path_buf())
            .collect();
        (!i.raw.hovered_files.is_empty(), paths)
    });
    if !paths.is_empty() {
        out.push(Command::Open { paths });
    }
    if hovering {
        let p = theme::palette(ui);
        let layer = LayerId::new(Order::Foreground, Id::unique("drop overlay"));
        let painter = ui.ctx().layer_painter(layer);
        let rect = ui.ctx().content_rect();
        painter.rect_filled(rect, CornerRadius::ZERO, p.window.gamma_multiply(0.85));
        painter.rect_stroke(
            rect.shrink(12.0),
            CornerRadius::same(theme::RADIUS),
            Stroke::new(2.0, p.accent),
            StrokeKind::Inside,
        );
        painter.text(
            rect.center(),
            egui::Align2::CENTER_CENTER,
            "Drop to open",
            theme::medium(22.0),
            p.text,
        );
    }
}
