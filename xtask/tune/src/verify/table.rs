//! Predicted and measured, side by side.

use std::fmt::Write as _;

use super::Row;

pub(crate) fn render(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut line = |cells: [&str; 5]| {
        let [name, predicted, measured, error, verdict] = cells;
        // Writing to a string cannot fail.
        let _ = writeln!(text, " {name:<32} {predicted:>24} {measured:>26} {error:>8}  {verdict}");
    };
    line(["", "predicted", "measured", "error", "verdict"]);
    for Row { name, predicted, measured, error, holds, disturbed } in rows {
        let error = error.map_or(String::new(), |it| format!("{:+.1} %", it * 100.0));
        line([name, predicted, measured, &error, verdict(*holds, *disturbed)]);
    }
    text
}

fn verdict(holds: Option<bool>, disturbed: bool) -> &'static str {
    match holds {
        _ if disturbed => "disturbed",
        Some(true) => "right",
        Some(false) => "WRONG",
        None => "",
    }
}
