//! CSV files: columns of numbers and of categories, chosen by the names in the header.

use std::collections::BTreeMap;
use std::path::Path;

use ::csv::{ReaderBuilder, StringRecord};
use gradus::Array;

use super::idx::{DataError, Fault};

/// What a missing value is: an empty field, or `NA`, `NaN`, `null` or `?`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Missing {
    /// An error that names line and column.
    Refuse,
    /// Its row is left out.
    DropRow,
    /// This number in its place; a category becomes one of its own, the empty text.
    Fill(f64),
    /// The column's mean over the rows that have a value; a category becomes one of its own, the empty text.
    Mean,
}

/// How to read a CSV file.
#[derive(Debug, Clone)]
pub struct CsvOptions {
    /// What stands between fields.
    pub delimiter: u8,
    /// What becomes of missing values.
    pub missing: Missing,
}

impl Default for CsvOptions {
    /// Commas, and no value missing.
    fn default() -> CsvOptions {
        CsvOptions { delimiter: b',', missing: Missing::Refuse }
    }
}

/// The rows of a CSV file, as text, with the names of the columns.
///
/// ```
/// use gradus_nn::data::{Csv, CsvOptions, Missing};
/// let text = "age,city,price\n30,Rome,1.5\n,Oslo,2.5\n";
/// let csv = Csv::parse(text, &CsvOptions { missing: Missing::Fill(-1.0), ..Default::default() })?;
/// assert_eq!(csv.numbers(&["price", "age"])?.to_vec::<f32>().unwrap(), [1.5, 30.0, 2.5, -1.0]);
/// let (codes, names) = csv.categories("city")?;
/// assert_eq!((codes.to_vec::<i32>().unwrap(), names), (vec![1, 0], vec!["Oslo".into(), "Rome".into()]));
/// # Ok::<(), gradus_nn::data::DataError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Csv {
    path: std::path::PathBuf,
    header: Vec<String>,
    rows: Vec<(u64, StringRecord)>,
    missing: Missing,
}

impl Csv {
    /// Reads a file whose first line names the columns.
    ///
    /// # Errors
    /// The file cannot be read, is no UTF-8, a line has another number of fields than the header, two columns have one
    /// name, or there are no rows.
    pub fn read(path: &Path, options: &CsvOptions) -> Result<Csv, DataError> {
        let file = std::fs::File::open(path).map_err(|error| Fault::Unreadable(error).at(path))?;
        parse(file, path, options).map_err(|fault| fault.at(path))
    }

