//! The output of `cardroom check`.

use settings::Effective;

/// Prints every setting with where it came from; the loading before it has found them good.
pub fn print(effective: &[Effective]) {
    let width = |of: fn(&Effective) -> &str| {
        effective.iter().map(|it| of(it).chars().count()).max().unwrap_or(0)
    };
    let (keys, values) = (width(|it| &it.key), width(|it| &it.value).min(60));
    for Effective { key, value, source } in effective {
        println!("{key:keys$}  {value:values$}  {source}");
    }
    println!("\nAll settings are good.");
}
