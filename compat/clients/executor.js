// npm's mesos-framework as a custom executor: every task runs, says so to the
// scheduler, and finishes once its TASK_RUNNING was acknowledged.
"use strict";

const crypto = require("crypto");
const { Executor } = require("mesos-framework");

const update = (executor, taskId, state, message) =>
  executor.update({
    task_id: taskId,
    state,
    message,
    source: "SOURCE_EXECUTOR",
    uuid: crypto.randomBytes(16).toString("base64"),
  });

const running = new Map();

const executor = new Executor({
  handlers: {
    SUBSCRIBED: function (event) {
      console.log("subscribed on", event.agent_info.hostname);
    },
    LAUNCH: function (event) {
      running.set(event.task.task_id.value, event.task.name);
      update(this, event.task.task_id, "TASK_RUNNING", "");
    },
    ACKNOWLEDGED: function (event) {
      const name = running.get(event.task_id.value);
      if (name === undefined) return;
      running.delete(event.task_id.value);
      this.message(name);
      update(this, event.task_id, "TASK_FINISHED", `did ${name}`);
    },
    KILL: function (event) {
      update(this, event.task_id, "TASK_KILLED", "");
    },
    MESSAGE: function (event) {
      console.log("message", event.data);
    },
    ERROR: function (event) {
      console.error(event.message);
      process.exit(1);
    },
    SHUTDOWN: function (_event) {
      process.exit(0);
    },
  },
});

executor.on("error", (error) => console.error("error:", error && (error.stack || error.message || error)));
executor.subscribe();
