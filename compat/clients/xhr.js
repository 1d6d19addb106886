// The part of a browser's XMLHttpRequest that @dcos/mesos-client uses: the text
// received so far is there at every progress event.
"use strict";

const http = require("http");

module.exports = class XMLHttpRequest {
  constructor() {
    this.listeners = {};
    this.headers = {};
    this.response = "";
    this.status = 0;
    this.statusText = "";
  }

  addEventListener(type, listener) {
    (this.listeners[type] ||= []).push(listener);
  }

  emit(type) {
    for (const listener of this.listeners[type] || []) listener();
  }

  open(method, url) {
    this.method = method;
    this.url = url;
  }

  setRequestHeader(name, value) {
    this.headers[name] = value;
  }

  send(body) {
    this.request = http.request(this.url, { method: this.method, headers: this.headers }, (answer) => {
      this.status = answer.statusCode;
      this.statusText = answer.statusMessage;
      answer.setEncoding("utf8");
      answer.on("data", (text) => {
        this.response += text;
        this.emit("progress");
      });
      answer.on("end", () => this.emit("load"));
      answer.on("error", () => this.emit("error"));
    });
    this.request.on("error", () => this.emit(this.aborted ? "abort" : "error"));
    this.request.end(body);
  }

  abort() {
    this.aborted = true;
    this.request.destroy();
  }
};
