//! Where the values of a workflow are kept: its frames, and the place of each name in them.

use std::collections::BTreeMap;

use super::super::body::Gather;
use super::super::formula::Slot;
use super::survey::Survey;
use crate::base::span::Span;
use crate::lang::check::{Checked, Target};
use crate::lang::syntax::ast;

/// The frames of one stretch of text: a workflow, or a `handler` declaration that a workflow takes in.
///
/// A frame is a stretch of text, and frames are nested as their texts are; so both who defines a name and who reads it
/// find their frame by where they stand.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// In the order of their texts, outer ones first; the first is the stretch itself.
    frames: Vec<Frame>,
    /// By the span that defines them.
    names: BTreeMap<Span, Name>,
    /// The kind of each name: names are of one kind where some expression reads whichever of them was defined. A kind that
    /// does not stand for itself has become part of the one that stands in its place.
    kinds: Vec<usize>,
    /// The index of a name in a frame, by the group of the frame and the kind of the name.
    indices: BTreeMap<(usize, usize), u32>,
}

#[derive(Debug)]
struct Frame {
    span: Span,
    parent: usize,
    depth: u16,
    /// Branches of one race count their places together, so that a gather means the same name in each of them.
    group: usize,
    /// Places; kept for the first frame of a group.
    size: u32,
    gathers: Vec<Gather>,
}

#[derive(Clone, Copy, Debug)]
struct Name {
    frame: usize,
    kind: usize,
}

impl Layout {
    /// The layout of what stands in `block`, which reaches over `span`.
    pub(super) fn new(span: Span, block: &ast::Block, checked: &Checked) -> Self {
        let mut survey = Survey::new(&checked.names);
        survey.block(block);
        let mut layout = Self::default();
        layout.add_frames(span, survey.frames);
        for (kind, (defined, at, _)) in survey.names.iter().enumerate() {
            layout.names.insert(*defined, Name { frame: layout.frame_of(*at), kind });
            layout.kinds.push(kind);
        }
        let reads = reads(span, checked);
        for (_, spans) in &reads {
            let known: Vec<Name> = spans.iter().filter_map(|span| layout.names.get(span).copied()).collect();
            for pair in known.windows(2) {
                let (one, other) = (layout.kind(pair[0].kind), layout.kind(pair[1].kind));
                layout.kinds[other] = one;
            }
        }
        for (defined, _, always) in survey.names {
            if always && let Some(name) = layout.names.get(&defined).copied() {
                layout.give(name.frame, name.kind);
            }
        }
        for (reader, spans) in &reads {
            let reader = layout.frame_of(*reader);
            for span in *spans {
                if let Some(name) = layout.names.get(span).copied() {
                    layout.carry(name, reader);
                }
            }
        }
        layout
    }

    fn add_frames(&mut self, root: Span, mut found: Vec<(Span, Option<Span>)>) {
        found.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
        self.frames.push(Frame { span: root, parent: 0, depth: 0, group: 0, size: 0, gathers: Vec::new() });
        let mut groups: BTreeMap<Span, usize> = BTreeMap::new();
        let mut open = vec![0];
        for (span, race) in found {
            let index = self.frames.len();
            while open.len() > 1 && !holds(self.frames[open[open.len() - 1]].span, span) {
                open.pop();
            }
            let parent = open[open.len() - 1];
            let depth = self.frames[parent].depth + 1;
            let group = race.map_or(index, |race| *groups.entry(race).or_insert(index));
            self.frames.push(Frame { span, parent, depth, group, size: 0, gathers: Vec::new() });
            open.push(index);
        }
    }

    /// Lets `name` reach the frame it shares with `reader`, over as many gathers as that takes.
    fn carry(&mut self, name: Name, reader: usize) {
        let mut frame = name.frame;
        let mut inner = self.give(frame, name.kind);
        while !self.is_around(frame, reader) {
            let parent = self.frames[frame].parent;
            let outer = self.give(parent, name.kind);
            let gathers = &mut self.frames[frame].gathers;
            if !gathers.iter().any(|gather| gather.outer == outer) {
                gathers.push(Gather { inner, outer });
            }
            (frame, inner) = (parent, outer);
        }
    }

