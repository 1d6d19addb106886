// npm's @dcos/mesos-client: reads the event stream of a scheduler until it has seen
// OFFERS, and then makes a call of the operator API.
"use strict";

global.XMLHttpRequest = require("./xhr");
global.window = global;
const { stream, request } = require("@dcos/mesos-client");
const { once } = require("./watchdog");

const [host, port] = process.argv.slice(2);
const master = `http://${host}:${port}`;
const seen = [];

const subscription = stream(
  {
    type: "SUBSCRIBE",
    subscribe: { framework_info: { user: "root", name: "compat stream", roles: ["*"], capabilities: [{ type: "MULTI_ROLE" }] } },
  },
  `${master}/api/v1/scheduler`,
).subscribe(
  (record) => {
    const event = JSON.parse(record);
    seen.push(event.type);
    console.log(JSON.stringify({ type: event.type }));
    if (event.type === "OFFERS") {
      subscription.unsubscribe();
      flags();
    }
  },
  (error) => once.fail(JSON.stringify(error)),
);

function flags() {
  request({ type: "GET_FLAGS" }, `${master}/api/v1`).subscribe(
    (body) => {
      const answer = JSON.parse(body);
      console.log(JSON.stringify({ type: answer.type, flags: answer.get_flags.flags.length }));
      once.succeed();
    },
    (error) => once.fail(JSON.stringify(error)),
  );
}
