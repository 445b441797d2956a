//! A line of a station's log, as JSON or as CSV.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::cli::station::verdict::{Judged, Verdict};

/// What is kept of a board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was done with, in UTC, as RFC 3339 has it.
    pub time: String,
    pub serial: Option<String>,
    pub path: String,
    pub chip: Option<String>,
    /// Of each file, in hexadecimal.
    pub sha256: Vec<String>,
    /// The version of stdfu.
    pub stdfu: String,
    pub result: Mark,
    /// What went wrong, in one line.
    pub reason: Option<String>,
    pub seconds: f64,
    /// Whether all of the firmware was read back and compared. `None` in lines of the first stdfu that had a station.
    #[serde(default)]
    pub verified: Option<bool>,
}

/// What came of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    Pass,
    Fail,
    /// Somebody has stopped the work.
    Interrupted,
}

/// The same, as CSV has it: a text in each field.
#[derive(Serialize, Deserialize)]
struct Row {
    time: String,
    serial: Option<String>,
    path: String,
    chip: Option<String>,
    /// With blanks between them.
    sha256: String,
    stdfu: String,
    result: Mark,
    reason: Option<String>,
    seconds: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verified: Option<bool>,
}

impl Entry {
    /// Of a board that was judged now; `None` where nothing was done with it.
    pub fn of(path: &str, judged: &Judged, sha256: &[String]) -> Option<Self> {
        let (result, error, verified) = match &judged.verdict {
            Verdict::Pass { verified, .. } => (Mark::Pass, None, *verified),
            Verdict::Fail(error) => (Mark::Fail, Some(error), false),
            Verdict::Interrupted(error) => (Mark::Interrupted, Some(error), false),
            Verdict::Refused(_) | Verdict::Unlogged { .. } => return None,
        };
        // Formatting takes no time before that.
        let now = SystemTime::now().max(SystemTime::UNIX_EPOCH);
        Some(Self {
            time: humantime::format_rfc3339_seconds(now).to_string(),
            serial: judged.serial.as_ref().map(|serial| serial.raw().to_owned()),
            path: path.to_owned(),
            chip: judged.chip.map(str::to_owned),
            sha256: sha256.to_vec(),
            stdfu: env!("CARGO_PKG_VERSION").to_owned(),
            result,
            reason: error.map(|error| error.message.replace('\n', "; ")),
            seconds: (judged.seconds * 1000.0).round() / 1000.0,
            verified: Some(verified),
        })
    }
}

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    Csv,
    /// As the first stdfu that had a station has begun it. A table has as many fields in each of its lines.
    CsvWithoutVerified,
}

impl Form {
    /// By the name of the file.
    pub fn of(path: &Path) -> Self {
        let extension = path.extension();
        match extension.is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
            true => Self::Csv,
            false => Self::Json,
        }
    }

    /// The same, of a file that holds this.
    pub fn as_begun(self, text: &str) -> Self {
        let is_older = |first: &str| first == Self::CsvWithoutVerified.header().trim_end();
        match self {
            Self::Csv if text.contains('\n') && text.lines().next().is_some_and(is_older) => {
                Self::CsvWithoutVerified
            }
            form => form,
        }
    }

    /// What a new file begins with.
    pub fn header(self) -> &'static str {
        match self {
            Self::Json => "",
            Self::Csv => "time,serial,path,chip,sha256,stdfu,result,reason,seconds,verified\n",
            Self::CsvWithoutVerified => {
                "time,serial,path,chip,sha256,stdfu,result,reason,seconds\n"
            }
        }
    }

    /// A line, with its end.
    pub fn line(self, entry: &Entry) -> io::Result<String> {
        match self {
            Self::Json => Ok(serde_json::to_string(entry)? + "\n"),
            Self::Csv | Self::CsvWithoutVerified => {
                let mut writer = csv::WriterBuilder::new()
                    .has_headers(false)
                    .from_writer(Vec::new());
                let mut row = Row::from(entry);
                if self == Self::CsvWithoutVerified {
                    row.verified_in_words();
                }
                writer.serialize(row).map_err(io::Error::other)?;
                let bytes = writer.into_inner().map_err(io::Error::other)?;
                String::from_utf8(bytes).map_err(io::Error::other)
            }
        }
    }

    /// Reads a line, without its end; `None` where it is none.
    /// The same of a line that lacks its end, where it lacks nothing else.
    pub fn read_unended(self, line: &str) -> Option<Entry> {
        let is_whole = match self {
            Self::Json => true,
            // No part of either word is the other.
            Self::Csv => line.ends_with(",true") || line.ends_with(",false"),
            // Nobody can tell whether a number goes on.
            Self::CsvWithoutVerified => false,
        };
        self.read(line).filter(|_| is_whole)
    }

    pub fn read(self, line: &str) -> Option<Entry> {
        match self {
            Self::Json => serde_json::from_str(line).ok(),
            Self::Csv | Self::CsvWithoutVerified => {
                let mut reader = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .from_reader(line.as_bytes());
                let row: Row = reader.deserialize().next()?.ok()?;
                Some(row.into())
            }
        }
    }
}

impl Row {
    /// Has the reason tell of a good board that it is not verified, in a table without a column for that.
    fn verified_in_words(&mut self) {
        let is_verified = self.verified.take() == Some(true);
        if self.result == Mark::Pass && !is_verified {
            self.reason = Some("not verified".to_owned());
        }
    }
}

impl From<&Entry> for Row {
    fn from(entry: &Entry) -> Self {
        let Entry {
            time,
            serial,
            path,
            chip,
            sha256,
            stdfu,
            result,
            reason,
            seconds,
            verified,
        } = entry.clone();
        Self {
            time,
            // In one line, whatever a board says.
            serial: serial.map(|serial| one_line(&serial)),
            path,
            chip,
            sha256: sha256.join(" "),
            stdfu,
            result,
            reason: reason.map(|reason| one_line(&reason)),
            seconds,
            verified,
        }
    }
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            time: row.time,
            serial: row.serial,
            path: row.path,
            chip: row.chip,
            sha256: row.sha256.split(' ').map(str::to_owned).collect(),
            stdfu: row.stdfu,
            result: row.result,
            reason: row.reason,
            seconds: row.seconds,
            verified: row.verified,
        }
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
