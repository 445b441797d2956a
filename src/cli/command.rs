//! The commands: each in a file of its own.

mod convert;
mod decode;
mod detach;
mod doctor;
mod erase;
mod flash;
mod info;
mod leave;
mod list;
mod manual;
mod read;
mod serial;
mod sim;
mod station;
mod udev;
mod unprotect;
mod verify;

use clap::Subcommand;

use super::app::App;
use super::error::CliError;
use super::exit::Exit;
use super::record::Talks;

/// What stdfu can be asked to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    List(list::ListArgs),
    Serial(serial::SerialArgs),
    #[command(alias = "run")]
    Flash(flash::FlashArgs),
    Station(station::StationArgs),
    Erase(erase::EraseArgs),
    Read(read::ReadArgs),
    Verify(verify::VerifyArgs),
    Info(info::InfoArgs),
    Convert(convert::ConvertArgs),
    Leave(leave::LeaveArgs),
    Unprotect(unprotect::UnprotectArgs),
    Detach(detach::DetachArgs),
    Doctor(doctor::DoctorArgs),
    Decode(decode::DecodeArgs),
    Sim(sim::SimArgs),
    Completions(manual::CompletionsArgs),
    Man(manual::ManArgs),
    Udev(udev::UdevArgs),
}

impl Command {
    /// Whether it talks to boards, so that there is something to record.
    pub fn talks(&self) -> Talks {
        match self {
            Self::List(_)
            | Self::Serial(_)
            | Self::Flash(_)
            | Self::Station(_)
            | Self::Erase(_)
            | Self::Read(_)
            | Self::Verify(_)
            | Self::Leave(_)
            | Self::Unprotect(_)
            | Self::Detach(_)
            | Self::Doctor(_) => Talks::Always,
            Self::Info(_) => Talks::IfChosen,
            Self::Convert(_)
            | Self::Decode(_)
            | Self::Sim(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Udev(_) => Talks::Never,
        }
    }

    /// Does it, and tells how it ended.
    pub fn run(&self, app: &App) -> Result<Exit, CliError> {
        match self {
            Self::List(args) => list::run(args, app),
            Self::Serial(args) => serial::run(args, app),
            Self::Flash(args) => flash::run(args, app),
            Self::Station(args) => station::run(args, app),
            Self::Erase(args) => erase::run(args, app),
            Self::Read(args) => read::run(args, app),
            Self::Verify(args) => verify::run(args, app),
            Self::Info(args) => info::run(args, app),
            Self::Convert(args) => convert::run(args, app),
            Self::Leave(args) => leave::run(args, app),
            Self::Unprotect(args) => unprotect::run(args, app),
            Self::Detach(args) => detach::run(args, app),
            Self::Doctor(args) => doctor::run(args, app),
            Self::Decode(args) => decode::run(args, app),
            Self::Sim(args) => sim::run(args, app),
            Self::Completions(args) => manual::completions(args, app),
            Self::Man(args) => manual::man(args, app),
            Self::Udev(args) => udev::run(args, app),
        }
    }
}
