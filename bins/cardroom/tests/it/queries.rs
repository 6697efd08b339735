//! No query of the API reads a table from end to end.

mod explained;
mod filled;
mod scans;
