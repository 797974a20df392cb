//! The table of units: those that have not ended, by their ids.

use std::collections::BTreeMap;

use super::unit::Unit;
use crate::run::event::UnitId;

/// The units of a run that have not ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Units {
    places: Vec<Option<Box<Unit>>>,
    /// Places that are free, the one to be used next last.
    free: Vec<u32>,
    /// Units whose places were given to others after they had ended, and that stand open again since the run was rewound.
    beside: BTreeMap<UnitId, Box<Unit>>,
}

impl Units {
    pub(super) fn get(&self, id: UnitId) -> Option<&Unit> {
        let unit = self.places.get(id.index as usize).and_then(|place| place.as_deref()).filter(|unit| unit.id == id);
        unit.or_else(|| self.beside.get(&id).map(|unit| &**unit))
    }

    pub(super) fn get_mut(&mut self, id: UnitId) -> Option<&mut Unit> {
        let unit = self.places.get_mut(id.index as usize).and_then(|place| place.as_deref_mut());
        match unit.filter(|unit| unit.id == id) {
            Some(unit) => Some(unit),
            None => self.beside.get_mut(&id).map(|unit| &mut **unit),
        }
    }

    /// All of them, in the order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Unit> {
        self.places.iter().flatten().chain(self.beside.values()).map(|unit| &**unit)
    }

    /// The place that the next unit will get.
    pub(super) fn next(&self) -> u32 {
        self.free.last().copied().unwrap_or(u32::try_from(self.places.len()).unwrap_or(u32::MAX))
    }

    /// Puts a unit into its place. In the journal of a rewound run places may be left out, or taken by a unit that had ended
    /// and stands open again.
    pub(super) fn put(&mut self, unit: Box<Unit>) {
        let index = unit.id.index as usize;
        while self.places.len() < index {
            self.free.push(u32::try_from(self.places.len()).unwrap_or(u32::MAX));
            self.places.push(None);
        }
        match self.places.get_mut(index) {
            None => self.places.push(Some(unit)),
            Some(Some(_)) => drop(self.beside.insert(unit.id, unit)),
            Some(place) => {
                *place = Some(unit);
                // It is the last one, unless some were left out.
                if let Some(at) = self.free.iter().rposition(|free| *free as usize == index) {
                    self.free.remove(at);
                }
            }
        }
    }

    /// Takes a unit out; its place is free.
    pub(super) fn take(&mut self, id: UnitId) -> Option<Box<Unit>> {
        let place = self.places.get_mut(id.index as usize)?;
        match place.take_if(|unit| unit.id == id) {
            Some(unit) => {
                self.free.push(id.index);
                Some(unit)
            }
            None => self.beside.remove(&id),
        }
    }
}
