//! No query of the API reads a table from end to end, and no list asks once for each of its entries.

mod counted;
mod explained;
mod filled;
mod scans;
