//! The file of an import: comma-separated rows of address, password, name and roles.

use csv::{ReaderBuilder, StringRecord, Trim};
use values::Text;

use crate::accounts::candidate::Candidate;
use crate::accounts::{Role, Roles};
use crate::passwords::Password;

/// Why a file is none that can be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFile {
    /// Not UTF-8: spreadsheets save in an encoding of their own unless they are told otherwise.
    #[error("it is not UTF-8, please save it as \"CSV UTF-8\"")]
    NotUtf8,
    /// The reader gave up.
    #[error("line {0} cannot be read")]
    Unreadable(u64),
}

/// A row that is neither blank nor the header.
pub(crate) struct Row {
    /// Its number in a spreadsheet: from 1, with the header and blank rows.
    pub(crate) number: u64,
    /// The user that it describes, or what is wrong with it.
    pub(crate) candidate: Result<Candidate, String>,
}

/// Characters of a cell that an error repeats at most.
const QUOTED_MAX: usize = 100;

/// The rows of a file, with or without a byte order mark and a header whose first cell is `email`.
///
/// # Errors
/// When the file is not UTF-8.
pub(crate) fn rows(file: &[u8]) -> Result<Vec<Row>, BadFile> {
    let text = std::str::from_utf8(file).map_err(|_| BadFile::NotUtf8)?;
    // The reader counts a line of two terminators only at the next one.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    // Lines inside of cells, which are no rows of their own.
    let mut inner_lines = 0;
    for record in reader.records() {
        let line = |it: Option<&csv::Position>| it.map_or(0, csv::Position::line);
        let record = record.map_err(|error| BadFile::Unreadable(line(error.position())))?;
        let number = line(record.position()).saturating_sub(inner_lines);
        let breaks = record.iter().flat_map(|cell| cell.bytes()).filter(|it| *it == b'\n');
        inner_lines += breaks.count() as u64;
        let first = record.get(0).unwrap_or_default();
        let is_header = number == 1 && first.eq_ignore_ascii_case("email");
        if !is_header && !first.is_empty() {
            rows.push(Row { number, candidate: candidate(&record) });
        }
    }
    Ok(rows)
}

fn candidate(record: &StringRecord) -> Result<Candidate, String> {
    let cell = |index: usize| record.get(index).filter(|it| !it.is_empty());
    let password = cell(1).map(stored).transpose()?;
    let name = cell(2).map(stored).transpose()?;
    Ok(Candidate {
        email: cell(0).unwrap_or_default().to_owned(),
        password: password.map(Password::from),
        name,
        roles: cell(3).map(roles).transpose()?,
    })
}

/// Text of a cell that both databases can store, up to the length of a name.
fn stored(cell: &str) -> Result<String, String> {
    match Text::<0, 200>::parse(cell) {
        Ok(text) => Ok(text.into_inner()),
        Err(_) => Err(format!("Invalid text '{}'", quoted(cell))),
    }
}

fn roles(cell: &str) -> Result<Roles, String> {
    let names = cell.split(',').map(str::trim).filter(|it| !it.is_empty());
    let role = |name: &str| {
        let role = name.to_ascii_lowercase().parse::<Role>();
        role.map_err(|_| format!("Unknown role '{}'", quoted(name)))
    };
    Ok(Roles::new(names.map(role).collect::<Result<Vec<_>, _>>()?))
}

/// A cell as an error repeats it: cut, and on one line.
pub(crate) fn quoted(cell: &str) -> String {
    cell.chars().take(QUOTED_MAX).map(|it| if it.is_control() { ' ' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, address, password, name and roles of a row, or its number and what is wrong.
    fn shown(file: &[u8]) -> Vec<String> {
        let row = |row: Row| match row.candidate {
            Ok(Candidate { email, password, name, roles }) => {
                let password = password.map(|it| it.expose().to_owned());
                let roles = roles.map(|it| it.to_string());
                let cells = [password, name, roles].map(|it| it.unwrap_or_else(|| "-".to_owned()));
                format!("{} {email} {}", row.number, cells.join(" "))
            }
            Err(wrong) => format!("{}: {wrong}", row.number),
        };
        rows(file).unwrap().into_iter().map(row).collect()
    }

    #[test]
    fn header_byte_order_mark_and_blank_rows_are_no_users_but_count() {
        let file = "\u{feff}Email,Password\r\na@example.com,pw\r\n\r\n,,\r\n b@example.com \r\n";
        assert_eq!(shown(file.as_bytes()), ["2 a@example.com pw - -", "5 b@example.com - - -"]);
        assert_eq!(shown(b"a@example.com"), ["1 a@example.com - - -"]);
        assert_eq!(shown(b"a@example.com\nemail\n")[1], "2 email - - -");
        assert!(shown(b"").is_empty() && shown(b"\n\n\n").is_empty());
    }

    #[test]
    fn quoted_cells_hold_commas_quotes_and_lines() {
        let file =
            b"a@example.com,\"p,\"\"w\",\"A\nB\",\"Admin, counselor\"\nb@example.com,,,client\n";
        let expected = ["1 a@example.com p,\"w A\nB admin,counselor", "2 b@example.com - - client"];
        assert_eq!(shown(file), expected);
    }

    #[test]
    fn a_row_with_a_fault_says_which() {
        let long = format!("a@example.com,pw,{}", "x".repeat(201));
        assert!(shown(long.as_bytes())[0].starts_with("1: Invalid text 'xxx"));
        assert_eq!(shown(b"a@example.com,,,wizard"), ["1: Unknown role 'wizard'"]);
        assert_eq!(shown(b"a@example.com,p\0w"), ["1: Invalid text 'p w'"]);
        assert_eq!(rows(b"a@example.com,\xe9").map(|_| ()), Err(BadFile::NotUtf8));
    }
}
