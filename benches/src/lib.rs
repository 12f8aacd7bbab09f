//! Measures Sideroom: the floor of the machine, the bare path, micro benches, and the load tool.
//!
//! Every claimed figure is measured here, and its doc names the command. Figures of one machine mean little:
//! quote them as ratios to the floor or to the bare path of the same run.

pub mod bare;
pub mod floor;
pub mod load;
pub mod machine;
pub mod profile;
pub mod results;
pub mod summary;
