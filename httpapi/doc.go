// Package httpapi is the HTTP side of the daemons: it decodes requests, hands
// them to a backend, and encodes what comes back. It decides nothing about the
// cluster: who leads, which call is valid and what a subscriber is told is the
// backend's business, and what readers are shown comes from a view, which the
// daemon fills with what the cores publish.
//
// Paths, status codes, headers and field names are those of Mesos, because
// tools depend on them:
// https://mesos.apache.org/documentation/latest/scheduler-http-api/,
// https://mesos.apache.org/documentation/latest/executor-http-api/,
// https://mesos.apache.org/documentation/latest/operator-http-api/ and
// https://mesos.apache.org/documentation/latest/endpoints/.
package httpapi
