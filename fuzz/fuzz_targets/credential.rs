#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| byline_http::fuzzing::credential(data));
