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
}

/// Whether a board is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    Pass,
    Fail,
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
}

impl Entry {
    /// Of a board that was judged now; `None` where nothing was done with it.
    pub fn of(path: &str, judged: &Judged, sha256: &[String]) -> Option<Self> {
        let (result, reason) = match &judged.verdict {
            Verdict::Pass { .. } => (Mark::Pass, None),
            Verdict::Fail(error) => (Mark::Fail, Some(error.message.replace('\n', "; "))),
            Verdict::Refused { .. } => return None,
        };
        Some(Self {
            time: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            serial: judged.serial.as_ref().map(|serial| serial.raw().to_owned()),
            path: path.to_owned(),
            chip: judged.chip.map(str::to_owned),
            sha256: sha256.to_vec(),
            stdfu: env!("CARGO_PKG_VERSION").to_owned(),
            result,
            reason,
            seconds: (judged.seconds * 1000.0).round() / 1000.0,
        })
    }
}

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    Csv,
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

    /// What a new file begins with.
    pub fn header(self) -> &'static str {
        match self {
            Self::Json => "",
            Self::Csv => "time,serial,path,chip,sha256,stdfu,result,reason,seconds\n",
        }
    }

    /// A line, with its end.
    pub fn line(self, entry: &Entry) -> io::Result<String> {
        match self {
            Self::Json => Ok(serde_json::to_string(entry)? + "\n"),
            Self::Csv => {
                let mut writer = csv::WriterBuilder::new()
                    .has_headers(false)
                    .from_writer(Vec::new());
                writer
                    .serialize(Row::from(entry))
                    .map_err(io::Error::other)?;
                let bytes = writer.into_inner().map_err(io::Error::other)?;
                String::from_utf8(bytes).map_err(io::Error::other)
            }
        }
    }

    /// Reads a line, without its end; `None` where it is none.
    pub fn read(self, line: &str) -> Option<Entry> {
        match self {
            Self::Json => serde_json::from_str(line).ok(),
            Self::Csv => {
                let mut reader = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .from_reader(line.as_bytes());
                let row: Row = reader.deserialize().next()?.ok()?;
                Some(row.into())
            }
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
        }
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