    /// The place of a kind of name in a frame; it gets one if it has none.
    fn give(&mut self, frame: usize, kind: usize) -> Slot {
        let (group, kind) = (self.frames[frame].group, self.kind(kind));
        let size = &mut self.frames[group].size;
        let index = *self.indices.entry((group, kind)).or_insert_with(|| {
            *size += 1;
            *size - 1
        });
        Slot { depth: self.frames[frame].depth, index }
    }

    fn kind(&self, mut kind: usize) -> usize {
        while self.kinds[kind] != kind {
            kind = self.kinds[kind];
        }
        kind
    }

    /// The innermost frame that holds `span`.
    fn frame_of(&self, span: Span) -> usize {
        let mut frame = self.frames.partition_point(|frame| frame.span.start <= span.start).saturating_sub(1);
        while frame > 0 && !holds(self.frames[frame].span, span) {
            frame = self.frames[frame].parent;
        }
        frame
    }

    fn is_around(&self, outer: usize, mut inner: usize) -> bool {
        while self.frames[inner].depth > self.frames[outer].depth {
            inner = self.frames[inner].parent;
        }
        inner == outer
    }

    /// How deep the frame is in which `span` stands.
    pub(super) fn depth(&self, span: Span) -> u16 {
        self.frames.get(self.frame_of(span)).map_or(0, |frame| frame.depth)
    }

    /// How many places the frame has that reaches over exactly `span`.
    pub(super) fn size(&self, span: Span) -> u32 {
        self.frames.get(self.frame_of(span)).map_or(0, |frame| self.frames[frame.group].size)
    }

    /// What is carried out of the frames that reach over these spans: the turn of a loop, the branches of a race.
    pub(super) fn gathers(&self, spans: impl IntoIterator<Item = Span>) -> Vec<Gather> {
        let mut gathers: Vec<Gather> = Vec::new();
        for span in spans {
            for gather in self.frames.get(self.frame_of(span)).map_or(&[][..], |frame| &frame.gathers) {
                if !gathers.iter().any(|known| known.outer == gather.outer) {
                    gathers.push(*gather);
                }
            }
        }
        gathers
    }

    /// The place of what is defined at `span`; `None` where nobody reads it.
    pub(super) fn defined(&self, span: Span) -> Option<Slot> {
        let name = self.names.get(&span)?;
        self.place(name.frame, name.kind)
    }

    /// The place where a reader finds whichever of these definitions was made; the nearest where there are several.
    pub(super) fn read(&self, defined: &[Span], reader: Span) -> Option<Slot> {
        let reader = self.frame_of(reader);
        let places = defined.iter().filter_map(|span| {
            let name = self.names.get(span)?;
            let mut frame = name.frame;
            while !self.is_around(frame, reader) {
                frame = self.frames[frame].parent;
            }
            self.place(frame, name.kind)
        });
        places.max_by_key(|slot| slot.depth)
    }

    fn place(&self, frame: usize, kind: usize) -> Option<Slot> {
        let frame = &self.frames[frame];
        let index = *self.indices.get(&(frame.group, self.kind(kind)))?;
        Some(Slot { depth: frame.depth, index })
    }
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The expressions in `span` that read names, with the definitions they may mean.
fn reads(span: Span, checked: &Checked) -> Vec<(Span, &[Span])> {
    let inside =
        checked.expressions.range(span.before()..).take_while(|(at, _)| at.file == span.file && at.end <= span.end);
    inside
        .flat_map(|(at, expression)| expression.targets.iter().map(move |target| (*at, target)))
        .filter_map(|(at, target)| match target {
            Target::Binding(_, spans) | Target::Record(_, spans) => Some((at, spans.as_slice())),
            Target::Scope(_) | Target::Param(_) | Target::Calls | Target::Unknown => None,
        })
        .collect()
}
