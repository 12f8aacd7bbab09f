//! Embeds the built pages of `web/` in the binary, if they were built, and compiles the calls between nodes, without an
//! installed protoc.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(["proto/peer.proto"], ["proto"])?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(embed_pages()?)
}

fn embed_pages() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let dist = root.join("../../web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut listing = String::from("&[\n");
    if dist.is_dir() {
        list(&dist.canonicalize()?, "", &mut listing)?;
    }
    listing.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("pages.rs"), listing)
}

fn list(dir: &Path, prefix: &str, listing: &mut String) -> io::Result<()> {
    let mut entries = fs::read_dir(dir)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), listing)?;
        } else {
            println!("cargo::rerun-if-changed={}", entry.path().display());
            let _ = writeln!(listing, "({name:?}, include_bytes!({:?})),", entry.path());
        }
    }
    Ok(())
}
