//! Neovim, set up by the very lines of the page on editors. `nvim` from 0.11 on is in the path, or named by
//! FLOW_TEST_NEOVIM; without it the test is skipped by name.

use std::path::Path;
use std::process::Command;

/// What a person does there, each with what Neovim shows then.
const SESSION: &str = r#"
local said = {}
local function say(what, text) table.insert(said, what .. ": " .. tostring(text)) end
local function line(number) return vim.api.nvim_buf_get_lines(0, number - 1, number, false)[1] end
local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(0, method, params, 20000) or {}
  for _, answer in pairs(answers) do return answer.result end
end
local function here()
  local client = vim.lsp.get_clients({ bufnr = 0 })[1]
  return vim.lsp.util.make_position_params(0, client.offset_encoding)
end

local begun = vim.wait(20000, function()
  local client = vim.lsp.get_clients({ bufnr = 0 })[1]
  return client ~= nil and client.initialized == true
end)
say("attached", begun)
say("comments", vim.bo.commentstring)
vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end)
for _, found in ipairs(vim.diagnostic.get(0)) do
  say("fault", (found.lnum + 1) .. " " .. found.code .. " " .. found.message:gsub("\n", " / "))
end
vim.api.nvim_win_set_cursor(0, { 4, 40 })
say("hover", ask("textDocument/hover", here()).contents.value:gsub("\n", " / "))
local labels = {}
for _, item in ipairs(ask("textDocument/completion", here()).items) do labels[item.label] = true end
say("completion", labels["name"] and not labels["step"])
vim.lsp.buf.format({ async = false })
say("formatted", line(2))
local function colour(number, column)
  return vim.fn.synIDattr(vim.fn.synIDtrans(vim.fn.synID(number, column, 1)), "name")
end
say("colours", table.concat({ colour(1, 1), colour(2, 19), colour(3, 8), colour(4, 5) }, " "))
vim.fn.writefile(said, "said")
vim.cmd("qa!")
"#;

#[test]
fn neovim_is_set_up_by_the_lines_of_the_page() {
    let neovim = std::env::var("FLOW_TEST_NEOVIM").unwrap_or_else(|_| "nvim".to_owned());
    let version = Command::new(&neovim).arg("--version").output().map(|said| said.stdout).unwrap_or_default();
    let version = String::from_utf8_lossy(&version).into_owned();
    let minor = version.strip_prefix("NVIM v0.").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    if minor.is_none_or(|minor| minor < 11) {
        eprintln!("SKIPPED: there is no Neovim from 0.11 on here");
        return;
    }
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/editors.md")).expect("a page");
    let lines = page.split("```lua init.lua\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the lines");
    let folder = tempfile::TempDir::new().expect("a folder for a test");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file for a test");
    write("init.lua", lines);
    write("session.lua", SESSION);
    // The colours lie where the page says that they are to be copied.
    let colours = Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/vim/syntax/flow.vim");
    let syntax = folder.path().join("config/nvim/syntax");
    std::fs::create_dir_all(&syntax).expect("a folder for a test");
    std::fs::copy(colours, syntax.join("flow.vim")).expect("the colours are there");
    write("flow.toml", "");
    write(
        "main.flow",
        "workflow a {\n    input {name: string}\n    // What is said.\n    output { x = input.nmae, y = input.name }\n}\n",
    );
    let flow = Path::new(env!("CARGO_BIN_EXE_flow")).parent().expect("a folder").to_owned();
    let path = std::env::var("PATH").unwrap_or_default();
    let done = Command::new(&neovim)
        .args(["--headless", "-u", "init.lua", "main.flow", "-S", "session.lua"])
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", flow.display()))
        .env("HOME", folder.path())
        .env("XDG_CACHE_HOME", folder.path().join("cache"))
        .env("XDG_CONFIG_HOME", folder.path().join("config"))
        .env("XDG_DATA_HOME", folder.path().join("data"))
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .output()
        .expect("it starts");
    let said = std::fs::read_to_string(folder.path().join("said"));
    let said = said.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&done.stderr)));
    insta::assert_snapshot!(said, @r"
    attached: true
    comments: // %s
    fault: 4 F0203 `input` has no field `nmae` / hint: did you mean `name`?
    hover: ```flow / name: string / ```
    completion: true
    formatted:     input { name: string }
    colours: Statement Type Comment Statement
    ");
}
