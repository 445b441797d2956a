//! What a plan comes to, before and after a look at what is there: a step a line, and as JSON.

use crate::address::AddressRange;
use crate::dfu::plain::{self, Leave, ReadBack};
use crate::dfuse::layout::Sector;
use crate::dfuse::plan::Plan;
use crate::dfuse::plan::flash::Around;
use crate::dfuse::plan::leave::Start;
use crate::dfuse::plan::region::Region;
use crate::dfuse::steps::{MemorySteps, SectorSteps, Steps, Work};

use super::args::number::{amount, count};
use super::document::{
    MemoryPlanDocument, PlacedPlanDocument, PlanDocument, RangeDocument, SectorDocument,
    StreamPlanDocument,
};
use super::task::Task;

/// What is to be done, for people and for scripts.
#[derive(Debug)]
pub struct Preview {
    /// A step a line.
    pub text: String,
    pub document: PlanDocument,
}

impl Preview {
    /// Of what is left when flash has been looked at.
    pub fn of(steps: &Steps<'_>) -> Self {
        Self {
            text: steps_text(steps),
            document: PlanDocument::Placed(PlacedPlanDocument {
                targets: steps.memories.iter().map(target_document).collect(),
                start: steps.start.map(|start| start.address),
                skipped_bytes: steps.skipped_bytes(),
                lost_bytes: steps.lost_bytes(),
                preserved_bytes: steps.preserved_bytes(),
            }),
        }
    }

    /// Of a download, of whose bytes all are there already, or none.
    pub fn of_download(download: &plain::Download<'_>, skipped_bytes: u64) -> Self {
        let is_left = skipped_bytes == 0;
        let size = download.bytes.len() as u64;
        let text = match is_left {
            true => download_text(download),
            false => format!("  {} already there\n", amount(skipped_bytes)),
        };
        Self {
            text: text + end_text(download),
            document: PlanDocument::Stream(StreamPlanDocument {
                alt: download.memory,
                send_bytes: if is_left { size } else { 0 },
                skipped_bytes,
                verify: is_left && download.read_back == ReadBack::Wanted,
                leave: download.leave != Leave::No,
            }),
        }
    }
}

fn target_document(memory: &MemorySteps<'_>) -> MemoryPlanDocument {
    let all = memory.mass_erase().into_iter().flat_map(|all| &all.sectors);
    let sectors = memory.erased_sectors().map(|steps| &steps.sector);
    let ranges = |ranges: &[AddressRange]| ranges.iter().copied().map(range_document).collect();
    let writes: Vec<AddressRange> = memory.body.iter().chain(&memory.head).copied().collect();
    MemoryPlanDocument {
        alt: memory.plan.region.alternate_setting,
        name: memory.plan.region.name.clone(),
        mass_erase: memory.mass_erase().is_some(),
        erase: sectors
            .chain(all)
            .map(|sector| range_document((*sector).into()))
            .collect(),
        write: ranges(&writes),
        verify: match memory.is_verified() && memory.changes() {
            true => ranges(&memory.checked()),
            false => Vec::new(),
        },
        sectors: memory.sectors.iter().map(sector_document).collect(),
    }
}

fn sector_document(steps: &SectorSteps) -> SectorDocument {
    SectorDocument {
        address: steps.sector.address,
        size: steps.sector.size,
        work: match steps.work {
            Work::Nothing => "nothing",
            Work::Write => "write",
            Work::EraseAndWrite => "erase",
        },
        beyond_bytes: steps.beyond.bytes(),
    }
}

fn range_document(range: AddressRange) -> RangeDocument {
    RangeDocument {
        address: range.address,
        size: range.size(),
    }
}

/// What is wanted, a step a line; `None` where it is told once somebody has looked what is there.
pub fn task_text(task: &Task<'_>) -> Option<String> {
    match task {
        Task::Dfuse(plan) => plan_text(plan),
        Task::Plain(plan) => Some(plain_text(plan)),
    }
}

/// What is wanted of a device without DfuSe, a step a line.
pub fn plain_text(plan: &plain::Plan<'_>) -> String {
    match plan {
        plain::Plan::Download(download) | plain::Plan::Rehearse(download) => {
            let first = match download.if_different {
                true => "  read first, and leave it out if it is there already\n",
                false => "",
            };
            first.to_owned() + &download_text(download) + end_text(download)
        }
        plain::Plan::Verify { memory, bytes } => {
            let bytes = amount(bytes.len() as u64);
            format!("  compare {bytes} with alternate setting {memory}\n")
        }
        plain::Plan::Read { memory, .. } => format!("  read    alternate setting {memory}\n"),
        plain::Plan::Leave => "  start the application\n".to_owned(),
    }
}

fn download_text(download: &plain::Download<'_>) -> String {
    let bytes = amount(download.bytes.len() as u64);
    let check = match download.read_back {
        ReadBack::Wanted => "  verify  all of it\n",
        ReadBack::Impossible => {
            "  verify  nothing: the device can't be read back after a download\n"
        }
        ReadBack::NotWanted => "  verify  nothing\n",
    };
    let memory = download.memory;
    format!("  send    {bytes} to alternate setting {memory}\n{check}")
}

