//! Plans for machines as they are sold.

use super::need::{text_values, vision_values};
use super::*;
use crate::nn::config::{Activation, ImageTokens, Reach, Rotation, TextConfig, VisionConfig};

/// Single precision, quantised before.
const FLOATS: Stored = Stored::Floats {
    each: 4,
    is_kept: true,
};
const GB: u64 = 1_000_000_000;
const GIB: u64 = 1 << 30;

fn machine(free: u64) -> Machine {
    Machine {
        free: Some(free),
        copies: need::COPIES[1],
        cards: Vec::new(),
    }
}

/// Cards of so many GiB, a twentieth of which is taken by a desktop, beside 32 GB of main memory.
fn with_cards(gib: &[f64], has_bf16: bool) -> Machine {
    let card = |(number, gib): (usize, &f64)| {
        let bytes = (gib * GIB as f64) as u64;
        Card {
            number,
            name: format!("card {number}"),
            bytes,
            free: bytes / 20 * 19,
            has_bf16,
        }
    };
    Machine {
        cards: gib.iter().enumerate().map(card).collect(),
        ..machine(32 * GB)
    }
}

fn config(layers: usize, hidden: usize, inner: usize, heads: [usize; 2], head: usize) -> Config {
    let reach = |n: usize| match (n + 1) % 6 {
        0 => Reach::Global,
        _ => Reach::Window(1024),
    };
    let angles = Rotation {
        base: 1e4,
        factor: 1.0,
    };
    let text = TextConfig {
        hidden,
        intermediate: inner,
        heads: heads[0],
        kv_heads: heads[1],
        head_dim: head,
        vocabulary: 262_208,
        layers: (0..layers).map(reach).collect(),
        query_scalar: 256.0,
        epsilon: 1e-6,
        global: angles,
        local: angles,
        activation: Activation::GeluTanh,
        positions: 131_072,
    };
    let tower = VisionConfig {
        hidden: 1152,
        intermediate: 4304,
        layers: 27,
        heads: 16,
        image: 896,
        patch: 14,
        epsilon: 1e-6,
    };
    let tokens = ImageTokens {
        begin: 0,
        end: 1,
        soft: 2,
        per_image: 256,
    };
    Config {
        text,
        vision: Some((tower, tokens)),
    }
}

fn of_4b() -> Config {
    config(34, 2560, 10_240, [8, 4], 256)
}

fn of_27b() -> Config {
    config(62, 5376, 21_504, [32, 16], 128)
}

#[test]
fn sizes_are_those_of_the_published_models() {
    // Gemma 3 Technical Report, table 1: 3.88 and 27.0 billion, 417 million for images.
    let billions = |config: &Config| text_values(&config.text) as f64 / 1e9;
    assert!((billions(&of_4b()) - 3.88).abs() < 0.02);
    assert!((billions(&of_27b()) - 27.0).abs() < 0.1);
    let (tower, _) = of_4b().vision.unwrap();
    assert!((vision_values(&tower) as f64 / 1e9 - 0.417).abs() < 0.01);
}

const AUTO: (Wish, Place) = (Wish::Auto, Place::Auto);

fn first(config: &Config, stored: Stored, machine: &Machine) -> Result<Plan> {
    let plans = plans(config, stored, 4096, AUTO, machine, &[])?;
    Ok(plans[0].clone())
}

#[test]
fn what_fits_is_chosen_and_what_does_not_is_refused_with_numbers() {
    let chosen = |config: &Config, free: u64| first(config, FLOATS, &machine(free));
    assert_eq!(
        chosen(&of_4b(), 64 * GB).unwrap().precision,
        Precision::FourBits
    );
    assert!(matches!(
        chosen(&of_4b(), 6 * GB),
        Err(Error::NoRoom { needed, free, .. }) if free == 6 * GB && needed > 8 * GB
    ));
    assert!(chosen(&of_27b(), 32 * GB).is_err());
    assert!(chosen(&of_27b(), 64 * GB).is_ok());
    let with_unit = Machine {
        copies: need::COPIES[0],
        ..machine(40 * GB)
    };
    assert!(first(&of_27b(), FLOATS, &with_unit).is_ok());
    let small = config(18, 640, 2048, [4, 1], 256);
    assert_eq!(chosen(&small, 8 * GB).unwrap().precision, Precision::Floats);
    let floats = (Wish::Floats, Place::Auto);
    let full = plans(&of_4b(), FLOATS, 4096, floats, &machine(64 * GB), &[]).unwrap();
    assert!(full[0].bytes() > 15 * GB && full[0].precision == Precision::Floats);
    let stored = first(&of_4b(), Stored::Gguf(2_490_000_000), &machine(12 * GB)).unwrap();
    assert_eq!(stored.precision, Precision::AsStored);
    assert_eq!(stored.place(), "cpu");
    let silent = Machine {
        free: None,
        ..machine(0)
    };
    assert!(plans(&of_4b(), Stored::Gguf(GB), 4096, floats, &silent, &[]).is_err());
    // A system that does not tell refuses nothing.
    assert!(plans(&of_27b(), FLOATS, 4096, floats, &silent, &[]).is_ok());
}

