#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kinitro_fuzz::borders::named("v3_act_json")(bytes);
});
