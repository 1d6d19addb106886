// Ends a client: once, with a reason, and in any case before the test's patience does.
"use strict";

const patience = setTimeout(() => finish(1, "the client ran out of patience"), 60000);
let done = false;

function finish(code, reason) {
  if (done) return;
  done = true;
  clearTimeout(patience);
  if (reason) console.error(reason);
  process.exitCode = code;
  setImmediate(() => process.exit());
}

module.exports.once = {
  succeed: () => finish(0),
  fail: (error) => finish(1, (error && (error.stack || error.message)) || String(error)),
};
