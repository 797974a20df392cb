//! The pages of all diagnostics, as they lie in `docs/errors`. A test proves that none is missing.

/// Embeds a page for each code.
macro_rules! pages {
    ($($code:literal)*) => {
        /// Every code with its page, in order.
        pub const PAGES: &[(&str, &str)] = &[$(($code, include_str!(concat!("../../../docs/errors/", $code, ".md"))),)*];
    };
}

pages! {
    "F0100"
    "F0901" "F0902" "F0903" "F0904" "F0905" "F0906" "F0907" "F0908" "F0909" "F0910" "F0911" "F0912"
}
