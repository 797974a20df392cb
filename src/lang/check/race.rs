//! `race`: who is first.

use super::block::{Owner, Yield};
use super::checker::{Checker, Typed};
use super::code;
use super::names::Binding;
use super::reserved;
use super::step::Done;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::Shape;
use crate::base::value::Value;
use crate::lang::syntax::ast::{Arg, Item, Race, Runners, Step};

impl<'a> Checker<'a> {
    pub fn race(&mut self, race: &'a Race, step: &'a Step) -> Done {
        if let Some(wins) = &race.wins {
            self.count(wins, "the number of winners");
        }
        let one_wins = match &race.wins {
            None => true,
            Some(Arg::Expr(expr)) => self.constant(expr) == Some(Value::Int(1)),
            Some(_) => false,
        };
        let mut done = match &race.runners {
            Runners::Branches(branches) => self.race_branches(race, branches, one_wins),
            Runners::Items { item, items, max, body } => {
                let Typed { shape, secret } = self.items_of(items);
                if let Some(max) = max {
                    self.count(max, "`max`");
                }
                self.turns_set(body, one_wins, "the branches of this race");
                let ((result, seen), _) = self.scoped(|this| {
                    this.declare(Binding { secret, ..Binding::local(&item.text, item.span, shape) }, item.span);
                    this.inside(step, body, |this| this.body(body, Owner::Plain))
                });
                let seen = seen
                    .into_iter()
                    .map(|binding| {
                        if one_wins {
                            return binding;
                        }
                        Binding { shape: Shape::Any, record: Shape::Any, ..binding }
                    })
                    .collect();
                Done { seen, ..Done::new(result.output) }
            }
        };
        if race.wins.is_some() {
            done.output.shape = Shape::list(done.output.shape);
        }
        // A branch by its name, an item by its number.
        let winner = match &race.runners {
            Runners::Branches(branches) => {
                Shape::OneOf(branches.iter().map(|branch| Value::Text(branch.name.text.clone())).collect())
            }
            Runners::Items { .. } => Shape::int(),
        };
        done.record = vec![("winner", winner.clone()), ("winners", Shape::list(winner))];
        done
    }

    fn race_branches(
        &mut self,
        race: &'a Race,
        branches: &'a [crate::lang::syntax::ast::Branch],
        one_wins: bool,
    ) -> Done {
        let mut bodies: Vec<(Yield, Vec<Binding>)> = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if let Some(reason) = reserved::reason(&branch.name.text) {
                let message = format!("`{}` cannot be a name: it {reason}", branch.name.text);
                self.report(Diagnostic::error(code::RESERVED, branch.name.span, message));
            }
            if let Some(first) = branches[..index].iter().find(|other| other.name.text == branch.name.text) {
                let message = format!("two branches are called `{}`", branch.name.text);
                self.report(
                    Diagnostic::error(code::TWICE, branch.name.span, message).also(first.name.span, "the first one"),
                );
            }
            self.course.scopes.push(&branch.body);
            bodies.push(self.body(&branch.body, Owner::Plain));
            self.course.scopes.pop();
        }
        if let Some(Arg::Expr(wins)) = &race.wins
            && let Some(Value::Int(wins_count)) = self.constant(wins)
            && usize::try_from(wins_count).is_ok_and(|count| count > branches.len())
        {
            let message = format!("{wins_count} branches cannot win: there are {}", branches.len());
            self.report(Diagnostic::error(code::ARGUMENT, wins.span, message));
        }
        let items: Vec<Vec<&'a Item>> = branches.iter().map(|branch| branch.body.items.iter().collect()).collect();
        self.branches_set(&items, one_wins);
        // One of them wins, so the output is always that of a body; what only one of them makes may have lost.
        self.one_of(bodies, true, "its branch may lose", &[])
    }
}
