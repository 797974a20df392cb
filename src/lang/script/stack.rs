//! Room for recursion: whoever compiles a text need not care how deep it is nested.

use crate::base::stack;

/// How long a text may be to be sure to fit on any stack.
const BYTES_MAX: usize = 200;

/// How many signs that open something a text may have to be sure to fit on any stack.
const OPENERS_MAX: usize = 24;

/// Runs `body`, which recurses over `text`: here, or, if the text could be deep, on a thread with a large stack. The
/// bounds on nesting keep the recursion within that one.
pub(super) fn with_room<T: Send>(text: &str, body: impl FnOnce() -> T + Send) -> T {
    stack::with_room(may_be_deep(text), body)
        // A system that gives no thread at all has no room for anything that comes after either.
        .unwrap_or_else(|| panic!("the system gives no thread for a deep expression"))
}

/// Whether a text could need more stack than any thread has.
pub(super) fn may_be_deep(text: &str) -> bool {
    let opens = |byte: &u8| matches!(byte, b'(' | b'[' | b'{' | b'|' | b'!' | b'-' | b'+' | b'*');
    text.len() > BYTES_MAX || text.bytes().filter(opens).count() > OPENERS_MAX
}