    /// [`Csv::read`] of a text.
    ///
    /// # Errors
    /// As [`Csv::read`].
    pub fn parse(text: &str, options: &CsvOptions) -> Result<Csv, DataError> {
        let path = Path::new("CSV");
        parse(text.as_bytes(), path, options).map_err(|fault| fault.at(path))
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The number of rows.
    #[allow(clippy::len_without_is_empty, reason = "a file without rows is refused")]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// These rows alone, so that several columns leave out the same ones under [`Missing::DropRow`]: those in which none of
    /// `columns` is missing.
    ///
    /// # Errors
    /// There is no such column, or no row is left.
    pub fn complete(&self, columns: &[&str]) -> Result<Csv, DataError> {
        let places = self.places(columns)?;
        let mut rows = self.rows.clone();
        rows.retain(|(_, row)| places.iter().all(|&place| !is_missing(&row[place])));
        if rows.is_empty() {
            return Err(self.fault("the rows", "in each of them a value is missing"));
        }
        Ok(Csv { rows, header: self.header.clone(), path: self.path.clone(), missing: self.missing })
    }

    /// Columns of numbers as f32 `[n, columns]`.
    ///
    /// # Errors
    /// There is no such column, a field is no finite number (line and column are named), or a value is missing and
    /// [`Missing::Refuse`] set.
    pub fn numbers(&self, columns: &[&str]) -> Result<Array, DataError> {
        let places = self.places(columns)?;
        let rows = self.kept(columns)?;
        let mut values = vec![0.0f32; rows.len() * columns.len()];
        for (k, (&place, name)) in places.iter().zip(columns).enumerate() {
            let column: Vec<Option<f64>> =
                rows.iter().map(|row| self.number(row, place, name)).collect::<Result<_, _>>()?;
            let fill = self.fill(&column, name)?;
            for (i, value) in column.into_iter().enumerate() {
                values[i * columns.len() + k] = value.unwrap_or(fill) as f32;
            }
        }
        Ok(Array::new([rows.len(), columns.len()], values).expect("internal: a value for each place"))
    }

    /// A column of categories as codes i32 `[n]`, and their names: code `i` is the `i`-th in the order of the alphabet.
    ///
    /// # Errors
    /// There is no such column, or a value is missing and [`Missing::Refuse`] set.
    pub fn categories(&self, column: &str) -> Result<(Array, Vec<String>), DataError> {
        let place = self.places(&[column])?[0];
        let rows = self.kept(&[column])?;
        let mut codes: BTreeMap<&str, i32> = BTreeMap::new();
        for row in &rows {
            let missing = is_missing(&row.1[place]);
            if missing && self.missing == Missing::Refuse {
                return Err(self.refused(row, column));
            }
            codes.insert(if missing { "" } else { &row.1[place] }, 0);
        }
        for (code, place) in codes.values_mut().enumerate() {
            *place = code as i32;
        }
        let of = |row: &&(u64, StringRecord)| {
            let text = &row.1[place];
            codes[if is_missing(text) { "" } else { text }]
        };
        let all: Vec<i32> = rows.iter().map(of).collect();
        let names = codes.keys().map(|name| (*name).to_owned()).collect();
        Ok((Array::new([all.len()], all).expect("internal: a code for each row"), names))
    }

    fn kept(&self, columns: &[&str]) -> Result<Vec<&(u64, StringRecord)>, DataError> {
        let places = self.places(columns)?;
        let drops = self.missing == Missing::DropRow;
        let kept: Vec<_> = self
            .rows
            .iter()
            .filter(|(_, row)| !drops || places.iter().all(|&place| !is_missing(&row[place])))
            .collect();
        if kept.is_empty() {
            return Err(self.fault("the rows", "in each of them a value is missing"));
        }
        Ok(kept)
    }

    fn number(&self, row: &(u64, StringRecord), place: usize, name: &str) -> Result<Option<f64>, DataError> {
        let text = &row.1[place];
        if is_missing(text) {
            return if self.missing == Missing::Refuse { Err(self.refused(row, name)) } else { Ok(None) };
        }
        match text.trim().parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => {
                let shown: String = text.chars().take(40).collect();
                let message = format!("{shown:?} is no finite number; `categories` reads a column of text");
                Err(self.fault(&format!("line {}, column `{name}`", row.0), &message))
            }
        }
    }

    /// What stands for a missing value of a column.
    fn fill(&self, column: &[Option<f64>], name: &str) -> Result<f64, DataError> {
        match self.missing {
            Missing::Fill(value) => Ok(value),
            Missing::Mean if column.iter().all(Option::is_none) => {
                Err(self.fault(&format!("column `{name}`"), "has no value, so there is no mean to fill with"))
            }
            Missing::Mean => {
                let known: Vec<f64> = column.iter().copied().flatten().collect();
                Ok(known.iter().sum::<f64>() / known.len() as f64)
            }
            // No value is missing any more.
            Missing::Refuse | Missing::DropRow => Ok(f64::NAN),
        }
    }

    fn refused(&self, row: &(u64, StringRecord), name: &str) -> DataError {
        let message = "a value is missing; `CsvOptions::missing` says what becomes of it";
        self.fault(&format!("line {}, column `{name}`", row.0), message)
    }

    fn places(&self, columns: &[&str]) -> Result<Vec<usize>, DataError> {
        let place = |name: &&str| {
            let found = self.header.iter().position(|known| known == name);
            found.ok_or_else(|| {
                let message = format!("no column `{name}`; there are {}", self.header.join(", "));
                self.fault("the header", &message)
            })
        };
        columns.iter().map(place).collect()
    }

    fn fault(&self, place: &str, message: &str) -> DataError {
        Fault::Malformed { place: place.to_owned(), message: message.to_owned() }.at(&self.path)
    }
}

fn is_missing(field: &str) -> bool {
    ["", "na", "nan", "null", "?"].contains(&field.trim().to_ascii_lowercase().as_str())
}

