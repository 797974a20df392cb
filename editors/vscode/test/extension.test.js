// The extension in VS Code, by what a person types, presses and sees there.

const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { after, before, test } = require("node:test");
const { browser, get } = require("./get");
const { Vscode } = require("./vscode");

const flow = path.resolve(process.env.FLOW_TEST_FLOW ?? path.join(__dirname, "../../../target/debug/flow"));

const GREET = `use "lib.flow" as lib

/// Greets somebody.
workflow greet {
    input { who: lib.Person }

    output { text = "Hello \${input.who.name}" }
}

test "a name is greeted" for greet {
    input: { who: { name: "Ada", age: 36 } }
    expect output.text == "Hello Ada"
}
`;
const LIB = `/// Somebody.
type Person {
    name: string
    age:  int
}
`;

let code;

before(async () => {
  if (!browser()) return;
  get();
  code = await Vscode.open({ "greet.flow": GREET, "lib.flow": LIB }, { "flow.path": path.join(__dirname, "nothing") });
});
after(() => code?.close());

let failed = false;

/** One thing after the other: each goes on where the last one left the editor. */
function step(what, body) {
  test(what, { skip: browser() ? false : "there is no chromium here" }, async (context) => {
    if (failed) return context.skip("one before it has failed");
    try {
      await body();
    } catch (error) {
      failed = true;
      const picture = path.join(__dirname, "failed.png");
      await code?.page.screenshot({ path: picture });
      error.message += `\nwhat was to be seen then lies in ${picture}`;
      throw error;
    }
  });
}

step("where `flow` is missing, what to type is said", async () => {
  await code.open("greet.flow");
  const told = await code.seen(".notification-list-item", "There is no program");
  assert.match(await told.innerText(), /cargo install --path \. --locked/);
  assert.match(await told.innerText(), /flow\.path/);
});

step("another program of this name is told apart", async () => {
  const other = path.join(code.home, "other");
  fs.writeFileSync(other, "#!/bin/sh\necho Flow, a type checker, version 0.1\n", { mode: 0o755 });
  code.set({ "flow.path": other });
  await code.seen(".notification-list-item", "another program: it says \"Flow, a type checker, version 0.1\"");
});

step("once the setting names it, the language server runs", async () => {
  code.set({ "flow.path": flow });
  await code.seen(".codelens-decoration a", "run");
  await code.command("Notifications: Clear All Notifications");
});

step("words, names and texts have colours of their own", async () => {
  const line = await code.seen(".view-line", "workflow greet");
  const colour = (text) =>
    line.locator("span span", { hasText: text }).first().evaluate((span) => getComputedStyle(span).color);
  const colours = [await colour("workflow"), await colour("greet"), await colour("{")];
  assert.strictEqual(new Set(colours).size, 3, colours.join(", "));
  const input = await code.seen(".view-line", "input { who");
  const word = await input.locator("span span", { hasText: "input" }).first().evaluate((span) => getComputedStyle(span).color);
  assert.strictEqual(word, colours[0]);
});

step("a fault is shown as it is typed, and its hint is a quick fix", async () => {
  await code.behind("greet.flow", "input.who.name");
  for (let letter = 0; letter < 4; letter++) await code.press("Backspace");
  await code.type("nmae");
  await code.press("Escape");
  await code.seen(".squiggly-error");
  await code.press("Control+.");
  await code.seen(".action-widget .monaco-list-row.focused", "did you mean `name`?");
  await code.press("Enter");
  await code.seen(".view-line", "input.who.name");
  await code.gone(".squiggly-error");
});

step("fields are completed inside of texts", async () => {
  await code.behind("greet.flow", "input.who.name}");
  await code.type(" ${input.who.a");
  await code.seen(".suggest-widget .monaco-list-row", "age");
  await code.press("Tab");
  await code.seen(".view-line", "${input.who.age}");
  await code.command("File: Revert File");
  await code.gone(".view-line", "${input.who.age}");
});

step("names say what they are, and lead to where they are declared", async () => {
  await code.behind("greet.flow", "lib.Per");
  await code.command("Show or Focus Hover");
  await code.seen(".monaco-hover", "Somebody.");
  await code.press("Escape");
  await code.press("F12");
  await code.seen(".tab.active", "lib.flow");
  await code.seen(".view-line", "type Person");
});

