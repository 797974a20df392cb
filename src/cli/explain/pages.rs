//! The pages of all diagnostics, as they lie in `docs/errors`. A test proves that none is missing.

/// Embeds a page for each code.
macro_rules! pages {
    ($($code:literal)*) => {
        /// Every code with its page, in order.
        pub const PAGES: &[(&str, &str)] = &[$(($code, include_str!(concat!("../../../docs/errors/", $code, ".md"))),)*];
    };
}

pages! {
    "F0100" "F0101" "F0102" "F0103" "F0104" "F0105" "F0106" "F0107" "F0108" "F0109" "F0110" "F0111" "F0112"
    "F0113" "F0114" "F0115" "F0116" "F0117" "F0118" "F0119" "F0120" "F0121" "F0122" "F0123" "F0124" "F0125"
    "F0201" "F0202" "F0203" "F0204" "F0205" "F0206" "F0207" "F0208" "F0209" "F0210" "F0211"
    "F0301" "F0302" "F0303" "F0304" "F0305" "F0306" "F0307" "F0308" "F0309" "F0310" "F0311" "F0312" "F0313"
    "F0401" "F0402" "F0403" "F0404" "F0405" "F0406" "F0407" "F0408" "F0409" "F0410" "F0411" "F0412"
    "F0501" "F0502" "F0503" "F0504" "F0505"
    "F0601" "F0602" "F0603" "F0604" "F0605"
    "F0701" "F0702" "F0703" "F0704" "F0705" "F0706" "F0707" "F0708" "F0709"
    "F0801" "F0802" "F0803" "F0804" "F0805" "F0806" "F0807"
    "F0901" "F0902" "F0903" "F0904" "F0905" "F0906" "F0907" "F0908" "F0909" "F0910" "F0911" "F0912"
}
