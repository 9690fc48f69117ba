//! Printing: JSON lines, tables, and what to do when nobody reads any more.

use std::io::{self, Write};

/// Prints a JSON value as one line.
pub(super) fn json_line(value: &serde_json::Value) -> anyhow::Result<()> {
    line(&value.to_string())
}

/// Prints a line.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).or_else(forgive).map_err(Into::into)
}

/// Prints rows below their headings, each column as wide as its widest cell.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> anyhow::Result<()> {
    line(&render(headings, rows))
}

fn render<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0).max(headings[column].chars().count())
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let row = |cells: [&str; N]| {
        let padded: String = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect();
        padded.trim_end().to_string()
    };
    let mut lines = vec![row(headings)];
    lines.extend(rows.iter().map(|cells| row(std::array::from_fn(|column| cells[column].as_str()))));
    lines.join("\n")
}

/// A reader that has gone away, such as `head`, has what it wants: no error.
pub(super) fn forgive(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

/// `1 record`, `2 records`.
pub(super) fn counted(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// An amount of bytes, to three digits or so.
pub(super) fn amount(bytes: f64) -> String {
    let mut scaled = bytes;
    for unit in ["B", "kB", "MB", "GB"] {
        if scaled < 1000.0 {
            return if unit == "B" { format!("{scaled:.0} B") } else { format!("{scaled:.1} {unit}") };
        }
        scaled /= 1000.0;
    }
    format!("{scaled:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["a".to_string(), "1".to_string()], ["longer".to_string(), "20".to_string()]];
        assert_eq!(render(["NAME", "N"], &rows), "NAME    N\na       1\nlonger  20");
        assert_eq!(render(["NAME", "N"], &[]), "NAME  N");
    }

    #[test]
    fn amounts() {
        assert_eq!([0.0, 999.0, 1500.0, 2.5e9, 3e12].map(amount), ["0 B", "999 B", "1.5 kB", "2.5 GB", "3.0 TB"]);
    }

    #[test]
    fn one_is_singular() {
        assert_eq!((counted(1, "record"), counted(0, "record")), ("1 record".into(), "0 records".into()));
    }
}
