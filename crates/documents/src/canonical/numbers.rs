//! Numbers as `jsonb` writes them.

use crate::bounds::Refusal;

/// Digits a number may have when written without an exponent: enough for every double.
const DIGITS_MAX: usize = 400;

/// Number of digits that is finite as a double wherever the point is.
const FINITE_DIGITS: usize = 300;

/// Whether a number is written as `jsonb` would write it, as nearly all are.
pub(super) fn is_plain(token: &str) -> bool {
    token.len() <= FINITE_DIGITS && !token.starts_with("-0") && !token.contains(['e', 'E'])
}

/// Writes a number without an exponent; trailing zeros of a fraction stay, a negative zero does not.
pub(super) fn write_plain(token: &str, out: &mut String) -> Result<(), Refusal> {
    let (mantissa, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
    let unsigned = mantissa.trim_start_matches('-');
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let exponent: i64 = exponent.parse().map_err(|_| Refusal::NumberOutOfRange)?;
    let digits = format!("{whole}{fraction}");
    let point = isize::try_from(exponent)
        .ok()
        .and_then(|shift| shift.checked_add_unsigned(whole.len()))
        .ok_or(Refusal::NumberOutOfRange)?;
    let written = match usize::try_from(point) {
        Ok(before @ 1..) => before.max(digits.len()),
        _ => point.unsigned_abs().saturating_add(digits.len()).saturating_add(1),
    };
    if written > DIGITS_MAX {
        return Err(Refusal::NumberOutOfRange);
    }
    if mantissa.len() > unsigned.len() && digits.bytes().any(|digit| digit != b'0') {
        out.push('-');
    }
    place_point(&digits, point, out);
    Ok(())
}

/// Writes `digits` with the decimal point after the first `point` digits.
fn place_point(digits: &str, point: isize, out: &mut String) {
    let before = usize::try_from(point).unwrap_or(0);
    let zeros = "0".repeat(before.saturating_sub(digits.len()));
    let (whole, fraction) = digits.split_at(before.min(digits.len()));
    let whole = format!("{whole}{zeros}");
    let whole = whole.trim_start_matches('0');
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(&"0".repeat(point.min(0).unsigned_abs()));
        out.push_str(fraction);
    }
}