fn parse(source: impl std::io::Read, path: &Path, options: &CsvOptions) -> Result<Csv, Fault> {
    let mut reader = ReaderBuilder::new().delimiter(options.delimiter).from_reader(source);
    let header = reader.headers().map_err(fault)?;
    // Spreadsheets begin their files with a mark of the byte order.
    let header: Vec<String> =
        header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    let malformed = |place: &str, message: String| Fault::Malformed { place: place.to_owned(), message };
    for (i, name) in header.iter().enumerate() {
        if header[..i].contains(name) {
            return Err(malformed("the header", format!("two columns are named `{name}`")));
        }
    }
    let mut rows = vec![];
    for record in reader.records() {
        let record = record.map_err(fault)?;
        rows.push((record.position().map_or(0, ::csv::Position::line), record));
    }
    if rows.is_empty() {
        return Err(malformed(
            "the end",
            "no rows; expected a line of names, then a line for each row".into(),
        ));
    }
    Ok(Csv { path: path.to_owned(), header, rows, missing: options.missing })
}

fn fault(error: ::csv::Error) -> Fault {
    let place = error.position().map_or("the file".to_owned(), |at| format!("line {}", at.line()));
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => Fault::Unreadable(error),
        ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Fault::Malformed { place, message: format!("{len} fields, the header has {expected_len}") }
        }
        ::csv::ErrorKind::Utf8 { err, .. } => Fault::Malformed { place, message: err.to_string() },
        other => Fault::Malformed { place, message: format!("{other:?}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, missing: Missing) -> Result<Csv, DataError> {
        Csv::parse(text, &CsvOptions { missing, ..CsvOptions::default() })
    }

    const TEXT: &str = "a,\"b, c\",kind\n1,2.5,x\n3,,\"y\nz\"\n-1e3,NA,?\n";

    #[test]
    fn missing_values_are_treated_as_asked() {
        let read = |missing| {
            let csv = parsed(TEXT, missing).unwrap();
            let (codes, names) = csv.categories("kind").unwrap();
            let numbers = csv.numbers(&["b, c", "a"]).unwrap().to_vec::<f32>().unwrap();
            (numbers, codes.to_vec::<i32>().unwrap(), names.len())
        };
        assert_eq!(read(Missing::Fill(7.0)), (vec![2.5, 1., 7., 3., 7., -1000.], vec![1, 2, 0], 3));
        assert_eq!(read(Missing::Mean), (vec![2.5, 1., 2.5, 3., 2.5, -1000.], vec![1, 2, 0], 3));
        assert_eq!(read(Missing::DropRow), (vec![2.5, 1.], vec![0, 1], 2));
        let complete = parsed(TEXT, Missing::Refuse).unwrap().complete(&["kind", "a"]).unwrap();
        assert_eq!(complete.len(), 2);
        assert_eq!(complete.numbers(&["a"]).unwrap(), Array::from([[1.0f32], [3.0]]));
    }

    #[test]
    fn faults_name_line_and_column() {
        let message = |text: &str| match parsed(text, Missing::Refuse) {
            Err(error) => error.to_string(),
            Ok(csv) => csv.numbers(&["a"]).unwrap_err().to_string(),
        };
        assert_eq!(
            message("a,b\n1,2\nx,3\n"),
            "CSV: line 3, column `a`: \"x\" is no finite number; `categories` reads a column of text"
        );
        assert!(message("a,b\n1,2\n,3\n").starts_with("CSV: line 3, column `a`: a value is missing"));
        assert_eq!(message("a,b\n1,2\n1\n"), "CSV: line 3: 1 fields, the header has 2");
        assert_eq!(message("b\n1\n"), "CSV: the header: no column `a`; there are b");
        assert_eq!(message("a,a\n1,2\n"), "CSV: the header: two columns are named `a`");
        assert!(message("a\ninf\n").contains("\"inf\" is no finite number"));
        assert!(message("").contains("no rows") && message("a,b\n").contains("no rows"));
        let csv = parsed("a\nNA\n", Missing::Mean).unwrap();
        assert!(csv.numbers(&["a"]).unwrap_err().to_string().contains("no value"));
        let missing = Csv::read(Path::new("no/such.csv"), &CsvOptions::default()).unwrap_err();
        assert!(missing.to_string().starts_with("no/such.csv: cannot be read"));
    }
}
