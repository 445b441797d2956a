//! Which board an image is for, and which memory each of its targets.

use std::borrow::Cow;

use crate::image::{Image, ImageElement, ImageTarget};

use super::board_facts::{BoardFacts, Memory};
use super::error::{NoPlan, PlanError};
use super::family;
use super::place::Place;
use super::too_small::LARGEST_GAP;

/// What of an image is meant, and for which memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// This memory, whatever would be chosen otherwise.
    pub alternate_setting: Option<u8>,
    /// Pass over the ids in the file.
    pub any_id: bool,
    /// Take what the board has a memory for.
    pub only_fitting: bool,
}

/// Plans each memory's share of an image by itself. Returns the plans, at least one, and what of the image goes nowhere.
///
/// # Errors
/// An image for another board; data in several places, or in none, of which nobody has said what is meant; those of
/// `plan`.
pub fn plan_shares<'i, 'b, T>(
    image: &'i Image,
    board: BoardFacts<'b>,
    choice: Choice,
    mut plan: impl FnMut(&'b Memory, Cow<'i, [ImageElement]>) -> Result<T, PlanError>,
) -> Result<(Vec<T>, Vec<Place>), NoPlan> {
    if !choice.any_id {
        check_ids(image, board)?;
    }
    let (mut plans, mut left_out) = (Vec::new(), Vec::new());
    for target in &image.targets {
        let division = divide(target, board, choice)?;
        left_out.extend(division.left_out);
        for (memory, elements) in division.shares {
            plans.push(plan(memory, elements)?);
        }
    }
    if plans.is_empty() {
        return Err(nothing_for_memory(image, choice.alternate_setting).into());
    }
    Ok((plans, left_out))
}

/// Refuses an image for a device with other ids, or another chip.
fn check_ids(image: &Image, board: BoardFacts<'_>) -> Result<(), PlanError> {
    let (vendor_id, product_id) = board.ids;
    match image.ids {
        Some(ids) if !ids.accepts(vendor_id, product_id) => Err(PlanError::OtherDevice {
            file: (ids.vendor_id, ids.product_id),
            board: board.ids,
        }),
        _ => family::check(image, board),
    }
}

/// What of a target goes to which memory, and what of it the board has no memory for.
#[derive(Default)]
struct Division<'i, 'b> {
    /// Memory by memory.
    shares: Vec<(&'b Memory, Cow<'i, [ImageElement]>)>,
    /// What goes nowhere.
    left_out: Vec<Place>,
}

/// Divides a target of the image among the memories of the board: what the user has chosen, else what the file says,
/// else the one that has all of its addresses. With `only_fitting`, what the board has a memory for; memories that hold
/// settings have to be chosen all the same.
fn divide<'i, 'b>(
    target: &'i ImageTarget,
    board: BoardFacts<'b>,
    choice: Choice,
) -> Result<Division<'i, 'b>, NoPlan> {
    let Choice {
        alternate_setting: chosen,
        only_fitting,
        ..
    } = choice;
    let elements = &target.elements;
    let number = match (target.alternate_setting, chosen) {
        (Some(number), Some(chosen)) if number != chosen => {
            return Ok(Division::default());
        }
        (number, chosen) => number.or(chosen),
    };
    let memory = board.memory_for(number, elements.iter().map(|element| element.address))?;
    if elements.iter().any(|element| !memory.has(element.address)) {
        board.check_all_known()?;
    }
    let is_in = belonging(elements, memory, board);
    let mut memories = board.memories.iter();
    let is_lost = match number {
        Some(_) => !is_in.contains(&true),
        None => !memories.any(|memory| belonging(elements, memory, board).contains(&true)),
    };
    if is_lost || !is_in.contains(&false) {
        // What is not all there is for the plan to refuse.
        return Ok(Division {
            shares: vec![(memory, Cow::Borrowed(elements))],
            left_out: Vec::new(),
        });
    }
    let holds_no_settings = |memory: &&Memory| memory.layout.settings().is_none();
    let choices: Vec<&Memory> = match number {
        Some(_) => vec![memory],
        None => board.memories.iter().filter(holds_no_settings).collect(),
    };
    if choices.is_empty() || chosen.is_none() && !only_fitting {
        let places = places(elements.iter(), board);
        return Err(PlanError::Scattered { places }.into());
    }
    Ok(shares(elements, &choices, board))
}

fn shares<'i, 'b>(
    elements: &[ImageElement],
    choices: &[&'b Memory],
    board: BoardFacts<'_>,
) -> Division<'i, 'b> {
    let homes: Vec<Vec<bool>> = choices
        .iter()
        .map(|memory| belonging(elements, memory, board))
        .collect();
    let home = |index: usize| homes.iter().position(|is_in| is_in[index]);
    let mut shares: Vec<(&Memory, Vec<ImageElement>)> =
        choices.iter().map(|memory| (*memory, Vec::new())).collect();
    let mut left_out = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        match home(index) {
            Some(index) => shares[index].1.push(element.clone()),
            None => left_out.push(element),
        }
    }
    Division {
        shares: shares
            .into_iter()
            .filter(|(_, elements)| !elements.is_empty())
            .map(|(memory, elements)| (memory, Cow::Owned(elements)))
            .collect(),
        left_out: places(left_out.into_iter(), board),
    }
}

/// Which of these elements, which are ascending, belong to a memory: those that begin or end in it, and those that go on
/// close after its end. A part of the same image that the memory is too small for must not be taken for something else.
fn belonging(elements: &[ImageElement], memory: &Memory, board: BoardFacts<'_>) -> Vec<bool> {
    let (mut goes_on_until, mut top) = (0, 0);
    let belongs = |element: &ImageElement| {
        let is_in = memory.has(element.address)
            || memory.has_last(element)
            || element.start() < goes_on_until
                && element.address >> 24 == top
                && !board
                    .memories
                    .iter()
                    .any(|other| other.has(element.address));
        if is_in {
            (goes_on_until, top) = (element.end() + LARGEST_GAP, element.address >> 24);
        }
        is_in
    };
    elements.iter().map(belongs).collect()
}

/// Where elements lie, memory by memory.
fn places<'e>(
    elements: impl Iterator<Item = &'e ImageElement>,
    board: BoardFacts<'_>,
) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for element in elements {
        let mut memories = board.memories.iter();
        let memory = memories
            .find(|memory| memory.has(element.address))
            .map(|memory| (memory.alternate_setting, memory.layout.name.clone()));
        let bytes = element.data.len() as u64;
        let region = element.address >> 24;
        match places.iter_mut().find(|place| {
            place.memory == memory && (memory.is_some() || place.range.address >> 24 == region)
        }) {
            Some(place) => {
                place.bytes += bytes;
                place.range.end = place.range.end.max(element.range().end);
            }
            None => places.push(Place {
                memory,
                range: element.range(),
                bytes,
            }),
        }
    }
    places
}

/// The error where none of the image's targets is for the memory that was chosen.
fn nothing_for_memory(image: &Image, chosen: Option<u8>) -> PlanError {
    let targets = image.targets.iter();
    PlanError::NothingForMemory {
        alternate_setting: chosen.unwrap_or_default(),
        in_file: targets
            .filter_map(|target| target.alternate_setting)
            .collect(),
    }
}
