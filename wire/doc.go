// Package wire is the Mesos protocol as bytes: the v1 messages (packages
// mesospb, schedulerpb, executorpb, masterpb, agentpb and so on, generated from
// the files in proto/), and the codecs that put them on a connection.
//
// # JSON
//
// The rules are those of Mesos, not those of protojson, since clients depend on
// them (https://mesos.apache.org/documentation/latest/scheduler-http-api/).
//
// Fields have their snake_case names. Integers of all sizes are numbers, enums
// are the names of their values, bytes are base64 in the standard alphabet, maps
// are objects. Doubles are written with a fraction or an exponent always (1.0).
// google.protobuf.Duration is an ordinary message of seconds and nanos. Fields
// are written in the order of their declaration, keys of maps in sorted order.
//
// A field that is not set is not written, with one exception: a field with an
// explicit default is written with that default. A list or map without elements
// is not written.
//
// On input, names that a message does not have are passed over and null means
// absent (in a list, it adds nothing). Numbers and booleans may come as strings.
// Where an integer is wanted a fraction is cut off. One value stands for a list
// of one. Of two values with one name the last one counts. An enum's value that
// is unknown is as if absent, which in a required field is an error. A number
// out of its type's range, input after the message, and text that is not JSON
// are errors.
//
// A required field that is not set is an error, both ways and in both
// encodings, that names it from the message down:
// call.subscribe.framework_info.user: required field is missing.
//
// # Protobuf
//
// Encoding is that of the generated code. Decoding adds limits and the meaning
// that proto2 gives to enums: a number without a name is an unknown field, not a
// value; it is kept with the message and written again.
//
// # Streams
//
// Event streams are RecordIO (RecordReader, AppendRecord). The connection
// between master and agent carries frames (FrameReader, AppendFrame).
//
// # Limits
//
// No decoder panics, whatever its input, and each takes memory in proportion to
// the input it has read, not to what the input announces. Sizes and depths are
// limited, and so is the memory that a large message may take for its size; a
// server limits the body of a call to MaxCallSize before it decodes it.
package wire
