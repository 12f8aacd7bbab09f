#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sideroom_fuzz::transport::stun(data));
