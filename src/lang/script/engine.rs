//! The one engine of Rhai, made when the first script needs it.

use std::sync::LazyLock;

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicBlobPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage,
    BasicMathPackage, BasicStringPackage, BitFieldPackage, LanguageCorePackage, LogicPackage, MoreStringPackage,
    Package as _,
};
use rhai::{Engine, OptimizationLevel};

use super::ambient;
use super::functions;
use crate::base::limit;

/// How deep expressions may be for Rhai's parser. The bound people meet is ours, on our own tree; this one only has to
/// lie above what we emit from such a tree.
const RHAI_DEPTH: usize = 4 * limit::EXPRESSION_DEPTH_MAX;

static ENGINE: LazyLock<Engine> = LazyLock::new(build);

/// The engine.
pub(super) fn engine() -> &'static Engine {
    &ENGINE
}

fn build() -> Engine {
    let mut engine = Engine::new_raw();
    // Rhai's standard packages without the one for time, whose clock and `sleep` no script may have.
    LanguageCorePackage::new().register_into_engine(&mut engine);
    ArithmeticPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicFnPackage::new().register_into_engine(&mut engine);
    BitFieldPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicBlobPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);

    engine.disable_symbol("eval");
    // The optimiser drops branches whose places errors must name.
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_fail_on_invalid_map_property(true);
    engine.set_max_expr_depths(RHAI_DEPTH, RHAI_DEPTH);
    engine.set_max_call_levels(limit::SCRIPT_CALLS_MAX);
    engine.set_max_string_size(limit::SCRIPT_TEXT_BYTES_MAX);
    engine.set_max_array_size(limit::SCRIPT_LIST_ITEMS_MAX);
    engine.set_max_map_size(limit::SCRIPT_MAP_ENTRIES_MAX);
    engine.set_max_variables(limit::SCRIPT_VARIABLES_MAX);
    engine.on_progress(|_| ambient::tick());
    engine.on_print(ambient::print);
    engine.on_debug(|text, _, _| ambient::print(text));
    functions::register(&mut engine);
    engine
}
