//! Tests of behaviour across modules, in one binary (each further one would link everything again).

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests say why they skip, and fail loudly"
)]

mod all_planes;
mod audit_export;
mod balls;
mod bench;
mod case_fixture;
mod common;
mod docs;
mod draft;
mod dynamics;
mod endure;
mod figures_verb;
mod files;
mod forecast;
mod gestures;
mod history;
mod identity;
mod imaging;
mod layers;
mod letters;
mod licences;
mod measure;
mod mice;
mod models_verb;
mod narrate;
mod open;
mod phantom;
mod pictures;
mod register;
mod report;
mod response;
mod review;
mod robust;
mod sbc;
mod schema;
mod segment;
mod segment_verb;
mod store;
mod strokes;
mod tamper;
mod texts;
mod tiny_model;
mod twin;
mod ui;
