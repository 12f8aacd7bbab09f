//! Measures Sideroom: the floor of the machine, the bare path, micro benches, and the load tool.
