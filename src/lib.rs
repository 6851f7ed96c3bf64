//! OncoTwin: a desktop workstation for tumour digital twins.
//!
//! Data flows one way, each stage a pure function of typed input and parameters:
//!
//! `open → volume → segment → measure → twin → narrate → report`
//!
//! `ARCHITECTURE.md` says where things are and what must stay true.

pub mod app;
pub mod audit_export;
pub mod case;
pub mod cli;
pub mod crash;
pub mod draft;
pub mod edit;
pub mod export;
pub mod geometry;
pub mod jobs;
pub mod keymap;
pub mod measure;
pub mod models;
pub mod narrate;
pub mod nn;
pub mod open;
pub mod phantom;
pub mod provenance;
pub mod reformat;
pub mod register;
pub mod report;
pub mod response;
pub mod scene;
pub mod segment;
pub mod store;
pub mod surface;
pub mod texts;
pub mod twin;
#[cfg(feature = "gui")]
pub mod ui;
pub mod units;
pub mod volume;
pub mod warning;
#[cfg(feature = "gui")]
pub mod window;
