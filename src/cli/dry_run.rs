//! `--dry-run`: the plan, and nothing else.

use anyhow::Context as _;
use serde::Serialize;

use crate::dfuse::plan::{Plan, TargetPlan};
use crate::dfuse::range::AddressRange;

use super::board::Board;
use super::diagnosis::Diagnosis;
use super::exit::Exit;
use super::number::{amount, count};
use super::output::Output;
use super::work;

#[derive(Serialize)]
struct PlansDocument<'p> {
    boards: Vec<BoardDocument<'p>>,
}

#[derive(Serialize)]
struct BoardDocument<'p> {
    serial: Option<&'p str>,
    path: &'p str,
    exit: u8,
    error: Option<&'p str>,
    hint: Option<&'p str>,
    warnings: Vec<String>,
    plan: Option<PlanDocument<'p>>,
}

#[derive(Serialize)]
struct PlanDocument<'p> {
    targets: Vec<TargetDocument<'p>>,
    start: Option<u32>,
}

#[derive(Serialize)]
struct TargetDocument<'p> {
    alt: u8,
    name: &'p str,
    mass_erase: bool,
    erase: Vec<RangeDocument>,
    write: Vec<RangeDocument>,
    verify: Vec<RangeDocument>,
}

#[derive(Serialize)]
struct RangeDocument {
    address: u32,
    size: u64,
}

/// Shows the plans. Returns the first refusal's code.
pub fn show(
    boards: &[Board],
    plans: &[anyhow::Result<Plan<'_>>],
    output: &Output,
) -> anyhow::Result<Exit> {
    let refusals: Vec<Option<Diagnosis>> = boards
        .iter()
        .zip(plans)
        .map(|(board, plan)| match &board.opened {
            Err(error) => Some(Diagnosis::of_closed(&board.info, error)),
            Ok(_) => plan.as_ref().err().map(Diagnosis::from),
        })
        .collect();
    let mut documents = Vec::new();
    for ((board, plan), refusal) in boards.iter().zip(plans).zip(&refusals) {
        if let Ok(plan) = plan {
            output
                .answer(&format!(
                    "{}: dry run, nothing is touched\n{}",
                    board.label(),
                    text(plan)
                ))
                .context("writing the plan")?;
        }
        if let Some(refusal) = refusal {
            output.error(&refusal.about(&board.label()));
        }
        documents.push(document(board, plan.as_ref().ok(), refusal.as_ref()));
    }
    output
        .document(PlansDocument { boards: documents })
        .context("writing the plan")?;
    Ok(refusals
        .iter()
        .flatten()
        .next()
        .map_or(Exit::Done, |refusal| refusal.exit))
}

fn document<'p>(
    board: &'p Board,
    plan: Option<&'p Plan<'_>>,
    refusal: Option<&'p Diagnosis>,
) -> BoardDocument<'p> {
    BoardDocument {
        serial: board.serial(),
        path: &board.info.path,
        exit: refusal.map_or(Exit::Done, |refusal| refusal.exit).code(),
        error: refusal.map(|refusal| refusal.message.as_str()),
        hint: refusal.and_then(|refusal| refusal.hint.as_deref()),
        warnings: plan.map_or_else(Vec::new, work::warnings),
        plan: plan.map(|plan| PlanDocument {
            targets: plan.targets.iter().map(target_document).collect(),
            start: plan.start.map(|start| start.address),
        }),
    }
}

fn target_document<'p>(target: &'p TargetPlan<'_>) -> TargetDocument<'p> {
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
        name: &target.name,
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

/// A plan, a step a line.
pub fn text(plan: &Plan<'_>) -> String {
    let mut text = String::new();
    for target in &plan.targets {
        text += &format!("  {}  {}\n", target.alternate_setting, target.name);
        if let Some(all) = &target.mass_erase {
            text += &format!(
                "     erase   all of it, {}\n",
                count(all.sectors.len() as u64, "sector")
            );
        }
        if target.compare {
            text += "     compare first, and leave out what is there already\n";
        }
        for sector in &target.erase {
            text += &format!("     erase   {}\n", range_text((*sector).into()));
        }
        for range in target.stages().flat_map(|stage| &stage.write) {
            text += &format!("     write   {}\n", range_text(*range));
        }
        text += match (target.is_verified(), target.named_bytes()) {
            (true, bytes) => format!("     verify  {}\n", count(bytes, "byte")),
            (false, _) => "     verify  nothing\n".to_owned(),
        }
        .as_str();
    }
    match plan.start {
        Some(start) => text += &format!("  start at {:#010x}\n", start.address),
        None => text += "  stay in DFU mode\n",
    }
    text
}

fn range_text(range: AddressRange) -> String {
    format!(
        "{:#010x}..{:#010x}   {}",
        range.address,
        range.end,
        amount(range.size())
    )
}
