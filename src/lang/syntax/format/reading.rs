//! A text without faults, cut into tokens, with what the grammar says of them.

use std::ops::Range;

use super::super::faults::Faults;
use super::super::{DEPTH_ANYWHERE, Kept, part, scan};
use super::Edit;
use super::role::Roles;
use super::token::{self, Token};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::FileId;
use crate::base::stack;

/// What is known about a text before any of its gaps is looked at.
pub(super) struct Reading<'t> {
    text: &'t str,
    pub tokens: Vec<Token<'t>>,
    pub roles: Roles,
}

impl<'t> Reading<'t> {
    /// `None` where there is no room for nesting so deep.
    pub(super) fn of(text: &'t str, kept: &mut Kept) -> Option<Self> {
        let mut faults = Faults::new(FileId(0), text);
        let scan = scan::scan(text, &mut faults);
        let roles = || {
            let mut roles = Roles::default();
            part::cut(text, &scan).iter().for_each(|part| roles.add(kept.roles(part), part.start));
            roles
        };
        let roles = stack::with_room(scan.depth > DEPTH_ANYWHERE, roles)?;
        let tokens = token::cut(text, &scan, &roles);
        Some(Self { text, tokens, roles })
    }

    /// The same for an expression by itself, without its comments; `None` where it cannot be read.
    pub(super) fn of_expression(text: &'t str) -> Option<Self> {
        let mut faults = Faults::new(FileId(0), text);
        let scan = scan::scan(text, &mut faults);
        if faults.sorted().iter().any(Diagnostic::is_error) {
            return None;
        }
        let roles = Roles::of_expression(text.len());
        let mut tokens = token::cut(text, &scan, &roles);
        tokens.retain(|token| !token.is_comment());
        Some(Self { text, tokens, roles })
    }

    /// Where this begins to be another program than `other`: by its tokens, by those that begin a line, by what the grammar takes
    /// them for.
    pub(super) fn first_difference(&self, other: &Self) -> Option<usize> {
        let alike = |(one, other): &(&Token<'_>, &Token<'_>)| {
            one.text() == other.text() && (one.breaks > 0) == (other.breaks > 0)
        };
        let same = self.tokens.iter().zip(&other.tokens).take_while(alike).count();
        if same < self.tokens.len().max(other.tokens.len()) {
            return Some(self.tokens.get(same).map_or(self.text.len(), |token| token.start));
        }
        let mut parts = self.roles.parts_of(&self.tokens).zip(other.roles.parts_of(&other.tokens));
        if let Some((part, _)) = parts.find(|(one, other)| one != other) {
            let first = self.tokens.iter().filter(|token| !token.is_comment()).nth(part.1);
            return Some(first.map_or(self.text.len(), |token| token.start));
        }
        (self.roles.parts_count() != other.roles.parts_count()).then_some(self.text.len())
    }

    /// What makes this text the other one, which has the same tokens.
    pub(super) fn edits(&self, other: &Self) -> Vec<Edit> {
        let pairs = self.pieces().zip(other.pieces());
        let differing = pairs.filter(|(here, there)| self.text[here.clone()] != other.text[there.clone()]);
        differing.map(|(place, there)| Edit { place, text: other.text[there].to_owned() }).collect()
    }

    /// Gaps and tokens in turn; the first and the last are gaps.
    fn pieces(&self) -> impl Iterator<Item = Range<usize>> {
        let ends = std::iter::once(0).chain(self.tokens.iter().map(Token::end));
        let starts = self.tokens.iter().map(|token| token.start).chain(std::iter::once(self.text.len()));
        let tokens = self.tokens.iter().map(|token| token.start..token.end()).chain(std::iter::once(0..0));
        ends.zip(starts).zip(tokens).flat_map(|((end, start), token)| [end..start, token])
    }
}
