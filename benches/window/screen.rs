//! The program's window on a texture in place of a screen.

use std::time::{Duration, Instant};

use eframe::egui_wgpu::wgpu;
use eframe::egui_wgpu::{RenderState, RendererOptions, ScreenDescriptor};
use egui::{Context, Event, Pos2, RawInput, Rect, vec2};
use oncotwin::app::Session;
use oncotwin::app::view::{SeriesId, WindowLevel};
use oncotwin::ui::{UiState, theme, view_ui};

/// Software renderers take their time; this is a fault.
const STUCK: Duration = Duration::from_secs(20);

/// Where the time of a frame went, ms.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parts {
    /// Commands taken in, pictures made, everything laid out.
    pub(crate) view: f64,
    /// Pictures to the graphics driver.
    pub(crate) upload: f64,
    /// Shapes to triangles.
    pub(crate) triangles: f64,
    /// Triangles to pixels.
    pub(crate) pixels: f64,
}

impl Parts {
    pub(crate) fn sum(&self) -> f64 {
        self.view + self.upload + self.triangles + self.pixels
    }
}

pub(crate) struct Screen {
    pub(crate) session: Session,
    /// The slices that were drawn last, column by column, and their windows.
    pub(crate) slices: Vec<usize>,
    pub(crate) windows: Vec<WindowLevel>,
    ctx: Context,
    ui: UiState,
    render: RenderState,
    target: wgpu::TextureView,
    size: [u32; 2],
    start: Instant,
    /// Whether the last frame asked for another one.
    restless: bool,
}

impl Screen {
    pub(crate) fn new(session: Session, size: [u32; 2]) -> Self {
        let ctx = Context::default();
        theme::install(&ctx);
        ctx.options_mut(|o| o.max_passes = std::num::NonZeroUsize::MIN);
        // As the program draws (`ui::run`).
        let options = RendererOptions {
            dithering: false,
            ..RendererOptions::default()
        };
        let setup = egui_kittest::wgpu::default_wgpu_setup();
        let render = egui_kittest::wgpu::create_render_state(setup, options);
        let texture = render.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("screen"),
            size: wgpu::Extent3d {
                width: size[0],
                height: size[1],
                depth_or_array_layers: 1,
            },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: render.target_format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
            view_formats: &[],
        });
        let target = texture.create_view(&wgpu::TextureViewDescriptor::default());
        Self {
            session,
            slices: Vec::new(),
            windows: Vec::new(),
            ctx,
            ui: UiState::default(),
            render,
            target,
            size,
            start: Instant::now(),
            restless: true,
        }
    }

    /// Which renderer draws.
    pub(crate) fn adapter(&self) -> String {
        let info = self.render.adapter.get_info();
        format!("{} ({:?}, {})", info.name, info.backend, info.driver_info)
    }

    /// Draws a frame, as the program does it (`ui::Window`), to the last pixel.
    #[expect(
        clippy::iter_over_hash_type,
        reason = "it does not matter which texture comes first"
    )]
    pub(crate) fn frame(&mut self, events: Vec<Event>) -> Parts {
        let start = Instant::now();
        let [width, height] = self.size.map(|n| n as f32);
        let limit = self.render.device.limits().max_texture_dimension_2d;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(width, height))),
            time: Some(self.start.elapsed().as_secs_f64()),
            max_texture_side: Some(limit as usize),
            events,
            ..RawInput::default()
        };
        let ctx = self.ctx.clone();
        let mut output = ctx.run_ui(input, |ui| {
            self.session.poll();
            let view = self.session.view();
            theme::set_dark(ui.ctx(), view.dark);
            let columns = view.patient.iter().flat_map(|p| &p.columns);
            let shown = columns.filter_map(|c| c.shown.as_ref());
            (self.slices, self.windows) = shown.map(|s| (s.slice, s.window)).unzip();
            let mut commands = Vec::new();
            view_ui(ui, &view, &mut self.ui, &mut commands);
            if !commands.is_empty() {
                ui.request_repaint();
            }
            for command in commands {
                self.session.send(command);
            }
        });
        let delay = output.viewport_output[&egui::ViewportId::ROOT].repaint_delay;
        self.restless = delay == Duration::ZERO;
        let viewed = start.elapsed();
        let mut renderer = self.render.renderer.write();
        let (device, queue) = (&self.render.device, &self.render.queue);
        for (id, images) in output.textures_delta.set.drain() {
            for image in images {
                renderer.update_texture(device, queue, id, &image);
            }
        }
        let uploaded = start.elapsed();
        let triangles = ctx.tessellate(output.shapes, output.pixels_per_point);
        let tessellated = start.elapsed();
        let screen = ScreenDescriptor {
            pixels_per_point: output.pixels_per_point,
            size_in_pixels: self.size,
        };
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let buffers = renderer.update_buffers(device, queue, &mut encoder, &triangles, &screen);
        {
            let attachment = wgpu::RenderPassColorAttachment {
                view: &self.target,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                    store: wgpu::StoreOp::Store,
                },
                depth_slice: None,
            };
            let mut pass = encoder
                .begin_render_pass(&wgpu::RenderPassDescriptor {
                    color_attachments: &[Some(attachment)],
                    ..wgpu::RenderPassDescriptor::default()
                })
                .forget_lifetime();
            renderer.render(&mut pass, &triangles, &screen);
        }
        queue.submit(buffers.into_iter().chain([encoder.finish()]));
        let waited = device.poll(wgpu::PollType::Wait {
            submission_index: None,
            timeout: Some(STUCK),
        });
        waited.expect("the renderer answers");
        for id in output.textures_delta.free.drain() {
            renderer.free_texture(&id);
        }
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        Parts {
            view: ms(viewed),
            upload: ms(uploaded - viewed),
            triangles: ms(tessellated - uploaded),
            pixels: ms(start.elapsed() - tessellated),
        }
    }

    /// The middle of the slice of a series.
    pub(crate) fn middle_of(&self, series: SeriesId) -> Pos2 {
        let id = egui::Id::unique("slice view").with(series);
        let view = self.ctx.read_response(id).expect("the slice is shown");
        view.rect.center()
    }

    /// Draws frames until one shows what was meant; time from the events on, ms.
    pub(crate) fn until(&mut self, events: Vec<Event>, shown: impl Fn(&Self) -> bool) -> f64 {
        let start = Instant::now();
        self.frame(events);
        while !shown(self) {
            assert!(start.elapsed() < STUCK, "it is never shown");
            self.frame(Vec::new());
        }
        start.elapsed().as_secs_f64() * 1e3
    }

    /// Draws frames until no job runs and nothing is to be drawn any more.
    pub(crate) fn rest(&mut self) {
        loop {
            self.session.settle();
            self.frame(Vec::new());
            if !self.restless && self.session.state().is_settled() {
                return;
            }
        }
    }
}
