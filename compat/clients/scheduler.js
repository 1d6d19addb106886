// npm's mesos-framework as a scheduler: runs INSTANCES command tasks, prints one
// line of JSON for each update, and tears the framework down after the last task.
"use strict";

const { Scheduler, Mesos } = require("mesos-framework");
const { once } = require("./watchdog");

const mesos = Mesos.getMesos();
const [host, port, instances] = process.argv.slice(2);
const wanted = Number(instances);

const scheduler = new Scheduler({
  masterUrl: host,
  port: port,
  frameworkName: "compat scheduler",
  logging: { level: "error" },
  tasks: {
    echo: {
      priority: 1,
      instances: wanted,
      commandInfo: new mesos.CommandInfo(null, null, true, "echo task on $HOST", null, null),
      resources: { cpus: 0.1, mem: 32, ports: 1, disk: 0 },
    },
  },
});

const finished = new Set();
let unacknowledged = 0;
scheduler.on("ready", () => scheduler.subscribe());
let ending = false;
scheduler.on("error", (error) => ending || once.fail(error)); // the teardown ends the stream
scheduler.on("subscribed", (event) => console.log(JSON.stringify({ subscribed: event.frameworkId })));
scheduler.on("update", ({ status }) => {
  console.log(JSON.stringify({ task: status.task_id.value, state: status.state, message: status.message }));
  unacknowledged++;
  if (status.state === "TASK_FINISHED") finished.add(status.task_id.value);
});
// Every acknowledgement comes before the teardown.
scheduler.on("sent_acknowledge", () => {
  unacknowledged--;
  if (finished.size === wanted && unacknowledged === 0 && !ending) {
    ending = true;
    scheduler.teardown();
  }
});
scheduler.on("sent_teardown", () => once.succeed());
