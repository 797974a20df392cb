// The language server: started where `flow` is there, started again when it lies elsewhere.

const { LanguageClient } = require("vscode-languageclient/node");
const { program, complaint, explain } = require("./program");

let client;
/** What is under way: whoever starts while another one stops waits for it. */
let turn = Promise.resolve();

function start() {
  turn = turn.then(begin, begin);
  return turn;
}

async function begin() {
  await stop();
  const why = await complaint();
  if (why) {
    // Nobody waits until the message is read.
    void explain(why).then((again) => again && start());
    return;
  }
  const server = { command: program(), args: ["lsp"] };
  client = new LanguageClient("flow", "Flow", server, { documentSelector: [{ language: "flow" }] });
  await client.start();
}

async function stop() {
  const last = client;
  client = undefined;
  // One that never came up, or has gone, cannot be stopped.
  await last?.dispose().catch(() => {});
}

module.exports = { start, stop };
