//! Every bound of the language and the engine, by name. The error that meets one names it and says what to do.

/// How deep brackets may be nested in a source text.
pub const NESTING_MAX: usize = 128;
/// How long one expression or script may be, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 64 * 1024;
/// How deep the tree of one expression or script may be: brackets, operators in a row and dots count alike.
pub const EXPRESSION_DEPTH_MAX: usize = 512;
/// How many lines a source file may have.
pub const FILE_LINES_MAX: usize = 65_535;
/// How large a source file may be, in bytes.
pub const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How many diagnostics one compilation reports before it says "and so on".
pub const DIAGNOSTICS_MAX: usize = 200;

/// How many bytes of a text with faults are read again to find out what slipped: whoever asks waits for it.
pub const MEND_BYTES_MAX: usize = 256 * 1024;
/// The same while a text is typed, where an answer that comes late is none: enough for what one edit leaves behind.
pub const MEND_TYPED_BYTES_MAX: usize = 32 * 1024;

/// How many operations one script evaluation may take.
pub const SCRIPT_OPERATIONS_MAX: u64 = 50_000_000;
/// How long one script evaluation may take, in milliseconds of wall time.
pub const SCRIPT_MILLIS_MAX: u64 = 10_000;
/// How many arguments a function may be given in a script: to find out that none takes them, Rhai tries tens of thousands
/// of signatures without looking at the clock.
pub const SCRIPT_ARGUMENTS_MAX: usize = 64;
/// How deep script functions may call each other.
pub const SCRIPT_CALLS_MAX: usize = 64;
/// How long a text may grow in a script, in bytes.
pub const SCRIPT_TEXT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How many items a list may hold in a script.
pub const SCRIPT_LIST_ITEMS_MAX: usize = 10_000_000;
/// How many entries a map may hold in a script.
pub const SCRIPT_MAP_ENTRIES_MAX: usize = 1_000_000;
/// How many variables a script may have.
pub const SCRIPT_VARIABLES_MAX: usize = 1_000;
/// How deep the nesting of values may be: of input, of outputs, of what scripts return.
pub const VALUE_DEPTH_MAX: usize = 128;
/// How many parts a type may have once the types it names are written out.
pub const TYPE_PARTS_MAX: usize = 10_000;
/// How deep types may be nested, named ones written out.
pub const TYPE_DEPTH_MAX: usize = 64;
/// How many files may take part in one compilation, the standard library's included.
pub const FILES_MAX: usize = 1_000;
/// How many misfits of one value are reported before the rest is passed over.
pub const MISFITS_MAX: usize = 100;
/// The stack that threads which run programs need, in bytes.
pub const STACK_BYTES: usize = 64 * 1024 * 1024;

/// How large the input of a run may be, in bytes of JSON.
pub const INPUT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How large the answer of a connector may be, in bytes, unless its settings allow more.
pub const RESPONSE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The same for an answer that goes into a file.
pub const SAVED_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;
/// How deep workflows may call each other.
pub const CHILD_DEPTH_MAX: usize = 32;
/// How many runs may start one another in a row, by `start` or by events, each soon after it was accepted itself.
pub const CHAIN_MAX: u32 = 256;
/// How soon that is, in milliseconds: who starts a run later begins a new chain.
pub const CHAIN_MILLIS: i64 = 60_000;
/// How many runs of one chain may come back to a workflow that lies before them in it, unless the settings allow more.
pub const CHAIN_RUNS_MAX: u64 = 20_000;
/// The priority of runs that say nothing of it, among 0 to 9.
pub const PRIORITY_DEFAULT: u8 = 5;
/// How often one step may be interrupted by crashes before its outcome counts as unknown.
pub const INTERRUPTIONS_MAX: u32 = 3;
/// How long one attempt of an operation may take where nothing else is said, in milliseconds.
pub const ATTEMPT_MILLIS_DEFAULT: i64 = 60_000;
/// How long whoever starts a run by a request waits for its answer where nothing else is said, in milliseconds.
pub const PATIENCE_MILLIS_DEFAULT: i64 = 30_000;
/// How long a file must have been left alone to count as whole, in milliseconds.
pub const FILE_QUIET_MILLIS: u64 = 1_000;
/// How long programs must have been left alone to be tested again, in milliseconds.
pub const TEST_QUIET_MILLIS: u64 = 200;
/// How soon a file is looked at again that may not be whole, in milliseconds.
pub const FILE_GLANCE_MILLIS: u64 = 250;
/// How often files are looked for if nothing is heard of them, in milliseconds.
pub const FILE_LOOK_MILLIS: u64 = 30_000;
/// How many turns a loop without `max` may take where nothing else ends it.
pub const LOOP_TURNS_MAX: u64 = 100_000_000;
/// How many times something may be written, or happen outside, in one test before it counts as endless.
pub const TEST_WRITES_MAX: u64 = 200_000;
/// How many pages of one result are asked for where `paginate` names no `max`.
pub const PAGES_MAX: u64 = 10_000;
/// How many runs are looked at for one page of a list that asks for values of the input; the page says where to go on.
pub const LIST_RUNS_READ_MAX: usize = 100_000;

/// How large the body of a request to the server may be, in bytes, unless it is told otherwise.
pub const HTTP_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How much of a body that nobody wants is taken in after the answer, in bytes, so that the client comes to read it.
pub const HTTP_LEFT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How many bytes the head of a request to the server may have.
pub const HTTP_HEAD_BYTES_MAX: usize = 64 * 1024;
/// How many headers a request to the server may have.
pub const HTTP_HEADERS_MAX: usize = 100;
/// How many requests one token, and one address, may make in a second, unless the server is told otherwise.
pub const HTTP_REQUESTS_PER_SECOND_MAX: u32 = 10_000;
/// How many connections the server has at once, unless it is told otherwise.
pub const HTTP_CONNECTIONS_MAX: u32 = 1_000;
/// How long, in seconds, a client may take for the head of a request, for its body, and to take a part of an answer.
pub const HTTP_PATIENCE_SECONDS_MAX: u64 = 30;
/// How many requests in a row may fail before a far side is left alone for a while.
pub const CIRCUIT_FAILURES: u32 = 10;
/// How long a far side that fails is left alone at first, in milliseconds.
pub const CIRCUIT_MILLIS_MIN: u64 = 1_000;
/// How long at most, in milliseconds; it doubles each time that it still fails.
pub const CIRCUIT_MILLIS_MAX: u64 = 60_000;
/// How many items one answer of the server lists.
pub const PAGE_ITEMS_MAX: usize = 1_000;
/// How long a caller may let the server wait for the end of a run, in seconds.
pub const HTTP_WAIT_SECONDS_MAX: i64 = 300;
