//! OncoTwin: a desktop workstation for tumour digital twins.
//!
//! Data flows one way, each stage a pure function of typed input and parameters:
//!
//! `open → volume → segment → measure → twin → narrate → report`

pub mod case;
pub mod geometry;
pub mod jobs;
pub mod measure;
pub mod twin;
pub mod units;
pub mod volume;
pub mod warning;
