#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| byline_tokens::fuzzing::token(data));
