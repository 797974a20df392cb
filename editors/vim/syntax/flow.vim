" The colours of Flow for Vim and Neovim, as far as a text says by itself what a word is. What names mean, `flow lsp` says.

if exists("b:current_syntax")
  finish
endif

syntax match flowControl "\v\.@1<!<%(if|else|match|for|in|from|while|repeat|parallel|sequence|race|branch|lock|wait|until|ask|start|script|emit|reply|return|fail|fails|set|step|let|with|as|switch|throw|try|catch|loop|do|break|continue)>%(\s*:)@!"
syntax match flowClause "\v\.@1<!<%(input|output|vars|state|config|trigger|version|deadline|concurrency|priority|tags|on|handle|finally|when|after|timeout|retry|undo|key|auth|secret|remind|escalate|tools|memory|where|times|every|backoff|to|skip|alternate|notify|park|max|tolerate|per|overflow|mock|expect|advance|signal|event|cancel|at|never|then|read|once|keyed|native|check|example|gets|gives|limit|paginate|verify|challenge|about|intent|api|webhook|poll|schedule|file|form|persona|role|person|model|operation|GET|POST|PUT|PATCH|DELETE)>%(\s*[:.])@!"
syntax match flowClause "\v^\s*\zs<%(accept|anew|batch|by|catch_up|debounce|item|items|overlap|remaining|retry_after|throttle|zone)>\ze\s+[^=:. \t]"
syntax match flowClause "\v%(<%(state|memory)\s+)@<=<by>|%(<skip\s+)@<=<item>|%(<on\s+)@<=<%(success|failure|cancel)>|%(\"\s+)@<=<%(reset|headers)>|%(<batch\s+\S+\s+)@<=<or>"
syntax match flowDeclare "\v^\s*\zs<%(workflow|connector|persona|handler|type|fn|use|test)>%(\s*:)@!"
syntax match flowScope "\v\.@1<!<%(input|vars|state|steps|run|trigger|error|event|response|params|config|output)>\ze\??\."
syntax match flowField "\v<\h\w*>\ze\s*::@!"
syntax match flowCall "\v<\h\w*>\ze\("
syntax match flowType "\v\.@1<!<%(string|int|float|bool|any|bytes|list|set|map|email|url|date|datetime|duration|uuid)>%(\s*[:.])@!"
syntax keyword flowConstant true false null
syntax match flowNumber "\v<\d[0-9_]*%(\.\d+)?%(ms|s|m|h|d|w)?>%(\%)?"

syntax match flowEscape "\v\\%(x\x{2}|u\x{4}|U\x{8}|.)" contained
syntax region flowBraces start="{" end="}" contained transparent contains=TOP,flowBraces
syntax region flowEmbedded matchgroup=Special start="\${" end="}" contained contains=TOP,flowBraces
syntax region flowText start=+"+ skip=+\\.+ end=+"\|$+ contains=flowEscape,flowEmbedded
syntax region flowText start=+"""+ end=+"""+ contains=flowEscape,flowEmbedded
syntax region flowText start=+`+ skip=+\\.+ end=+`+ contains=flowEscape,flowEmbedded
syntax region flowText start=+\z(#\+\)"+ end=+"\z1+

syntax region flowComment start="/\*" end="\*/" contains=flowComment,@Spell
syntax match flowComment "//.*$" contains=@Spell
syntax match flowDoc "///.*$" contains=@Spell

highlight default link flowControl Statement
highlight default link flowClause Keyword
highlight default link flowDeclare Keyword
highlight default link flowScope Identifier
highlight default link flowType Type
highlight default link flowField Identifier
highlight default link flowCall Function
highlight default link flowConstant Boolean
highlight default link flowNumber Number
highlight default link flowEscape SpecialChar
highlight default link flowText String
highlight default link flowComment Comment
highlight default link flowDoc SpecialComment

let b:current_syntax = "flow"
