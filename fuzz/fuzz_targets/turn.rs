#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sideroom_fuzz::turn::turn(data));
