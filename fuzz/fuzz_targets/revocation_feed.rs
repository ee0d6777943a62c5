#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handstamp_fuzz::revocation_feed(data));
