//! Compiles the protobuf package without an installed protoc: messages, gRPC services, their JSON
//! mapping, and the descriptors for reflection.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;

const FILES: [&str; 6] = [
    "types",
    "room_service",
    "participant_service",
    "breakout_service",
    "event_service",
    "node_service",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = FILES.map(|name| format!("proto/sideroom/v1/{name}.proto"));
    let descriptors = protox::compile(files, ["proto"])?;
    let encoded = descriptors.encode_to_vec();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("sideroom.v1.bin"), &encoded)?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    pbjson_build::Builder::new()
        .register_descriptors(&encoded)?
        .build(&[".sideroom.v1"])?;
    Ok(())
}
