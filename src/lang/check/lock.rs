//! `lock`: only so many at once, across all runs.

use super::block::Owner;
use super::checker::Checker;
use super::code;
use super::step::Done;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::Shape;
use crate::lang::syntax::ast::{Arg, Lock, Step};

impl<'a> Checker<'a> {
    pub fn lock(&mut self, lock: &'a Lock, step: &'a Step) -> Done {
        let typed = self.argument(&lock.key, &Shape::Any, "the key of a lock");
        if typed.secret {
            self.leak(lock.key.span(), "the key of a lock");
        }
        if let Some(max) = &lock.max {
            self.count(max, "`max`");
        }
        let locks = self.here.locks.len();
        if let Arg::Expr(key) = &lock.key {
            if let Some((_, first)) = self.here.locks.iter().find(|(known, _)| *known == key.source) {
                let first = *first;
                let message = format!("the lock {} is held already", key.source);
                self.report(
                    Diagnostic::error(code::NESTED_LOCK, key.span, message)
                        .also(first, "taken here")
                        .hint("it would wait for itself for ever: leave the inner one out"),
                );
            }
            self.here.locks.push((key.source.clone(), key.span));
        }
        let (result, seen) = self.inside(step, &lock.body, |this| this.body(&lock.body, Owner::Plain));
        self.here.locks.truncate(locks);
        Done { seen, ..Done::new(result.output) }
    }
}
