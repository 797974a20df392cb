//! Ways between the parts of a document that may lead anywhere: states, tasks.

use std::collections::VecDeque;

/// Where each part may lead, by number. Numbers behind the last part stand for ends: nothing leads on from there.
#[derive(Clone, Debug, Default)]
pub struct Ways(pub Vec<Vec<usize>>);

impl Ways {
    /// Where one part may lead.
    pub fn from(&self, at: usize) -> &[usize] {
        self.0.get(at).map_or(&[], Vec::as_slice)
    }

    /// The parts that can be come to from one, itself the first, as far as none of `walls` lies between; walls that are reached are
    /// among them.
    pub fn reach(&self, from: usize, walls: &[usize]) -> Vec<usize> {
        let mut seen = self.none();
        let mut order = Vec::new();
        let mut open = VecDeque::from([from]);
        while let Some(at) = open.pop_front() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            order.push(at);
            if !walls.contains(&at) {
                open.extend(self.from(at));
            }
        }
        order
    }

    /// The parts that lead back to one and are led to by it, without passing `walls`: a loop, or nothing.
    pub fn circle(&self, head: usize, walls: &[usize]) -> Vec<usize> {
        let ahead = self.reach(head, walls);
        let mut back = vec![Vec::new(); self.ends()];
        for at in ahead.iter().copied().filter(|at| !walls.contains(at)) {
            self.from(at).iter().for_each(|to| back[*to].push(at));
        }
        let mut seen = self.none();
        let mut open = back[head].clone();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                open.extend(&back[at]);
            }
        }
        // The head itself is in it as soon as anything leads back.
        ahead.into_iter().filter(|at| seen[*at]).collect()
    }

    /// Where the parts of a loop lead out of it, each once, in order.
    pub fn exits(&self, circle: &[usize]) -> Vec<usize> {
        let mut inside = self.none();
        circle.iter().for_each(|at| inside[*at] = true);
        let mut exits = Vec::new();
        for to in circle.iter().flat_map(|at| self.from(*at)) {
            if !std::mem::replace(&mut inside[*to], true) {
                exits.push(*to);
            }
        }
        exits
    }

    /// Whether a loop is entered by its head alone.
    pub fn has_one_door(&self, circle: &[usize], head: usize) -> bool {
        let mut inside = self.none();
        circle.iter().for_each(|at| inside[*at] = true);
        let outside = self.0.iter().enumerate().filter(|(at, _)| !inside[*at]);
        outside.flat_map(|(_, to)| to).all(|to| !inside[*to] || *to == head)
    }

    fn none(&self) -> Vec<bool> {
        vec![false; self.ends()]
    }

    /// All numbers, those of ends too: there are at most two.
    fn ends(&self) -> usize {
        self.0.len() + 2
    }
}
