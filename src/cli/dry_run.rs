//! `--dry-run`: the plan, after a look at what is there, and nothing changed.

use anyhow::Context as _;
use serde::Serialize;

use crate::dfuse::plan::{Plan, TargetPlan, Task};
use crate::dfuse::range::AddressRange;
use crate::dfuse::session::Tally;

use super::board::Board;
use super::board_result::BoardResult;
use super::exit::Exit;
use super::number::{amount, count};
use super::output::Output;
use super::report;
use super::work::{self, Outcome};

/// What a plan comes to, for people and for scripts.
#[derive(Debug)]
pub struct Preview {
    /// A step a line.
    pub text: String,
    document: PlanDocument,
}

#[derive(Serialize)]
struct PlansDocument<'o> {
    boards: Vec<BoardDocument<'o>>,
}

#[derive(Serialize)]
struct BoardDocument<'o> {
    #[serde(flatten)]
    result: BoardResult<'o>,
    warnings: Vec<String>,
    plan: Option<&'o PlanDocument>,
}

#[derive(Debug, Serialize)]
struct PlanDocument {
    targets: Vec<TargetDocument>,
    start: Option<u32>,
    skipped_bytes: u64,
    lost_bytes: u64,
    preserved_bytes: u64,
}

#[derive(Debug, Serialize)]
struct TargetDocument {
    alt: u8,
    name: String,
    mass_erase: bool,
    erase: Vec<RangeDocument>,
    write: Vec<RangeDocument>,
    verify: Vec<RangeDocument>,
}

#[derive(Debug, Serialize)]
struct RangeDocument {
    address: u32,
    size: u64,
}

/// Looks what the plans come to, and shows it; `odd` is what is odd about the files. Returns the first refusal's code.
pub fn show(
    boards: Vec<Board>,
    plans: &[anyhow::Result<Plan<'_>>],
    odd: &[String],
    output: &Output,
) -> anyhow::Result<Exit> {
    let outcomes = work::attempt(boards, plans, output, &|_, _| {});
    for outcome in outcomes.iter().filter(|outcome| outcome.error.is_none()) {
        if let Some(preview) = &outcome.preview {
            output
                .answer(&format!(
                    "{}: dry run, nothing is erased or written\n{}",
                    outcome.name(),
                    preview.text
                ))
                .context("writing the plan")?;
        }
    }
    report::failures(outcomes.iter().map(Outcome::end), output);
    let boards = outcomes
        .iter()
        .zip(plans)
        .map(|(outcome, plan)| document(outcome, plan.as_ref().ok(), odd))
        .collect();
    output
        .document(PlansDocument { boards })
        .context("writing the plan")?;
    Ok(work::exit(&outcomes))
}

fn document<'o>(
    outcome: &'o Outcome,
    plan: Option<&Plan<'_>>,
    odd: &[String],
) -> BoardDocument<'o> {
    let mut warnings = odd.to_vec();
    warnings.extend(plan.into_iter().flat_map(work::warnings));
    let preview = outcome.preview.as_ref();
    let preview = preview.filter(|_| outcome.error.is_none());
    BoardDocument {
        result: outcome.result(),
        warnings,
        plan: preview.map(|preview| &preview.document),
    }
}

impl Preview {
    /// Of a plan as it is made, or as it is settled after what was `found` in flash.
    pub fn of(plan: &Plan<'_>, found: Option<Tally>) -> Self {
        let tally = found.unwrap_or_default();
        Self {
            text: text(plan, found),
            document: PlanDocument {
                targets: plan.targets.iter().map(target_document).collect(),
                start: plan.start.map(|start| start.address),
                skipped_bytes: tally.skipped_bytes,
                lost_bytes: tally.lost_bytes,
                preserved_bytes: tally.preserved_bytes,
            },
        }
    }
}

fn target_document(target: &TargetPlan<'_>) -> TargetDocument {
    let erase = target
        .erase
        .iter()
        .map(|sector| AddressRange::from(*sector));
    let mass_erase = target
        .mass_erase
        .iter()
        .flat_map(|all| &all.sectors)
        .map(|s| AddressRange::from(*s));
    TargetDocument {
        alt: target.alternate_setting,
        name: target.name.clone(),
        mass_erase: target.mass_erase.is_some(),
        erase: erase.chain(mass_erase).map(range_document).collect(),
        write: target
            .stages()
            .flat_map(|stage| &stage.write)
            .copied()
            .map(range_document)
            .collect(),
        verify: target
            .stages()
            .flat_map(|stage| &stage.verify)
            .copied()
            .map(range_document)
            .collect(),
    }
}

fn range_document(range: AddressRange) -> RangeDocument {
    RangeDocument {
        address: range.address,
        size: range.size(),
    }
}

fn text(plan: &Plan<'_>, found: Option<Tally>) -> String {
    let mut text = String::new();
    for target in &plan.targets {
        text += &format!("  {}  {}\n", target.alternate_setting, target.name);
        if let Some(all) = &target.mass_erase {
            text += &format!(
                "     erase   all of it, {}\n",
                count(all.sectors.len() as u64, "sector")
            );
        }
        if target.compare && found.is_none() {
            text += "     compare first, and leave out what is there already\n";
        }
        for sector in &target.erase {
            text += &format!("     erase   {}\n", range_text((*sector).into()));
        }
        for range in target.stages().flat_map(|stage| &stage.write) {
            text += &format!("     write   {}\n", range_text(*range));
        }
        for range in &target.look {
            let verb = match plan.task {
                Task::Compare => "compare",
                _ => "read   ",
            };
            text += &format!("     {verb} {}\n", range_text(*range));
        }
        let all_there = target.stages().all(|stage| stage.write.is_empty());
        text += match (plan.task, target.is_verified(), target.named_bytes()) {
            (Task::Compare | Task::Read, ..) => String::new(),
            _ if all_there => String::new(),
            (_, true, bytes) => format!("     verify  {}\n", count(bytes, "byte")),
            (_, false, _) => "     verify  nothing\n".to_owned(),
        }
        .as_str();
    }
    for line in found.iter().flat_map(found_lines) {
        text += &format!("  {line}\n");
    }
    match plan.start {
        Some(start) => text += &format!("  start at {:#010x}\n", start.address),
        None => text += "  stay in DFU mode\n",
    }
    text
}

fn found_lines(found: &Tally) -> impl Iterator<Item = String> {
    let line = |bytes, before: &str, behind: &str| {
        (bytes > 0).then(|| format!("{before} {} {behind}", count(bytes, "byte")))
    };
    let lines = [
        line(
            found.skipped_bytes,
            "leaves",
            "of the image that are there already",
        ),
        line(
            found.lost_bytes,
            "loses",
            "beyond the image; --preserve keeps them",
        ),
        line(found.preserved_bytes, "keeps", "beyond the image"),
    ];
    lines.into_iter().flatten()
}

fn range_text(range: AddressRange) -> String {
    format!(
        "{:#010x}..{:#010x}   {}",
        range.address,
        range.end,
        amount(range.size())
    )
}