fn end_text(download: &plain::Download<'_>) -> &'static str {
    match download.leave {
        Leave::Yes => "  start the application\n",
        Leave::WhereItWaits => "  start the application, if the device waits for that\n",
        Leave::No => "  stay in DFU mode\n",
    }
}

fn plan_text(plan: &Plan<'_>) -> Option<String> {
    Some(match plan {
        Plan::Flash(_) | Plan::Rehearse(_) => return None,
        Plan::Erase(plan) => {
            let mut text = title(&plan.region);
            match plan.at_once {
                true => text += &all_text(&plan.region),
                false => text.extend(plan.region.sectors.iter().map(erase_line)),
            }
            text + &start_text(None)
        }
        Plan::Verify(plan) => {
            let memories = plan.memories.iter();
            let text = |memory: &crate::dfuse::plan::verify::VerifyMemory<'_>| {
                title(&memory.region) + &lines("compare", &memory.ranges)
            };
            memories.map(text).collect()
        }
        Plan::Read(plan) => title(&plan.region) + &lines("read   ", &plan.ranges),
        Plan::Leave(start) => start_text(Some(*start)),
        Plan::Unprotect(_) => "  lift read protection, which erases everything\n".to_owned(),
    })
}

/// What is left to do, a step a line.
fn steps_text(steps: &Steps<'_>) -> String {
    let mut text = String::new();
    for memory in &steps.memories {
        text += &title(&memory.plan.region);
        text += &memory.mass_erase().map(all_text).unwrap_or_default();
        text.extend(
            memory
                .erased_sectors()
                .map(|steps| erase_line(&steps.sector)),
        );
        text.extend(
            memory
                .sectors
                .iter()
                .filter_map(|sector| stake_line(memory, sector)),
        );
        text += &lines("write  ", &memory.body);
        text += &lines("write  ", &memory.head);
        let bytes = memory.image().bytes() + memory.kept().bytes();
        text += &match (memory.changes(), memory.is_verified()) {
            (false, _) => String::new(),
            (true, true) => format!("     verify  {}\n", amount(bytes)),
            (true, false) => "     verify  nothing\n".to_owned(),
        };
    }
    for line in found_lines(steps) {
        text += &format!("  {line}\n");
    }
    text + &start_text(steps.start)
}

/// What a sector holds that is only erased if something goes wrong.
fn stake_line(memory: &MemorySteps<'_>, steps: &SectorSteps) -> Option<String> {
    let bytes = steps.beyond.bytes().filter(|bytes| *bytes > 0)?;
    if steps.work == Work::EraseAndWrite || !memory.changes() {
        return None;
    }
    let then = match memory.plan.around {
        Around::Keep => "kept",
        Around::Count | Around::Expendable | Around::Unseen => "lost",
    };
    Some(format!(
        "     beside  {:#010x}..{:#010x}   {} of other data in the same sectors, {then} if a write goes wrong\n",
        steps.sector.address,
        steps.sector.end(),
        amount(bytes)
    ))
}

fn title(region: &Region) -> String {
    format!("  {}  {}\n", region.alternate_setting, region.name)
}

fn all_text(region: &Region) -> String {
    let sectors = count(region.sectors.len() as u64, "sector");
    format!("     erase   all of it, {sectors}\n")
}

fn erase_line(sector: &Sector) -> String {
    format!("     erase   {}\n", range_text((*sector).into()))
}

fn lines(verb: &str, ranges: &[AddressRange]) -> String {
    let line = |range: &AddressRange| format!("     {verb} {}\n", range_text(*range));
    ranges.iter().map(line).collect()
}

fn start_text(start: Option<Start>) -> String {
    match start {
        Some(start) => format!("  start at {:#010x}\n", start.address),
        None => "  stay in DFU mode\n".to_owned(),
    }
}

fn found_lines(steps: &Steps<'_>) -> impl Iterator<Item = String> {
    let line = |bytes, before: &str, after: &str| {
        (bytes > 0).then(|| format!("{before} {} {after}", amount(bytes)))
    };
    let lost = match steps.lost_bytes() {
        Some(bytes) => line(
            bytes,
            "loses",
            "of other data in the same sectors; --preserve keeps it",
        ),
        None => Some("loses what else is in these sectors; it was not looked at".to_owned()),
    };
    let lines = [
        line(
            steps.skipped_bytes(),
            "leaves",
            "of the image, already there",
        ),
        lost,
        line(
            steps.preserved_bytes(),
            "keeps",
            "of other data in the same sectors",
        ),
    ];
    lines.into_iter().flatten()
}

/// A range and its size.
pub fn range_text(range: AddressRange) -> String {
    format!(
        "{:#010x}..{:#010x}   {}",
        range.address,
        range.end,
        amount(range.size())
    )
}
