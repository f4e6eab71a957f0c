//! Boxes in layers, and the way of each arrow through them.

use std::collections::{HashMap, HashSet};

/// A place in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// A box, by its number.
    Box(usize),
    /// An arrow that only passes, by its number.
    Pass(usize),
}

/// A layer and a row.
type Place = (usize, usize);

/// Where everything goes.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// From left to right, each from top to bottom.
    pub(super) layers: Vec<Vec<Slot>>,
    /// By arrow: its places from the box it starts at to the box it ends at.
    pub(super) routes: Vec<Vec<Place>>,
}

/// How often the layers are put in order, from left to right and back.
const SWEEPS: usize = 8;

/// More passing places than this are not made: beyond it arrows are drawn straight.
const MOST_PASSES: usize = 20_000;

impl Layout {
    /// A layout of `count` boxes with arrows from and to them.
    pub(super) fn new(count: usize, arrows: &[(usize, usize)]) -> Layout {
        let forward = without_cycles(count, arrows);
        let depth = depths(count, arrows, &forward);
        let layers = depth.iter().max().map_or(0, |deepest| deepest + 1);
        let mut layout = Layout { layers: vec![Vec::new(); layers], routes: vec![Vec::new(); arrows.len()] };
        for (number, layer) in depth.iter().enumerate() {
            if let Some(layer) = layout.layers.get_mut(*layer) {
                layer.push(Slot::Box(number));
            }
        }
        let mut passes = 0;
        // The neighbours of each slot in the layer to its left.
        let mut left: HashMap<(usize, SlotKey), Vec<SlotKey>> = HashMap::new();
        for (number, (from, to)) in arrows.iter().enumerate() {
            let (Some(start), Some(end)) = (depth.get(*from), depth.get(*to)) else { continue };
            let steps = end.saturating_sub(start + 1);
            if !forward.contains(&number) || passes + steps > MOST_PASSES {
                continue;
            }
            passes += steps;
            let mut before = key(Slot::Box(*from));
            for layer in start + 1..*end {
                if let Some(slots) = layout.layers.get_mut(layer) {
                    slots.push(Slot::Pass(number));
                }
                left.entry((layer, key(Slot::Pass(number)))).or_default().push(before);
                before = key(Slot::Pass(number));
            }
            left.entry((*end, key(Slot::Box(*to)))).or_default().push(before);
        }
        layout.sweep(&left);
        layout.route(arrows, &depth);
        layout
    }

    /// Puts each slot at the mean place of its neighbours, from the left and from the right in turn.
    fn sweep(&mut self, left: &HashMap<(usize, SlotKey), Vec<SlotKey>>) {
        let mut right: HashMap<(usize, SlotKey), Vec<SlotKey>> = HashMap::new();
        for ((layer, slot), neighbours) in left {
            for neighbour in neighbours {
                right.entry((layer - 1, *neighbour)).or_default().push(*slot);
            }
        }
        right.values_mut().for_each(|neighbours| neighbours.sort_unstable());
        for sweep in 0..SWEEPS {
            let order: Vec<usize> = if sweep % 2 == 0 {
                (1..self.layers.len()).collect()
            } else {
                (1..self.layers.len()).rev().map(|l| l - 1).collect()
            };
            for layer in order {
                let (beside, neighbours) = if sweep % 2 == 0 { (layer - 1, left) } else { (layer + 1, &right) };
                let rows: HashMap<SlotKey, usize> = self
                    .layers
                    .get(beside)
                    .into_iter()
                    .flatten()
                    .enumerate()
                    .map(|(row, slot)| (key(*slot), row))
                    .collect();
                let Some(slots) = self.layers.get_mut(layer) else { continue };
                let mean = |(row, slot): (usize, &Slot)| {
                    let near = neighbours.get(&(layer, key(*slot))).map(Vec::as_slice).unwrap_or_default();
                    let near: Vec<usize> = near.iter().filter_map(|slot| rows.get(slot).copied()).collect();
                    // In thousandths of a row; what has no neighbours stays.
                    if near.is_empty() { row * 1000 } else { near.iter().sum::<usize>() * 1000 / near.len() }
                };
                let mut placed: Vec<(usize, Slot)> =
                    slots.iter().enumerate().map(|(row, slot)| (mean((row, slot)), *slot)).collect();
                placed.sort_by_key(|(mean, _)| *mean);
                *slots = placed.into_iter().map(|(_, slot)| slot).collect();
            }
        }
    }

