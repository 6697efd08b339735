//! Reports as single HTML files: no network, no scripts, light and dark.

mod page;
mod plot;

pub use page::{Html, badge, bars, escape, facts, page, table};
pub use plot::{FILLS, Plot, Scale, around, interval, time};
