#![no_main]

use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

fuzz_target!(|bytes: &[u8]| {
    oncotwin_fuzz::open_files(NAMES.into_iter().zip(oncotwin_fuzz::split(bytes)));
});
