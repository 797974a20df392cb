//! The codes of what the checker finds; `docs/errors` has a page for each. Those of types are the catalog's.

use crate::base::diagnostic::Code;

pub use crate::lang::catalog::code::{DEFAULT, ENDLESS_TYPE, TWICE, TYPE_ARGUMENTS, UNKNOWN_TYPE};

// Names.

/// A name that nothing in scope has.
pub const UNKNOWN_NAME: Code = Code("F0201");
/// A field that a value of this type does not have.
pub const UNKNOWN_FIELD: Code = Code("F0203");
/// A name that the language keeps for itself.
pub const RESERVED: Code = Code("F0204");
/// A name of the language where it stands for nothing.
pub const NOT_HERE: Code = Code("F0205");
/// A step that comes later, or is only seen inside its block.
pub const NOT_SEEN: Code = Code("F0206");
/// The operation's word where several steps without a name have it.
pub const AMBIGUOUS: Code = Code("F0207");
/// An operation, connector or workflow that nobody declares.
pub const UNKNOWN_CALLEE: Code = Code("F0208");
/// A used file that cannot be read, or that uses itself.
pub const USE: Code = Code("F0209");
/// A handler or persona that nobody declares.
pub const UNKNOWN_DECLARATION: Code = Code("F0210");
/// What belongs to a run, in a clause that is computed before there is one.
pub const NOT_YET: Code = Code("F0211");

// Shapes.

/// A value that may be absent where it must be there.
pub const ABSENT: Code = Code("F0305");
/// A value of one type where another is wanted.
pub const MISMATCH: Code = Code("F0306");
/// A parameter that the callee does not take.
pub const UNKNOWN_PARAMETER: Code = Code("F0307");
/// A parameter that the callee needs.
pub const MISSING_PARAMETER: Code = Code("F0308");
/// A clause that is written as a parameter.
pub const CLAUSE_AS_PARAMETER: Code = Code("F0309");
/// The argument of a clause that is of the wrong kind.
pub const ARGUMENT: Code = Code("F0310");
/// A loop over something that has no items.
pub const NO_ITEMS: Code = Code("F0311");
/// Two branches that make one name two types.
pub const DISAGREE: Code = Code("F0312");
/// `??` behind what is never absent.
pub const IDLE_FALLBACK: Code = Code("F0313");

// Order and flow.

/// Steps in `parallel` that wait for each other.
pub const CYCLE: Code = Code("F0401");
/// One variable set by two bodies that run at once.
pub const SET_TWICE: Code = Code("F0402");
/// Statements that nothing can reach.
pub const UNREACHABLE: Code = Code("F0403");
/// An item that may not stand where it stands.
pub const MISPLACED: Code = Code("F0404");
/// Something that may be said once, said twice.
pub const SAID_TWICE: Code = Code("F0405");
/// `return` where a run cannot be ended.
pub const RETURN: Code = Code("F0406");
/// A lock inside itself.
pub const NESTED_LOCK: Code = Code("F0407");
/// `set` on something that cannot be set.
pub const SET_TARGET: Code = Code("F0408");
/// `after` that orders nothing.
pub const AFTER: Code = Code("F0409");
/// A clause on a step that it means nothing to.
pub const CLAUSE_PLACE: Code = Code("F0410");
/// State that several runs may write at once.
pub const SHARED_STATE: Code = Code("F0411");
/// An output of a block that nobody gets.
pub const LOST_OUTPUT: Code = Code("F0412");

// Handlers and errors.

/// A handler behind one that takes everything it could get.
pub const HIDDEN_HANDLER: Code = Code("F0501");
/// A handler for errors that nothing in its scope raises.
pub const IDLE_HANDLER: Code = Code("F0502");
/// An error type that nothing raises.
pub const UNKNOWN_ERROR: Code = Code("F0503");
/// A raised error type that looks like a slip of the pen.
pub const STRANGE_ERROR: Code = Code("F0504");
/// `skip item` where there is no loop.
pub const NO_ITEM: Code = Code("F0505");

// Effects, undo, secrets.

/// A secret on its way out.
pub const SECRET: Code = Code("F0601");
/// An operation that must happen once, under something that may do it again.
pub const REPEATED: Code = Code("F0602");
/// `undo` where nothing could be undone.
pub const UNDO: Code = Code("F0603");
/// An operation that does not say what repeating it means.
pub const EFFECT: Code = Code("F0604");

/// A statement for a database that is put together from values.
pub const INJECTION: Code = Code("F0605");

// Triggers, connectors, tests, personas.

/// A trigger that cannot work as written.
pub const TRIGGER: Code = Code("F0701");
/// A line that is no cron line.
pub const CRON: Code = Code("F0702");
/// A time zone that does not exist.
pub const ZONE: Code = Code("F0703");
/// Two triggers for one request.
pub const SAME_TRIGGER: Code = Code("F0704");
/// A word that a trigger or connector does not know.
pub const UNKNOWN_WORD: Code = Code("F0705");
/// A connector that cannot work as written.
pub const CONNECTOR: Code = Code("F0706");
/// An example that does not fit its operation.
pub const EXAMPLE: Code = Code("F0707");
/// A test that cannot work as written.
pub const TEST: Code = Code("F0708");
/// An event that nobody sends, but a similar one.
pub const EVENT: Code = Code("F0709");
