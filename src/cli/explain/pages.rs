//! The pages of all diagnostics, as they lie in `docs/errors`. A test proves that none is missing.

/// Embeds a page for each code.
macro_rules! pages {
    ($($code:literal)*) => {
        /// Every code with its page, in order.
        pub const PAGES: &[(&str, &str)] = &[$(($code, include_str!(concat!("../../../docs/errors/", $code, ".md"))),)*];
    };
}

pages! {}