step("a type is renamed in every file", async () => {
  await code.press("F2");
  const name = await code.seen(".rename-box input");
  await name.fill("Human");
  await name.press("Enter");
  await code.seen(".view-line", "type Human");
  await code.command("File: Save All Files");
  await code.until("the user of the file follows", () => code.read("greet.flow").includes("who: lib.Human"));
  assert.match(code.read("lib.flow"), /type Human/);
});

step("a file gets another name, and what uses it follows", async () => {
  await (await code.seen(".explorer-viewlet .monaco-list-row", "lib.flow")).click();
  await code.press("F2");
  const name = await code.seen(".explorer-viewlet .monaco-inputbox input");
  await name.fill("people.flow");
  await name.press("Enter");
  // VS Code asks before an extension changes other files.
  await (await code.seen(".monaco-dialog-box .monaco-button", "OK")).click();
  await code.seen(".explorer-viewlet .monaco-list-row", "people.flow");
  await code.open("greet.flow");
  await code.seen(".view-line", 'use "people.flow" as lib');
  await code.command("File: Save All Files");
  await code.until("it is saved", () => code.read("greet.flow").includes('use "people.flow" as lib'));
});

step("the buttons test, run and draw", async () => {
  await code.open("greet.flow");
  await code.pressLens("test");
  await code.printed("1 passed, 0 failed");
  await code.pressLens("run");
  await code.seen(".quick-input-widget", "Run greet in the sandbox");
  await code.type('{ "who": ');
  await code.seen(".quick-input-widget", "This is no JSON");
  await code.type('{ "name": "Grace", "age": 3 } }');
  await code.press("Enter");
  await code.printed("Hello Grace");
  await code.pressLens("graph");
  await code.until("a picture", async () => (await picture())?.includes("Hello ${input.who.name}"));
});

/** What is drawn. */
async function picture() {
  for (const frame of code.page.frames()) {
    const drawn = await frame.locator("svg").allInnerTexts().catch(() => []);
    if (frame.name() === "active-frame" || frame.parentFrame()?.parentFrame()) {
      if (drawn.length > 0) return frame.locator("svg").first().textContent();
    }
  }
  return undefined;
}

step("what is saved is formatted, and drawn anew", async () => {
  await code.seen(".view-line", "output { text").then((line) => line.click());
  await code.behind("greet.flow", "output { ");
  await code.type("size=3,");
  await code.press("Escape");
  await code.press("Control+S");
  await code.until("it is formatted", () => code.read("greet.flow").includes('output { size = 3, text = "Hello'));
  await code.until("the picture follows", async () => (await picture())?.includes("size"));
});

step("a snippet makes a workflow", async () => {
  code.write("fresh.flow", "");
  await code.open("fresh.flow");
  await code.type("workf");
  await code.seen(".suggest-widget .monaco-list-row", "workflow");
  await code.press("Tab");
  await code.seen(".view-line", "input { name: string }");
});

step("a server that died comes back", async () => {
  const [died] = servers();
  process.kill(died, "SIGKILL");
  await code.until("another one runs", () => servers().some((pid) => pid !== died));
  await code.open("greet.flow");
  await code.command("Flow: Restart Language Server");
  await code.behind("greet.flow", "");
  await code.type("fault ");
  await code.seen(".squiggly-error");
});

/** The language servers below this VS Code. */
function servers() {
  const status = new Map();
  for (const name of fs.readdirSync("/proc")) {
    try {
      const parent = fs.readFileSync(`/proc/${name}/stat`, "utf8").replace(/^.*\) . /s, "").split(" ")[0];
      const command = fs.readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").slice(0, -1);
      if (/^\d+$/.test(name)) status.set(Number(name), { parent: Number(parent), command });
    } catch {
      // It ended meanwhile, or is no process.
    }
  }
  const ours = (pid) => pid === code.server.pid || (status.has(pid) && ours(status.get(pid).parent));
  return [...status.keys()].filter((pid) => status.get(pid).command.at(-1) === "lsp" && ours(pid));
}
