// Colours for programs: mdBook's highlighter learns the language when the page is there.

hljs.registerLanguage("flow", (hljs) => ({
    name: "flow",
    keywords: {
        keyword:
            "workflow connector test type fn handler persona use as input vars state output version deadline concurrency key priority tags " +
            "trigger step let set emit reply return fail until if else match for in from while repeat every race branch parallel sequence lock " +
            "max tolerate with when after timeout retry times backoff to on handle undo auth secret remind escalate skip item alternate notify " +
            "park wait event signal ask role person start script where overlap catch_up zone batch debounce throttle per by config operation " +
            "read keyed once native limit retry_after remaining reset accept paginate check example gets gives fails webhook poll verify " +
            "challenge items anew mock expect at advance cancel never then finally success failure",
        literal: "true false null",
        built_in: "string int float bool any bytes email url date datetime duration uuid list set map",
    },
    contains: [
        hljs.C_LINE_COMMENT_MODE,
        hljs.C_BLOCK_COMMENT_MODE,
        { className: "string", begin: /"""/, end: /"""/ },
        hljs.QUOTE_STRING_MODE,
        { className: "string", begin: /`/, end: /`/ },
        { className: "attr", begin: /\b\w+(?=:)/ },
        { className: "number", begin: /\b\d[\d_]*(\.\d+)?(ms|s|m|h|d|w|%)?\b/ },
        { className: "meta", begin: /^\s*(GET|POST|PUT|PATCH|DELETE|HEAD)\b/ },
    ],
}));

document.querySelectorAll("code.language-flow").forEach((block) => hljs.highlightBlock(block));
