#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| oncotwin_fuzz::open_files([("a.mha", bytes)]));