/// Precision and layers on cards of what is tried first.
fn on(gib: &[f64], has_bf16: bool, config: &Config) -> (Precision, usize) {
    let plan = first(config, FLOATS, &with_cards(gib, has_bf16)).unwrap();
    let layers = plan.shares.iter().filter(|s| s.spot != Spot::Processor);
    (plan.precision, layers.map(|s| s.layers).sum())
}

#[test]
fn four_billion_values_take_the_card_that_is_there() {
    let of_4b = of_4b();
    for (gib, precision) in [
        (24.0, Precision::Bf16),
        (16.0, Precision::Bf16),
        (12.0, Precision::F16),
        (11.0, Precision::FourBits),
        (8.0, Precision::FourBits),
    ] {
        assert_eq!(on(&[gib], true, &of_4b), (precision, 34), "{gib} GB");
    }
    // A card of 16 GB before compute capability 8.0 has 14.75 GiB to give and no bfloat16.
    assert_eq!(on(&[14.75], false, &of_4b), (Precision::F16, 34));
    // Less: a part of the layers.
    let (precision, layers) = on(&[3.5], true, &of_4b);
    assert_eq!(precision, Precision::FourBits);
    assert!((1..34).contains(&layers), "{layers}");
    // Next to nothing: the processor.
    assert_eq!(on(&[2.0], true, &of_4b), (Precision::FourBits, 0));
    assert_eq!(on(&[], true, &of_4b), (Precision::FourBits, 0));
}

#[test]
fn twenty_seven_billion_values_take_the_cards_that_are_there() {
    let of_27b = of_27b();
    assert_eq!(on(&[80.0], true, &of_27b), (Precision::Bf16, 62));
    assert_eq!(on(&[64.0], true, &of_27b), (Precision::Bf16, 62));
    assert_eq!(on(&[48.0], true, &of_27b), (Precision::FourBits, 62));
    assert_eq!(on(&[24.0], true, &of_27b), (Precision::FourBits, 62));
    // Two of 16 GB hold in four bits what one does not.
    let plan = first(&of_27b, FLOATS, &with_cards(&[16.0, 16.0], true)).unwrap();
    assert_eq!(plan.precision, Precision::FourBits);
    let layers: Vec<usize> = plan.shares.iter().map(|s| s.layers).collect();
    assert_eq!((layers.len(), layers.iter().sum::<usize>()), (2, 62));
    for share in &plan.shares {
        assert!(share.bytes < 16 * GIB, "{share:?}");
    }
    assert!(plan.place().contains("card 0") && plan.place().contains("card 1"));
    // Two of 40 hold all of it in halves.
    assert_eq!(on(&[40.0, 40.0], true, &of_27b), (Precision::Bf16, 62));
}

#[test]
fn what_failed_is_not_tried_again() {
    let machine = with_cards(&[24.0], true);
    let (config, stored) = (of_4b(), FLOATS);
    let mut failed = Vec::new();
    let mut tried = Vec::new();
    while let Ok(plans) = plans(&config, stored, 4096, AUTO, &machine, &failed) {
        tried.push((plans[0].precision, plans[0].uses_cards()));
        failed.push(Failed {
            plan: plans[0].clone(),
            reason: "out of memory".to_owned(),
            is_non_finite: false,
        });
    }
    let on_processor = [(Precision::FourBits, false), (Precision::Floats, false)];
    assert_eq!(
        tried[..2],
        [(Precision::Bf16, true), (Precision::FourBits, true)]
    );
    assert_eq!(tried[2..], on_processor);
    // Halves that give no number are no reason for four bits.
    failed.truncate(1);
    failed[0].is_non_finite = true;
    let left = plans(&config, stored, 4096, AUTO, &machine, &failed).unwrap();
    assert_eq!(left[0].precision, Precision::Floats);
}

#[test]
fn a_wish_that_cannot_be_fulfilled_is_refused() {
    let wish = |place, machine: &Machine| {
        let wish = (Wish::Auto, place);
        plans(
            &of_4b(),
            Stored::Gguf(2_490_000_000),
            4096,
            wish,
            machine,
            &[],
        )
    };
    let error = wish(Place::Cards, &machine(64 * GB)).unwrap_err();
    assert!(error.to_string().contains("no graphics card"), "{error}");
    let small = with_cards(&[2.0], true);
    let error = wish(Place::Cards, &small).unwrap_err();
    assert!(
        matches!(&error, Error::NoRoom { needed, cards, .. } if *needed > 2 * GB && cards.len() == 1)
    );
    let large = with_cards(&[24.0], true);
    assert!(!wish(Place::Processor, &large).unwrap()[0].uses_cards());
    assert!(
        wish(Place::Cards, &large)
            .unwrap()
            .iter()
            .all(Plan::uses_cards)
    );
}