    fn route(&mut self, arrows: &[(usize, usize)], depth: &[usize]) {
        let mut places: HashMap<(usize, SlotKey), usize> = HashMap::new();
        for (layer, slots) in self.layers.iter().enumerate() {
            places.extend(slots.iter().enumerate().map(|(row, slot)| ((layer, key(*slot)), row)));
        }
        let place = |layer: usize, slot: Slot| places.get(&(layer, key(slot))).map(|row| (layer, *row));
        for (number, (from, to)) in arrows.iter().enumerate() {
            let (Some(start), Some(end)) = (depth.get(*from), depth.get(*to)) else { continue };
            let between = (start + 1..*end).filter_map(|layer| place(layer, Slot::Pass(number)));
            let route = place(*start, Slot::Box(*from)).into_iter().chain(between).chain(place(*end, Slot::Box(*to)));
            let route = route.collect();
            if let Some(slot) = self.routes.get_mut(number) {
                *slot = route;
            }
        }
    }
}

/// A slot as a key, in an order.
type SlotKey = (bool, usize);

fn key(slot: Slot) -> SlotKey {
    match slot {
        Slot::Box(number) => (false, number),
        Slot::Pass(number) => (true, number),
    }
}

/// The arrows that are left when those that close a cycle are taken away.
fn without_cycles(count: usize, arrows: &[(usize, usize)]) -> HashSet<usize> {
    let mut outgoing: Vec<Vec<(usize, usize)>> = vec![Vec::new(); count];
    for (number, (from, to)) in arrows.iter().enumerate() {
        if let Some(out) = outgoing.get_mut(*from) {
            out.push((number, *to));
        }
    }
    let mut forward = HashSet::new();
    // 0: not seen, 1: on the way, 2: done.
    let mut state = vec![0u8; count];
    for start in 0..count {
        let mut open = vec![(start, 0)];
        if state.get(start) != Some(&0) {
            continue;
        }
        while let Some((at, next)) = open.pop() {
            if let Some(state) = state.get_mut(at) {
                *state = 1;
            }
            match outgoing.get(at).and_then(|out| out.get(next)) {
                Some((number, to)) => {
                    open.push((at, next + 1));
                    match state.get(*to) {
                        Some(0) => {
                            forward.insert(*number);
                            open.push((*to, 0));
                        }
                        Some(2) => drop(forward.insert(*number)),
                        _ => {}
                    }
                }
                None => {
                    if let Some(state) = state.get_mut(at) {
                        *state = 2;
                    }
                }
            }
        }
    }
    forward
}

/// The layer of each box: one more than that of all that require it.
fn depths(count: usize, arrows: &[(usize, usize)], forward: &HashSet<usize>) -> Vec<usize> {
    let mut depth = vec![0usize; count];
    let mut waiting = vec![0usize; count];
    let of = |number: &usize| forward.contains(number);
    for (number, (_, to)) in arrows.iter().enumerate() {
        if let (true, Some(waiting)) = (of(&number), waiting.get_mut(*to)) {
            *waiting += 1;
        }
    }
    let mut open: Vec<usize> = (0..count).filter(|number| waiting.get(*number) == Some(&0)).collect();
    while let Some(at) = open.pop() {
        let below = depth.get(at).copied().unwrap_or_default() + 1;
        for (_, (_, to)) in arrows.iter().enumerate().filter(|(number, (from, _))| of(number) && *from == at) {
            if let (Some(depth), Some(waiting)) = (depth.get_mut(*to), waiting.get_mut(*to)) {
                *depth = (*depth).max(below);
                *waiting -= 1;
                if *waiting == 0 {
                    open.push(*to);
                }
            }
        }
    }
    depth
}
