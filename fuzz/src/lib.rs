//! The bodies of the fuzz targets. Ordinary tests run the same functions over the corpora, so a file here
//! uses nothing but the crate that it is about.

pub mod rtp;
pub mod session;
pub mod transport;
pub mod turn;
