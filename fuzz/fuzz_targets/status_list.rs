#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handstamp_fuzz::status_list(data));
