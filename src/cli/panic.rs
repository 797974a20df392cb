//! A panic is a fault in this program. What it says is shown as all else is: without secrets.

use std::io::Write as _;

use crate::base::secret::Mask;

/// From now on what a panic says shows nothing that `mask` knows.
pub fn cover(mask: Mask) {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.to_string();
        match mask.cover(&said) {
            covered if covered == said => usual(panic),
            // Where stderr is closed, nobody hears it.
            covered => drop(writeln!(std::io::stderr(), "{covered}")),
        }
    }));
}
