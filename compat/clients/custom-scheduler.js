// npm's mesos-framework as the scheduler of a custom executor: launches TASKS
// tasks through the executor in executor.js, from one offer, and prints each update.
"use strict";

const path = require("path");
const { Scheduler, Mesos } = require("mesos-framework");
const { once } = require("./watchdog");

const mesos = Mesos.getMesos();
const [host, port, tasks] = process.argv.slice(2);
const wanted = Number(tasks);
const command = `exec ${process.execPath} ${path.join(__dirname, "executor.js")}`;

const scalar = (name, value) => ({ name, type: "SCALAR", scalar: { value } });
let launched = false;
const finished = new Set();
let unacknowledged = 0;

const scheduler = new Scheduler({
  masterUrl: host,
  port: port,
  frameworkName: "compat custom executor",
  logging: { level: "error" },
  handlers: {
    OFFERS: function (event) {
      const ids = event.offers.map((offer) => offer.id);
      if (launched) return this.decline(ids, null);
      launched = true;
      const [first, ...rest] = event.offers;
      if (rest.length > 0) this.decline(rest.map((offer) => offer.id), null);
      const executor = {
        executor_id: { value: "node" },
        framework_id: { value: this.frameworkId },
        command: { value: command, shell: true },
        resources: [scalar("cpus", 0.1), scalar("mem", 32)],
      };
      const infos = Array.from({ length: wanted }, (_, i) => ({
        name: `custom ${i}`,
        task_id: { value: `custom-${i}` },
        agent_id: first.agent_id,
        executor,
        resources: [scalar("cpus", 0.01), scalar("mem", 1)],
      }));
      this.accept([first.id], [{ type: "LAUNCH", launch: { task_infos: infos } }], null);
    },
  },
});

scheduler.on("ready", () => scheduler.subscribe());
let ending = false;
scheduler.on("error", (error) => ending || once.fail(error)); // the teardown ends the stream
scheduler.on("message", (message) => console.log(JSON.stringify({ message: message.data })));
scheduler.on("update", ({ status }) => {
  console.log(JSON.stringify({ task: status.task_id.value, state: status.state, source: status.source, message: status.message }));
  unacknowledged++;
  if (status.state === "TASK_FINISHED") finished.add(status.task_id.value);
});
scheduler.on("sent_acknowledge", () => {
  unacknowledged--;
  if (finished.size === wanted && unacknowledged === 0 && !ending) {
    ending = true;
    scheduler.teardown();
  }
});
scheduler.on("sent_teardown", () => once.succeed());
